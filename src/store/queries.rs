//! The indices that a trial asked for, and pretext losses by index.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

/// The labels that each round asked for; entry 0 holds the initial ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queries {
    /// Positions in the data set's train split, in the order in which the sampler chose them.
    pub rounds: Vec<Vec<usize>>,
}

#[derive(Default, Serialize, Deserialize)]
struct QueryRow {
    round: usize,
    rank: usize,
    index: usize,
}

impl Queries {
    /// Reads a `queries/<trial>.csv`; none are there before round 0.
    ///
    /// # Errors
    /// If the file does not hold the rounds in order, or names an index twice.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display();
        if !path.exists() {
            return Ok(Self::default());
        }
        let mut queries = Self::default();
        let mut seen = HashSet::new();
        let mut reader =
            csv::Reader::from_path(path).map_err(|e| anyhow!("{file}: cannot be read ({})", super::csv_fault(&e)))?;
        for (line, row) in reader.deserialize().enumerate() {
            let row: QueryRow = row.map_err(|e| anyhow!("{file}: not a list of queries ({})", super::csv_fault(&e)))?;
            if row.round == queries.rounds.len() {
                queries.rounds.push(Vec::new());
            }
            let is_last = row.round.checked_add(1) == Some(queries.rounds.len());
            let asked = queries.rounds.last_mut().filter(|asked| is_last && row.rank == asked.len());
            let fits = asked.filter(|_| seen.insert(row.index)).map(|asked| asked.push(row.index)).is_some();
            ensure!(fits, "{file}:{}: out of order or repeated; restore the file, or {}", line + 2, super::ANEW);
        }
        Ok(queries)
    }

    /// Writes them in place of the ones there.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let row = |round, (rank, &index): (usize, &usize)| QueryRow { round, rank, index };
        let rows =
            self.rounds.iter().enumerate().flat_map(|(r, asked)| asked.iter().enumerate().map(move |i| row(r, i)));
        super::write_csv(path, &rows.collect::<Vec<_>>())
    }
}

/// The pretext loss of every pool image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// (position in the train split, loss), by position.
    pub rows: Vec<(usize, f64)>,
}

/// A row of a file of losses.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct LossRow {
    pub index: usize,
    pub loss: f64,
}

impl From<(usize, f64)> for LossRow {
    fn from((index, loss): (usize, f64)) -> Self {
        Self { index, loss }
    }
}

impl Losses {
    /// Reads a CSV with the columns `index,loss`.
    ///
    /// # Errors
    /// If a row does not fit, a loss is not finite or an index is repeated.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display();
        // A pipe would be waited for without an end.
        let is_file = std::fs::metadata(path).map(|meta| meta.is_file());
        ensure!(is_file.unwrap_or(true), "{file}: is no file; name a CSV with the columns index,loss");
        let mut reader = csv::Reader::from_path(path).map_err(|e| {
            anyhow!("{file}: cannot read the losses ({}); name a CSV with the columns index,loss", super::csv_fault(&e))
        })?;
        let mut rows = Vec::new();
        for (line, row) in reader.deserialize().enumerate() {
            let row: LossRow = row.map_err(|e| {
                let why = super::csv_fault(&e);
                anyhow!("{file}: not pretext losses ({why}); write the columns index,loss, a position and a number")
            })?;
            ensure!(
                row.loss.is_finite(),
                "{file}:{}: the loss of image {} is {}; it must be a finite number",
                line + 2,
                row.index,
                row.loss
            );
            rows.push((row.index, row.loss));
        }
        rows.sort_by_key(|r| r.0);
        if let Some(pair) = rows.windows(2).find(|w| w[0].0 == w[1].0) {
            return Err(anyhow!("{file}: image {} has two losses; leave one row of it", pair[0].0));
        }
        ensure!(!rows.is_empty(), "{file}: has no losses; give it a row index,loss for each image");
        Ok(Self { rows })
    }

    /// Those of `pool`, ascending positions in a train split of `train` images; `path` is named where one is missing.
    ///
    /// # Errors
    /// If a pool image has no loss, or a loss is of no image.
    pub fn of_pool(&self, pool: &[usize], train: usize, path: &Path) -> Result<Self> {
        let file = path.display();
        if let Some((index, _)) = self.rows.last().filter(|row| row.0 >= train) {
            return Err(anyhow!(
                "{file}: has a loss for image {index}, but the train split has {train} images, counted from 0; these \
                 losses are of other data"
            ));
        }
        let row = |&position: &usize| {
            let at = self.rows.binary_search_by_key(&position, |row| row.0);
            let missing = || anyhow!("{file}: has no loss for image {position}, which is in the pool; add its row");
            at.map(|at| self.rows[at]).map_err(|_| missing())
        };
        Ok(Self { rows: pool.iter().map(row).collect::<Result<_>>()? })
    }

    /// Writes them as CSV.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let rows: Vec<LossRow> = self.rows.iter().copied().map(LossRow::from).collect();
        super::write_csv(path, &rows)
    }
}

/// What a model that gives losses is judged by, on the images whose losses it gave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartMetric {
    /// As in the records.
    pub metric: String,
    pub value: f64,
}

impl PartMetric {
    /// Reads a CSV of one row.
    ///
    /// # Errors
    /// If it is not one.
    pub fn read(path: &Path) -> Result<Self> {
        let bad = |why: String| anyhow!("{}: not a metric ({why}); remove the file and run again", path.display());
        let mut reader = csv::Reader::from_path(path).map_err(|e| bad(super::csv_fault(&e)))?;
        let row = reader.deserialize().next().ok_or_else(|| bad("it is empty".into()))?;
        row.map_err(|e| bad(super::csv_fault(&e)))
    }

    /// Writes it as CSV.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_csv(path, std::slice::from_ref(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_and_losses_read_back_exactly() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.csv");
        assert_eq!(Queries::read(&path).unwrap(), Queries::default());
        let queries = Queries { rounds: vec![vec![5, 3], vec![9]] };
        queries.write(&path).unwrap();
        assert_eq!(Queries::read(&path).unwrap(), queries);
        std::fs::write(&path, "round,rank,index\n0,0,5\n0,1,5\n").unwrap();
        assert!(Queries::read(&path).unwrap_err().to_string().contains("q.csv:3"));
        let losses = Losses { rows: vec![(0, 0.1 + 0.2), (7, 1e-17)] };
        losses.write(&path).unwrap();
        assert_eq!(Losses::read(&path).unwrap(), losses);
    }
}
