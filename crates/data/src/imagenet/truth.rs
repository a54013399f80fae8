//! `val/` without folders: the classes of its images are in a file.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::{Val, is_wnid, meta};
use crate::index::{Files, named_like_an_image, photos, read_small};
use crate::problems::Problems;

const DEVKIT: &str = "ILSVRC2012_devkit_t12/data";
const TRUTH: &str = "ILSVRC2012_validation_ground_truth.txt";
const META: &str = "meta.mat";
const KAGGLE: &str = "LOC_val_solution.csv";
const PREFIX: &str = "ILSVRC2012_val_";
/// The largest size of these files in bytes. The official ones have some 100,000 bytes, Kaggle's has two million.
const LARGEST: u64 = 64 << 20;

/// Finds the images of these classes in `<root>/val/`. An image that is only in the ground truth, or only in the folder,
/// is a problem.
pub(super) fn scan(root: &Path, classes: &[String], problems: &Problems) -> Result<Val> {
    let val = root.join("val");
    let (path, truth) = read(root)?;
    let unknown = RefCell::new(Vec::new());
    let others = Cell::new(0);
    let wanted = |relative: &str| {
        let wnid = number(relative).map(|number| truth.get(&number));
        match wnid {
            Some(Some(wnid)) if photos::class_index(classes, wnid).is_some() => return true,
            Some(Some(_)) => others.set(others.get() + 1),
            Some(None) => unknown.borrow_mut().push(relative.to_owned()),
            None => problems.add(&val.join(relative), "not named like ILSVRC2012_val_00000001.JPEG"),
        }
        false
    };
    let files = Files::scan(&val, &wanted, problems)?;
    // One problem with the ground truth, not one with each image: a person should not remove good images because of it.
    let unknown = unknown.into_inner();
    if let Some(first) = unknown.iter().min() {
        let count = unknown.len();
        problems.add(&path, format!("has no class for {count} images in val ({first} is the first): is it cut short?"));
    }

    let mut numbers = Vec::with_capacity(files.len());
    let mut labels = Vec::with_capacity(files.len());
    for path in files.iter() {
        let found = number(path).and_then(|number| Some((number, photos::class_index(classes, truth.get(&number)?)?)));
        let (number, label) =
            found.with_context(|| format!("{}: not in the ground truth", val.join(path).display()))?;
        numbers.push(number);
        labels.push(label);
    }
    // Paths may have another order, because a number may be written with more or fewer digits.
    numbers.sort_unstable();
    for twice in numbers.windows(2).filter(|pair| pair[0] == pair[1]) {
        problems.add(&val.join(name(twice[0])), "there under more than one name");
    }
    let mut counts = vec![0; classes.len()];
    for (&number, wnid) in &truth {
        let Some(class) = photos::class_index(classes, wnid) else { continue };
        counts[usize::from(class)] += 1;
        if numbers.binary_search(&number).is_err() {
            problems.add(&val.join(name(number)), "missing, though the ground truth has it");
        }
    }
    for (class, _) in classes.iter().zip(counts).filter(|(_, count)| *count == 0) {
        problems.add(&root.join("train").join(class), "a class that the ground truth of val does not have");
    }
    Ok(Val { files, labels, others: others.into_inner() })
}

/// The number in the name of an image.
fn number(name: &str) -> Option<u32> {
    let (stem, _) = name.rsplit_once('.').filter(|_| named_like_an_image(name))?;
    let digits = stem.strip_prefix(PREFIX)?;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn name(number: u32) -> String {
    format!("{PREFIX}{number:08}.JPEG")
}

/// The WordNet id of each image by its number, from the devkit or from Kaggle's file, and the path of that file.
pub(crate) fn read(root: &Path) -> Result<(PathBuf, HashMap<u32, String>)> {
    let (devkit, kaggle) = (root.join(DEVKIT), root.join(KAGGLE));
    if devkit.is_dir() {
        return Ok((devkit.join(TRUTH), from_devkit(&devkit)?));
    }
    if kaggle.exists() {
        let truth = from_kaggle(&kaggle)?;
        return Ok((kaggle, truth));
    }
    bail!(
        "{}: no folders of classes in it, and no ground truth for a flat one; unpack ILSVRC2012_devkit_t12.tar.gz from \
         https://image-net.org in {} (or put Kaggle's {KAGGLE} there), or sort the images into folders of classes",
        root.join("val").display(),
        root.display()
    )
}

/// Reads the devkit's ground truth. It has a line for each image, in order: the number of the image's class in `meta.mat`,
/// which does not follow the order of WordNet ids.
fn from_devkit(devkit: &Path) -> Result<HashMap<u32, String>> {
    let (truth, meta) = (devkit.join(TRUTH), devkit.join(META));
    let remedy = "unpack ILSVRC2012_devkit_t12.tar.gz from https://image-net.org again";
    let file = |path: &Path| read_small(path, LARGEST).map_err(|why| anyhow!("{}: {why}; {remedy}", path.display()));
    let wnids = meta::wnids(&file(&meta)?).map_err(|why| anyhow!("{}: {why}; {remedy}", meta.display()))?;
    let text = file(&truth)?;
    let text = String::from_utf8_lossy(&text);
    // An editor may have added a byte order mark at the start, or an empty line at the end.
    let lines = text.trim_start_matches('\u{feff}').trim_end().lines();
    let mut classes = HashMap::new();
    for (number, line) in (1..).zip(lines) {
        let wnid = line.trim().parse().ok().and_then(|id: u32| wnids.get(&id)).filter(|wnid| is_wnid(wnid));
        let Some(wnid) = wnid else {
            bail!("{}: line {number} is {line:?}, which is no class of meta.mat; {remedy}", truth.display())
        };
        classes.insert(number, wnid.clone());
    }
    ensure!(!classes.is_empty(), "{}: empty; {remedy}", truth.display());
    Ok(classes)
}

/// Reads Kaggle's `ImageId,PredictionString`, which has a class and a box for each object in the image. All objects of an
/// image have the same class.
fn from_kaggle(path: &Path) -> Result<HashMap<u32, String>> {
    let remedy = "restore it from Kaggle's ImageNet Object Localization Challenge";
    let text = read_small(path, LARGEST).map_err(|why| anyhow!("{}: {why}; {remedy}", path.display()))?;
    let mut classes: HashMap<u32, String> = HashMap::new();
    for (row, line) in csv::Reader::from_reader(text.as_slice()).records().zip(2..) {
        let row = row.map_err(|e| anyhow!("{}: {}; {remedy}", path.display(), pt4al_results::store::csv_fault(&e)))?;
        let number = row.get(0).and_then(|id| id.strip_prefix(PREFIX)?.parse::<u32>().ok());
        let wnid = row.get(1).and_then(|objects| objects.split_whitespace().next()).filter(|wnid| is_wnid(wnid));
        let (Some(number), Some(wnid)) = (number, wnid) else {
            bail!("{}: line {line} has no image and WordNet id; {remedy}", path.display())
        };
        let other = classes.insert(number, wnid.to_owned()).filter(|other| other != wnid);
        if let Some(other) = other {
            bail!(
                "{}: line {line} has {wnid} for an image that an earlier line has {other} for; {remedy}",
                path.display()
            );
        }
    }
    ensure!(!classes.is_empty(), "{}: empty; {remedy}", path.display());
    Ok(classes)
}
