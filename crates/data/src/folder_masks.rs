//! A user's own images, each with a label map (mask).
//!
//! The folder that `dataset.folder-masks.path` names, below the data folder, has `images/` and `masks/`, and each of them has
//! `train/` and `test/` (or `val/`). Images may lie in folders inside these. The mask of `images/train/a/b.jpg` is
//! `masks/train/a/b.png`: a PNG of the size of the image, whose values (grey values of 8 bits, or indices of a palette) stand
//! for classes as the spec says.
//!
//! Names that begin with a dot, and `Thumbs.db`, are left out; so are other splits beside the two (`val/` beside `test/`). Any
//! other file is a problem, because it may be an image that should be read. Test images that are also in the train split are
//! counted in the note; if they are at least half of the test split, it is refused as a copy.

mod table;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use sha2::{Digest, Sha256};

use crate::images::{Split, Splits};
use crate::index::{Files, Found, Mark, Verified, has_image_ending};
use crate::known::{Known, OnDisk};
use crate::label_maps::{self, Classes, Naming, Pairs, Sizes, entries};
use crate::problems::Problems;
use crate::{Look, Reader, decode, overlap};
use pt4al_results::spec::{FolderMasksSpec, hex};
use pt4al_results::store::DataOrigin;
use table::Table;

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: NAME,
    what: "your own images with a label map for each, of any size",
    source: "your own files",
    terms: "\"Your own label maps\" in docs/data.md says how they must lie",
    files: Some(OnDisk { folder: "", are_in: |dir| has_both(dir), verify, download: None }),
};

const NAME: &str = "folder-masks";
/// The folder of the images.
const IMAGES: &str = "images";
/// The folder of the masks.
const MASKS: &str = "masks";
const TRAIN: &str = "train";
/// The names of the folder that models are evaluated on, unless the spec names another one.
const TEST: [&str; 2] = ["test", "val"];

/// What to do if folders are missing.
const REMEDY: &str = "put the images into images/train and images/test and their masks into masks/train and masks/test, or \
    correct `dataset.folder-masks.path`, --data or PT4AL_DATA";
/// What to do if files are not usable.
const REMEDY_FILES: &str = "correct, restore or remove them, or correct `dataset.folder-masks` in the spec";

impl Reader for FolderMasksSpec {
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits> {
        let set = Set {
            root: dir.join(&self.path),
            test: self.test.as_deref(),
            sizes: Sizes { files: self.size, stored: self.resize.or(self.size).unwrap_or_default() },
            table: Table::new(self),
        };
        set.read(self.classes.clone(), look)
    }
}

/// What the reader has to know.
struct Set<'a> {
    /// The folder of images and masks.
    root: PathBuf,
    /// The folder of the test split, if the spec names one.
    test: Option<&'a str>,
    sizes: Sizes,
    table: Table,
}

impl Set<'_> {
    fn read(&self, classes: Vec<String>, look: &Look) -> Result<Splits> {
        let Self { root, table, sizes, .. } = self;
        for tree in [IMAGES, MASKS] {
            if !root.join(tree).is_dir() {
                bail!("{}: no such folder; {REMEDY}", root.join(tree).display());
            }
        }
        let test_name = self.test_folder()?;
        let missing = Problems::default();
        for folder in
            [IMAGES, MASKS].iter().flat_map(|tree| [TRAIN, test_name].map(|split| root.join(tree).join(split)))
        {
            if !folder.is_dir() {
                missing.add(&folder, "no such folder");
            }
        }
        missing.into_result(NAME, REMEDY)?;

        let problems = Problems::default();
        for tree in [IMAGES, MASKS] {
            check_top(&root.join(tree), test_name, &problems)?;
        }
        let train = self.checked(TRAIN, look, &problems)?;
        let test = self.checked(test_name, look, &problems)?;
        problems.into_result(NAME, REMEDY_FILES)?;
        let shared = label_maps::overlap_note(
            [(TRAIN, &train.pairs.images, &train.images), (test_name, &test.pairs.images, &test.images)],
            "put other images there",
        )?;
        let fingerprint = hex(&Sha256::digest(train.fingerprint.clone() + &test.fingerprint)[..8]);
        let split = |checked: Checked, name: &str| -> Split {
            label_maps::split(checked.pairs, *sizes, table.clone(), &format!("{IMAGES}/{name}/"))
        };
        let (train, test) = (split(train, TRAIN), split(test, test_name));
        let origin = DataOrigin {
            name: NAME.into(),
            pool: train.len,
            test: test.len,
            fingerprint,
            files: Vec::new(),
            note: overlap::joined(String::new(), shared),
            classes: Vec::new(),
        };
        Ok(Splits { train, test, classes, origin })
    }

    /// The name of the folder of the test split.
    fn test_folder(&self) -> Result<&str> {
        if let Some(name) = self.test {
            return Ok(name);
        }
        let images = self.root.join(IMAGES);
        let there: Vec<&str> = TEST.into_iter().filter(|name| images.join(name).is_dir()).collect();
        match there.as_slice() {
            [name] => Ok(name),
            [] => bail!(
                "{}: has neither test/ nor val/, so there is nothing to evaluate models on; move some images and their masks to \
                 images/test and masks/test, or name another folder with `dataset.folder-masks.test`",
                images.display()
            ),
            _ => bail!(
                "{}: has both test/ and val/; say which of them models are evaluated on: `dataset.folder-masks.test = \"val\"`, \
                 or \"test\"",
                images.display()
            ),
        }
    }

    /// Finds and checks the files of one split. The result is complete only if no problem was noted.
    fn checked(&self, split: &str, look: &Look, problems: &Problems) -> Result<Checked> {
        let pairs = find(&self.root, split, problems)?;
        let check_image = |_, bytes: &[u8]| {
            let size = decode::verify(bytes).and_then(|()| decode::size(bytes));
            size.map(mark).map_err(|why| why.to_string())
        };
        let check_mask = |_, bytes: &[u8]| self.check_mask(bytes);
        let masks_checked = format!("{NAME}, masks with the values {}", self.table.known());
        let images = look.verify(&pairs.images, "folder-masks, images", &check_image, problems)?;
        let masks = look.verify(&pairs.labels, &masks_checked, &check_mask, problems)?;
        self.check_sizes(&pairs, &images.found, &masks.found, problems);
        let Verified { fingerprint, found, .. } = images;
        Ok(Checked { pairs, images: found, fingerprint: fingerprint + &masks.fingerprint })
    }

    /// Checks that a mask has one known value for each pixel. Its size is compared with that of its image later, because the
    /// image may change without the mask.
    fn check_mask(&self, bytes: &[u8]) -> Result<Mark, String> {
        let size = decode::size(bytes).map_err(|why| why.to_string())?;
        let mut map = vec![0; size[0] * size[1]];
        decode::label_map(bytes, size, None, &mut map).map_err(|why| match why.0.contains("label map") {
            true => format!("{why}; convert it to one class id for each pixel, as grey values or palette indices"),
            false => why.0,
        })?;
        self.table.to_classes(&mut map, size[1]).map(|()| mark(size))
    }

    /// Notes images that have another size than the spec says, and masks that have another size than their image.
    fn check_sizes(&self, pairs: &Pairs, images: &[Option<Found>], masks: &[Option<Found>], problems: &Problems) {
        let size_of =
            |found: &[Option<Found>], index: usize| found.get(index).copied().flatten().map(|found| found.mark);
        for index in 0..pairs.images.len() {
            let Some(size) = size_of(images, index) else { continue };
            if let Some(wanted) = self.sizes.files.filter(|wanted| mark(*wanted) != size) {
                let (is, wanted) = (shown(size), shown(mark(wanted)));
                problems.add(
                    &pairs.images.path(index),
                    format!(
                        "is {is}, not the {wanted} of `dataset.folder-masks.size` (width x height); for images of several sizes \
                         leave out `size` and give `resize`"
                    ),
                );
            }
        }
        // Without a label map for each image, indices are not those of the images; then there are problems already.
        if pairs.label_of.len() != pairs.images.len() {
            return;
        }
        for (index, &label) in pairs.label_of.iter().enumerate() {
            let (Some(image), Some(mask)) = (size_of(images, index), size_of(masks, label)) else { continue };
            if image != mask {
                let (is, wanted) = (shown(mask), shown(image));
                let name = pairs.images.path(index);
                let why = format!("is {is}, but its image {} is {wanted} (width x height)", name.display());
                problems.add(&pairs.labels.path(label), why);
            }
        }
    }
}

/// The files of one split after their check.
struct Checked {
    pairs: Pairs,
    /// `[n]`: the hash of each image; `None` for one that is not usable.
    images: Vec<Option<Found>>,
    /// The fingerprints of images and masks, one after the other.
    fingerprint: String,
}

/// What is remembered of a file: its height and width.
fn mark([height, width]: [usize; 2]) -> Mark {
    ((height as Mark) << 32) | width as Mark
}

/// A size as `width x height`, as most programs show it.
fn shown(mark: Mark) -> String {
    format!("{}x{}", mark & u64::from(u32::MAX), mark >> 32)
}

/// Notes files and unknown folders beside the splits.
fn check_top(folder: &Path, test: &str, problems: &Problems) -> Result<()> {
    for (path, name) in entries(folder)? {
        let is_split = name == TRAIN || name == test || TEST.contains(&name.as_str());
        if !is_split {
            problems.add(
                &path,
                format!("not expected here: the splits are {TRAIN}/ and {test}/; move it into one of them"),
            );
        }
    }
    Ok(())
}

/// Finds the images of a split and the mask of each.
fn find(root: &Path, split: &str, problems: &Problems) -> Result<Pairs> {
    let scan = |tree: &str, is_wanted: &dyn Fn(&str) -> bool, otherwise: &str| {
        let folder = root.join(tree).join(split);
        let wanted = |relative: &str| {
            let wanted = is_wanted(relative);
            if !wanted {
                problems.add(&folder.join(relative), otherwise);
            }
            wanted
        };
        let files = Files::scan(&folder, &wanted, problems)?;
        if files.is_empty() {
            problems.add_consequence(&folder, format!("no {tree} in it"));
        }
        anyhow::Ok(files)
    };
    let images = scan(IMAGES, &has_image_ending, "not named like an image; remove it")?;
    let masks = scan(MASKS, &is_png, "not expected here: a mask is a PNG with the name of its image")?;
    Ok(Pairs::find(images, masks, &Names { split }, problems))
}

fn is_png(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("png"))
}

/// The names of the pairs of one split: the same path up to the ending.
struct Names<'a> {
    split: &'a str,
}

impl Naming for Names<'_> {
    const LABEL: &'static str = "mask";

    fn key_of_image<'a>(&self, relative: &'a str) -> Option<&'a str> {
        relative.rsplit_once('.').map(|(stem, _)| stem)
    }

    fn key_of_label<'a>(&self, relative: &'a str) -> Option<&'a str> {
        self.key_of_image(relative)
    }

    fn image(&self, key: &str) -> String {
        format!("{IMAGES}/{}/{key}.*", self.split)
    }

    fn label(&self, key: &str) -> String {
        format!("{MASKS}/{}/{key}.png", self.split)
    }
}

fn has_both(dir: &Path) -> bool {
    [IMAGES, MASKS].iter().all(|tree| dir.join(tree).join(TRAIN).is_dir())
}

/// Checks all files of a folder without a spec: images and masks may have any size, and masks any values.
///
/// # Errors
/// If there is no such data set, or the list of the files that are not usable.
fn verify(dir: &Path) -> Result<DataOrigin> {
    let sizes = Sizes { files: None, stored: [1, 1] };
    let set = Set { root: dir.to_owned(), test: None, sizes, table: Table::any() };
    Ok(set.read(Vec::new(), &Look::Contents { cache: crate::cache_folder(dir) })?.origin)
}

#[cfg(test)]
mod tests;
