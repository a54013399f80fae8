//! The indices that a trial asked for.

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
