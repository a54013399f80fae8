//! The images that a trial queried.

use std::collections::HashSet;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

/// The images that each round of a trial queried. Entry 0 holds the initial set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queries {
    /// Indices in the train split, by round, in the order in which the sampler chose them.
    pub rounds: Vec<Vec<usize>>,
}

#[derive(Default, Serialize, Deserialize)]
struct QueryRow {
    round: usize,
    rank: usize,
    index: usize,
}

impl Queries {
    /// Reads a `queries/<trial>.csv`. Without the file there are no rounds: it is written before round 0 trains.
    ///
    /// # Errors
    /// If the file cannot be read, does not hold the rounds in order, or repeats an index.
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
            let round = queries.rounds.last_mut().filter(|round| is_last && row.rank == round.len());
            let fits = round.filter(|_| seen.insert(row.index)).map(|round| round.push(row.index)).is_some();
            ensure!(fits, "{file}:{}: out of order or repeated; restore the file, or {}", line + 2, super::ANEW);
        }
        Ok(queries)
    }

    /// Writes a `queries/<trial>.csv`, replacing an existing one.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let row = |round, (rank, &index): (usize, &usize)| QueryRow { round, rank, index };
        let rows =
            self.rounds.iter().enumerate().flat_map(|(r, indices)| indices.iter().enumerate().map(move |i| row(r, i)));
        super::write_csv(path, &rows.collect::<Vec<_>>())
    }
}

/// The primary metric of a model on the images for which it measured task losses.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PartMetric {
    /// The metric's name, as in the records.
    pub metric: String,
    pub value: f64,
}

impl PartMetric {
    /// Reads a CSV file with one row.
    ///
    /// # Errors
    /// If the file cannot be read or is something else.
    pub fn read(path: &Path) -> Result<Self> {
        let bad = |why: String| anyhow!("{}: not a metric ({why}); remove the file and run again", path.display());
        let mut reader = csv::Reader::from_path(path).map_err(|e| bad(super::csv_fault(&e)))?;
        let row = reader.deserialize().next().ok_or_else(|| bad("it is empty".into()))?;
        row.map_err(|e| bad(super::csv_fault(&e)))
    }

    /// Writes the metric as a CSV file with one row.
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
    fn queries_read_back_exactly() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.csv");
        assert_eq!(Queries::read(&path).unwrap(), Queries::default());
        let queries = Queries { rounds: vec![vec![5, 3], vec![9]] };
        queries.write(&path).unwrap();
        assert_eq!(Queries::read(&path).unwrap(), queries);
        std::fs::write(&path, "round,rank,index\n0,0,5\n0,1,5\n").unwrap();
        assert!(Queries::read(&path).unwrap_err().to_string().contains("q.csv:3"));
    }
}
