//! Images in files, each in the folder of its class.

use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};

use super::{Files, Mark, left_out};
use crate::decode;
use crate::images::{Labels, Records, Source, Split};
use crate::problems::Problems;
use pt4al_results::spec::Input;

/// The names of the folders in `root`, in byte order, without those that [`Files::scan`] leaves out; links to folders
/// count. A name that is not UTF-8 is left to the scan, which tells of it.
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

/// The images `<class>/<image>` below `root`, and how many are left out because their class is not `wanted`. Any other
/// file of these classes, or beside them, is a problem; so is a class without images.
///
/// # Errors
/// As [`Files::scan`].
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
            Some((class, name)) if position(classes, class).is_none() => {
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
        // As when its folder cannot be listed.
        problems.add_consequence(&root.join(class), "no images of this class");
    }
    Ok((files, others.into_inner()))
}

/// `[n]`: the class of each file of [`scan`], by its folder.
pub(crate) fn labels(files: &Files, classes: &[String]) -> Vec<u16> {
    let class = |path: &str| position(classes, path.split('/').next().unwrap_or_default());
    files.iter().map(|path| class(path).unwrap_or_default()).collect()
}

/// Where a class is among all, which are in order.
pub(crate) fn position(classes: &[String], class: &str) -> Option<u16> {
    classes.binary_search_by(|other| other.as_str().cmp(class)).ok().and_then(|at| u16::try_from(at).ok())
}

/// Labels are numbers of 16 bits.
///
/// # Errors
/// If there are more classes than that.
pub(crate) fn check_count(root: &Path, classes: &[String]) -> Result<()> {
    let (count, most) = (classes.len(), u16::MAX);
    ensure!(count <= usize::from(most), "{}: {count} classes; at most {most} are supported", root.display());
    Ok(())
}

/// Whether bytes are an image that can be decoded: for [`super::verify`].
pub(crate) fn check(_index: usize, bytes: &[u8]) -> Result<Mark, String> {
    decode::verify(bytes).map(|()| 0).map_err(|why| why.to_string())
}

/// A split of the files at `positions`, with the class of each, decoded when they are asked for.
pub(crate) fn split(files: &Arc<Files>, positions: Vec<u32>, labels: Vec<u16>, input: Input) -> Split {
    Split {
        height: input.crop,
        width: input.crop,
        len: labels.len(),
        labels: Labels::Classes(labels),
        records: Records::Source(Arc::new(Photos { files: Arc::clone(files), positions, input })),
    }
}

#[derive(Debug)]
struct Photos {
    files: Arc<Files>,
    /// Which of the files each record is.
    positions: Vec<u32>,
    input: Input,
}

impl Source for Photos {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        let file = self.positions[index] as usize;
        let bytes = self.files.read(file).map_err(|why| why.to_string());
        let decoded = bytes.and_then(|bytes| decode::square(&bytes, self.input, record).map_err(|why| why.to_string()));
        decoded.map_err(|why| {
            let path = self.files.path(file);
            anyhow::anyhow!("{}: {why}, though it was checked before; restore it, then run again", path.display())
        })
    }
}
