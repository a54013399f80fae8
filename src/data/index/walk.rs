//! Finding files, a folder's entries and its folders in parallel: on a network disk almost all time is spent waiting.

use std::collections::HashMap;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result};
use rayon::prelude::*;

use super::{Entry, Files, left_out, modified, named_like_an_image};
use crate::data::problems::Problems;

/// Folders inside each other that are followed; no data set has as many.
const DEPTH: usize = 16;
/// Files that one thread asks for at once.
const AT_ONCE: usize = 64;

/// [`Files::scan`] of a folder.
pub(super) fn walk(root: &Path, wanted: &(dyn Fn(&str) -> bool + Sync), problems: &Problems) -> Result<Files> {
    let real = root.canonicalize().with_context(|| format!("{}: cannot be found", root.display()))?;
    let walk = Walk { wanted, problems, found: Mutex::default(), visited: Mutex::default() };
    walk.visited.lock().unwrap_or_else(PoisonError::into_inner).insert(real.clone(), root.to_owned());
    walk.folder(&Folder { path: root.to_owned(), relative: String::new(), real, depth: 0 });
    Ok(in_order(root, walk.found.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

struct Walk<'a> {
    wanted: &'a (dyn Fn(&str) -> bool + Sync),
    problems: &'a Problems,
    found: Mutex<Vec<Files>>,
    /// Where each folder was met first, by its path without links.
    visited: Mutex<HashMap<PathBuf, PathBuf>>,
}

struct Folder {
    path: PathBuf,
    /// Below the root, with a `/` at its end; empty for the root.
    relative: String,
    /// Its path without links.
    real: PathBuf,
    depth: usize,
}

/// What is in a folder, or in a part of one.
struct Found {
    files: Files,
    folders: Vec<Folder>,
}

impl Walk<'_> {
    fn folder(&self, folder: &Folder) {
        let entries: Vec<DirEntry> = match fs::read_dir(&folder.path).and_then(Iterator::collect) {
            Ok(entries) => entries,
            Err(error) => return self.problems.add(&folder.path, format!("the folder cannot be listed ({error})")),
        };
        let parts: Vec<Found> = entries
            .par_iter()
            .with_min_len(AT_ONCE)
            .fold(Found::empty, |mut found, entry| {
                self.entry(folder, entry, &mut found);
                found
            })
            .collect();
        drop(entries);
        let mut folders = Vec::new();
        for part in parts {
            folders.extend(part.folders);
            if !part.files.is_empty() {
                self.found.lock().unwrap_or_else(PoisonError::into_inner).push(part.files);
            }
        }
        folders.par_iter().for_each(|folder| self.folder(folder));
    }

    fn entry(&self, folder: &Folder, entry: &DirEntry, found: &mut Found) {
        let (path, name) = (entry.path(), entry.file_name());
        if left_out(&name) {
            return;
        }
        let Some(name) = name.to_str() else {
            return self.problems.add(&path, "its name is not UTF-8");
        };
        let metadata = match fs::metadata(&path) {
            Ok(metadata) => metadata,
            Err(error) if fs::symlink_metadata(&path).is_ok_and(|link| link.is_symlink()) => {
                return self.problems.add(&path, format!("a symbolic link that leads nowhere ({error})"));
            }
            Err(error) => return self.problems.add(&path, format!("cannot be read ({error})")),
        };
        let relative = format!("{}{name}", folder.relative);
        if metadata.is_dir() {
            if named_like_an_image(name) {
                return self.problems.add(&path, "a folder with the name of an image");
            }
            if let Some(real) = self.first_visit(folder, entry, &path) {
                found.folders.push(Folder { path, relative: relative + "/", real, depth: folder.depth + 1 });
            }
        } else if !metadata.is_file() {
            self.problems.add(&path, "neither a file nor a folder");
        } else if (self.wanted)(&relative) {
            found.files.push(&relative, Entry { end: 0, bytes: metadata.len(), modified: modified(&metadata) });
        }
    }

    /// The path without links of a folder that is to be walked.
    fn first_visit(&self, parent: &Folder, entry: &DirEntry, path: &Path) -> Option<PathBuf> {
        if parent.depth + 1 > DEPTH {
            self.problems.add(path, format!("more than {DEPTH} folders inside each other"));
            return None;
        }
        let real = match entry.file_type() {
            Ok(kind) if !kind.is_symlink() => parent.real.join(entry.file_name()),
            _ => match path.canonicalize() {
                Ok(real) => real,
                Err(error) => {
                    self.problems.add(path, format!("cannot be read ({error})"));
                    return None;
                }
            },
        };
        let mut visited = self.visited.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(first) = visited.get(&real) {
            // Threads meet them in any order; the message is to be the same.
            let (first, again) = if first.as_path() < path { (first.as_path(), path) } else { (path, first.as_path()) };
            let what = format!("the same folder as {} (a symbolic link that leads back to it?)", first.display());
            self.problems.add(again, what);
            return None;
        }
        visited.insert(real.clone(), path.to_owned());
        Some(real)
    }
}

impl Found {
    fn empty() -> Self {
        Self { files: Files { root: PathBuf::new(), names: String::new(), entries: Vec::new() }, folders: Vec::new() }
    }
}

/// All parts as one, by path.
fn in_order(root: &Path, parts: Vec<Files>) -> Files {
    let total = parts.iter().map(Files::len).sum();
    let mut order: Vec<(u32, u32)> = Vec::with_capacity(total);
    for (part, files) in (0..).zip(&parts) {
        order.extend((0..).take(files.len()).map(|index| (part, index)));
    }
    let relative = |&(part, index): &(u32, u32)| parts[part as usize].relative(index as usize);
    order.par_sort_unstable_by(|a, b| relative(a).cmp(relative(b)));

    let bytes = parts.iter().map(|files| files.names.len()).sum();
    let (names, entries) = (String::with_capacity(bytes), Vec::with_capacity(total));
    let mut files = Files { root: root.to_owned(), names, entries };
    for at in &order {
        files.push(relative(at), parts[at.0 as usize].entries[at.1 as usize]);
    }
    files
}
