//! The results folder of one experiment, and the files of each trial in it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::lock::{LOCK, is_same_file, lock_patiently};
use super::{DataOrigin, Epochs, Losses, Manifest, Queries, Records, TrialFiles, repair};
use crate::files::checksums::{CHECKSUMS, Staged, allows, commit};
use crate::files::remove_leftovers;
use crate::spec::{self, Spec, Start, Trial};

/// A results folder that is locked for this process.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    /// The lock; it is released when the process ends, however it ends.
    lock: File,
}

impl Folder {
    /// Locks the folder, creating it if necessary, and checks that `spec` and `data` are those it was made with. Damaged files
    /// are repaired where that is certain. Its spec and records stay unchanged until [`Folder::begin`], except for the trials
    /// named `anew`: these lose all their files, so that they run anew.
    ///
    /// # Errors
    /// If another process works in the folder, if the spec or the data differ (the message has both hashes), if a file is damaged
    /// that cannot be repaired, if a copied trial lacks files that its next round needs, or if the folder cannot be written.
    pub fn open(root: &Path, spec: &Spec, data: &DataOrigin, anew: &[String]) -> Result<Self> {
        let shown = root.display();
        std::fs::create_dir_all(root)
            .map_err(|e| anyhow!("{shown}: cannot create the results folder ({e}); choose another with --results"))?;
        let held = "another pt4al works on these results; wait for it, or use another --results";
        // `pt4al status` may be asking at this moment whether a run works here.
        let lock = lock_patiently(&root.join(LOCK), held, Duration::from_millis(300))?;
        let folder = Self { root: root.to_owned(), lock };
        folder.prepare(spec, data, anew).map_err(repair::for_good)?;
        Ok(folder)
    }

    fn prepare(&self, spec: &Spec, data: &DataOrigin, anew: &[String]) -> Result<()> {
        repair::spec(self, spec)?;
        self.forget_trials(spec, anew)?;
        repair::records(self)?;
        repair::say_missing(self)?;
        self.check_spec(spec)?;
        self.check_data(data)?;
        remove_leftovers(&self.root);
        // This restores trials/ from records.csv and does not change any record.
        self.import(spec)
    }

    /// Writes `spec`, which [`Folder::open`] has checked, as the folder's spec, with its seeds, samplers and variants.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn begin(&self, spec: &Spec) -> Result<()> {
        self.forget_variants(spec)?;
        self.replace(&self.spec_path(), &Self::spec_bytes(spec)?)?;
        super::verify::spread_lists(&self.root)
    }

    /// Gives files that no list names their checksums. It is for the end of a run without failures: files of an earlier version have been
    /// used by then, and were in order.
    ///
    /// # Errors
    /// If a list is damaged or cannot be written.
    pub fn list_files(&self) -> Result<()> {
        super::verify::list_all(&self.root)
    }

    /// The contents of `spec.toml`.
    pub(super) fn spec_bytes(spec: &Spec) -> Result<Vec<u8>> {
        Ok([HEADER, &spec.to_toml()?].concat().into_bytes())
    }

    /// Checks that the folder is still where it was when it was opened.
    ///
    /// # Errors
    /// If it was removed, renamed or replaced.
    pub fn ensure_there(&self) -> Result<()> {
        ensure!(
            is_same_file(&self.lock, &self.root.join(LOCK)),
            "{}: the results folder was removed or renamed while the run worked on it, so the run has stopped; put it back \
             where it was, and repeat the same command to continue",
            self.root.display()
        );
        Ok(())
    }

    /// Replaces a file that only the driver writes, and its checksum.
    ///
    /// # Errors
    /// If the folder is gone or cannot be written.
    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.ensure_there()?;
        let is_in_root = path.parent() == Some(&self.root);
        let staged = if is_in_root { Staged::in_root(path, bytes) } else { Staged::new(path, bytes) };
        commit(&self.list(), vec![staged?], &[])
    }

    /// Writes the manifest.
    ///
    /// # Errors
    /// If the folder is gone or cannot be written.
    pub fn write_manifest(&self, manifest: &Manifest) -> Result<()> {
        self.replace(&self.manifest_path(), &manifest.to_bytes())
    }

    /// Writes the pretext losses of a protocol (see [`Spec::losses_of`]) and a seed.
    ///
    /// # Errors
    /// If the folder is gone or cannot be written.
    pub fn write_losses(&self, variant: Option<&str>, seed: u64, losses: &Losses) -> Result<()> {
        self.replace(&self.losses_path(variant, seed), &losses.to_bytes())
    }

    /// Whether these are the losses that [`Folder::write_losses`] wrote last.
    ///
    /// # Errors
    /// If the list of checksums is damaged.
    pub fn wrote_losses(&self, variant: Option<&str>, seed: u64, losses: &Losses) -> Result<bool> {
        allows(&self.losses_path(variant, seed), &losses.to_bytes())
    }

    /// Removes the losses of a protocol and a seed.
    ///
    /// # Errors
    /// If the list of checksums is damaged or cannot be written.
    pub fn remove_losses(&self, variant: Option<&str>, seed: u64) -> Result<()> {
        commit(&self.list(), Vec::new(), &[self.losses_path(variant, seed)])
    }

    /// The list of the checksums of the driver's files.
    pub(super) fn list(&self) -> PathBuf {
        self.root.join(CHECKSUMS)
    }

    /// Removes all files and rows of the trials with these names.
    fn forget_trials(&self, spec: &Spec, anew: &[String]) -> Result<()> {
        if anew.is_empty() {
            return Ok(());
        }
        let trials = spec.trials();
        for name in anew {
            let trial = trials.iter().find(|trial| trial.key() == *name);
            let trial = trial
                .with_context(|| format!("--anew {name}: no such trial; they are named like {}", trials[0].key()))?;
            // The merged rows go first: as long as they are there, the trial's files would be restored from them.
            let is_other = |sampler: &str, seed| (sampler, seed) != (trial.label().as_str(), trial.seed);
            if self.records_path().exists()
                && let Ok(mut records) = Records::read(&self.records_path())
            {
                records.rows.retain(|row| is_other(&row.sampler, row.seed));
                self.replace(&self.records_path(), &records.to_bytes())?;
            }
            if self.epochs_path().exists()
                && let Ok(mut epochs) = Epochs::read(&self.epochs_path())
            {
                epochs.rows.retain(|row| is_other(&row.sampler, row.seed));
                self.replace(&self.epochs_path(), &epochs.to_bytes())?;
            }
            self.trial(trial).remove()?;
            // Event files that exist are not written again.
            let _ = std::fs::remove_dir_all(self.root.join("tensorboard").join(name));
        }
        Ok(())
    }

    /// The path of the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of the resolved spec.
    pub fn spec_path(&self) -> PathBuf {
        self.root.join("spec.toml")
    }

    /// The path of the manifest.
    pub fn manifest_path(&self) -> PathBuf {
        self.root.join("manifest.json")
    }

    /// The path of the merged records.
    pub(super) fn records_path(&self) -> PathBuf {
        self.root.join("records.csv")
    }

    /// The path of the merged rows of epochs.
    pub(super) fn epochs_path(&self) -> PathBuf {
        self.root.join(Epochs::FILE)
    }

    /// The path of the pretext losses of a protocol (see [`Spec::losses_of`]) and a seed.
    pub fn losses_path(&self, variant: Option<&str>, seed: u64) -> PathBuf {
        losses_path(&self.root, variant, seed)
    }

    /// The files of a trial.
    pub fn trial(&self, trial: &Trial) -> TrialFiles {
        TrialFiles::below(&self.root, trial)
    }

    /// Rewrites `records.csv` and `epochs.csv` from the trials' files, in the spec's order. A trial whose files were lost since the
    /// last time gets them back from there. Results of versions that noted no epochs get no `epochs.csv`.
    ///
    /// # Errors
    /// If a file cannot be read or written, or if a trial's records do not fit the spec. `records.csv` then stays as it is.
    pub fn merge(&self, spec: &Spec) -> Result<Records> {
        self.ensure_there()?;
        let before = if self.records_path().exists() { Records::read(&self.records_path()).ok() } else { None };
        let before = before.unwrap_or_default();
        let rows_before = before.by_trial();
        let (mut merged, mut epochs) = (Records::default(), Epochs::default());
        for trial in spec.trials() {
            let files = self.trial(&trial);
            let mut records = files.records_of(spec, &trial)?;
            if let Some(rows) = rows_before.get(&(trial.label(), trial.seed)) {
                let known = Records::without_errors(rows);
                if known.finished_rounds() > records.finished_rounds() {
                    repair::say(&files.records_path(), "has lost rounds that records.csv has; restored from there");
                    let noted = Epochs::read(&self.epochs_path()).unwrap_or_default();
                    let noted = noted.of_trial(&trial.label(), trial.seed, known.finished_rounds());
                    // A worker that runs the trial writes all rows again with its next round.
                    if let Ok(_lock) = files.lock_now() {
                        files.restore(Some(&known), Some(&noted))?;
                    }
                    records = known;
                }
            }
            epochs.rows.extend(files.epochs(records.finished_rounds())?.rows);
            merged.rows.extend(records.rows);
            merged.rows.extend(files.failure()?);
        }
        let mut files = Vec::new();
        if !epochs.rows.is_empty() || self.epochs_path().exists() {
            files.push(Staged::in_root(&self.epochs_path(), &epochs.to_bytes())?);
        }
        files.push(Staged::in_root(&self.records_path(), &merged.to_bytes())?);
        commit(&self.list(), files, &[])?;
        Ok(merged)
    }

    fn check_spec(&self, spec: &Spec) -> Result<()> {
        let path = self.spec_path();
        let shown = self.root.display();
        if !path.exists() {
            ensure!(
                !self.records_path().exists(),
                "{shown}: has records.csv but no spec.toml, so it cannot be continued; restore it or use another --results"
            );
            return Ok(());
        }
        let old = spec::load_resolved(&path)?;
        let (was, is) = (old.hash(), spec.hash());
        ensure!(
            was == is,
            "{shown}: these results are of spec {was}, but the spec is now {is} (differs in {}); {}",
            differing_keys(&old, spec).join(", "),
            if self.holds_a_round()? {
                "restore the spec, or keep both by another --results"
            } else {
                "no round of them is finished: remove the folder, or use another --results"
            }
        );
        for (name, variant) in &old.variants {
            let Some(now) = spec.variants.get(name) else { continue };
            let (was, is) = (variant.spec().hash(), now.spec().hash());
            ensure!(
                was == is,
                "{shown}: the variant {name} of these results has the hash {was}, but is now {is} (differs in {}); restore \
                 it, give the other one another name, or keep both by another --results",
                differing_keys(variant.spec(), now.spec()).join(", ")
            );
        }
        let kept: Vec<String> = spec.trials().iter().map(Trial::key).collect();
        let merged =
            if self.records_path().exists() { Records::read(&self.records_path())? } else { Records::default() };
        super::commands::check(self, &old, spec, &merged)?;
        let by_trial = merged.by_trial();
        let has_rows = |t: &Trial| by_trial.contains_key(&(t.label(), t.seed));
        let dropped: Vec<String> =
            old.trials().iter().filter(|t| !kept.contains(&t.key()) && has_rows(t)).map(Trial::key).collect();
        ensure!(
            dropped.is_empty(),
            "{shown}: these results (spec {was}) hold trials that the spec no longer names ({}); name them again, or use \
             another --results",
            dropped.join(", ")
        );
        Ok(())
    }

    /// Removes files of variants that the spec no longer names: another variant may get the same name. These variants
    /// have no records, or the spec would have been refused.
    fn forget_variants(&self, spec: &Spec) -> Result<()> {
        if !self.spec_path().exists() {
            return Ok(());
        }
        let old = spec::load_resolved(&self.spec_path())?;
        let gone: Vec<&String> = old.variants.keys().filter(|name| !spec.variants.contains_key(*name)).collect();
        let belongs_to = |variant: &str, folder: &str, name: &str| match folder {
            "pretext" => name.starts_with(&format!("{variant}-seed-")),
            _ => name.contains(&format!("@{variant}-seed")),
        };
        for folder in ["pretext", "queries", "trials"] {
            let Ok(entries) = std::fs::read_dir(self.root.join(folder)) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if gone.iter().any(|variant| belongs_to(variant, folder, &name)) {
                    if folder == "pretext" {
                        commit(&self.list(), Vec::new(), std::slice::from_ref(&path))?;
                        continue;
                    }
                    let removed =
                        if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
                    removed.map_err(|e| {
                        anyhow!(
                            "{}: belongs to a variant that the spec no longer has, and cannot be removed ({e}); remove it",
                            path.display()
                        )
                    })?;
                }
            }
        }
        Ok(())
    }

    /// Whether any round of any trial is recorded.
    fn holds_a_round(&self) -> Result<bool> {
        let path = self.records_path();
        Ok(path.exists() && Records::read(&path)?.rounds().next().is_some())
    }

    fn check_data(&self, data: &DataOrigin) -> Result<()> {
        if let Some(manifest) = Manifest::read(&self.manifest_path())?
            && manifest.data.fingerprint != data.fingerprint
        {
            bail!(
                "{}: these results are of other data (fingerprint {}, now {}); restore the data, or use another --results",
                self.root.display(),
                manifest.data.fingerprint,
                data.fingerprint
            );
        }
        Ok(())
    }

    /// Restores the files of trials that are only in `records.csv`, as in a folder that was committed or copied.
    /// Otherwise they would not count as done, and the next merge would lose them.
    fn import(&self, spec: &Spec) -> Result<()> {
        let path = self.records_path();
        if !path.exists() {
            return Ok(());
        }
        let merged = Records::read(&path)?;
        let by_trial = merged.by_trial();
        let epochs = Epochs::read(&self.epochs_path())?;
        for trial in &spec.trials() {
            let files = self.trial(trial);
            let Some(rows) = by_trial.get(&(trial.label(), trial.seed)) else { continue };
            let own = files.records()?;
            if !own.rows.is_empty() && !files.epochs_path().exists() {
                let noted = epochs.of_trial(&trial.label(), trial.seed, own.finished_rounds());
                files.restore(None, Some(&noted))?;
            }
            // A trial writes its file with its first round, so an empty file is damaged.
            if !own.rows.is_empty() {
                continue;
            }
            let records = Records::without_errors(rows);
            let finished = records.finished_rounds();
            if finished == 0 {
                continue;
            }
            if finished < spec.rounds.count {
                self.ensure_goes_on(spec, trial, &files, finished)?;
            }
            files.restore(Some(&records), Some(&epochs.of_trial(&trial.label(), trial.seed, finished)))?;
        }
        Ok(())
    }

    /// Refuses a trial with finished rounds that lacks files which its next round needs. Running it anew would silently
    /// lose those rounds.
    fn ensure_goes_on(&self, spec: &Spec, trial: &Trial, files: &TrialFiles, finished: usize) -> Result<()> {
        let key = trial.key();
        let queried = Queries::read(files.queries_path())?.rounds.len();
        ensure!(
            queried >= finished,
            "{}: has {finished} of {} rounds of {key}, but {} has the queries of {queried}; copy that file too, or {ANEW}",
            self.records_path().display(),
            spec.rounds.count,
            files.queries_path().display()
        );
        let weights = files.weights_path(finished - 1);
        let why = match spec.protocol_of(trial).train.start {
            Start::Continue => format!("round {finished} of {key} continues from these weights"),
            Start::Fresh if queried == finished => {
                format!("the query of round {finished} of {key} needs these weights")
            }
            Start::Fresh => return Ok(()),
        };
        ensure!(
            weights.exists(),
            "{}: not there, but {why}; copy the file from where the trial ran, or {ANEW}",
            weights.display()
        );
        Ok(())
    }
}

/// What to do about a trial whose files cannot be repaired.
pub const ANEW: &str = "run the trial anew: add --anew and its name, for instance --anew random-seed0";

const HEADER: &str =
    "# The resolved spec of these results, written by pt4al. The hash covers all but title, seeds and samplers.\n";

/// The path of the pretext losses of a protocol and a seed in a results folder: `pretext/seed-0.csv`, or
/// `pretext/<variant>-seed-0.csv`.
pub fn losses_path(root: &Path, variant: Option<&str>, seed: u64) -> PathBuf {
    let variant = variant.map_or(String::new(), |name| format!("{name}-"));
    root.join("pretext").join(format!("{variant}seed-{seed}.csv"))
}

/// The dotted keys in which two specs differ.
pub(crate) fn differing_keys(a: &Spec, b: &Spec) -> Vec<String> {
    fn walk(path: &str, a: Option<&serde_json::Value>, b: Option<&serde_json::Value>, out: &mut Vec<String>) {
        if a == b {
            return;
        }
        let (Some(serde_json::Value::Object(x)), Some(serde_json::Value::Object(y))) = (a, b) else {
            out.push(path.to_owned());
            return;
        };
        let keys: std::collections::BTreeSet<&String> = x.keys().chain(y.keys()).collect();
        for key in keys {
            let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            walk(&inner, x.get(key), y.get(key), out);
        }
    }
    let json = |spec: &Spec| {
        let mut spec = spec.clone();
        spec.resolved = None;
        spec.variants.clear();
        serde_json::to_value(spec).expect("plain data serialises")
    };
    let mut out = Vec::new();
    walk("", Some(&json(a)), Some(&json(b)), &mut out);
    out
}

#[cfg(test)]
mod tests;
