//! Epochs: one row for each epoch of each training.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

/// One epoch of the training of one round of one trial.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    pub experiment: String,
    /// Empty for a spec without a profile.
    pub profile: String,
    /// The label of the arm: `sampler`, or `sampler@variant`.
    pub sampler: String,
    pub seed: u64,
    /// The round, counted from 0.
    pub round: usize,
    /// Which training of the round.
    pub training: Training,
    /// The epoch, counted from 1.
    pub epoch: usize,
    /// The learning rate of the epoch's steps.
    pub lr: f64,
    /// The mean training loss of the epoch's images, each in the step that it was trained on (nats).
    pub loss: f64,
    /// The name of the primary metric.
    pub metric: String,
    /// Its value after the epoch; empty if the epoch was not evaluated.
    pub value: Option<f64>,
}

/// The trainings that a round may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Training {
    /// On all labels. Its epochs are evaluated on the images that the records are of.
    #[default]
    AllLabels,
    /// On the labels that are not held out, for the rule `best-on-held-out`. Its epochs are evaluated on the held-out ones.
    NotHeldOut,
}

/// The rows of an `epochs.csv`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Epochs {
    pub rows: Vec<Epoch>,
}

impl Epochs {
    /// The name of the file, in a results folder and in the folder of a trial.
    pub const FILE: &'static str = "epochs.csv";

    /// Reads an `epochs.csv`. There are no rows if there is no such file, as in results of earlier versions.
    ///
    /// # Errors
    /// If the file cannot be read or has an invalid row; the message names the file and the line.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display();
        let unread = |e: csv::Error| {
            anyhow!(
                "{file}: cannot read the epochs ({}); restore the file, or remove it: only the page's section on training \
                 needs it",
                super::csv_fault(&e)
            )
        };
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = crate::files::checksums::read_checked(path, |e| unread(e.into()))?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        Ok(Self { rows: reader.deserialize().collect::<Result<_, _>>().map_err(unread)? })
    }

    /// Writes an `epochs.csv`, replacing an existing one.
    ///
    /// # Errors
    /// If the disk is full or the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_csv(path, &self.rows)
    }

    /// The bytes that [`Epochs::write`] writes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        crate::files::csv_bytes(&self.rows)
    }

    /// The rows of the first `finished` rounds of a trial.
    pub(super) fn of_trial(&self, sampler: &str, seed: u64, finished: usize) -> Self {
        let is_of_trial = |row: &&Epoch| row.sampler == sampler && row.seed == seed && row.round < finished;
        Self { rows: self.rows.iter().filter(is_of_trial).cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_come_back_bit_for_bit_and_no_file_has_no_rows() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Epochs::FILE);
        assert_eq!(Epochs::read(&path).unwrap(), Epochs::default());
        let row = Epoch { sampler: "random".into(), lr: 0.1 + 0.2, loss: 1.0 / 3.0, epoch: 1, ..Epoch::default() };
        let other = Epoch { value: Some(0.1), training: Training::NotHeldOut, ..row.clone() };
        let epochs = Epochs { rows: vec![row, other] };
        epochs.write(&path).unwrap();
        assert_eq!(Epochs::read(&path).unwrap(), epochs);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("experiment,profile,sampler,seed,round,training,epoch,lr,loss,metric,value\n"),
            "{text}"
        );
        assert!(text.contains(",all-labels,1,0.30000000000000004,0.3333333333333333,,\n"), "{text}");
    }

    #[test]
    fn a_damaged_row_is_named_with_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(Epochs::FILE);
        Epochs { rows: vec![Epoch::default()] }.write(&path).unwrap();
        let text = std::fs::read_to_string(&path).unwrap().replace("all-labels", "some-labels");
        std::fs::write(&path, text).unwrap();
        let error = Epochs::read(&path).unwrap_err().to_string();
        assert!(
            error.contains("epochs.csv: cannot read the epochs (line 2") && error.contains("or remove it"),
            "{error}"
        );
        assert!(!error.contains('\n'), "{error}");
    }
}
