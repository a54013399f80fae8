//! Accepts results as the baseline with which later results are compared. A baseline is a results folder without the
//! files that only a run needs, and with a history, `baseline.json`: when and why it was accepted, and which cells had
//! moved.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use super::{Allowed, Gate, cells, page};
use crate::results::Results;
use crate::spec::load_resolved;
use crate::{files, machine, store};

/// The file with the history of a baseline.
const HISTORY: &str = "baseline.json";

/// A request to accept results as a baseline.
#[derive(Clone, Debug)]
pub struct Acceptance<'a> {
    /// The results folder.
    pub results: &'a Path,
    /// The folder of the baseline; by default `baseline/<name of the results>` beside the results.
    pub to: Option<&'a Path>,
    /// Why these results are the new baseline.
    pub reason: &'a str,
    /// Whether trials and rounds may be missing.
    pub partial: bool,
}

/// One entry of `baseline.json`, which is a list of them, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// When the results were accepted: RFC 3339, UTC.
    pub accepted: String,
    /// Why, on one line.
    pub reason: String,
    /// The hash of the experiment's own protocol.
    pub spec_hash: String,
    /// The git revision of the program in the last session; empty if it is not known.
    pub revision: String,
    /// The gate's summary against the replaced baseline, with every difference allowed: `held: ...`, `moved: ...` or
    /// `could not compare: ...`. Empty for the first baseline.
    pub summary: String,
    /// All cells that moved, in the words of the summary.
    pub moved: Vec<String>,
}

/// Copies results to the folder of the baseline. Returns that folder and the new entry of its history. A kill at any
/// moment leaves the old baseline or the new one. At worst, the old one has been renamed to `.<name>.replaced`; the
/// next acceptance renames it back first.
///
/// # Errors
/// One line, and the baseline stays as it was: if there is no reason; if the results are invalid, incomplete (unless
/// partial results are accepted), being written by a run, or the baseline itself; if the baseline's folder holds
/// something else or files that a run works with, or cannot be written.
pub fn accept(acceptance: &Acceptance) -> Result<(PathBuf, Accepted)> {
    let reason = acceptance.reason.split_whitespace().collect::<Vec<_>>().join(" ");
    ensure!(!reason.is_empty(), "--reason: is empty; say why these results are the new baseline");
    let results = Results::read(acceptance.results)?;
    let _lock_of_results = store::keep_runs_out(acceptance.results)?;
    if let Some(problem) = store::verify(acceptance.results)?.problems.first() {
        bail!("{problem}; repeat the same `pt4al run`, which repairs what is certain, or see `pt4al verify`");
    }
    if !acceptance.partial {
        ensure_complete(&results)?;
    }
    let baseline = Baseline::of(acceptance)?;
    let _lock_of_acceptances = baseline.lock()?;
    let _lock_of_baseline = if baseline.folder.exists() { store::keep_runs_out(&baseline.folder)? } else { None };
    baseline.ensure_replaceable(&results)?;
    baseline.restore()?;
    let mut history = baseline.history()?;
    let entry = baseline.entry(&results, reason);
    history.push(entry.clone());
    baseline.replace(acceptance.results, &history)?;
    Ok((baseline.folder, entry))
}

fn ensure_complete(results: &Results) -> Result<()> {
    const MOST: usize = 6;
    let metric = results.spec.dataset.task().primary_metric();
    let arms: Vec<String> = results.spec.arms().into_iter().map(|(label, _)| label).collect();
    let missing: Vec<String> = cells::incomplete(results, &arms, metric).into_iter().map(|(_, trial)| trial).collect();
    let more = if missing.len() > MOST { format!(" and {} more", missing.len() - MOST) } else { String::new() };
    ensure!(
        missing.is_empty(),
        "{}: {} of {} trials are not complete ({}{more}); finish them with `pt4al run`, or accept them as they are \
         with --partial",
        results.folder.display(),
        missing.len(),
        results.spec.trials().len(),
        missing[..missing.len().min(MOST)].join(", ")
    );
    Ok(())
}

/// The folder of a baseline.
struct Baseline {
    /// The folder as the user wrote it, for messages.
    folder: PathBuf,
    /// The absolute path of the folder that contains it.
    parent: PathBuf,
    /// Its name in `parent`.
    name: String,
}

impl Baseline {
    fn of(acceptance: &Acceptance) -> Result<Self> {
        let shown = acceptance.results.display();
        let from = acceptance
            .results
            .canonicalize()
            .map_err(|e| anyhow!("{shown}: cannot be read ({e}); check the folder"))?;
        let folder = match acceptance.to {
            Some(folder) => folder.to_owned(),
            None => {
                let (parent, name) = (from.parent(), from.file_name());
                let (Some(parent), Some(name)) = (parent, name) else {
                    bail!("{shown}: there is no folder for the baseline beside it; name one with --as")
                };
                ensure!(
                    parent.file_name().is_none_or(|name| name != "baseline"),
                    "{shown}: is a baseline already; name another folder with --as"
                );
                // The path as the user wrote it, if possible: messages are easier to read.
                let written = acceptance.results.parent().filter(|p| p.canonicalize().is_ok_and(|p| p == parent));
                written.unwrap_or(parent).join("baseline").join(name)
            }
        };
        let absolute = std::path::absolute(&folder).map_err(|e| anyhow!("--as {}: {e}", folder.display()))?;
        let to = absolute.canonicalize().unwrap_or_else(|_| absolute.clone());
        ensure!(
            !from.starts_with(&to) && !to.starts_with(&from),
            "{shown}: the baseline {} and its results would be inside each other; name another folder with --as",
            folder.display()
        );
        let is_other = to.exists()
            && !to.join("spec.toml").is_file()
            && std::fs::read_dir(&to).map_or(true, |mut entries| entries.next().is_some());
        ensure!(
            !is_other,
            "{}: exists and is no results folder, so it is not replaced; name another with --as",
            folder.display()
        );
        let parts =
            to.parent().map(Path::to_owned).zip(to.file_name().and_then(|name| name.to_str()).map(str::to_owned));
        let (parent, name) = parts.with_context(|| format!("--as {}: names no folder", folder.display()))?;
        Ok(Self { folder, parent, name })
    }

    /// Keeps other acceptances out: this one would lose their history.
    fn lock(&self) -> Result<File> {
        std::fs::create_dir_all(&self.parent)
            .map_err(|e| anyhow!("{}: cannot be created ({e})", self.parent.display()))?;
        // Locks the folder itself: a lock file would be left beside the baselines.
        let shown = self.parent.display();
        let folder =
            File::open(&self.parent).map_err(|e| anyhow!("{shown}: cannot be read ({e}); check the folder"))?;
        match folder.try_lock() {
            Ok(()) => Ok(folder),
            Err(std::fs::TryLockError::WouldBlock) => {
                bail!(
                    "{shown}: another `pt4al baseline accept` works on these baselines; wait for it, and accept again"
                )
            }
            Err(std::fs::TryLockError::Error(e)) => {
                bail!("{shown}: cannot be locked ({e}); use a file system with locks")
            }
        }
    }

    /// The path of the old baseline while the new one is moved into place.
    fn aside(&self) -> PathBuf {
        self.parent.join(format!(".{}.replaced", self.name))
    }

    /// Refuses to replace a folder unless it is a baseline or a copy of results of the same experiment, without files
    /// from which a run can continue.
    fn ensure_replaceable(&self, results: &Results) -> Result<()> {
        let shown = self.folder.display();
        for part in ["trials", "parts"] {
            ensure!(
                !self.folder.join(part).exists(),
                "{shown}: has {part}/, from which a run can continue, so it is not replaced; name another folder with --as"
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
            "{shown}: is no baseline and has other results than {experiment}{profile}, so it is not replaced; name another folder \
             with --as"
        );
        Ok(())
    }

    /// Cleans up after a kill: an old baseline that was moved aside and not replaced is moved back.
    fn restore(&self) -> Result<()> {
        let aside = self.aside();
        if !aside.exists() {
            return Ok(());
        }
        let place = self.parent.join(&self.name);
        if place.exists() { std::fs::remove_dir_all(&aside) } else { std::fs::rename(&aside, &place) }.map_err(|e| {
            anyhow!("{}: is left over from a replacement and cannot be moved ({e}); move it", aside.display())
        })
    }

    /// Reads the history; empty if there is none.
    fn history(&self) -> Result<Vec<Accepted>> {
        let path = self.folder.join(HISTORY);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => bail!("{}: cannot be read ({e}); check the folder", path.display()),
        };
        serde_json::from_str(&text).map_err(|e| {
            anyhow!(
                "{}: not the history of a baseline ({e}); restore it, or move it away to start a new one",
                path.display()
            )
        })
    }

    /// The new entry of the history, with the gate's outcome against the existing baseline. A baseline that cannot be
    /// read does not prevent acceptance.
    fn entry(&self, results: &Results, reason: String) -> Accepted {
        let session = results.manifest.as_ref().and_then(|manifest| manifest.sessions.last());
        let gate = self
            .folder
            .join("spec.toml")
            .exists()
            .then(|| Gate::of_folders(&results.folder, &self.folder, &Allowed::everything()));
        let tested = gate.as_ref().and_then(|gate| gate.outcome.as_ref().ok());
        let moved = |tested| cells::Tested::moved(tested).map(|cell| page::cell_in_words(tested, cell)).collect();
        Accepted {
            accepted: machine::now(),
            reason,
            spec_hash: results.spec.hash(),
            revision: session.map(|session| session.revision.clone()).unwrap_or_default(),
            summary: gate.as_ref().map(Gate::summary).unwrap_or_default(),
            moved: tested.map(moved).unwrap_or_default(),
        }
    }

    /// Copies `from` to a temporary folder and moves it into the place of the existing folder.
    fn replace(&self, from: &Path, history: &[Accepted]) -> Result<()> {
        let shown = self.folder.display();
        let attempt = || -> Result<()> {
            std::fs::create_dir_all(&self.parent)?;
            let prefix = format!(".{}.accepting-", self.name);
            remove_leftovers(&self.parent, &prefix);
            let new = tempfile::Builder::new().prefix(&prefix).tempdir_in(&self.parent)?;
            copy(from, new.path())?;
            store::gather_lists(new.path())?;
            store::write_atomically(&new.path().join(HISTORY), |out| {
                serde_json::to_writer_pretty(&mut *out, history)?;
                writeln!(out)
            })?;
            let (place, aside) = (self.parent.join(&self.name), self.aside());
            if place.exists() {
                std::fs::rename(&place, &aside)?;
            }
            // `keep` stops the temporary folder from being deleted.
            std::fs::rename(new.keep(), &place)?;
            if aside.exists() {
                std::fs::remove_dir_all(&aside)?;
            }
            Ok(())
        };
        attempt().map_err(|e| anyhow!("{shown}: cannot be written ({e:#}); check the folder, then accept again"))
    }
}

/// The parts of a results folder that serve only its runs; a baseline leaves them out.
const OF_RUNS: [&str; 4] = ["trials", "parts", "tensorboard", store::Progress::FILE];

/// Removes temporary folders of killed acceptances.
fn remove_leftovers(parent: &Path, prefix: &str) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix)) {
        if entry.metadata().is_ok_and(|meta| files::is_left_over(&meta)) {
            // A folder that stays does no harm.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Copies everything except files that only a run needs (trials' own files, parts, locks, temporary files) or shows
/// (its progress, event files), and except the history of another baseline.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let is_kept = |entry: &walkdir::DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let is_history = entry.depth() == 1 && name == HISTORY;
        let is_of_run = entry.depth() == 1 && OF_RUNS.contains(&&*name) || name.starts_with('.');
        entry.depth() == 0 || !(is_of_run || is_history)
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

/// Makes a folder readable by all users: temporary folders are private.
fn readable_by_all(folder: &Path) -> Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
