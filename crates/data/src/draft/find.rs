//! What a data folder holds.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use rayon::prelude::*;

use crate::catalogue::{KNOWN, reader};
use crate::images::Split;
use crate::index::{Files, has_image_ending, photos};
use crate::known::ANY_INPUT;
use crate::problems::Problems;
use crate::{Look, decode, folder};
use pt4al_results::spec::{
    Caltech101Spec, Cifar10Spec, Cifar100Labels, Cifar100Spec, DatasetSpec, FolderMasksSpec, FolderSpec, ImagenetSpec,
    Input, Normalize, Orientation, ShapesSpec, Storage, SvhnSpec, TinyImagenetSpec,
};

/// A data set, as far as a spec for it depends on its files.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its options.
    pub dataset: DatasetSpec,
    /// The number of images in the train split.
    pub pool: usize,
    /// The number of images in the test split.
    pub test: usize,
    /// The number of classes.
    pub classes: usize,
}

/// The most images whose sizes are read.
const SAMPLE: usize = 200;
/// The part of each class that becomes the test split where there is none.
const TEST_PART: f64 = 0.2;
/// The sides that classified images get; the first networks see them as CIFAR-10's, the last as ImageNet's.
const SIDES: [usize; 4] = [32, 64, 128, 224];
/// The longest side of images with label maps after resizing.
const LONGEST: usize = 512;

impl Found {
    /// Whether the experiment is too large for a few cores, so that it gets a smaller profile for them.
    pub fn has_smaller(&self) -> bool {
        !matches!(self.dataset, DatasetSpec::Shapes(_))
    }
}

/// Finds the data set in `data`. Without a folder, it is generated images.
pub(super) fn find(data: Option<&Path>, set: Option<&str>) -> Result<Found> {
    let Some(dir) = data else {
        ensure!(
            set.is_none_or(|set| set == "shapes"),
            "--dataset {} has files: name the folder that they are in with --data",
            set.unwrap_or_default()
        );
        let normalize = Normalize { mean: [0.5; 3], std: [0.25; 3] };
        let (pool, test) = (1_000, 500);
        let dataset = DatasetSpec::Shapes(ShapesSpec { pool, test, side: 16, seed: 0, normalize });
        return Ok(Found { dataset, pool, test, classes: 10 });
    };
    ensure!(set != Some("shapes"), "--dataset shapes has no files; leave --data out");
    ensure!(dir.is_dir(), "{}: no such folder; name the folder of the images with --data", dir.display());
    if let Some(set) = set {
        let names = || KNOWN.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
        ensure!(KNOWN.iter().any(|known| known.name == set), "--dataset {set}: no such data set; known: {}", names());
        return read(set, dir);
    }
    let present = KNOWN.iter().filter(|known| known.files.is_some() && known.is_present(dir)).map(|known| known.name);
    let own = ["folder-masks", "folder"];
    let published: Vec<&str> = present.filter(|name| !own.contains(name)).collect();
    let (mut read_well, mut failed) = (Vec::new(), Vec::new());
    for name in published {
        match read(name, dir) {
            Ok(found) => read_well.push(found),
            Err(error) => failed.push(error),
        }
    }
    if read_well.is_empty() {
        for name in own {
            if has_own(name, dir) {
                match read(name, dir) {
                    Ok(found) => return Ok(found),
                    Err(error) => failed.push(error),
                }
            }
        }
    }
    match (read_well.len(), failed.into_iter().next_back()) {
        (1, _) => Ok(read_well.remove(0)),
        (0, Some(error)) => Err(error),
        (0, None) => bail!(
            "{}: no data set in it that pt4al can read: docs/data.md says how files must lie (for your own images, a \
             folder for each class); without --data, the spec is one of generated images",
            dir.display()
        ),
        _ => {
            let names: Vec<&str> = read_well.iter().map(|found| found.dataset.name()).collect();
            bail!("{}: has several data sets ({}); choose one with --dataset", dir.display(), names.join(", "))
        }
    }
}

/// Whether a folder seems to hold own images.
fn has_own(name: &str, dir: &Path) -> bool {
    match name {
        "folder-masks" => KNOWN.iter().any(|known| known.name == name && known.is_present(dir)),
        _ => own_layout(dir).is_some(),
    }
}

/// Reads the names of the files of a data set, and chooses its options.
fn read(name: &str, dir: &Path) -> Result<Found> {
    let (pool, pool_seed, storage) = (None, 0, Storage::Memory);
    let (normalize, input) = (Normalize::imagenet(), ANY_INPUT);
    let dataset = match name {
        "cifar10" => DatasetSpec::Cifar10(Cifar10Spec { pool, pool_seed, normalize: Normalize::cifar10() }),
        "cifar100" => {
            let (labels, normalize) = (Cifar100Labels::Fine, Normalize::cifar100());
            DatasetSpec::Cifar100(Cifar100Spec { labels, pool, pool_seed, normalize })
        }
        "svhn" => DatasetSpec::Svhn(SvhnSpec { extra: false, pool, pool_seed, normalize: Normalize::svhn() }),
        "caltech101" => {
            let (test, split_seed) = (TEST_PART, 0);
            DatasetSpec::Caltech101(Caltech101Spec { input, test, split_seed, pool, pool_seed, normalize, storage })
        }
        "tiny-imagenet" => {
            let input = TinyImagenetSpec::whole();
            DatasetSpec::TinyImagenet(TinyImagenetSpec { input, pool, pool_seed, normalize, storage })
        }
        "imagenet" => {
            let storage = Storage::Mapped;
            DatasetSpec::Imagenet(ImagenetSpec { input, pool, pool_seed, normalize, storage })
        }
        "folder" => return own_images(dir),
        "folder-masks" => return own_masks(dir),
        _ => bail!(
            "{name} needs choices that its files do not show; copy experiments/{name}.toml and change its lines instead"
        ),
    };
    named(dataset, dir)
}

/// Counts the images of a data set by the names of its files.
fn named(dataset: DatasetSpec, dir: &Path) -> Result<Found> {
    let splits = reader(&dataset).read(dir, &Look::Names)?;
    Ok(Found { pool: splits.train.len, test: splits.test.len, classes: splits.classes.len(), dataset })
}

/// How own images lie in a folder; `None` if they lie in no way that is certain.
fn own_layout(dir: &Path) -> Option<FolderSpec> {
    if let Some(layout) = folder::guess(dir) {
        return Some(layout);
    }
    let drawn = |path: &str| FolderSpec {
        path: path.into(),
        input: ANY_INPUT,
        test: Some(TEST_PART),
        split_seed: Some(0),
        labels: None,
        classes: None,
        orientation: Orientation::default(),
        pool: None,
        pool_seed: 0,
        normalize: Normalize::imagenet(),
        storage: Storage::Memory,
    };
    [".", "train"].into_iter().find(|path| has_classes(&dir.join(path))).map(drawn)
}

/// Whether a folder has at least two folders, all of them with images directly inside.
fn has_classes(dir: &Path) -> bool {
    let classes = photos::folders(dir).unwrap_or_default();
    let has_images = |class: &String| {
        let entries = std::fs::read_dir(dir.join(class)).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| name.to_str().is_some_and(has_image_ending))
    };
    classes.len() >= 2 && classes.iter().all(has_images)
}

fn own_images(dir: &Path) -> Result<Found> {
    let Some(mut spec) = own_layout(dir) else {
        bail!(
            "{}: neither train/<class>/ and test/<class>/ nor <class>/ with images, and no labels.csv; docs/data.md says \
             how own images must lie",
            dir.display()
        )
    };
    let splits = reader(&DatasetSpec::Folder(spec.clone())).read(dir, &Look::Names)?;
    let sizes = sizes(&splits.train, &dir.join(&spec.path));
    let shorter = median(sizes.iter().map(|size| size[0].min(size[1])).collect()).unwrap_or(ANY_INPUT.crop);
    // Images are enlarged by half at most.
    let side = SIDES.into_iter().rev().find(|side| 2 * side <= 3 * shorter).unwrap_or(SIDES[0]);
    spec.input = if side == 224 { Input { resize: 256, crop: 224 } } else { Input { resize: side, crop: side } };
    let (pool, test, classes) = (splits.train.len, splits.test.len, splits.classes.len());
    Ok(Found { dataset: DatasetSpec::Folder(spec), pool, test, classes })
}

fn own_masks(dir: &Path) -> Result<Found> {
    let values = values_of_masks(&dir.join("masks"))?;
    let ignore = vec![255];
    let known: Vec<u8> = values.into_iter().filter(|value| !ignore.contains(value)).collect();
    ensure!(
        known.len() >= 2,
        "{}: fewer than two values besides 255 in the masks, but each class needs one, and a segmentation has at least two \
         classes; correct the masks",
        dir.join("masks").display()
    );
    let classes: Vec<String> = known.iter().map(|value| format!("class-{value}")).collect();
    let in_order = known.iter().enumerate().all(|(at, &value)| at == usize::from(value));
    let mut spec = FolderMasksSpec {
        path: ".".into(),
        test: None,
        size: None,
        resize: Some([64, 64]),
        classes,
        values: if in_order { Vec::new() } else { known },
        ignore,
        normalize: Normalize::imagenet(),
        pool: None,
        pool_seed: 0,
        storage: Storage::Memory,
    };
    let splits = reader(&DatasetSpec::FolderMasks(spec.clone())).read(dir, &Look::Names)?;
    let sizes = sizes(&splits.train, dir);
    let side = |at: usize| median(sizes.iter().map(|size| size[at]).collect()).unwrap_or(64);
    spec.resize = Some(shrunk([side(0), side(1)], LONGEST));
    let (pool, test, classes) = (splits.train.len, splits.test.len, splits.classes.len());
    Ok(Found { dataset: DatasetSpec::FolderMasks(spec), pool, test, classes })
}

/// The size `[height, width]` with at most `longest` pixels on the longer side, in multiples of 8.
pub(super) fn shrunk(size: [usize; 2], longest: usize) -> [usize; 2] {
    let now = size[0].max(size[1]).max(1);
    let scale = |side: usize| if now > longest { side * longest / now } else { side };
    size.map(|side| (scale(side) / 8 * 8).max(8))
}

/// The values that occur in masks, ascending. Masks that cannot be read are left out here; reading them as a data set will
/// list them.
fn values_of_masks(folder: &Path) -> Result<Vec<u8>> {
    let problems = Problems::default();
    let files = Files::scan(folder, &|name| name.to_ascii_lowercase().ends_with(".png"), &problems)?;
    let of_mask = |index: usize| {
        let mut seen = [false; 256];
        let bytes = files.read(index).unwrap_or_default();
        if let Ok(size) = decode::size(&bytes) {
            let mut map = vec![0; size[0] * size[1]];
            if decode::label_map(&bytes, size, None, &mut map).is_ok() {
                map.iter().for_each(|&value| seen[usize::from(value)] = true);
            }
        }
        seen
    };
    let both = |a: [bool; 256], b: [bool; 256]| -> [bool; 256] { std::array::from_fn(|value| a[value] || b[value]) };
    let seen = (0..files.len()).into_par_iter().map(of_mask).reduce(|| [false; 256], both);
    Ok((0..=u8::MAX).filter(|&value| seen[usize::from(value)]).collect())
}

/// Height and width of images of a split, evenly spaced in it. `root` is the folder that their names are relative to.
fn sizes(split: &Split, root: &Path) -> Vec<[usize; 2]> {
    let Some(ids) = &split.ids else { return Vec::new() };
    let step = split.len.div_ceil(SAMPLE).max(1);
    let size = |index| decode::size(&std::fs::read(root.join(ids.id(index))).ok()?).ok();
    (0..split.len).step_by(step).filter_map(size).collect()
}

fn median(mut values: Vec<usize>) -> Option<usize> {
    values.sort_unstable();
    values.get(values.len() / 2).copied()
}
