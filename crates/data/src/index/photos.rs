//! Data sets with an image per file, each in the folder of its class.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::{Files, Mark, left_out};
use crate::decode;
use crate::images::{Ids, Labels, Records, Source, Split};
use crate::problems::Problems;
use pt4al_results::spec::{Input, Orientation};

/// The names of the folders in `root`, in byte order, without those that [`Files::scan`] leaves out. Links to folders
/// count. A name that is not UTF-8 is left out here, because the scan reports it.
///
/// # Errors
/// If the folder cannot be listed.
pub(crate) fn folders(root: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(root).and_then(Iterator::collect::<std::io::Result<Vec<_>>>);
    let entries = entries.with_context(|| format!("{}: cannot be listed; check its permissions", root.display()))?;
    let folders = entries.iter().filter(|entry| !left_out(&entry.file_name()) && entry.path().is_dir());
    let mut names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort_unstable();
    Ok(names)
}

/// Finds the images `<class>/<image>` below `root`, and counts the images of other classes, which are left out. Any other
/// file in the folders of the classes, or beside them, is a problem; so is a class without images.
///
/// # Errors
/// As for [`Files::scan`].
pub(crate) fn scan(
    root: &Path,
    classes: &[String],
    is_image: &dyn Fn(&str) -> bool,
    problems: &Problems,
) -> Result<(Files, usize)> {
    let others = Cell::new(0);
    let wanted = |relative: &str| {
        let problem = |what| problems.add(&root.join(relative), what);
        match relative.split_once('/') {
            Some((class, name)) if class_index(classes, class).is_none() => {
                others.set(others.get() + usize::from(is_image(name)));
                return false;
            }
            Some((_, name)) if name.contains('/') => problem("in a folder inside the folder of a class"),
            Some((_, name)) if is_image(name) => return true,
            Some(_) => problem("not named like an image of this data set"),
            None => problem("not in the folder of a class"),
        }
        false
    };
    let files = Files::scan(root, &wanted, problems)?;
    let mut counts = vec![0_usize; classes.len()];
    labels(&files, classes).iter().for_each(|&class| counts[usize::from(class)] += 1);
    for (class, _) in classes.iter().zip(counts).filter(|(_, count)| *count == 0) {
        // A consequence, because the folder may be one that cannot be listed.
        problems.add_consequence(&root.join(class), "no images of this class");
    }
    Ok((files, others.into_inner()))
}

/// `[n]`: the class of each file that [`scan`] found, from its folder.
pub(crate) fn labels(files: &Files, classes: &[String]) -> Vec<u16> {
    let class = |path: &str| class_index(classes, path.split('/').next().unwrap_or_default());
    files.iter().map(|path| class(path).unwrap_or_default()).collect()
}

/// The index of a class in `classes`, which are sorted.
pub(crate) fn class_index(classes: &[String], class: &str) -> Option<u16> {
    classes.binary_search_by(|other| other.as_str().cmp(class)).ok().and_then(|index| u16::try_from(index).ok())
}

/// Checks that labels of 16 bits can number the classes.
///
/// # Errors
/// If there are too many classes.
pub(crate) fn check_count(root: &Path, classes: &[String]) -> Result<()> {
    let (count, most) = (classes.len(), u16::MAX);
    ensure!(count <= usize::from(most), "{}: {count} classes; at most {most} are supported", root.display());
    Ok(())
}

/// The check for [`super::verify`] that a file is an image that can be decoded.
pub(crate) fn check(_index: usize, bytes: &[u8]) -> Result<Mark, String> {
    decode::verify(bytes).map(|()| 0).map_err(|why| why.to_string())
}

/// A split of the files with these indices, with the class of each. Images are decoded when they are needed.
pub(crate) fn split(files: &Arc<Files>, indices: Vec<u32>, labels: Vec<u16>, input: Input) -> Split {
    split_turned(files, indices, labels, input, Orientation::AsStored)
}

/// [`split`], with the orientation of EXIF data as the spec wants it.
pub(crate) fn split_turned(
    files: &Arc<Files>,
    indices: Vec<u32>,
    labels: Vec<u16>,
    input: Input,
    orientation: Orientation,
) -> Split {
    let photos = Arc::new(Photos { files: Arc::clone(files), indices, input, orientation });
    Split {
        height: input.crop,
        width: input.crop,
        len: labels.len(),
        labels: Labels::Classes(labels),
        records: Records::Source(Arc::clone(&photos) as _),
        ids: Some(photos),
    }
}

#[derive(Debug)]
struct Photos {
    files: Arc<Files>,
    /// `[n]`: the index of each record's file.
    indices: Vec<u32>,
    input: Input,
    orientation: Orientation,
}

impl Ids for Photos {
    fn id(&self, index: usize) -> String {
        self.files.relative(self.indices[index] as usize).to_owned()
    }
}

impl Source for Photos {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        let file = self.indices[index] as usize;
        let bytes = self.files.read(file).map_err(|why| why.to_string());
        let decoded = bytes.and_then(|bytes| {
            decode::square_turned(&bytes, self.input, self.orientation, record).map_err(|why| why.to_string())
        });
        decoded.map_err(|why| {
            let path = self.files.path(file);
            anyhow::anyhow!(
                "{}: {why}, but it was usable when it was checked; restore it, then run again",
                path.display()
            )
        })
    }
}
