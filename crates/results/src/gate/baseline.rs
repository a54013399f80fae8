//! Accepting results as the baseline that later ones are held against. A baseline is a plain results folder, without what
//! only a run needs, and with `baseline.json`: when it was accepted, why, and what had moved.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{Allowed, Gate, cells, page};
use crate::results::Results;
use crate::spec::load_resolved;
use crate::{machine, store};

/// The history of a baseline.
const HISTORY: &str = "baseline.json";

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Acceptance<'a> {
    /// The results folder.
    pub results: &'a Path,
    /// Where the baseline lies; `baseline/<its name>` beside the results without it.
    pub to: Option<&'a Path>,
    /// Why these curves are right now.
    pub reason: &'a str,
    /// Whether trials may be missing.
    pub partial: bool,
}

/// One entry of `baseline.json`, which is a list of them, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// RFC 3339, UTC.
    pub accepted: String,
    pub reason: String,
    /// Of the experiment's own protocol.
    pub spec_hash: String,
    /// The git revision that the last session ran; empty where it is not known.
    pub revision: String,
    /// `held: ...`, `moved: ...` or `could not compare: ...`, against the baseline whose place it took, whatever differed;
    /// empty for the first.
    pub summary: String,
    /// All cells that moved, each as in the summary.
    pub moved: Vec<String>,
}

/// Copies results to where the baseline lies, and gives that folder and the new entry of its history. A kill at any moment
/// leaves the old baseline or the new one; at the worst the old one has the name `.<name>.replaced`, and the next
/// acceptance puts it back first.
///
/// # Errors
/// One line: if there is no reason; if the results do not fit together, are not complete (unless partial ones are asked
/// for), are being made, or are the baseline itself; if the folder is of something else, or what a run works in or goes
/// on from, or cannot be written. The baseline stays as it was.
pub fn accept(asked: &Acceptance) -> Result<(PathBuf, Accepted)> {
    let reason = asked.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(!reason.is_empty(), "--reason: is empty; say why later results are to be held against these");
    let results = Results::read(asked.results)?;
    let _being_read = store::keep_runs_out(asked.results)?;
    if !asked.partial {
        ensure_complete(&results)?;
    }
    let place = Baseline::of(asked)?;
    let _alone = place.lock()?;
    let _being_replaced = if place.folder.exists() { store::keep_runs_out(&place.folder)? } else { None };
    place.ensure_replaceable(&results)?;
    place.restore()?;
    let mut history = place.history()?;
    let entry = place.entry(&results, reason);
    history.push(entry.clone());
    place.replace(asked.results, &history)?;
    Ok((place.folder, entry))
}

fn ensure_complete(results: &Results) -> Result<()> {
    const MOST: usize = 6;
    let metric = results.spec.dataset.task().primary_metric();
    let arms: Vec<String> = results.spec.arms().into_iter().map(|(label, _)| label).collect();
    let missing: Vec<String> = cells::incomplete(results, &arms, metric).into_iter().map(|(_, trial)| trial).collect();
    let more = if missing.len() > MOST { format!(" and {} more", missing.len() - MOST) } else { String::new() };
    ensure!(
        missing.is_empty(),
        "{}: {} of {} trials are not complete ({}{more}); finish them with `pt4al run`, or accept what there is with \
         --partial",
        results.folder.display(),
        missing.len(),
        results.spec.trials().len(),
        missing[..missing.len().min(MOST)].join(", ")
    );
    Ok(())
}

/// Where a baseline lies.
struct Baseline {
    folder: PathBuf,
    /// The folder that it is in.
    parent: PathBuf,
    name: String,
}

impl Baseline {
    fn of(asked: &Acceptance) -> Result<Self> {
        let shown = asked.results.display();
        let from =
            asked.results.canonicalize().map_err(|e| anyhow!("{shown}: cannot be read ({e}); check the folder"))?;
        let folder = match asked.to {
            Some(folder) => folder.to_owned(),
            None => {
                let (parent, name) = (from.parent(), from.file_name());
                let (Some(parent), Some(name)) = (parent, name) else {
                    bail!("{shown}: has no folder beside it; name one with --as")
                };
                ensure!(
                    parent.file_name().is_none_or(|name| name != "baseline"),
                    "{shown}: is a baseline already; name another folder with --as"
                );
                // As it was written, where that is so: messages are easier to read.
                let written = asked.results.parent().filter(|p| p.canonicalize().is_ok_and(|p| p == parent));
                written.unwrap_or(parent).join("baseline").join(name)
            }
        };
        let absolute = std::path::absolute(&folder).map_err(|e| anyhow!("--as {}: {e}", folder.display()))?;
        let to = absolute.canonicalize().unwrap_or_else(|_| absolute.clone());
        ensure!(
            !from.starts_with(&to) && !to.starts_with(&from),
            "{shown}: the baseline {} would be in its own results, or they in it; name another folder with --as",
            folder.display()
        );
        let is_other = to.exists()
            && !to.join("spec.toml").is_file()
            && std::fs::read_dir(&to).map_or(true, |mut entries| entries.next().is_some());
        ensure!(
            !is_other,
            "{}: is there and is no results folder, so it is not replaced; name another with --as",
            folder.display()
        );
        let parts =
            to.parent().map(Path::to_owned).zip(to.file_name().and_then(|name| name.to_str()).map(str::to_owned));
        let (parent, name) = parts.with_context(|| format!("--as {}: names no folder", folder.display()))?;
        Ok(Self { folder, parent, name })
    }

    /// Keeps another acceptance out, whose history this one would lose.
    fn lock(&self) -> Result<File> {
        std::fs::create_dir_all(&self.parent)
            .map_err(|e| anyhow!("{}: cannot be created ({e})", self.parent.display()))?;
        // The folder itself: a file of its own would be left beside the baselines.
        let shown = self.parent.display();
        let folder =
            File::open(&self.parent).map_err(|e| anyhow!("{shown}: cannot be read ({e}); check the folder"))?;
        match folder.try_lock() {
            Ok(()) => Ok(folder),
            Err(std::fs::TryLockError::WouldBlock) => {
                bail!("{shown}: another acceptance works on these baselines; wait for it, and accept again")
            }
            Err(std::fs::TryLockError::Error(e)) => {
                bail!("{shown}: cannot be locked ({e}); use a file system with locks")
            }
        }
    }

    /// Where the old baseline is for the moment in which the new one takes its place.
    fn aside(&self) -> PathBuf {
        self.parent.join(format!(".{}.replaced", self.name))
    }

    /// What is there is a baseline, or a copy of such results; nothing that a run goes on from.
    fn ensure_replaceable(&self, results: &Results) -> Result<()> {
        let shown = self.folder.display();
        for part in ["trials", "parts"] {
            ensure!(
                !self.folder.join(part).exists(),
                "{shown}: has {part}/, which a run goes on from, so it is not replaced; name another folder with --as"
            );
        }
        let spec = self.folder.join("spec.toml");
        if !spec.exists() || self.folder.join(HISTORY).exists() {
            return Ok(());
        }
        let (experiment, profile) = results.spec.identity();
        let is_same = load_resolved(&spec).is_ok_and(|spec| spec.identity() == (experiment, profile));
        let profile = if profile.is_empty() { String::new() } else { format!(", profile {profile}") };
        ensure!(
            is_same,
            "{shown}: is no baseline and not of {experiment}{profile}, so it is not replaced; name another folder with --as"
        );
        Ok(())
    }

    /// Takes up what a kill has left: an old baseline that nothing took the place of is one again.
    fn restore(&self) -> Result<()> {
        let aside = self.aside();
        if !aside.exists() {
            return Ok(());
        }
        let place = self.parent.join(&self.name);
        if place.exists() { std::fs::remove_dir_all(&aside) } else { std::fs::rename(&aside, &place) }
            .map_err(|e| anyhow!("{}: is left of a replacement and cannot be moved ({e}); move it", aside.display()))
    }

    fn history(&self) -> Result<Vec<Accepted>> {
        let path = self.folder.join(HISTORY);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => bail!("{}: cannot be read ({e}); check the folder", path.display()),
        };
        serde_json::from_str(&text).map_err(|e| {
            anyhow!(
                "{}: not the history of a baseline ({e}); restore it, or move it away to begin anew",
                path.display()
            )
        })
    }

    /// Held against the baseline that is there. One that cannot be read is a reason to accept another.
    fn entry(&self, results: &Results, reason: String) -> Accepted {
        let session = results.manifest.as_ref().and_then(|manifest| manifest.sessions.last());
        let check = self
            .folder
            .join("spec.toml")
            .exists()
            .then(|| Gate::of_folders(&results.folder, &self.folder, &Allowed::everything()));
        let tested = check.as_ref().and_then(|check| check.outcome.as_ref().ok());
        let moved = |tested| cells::Tested::moved(tested).map(|cell| page::cell_in_words(tested, cell)).collect();
        Accepted {
            accepted: machine::now(),
            reason,
            spec_hash: results.spec.hash(),
            revision: session.map(|session| session.revision.clone()).unwrap_or_default(),
            summary: check.as_ref().map(Gate::summary).unwrap_or_default(),
            moved: tested.map(moved).unwrap_or_default(),
        }
    }

    /// Copies `from` aside, and lets it and the folder that is there change places.
    fn replace(&self, from: &Path, history: &[Accepted]) -> Result<()> {
        let shown = self.folder.display();
        let attempt = || -> Result<()> {
            std::fs::create_dir_all(&self.parent)?;
            let prefix = format!(".{}.accepting-", self.name);
            remove_leftovers(&self.parent, &prefix);
            let new = tempfile::Builder::new().prefix(&prefix).tempdir_in(&self.parent)?;
            copy(from, new.path())?;
            store::write_atomically(&new.path().join(HISTORY), |out| {
                serde_json::to_writer_pretty(&mut *out, history)?;
                writeln!(out)
            })?;
            let (place, aside) = (self.parent.join(&self.name), self.aside());
            if place.exists() {
                std::fs::rename(&place, &aside)?;
            }
            // From here on it is the baseline's, and does not go with the variable.
            std::fs::rename(new.keep(), &place)?;
            if aside.exists() {
                std::fs::remove_dir_all(&aside)?;
            }
            Ok(())
        };
        attempt().map_err(|e| anyhow!("{shown}: cannot be written ({e:#}); check the folder, then accept again"))
    }
}

/// What killed acceptances have left. An hour is far longer than any copy takes.
fn remove_leftovers(parent: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix)) {
        let age = entry.metadata().ok().and_then(|m| m.modified().ok()).and_then(|t| t.elapsed().ok());
        if age.is_some_and(|age| age > Duration::from_secs(3600)) {
            // One that stays does no harm.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Everything but what only a run needs: its trials' own files, parts, locks and what is half written; and another
/// baseline's history.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let is_kept = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let is_history = entry.depth() == 1 && name == HISTORY;
        let of_run = entry.depth() == 1 && ["trials", "parts"].contains(&&*name) || name.starts_with('.');
        entry.depth() == 0 || !(of_run || is_history)
    };
    for entry in walkdir::WalkDir::new(from).follow_links(true).into_iter().filter_entry(is_kept) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&target)?;
        } else {
            std::fs::copy(entry.path(), &target).with_context(|| entry.path().display().to_string())?;
        }
    }
    readable_by_all(to)
}

/// Temporary folders are private; baselines are for everybody.
fn readable_by_all(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
