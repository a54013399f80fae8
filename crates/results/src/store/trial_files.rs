//! The files of one trial in a results folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};

use super::lock::{LOCK, lock_patiently};
use super::{ANEW, Epochs, Queries, Record, Records};
use crate::spec::Trial;

/// The files that one trial writes. All are always whole. A round's queries are written first, then its epochs, then
/// its records; the next round's queries follow once its model has chosen them. A round without records is run again.
#[derive(Clone, Debug)]
pub struct TrialFiles {
    folder: PathBuf,
    queries: PathBuf,
}

impl TrialFiles {
    /// The files of `trial` in the results folder `root`.
    pub fn below(root: &Path, trial: &Trial) -> Self {
        let key = trial.key();
        Self { folder: root.join("trials").join(&key), queries: root.join("queries").join(format!("{key}.csv")) }
    }

    /// The path of the log: what the trial's process wrote on standard error.
    pub fn log_path(&self) -> PathBuf {
        self.folder.join("log.txt")
    }

    /// The path of the folder in which the sampler and its command exchange files. If a query fails, its files stay there.
    pub fn query_path(&self) -> PathBuf {
        self.folder.join("query")
    }

    /// The path of the queries.
    pub fn queries_path(&self) -> &Path {
        &self.queries
    }

    pub(super) fn records_path(&self) -> PathBuf {
        self.folder.join("records.csv")
    }

    fn epochs_path(&self) -> PathBuf {
        self.folder.join(Epochs::FILE)
    }

    /// The path of the weights after `round`. They choose the next query, and if the spec says so, the next round
    /// starts from them.
    pub fn weights_path(&self, round: usize) -> PathBuf {
        self.folder.join(format!("weights-{round}.safetensors"))
    }

    /// Removes the weights after `round`, if there are any. Errors are ignored: weights that stay do no harm.
    pub fn remove_weights(&self, round: usize) {
        let _ = std::fs::remove_file(self.weights_path(round));
    }

    /// The path of the checkpoint of the round in training.
    pub fn checkpoint_path(&self) -> PathBuf {
        self.folder.join("checkpoint.safetensors")
    }

    /// Removes the checkpoint, if there is one. Errors are ignored: it is of a round that is finished, and never used again.
    pub fn remove_checkpoint(&self) {
        let _ = std::fs::remove_file(self.checkpoint_path());
    }

    fn failure_path(&self) -> PathBuf {
        self.folder.join("failure.csv")
    }

    /// Keeps a second process from running the same trial, for as long as the returned file is open.
    ///
    /// # Errors
    /// If another process runs the trial, or the folder cannot be written.
    pub fn lock(&self) -> Result<File> {
        std::fs::create_dir_all(&self.folder)
            .map_err(|e| anyhow!("{}: cannot be created ({e})", self.folder.display()))?;
        // After a kill, the process that holds the lock may take a moment to end.
        let held = "another process runs this trial; wait for it";
        lock_patiently(&self.folder.join(LOCK), held, Duration::from_secs(30))
    }

    /// The rows of the finished rounds.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn records(&self) -> Result<Records> {
        let path = self.records_path();
        if path.exists() { Records::read(&path) } else { Ok(Records::default()) }
    }

    /// The number of finished rounds.
    ///
    /// # Errors
    /// As for [`TrialFiles::records`].
    pub fn finished(&self) -> Result<usize> {
        Ok(self.records()?.finished_rounds())
    }

    /// The epochs of the first `finished` rounds. A round that was stopped between its epochs and its records is run
    /// again, and its rows do not count.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn epochs(&self, finished: usize) -> Result<Epochs> {
        let mut epochs = Epochs::read(&self.epochs_path())?;
        epochs.rows.retain(|row| row.round < finished);
        Ok(epochs)
    }

    /// The queries of the finished rounds and of the round after them.
    ///
    /// # Errors
    /// If the file is damaged, or lacks a round that has records.
    pub fn queries(&self) -> Result<Queries> {
        let finished = self.finished()?;
        let mut queries = Queries::read(&self.queries)?;
        ensure!(
            queries.rounds.len() >= finished,
            "{}: lacks the queries of round {}, which has records; restore the file, or {ANEW}",
            self.queries.display(),
            queries.rounds.len()
        );
        queries.rounds.truncate(finished + 1);
        Ok(queries)
    }

    /// All queries in the file, whether or not their rounds finished; no rounds if the file does not exist.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn all_queries(&self) -> Result<Queries> {
        Queries::read(&self.queries)
    }

    /// Writes the queries of a round, its epochs, and then its records.
    ///
    /// # Errors
    /// If the folder cannot be written; the round then counts as not run.
    pub fn commit_round(&self, records: &Records, queries: &Queries, epochs: &Epochs) -> Result<()> {
        queries.write(&self.queries)?;
        epochs.write(&self.epochs_path())?;
        records.write(&self.records_path())
    }

    /// Writes epochs that were found in the file of the whole folder, if the trial has no file of its own.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(super) fn restore_epochs(&self, epochs: &Epochs) -> Result<()> {
        let path = self.epochs_path();
        if epochs.rows.is_empty() || path.exists() { Ok(()) } else { epochs.write(&path) }
    }

    /// Writes the records, which now include the seconds of a query, and then the queries.
    ///
    /// # Errors
    /// If the folder cannot be written; the images then count as not queried.
    pub fn commit_query(&self, records: &Records, queries: &Queries) -> Result<()> {
        records.write(&self.records_path())?;
        queries.write(&self.queries)
    }

    /// The row that says why the trial failed, if it did.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn failure(&self) -> Result<Vec<Record>> {
        let path = self.failure_path();
        if path.exists() { Ok(Records::read(&path)?.rows) } else { Ok(Vec::new()) }
    }

    /// Writes why the trial failed; `None` removes that file.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn set_failure(&self, failure: Option<Record>) -> Result<()> {
        let path = self.failure_path();
        match failure {
            Some(record) => super::write_csv(&path, &[record]),
            None if path.exists() => {
                std::fs::remove_file(&path).map_err(|e| anyhow!("{}: cannot be removed ({e})", path.display()))
            }
            None => Ok(()),
        }
    }
}
