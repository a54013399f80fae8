//! A researcher's own images, with a class each.
//!
//! The images lie below one folder (`path`, below the data folder), in one of three layouts:
//!
//! - `train/<class>/<image>`, and `test/<class>/<image>` or `val/<class>/<image>`. What lies beside these folders is left
//!   out.
//! - `<class>/<image>`; a part of each class is drawn as the test split (`test`, `split-seed`).
//! - Anywhere; a CSV (`labels`) has the path and the class of each image, and may have its split. Images that it does not
//!   list are left out and counted in the note.
//!
//! Images are JPEG, PNG, WebP, TIFF or BMP. Names that begin with a dot, and `Thumbs.db`, are left out, and so are files
//! beside the folders of classes that are not named like images. Any other file is a problem. Unlike torchvision's
//! `ImageFolder`, folders inside the folder of a class are problems too: if `path` were one level too high, their names
//! would be lost silently.
//!
//! Test images that are also in the train split are counted in the note; if they are at least half, the data set is
//! refused. Images in one folder whose names differ only in the ending are counted too.

mod by_csv;
mod by_folder;
mod unlabeled;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Result, ensure};
use sha2::{Digest, Sha256};

use crate::drawn;
use crate::images::Splits;
use crate::index::{Files, Found, photos};
use crate::known::{ANY_INPUT, Known, OnDisk};
use crate::overlap::Overlap;
use crate::problems::Problems;
use crate::{Look, Reader};
use pt4al_results::spec::{DrawnSplit, FolderLayout, FolderSpec, Normalize, Orientation, Storage, hex};
use pt4al_results::store::DataOrigin;
use pt4al_results::words::{listed, thousands};

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: NAME,
    what: "your own images of any size with a class each: train/<class>/ and test/<class>/, <class>/, or a CSV",
    source: "your own files",
    terms: "\"Your own images\" in docs/data.md says how they must lie",
    files: Some(OnDisk { folder: "", are_in: |dir| guess(dir).is_some(), verify, download: None }),
};

const NAME: &str = "folder";
const TRAIN: &str = "train";
/// The names that the folder of the test split may have.
const TEST: [&str; 2] = ["test", "val"];
/// What to do with the problems of files.
const REMEDY: &str = "correct or remove them (docs/data.md says how own images must lie)";

/// Images with their classes and splits, before their contents are checked.
struct Labeled {
    /// All images, below the folder of the data set.
    files: Files,
    classes: Vec<String>,
    /// `[n]`: the class of each image.
    labels: Vec<u16>,
    /// Indices of the images of the train split, ascending.
    train: Vec<u32>,
    /// Indices of the images of the test split, ascending.
    test: Vec<u32>,
    /// Sentences for readers of results.
    notes: Vec<String>,
    /// What decides labels and splits beside the paths, for the fingerprint.
    decided_by: Vec<u8>,
}

impl Reader for FolderSpec {
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits> {
        let root = locate(self, dir)?;
        let problems = Problems::default();
        let labeled = match self.layout() {
            FolderLayout::Splits => by_folder::splits(self, &root, &problems)?,
            FolderLayout::Classes(drawn) => by_folder::drawn(self, &root, drawn, &problems)?,
            FolderLayout::Labels(labels, drawn) => by_csv::find(self, &root, &root.join(labels), drawn, &problems)?,
        };
        finish(self, labeled, &root, look, problems)
    }

    fn unlabeled(&self, dir: &Path, look: &Look) -> Result<Splits> {
        unlabeled::unlabeled(self, dir, look)
    }
}

/// Checks the contents of the images, and makes the splits.
fn finish(spec: &FolderSpec, labeled: Labeled, root: &Path, look: &Look, problems: Problems) -> Result<Splits> {
    let Labeled { files, classes, labels, train, test, mut notes, decided_by } = labeled;
    let verified = look.verify(&files, NAME, &photos::check, &problems)?;
    problems.into_result(NAME, REMEDY)?;
    notes.extend(twins(&files));
    // If only names were looked at, there is nothing to compare.
    let found_at = |indices: &[u32]| -> Vec<Option<Found>> {
        indices.iter().filter_map(|&index| verified.found.get(index as usize).copied()).collect()
    };
    if let Some(overlap) = Overlap::of_files(&found_at(&train), &found_at(&test)) {
        let path_of = |index: u32| files.relative(index as usize).to_owned();
        let name = |[in_train, in_test]: [usize; 2]| [path_of(train[in_train]), path_of(test[in_test])];
        notes.push(overlap.note(&root.display().to_string(), "remove the copies", name)?);
    }
    let mut hash = Sha256::new();
    hash.update(&verified.fingerprint);
    hash.update(decided_by);
    let origin = DataOrigin {
        name: NAME.into(),
        pool: train.len(),
        test: test.len(),
        fingerprint: hex(&hash.finalize()[..8]),
        files: Vec::new(),
        note: notes.join(" "),
        classes: Vec::new(),
    };
    let files = Arc::new(files);
    let split_of = |indices: Vec<u32>| {
        let labels = indices.iter().map(|&index| labels[index as usize]).collect();
        photos::split_turned(&files, indices, labels, spec.input, spec.orientation)
    };
    Ok(Splits { train: split_of(train), test: split_of(test), classes, origin })
}

/// The folder of the images.
///
/// # Errors
/// If there is none.
fn locate(spec: &FolderSpec, dir: &Path) -> Result<PathBuf> {
    let root = if spec.path == "." { dir.to_owned() } else { dir.join(&spec.path) };
    ensure!(
        root.is_dir(),
        "{}: no such folder; name the folder of your images with `dataset.folder.path`, and the data folder that it is in \
         with --data or PT4AL_DATA",
        root.display()
    );
    Ok(root)
}

/// The class names in the order of their numbers: those of the spec, or else those that were `found`, sorted. `place` has
/// the classes, in messages.
///
/// # Errors
/// If there are fewer than two, or more than labels can number, or if the spec names others.
fn numbered(spec: &FolderSpec, found: Vec<String>, place: &Path) -> Result<Vec<String>> {
    photos::check_count(place, &found)?;
    let shown = place.display();
    if let Some(named) = &spec.classes {
        let missing: Vec<String> =
            named.iter().filter(|name| !found.contains(name)).map(|n| format!("{n:?}")).collect();
        ensure!(
            missing.is_empty(),
            "{shown}: no class {}, which `dataset.folder.classes` names; correct the names, or leave that key out",
            listed(&missing)
        );
        let others: Vec<String> = found.iter().filter(|name| !named.contains(name)).map(|n| format!("{n:?}")).collect();
        ensure!(
            others.is_empty(),
            "{shown}: has the class {}, which `dataset.folder.classes` does not name; add it, or remove its images",
            listed(&others)
        );
        return Ok(named.clone());
    }
    match found.as_slice() {
        [] => anyhow::bail!("{shown}: no classes in it; put the images of each class into a folder of its name"),
        [only] => anyhow::bail!("{shown}: {only:?} is the only class; a classification needs at least two"),
        _ => Ok(found),
    }
}

/// A drawn test split of images with these labels. Classes with a single image become problems at `place`.
fn draw(
    labels: &[u16],
    classes: &[String],
    drawn: DrawnSplit,
    place: &dyn Fn(&str) -> (PathBuf, String),
    problems: &Problems,
) -> [Vec<u32>; 2] {
    let split = drawn::split(labels, classes.len(), drawn.test, drawn.seed);
    for class in split.single {
        let (path, before) = place(&classes[class]);
        problems.add(&path, format!("{before}a single image, which cannot be both trained on and tested; add more"));
    }
    [split.train, split.test]
}

/// A sentence on images in one folder whose names differ only in their endings; `None` if there are none.
fn twins(files: &Files) -> Option<String> {
    let stem = |path: &str| path.rsplit_once('.').map_or(path.len(), |(stem, _)| stem.len());
    let mut stems: Vec<(&str, &str)> = files.iter().map(|path| (&path[..stem(path)], path)).collect();
    stems.sort_unstable();
    let mut pairs = stems.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let first = pairs.next()?;
    let count = 1 + pairs.count();
    let images = if count == 1 { "image has" } else { "images have" };
    Some(format!(
        "{} {images} the name of another image beside it, apart from the ending (for instance {} and {}): they may be \
         copies.",
        thousands(count),
        first[0].1,
        first[1].1
    ))
}

/// The layout that the files directly in a data folder have; `None` if they have none that is certain.
pub(crate) fn guess(dir: &Path) -> Option<FolderSpec> {
    let is_there = |name: &str| dir.join(name).is_dir();
    let spec = |labels: Option<&str>| FolderSpec {
        path: ".".into(),
        input: ANY_INPUT,
        test: None,
        split_seed: None,
        labels: labels.map(Into::into),
        classes: None,
        orientation: Orientation::default(),
        pool: None,
        pool_seed: 0,
        normalize: Normalize::imagenet(),
        storage: Storage::default(),
    };
    if is_there(TRAIN) && TEST.iter().any(|test| is_there(test)) {
        return Some(spec(None));
    }
    let labels = dir.join("labels.csv").is_file().then(|| spec(Some("labels.csv")))?;
    let draws = by_csv::has_split(&dir.join("labels.csv")) == Some(false);
    Some(if draws { FolderSpec { test: Some(0.2), split_seed: Some(0), ..labels } } else { labels })
}

/// Checks all images directly below a data folder, with a split that the check needs and does not report if there is none.
fn verify(data_dir: &Path) -> Result<DataOrigin> {
    let Some(spec) = guess(data_dir) else {
        anyhow::bail!(
            "{}: no folder {TRAIN}/ with {} beside it, and no labels.csv; name the folder of your images with --data",
            data_dir.display(),
            TEST.map(|name| format!("{name}/")).join(" or ")
        );
    };
    Ok(spec.checked(data_dir)?.origin)
}

#[cfg(test)]
mod tests;
