//! Finds files. Folders are listed one after the other, which is fast. Sizes and times need a read from disk for each file,
//! so they are read in parallel.

use std::collections::HashMap;
use std::fs;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::{Entry, Files, left_out, named_like_an_image, times};
use crate::problems::Problems;

/// The largest depth of folders inside each other; no data set has so many.
const DEPTH: usize = 16;
/// The number of files whose sizes and times one thread reads at once.
const AT_ONCE: usize = 64;

/// Does the work of [`Files::scan_in`] for a folder that exists.
pub(super) fn walk(root: &Path, tops: &[&str], wanted: &dyn Fn(&str) -> bool, problems: &Problems) -> Files {
    let found = list(root, tops, wanted, problems);
    let mut order: Vec<u32> = (0..).take(found.ends.len()).collect();
    order.par_sort_unstable_by(|&a, &b| found.relative(a).cmp(found.relative(b)));
    let entry = |&index: &u32| {
        let path = root.join(found.relative(index));
        let known = fs::metadata(&path).map_err(|error| problems.add(&path, format!("cannot be read ({error})")));
        known.ok().map(|known| (index, Entry { end: 0, bytes: known.len(), times: times(&known) }))
    };
    let entries: Vec<(u32, Entry)> = order.par_iter().with_min_len(AT_ONCE).filter_map(entry).collect();
    drop(order);
    let (names, capacity) = (String::with_capacity(found.names.len()), entries.len());
    let mut files = Files { root: root.to_owned(), names, entries: Vec::with_capacity(capacity) };
    entries.into_iter().for_each(|(index, entry)| files.push(found.relative(index), entry));
    files
}

/// Relative paths, with `/` between names.
#[derive(Default)]
struct Found {
    /// All paths, one after the other.
    names: String,
    /// Where each path ends in `names`.
    ends: Vec<usize>,
}

impl Found {
    fn relative(&self, index: u32) -> &str {
        let index = index as usize;
        let start = index.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.names[start..self.ends[index]]
    }
}

/// The wanted files, in the order in which the walk finds them.
fn list(root: &Path, tops: &[&str], wanted: &dyn Fn(&str) -> bool, problems: &Problems) -> Found {
    let mut found = Found::default();
    let mut visited = Visited::default();
    let entries = WalkDir::new(root).follow_links(true).sort_by_file_name();
    let is_elsewhere =
        |entry: &DirEntry| entry.depth() == 1 && !tops.is_empty() && !tops.iter().any(|&top| entry.file_name() == top);
    let mut enter = |entry: &DirEntry| !is_elsewhere(entry) && follow(entry, &mut visited, problems);
    for entry in entries.into_iter().filter_entry(|entry| enter(entry)) {
        let entry = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry,
            Err(error) => {
                note_failure(&error, problems);
                continue;
            }
        };
        let path = entry.path();
        let Some(relative) = path.strip_prefix(root).ok().and_then(Path::to_str) else { continue };
        let relative = relative.replace(MAIN_SEPARATOR, "/");
        if !entry.file_type().is_file() {
            problems.add(path, "neither a file nor a folder");
        } else if wanted(&relative) {
            found.names.push_str(&relative);
            found.ends.push(found.names.len());
        }
    }
    found
}

/// The path at which each folder was found first, by its path without links.
type Visited = HashMap<PathBuf, PathBuf>;

/// Whether an entry counts; for a folder, whether the walk goes into it.
fn follow(entry: &DirEntry, visited: &mut Visited, problems: &Problems) -> bool {
    let (path, name) = (entry.path(), entry.file_name());
    let refuse = |why: String| {
        problems.add(path, why);
        false
    };
    if entry.depth() > 0 {
        if left_out(name) {
            return false;
        }
        let Some(name) = name.to_str() else { return refuse("its name is not UTF-8".into()) };
        if entry.file_type().is_dir() && named_like_an_image(name) {
            return refuse("a folder with the name of an image".into());
        }
    }
    if !entry.file_type().is_dir() {
        return true;
    }
    if entry.depth() > DEPTH {
        return refuse(format!("more than {DEPTH} folders inside each other"));
    }
    let real = match path.canonicalize() {
        Ok(real) => real,
        Err(error) => return refuse(format!("cannot be read ({error})")),
    };
    match visited.get(&real) {
        Some(first) => refuse(same_folder_as(first)),
        None => {
            visited.insert(real, path.to_owned());
            true
        }
    }
}

fn same_folder_as(first: &Path) -> String {
    format!("the same folder as {} (a symbolic link that leads back to it?)", first.display())
}

/// Notes an entry that the walk could not read.
fn note_failure(error: &walkdir::Error, problems: &Problems) {
    let Some(path) = error.path() else { return };
    if path.file_name().is_some_and(left_out) {
        return;
    }
    let cause = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
    let is_link = fs::symlink_metadata(path).is_ok_and(|link| link.is_symlink());
    problems.add(
        path,
        match error.loop_ancestor() {
            Some(ancestor) => same_folder_as(ancestor),
            None if path.is_dir() => format!("the folder cannot be listed ({cause})"),
            None if is_link => format!("a symbolic link that leads nowhere ({cause})"),
            None => format!("cannot be read ({cause})"),
        },
    );
}
