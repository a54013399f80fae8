//! All images of a folder, without their classes: what is there to be labeled.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, ensure};

use super::by_folder::test_folder;
use super::{Labeled, TEST, TRAIN, finish, locate};
use crate::Look;
use crate::images::{Splits, UNKNOWN};
use crate::index::{ENDINGS, Files, has_image_ending, photos};
use crate::problems::Problems;
use pt4al_results::spec::FolderSpec;
use pt4al_results::words::thousands;

/// Finds and checks all images below the folder of `spec`, at any depth, and reads no labels of theirs: the train split is
/// the images below `train/` if there is such a folder, else all except those below `test/` and `val/`, each of the class
/// [`UNKNOWN`]. The test split is the images of `test/<class>/` or `val/<class>/`, with their classes; it is empty if there
/// is no such folder. The classes are those of the spec, or else the folders of the test split.
///
/// Files that are not named like images are left out and counted in the note.
///
/// # Errors
/// If there are no images, or with the list of the files that are not usable.
pub(super) fn unlabeled(spec: &FolderSpec, dir: &Path, look: &Look) -> Result<Splits> {
    let root = locate(spec, dir)?;
    let problems = Problems::default();
    let test_name = test_folder(&root)?;
    let mut classes = match test_name {
        Some(name) => photos::folders(&root.join(name))?,
        None => Vec::new(),
    };
    if let Some(named) = &spec.classes {
        for other in classes.iter().filter(|class| !named.contains(class)) {
            let path = root.join(test_name.unwrap_or_default()).join(other);
            problems.add(&path, "not one of `dataset.folder.classes`; add it there, or remove the folder");
        }
        classes.clone_from(named);
    }
    photos::check_count(&root, &classes)?;
    let numbers: HashMap<&str, u16> = classes.iter().map(String::as_str).zip(0..).collect();
    let has_train = root.join(TRAIN).is_dir();
    let tops: Vec<&str> = if has_train { [TRAIN].into_iter().chain(test_name).collect() } else { Vec::new() };

    let (others, first) = (Cell::new(0_usize), RefCell::new(None));
    let wanted = |path: &str| {
        let top = path.split_once('/').map_or("", |(top, _)| top);
        let is_test = TEST.contains(&top);
        let is_image = has_image_ending(path);
        if !is_image {
            others.set(others.get() + 1);
            first.borrow_mut().get_or_insert_with(|| path.to_owned());
            return false;
        }
        // Without a class, an image of the test split tests nothing.
        !is_test || test_class(path, &numbers).is_some()
    };
    let files = Files::scan_in(&root, &tops, &wanted, &problems)?;
    let label_of = |path: &str| if is_test(path) { test_class(path, &numbers).unwrap_or(UNKNOWN) } else { UNKNOWN };
    let labels: Vec<u16> = files.iter().map(label_of).collect();
    let (test, train): (Vec<u32>, Vec<u32>) =
        (0..).take(files.len()).partition(|&index| is_test(files.relative(index as usize)));
    ensure!(
        !train.is_empty() || !problems.is_empty(),
        "{}: no images below it; read are {ENDINGS}: name the folder of your images with `dataset.folder.path`",
        if has_train { root.join(TRAIN) } else { root.clone() }.display()
    );
    let notes = first.into_inner().map(|first| {
        let count = others.get();
        match count {
            1 => format!("1 file is not named like an image, and was left out (for instance {first})."),
            _ => format!(
                "{} files are not named like images, and were left out (for instance {first}).",
                thousands(count)
            ),
        }
    });
    let notes = notes.into_iter().collect();
    let labeled = Labeled { files, classes, labels, train, test, notes, decided_by: Vec::new() };
    finish(spec, labeled, &root, look, problems)
}

fn is_test(path: &str) -> bool {
    path.split_once('/').is_some_and(|(top, _)| TEST.contains(&top))
}

/// The class of `test/<class>/<image>`.
fn test_class(path: &str, numbers: &HashMap<&str, u16>) -> Option<u16> {
    let mut names = path.split('/').skip(1);
    let class = names.next().and_then(|name| numbers.get(name).copied());
    // An image directly in the folder has no class.
    names.next().and(class)
}
