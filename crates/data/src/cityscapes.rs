//! Cityscapes (Cordts et al., CVPR 2016), or another data set in its layout, for instance CamVid.
//!
//! The files are in the first of these folders that has both `leftImg8bit/` and `gtFine/`: `cityscapes/` or `camvid/` in
//! the data folder, or the data folder itself. The train split is `train`, and the test split is `val`. The folder `test`
//! is not read, because it has no public labels; nor are `train_extra` and `demoVideo`. An image is
//! `leftImg8bit/<split>/<city>/*_leftImg8bit.png`, and its label `gtFine/<split>/<city>/*_gtFine_labelIds.png` or
//! `*_gtFine_labelTrainIds.png`, as the spec says. Images of `val` that are also in `train` are counted in the note; if
//! they are at least half of `val`, it is refused as a copy.
//!
//! The official download and its scripts put other files there, which are ignored by name (the other numbering, `color`,
//! `instanceIds`, `instanceTrainIds`, `polygons.json`, `cityscapes_panoptic_*`). Any other file is a problem, because it
//! may be an image that should be read.
//!
//! Label files whose values show the other numbering are refused. A file that should have label ids shows train ids if it
//! has the value 255, none of 19 to 33, and a value that label ids ignore (1 to 6, 9, 10, 14 to 16, 18). A split is
//! refused if at least half of its files do, or if no file has any of 19 to 33 and at least 10 of the values 0 to 18
//! occur. Uncertain cases are accepted.

mod labels;
mod numbering;
mod pairs;

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use pt4al_results::words::thousands;
use sha2::{Digest, Sha256};

use crate::images::{Split, Splits};
use crate::index::{Found, Verified};
use crate::known::{Known, OnDisk};
use crate::label_maps::{self, Pairs, Sizes};
use crate::problems::Problems;
use crate::{Look, Reader, decode, overlap};
use pairs::Tree;
use pt4al_results::spec::{CityscapesSpec, LabelFiles, Normalize, Storage, hex};
use pt4al_results::store::DataOrigin;

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "cityscapes",
    what: "street scenes with a class of 19 for each pixel, 2,975 train + 500 val, 1024x2048",
    source: "https://www.cityscapes-dataset.com",
    terms: "non-commercial research, after registration; cite Cordts et al., The Cityscapes Dataset for Semantic \
        Urban Scene Understanding, CVPR 2016",
    files: Some(OnDisk { folder: FOLDERS[0], are_in: |dir| locate(dir).is_ok(), verify, download: None }),
};

/// The folder of the images.
const IMAGES: &str = "leftImg8bit";
/// The folder of the labels.
const LABELS: &str = "gtFine";
/// The folders in the data folder that are searched for both, in this order, before the data folder itself.
const FOLDERS: [&str; 2] = ["cityscapes", "camvid"];
/// The numbers of images in the official train and val splits.
const OFFICIAL: [usize; 2] = [2975, 500];

/// What to do if files are missing.
const REMEDY: &str = "unpack leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip from \
    https://www.cityscapes-dataset.com/downloads/ (it asks for an account) into the folder cityscapes there, or name \
    another data folder with --data or PT4AL_DATA";
/// What to do if files are not usable.
const REMEDY_FILES: &str = "restore or remove them, correct `dataset.cityscapes` in the spec, or name the folder of \
    another data set in this layout with --data or PT4AL_DATA";

impl Reader for CityscapesSpec {
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits> {
        let root = locate(dir)?;
        let missing = Problems::default();
        for folder in [IMAGES, LABELS].iter().flat_map(|tree| ["train", "val"].map(|split| root.join(tree).join(split)))
        {
            if !folder.is_dir() {
                missing.add(&folder, "no such folder");
            }
        }
        missing.into_result("cityscapes", REMEDY)?;

        let problems = Problems::default();
        pairs::check_top(&root.join(IMAGES), &problems)?;
        pairs::check_top(&root.join(LABELS), &problems)?;
        let train = checked(self, &root, "train", look, &problems)?;
        let test = checked(self, &root, "val", look, &problems)?;
        problems.into_result("cityscapes", REMEDY_FILES)?;
        let shared = label_maps::overlap_note(
            [("train", &train.pairs.images, &train.images), ("val", &test.pairs.images, &test.images)],
            "put the images of the val split there",
        )?;
        let fingerprint = hex(&Sha256::digest(train.fingerprint.clone() + &test.fingerprint)[..8]);
        let (train, test) = (in_files(self, train.pairs), in_files(self, test.pairs));

        let origin = DataOrigin {
            name: "cityscapes".into(),
            pool: train.len,
            test: test.len,
            fingerprint,
            files: Vec::new(),
            note: overlap::joined(note(train.len, test.len), shared),
            classes: Vec::new(),
        };
        Ok(Splits { train, test, classes: labels::CLASSES.map(|(name, _)| name.into()).into(), origin })
    }
}

/// The files of one split after their check.
struct Checked {
    pairs: Pairs,
    /// `[n]`: the hash of each image; `None` for one that is not usable.
    images: Vec<Option<Found>>,
    /// The fingerprints of images and labels, one after the other.
    fingerprint: String,
}

/// Finds and checks the files of one split. The result is complete only if no problem was noted.
fn checked(spec: &CityscapesSpec, root: &Path, name: &str, look: &Look, problems: &Problems) -> Result<Checked> {
    let [height, width] = spec.size;
    let pairs = pairs::find(root, name, spec.labels, problems)?;
    let check_image = |_, bytes: &[u8]| {
        let decoded = decode::whole(bytes, spec.size, None, &mut vec![0; height * width * 3]);
        decoded.map(|()| 0).map_err(|e| e.to_string())
    };
    let check_label = |_, bytes: &[u8]| {
        let mut map = vec![0; height * width];
        decode::label_map(bytes, spec.size, None, &mut map).map_err(|e| e.to_string())?;
        let values = numbering::values(&map);
        labels::to_classes(spec.labels, &mut map, width).map(|()| values)
    };
    // The name of the check says what is checked, so that files are checked again if the spec changes.
    let size = format!("{height} x {width}");
    let tree = Tree::labels(spec.labels).suffix;
    let images = look.verify(&pairs.images, &format!("cityscapes, images of {size}"), &check_image, problems)?;
    let labels = look.verify(&pairs.labels, &format!("cityscapes, *{tree} of {size}"), &check_label, problems)?;
    let values: Vec<_> = labels.found.iter().flatten().map(|found| found.mark).collect();
    if let Some(why) = numbering::contradiction(spec.labels, &values) {
        problems.add(pairs.labels.root(), why);
    }
    let Verified { fingerprint, found, .. } = images;
    Ok(Checked { pairs, images: found, fingerprint: fingerprint + &labels.fingerprint })
}

/// A split whose records are decoded from its files.
fn in_files(spec: &CityscapesSpec, pairs: Pairs) -> Split {
    let sizes = Sizes { files: Some(spec.size), stored: spec.resize.unwrap_or(spec.size) };
    label_maps::split(pairs, sizes, spec.labels, "")
}

/// Checks all files below `dir`: images and labels must have the size of the first image, and labels are read in each of
/// the two numberings that has files.
///
/// # Errors
/// If there is no such data set, or the list of the files that are not usable.
fn verify(dir: &Path) -> Result<DataOrigin> {
    let root = locate(dir)?;
    let size = pairs::first_size(&root).unwrap_or([1024, 2048]);
    let both = [LabelFiles::LabelIds, LabelFiles::LabelTrainIds];
    let mut there: Vec<LabelFiles> = both.into_iter().filter(|&labels| pairs::has(&root, labels)).collect();
    if there.is_empty() {
        // Reading will fail with the list of missing files.
        there.push(LabelFiles::LabelIds);
    }
    let (normalize, storage) = (Normalize::imagenet(), Storage::default());
    let read = |labels| Ok(CityscapesSpec { size, resize: None, labels, normalize, storage }.checked(dir)?.origin);
    let origins = there.into_iter().map(read).collect::<Result<Vec<DataOrigin>>>()?;
    origins.into_iter().next().ok_or_else(|| anyhow!("{}: no labels", root.display()))
}

/// The folder that has both `leftImg8bit` and `gtFine`.
fn locate(dir: &Path) -> Result<PathBuf> {
    let places: Vec<PathBuf> = FOLDERS.iter().map(|name| dir.join(name)).chain([dir.to_owned()]).collect();
    if let Some(place) = places.iter().find(|place| place.join(IMAGES).is_dir() && place.join(LABELS).is_dir()) {
        return Ok(place.clone());
    }
    for place in &places {
        for (present, missing) in [(IMAGES, LABELS), (LABELS, IMAGES)] {
            if place.join(present).is_dir() {
                let missing = place.join(missing);
                bail!("{}: no such folder, but there is {present} beside it; {REMEDY}", missing.display());
            }
        }
    }
    bail!("{}: neither it nor cityscapes or camvid in it has {IMAGES} and {LABELS}; {REMEDY}", dir.display())
}

/// A note for readers of results; empty for the official numbers of images.
fn note(train: usize, val: usize) -> String {
    if [train, val] == OFFICIAL {
        return String::new();
    }
    let [official_train, official_val] = OFFICIAL.map(thousands);
    format!(
        "{} train and {} val images, not Cityscapes' {official_train} and {official_val}: these are not the official \
         images, so results are not comparable with published ones.",
        thousands(train),
        thousands(val)
    )
}

#[cfg(test)]
mod tests;
