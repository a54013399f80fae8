//! The folder `queried/`: the classes of the queried images, and thumbnails of some. A run extracts them from the data
//! at its end, so that reports need no data.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

use crate::files::checksums::{CHECKSUMS, Staged, commit, read_checked};
use crate::files::csv_bytes;
use crate::words::one_line;

/// What a report shows of the queried images: the content of the folder `queried/`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueriedImages {
    /// The classes of every image that any trial queried, ascending by index, then in the data set's order of classes.
    /// An image without a labelled pixel has none.
    pub classes: Vec<ClassShare>,
    /// Thumbnails of some of these images, if there are any.
    pub sheet: Option<Sheet>,
}

/// The share of one class in one image: a row of `classes.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassShare {
    /// The image's index in the train split.
    pub index: usize,
    /// The class's name.
    pub class: String,
    /// The fraction of the image's labelled pixels that have the class, 0 to 1; 1 if images have one class each. The
    /// shares of an image add up to 1.
    pub share: f64,
}

/// A JPEG sheet of thumbnails.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// The bytes of `thumbnails.jpg`, an RGB image.
    pub jpeg: Vec<u8>,
    /// The width of the sheet in pixels.
    pub width: usize,
    /// The height of the sheet in pixels.
    pub height: usize,
    /// The place of each thumbnail on the sheet, ascending by index.
    pub tiles: Vec<Thumbnail>,
}

/// The rectangle of a sheet that shows an image, in pixels from the top left corner: a row of `thumbnails.csv`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The image's index in the train split.
    pub index: usize,
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// What to do about a damaged file.
const REMEDY: &str = "remove the folder queried/ and run `pt4al run` again with the data at hand";
/// By how much the sum of an image's shares may differ from 1, as numbers are rounded.
const TOLERANCE: f64 = 1e-6;

impl QueriedImages {
    /// Reads `queried/` of the results folder `root`; returns `None` if it has no `classes.csv`. Thumbnails count as
    /// missing if one of their two files is missing.
    ///
    /// # Errors
    /// If a file is damaged: wrong columns, rows repeated or out of order, a share outside 0 to 1, shares of an image
    /// that do not add up to 1, or a rectangle that is not on the sheet.
    pub fn read(root: &Path) -> Result<Option<Self>> {
        let path = classes_path(root);
        if !path.exists() {
            return Ok(None);
        }
        let classes = rows(&path, &["index", "class", "share"])?;
        check_classes(&classes, &path)?;
        let (jpeg, tiles) = (jpeg_path(root), tiles_path(root));
        let sheet = if jpeg.exists() && tiles.exists() { Some(Sheet::read(&jpeg, &tiles)?) } else { None };
        Ok(Some(Self { classes, sheet }))
    }

    /// Writes `queried/` of the results folder `root`, replacing existing files. `thumbnails.csv` never exists beside
    /// the sheet of another version.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, root: &Path) -> Result<()> {
        remove(&tiles_path(root))?;
        let mut files = vec![Staged::new(&classes_path(root), &csv_bytes(&self.classes))?];
        match &self.sheet {
            Some(sheet) => {
                files.push(Staged::new(&jpeg_path(root), &sheet.jpeg)?);
                files.push(Staged::new(&tiles_path(root), &csv_bytes(&sheet.tiles))?);
                commit(&root.join(CHECKSUMS), files, &[])
            }
            None => commit(&root.join(CHECKSUMS), files, &[tiles_path(root), jpeg_path(root)]),
        }
    }

    /// Removes the files of `queried/`, if there are any.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn remove(root: &Path) -> Result<()> {
        let files = [classes_path(root), tiles_path(root), jpeg_path(root)];
        commit(&root.join(CHECKSUMS), Vec::new(), &files)?;
        files.iter().try_for_each(|file| remove(file))
    }
}

impl Sheet {
    fn read(jpeg: &Path, tiles: &Path) -> Result<Self> {
        let file = jpeg.display();
        let bytes = read_checked(jpeg, |e| anyhow!("{file}: cannot be read ({e}); check the folder"))?;
        let (width, height) = size(&bytes).map_err(|why| anyhow!("{file}: not a whole JPEG ({why}); {REMEDY}"))?;
        let sheet = Self { jpeg: bytes, width, height, tiles: rows(tiles, &["index", "x", "y", "width", "height"])? };
        sheet.check(tiles)?;
        Ok(sheet)
    }

    fn check(&self, path: &Path) -> Result<()> {
        let within =
            |from: usize, length: usize, all| length > 0 && from.checked_add(length).is_some_and(|to| to <= all);
        for (row, tile) in self.tiles.iter().enumerate() {
            let file = format!("{}:{}", path.display(), row + 2);
            ensure!(
                row == 0 || self.tiles[row - 1].index < tile.index,
                "{file}: image {} is repeated or out of order; {REMEDY}",
                tile.index
            );
            ensure!(
                within(tile.x, tile.width, self.width) && within(tile.y, tile.height, self.height),
                "{file}: the picture of image {} is not on the sheet of {} x {} pixels (width x height); {REMEDY}",
                tile.index,
                self.width,
                self.height
            );
        }
        Ok(())
    }
}

fn classes_path(root: &Path) -> PathBuf {
    root.join("queried").join("classes.csv")
}

fn tiles_path(root: &Path) -> PathBuf {
    root.join("queried").join("thumbnails.csv")
}

fn jpeg_path(root: &Path) -> PathBuf {
    root.join("queried").join("thumbnails.jpg")
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if !matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            bail!("{}: is outdated and cannot be removed ({e}); remove it", path.display())
        }
        _ => Ok(()),
    }
}

/// Reads the rows of a CSV file that must have exactly these columns. An empty file has no rows.
fn rows<T: DeserializeOwned>(path: &Path, columns: &[&str]) -> Result<Vec<T>> {
    let file = path.display();
    let bad = |e: csv::Error| anyhow!("{file}: not a list of queried images ({}); {REMEDY}", super::csv_fault(&e));
    let bytes = read_checked(path, |e| bad(e.into()))?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let found = reader.headers().map_err(bad)?;
    ensure!(
        found.is_empty() || found == columns,
        "{file}:1: has the columns {}, not {}; {REMEDY}",
        one_line(&found.iter().collect::<Vec<_>>().join(",")),
        columns.join(",")
    );
    let rows = reader.deserialize().enumerate();
    let rows = rows.map(|(row, read)| {
        read.map_err(|e| anyhow!("{file}:{}: does not fit ({}); {REMEDY}", row + 2, super::csv_fault(&e)))
    });
    rows.collect()
}

fn check_classes(classes: &[ClassShare], path: &Path) -> Result<()> {
    let mut line = 2;
    for (number, rows) in classes.chunk_by(|a, b| a.index == b.index).enumerate() {
        let index = rows[0].index;
        let file = |row: usize| format!("{}:{}", path.display(), line + row);
        ensure!(number == 0 || classes[line - 3].index < index, "{}: image {index} is out of order; {REMEDY}", file(0));
        for (row, ClassShare { class, share, .. }) in rows.iter().enumerate() {
            ensure!(!class.is_empty(), "{}: image {index} has a class without a name; {REMEDY}", file(row));
            ensure!(
                (0.0..=1.0).contains(share),
                "{}: the share of {} in image {index} is {share}, not 0 to 1; {REMEDY}",
                file(row),
                one_line(class)
            );
            let repeated = rows[..row].iter().any(|before| before.class == *class);
            ensure!(!repeated, "{}: {} is repeated for image {index}; {REMEDY}", file(row), one_line(class));
        }
        let sum: f64 = rows.iter().map(|row| row.share).sum();
        ensure!(
            (sum - 1.0).abs() <= TOLERANCE,
            "{}: the shares of image {index} add up to {sum}, not 1; {REMEDY}",
            file(rows.len() - 1)
        );
        line += rows.len();
    }
    Ok(())
}

/// The width and height of a JPEG, from its header. A file that is cut short is an error.
fn size(jpeg: &[u8]) -> Result<(usize, usize), String> {
    let mut decoder = JpegDecoder::new(ZCursor::new(jpeg));
    decoder.decode_headers().map_err(|e| one_line(&e.to_string()))?;
    if !jpeg.ends_with(&[0xff, 0xd9]) {
        return Err("it is cut short".into());
    }
    decoder.dimensions().ok_or_else(|| "it has no size".into())
}

#[cfg(test)]
mod tests;
