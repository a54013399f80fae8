//! Compares all files of a results folder with their checksums, and accepts files that were changed on purpose.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};

use super::{Edit, Manifest, keep_runs_out};
use crate::files::checksums::{CHECKSUMS, Entry, List, Staged, commit, list_beside, list_unlisted, sum};
use crate::machine;

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// The number of files that are as pt4al wrote them.
    pub intact: usize,
    /// What is wrong, one line each, by file.
    pub problems: Vec<String>,
    /// The files that no list names, relative to the folder.
    pub unlisted: Vec<String>,
}

/// What [`accept`] did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The files whose contents were accepted, or whose absence was, relative to the folder.
    pub changed: Vec<String>,
    /// The number of files that got their first checksum.
    pub added: usize,
}

/// Compares the files of a results folder with their checksums. Files below `trials/` may be missing, as in a folder that was
/// committed, and so may the sheet of thumbnails.
///
/// # Errors
/// If the folder does not exist.
pub fn verify(root: &Path) -> Result<Verification> {
    ensure!(root.is_dir(), "{}: no such results folder; `pt4al run` makes it", root.display());
    let mut found = Verification::default();
    for (place, files) in known_files(root) {
        let list = match List::read(&place) {
            Ok(list) => list.unwrap_or_else(|| List::empty(&place)),
            Err(error) => {
                found.problems.push(format!("{error:#}"));
                continue;
            }
        };
        for (name, entry) in &list.entries {
            let path = list.path_of(name);
            match std::fs::read(&path) {
                Ok(bytes) if entry.allows(&sum(&bytes)) => found.intact += 1,
                Ok(_) => found.problems.push(format!("{}: is not as pt4al wrote it", path.display())),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    if !may_be_missing(root, &path) {
                        found.problems.push(format!("{}: is missing", path.display()));
                    }
                }
                Err(e) => found.problems.push(format!("{}: cannot be read ({e})", path.display())),
            }
        }
        found.unlisted.extend(files.iter().filter(|file| list.entry(file).is_none()).map(|file| relative(root, file)));
    }
    Ok(found)
}

/// Writes checksums of all files as they are now. If a file differs from its list, the reason is noted in the manifest, and pages
/// show it.
///
/// # Errors
/// If the reason is empty, a run works on the folder, a changed folder has no manifest, or files cannot be written.
pub fn accept(root: &Path, reason: &str) -> Result<Accepted> {
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(!reason.is_empty(), "--accept: is empty; say why the files were changed");
    ensure!(root.is_dir(), "{}: no such results folder; `pt4al run` makes it", root.display());
    let _lock = keep_runs_out(root)?;
    let mut accepted = Accepted::default();
    let mut lists = Vec::new();
    for (place, files) in known_files(root) {
        let old = List::read(&place).unwrap_or_else(|_| {
            accepted.changed.push(relative(root, &place));
            None
        });
        let old = old.unwrap_or_else(|| List::empty(&place));
        let mut new = List { path: place, entries: BTreeMap::new() };
        for file in &files {
            let bytes = std::fs::read(file).map_err(|e| anyhow!("{}: cannot be read ({e})", file.display()))?;
            let now = sum(&bytes);
            match old.entry(file) {
                Some(entry) if entry.allows(&now) => {}
                Some(_) => accepted.changed.push(relative(root, file)),
                None => accepted.added += 1,
            }
            new.entries.insert(new.name(file), Entry { now: Some(now), next: None });
        }
        let lost = old.entries.keys().map(|name| old.path_of(name));
        let lost = lost.filter(|path| !path.exists() && !may_be_missing(root, path));
        accepted.changed.extend(lost.map(|path| relative(root, &path)));
        lists.push((old, new));
    }
    // The reason is noted before any list is replaced: a kill leaves nothing accepted without it.
    if !accepted.changed.is_empty() {
        note(root, &accepted.changed, reason)?;
    }
    for (old, mut new) in lists {
        let manifest = root.join("manifest.json");
        if let (Some(entry), Ok(bytes)) = (new.entries.get_mut(&new.name(&manifest)), std::fs::read(&manifest)) {
            entry.now = Some(sum(&bytes));
        }
        if new.entries != old.entries {
            new.write()?;
        }
    }
    Ok(accepted)
}

/// The listed files of a results folder that are not there, relative to the folder; damaged lists are left out.
pub(crate) fn missing_files(root: &Path) -> Vec<String> {
    let lists = known_files(root).into_iter().map(|(list, _)| list);
    let mut missing: Vec<String> = lists
        .filter_map(|list| List::read(&list).ok().flatten())
        .flat_map(|list| list.entries.keys().map(|name| list.path_of(name)).collect::<Vec<_>>())
        .filter(|path| !path.exists() && !may_be_missing(root, path))
        .map(|path| relative(root, &path))
        .collect();
    missing.sort();
    missing.dedup();
    missing
}

/// The lists of trials, also of those whose queries are missing.
fn trial_lists(root: &Path) -> Vec<PathBuf> {
    files_in(&root.join("queries"), "sha256")
}

/// Gives the files of a results folder that no list names their checksums, as in folders of earlier versions.
///
/// # Errors
/// If a list is damaged or cannot be written.
pub(super) fn list_all(root: &Path) -> Result<()> {
    for queries in files_in(&root.join("queries"), "csv") {
        list_unlisted(&list_beside(&queries), &trial_files(root, queries.clone()))?;
    }
    list_unlisted(&root.join(CHECKSUMS), &driver_files(root))
}

/// Undoes [`gather_lists`] before a run: each trial whose queries the folder's list names gets a list of its own, which its process will
/// write.
///
/// # Errors
/// If a list is damaged or cannot be written.
pub(super) fn spread_lists(root: &Path) -> Result<()> {
    let Some(mut whole) = List::read(&root.join(CHECKSUMS))? else { return Ok(()) };
    let names: Vec<String> = whole.entries.keys().filter(|name| name.starts_with("queries/")).cloned().collect();
    for name in &names {
        let queries = whole.path_of(name);
        let path = list_beside(&queries);
        let mut own = List::read(&path)?.unwrap_or_else(|| List::empty(&path));
        if own.entry(&queries).is_none() {
            own.entries.insert(own.name(&queries), whole.entries[name].clone());
            own.write()?;
        }
    }
    whole.entries.retain(|name, _| !names.contains(name));
    if names.is_empty() { Ok(()) } else { whole.write() }
}

/// Moves the checksums of queries from the lists of trials into that of the folder. It is for a copy that no run works on: one list
/// in place of many.
///
/// # Errors
/// If a list is damaged, or cannot be written or removed.
pub(crate) fn gather_lists(root: &Path) -> Result<()> {
    let driver = root.join(CHECKSUMS);
    let mut whole = List::read(&driver)?.unwrap_or_else(|| List::empty(&driver));
    let lists = trial_lists(root);
    for path in &lists {
        let queries = path.with_extension("csv");
        if let Some(entry) = List::read(path)?.and_then(|list| list.entry(&queries).cloned()) {
            whole.entries.insert(whole.name(&queries), entry);
        }
    }
    whole.write()?;
    for path in &lists {
        std::fs::remove_file(path).map_err(|e| anyhow!("{}: cannot be removed ({e}); remove it", path.display()))?;
    }
    Ok(())
}

/// Notes in the manifest that files were changed.
fn note(root: &Path, files: &[String], reason: String) -> Result<()> {
    let path = root.join("manifest.json");
    let bytes = std::fs::read(&path)
        .with_context(|| format!("{}: is needed to note the reason in it; restore it", path.display()))
        .map_err(|e| anyhow!("{e:#}"))?;
    let mut manifest = Manifest::parse(&bytes, &path)?;
    manifest.edits.push(Edit { accepted: machine::now(), reason, files: files.to_vec() });
    let list = root.join(CHECKSUMS);
    if List::read(&list).is_err() {
        // A damaged list is written anew after this.
        return manifest.write(&path);
    }
    commit(&list, vec![Staged::in_root(&path, &manifest.to_bytes())?], &[])
}

/// The lists of a results folder, whether or not they exist, with the files that are there for them to name.
fn known_files(root: &Path) -> Vec<(PathBuf, Vec<PathBuf>)> {
    let mut whole = driver_files(root);
    let mut lists = Vec::new();
    for file in files_in(&root.join("queries"), "csv") {
        // A folder that no run has worked on has no lists of trials.
        let is_of_run = list_beside(&file).exists() || root.join("trials").exists();
        if is_of_run {
            lists.push((list_beside(&file), trial_files(root, file)));
        } else {
            whole.push(file);
        }
    }
    lists.insert(0, (root.join(CHECKSUMS), whole));
    let without_queries = trial_lists(root).into_iter().filter(|list| !list.with_extension("csv").exists());
    lists.extend(without_queries.map(|list| (list, Vec::new())).collect::<Vec<_>>());
    lists.extend(files_in(&root.join("parts"), "csv").into_iter().map(|file| (list_beside(&file), vec![file])));
    lists
}

/// The driver's files of a results folder that values depend on, and that are there.
pub(crate) fn driver_files(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        ["spec.toml", "manifest.json", "records.csv", "epochs.csv", "losses.csv"].map(|name| root.join(name)).into();
    if root.join("losses.csv").exists() {
        // The summary of a correlation, which the page of all claims reads.
        files.push(root.join("summary.csv"));
    }
    files.extend(files_in(&root.join("pretext"), "csv"));
    files.extend(["classes.csv", "thumbnails.csv", "thumbnails.jpg"].map(|name| root.join("queried").join(name)));
    files.retain(|file| file.is_file());
    files
}

/// The files of a trial that are there. `queries` is one of them.
fn trial_files(root: &Path, queries: PathBuf) -> Vec<PathBuf> {
    let folder = root.join("trials").join(queries.file_stem().unwrap_or_default());
    let mut files = vec![queries, folder.join("records.csv"), folder.join("epochs.csv")];
    files.extend(files_in(&folder, "safetensors").into_iter().filter(|file| {
        // A checkpoint has its own checksum.
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("weights-"))
    }));
    files.retain(|file| file.is_file());
    files
}

/// The files of a folder with an ending, sorted.
fn files_in(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| {
        let is_hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        !is_hidden && path.extension().is_some_and(|own| own == ending)
    });
    files.sort();
    files
}

/// Whether a listed file may be missing: what only a run needs, in a folder that was committed or copied without it.
fn may_be_missing(root: &Path, path: &Path) -> bool {
    let in_trials = path.starts_with(root.join("trials"));
    in_trials && path.parent().is_some_and(|folder| !folder.exists()) || path.ends_with("queried/thumbnails.jpg")
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}
