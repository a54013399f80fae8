//! Checksums of the files that values depend on. Each such file of a results folder, and of the cache of pretext losses, is
//! named in a list with its SHA-256. A file is compared with its list whenever it is read.
//!
//! The lists have the form of `sha256sum`, so that `sha256sum -c` checks them too. A list is written by one process only:
//!
//! ```text
//! checksums.sha256          the files that the driver writes: spec.toml, manifest.json, records.csv, pretext/, queried/ ...
//! queries/<trial>.sha256    the files that a trial writes: its queries, and its files below trials/
//! <name>.sha256             beside a file of a worker that belongs to no trial
//! ```
//!
//! Before a file is replaced, its list names the new checksum beside the old one. So a kill at any moment leaves a file that its
//! list knows. A file that no list names is not checked: folders of versions before 2026-11-28 have no lists.

mod commit;
mod list;

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use sha2::{Digest, Sha256};

pub use commit::{Staged, commit, list_unlisted};
pub(crate) use list::{Entry, List};

/// The name of the list of the driver's files.
pub const CHECKSUMS: &str = "checksums.sha256";

/// The ending of the other lists.
const ENDING: &str = "sha256";

/// The list of the files that are named like `path`: `queries/x.csv` has `queries/x.sha256`.
pub fn list_beside(path: &Path) -> PathBuf {
    path.with_extension(ENDING)
}

/// Reads a file and compares it with the list that names it, if there is one. `unread` makes the error of a file that cannot be
/// read.
///
/// # Errors
/// If the file cannot be read, or its contents are not those that pt4al wrote: one line with the file and what to do.
pub fn read_checked(path: &Path, unread: impl Fn(std::io::Error) -> anyhow::Error) -> Result<Vec<u8>> {
    let mut before = None;
    loop {
        let entry = entry(path)?;
        let bytes = std::fs::read(path).map_err(&unread)?;
        let Some(entry) = entry else { return Ok(bytes) };
        let sum = sum(&bytes);
        if entry.allows(&sum) {
            return Ok(bytes);
        }
        // A run may have replaced the file after its list was read. Then the list is another one by now.
        if before.as_ref() == Some(&entry) {
            return Err(Changed { path: path.to_owned() }.into());
        }
        before = Some(entry);
    }
}

/// As [`read_checked`], without returning the contents.
///
/// # Errors
/// As for [`read_checked`].
pub fn check(path: &Path) -> Result<()> {
    let unread = |e| anyhow!("{}: cannot be read ({e}); check the folder", path.display());
    read_checked(path, unread).map(drop)
}

/// Whether a file is there and has the contents that its list names, if a list names it.
pub fn is_intact(path: &Path) -> bool {
    check(path).is_ok()
}

/// Whether a list names a file with these contents.
///
/// # Errors
/// If a list is damaged.
pub(crate) fn allows(path: &Path, bytes: &[u8]) -> Result<bool> {
    Ok(entry(path)?.is_some_and(|entry| entry.allows(&sum(bytes))))
}

/// Whether a list names a file.
///
/// # Errors
/// If a list is damaged.
pub fn is_listed(path: &Path) -> Result<bool> {
    Ok(entry(path)?.is_some())
}

/// What the lists say about a file.
fn entry(path: &Path) -> Result<Option<Entry>> {
    for place in lists_of(path) {
        if let Some(list) = List::read(&place)?
            && let Some(entry) = list.entry(path)
        {
            return Ok(Some(entry.clone()));
        }
    }
    Ok(None)
}

/// The places of the lists that may name a file.
fn lists_of(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let above = folder.parent();
    let of_trial = above.filter(|above| above.file_name().is_some_and(|name| name == "trials")).and_then(|trials| {
        let mut name = folder.file_name()?.to_owned();
        name.push(".");
        name.push(ENDING);
        Some(trials.parent()?.join("queries").join(name))
    });
    let of_driver = [Some(folder), above].into_iter().flatten().map(|folder| folder.join(CHECKSUMS));
    std::iter::once(list_beside(path)).chain(of_trial).chain(of_driver).filter(|list| list != path).collect()
}

/// The error of a file whose contents are not those of its list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub path: PathBuf,
}

impl Changed {
    /// What is wrong, without what to do.
    pub fn fault(&self) -> String {
        format!("{}: is not as pt4al wrote it (its SHA-256 is another one)", self.path.display())
    }
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "{}; restore it, or type the command again that made it, which repairs what is certain; if it was changed on purpose: \
             pt4al verify RESULTS --accept REASON",
            self.fault()
        )
    }
}

impl std::error::Error for Changed {}

/// The SHA-256 in 64 hexadecimal digits.
pub(crate) fn sum(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

#[cfg(test)]
mod tests;
