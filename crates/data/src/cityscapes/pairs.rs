//! Which image has which label.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::Result;
use walkdir::{DirEntry, WalkDir};

use super::{IMAGES, LABELS};
use crate::decode;
use crate::index::{Files, LARGEST, read_small};
use crate::label_maps::{Naming, Pairs, entries};
use crate::problems::Problems;
use pt4al_results::spec::LabelFiles;

const LABEL_IDS: &str = "_gtFine_labelIds.png";
const LABEL_TRAIN_IDS: &str = "_gtFine_labelTrainIds.png";

/// One of the two folders, and how its files are named.
#[derive(Clone, Copy)]
pub(super) struct Tree {
    folder: &'static str,
    /// The end of the names of files that are read.
    pub suffix: &'static str,
    /// The ends of the names of files that may be there and are not read.
    known: &'static [&'static str],
}

impl Tree {
    const IMAGES: Self = Self { folder: IMAGES, suffix: "_leftImg8bit.png", known: &[] };

    pub(super) fn labels(files: LabelFiles) -> Self {
        let suffix = match files {
            LabelFiles::LabelIds => LABEL_IDS,
            LabelFiles::LabelTrainIds => LABEL_TRAIN_IDS,
        };
        let known = &[
            LABEL_IDS,
            LABEL_TRAIN_IDS,
            "_gtFine_color.png",
            "_gtFine_instanceIds.png",
            "_gtFine_instanceTrainIds.png",
            "_gtFine_polygons.json",
        ];
        Self { folder: LABELS, suffix, known }
    }

    /// `<city>/<name>` of a file that is read; `None` for other paths.
    fn key(self, relative: &str) -> Option<&str> {
        let key = relative.strip_suffix(self.suffix)?;
        let (city, name) = key.split_once('/')?;
        (!city.is_empty() && !name.is_empty() && !name.contains('/')).then_some(key)
    }

    fn knows(self, relative: &str) -> bool {
        relative.matches('/').count() == 1 && self.known.iter().any(|suffix| relative.ends_with(suffix))
    }

    /// Finds the files of one split that are read. A file that is not known by name becomes a problem.
    fn scan(self, folder: &Path, problems: &Problems) -> Result<Files> {
        let wanted = |relative: &str| {
            let wanted = self.key(relative).is_some();
            if !wanted && !self.knows(relative) {
                problems
                    .add(&folder.join(relative), format!("not expected here: the files are <city>/*{}", self.suffix));
            }
            wanted
        };
        Files::scan(folder, &wanted, problems)
    }
}

/// Height and width of the first training image whose header can be read.
pub(super) fn first_size(root: &Path) -> Option<[usize; 2]> {
    let mut images = ending(root.join(IMAGES).join("train"), Tree::IMAGES.suffix);
    images.find_map(|path| decode::size(&read_small(&path, LARGEST).ok()?).ok())
}

/// Whether training images have labels in this numbering.
pub(super) fn has(root: &Path, files: LabelFiles) -> bool {
    ending(root.join(LABELS).join("train"), Tree::labels(files).suffix).next().is_some()
}

/// The files below a folder whose names end with `suffix`, in the order of paths.
fn ending(folder: PathBuf, suffix: &'static str) -> impl Iterator<Item = PathBuf> {
    let paths = WalkDir::new(folder).follow_links(true).sort_by_file_name().into_iter().flatten();
    paths.map(DirEntry::into_path).filter(move |path| path.to_str().is_some_and(|path| path.ends_with(suffix)))
}

/// Notes unknown entries beside the splits in one of the two folders.
pub(super) fn check_top(folder: &Path, problems: &Problems) -> Result<()> {
    for (path, name) in entries(folder)? {
        let known = ["train", "val", "test", "train_extra", "demoVideo"].contains(&name.as_str());
        if !known && !name.starts_with("cityscapes_panoptic_") {
            problems.add(&path, "not expected here: the splits are train and val (and test, which is not read)");
        }
    }
    Ok(())
}

/// Finds the images of `split` and the label of each.
///
/// # Errors
/// If a folder cannot be listed. Anything else is noted as a problem.
pub(super) fn find(root: &Path, split: &str, files: LabelFiles, problems: &Problems) -> Result<Pairs> {
    let trees = [Tree::IMAGES, Tree::labels(files)];
    let folders = trees.map(|tree| root.join(tree.folder).join(split));
    let scan = |tree: usize| {
        let found = trees[tree].scan(&folders[tree], problems)?;
        note_empty(trees[tree], &folders[tree], &found, problems)?;
        anyhow::Ok(found)
    };
    let (images, labels) = (scan(0)?, scan(1)?);
    Ok(Pairs::find(images, labels, &Names { split, labels: trees[1] }, problems))
}

/// Notes a folder without files to read, or cities without such files.
fn note_empty(tree: Tree, folder: &Path, found: &Files, problems: &Problems) -> Result<()> {
    let suffix = tree.suffix;
    if found.is_empty() {
        let other = match suffix {
            LABEL_IDS => Some((LABEL_TRAIN_IDS, "label-train-ids")),
            LABEL_TRAIN_IDS => Some((LABEL_IDS, "label-ids")),
            _ => None,
        };
        let mut hint = String::new();
        if let Some((other, value)) = other {
            // Problems with the folder are noted already, so this list is dropped.
            let there = Files::scan(folder, &|relative| relative.ends_with(other), &Problems::default())?;
            if !there.is_empty() {
                hint = format!(", but {} *{other}: is `dataset.cityscapes.labels` \"{value}\"?", there.len());
            }
        }
        problems.add(folder, format!("no <city>/*{suffix} in it{hint}"));
        return Ok(());
    }
    let cities: HashSet<&str> = found.iter().filter_map(|path| path.split('/').next()).collect();
    for (path, name) in entries(folder)? {
        if path.is_dir() && !cities.contains(name.as_str()) {
            problems.add_consequence(&path, format!("a city without any *{suffix}"));
        }
    }
    Ok(())
}

/// The names of the pairs of one split.
struct Names<'a> {
    split: &'a str,
    labels: Tree,
}

impl Naming for Names<'_> {
    const LABEL: &'static str = "label";

    fn key_of_image<'a>(&self, relative: &'a str) -> Option<&'a str> {
        Tree::IMAGES.key(relative)
    }

    fn key_of_label<'a>(&self, relative: &'a str) -> Option<&'a str> {
        self.labels.key(relative)
    }

    fn image(&self, key: &str) -> String {
        format!("{IMAGES}/{}/{key}{}", self.split, Tree::IMAGES.suffix)
    }

    fn label(&self, key: &str) -> String {
        format!("{LABELS}/{}/{key}{}", self.split, self.labels.suffix)
    }
}
