//! Data sets whose label maps are files of their own: which image has which label map ([`Pairs`]), and the records of a
//! split ([`split`]).

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};

use crate::decode::{self, NotAnImage};
use crate::images::{Ids, Labels, Records, Source, Split};
use crate::index::{Files, Found};
use crate::overlap::Overlap;
use crate::problems::Problems;

/// The images of a split with their label maps.
#[derive(Debug)]
pub(crate) struct Pairs {
    pub images: Files,
    pub labels: Files,
    /// `[n]`: the index of each image's label map. It has all images only if no problem was noted.
    pub label_of: Vec<usize>,
}

/// How the two files of a pair are named.
pub(crate) trait Naming {
    /// What a label map is called in messages, with its article.
    const LABEL: &'static str;

    /// What an image's name has in common with that of its label map; `None` for a file that is no image.
    fn key_of_image<'a>(&self, relative: &'a str) -> Option<&'a str>;

    /// What a label map's name has in common with that of its image; `None` for a file that is no label map.
    fn key_of_label<'a>(&self, relative: &'a str) -> Option<&'a str>;

    /// The path that the image with this key should have, for messages.
    fn image(&self, key: &str) -> String;

    /// The path that the label map with this key should have, for messages.
    fn label(&self, key: &str) -> String;
}

impl Pairs {
    /// Finds the label map of each image. A file without its partner becomes a problem, and so does a second file with the
    /// same key.
    pub fn find<N: Naming>(images: Files, labels: Files, naming: &N, problems: &Problems) -> Self {
        // If one folder is empty, every file of the other lacks its partner; the empty folder is a problem by itself.
        if images.is_empty() || labels.is_empty() {
            return Self { images, labels, label_of: Vec::new() };
        }
        let mut unused = by_key(&labels, |relative| naming.key_of_label(relative), problems);
        let known = by_key(&images, |relative| naming.key_of_image(relative), problems);
        let mut label_of = Vec::with_capacity(images.len());
        for index in 0..images.len() {
            let key = naming.key_of_image(images.relative(index)).unwrap_or_default();
            if known.get(key) != Some(&index) {
                continue;
            }
            match unused.remove(key) {
                Some(label) => label_of.push(label),
                None => {
                    let why = format!("an image without its {} {}", N::LABEL, naming.label(key));
                    problems.add_consequence(&images.path(index), why);
                }
            }
        }
        for (key, label) in unused {
            let why = format!("a {} without its image {}", N::LABEL, naming.image(&key));
            problems.add_consequence(&labels.path(label), why);
        }
        Self { images, labels, label_of }
    }
}

/// The index of the file with each key. A second file with the same key becomes a problem.
fn by_key<'a>(
    files: &'a Files,
    key_of: impl Fn(&'a str) -> Option<&'a str>,
    problems: &Problems,
) -> HashMap<String, usize> {
    let mut found = HashMap::new();
    for (index, key) in files.iter().enumerate().filter_map(|(index, path)| Some((index, key_of(path)?))) {
        match found.entry(key.to_owned()) {
            Entry::Vacant(place) => {
                place.insert(index);
            }
            Entry::Occupied(first) => {
                let why = format!(
                    "has the same name as {}, up to its ending; remove one of them",
                    files.relative(*first.get())
                );
                problems.add(&files.path(index), why);
            }
        }
    }
    found
}

/// The entries of a folder with their names, without files of the operating system.
///
/// # Errors
/// If the folder cannot be listed.
pub(crate) fn entries(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let unreadable = || format!("{}: the folder cannot be listed; check its permissions", folder.display());
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name != "Thumbs.db" {
            found.push((entry.path(), name));
        }
    }
    Ok(found)
}

/// Turns the values of label maps into classes.
pub(crate) trait Classes: Debug + Send + Sync {
    /// Replaces the values of a label map, `[height, width]`, by classes, or by [`crate::images::IGNORED`].
    ///
    /// # Errors
    /// Names a value that must not occur, and where it is.
    fn to_classes(&self, map: &mut [u8], width: usize) -> Result<(), String>;
}

/// The sizes of the images of a split.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    /// Height and width of all files; `None` if they differ. A label map always has the size of its image.
    pub files: Option<[usize; 2]>,
    /// Height and width after reading.
    pub stored: [usize; 2],
}

/// A split whose records are decoded from its files, in the order of the images. The names of images begin with `prefix`.
pub(crate) fn split<C: Classes + 'static>(pairs: Pairs, sizes: Sizes, classes: C, prefix: &str) -> Split {
    let ([height, width], len) = (sizes.stored, pairs.label_of.len());
    let source = Arc::new(InFiles { pairs, sizes, classes, prefix: prefix.to_owned() });
    let ids = Some(Arc::clone(&source) as _);
    Split { height, width, len, labels: Labels::Maps, records: Records::Source(source), ids }
}

/// Decodes records from the files of images and label maps.
#[derive(Debug)]
struct InFiles<C> {
    pairs: Pairs,
    sizes: Sizes,
    classes: C,
    prefix: String,
}

impl<C: Classes> Ids for InFiles<C> {
    fn id(&self, index: usize) -> String {
        format!("{}{}", self.prefix, self.pairs.images.relative(index))
    }
}

impl<C: Classes> Source for InFiles<C> {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        let Pairs { images, labels, label_of } = &self.pairs;
        let label = label_of[index];
        let (pixels, map) = record.split_at_mut(self.sizes.stored[0] * self.sizes.stored[1] * 3);
        let size = self.fill_image(index, pixels).map_err(|why| changed(images, index, &why))?;
        self.fill_map(label, size, map).map_err(|why| changed(labels, label, &why))
    }
}

impl<C: Classes> InFiles<C> {
    /// Decodes an image to its stored size, and returns its size on disk.
    fn fill_image(&self, image: usize, pixels: &mut [u8]) -> Result<[usize; 2], NotAnImage> {
        let bytes = self.pairs.images.read(image).map_err(NotAnImage)?;
        let size = self.sizes.files.map_or_else(|| decode::size(&bytes), Ok)?;
        decode::whole(&bytes, size, self.resize(), pixels).map(|()| size)
    }

    /// Decodes a label map, which must have `size` on disk, to classes.
    fn fill_map(&self, label: usize, size: [usize; 2], map: &mut [u8]) -> Result<(), NotAnImage> {
        let bytes = self.pairs.labels.read(label).map_err(NotAnImage)?;
        decode::label_map(&bytes, size, self.resize(), map)?;
        self.classes.to_classes(map, self.sizes.stored[1]).map_err(NotAnImage)
    }

    fn resize(&self) -> Option<[usize; 2]> {
        (self.sizes.files != Some(self.sizes.stored)).then_some(self.sizes.stored)
    }
}

/// The error for a file that was usable when it was checked.
fn changed(files: &Files, file: usize, why: &NotAnImage) -> anyhow::Error {
    anyhow!("{}: {why}, but it was usable when it was checked; restore it", files.path(file).display())
}

/// A note on images of the test split that are also in the train split: see [`Overlap::note`]. Splits come with their
/// names and the hashes of their images.
pub(crate) fn overlap_note(
    [(train_name, train, in_train), (test_name, test, in_test)]: [(&str, &Files, &[Option<Found>]); 2],
    remedy: &str,
) -> Result<Option<String>> {
    let Some(overlap) = Overlap::of_files(in_train, in_test) else { return Ok(None) };
    let name = |[train_index, test_index]: [usize; 2]| {
        [format!("{train_name}/{}", train.relative(train_index)), format!("{test_name}/{}", test.relative(test_index))]
    };
    overlap.note(&test.root().display().to_string(), remedy, name).map(Some)
}
