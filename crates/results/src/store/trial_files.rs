//! The files of one trial in a results folder.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, bail, ensure};

use super::lock::{LOCK, lock_patiently};
use super::{ANEW, Epochs, Queries, Record, Records};
use crate::files::checksums::{Staged, commit, list_beside};
use crate::files::{self, csv_bytes, write_into_folder};
use crate::spec::{Spec, Trial};

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

    pub(super) fn epochs_path(&self) -> PathBuf {
        self.folder.join(Epochs::FILE)
    }

    /// The path of the weights after `round`. They choose the next query, and if the spec says so, the next round
    /// starts from them.
    pub fn weights_path(&self, round: usize) -> PathBuf {
        self.folder.join(format!("weights-{round}.safetensors"))
    }

    /// Removes the weights after these rounds, if there are any.
    ///
    /// # Errors
    /// If the list of checksums is damaged or cannot be written. Weights that cannot be removed stay, and do no harm.
    pub fn remove_weights(&self, rounds: impl IntoIterator<Item = usize>) -> Result<()> {
        let there = rounds.into_iter().map(|round| self.weights_path(round)).filter(|path| path.exists());
        commit(&self.list(), Vec::new(), &there.collect::<Vec<_>>())
    }

    /// Lays weights ready that `write` writes to the path that it gets; [`TrialFiles::commit_round`] puts them in place.
    ///
    /// # Errors
    /// If the folder cannot be written, or the error of `write`.
    pub fn stage_weights(&self, round: usize, write: impl FnOnce(&Path) -> Result<()>) -> Result<Staged> {
        Staged::written_by(&self.weights_path(round), write)
    }

    /// The list of the checksums of the trial's files. It is beside the queries, so that a copy of that folder has it.
    pub(super) fn list(&self) -> PathBuf {
        list_beside(&self.queries)
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
        // After a kill, the process that holds the lock may take a moment to end.
        self.lock_within(Duration::from_secs(30))
    }

    /// [`TrialFiles::lock`] that does not wait.
    pub(super) fn lock_now(&self) -> Result<File> {
        self.lock_within(Duration::ZERO)
    }

    fn lock_within(&self, patience: Duration) -> Result<File> {
        create_below(&self.folder)?;
        let held = "another process runs this trial; wait for it";
        lock_patiently(&self.folder.join(LOCK), held, patience)
    }

    /// The rows of the finished rounds.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn records(&self) -> Result<Records> {
        let path = self.records_path();
        if path.exists() { Records::read(&path) } else { Ok(Records::default()) }
    }

    /// [`TrialFiles::records`], of which every one fits the spec and the trial.
    ///
    /// # Errors
    /// If the file is damaged, or a row cannot belong to this trial.
    pub(super) fn records_of(&self, spec: &Spec, trial: &Trial) -> Result<Records> {
        let (records, path) = (self.records()?, self.records_path());
        super::check_records(spec, &records, &path)?;
        let is_other = |row: &Record| (row.sampler.as_str(), row.seed) != (trial.label().as_str(), trial.seed);
        if let Some(line) = records.rows.iter().position(is_other) {
            bail!("{}:{}: a row of another trial; restore the file, or {ANEW}", path.display(), line + 2);
        }
        Ok(records)
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

    /// Puts the weights of a round in place, if it has any, then writes its queries, its epochs, and its records. Weights of
    /// earlier rounds are removed.
    ///
    /// # Errors
    /// If the folder cannot be written; the round then counts as not run.
    pub fn commit_round(
        &self,
        records: &Records,
        queries: &Queries,
        epochs: &Epochs,
        weights: Option<Staged>,
    ) -> Result<()> {
        let round = records.finished_rounds().saturating_sub(1);
        create_below(&self.folder)?;
        let mut files: Vec<Staged> = weights.into_iter().collect();
        files.push(Staged::new(&self.queries, &queries.to_bytes())?);
        files.push(Staged::new(&self.epochs_path(), &epochs.to_bytes())?);
        files.push(Staged::new(&self.records_path(), &records.to_bytes())?);
        // Removed only now, since a repeated round needs them.
        let older = round.checked_sub(1).map(|older| self.weights_path(older)).filter(|path| path.exists());
        commit(&self.list(), files, &older.into_iter().collect::<Vec<_>>())
    }

    /// Writes records, and then epochs, that were found in the files of the whole folder. Empty ones are removed.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub(super) fn restore(&self, records: Option<&Records>, epochs: Option<&Epochs>) -> Result<()> {
        let (mut files, mut gone) = (Vec::new(), Vec::new());
        let parts = [
            (self.records_path(), records.map(|own| (own.rows.is_empty(), own.to_bytes()))),
            (self.epochs_path(), epochs.map(|own| (own.rows.is_empty(), own.to_bytes()))),
        ];
        for (path, contents) in parts {
            match contents {
                Some((true, _)) => gone.push(path),
                Some((false, bytes)) => {
                    create_below(&self.folder)?;
                    // The list lies beside the queries, which a damaged folder may lack.
                    self.create_folder_of_queries()?;
                    files.push(Staged::new(&path, &bytes)?);
                }
                None => {}
            }
        }
        gone.retain(|path| path.exists());
        commit(&self.list(), files, &gone)
    }

    fn create_folder_of_queries(&self) -> Result<()> {
        let folder = self.queries.parent().unwrap_or(Path::new(""));
        files::create_one(folder)
            .map_err(|e| anyhow!("{}: cannot be created ({e}); check the folder", folder.display()))
    }

    /// Writes the records, which now include the seconds of a query, and then the queries. Weights that chose the query are
    /// removed, unless the next round continues from them.
    ///
    /// # Errors
    /// If the folder cannot be written; the images then count as not queried.
    pub fn commit_query(&self, records: &Records, queries: &Queries, keeps_weights: bool) -> Result<()> {
        let files = vec![
            Staged::new(&self.records_path(), &records.to_bytes())?,
            Staged::new(&self.queries, &queries.to_bytes())?,
        ];
        let round = records.finished_rounds().checked_sub(1).filter(|_| !keeps_weights);
        let gone = round.map(|round| self.weights_path(round)).filter(|path| path.exists());
        commit(&self.list(), files, &gone.into_iter().collect::<Vec<_>>())
    }

    /// Removes everything of the trial.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub(super) fn remove(&self) -> Result<()> {
        let remove = |path: &Path| {
            let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
            match removed {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    Err(anyhow!("{}: cannot be removed ({e}); remove it", path.display()))
                }
                _ => Ok(()),
            }
        };
        remove(&self.folder)?;
        remove(&self.queries)?;
        remove(&self.list())
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
            Some(record) => {
                create_below(&self.folder)?;
                write_into_folder(&path, |out| out.write_all(&csv_bytes(&[record])))
            }
            None if path.exists() => {
                std::fs::remove_file(&path).map_err(|e| anyhow!("{}: cannot be removed ({e})", path.display()))
            }
            None => Ok(()),
        }
    }
}

/// Makes the folder `trials/<trial>`, and `trials/`.
fn create_below(folder: &Path) -> Result<()> {
    files::create_below(folder).map_err(|e| anyhow!("{}: cannot be created ({e}); check the folder", folder.display()))
}
