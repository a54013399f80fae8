//! ImageNet (Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge", IJCV 2015), or a part of its
//! classes.
//!
//! `train/` and `val/` lie in `imagenet/` in the data folder, or else in `ILSVRC2012/`, in `imagenet10/`, or in the data
//! folder itself. The classes are the folders of `train/`, named by WordNet id. Images are .JPEG, .jpg or .png files of
//! any size.
//!
//! - `train/n01440764/n01440764_10026.JPEG`
//! - `val/n01440764/ILSVRC2012_val_00000293.JPEG`, or all images directly in `val/`, as in the official archive. Their
//!   classes are then in the devkit, unpacked beside `train/`: `ILSVRC2012_devkit_t12/data/` with
//!   `ILSVRC2012_validation_ground_truth.txt` and `meta.mat`; or, without one, in Kaggle's `LOC_val_solution.csv`.
//!
//! Images in `val/` of other classes are left out and counted in the note. Images of `val/` that are also in `train/` are
//! counted too; if they are at least half of `val/`, it is refused as a copy. Names that begin with a dot, and
//! `Thumbs.db`, are left out; any other file is a problem.

pub(crate) mod meta;
pub(crate) mod truth;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use pt4al_results::words::thousands;
use sha2::{Digest, Sha256};

use crate::images::Splits;
use crate::index::{Files, named_like_an_image, photos};
use crate::known::{ANY_INPUT, Known, OnDisk};
use crate::overlap::{self, Overlap};
use crate::problems::Problems;
use crate::{Look, Reader};
use pt4al_results::spec::{ImagenetSpec, Normalize, Storage, hex};
use pt4al_results::store::DataOrigin;

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "imagenet",
    what: "photos of 1,000 classes, 1,281,167 train + 50,000 val, of any size; or some of the classes",
    source: "https://image-net.org",
    terms: "non-commercial research, after registration; cite Russakovsky et al., ImageNet Large Scale Visual \
        Recognition Challenge, IJCV 2015",
    files: Some(OnDisk { folder: FOLDER, are_in: |dir| locate(dir).is_ok(), verify, download: None }),
};

/// The folder in the data folder that is looked for first.
const FOLDER: &str = "imagenet";
const OTHER_FOLDERS: [&str; 2] = ["ILSVRC2012", "imagenet10"];
const REMEDY: &str = "get the images of ILSVRC2012 from https://image-net.org (after registration), unpack each \
    class's archive into train/<its WordNet id>/, or name another data folder with --data or PT4AL_DATA";
/// The numbers of classes and images in ILSVRC2012.
const CLASSES: usize = 1_000;
const TRAIN: usize = 1_281_167;
const VAL: usize = 50_000;

impl Reader for ImagenetSpec {
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits> {
        let root = locate(dir)?;
        let (train, val) = (root.join("train"), root.join("val"));
        if same_folder(&train, &val) {
            bail!("{}: the same folder as {}: nothing would be left to test on", val.display(), train.display());
        }
        let problems = Problems::default();
        let classes = classes(&train, &problems)?;
        let (train, _) = photos::scan(&train, &classes, &named_like_an_image, &problems)?;
        let train_labels = photos::labels(&train, &classes);
        let Val { files: val, labels: val_labels, others } = match photos::folders(&val)?.is_empty() {
            true => truth::scan(&root, &classes, &problems)?,
            false => by_folder(&val, &classes, &problems)?,
        };
        let verify = |files: &Files, kind| look.verify(files, kind, &photos::check, &problems);
        let (seen, tested) = (verify(&train, "imagenet-train")?, verify(&val, "imagenet-val")?);
        problems.into_result("imagenet", &format!("restore or remove them, or {REMEDY}"))?;
        let shared = Overlap::of_files(&seen.found, &tested.found).map(|overlap| {
            let name = |[train_index, val_index]: [usize; 2]| {
                [format!("train/{}", train.relative(train_index)), format!("val/{}", val.relative(val_index))]
            };
            overlap.note(&val.root().display().to_string(), "put the validation images of ILSVRC2012 there", name)
        });

        // Labels too, because in a flat folder the paths do not contain the classes.
        let mut hash = Sha256::new();
        hash.update(seen.fingerprint);
        hash.update(tested.fingerprint);
        val_labels.iter().for_each(|label| hash.update(label.to_le_bytes()));
        let origin = DataOrigin {
            name: "imagenet".into(),
            pool: train.len(),
            test: val.len(),
            fingerprint: hex(&hash.finalize()[..8]),
            files: Vec::new(),
            note: overlap::joined(note(classes.len(), train.len(), val.len(), others), shared.transpose()?),
            classes: Vec::new(),
        };
        let split_of = |files: Files, labels| {
            let all = (0..).take(files.len()).collect();
            photos::split(&Arc::new(files), all, labels, self.input)
        };
        Ok(Splits { train: split_of(train, train_labels), test: split_of(val, val_labels), classes, origin })
    }
}

/// The images in `val/`.
struct Val {
    files: Files,
    /// `[n]`: the class of each image.
    labels: Vec<u16>,
    /// The number of images of other classes.
    others: usize,
}

/// Checks all images below a data folder.
fn verify(data_dir: &Path) -> Result<DataOrigin> {
    let (normalize, storage) = (Normalize::imagenet(), Storage::default());
    Ok(ImagenetSpec { input: ANY_INPUT, pool: None, pool_seed: 0, normalize, storage }.checked(data_dir)?.origin)
}

/// The folder of `train/` and `val/`: below `dir`, or `dir` itself.
fn locate(dir: &Path) -> Result<PathBuf> {
    let has_both = |folder: &PathBuf| folder.join("train").is_dir() && folder.join("val").is_dir();
    let first = dir.join(FOLDER);
    if has_both(&first) {
        return Ok(first);
    }
    let others = OTHER_FOLDERS.map(|name| dir.join(name)).into_iter().chain([dir.to_owned()]);
    let found: Vec<PathBuf> = others.filter(has_both).collect();
    match found.as_slice() {
        [folder] => Ok(folder.clone()),
        [one, other, ..] => bail!(
            "both {} and {} have train/ and val/; name the one that is meant with --data or PT4AL_DATA",
            one.display(),
            other.display()
        ),
        [] if first.is_dir() => {
            bail!("{}: no train/ and val/ in it, so ImageNet is incomplete; {REMEDY}", first.display())
        }
        [] => bail!("{}: no such folder, so there are no ImageNet files; {REMEDY}", first.display()),
    }
}

/// Whether two paths lead to the same folder, for instance through a link.
fn same_folder(a: &Path, b: &Path) -> bool {
    a.canonicalize().ok().zip(b.canonicalize().ok()).is_some_and(|(a, b)| a == b)
}

fn classes(train: &Path, problems: &Problems) -> Result<Vec<String>> {
    let classes = wnids(train, problems)?;
    if classes.is_empty() {
        bail!("{}: no folders of classes in it (n01440764 ...); {REMEDY}", train.display());
    }
    photos::check_count(train, &classes)?;
    Ok(classes)
}

/// The folders in `folder` that are named by WordNet ids. Others are problems; if there are only others, the error says
/// that this is another data set.
fn wnids(folder: &Path, problems: &Problems) -> Result<Vec<String>> {
    let (wnids, others): (Vec<String>, Vec<String>) =
        photos::folders(folder)?.into_iter().partition(|name| is_wnid(name));
    match others.first() {
        Some(other) if wnids.is_empty() => bail!(
            "{}: not a WordNet id (n and eight digits), so this is a folder of another data set; {REMEDY}",
            folder.join(other).display()
        ),
        _ => {}
    }
    others.iter().for_each(|name| problems.add(&folder.join(name), "not named by a WordNet id (n and eight digits)"));
    Ok(wnids)
}

pub(crate) fn is_wnid(name: &str) -> bool {
    name.strip_prefix('n').is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Reads a `val/` with a folder for each class.
fn by_folder(val: &Path, classes: &[String], problems: &Problems) -> Result<Val> {
    wnids(val, problems)?;
    let (files, others) = photos::scan(val, classes, &named_like_an_image, problems)?;
    Ok(Val { labels: photos::labels(&files, classes), files, others })
}

/// A note on the files for readers of results.
fn note(classes: usize, train: usize, val: usize, others: usize) -> String {
    let mut note = String::new();
    if classes != CLASSES {
        note += &format!("{} of ImageNet's 1,000 classes. ", thousands(classes));
    } else if (train, val) != (TRAIN, VAL) {
        let [train, val] = [train, val].map(thousands);
        note += &format!("{train} + {val} images, not ImageNet's 1,281,167 + 50,000. ");
    }
    if others > 0 {
        note += &format!("{} images of other classes in val were left out. ", thousands(others));
    }
    note + "No checksums of the official images are known, so these were checked to be whole images, no more."
}

#[cfg(test)]
mod tests;
