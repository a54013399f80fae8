//! Caltech-101 (Fei-Fei, Fergus and Perona, "Learning Generative Visual Models from Few Training Examples", 2004).
//!
//! The files lie below the data folder as in the official archive: `101_ObjectCategories/<class>/image_0001.jpg`, images
//! of any size. The folder may also lie in `caltech-101/` (newer downloads) or `caltech101/`, or be the data folder
//! itself. The classes are its folders in byte order. Left out are `BACKGROUND_Google`, which is not a class, names that
//! begin with a dot, and `Thumbs.db`; any other file is a problem.
//!
//! The split is drawn from all files, so copies of a file may be in both splits. Such images are counted in the note; if
//! they are at least half of the test images, the data set is refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, bail};
use pt4al_results::words::thousands;

use crate::drawn::split;
use crate::images::Splits;
use crate::index::{Found, photos};
use crate::known::{ANY_INPUT, Known, OnDisk};
use crate::overlap::{self, Overlap};
use crate::problems::Problems;
use crate::{Look, Reader};
use pt4al_results::spec::{Caltech101Spec, Normalize, Storage};
use pt4al_results::store::DataOrigin;

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "caltech101",
    what: "8,677 photos of 101 classes, of any size, without an official split",
    source: "https://data.caltech.edu/records/mzrjq-6wc02",
    terms: "the terms are on its page; cite Fei-Fei, Fergus and Perona, Learning Generative Visual Models from Few \
        Training Examples, 2004",
    files: Some(OnDisk { folder: FOLDER, are_in: |dir| locate(dir).is_ok(), verify, download: None }),
};

/// The folder that the official archive unpacks to.
const FOLDER: &str = "101_ObjectCategories";
const REMEDY: &str = "get caltech-101.zip from https://data.caltech.edu/records/mzrjq-6wc02 and unpack \
    101_ObjectCategories.tar.gz there, or name another data folder with --data or PT4AL_DATA";
const BACKGROUND: &str = "BACKGROUND_Google";
/// The classes, without the background, in byte order.
#[rustfmt::skip]
pub const CLASSES: [&str; 101] = [
    "Faces", "Faces_easy", "Leopards", "Motorbikes", "accordion", "airplanes", "anchor", "ant", "barrel", "bass",
    "beaver", "binocular", "bonsai", "brain", "brontosaurus", "buddha", "butterfly", "camera", "cannon", "car_side",
    "ceiling_fan", "cellphone", "chair", "chandelier", "cougar_body", "cougar_face", "crab", "crayfish", "crocodile",
    "crocodile_head", "cup", "dalmatian", "dollar_bill", "dolphin", "dragonfly", "electric_guitar", "elephant", "emu",
    "euphonium", "ewer", "ferry", "flamingo", "flamingo_head", "garfield", "gerenuk", "gramophone", "grand_piano",
    "hawksbill", "headphone", "hedgehog", "helicopter", "ibis", "inline_skate", "joshua_tree", "kangaroo", "ketch",
    "lamp", "laptop", "llama", "lobster", "lotus", "mandolin", "mayfly", "menorah", "metronome", "minaret",
    "nautilus", "octopus", "okapi", "pagoda", "panda", "pigeon", "pizza", "platypus", "pyramid", "revolver", "rhino",
    "rooster", "saxophone", "schooner", "scissors", "scorpion", "sea_horse", "snoopy", "soccer_ball", "stapler",
    "starfish", "stegosaurus", "stop_sign", "strawberry", "sunflower", "tick", "trilobite", "umbrella", "watch",
    "water_lilly", "wheelchair", "wild_cat", "windsor_chair", "wrench", "yin_yang",
];
const IMAGES: usize = 8_677;

impl Reader for Caltech101Spec {
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits> {
        let root = locate(dir)?;
        let problems = Problems::default();
        let classes = classes(&root, &problems)?;
        let (files, _) = photos::scan(&root, &classes, &|name| is_jpg(name), &problems)?;
        let labels = photos::labels(&files, &classes);
        let split = split(&labels, classes.len(), self.test, self.split_seed);
        for class in split.single {
            problems.add(&root.join(&classes[class]), "a single image, which cannot be both trained on and tested");
        }
        let verified = look.verify(&files, "caltech101", &photos::check, &problems)?;
        problems.into_result("caltech101", &format!("restore or remove them, or {REMEDY}"))?;

        // If only names were looked at, there is nothing to compare.
        let found_at = |indices: &[u32]| -> Vec<Option<Found>> {
            indices.iter().filter_map(|&index| verified.found.get(index as usize).copied()).collect()
        };
        let shared = Overlap::of_files(&found_at(&split.train), &found_at(&split.test)).map(|overlap| {
            let path_of = |index: u32| files.relative(index as usize).to_owned();
            let name = |[train, test]: [usize; 2]| [path_of(split.train[train]), path_of(split.test[test])];
            overlap.note(&root.display().to_string(), "remove the copies", name)
        });

        let files = Arc::new(files);
        let split_of = |indices: Vec<u32>| {
            let labels = indices.iter().map(|&index| labels[index as usize]).collect();
            photos::split(&files, indices, labels, self.input)
        };
        let origin = DataOrigin {
            name: "caltech101".into(),
            pool: split.train.len(),
            test: split.test.len(),
            fingerprint: verified.fingerprint,
            files: Vec::new(),
            note: overlap::joined(note(files.len()), shared.transpose()?),
            classes: Vec::new(),
        };
        Ok(Splits { train: split_of(split.train), test: split_of(split.test), classes, origin })
    }
}

/// Checks all images below a data folder, with a split that the check needs and does not report.
fn verify(data_dir: &Path) -> Result<DataOrigin> {
    let (normalize, storage) = (Normalize::imagenet(), Storage::default());
    let (test, split_seed) = (0.2, 0);
    let set = Caltech101Spec { input: ANY_INPUT, test, split_seed, pool: None, pool_seed: 0, normalize, storage };
    Ok(set.checked(data_dir)?.origin)
}

/// The folder of the classes: below `dir`, or `dir` itself.
fn locate(dir: &Path) -> Result<PathBuf> {
    let below = [dir.join(FOLDER), dir.join("caltech-101").join(FOLDER), dir.join("caltech101").join(FOLDER)];
    if let Some(folder) = below.iter().find(|folder| folder.is_dir()) {
        return Ok(folder.clone());
    }
    if dir.ends_with(FOLDER) && dir.is_dir() || dir.join(CLASSES[100]).is_dir() {
        return Ok(dir.into());
    }
    bail!("{}: no such folder, so there are no Caltech-101 files; {REMEDY}", below[0].display())
}

/// The classes whose folders are there. A folder that is missing, or that is not a class, is a problem.
fn classes(root: &Path, problems: &Problems) -> Result<Vec<String>> {
    let found: Vec<String> = photos::folders(root)?.into_iter().filter(|name| name != BACKGROUND).collect();
    let (known, others): (Vec<String>, Vec<String>) =
        found.into_iter().partition(|name| CLASSES.contains(&name.as_str()));
    if known.len() < CLASSES.len() / 2 {
        bail!(
            "{}: only {} of Caltech-101's {} classes, and {} other folders: is this Caltech-101? If not, {REMEDY}",
            root.display(),
            known.len(),
            CLASSES.len(),
            others.len()
        );
    }
    others.iter().for_each(|name| problems.add(&root.join(name), "not a class of Caltech-101"));
    let missing = CLASSES.iter().filter(|name| known.binary_search_by(|class| class.as_str().cmp(name)).is_err());
    missing.for_each(|name| problems.add(&root.join(name), "no such folder, so a class is missing"));
    Ok(known)
}

fn is_jpg(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("jpg"))
}

/// A note on the files for readers of results.
fn note(images: usize) -> String {
    let count = match images {
        IMAGES => String::new(),
        _ => format!("{} images, not Caltech-101's {}. ", thousands(images), thousands(IMAGES)),
    };
    format!("{count}No checksums of the official images are known, so these were checked to be whole images, no more.")
}

#[cfg(test)]
mod tests;
