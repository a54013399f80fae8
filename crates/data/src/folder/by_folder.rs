//! Classes that are folders: `train/<class>/` and `test/<class>/`, or `<class>/` with a drawn test split.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use anyhow::{Result, bail, ensure};

use super::{Labeled, TEST, TRAIN, draw, numbered};
use crate::index::{ENDINGS, Files, has_image_ending, photos};
use crate::problems::Problems;
use pt4al_results::spec::{DrawnSplit, FolderSpec};

/// Finds `train/<class>/<image>`, and `test/<class>/<image>` or `val/<class>/<image>`.
///
/// # Errors
/// If the folders are not there, or their classes are not usable. What is wrong with single files and classes becomes
/// problems.
pub(super) fn splits(spec: &FolderSpec, root: &Path, problems: &Problems) -> Result<Labeled> {
    let train = root.join(TRAIN);
    if !train.is_dir() {
        bail!("{}", without_train(spec, root));
    }
    let Some(test_name) = test_folder(root)? else {
        bail!(
            "{}: no folder test/ or val/ beside train/; add one, or set `dataset.folder.path` to {:?}, `test` to 0.2 and \
             `split-seed` to 0 to draw a test split",
            root.display(),
            below(spec, TRAIN)
        );
    };
    let test = root.join(test_name);
    let found = photos::folders(&train)?;
    not_nested(&train, &found)?;
    let tested = photos::folders(&test)?;
    let classes = numbered(spec, found, &train)?;
    for other in tested.iter().filter(|name| !classes.contains(name)) {
        problems
            .add(&test.join(other), "a class that train/ does not have; add its images there, or remove the folder");
    }
    let (files, labels) = scan(spec, root, &[TRAIN, test_name], &classes, problems)?;
    let (mut of_train, mut of_test) = (Vec::new(), Vec::new());
    for (index, path) in (0..).zip(files.iter()) {
        let is_train = path.split('/').next() == Some(TRAIN);
        if is_train { of_train.push(index) } else { of_test.push(index) }
    }
    for (folder, indices) in [(&train, &of_train), (&test, &of_test)] {
        empty_classes(&labels, indices, &classes).for_each(|class| no_images(&folder.join(class), problems));
    }
    Ok(Labeled { files, classes, labels, train: of_train, test: of_test, notes: Vec::new(), decided_by: Vec::new() })
}

/// Finds `<class>/<image>`, and draws the test split.
///
/// # Errors
/// As for [`splits`].
pub(super) fn drawn(spec: &FolderSpec, root: &Path, drawn: DrawnSplit, problems: &Problems) -> Result<Labeled> {
    let found = photos::folders(root)?;
    let is_there = |name: &str| found.iter().any(|folder| folder == name);
    if let Some(test) = TEST.into_iter().find(|test| is_there(TRAIN) && is_there(test)) {
        bail!(
            "{}: has train/ and {test}/, which are splits and not classes; remove `dataset.folder.test` and `split-seed` to \
             use them",
            root.display()
        );
    }
    not_nested(root, &found)?;
    let classes = numbered(spec, found, root)?;
    let (files, labels) = scan(spec, root, &[], &classes, problems)?;
    let all: Vec<u32> = (0..).take(files.len()).collect();
    empty_classes(&labels, &all, &classes).for_each(|class| no_images(&root.join(class), problems));
    let [train, test] = draw(&labels, &classes, drawn, &|class| (root.join(class), String::new()), problems);
    Ok(Labeled { files, classes, labels, train, test, notes: Vec::new(), decided_by: Vec::new() })
}

/// The name of the folder of the test split; `None` if there is none.
///
/// # Errors
/// If there are two.
pub(super) fn test_folder(root: &Path) -> Result<Option<&'static str>> {
    let there: Vec<&str> = TEST.into_iter().filter(|name| root.join(name).is_dir()).collect();
    ensure!(
        there.len() < 2,
        "{}: has both test/ and val/; keep the one that models are to be tested on, and move the other out of the folder",
        root.display()
    );
    Ok(there.first().copied())
}

/// Finds the images in the folders of `classes`, in `root` or in the folders `tops` of it, with the class of each.
pub(super) fn scan(
    spec: &FolderSpec,
    root: &Path,
    tops: &[&str],
    classes: &[String],
    problems: &Problems,
) -> Result<(Files, Vec<u16>)> {
    let numbers: HashMap<&str, u16> = classes.iter().map(String::as_str).zip(0..).collect();
    let depth = usize::from(!tops.is_empty());
    let class_of = |path: &str| path.split('/').nth(depth).and_then(|name| numbers.get(name).copied());
    let (nested, first) = (Cell::new(0_usize), RefCell::new(None));
    let wanted = |path: &str| {
        let is_image = has_image_ending(path);
        match path.split('/').count() - depth {
            // Beside the folders of classes, other files are welcome.
            1 if is_image => problems.add(&root.join(path), "not in the folder of a class; move it into one"),
            1 => {}
            // A class that is a problem already.
            _ if class_of(path).is_none() => {}
            2 if is_image => return true,
            2 => problems.add(&root.join(path), format!("not an image by its name; read are {ENDINGS}")),
            _ if is_image => {
                nested.set(nested.get() + 1);
                first.borrow_mut().get_or_insert_with(|| path.to_owned());
            }
            _ => {}
        }
        false
    };
    let files = Files::scan_in(root, tops, &wanted, problems)?;
    if let (Some(first), count) = (first.into_inner(), nested.get()) {
        let class = first.split('/').take(depth + 1).collect::<Vec<_>>().join("/");
        if files.is_empty() {
            bail!(
                "{}: a folder of folders, but the folder of a class must hold its images; name the folder above the classes \
                 with `dataset.folder.path` (now {:?}), or list the images in a CSV (`dataset.folder.labels`)",
                root.join(class).display(),
                spec.path
            );
        }
        problems.add(
            &root.join(&first),
            format!(
                "in a folder inside the folder of a class (1 of {count} such images); move them up, or list all images in a \
                 CSV (`dataset.folder.labels`)"
            ),
        );
    }
    let labels = files.iter().map(|path| class_of(path).unwrap_or_default()).collect();
    Ok((files, labels))
}

fn no_images(folder: &Path, problems: &Problems) {
    // A consequence, because the folder may be one that cannot be listed.
    problems.add_consequence(folder, "no images of this class; add some, or remove the class everywhere");
}

/// The classes that none of the images `indices` has.
pub(super) fn empty_classes<'a>(
    labels: &[u16],
    indices: &[u32],
    classes: &'a [String],
) -> impl Iterator<Item = &'a String> {
    let mut counts = vec![0_usize; classes.len()];
    indices.iter().for_each(|&index| counts[usize::from(labels[index as usize])] += 1);
    classes.iter().zip(counts).filter(|(_, count)| *count == 0).map(|(class, _)| class)
}

/// Fails if the only folder in `place` has folders itself.
fn not_nested(place: &Path, folders: &[String]) -> Result<()> {
    if let [only] = folders {
        let inner = place.join(only);
        ensure!(
            photos::folders(&inner)?.is_empty(),
            "{}: the only folder in {}, and has folders itself: was an archive unpacked one level too deep? Move its folders \
             up, or name the right folder with `dataset.folder.path`",
            inner.display(),
            place.display()
        );
    }
    Ok(())
}

/// What is wrong with a folder without `train/`, and what to do.
fn without_train(spec: &FolderSpec, root: &Path) -> String {
    let folders = photos::folders(root).unwrap_or_default();
    let shown = root.display();
    if let Some(inner) = folders.iter().find(|name| root.join(name).join(TRAIN).is_dir()) {
        let path = below(spec, inner);
        return format!("{shown}: no folder train/ in it, but in {inner}/; set `dataset.folder.path` to {path:?}");
    }
    let holds_images = |name: &&String| {
        let entries = std::fs::read_dir(root.join(name)).into_iter().flatten().flatten();
        entries.take(100).any(|entry| has_image_ending(&entry.file_name().to_string_lossy()))
    };
    let remedy = if folders.iter().filter(holds_images).count() > 1 {
        "if its folders are classes, set `dataset.folder.test` to 0.2 and `split-seed` to 0 to draw a test split"
    } else {
        "put the images into train/<class>/ and test/<class>/ there, or name another folder with `dataset.folder.path`"
    };
    format!("{shown}: no folder train/ in it; {remedy}")
}

/// The value of `path` for a folder inside it.
fn below(spec: &FolderSpec, folder: &str) -> String {
    if spec.path == "." { folder.to_owned() } else { format!("{}/{folder}", spec.path.trim_end_matches('/')) }
}
