//! Pretext losses, by index of the image.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

/// The pretext loss of every pool image.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Losses {
    /// (index in the train split, loss), ascending by index.
    pub rows: Vec<(usize, f64)>,
}

/// A row of a CSV file of losses.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct LossRow {
    /// The image's index in the train split.
    pub index: usize,
    /// The image's loss.
    pub loss: f64,
}

impl From<(usize, f64)> for LossRow {
    fn from((index, loss): (usize, f64)) -> Self {
        Self { index, loss }
    }
}

impl Losses {
    /// Reads a CSV with the columns `index,loss`, or a file as the official code writes it (`rotation_loss.txt` of
    /// `make_batches.py`): lines `<loss>_<folder>/<index>.png` with indices in the official train split.
    ///
    /// # Errors
    /// If the file cannot be read, has no rows or an invalid row, if a loss is not finite, or if an index is repeated;
    /// the message names the file and the line.
    pub fn read(path: &Path) -> Result<Self> {
        let file = path.display();
        // Reading a pipe could wait forever.
        let is_file = std::fs::metadata(path).map(|meta| meta.is_file());
        ensure!(is_file.unwrap_or(true), "{file}: is no file; name a CSV with the columns index,loss");
        let bytes = crate::files::checksums::read_checked(path, |e| {
            anyhow!("{file}: cannot read the losses ({e}); name a CSV with the columns index,loss")
        })?;
        // A file of neither format gets the error of the CSV reader.
        let is_official = first_line(&bytes).is_some_and(|line| official_line(line).is_some());
        let read = if is_official { official_rows(&bytes, path)? } else { csv_rows(&bytes, path)? };
        let mut rows = Vec::with_capacity(read.len());
        for (line, row) in read {
            // A loss is computed in single precision. Larger ones make sums and squares overflow.
            ensure!(
                row.loss.abs() <= f64::from(f32::MAX),
                "{file}:{line}: the loss of image {} is {}; it must be a finite number of single precision",
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

    /// The losses of the images of `pool`: ascending indices in a train split of `train` images. Messages name `path`.
    ///
    /// # Errors
    /// If an image of the pool has no loss, or if a loss has an index outside the train split.
    pub fn of_pool(&self, pool: &[usize], train: usize, path: &Path) -> Result<Self> {
        let file = path.display();
        if let Some((index, _)) = self.rows.last().filter(|row| row.0 >= train) {
            return Err(anyhow!(
                "{file}: has a loss for image {index}, but the train split has {train} images, counted from 0; these \
                 losses are of other data"
            ));
        }
        let row = |&index: &usize| {
            let found = self.rows.binary_search_by_key(&index, |row| row.0);
            let missing = || anyhow!("{file}: has no loss for image {index}, which is in the pool; add its row");
            found.map(|at| self.rows[at]).map_err(|_| missing())
        };
        Ok(Self { rows: pool.iter().map(row).collect::<Result<_>>()? })
    }

    /// Writes a CSV file with the columns `index,loss`.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_csv(path, &self.to_rows())
    }

    /// The bytes that [`Losses::write`] writes.
    pub fn to_bytes(&self) -> Vec<u8> {
        crate::files::csv_bytes(&self.to_rows())
    }

    fn to_rows(&self) -> Vec<LossRow> {
        self.rows.iter().copied().map(LossRow::from).collect()
    }
}

/// Reads a CSV file `index,loss`; returns its rows with their line numbers.
fn csv_rows(bytes: &[u8], path: &Path) -> Result<Vec<(usize, LossRow)>> {
    let file = path.display();
    let mut reader = csv::Reader::from_reader(bytes);
    let row = |(line, row): (usize, csv::Result<LossRow>)| {
        let row = row.map_err(|e| {
            let why = super::csv_fault(&e);
            anyhow!(
                "{file}: not pretext losses ({why}); write the columns index,loss: the index of an image, and a number"
            )
        })?;
        Ok((line + 2, row))
    };
    reader.deserialize().enumerate().map(row).collect()
}

/// Reads a file of the official code; returns its rows with their line numbers.
fn official_rows(bytes: &[u8], path: &Path) -> Result<Vec<(usize, LossRow)>> {
    let file = path.display();
    let text =
        std::str::from_utf8(bytes).map_err(|e| anyhow!("{file}: cannot read the losses ({e}); restore the file"))?;
    let row = |(line, text): (usize, &str)| {
        let row = official_line(text).ok_or_else(|| {
            anyhow!(
                "{file}:{line}: is not of the form <loss>_<folder>/<index>.png like the lines before; restore the file"
            )
        })?;
        Ok((line, row))
    };
    (1..).zip(text.lines()).map(row).collect()
}

/// Parses a line such as `0.09868380427360535_./DATA/train/8/23583.png`.
fn official_line(line: &str) -> Option<LossRow> {
    let (loss, path) = line.split_once('_')?;
    let (_, name) = path.rsplit_once('/')?;
    Some(LossRow { index: name.strip_suffix(".png")?.parse().ok()?, loss: loss.parse().ok()? })
}

/// The first line of a file; `None` if it has none or that is not text.
fn first_line(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes.split(|byte| *byte == b'\n').next()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_read_back_exactly() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("losses.csv");
        let losses = Losses { rows: vec![(0, 0.1 + 0.2), (7, 1e-17)] };
        losses.write(&path).unwrap();
        assert_eq!(Losses::read(&path).unwrap(), losses);
    }

    /// The lines are the first, the third and the last line of the official repository's file.
    #[test]
    fn losses_are_read_as_the_official_code_writes_them() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("rotation_loss.txt");
        let lines = "0.09868380427360535_./DATA/train/8/23583.png\n1.9401080862735398e-05_./DATA/train/8/9514.png\n\
                     0.02291061542928219_./DATA/train/0/5391.png\n";
        std::fs::write(&path, lines).unwrap();
        let rows = vec![
            (5391, 0.022_910_615_429_282_19),
            (9514, 1.940_108_086_273_539_8e-5),
            (23583, 0.098_683_804_273_605_35),
        ];
        assert_eq!(Losses::read(&path).unwrap(), Losses { rows });
        for (bad, says) in [
            ("x", "rotation_loss.txt:4: is not of the form <loss>_<folder>/<index>.png"),
            ("0.5_./DATA/train/0/12.jpg", "rotation_loss.txt:4: is not of the form"),
            ("nan_./DATA/train/0/12.png", "rotation_loss.txt:4: the loss of image 12 is NaN"),
            ("0.5_./DATA/train/0/5391.png", "image 5391 has two losses"),
        ] {
            std::fs::write(&path, format!("{lines}{bad}\n")).unwrap();
            let error = Losses::read(&path).unwrap_err().to_string();
            assert!(error.contains(says) && error.lines().count() == 1, "{error}");
        }
        std::fs::write(&path, "neither\n").unwrap();
        assert!(Losses::read(&path).unwrap_err().to_string().contains("index,loss"));
    }
}
