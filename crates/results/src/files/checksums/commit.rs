//! Replaces files together with their checksums.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use tempfile::NamedTempFile;

use super::list::{Entry, List};
use super::sum;
use crate::files::atomic::{aside, behind_links, create_one, finish, unwritable};

/// A file that lies ready under a temporary name. Dropping it removes the temporary file.
#[derive(Debug)]
pub struct Staged {
    path: PathBuf,
    target: PathBuf,
    aside: NamedTempFile,
    /// `None`: computed from the file when its list needs it.
    sum: Option<String>,
}

impl Staged {
    /// Writes the new contents of the file `path` beside it. It makes the file's folder, but not the folder above that.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn new(path: &Path, bytes: &[u8]) -> Result<Self> {
        Self::in_folder(path, bytes, aside_in_new_folder)
    }

    /// As [`Staged::new`], for a file of the results folder itself, which it does not make: one that was removed during a run must not
    /// come back.
    ///
    /// # Errors
    /// If there is no such folder, or it cannot be written.
    pub fn in_root(path: &Path, bytes: &[u8]) -> Result<Self> {
        Self::in_folder(path, bytes, aside)
    }

    fn in_folder(
        path: &Path,
        bytes: &[u8],
        aside: impl FnOnce(&Path) -> std::io::Result<NamedTempFile>,
    ) -> Result<Self> {
        let target = behind_links(path);
        let attempt = || -> std::io::Result<NamedTempFile> {
            let mut aside = aside(&target)?;
            aside.write_all(bytes)?;
            finish(aside.as_file())?;
            Ok(aside)
        };
        let aside = attempt().map_err(|e| unwritable(path, &e))?;
        Ok(Self { path: path.to_owned(), target, aside, sum: Some(sum(bytes)) })
    }

    /// As [`Staged::new`], for contents that `write` writes to the path that it gets. The error of `write` is only the reason.
    ///
    /// # Errors
    /// If the folder or the file cannot be written.
    pub fn written_by(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<Self> {
        let target = behind_links(path);
        let aside = aside_in_new_folder(&target).map_err(|e| unwritable(path, &e))?;
        write(aside.path()).map_err(|e| {
            anyhow!("{}: cannot be written ({e:#}); free some disk space, then run again", path.display())
        })?;
        finish(aside.as_file()).map_err(|e| unwritable(path, &e))?;
        Ok(Self { path: path.to_owned(), target, aside, sum: None })
    }

    /// Replaces a file that no list names: one that has its own checksum.
    ///
    /// # Errors
    /// If it cannot be renamed.
    pub fn put_in_place(self) -> Result<()> {
        self.aside.persist(&self.target).map(drop).map_err(|e| unwritable(&self.path, &e.error))
    }

    fn sum(&self) -> Result<String> {
        match &self.sum {
            Some(sum) => Ok(sum.clone()),
            None => Ok(sum(&std::fs::read(self.aside.path()).map_err(|e| unwritable(&self.path, &e))?)),
        }
    }
}

fn aside_in_new_folder(target: &Path) -> std::io::Result<NamedTempFile> {
    if let Some(folder) = target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        create_one(folder)?;
    }
    aside(target)
}

/// Replaces files in their order and writes their checksums into `list`. The files `removed` are taken off the list and removed.
///
/// # Errors
/// If a file or the list cannot be written, or the list is damaged. Files before the one that failed are replaced.
pub fn commit(list: &Path, files: Vec<Staged>, removed: &[PathBuf]) -> Result<()> {
    let mut list = List::read(list)?.unwrap_or_else(|| List::empty(list));
    list.settle();
    let names: Vec<String> = files.iter().map(|file| list.name(&file.path)).collect();
    for (name, file) in names.iter().zip(&files) {
        // A file that no list names is in order until it is replaced.
        let unlisted = || Entry { now: std::fs::read(&file.target).ok().map(|bytes| sum(&bytes)), next: None };
        list.entries.entry(name.clone()).or_insert_with(unlisted).next = Some(file.sum()?);
    }
    if !files.is_empty() {
        list.write()?;
    }
    for file in files {
        file.aside.persist(&file.target).map_err(|e| unwritable(&file.path, &e.error))?;
    }
    for name in &names {
        let entry = list.entries.get_mut(name).expect("just inserted");
        entry.now = entry.next.take();
    }
    let gone: Vec<String> = removed.iter().map(|path| list.name(path)).collect();
    let forgotten = gone.iter().filter(|name| list.entries.remove(*name).is_some()).count();
    if !names.is_empty() || forgotten > 0 {
        list.write()?;
    }
    for path in removed {
        // A file that stays does no harm: no list names it, and nothing reads it.
        let _ = std::fs::remove_file(path);
    }
    Ok(())
}

/// Adds the checksums of files that are there and that no list names, as in folders of earlier versions.
///
/// # Errors
/// If the list is damaged or cannot be written.
pub fn list_unlisted(list: &Path, files: &[PathBuf]) -> Result<()> {
    let mut list = List::read(list)?.unwrap_or_else(|| List::empty(list));
    let before = list.entries.len();
    for path in files {
        if list.entry(path).is_none()
            && let Ok(bytes) = std::fs::read(path)
        {
            list.entries.insert(list.name(path), Entry { now: Some(sum(&bytes)), next: None });
        }
    }
    if list.entries.len() > before { list.write() } else { Ok(()) }
}
