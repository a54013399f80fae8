//! Tiny ImageNet (Stanford's course CS231n, 2015): 200 classes of ImageNet, 500 + 50 images each, 64x64.
//!
//! `tiny-imagenet-200/` lies in the data folder as it is unpacked, or is the data folder itself:
//!
//! - `wnids.txt`: the WordNet ids of the classes, one a line;
//! - `train/n01443537/images/n01443537_0.JPEG`; `n01443537_boxes.txt` beside `images/` is left out;
//! - `val/images/val_0.JPEG`, and `val/val_annotations.txt` with the name of the image and its WordNet id in each line; this
//!   is the test split;
//! - `test/`, which has no labels, is left out; so is `words.txt`.
//!
//! The classes are the WordNet ids in byte order, as for ImageNet. Names that begin with a dot, and `Thumbs.db`, are left
//! out; any other file in `train/` or `val/` is a problem.

use std::collections::HashSet;
use std::collections::hash_map::{Entry, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, anyhow, bail, ensure};
use pt4al_results::words::thousands;
use sha2::{Digest, Sha256};

use crate::imagenet::is_wnid;
use crate::images::Splits;
use crate::index::{Files, named_like_an_image, photos, read_small};
use crate::known::{Known, OnDisk};
use crate::overlap::{self, Overlap};
use crate::problems::Problems;
use crate::{Look, Reader};
use pt4al_results::spec::{Normalize, Storage, TinyImagenetSpec, hex};
use pt4al_results::store::DataOrigin;

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "tiny-imagenet",
    what: "photos of 200 classes of ImageNet, 100,000 train + 10,000 val, 64x64",
    source: "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    terms: "non-commercial research, as for ImageNet; cite Le and Yang, Tiny ImageNet Visual Recognition Challenge, 2015",
    files: Some(OnDisk { folder: FOLDER, are_in: |dir| locate(dir).is_ok(), verify, download: None }),
};

/// The folder that the official archive unpacks to.
const FOLDER: &str = "tiny-imagenet-200";
const REMEDY: &str = "unpack tiny-imagenet-200.zip from http://cs231n.stanford.edu/tiny-imagenet-200.zip there, or name \
    another data folder with --data or PT4AL_DATA";
/// The file of the classes.
const WNIDS: &str = "wnids.txt";
/// The file of the test split's labels.
const ANNOTATIONS: &str = "val_annotations.txt";
/// The folder of the images in `val/` and in the folder of a class.
const IMAGES: &str = "images";
/// The largest size of these files in bytes; the official ones have less than half a million.
const LARGEST: u64 = 16 << 20;
/// The numbers of classes and images in the official data set.
const OFFICIAL: [usize; 3] = [200, 100_000, 10_000];

impl Reader for TinyImagenetSpec {
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits> {
        let root = locate(dir)?;
        let problems = Problems::default();
        let classes = classes(&root.join(WNIDS), &problems)?;
        let train = scan_train(&root.join("train"), &classes, &problems)?;
        let train_labels = photos::labels(&train, &classes);
        let (val, val_labels) = scan_val(&root.join("val"), &classes, &problems)?;
        let verify = |files: &Files, kind| look.verify(files, kind, &photos::check, &problems);
        let (seen, tested) = (verify(&train, "tiny-imagenet-train")?, verify(&val, "tiny-imagenet-val")?);
        problems.into_result("tiny-imagenet", &format!("restore or remove them, or {REMEDY}"))?;
        let shared = Overlap::of_files(&seen.found, &tested.found).map(|overlap| {
            let name = |[train_index, val_index]: [usize; 2]| {
                [format!("train/{}", train.relative(train_index)), format!("val/{}", val.relative(val_index))]
            };
            overlap.note(&val.root().display().to_string(), "put the official validation images there", name)
        });

        // Labels too, because the paths of val do not contain the classes.
        let mut hash = Sha256::new();
        hash.update(seen.fingerprint);
        hash.update(tested.fingerprint);
        val_labels.iter().for_each(|label| hash.update(label.to_le_bytes()));
        let origin = DataOrigin {
            name: "tiny-imagenet".into(),
            pool: train.len(),
            test: val.len(),
            fingerprint: hex(&hash.finalize()[..8]),
            files: Vec::new(),
            note: overlap::joined(note([classes.len(), train.len(), val.len()]), shared.transpose()?),
            classes: Vec::new(),
        };
        let split_of = |files: Files, labels| {
            let all = (0..).take(files.len()).collect();
            photos::split(&Arc::new(files), all, labels, self.input)
        };
        Ok(Splits { train: split_of(train, train_labels), test: split_of(val, val_labels), classes, origin })
    }
}

/// Checks all images below a data folder.
fn verify(data_dir: &Path) -> Result<DataOrigin> {
    let (input, normalize, storage) = (TinyImagenetSpec::whole(), Normalize::imagenet(), Storage::default());
    Ok(TinyImagenetSpec { input, pool: None, pool_seed: 0, normalize, storage }.checked(data_dir)?.origin)
}

/// The folder of `wnids.txt`, `train/` and `val/`: below `dir`, or `dir` itself.
fn locate(dir: &Path) -> Result<PathBuf> {
    let below = dir.join(FOLDER);
    let parts = [WNIDS, "train", "val"];
    if let Some(folder) = [&below, dir].into_iter().find(|folder| parts.iter().all(|part| folder.join(part).exists())) {
        return Ok(folder.to_owned());
    }
    match parts.iter().find(|part| !below.join(part).exists()) {
        Some(part) if below.is_dir() => {
            bail!("{}: no such file or folder, so Tiny ImageNet is incomplete; {REMEDY}", below.join(part).display())
        }
        _ => bail!("{}: no such folder, so there are no Tiny ImageNet files; {REMEDY}", below.display()),
    }
}

/// Reads the WordNet ids of the classes, in byte order.
fn classes(path: &Path, problems: &Problems) -> Result<Vec<String>> {
    let text = read_small(path, LARGEST).map_err(|why| anyhow!("{}: {why}; {REMEDY}", path.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut classes = Vec::new();
    for (line, wnid) in (1..).zip(text.lines().map(str::trim)).filter(|(_, wnid)| !wnid.is_empty()) {
        match is_wnid(wnid) {
            true => classes.push(wnid.to_owned()),
            false => {
                problems.add(path, format!("line {line} is {wnid:?}, which is no WordNet id (n and eight digits)"))
            }
        }
    }
    classes.sort_unstable();
    for twice in classes.windows(2).filter(|pair| pair[0] == pair[1]) {
        problems.add(path, format!("has {} twice", twice[0]));
    }
    classes.dedup();
    ensure!(!classes.is_empty(), "{}: no WordNet ids in it; {REMEDY}", path.display());
    photos::check_count(path, &classes)?;
    Ok(classes)
}

/// Finds the images `<class>/images/<image>` below `train/`. Any other file, a folder that is no class, and a class without
/// images are problems.
fn scan_train(root: &Path, classes: &[String], problems: &Problems) -> Result<Files> {
    let folders = photos::folders(root)?;
    for other in folders.iter().filter(|name| photos::class_index(classes, name).is_none()) {
        problems.add(&root.join(other), format!("not a class of {WNIDS}"));
    }
    for class in classes.iter().filter(|&class| folders.binary_search(class).is_err()) {
        problems.add(&root.join(class), format!("no such folder, though {WNIDS} has this class"));
    }
    let wanted = |relative: &str| {
        let problem = |what: &str| problems.add(&root.join(relative), what);
        let parts: Vec<&str> = relative.split('/').collect();
        match *parts {
            [class, ..] if parts.len() > 1 && photos::class_index(classes, class).is_none() => return false,
            [_, IMAGES, name] if named_like_an_image(name) => return true,
            [_, IMAGES, _] => problem("not named like an image"),
            [class, name] if name.strip_suffix("_boxes.txt") == Some(class) => {}
            _ => problem("not in the folder images/ of a class"),
        }
        false
    };
    let files = Files::scan(root, &wanted, problems)?;
    let mut counts = vec![0_usize; classes.len()];
    photos::labels(&files, classes).iter().for_each(|&class| counts[usize::from(class)] += 1);
    let empty = classes.iter().zip(counts).filter(|(class, count)| *count == 0 && folders.contains(class));
    empty.for_each(|(class, _)| problems.add_consequence(&root.join(class), "no images of this class"));
    Ok(files)
}

/// Finds the images in `val/images/`, and the class of each. An image without a class, a class without an image, and any
/// other file are problems.
fn scan_val(root: &Path, classes: &[String], problems: &Problems) -> Result<(Files, Vec<u16>)> {
    let path = root.join(ANNOTATIONS);
    let annotated = annotations(&path, classes, problems)?;
    let wanted = |relative: &str| match relative.strip_prefix("images/") {
        Some(name) if !name.contains('/') && named_like_an_image(name) => true,
        _ if relative == ANNOTATIONS => false,
        _ => {
            problems.add(&root.join(relative), "not an image in images/");
            false
        }
    };
    let files = Files::scan(root, &wanted, problems)?;
    let mut labels = Vec::with_capacity(files.len());
    let mut counts = vec![0_usize; classes.len()];
    let mut without = Vec::new();
    for file in files.iter() {
        match annotated.get(file.trim_start_matches("images/")) {
            Some(&class) => {
                counts[usize::from(class)] += 1;
                labels.push(class);
            }
            None => without.push(file),
        }
    }
    // One problem with the annotations, not one with each image: a person should not remove good images because of it.
    if let Some(first) = without.first() {
        let count = without.len();
        problems.add(&path, format!("has no class for {count} images in val ({first} is the first): is it cut short?"));
    }
    let found: HashSet<&str> = files.iter().map(|file| file.trim_start_matches("images/")).collect();
    for name in annotated.keys().filter(|name| !found.contains(name.as_str())) {
        problems.add(&root.join(IMAGES).join(name), format!("missing, though {ANNOTATIONS} has it"));
    }
    for (class, _) in classes.iter().zip(counts).filter(|(_, count)| *count == 0) {
        problems.add_consequence(&path, format!("no image of {class}"));
    }
    Ok((files, labels))
}

/// Reads the class of each image of `val/`: the name of the image and its WordNet id, with a tab between them; a box
/// follows.
fn annotations(path: &Path, classes: &[String], problems: &Problems) -> Result<HashMap<String, u16>> {
    let text = read_small(path, LARGEST).map_err(|why| anyhow!("{}: {why}; {REMEDY}", path.display()))?;
    let text = String::from_utf8_lossy(&text);
    let mut annotated = HashMap::new();
    for (line, fields) in (1..).zip(text.lines()).filter(|(_, fields)| !fields.trim().is_empty()) {
        let mut fields = fields.split('\t').map(str::trim);
        let (Some(name), Some(wnid)) = (fields.next(), fields.next()) else {
            problems.add(path, format!("line {line} has no image and WordNet id"));
            continue;
        };
        match photos::class_index(classes, wnid) {
            None => problems.add(path, format!("line {line} has the class {wnid:?}, which is not in {WNIDS}")),
            Some(class) => match annotated.entry(name.to_owned()) {
                Entry::Vacant(entry) => _ = entry.insert(class),
                Entry::Occupied(_) => problems.add(path, format!("line {line} has {name}, which an earlier line has")),
            },
        }
    }
    Ok(annotated)
}

/// A note on the files for readers of results.
fn note(found: [usize; 3]) -> String {
    let count = match found {
        OFFICIAL => String::new(),
        [classes, train, val] => {
            let [classes, train, val] = [classes, train, val].map(thousands);
            format!("{classes} classes with {train} + {val} images, not Tiny ImageNet's 200 with 100,000 + 10,000. ")
        }
    };
    format!("{count}No checksums of the official images are known, so these were checked to be whole images, no more.")
}

#[cfg(test)]
mod tests;
