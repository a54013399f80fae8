//! The images that a trial queried.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::{Result, anyhow, bail, ensure};
use serde::{Deserialize, Serialize};

/// The images that each round of a trial queried. Entry 0 holds the initial set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Queries {
    /// Indices in the train split, by round, in the order in which the sampler chose them.
    pub rounds: Vec<Vec<usize>>,
    /// The names of images by index, where the images of the data set have names.
    pub ids: BTreeMap<usize, String>,
}

#[derive(Default, Serialize, Deserialize)]
struct QueryRow {
    round: usize,
    rank: usize,
    index: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<String>,
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
        let bytes =
            crate::files::checksums::read_checked(path, |e| anyhow!("{file}: cannot be read ({e}); check the folder"))?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        for (line, row) in reader.deserialize().enumerate() {
            let row: QueryRow = row.map_err(|e| anyhow!("{file}: not a list of queries ({})", super::csv_fault(&e)))?;
            if row.round == queries.rounds.len() {
                queries.rounds.push(Vec::new());
            }
            let is_last = row.round.checked_add(1) == Some(queries.rounds.len());
            let round = queries.rounds.last_mut().filter(|round| is_last && row.rank == round.len());
            let fits = round.filter(|_| seen.insert(row.index)).map(|round| round.push(row.index)).is_some();
            if let Some(id) = row.id {
                queries.ids.insert(row.index, id);
            }
            ensure!(fits, "{file}:{}: out of order or repeated; restore the file, or {}", line + 2, super::ANEW);
        }
        Ok(queries)
    }

    /// The queries of rounds, of images without names.
    pub fn of_rounds(rounds: Vec<Vec<usize>>) -> Self {
        Self { rounds, ids: BTreeMap::new() }
    }

    /// Takes the names of all queried images from the data set. `id_of` gives the name of an image; `None` if images have
    /// only numbers.
    ///
    /// # Errors
    /// If an image has another name already: the names were read from `path`, and belong to other data. The error is one line
    /// that ends in `remedy`.
    pub fn take_ids(&mut self, id_of: Option<impl Fn(usize) -> String>, path: &Path, remedy: &str) -> Result<()> {
        for (row, &index) in self.rounds.iter().flatten().enumerate() {
            let (known, id) = (self.ids.get(&index), id_of.as_ref().map(|id_of| id_of(index)));
            let file = || format!("{}:{}", path.display(), row + 2);
            match (known, id) {
                (Some(known), Some(id)) => {
                    ensure!(
                        *known == id,
                        "{}: image {index} is named {known:?}, but in this data set it is {id:?}; {remedy}",
                        file()
                    );
                }
                (Some(known), None) => {
                    bail!(
                        "{}: image {index} is named {known:?}, but the images of this data set have no names; {remedy}",
                        file()
                    )
                }
                (None, Some(id)) => {
                    self.ids.insert(index, id);
                }
                (None, None) => {}
            }
        }
        Ok(())
    }

    /// Whether any queried image has a name.
    pub fn has_ids(&self) -> bool {
        self.rounds.iter().flatten().any(|index| self.ids.contains_key(index))
    }

    /// Writes a `queries/<trial>.csv`, replacing an existing one. It has the column `id` if images have names.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_csv(path, &self.to_rows())
    }

    /// The bytes that [`Queries::write`] writes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        crate::files::csv_bytes(&self.to_rows())
    }

    fn to_rows(&self) -> Vec<QueryRow> {
        let has_ids = self.has_ids();
        let row = |round, (rank, &index): (usize, &usize)| {
            let id = has_ids.then(|| self.ids.get(&index).cloned().unwrap_or_default());
            QueryRow { round, rank, index, id }
        };
        let rows =
            self.rounds.iter().enumerate().flat_map(|(r, indices)| indices.iter().enumerate().map(move |i| row(r, i)));
        rows.collect()
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
        let bytes = crate::files::checksums::read_checked(path, |e| bad(e.to_string()))?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
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

    /// The bytes that [`PartMetric::write`] writes.
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::files::csv_bytes(std::slice::from_ref(self))
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
        let queries = Queries::of_rounds(vec![vec![5, 3], vec![9]]);
        queries.write(&path).unwrap();
        assert_eq!(Queries::read(&path).unwrap(), queries);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "round,rank,index\n0,0,5\n0,1,3\n1,0,9\n", "without names as ever");
        std::fs::write(&path, "round,rank,index\n0,0,5\n0,1,5\n").unwrap();
        assert!(Queries::read(&path).unwrap_err().to_string().contains("q.csv:3"));
    }

    fn named(index: usize) -> String {
        format!("a b/{index},\u{fc}.jpg")
    }

    #[test]
    fn names_are_written_beside_the_indices_and_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("q.csv");
        let mut queries = Queries::of_rounds(vec![vec![5, 3], vec![9]]);
        queries.take_ids(None::<fn(usize) -> String>, &path, "restore it").unwrap();
        assert!(!queries.has_ids());
        queries.take_ids(Some(&named), &path, "restore it").unwrap();
        queries.write(&path).unwrap();
        assert_eq!(Queries::read(&path).unwrap(), queries);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("round,rank,index,id\n0,0,5,\"a b/5,\u{fc}.jpg\"\n0,1,3,"), "{text}");

        // A file of an earlier version, in which a round was added by hand without a name.
        std::fs::write(&path, "round,rank,index,id\n0,0,5,\"a b/5,\u{fc}.jpg\"\n0,1,3,\n").unwrap();
        let mut read = Queries::read(&path).unwrap();
        assert_eq!(read.ids.len(), 1);
        read.write(&path).unwrap();
        assert_eq!(Queries::read(&path).unwrap(), read);
        read.take_ids(Some(&named), &path, "restore it").unwrap();
        assert_eq!(read.ids.len(), 2);
    }

    #[test]
    fn a_name_of_another_image_is_an_error_with_its_line() {
        let path = Path::new("q.csv");
        let mut queries = Queries::of_rounds(vec![vec![5], vec![3]]);
        queries.ids.insert(3, "b.jpg".into());
        let error =
            |queries: &Queries, id_of| queries.clone().take_ids(id_of, path, "restore it").unwrap_err().to_string();
        let other: &dyn Fn(usize) -> String = &|index| format!("{index}.jpg");
        assert_eq!(
            error(&queries, Some(other)),
            "q.csv:3: image 3 is named \"b.jpg\", but in this data set it is \"3.jpg\"; restore it"
        );
        assert_eq!(
            error(&queries, None),
            "q.csv:3: image 3 is named \"b.jpg\", but the images of this data set have no names; restore it"
        );
        // Names of images that are not queried do not matter.
        queries.rounds.pop();
        queries.take_ids(Some(other), path, "restore it").unwrap();
    }
}
