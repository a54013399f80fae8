//! Records: one row for each value of a trial.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::words::one_line;

/// One value of one trial, or the error that ended the trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub experiment: String,
    /// Empty for a spec without a profile.
    pub profile: String,
    /// The label of the arm: `sampler`, or `sampler@variant`.
    pub sampler: String,
    pub seed: u64,
    /// The round, counted from 0.
    pub round: usize,
    /// The number of labels that the task model was trained on.
    pub labeled: usize,
    /// The metric: `accuracy`, `miou` and others from 0 to 1, for a single class as `<metric>/<class>`; `loss` (nats);
    /// `epoch` (the selected epoch, counted from 1).
    pub metric: String,
    /// The selection rule that chose the evaluated weights.
    pub select: String,
    /// The value of the metric; empty in the row of an error.
    pub value: Option<f64>,
    /// Seconds of the round's training, without its evaluations.
    pub train_seconds: f64,
    /// Seconds of the round's evaluations.
    pub evaluate_seconds: f64,
    /// Seconds spent scoring the pool for the query after the round.
    pub score_seconds: f64,
    /// Seconds in which that query chose among the scored images.
    pub query_seconds: f64,
    /// Seconds spent waiting for images, included in those above; 0 if images are in memory.
    #[serde(default)]
    pub wait_seconds: f64,
    /// The process's peak resident memory so far, in MiB, including pages of a mapped file (`storage = "mapped"`).
    pub peak_rss_mb: f64,
    /// The device: `cpu`, `cuda:0`, ...
    pub device: String,
    /// Why the trial failed in this round; empty if it did not.
    pub error: String,
}

/// The columns that every version has written.
const COLUMNS: [&str; 16] = [
    "experiment",
    "profile",
    "sampler",
    "seed",
    "round",
    "labeled",
    "metric",
    "select",
    "value",
    "train_seconds",
    "evaluate_seconds",
    "score_seconds",
    "query_seconds",
    "peak_rss_mb",
    "device",
    "error",
];

/// The column that the first versions did not write.
const WAIT: &str = "wait_seconds";

/// The rows of a `records.csv`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    pub rows: Vec<Record>,
}

impl Records {
    /// Reads a `records.csv`. An empty file has no rows.
    ///
    /// # Errors
    /// If the file cannot be read, is not as pt4al wrote it, has other columns, or has an invalid row; the message names the file and the line.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display();
        let is_file = std::fs::metadata(path).map(|meta| meta.is_file());
        // Reading a pipe could wait forever.
        ensure!(is_file.unwrap_or(true), "{file}: is no file; name a results folder that `pt4al run` made");
        let unread = |e: csv::Error| {
            anyhow!(
                "{file}: cannot read the records ({}); restore the file, or what may be read of it",
                super::csv_fault(&e)
            )
        };
        let bytes = crate::files::checksums::read_checked(path, |e| unread(e.into()))?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let header = reader.headers().map_err(unread)?.clone();
        if header.is_empty() {
            // A run leaves an empty file until its first round has finished.
            return Ok(Self::default());
        }
        if let Some(missing) = COLUMNS.iter().find(|column| !header.iter().any(|name| name == **column)) {
            bail!(
                "{file}:1: not the records of a trial: the column `{missing}` is missing; restore the file, or remove it and run again"
            );
        }
        if let Some(unknown) = header.iter().find(|name| !COLUMNS.contains(name) && *name != WAIT) {
            bail!(
                "{file}:1: the column `{}` is not known here; these are of another version of pt4al: read them with it",
                one_line(unknown)
            );
        }
        let mut rows = Vec::new();
        for (i, row) in reader.records().enumerate() {
            // The header is line 1.
            let line = i + 2;
            let bad = |e: csv::Error| {
                anyhow!(
                    "{file}:{line}: not the records of a trial ({}); restore the line, or where trials/ is there remove the file \
                     and run again",
                    column(&e, &header)
                )
            };
            let row = row.map_err(bad)?;
            // Line numbers in messages assume one row per line. With CR LF, the position is still before the LF.
            ensure!(
                row.position().is_none_or(|position| position.line() <= line as u64),
                "{file}: line {line} is empty, or a line break is in the row before it; remove it"
            );
            rows.push(row.deserialize(Some(&header)).map_err(bad)?);
        }
        Ok(Self { rows })
    }

    /// Writes a `records.csv`, replacing an existing one.
    ///
    /// # Errors
    /// If the disk is full or the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_csv(path, &self.rows)
    }

    /// The bytes that [`Records::write`] writes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        crate::files::csv_bytes(&self.rows)
    }

    /// Copies of rows, without those of errors.
    pub(super) fn without_errors(rows: &[&Record]) -> Self {
        Self { rows: rows.iter().filter(|row| row.error.is_empty()).map(|row| (*row).clone()).collect() }
    }

    /// Groups the rows by trial (arm, seed).
    pub(super) fn by_trial(&self) -> BTreeMap<(String, u64), Vec<&Record>> {
        let mut trials: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in &self.rows {
            trials.entry((row.sampler.clone(), row.seed)).or_default().push(row);
        }
        trials
    }

    /// The first row of each finished round of each trial. Every row of a round repeats the round's seconds.
    pub fn rounds(&self) -> impl Iterator<Item = &Record> {
        let mut seen = HashSet::new();
        let finished = self.rows.iter().filter(|row| row.error.is_empty());
        finished.filter(move |row| seen.insert((row.sampler.as_str(), row.seed, row.round)))
    }

    /// The number of rounds that have values. All rows must be of one trial.
    pub fn finished_rounds(&self) -> usize {
        self.rows.iter().filter(|r| r.error.is_empty()).map(|r| r.round + 1).max().unwrap_or(0)
    }
}

/// Describes the fault of a row, naming the column instead of numbering it.
fn column(error: &csv::Error, header: &csv::StringRecord) -> String {
    if let csv::ErrorKind::Deserialize { err, .. } = error.kind()
        && let Some(name) = err.field().and_then(|field| header.get(field as usize))
    {
        return format!("`{name}`: {}", super::csv_fault::cell_fault(err.kind()));
    }
    super::csv_fault(error)
}
