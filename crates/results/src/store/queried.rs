//! What a report shows of the images that were asked for: their classes, and small pictures of some. It is taken from
//! the data at the end of a run, so that reports need no data.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;

/// The folder `queried/`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QueriedImages {
    /// Those of every image that any trial asked for, ascending by index, then in the data set's order of classes. An
    /// image without a labelled pixel has none.
    pub classes: Vec<ClassShare>,
    /// `None` where there are no pictures.
    pub sheet: Option<Sheet>,
}

/// A row of `classes.csv`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassShare {
    /// The image's position in the train split.
    pub index: usize,
    /// The class's name.
    pub class: String,
    /// Its part of the image's labelled pixels, 0 to 1; 1 where the image as a whole has the class. Those of an image add
    /// up to 1.
    pub share: f64,
}

/// Small pictures in one.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// `thumbnails.jpg`, RGB.
    pub jpeg: Vec<u8>,
    /// Pixels of the whole.
    pub width: usize,
    pub height: usize,
    /// Where each picture is; ascending by index.
    pub tiles: Vec<Thumbnail>,
}

/// A row of `thumbnails.csv`: the rectangle of the sheet, in pixels from its top left corner, that shows an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thumbnail {
    /// The image's position in the train split.
    pub index: usize,
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
}

/// What to do about a file that is not as it was written.
const REMEDY: &str = "remove the folder queried/ and run `pt4al run` again with the data at hand";
/// The shares of an image may miss 1 by so much: numbers are rounded.
const TOLERANCE: f64 = 1e-6;

impl QueriedImages {
    /// Reads what the results folder `root` has; `None` if it has none. Pictures count as missing where one of their two
    /// files is.
    ///
    /// # Errors
    /// One line if a file is damaged: with other columns, repeated or out of order, with a share that is none, shares of an
    /// image that do not add up, or a picture that is not on the sheet.
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

    /// Writes it in place of what is there. At no moment do rectangles lie beside a sheet that they are not of.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, root: &Path) -> Result<()> {
        super::write_csv(&classes_path(root), &self.classes)?;
        remove(&tiles_path(root))?;
        let Some(sheet) = &self.sheet else { return remove(&jpeg_path(root)) };
        super::write_atomically(&jpeg_path(root), |out| out.write_all(&sheet.jpeg))?;
        super::write_csv(&tiles_path(root), &sheet.tiles)
    }

    /// Removes what there is.
    ///
    /// # Errors
    /// If a file cannot be removed.
    pub fn remove(root: &Path) -> Result<()> {
        remove(&classes_path(root))?;
        remove(&tiles_path(root))?;
        remove(&jpeg_path(root))
    }
}

impl Sheet {
    fn read(jpeg: &Path, tiles: &Path) -> Result<Self> {
        let file = jpeg.display();
        let bytes = std::fs::read(jpeg).map_err(|e| anyhow!("{file}: cannot be read ({e}); check the folder"))?;
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

/// The rows of a CSV with exactly these columns. One without rows is empty.
fn rows<T: DeserializeOwned>(path: &Path, columns: &[&str]) -> Result<Vec<T>> {
    let file = path.display();
    let bad = |e: csv::Error| anyhow!("{file}: not a list of queried images ({}); {REMEDY}", super::csv_fault(&e));
    let mut reader = csv::Reader::from_path(path).map_err(bad)?;
    let found = reader.headers().map_err(bad)?;
    ensure!(
        found.is_empty() || found == columns,
        "{file}:1: has the columns {}, not {}; {REMEDY}",
        found.iter().collect::<Vec<_>>().join(","),
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
    for (at, of_image) in classes.chunk_by(|a, b| a.index == b.index).enumerate() {
        let index = of_image[0].index;
        let file = |row: usize| format!("{}:{}", path.display(), line + row);
        ensure!(at == 0 || classes[line - 3].index < index, "{}: image {index} is out of order; {REMEDY}", file(0));
        for (row, ClassShare { class, share, .. }) in of_image.iter().enumerate() {
            ensure!(!class.is_empty(), "{}: image {index} has a class without a name; {REMEDY}", file(row));
            ensure!(
                (0.0..=1.0).contains(share),
                "{}: the share of {class} in image {index} is {share}, not 0 to 1; {REMEDY}",
                file(row)
            );
            let repeated = of_image[..row].iter().any(|before| before.class == *class);
            ensure!(!repeated, "{}: {class} is repeated for image {index}; {REMEDY}", file(row));
        }
        let sum: f64 = of_image.iter().map(|row| row.share).sum();
        ensure!(
            (sum - 1.0).abs() <= TOLERANCE,
            "{}: the shares of image {index} add up to {sum}, not 1; {REMEDY}",
            file(of_image.len() - 1)
        );
        line += of_image.len();
    }
    Ok(())
}

/// Width and height of a JPEG, from its header, if it has an end.
fn size(jpeg: &[u8]) -> Result<(usize, usize), String> {
    let mut decoder = JpegDecoder::new(ZCursor::new(jpeg));
    decoder.decode_headers().map_err(|e| super::record::one_line(&e))?;
    if !jpeg.ends_with(&[0xff, 0xd9]) {
        return Err("it is cut short".into());
    }
    decoder.dimensions().ok_or_else(|| "it has no size".into())
}

#[cfg(test)]
mod tests;
