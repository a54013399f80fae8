//! Files with fixed features of all images of a data set, which take the place of a network: NPZ as numpy writes it, or
//! safetensors.
//!
//! The arrays `train` and `test` have a row of floats for each image of the split, in the order of the images. An NPZ file may
//! have the arrays `train_ids` and `test_ids` too: text, the name of the image of each row.

mod npy;
#[cfg(test)]
mod tests;

use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail, ensure};
use safetensors::SafeTensors;
use sha2::{Digest, Sha256};
use zip::ZipArchive;

use crate::words::one_line;
use npy::Header;

/// How to write a file, for messages.
const REMEDY: &str = "write it in Python with np.savez(\"features.npz\", train=..., test=...)";
/// A squared distance of two rows is at most four times the larger of their squared lengths, and must be a float.
const LONGEST: f32 = f32::MAX / 4.0;

/// Features of all images of a data set.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// The number of features of an image, at least 1.
    pub dimension: usize,
    pub train: Rows,
    pub test: Rows,
}

/// The features of the images of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// `[n, dimension]`, row by row. All values are finite, and so are the distances between rows.
    pub values: Vec<f32>,
    /// `[n]`: the name of the image of each row; `None` if the file has no names.
    pub ids: Option<Vec<String>>,
}

impl Features {
    /// Reads and checks the file of `model.features`, whose SHA-256 is `sha256` in hexadecimal digits.
    ///
    /// # Errors
    /// One line that names the key and the file, if it cannot be read, has another SHA-256, or has values that cannot be trained on.
    pub fn read(path: &Path, sha256: &str) -> Result<Self> {
        let shown = path.display();
        let bytes =
            std::fs::read(path).map_err(|e| anyhow!("`model.features`: {shown} cannot be read ({e}); restore it"))?;
        let found = format!("{:x}", Sha256::digest(&bytes));
        ensure!(
            found == sha256,
            "`model.features`: {shown} changed since the command began (SHA-256 {sha256}, now {found}); restore it"
        );
        Self::parse(&bytes).map_err(|e| anyhow!("`model.features`: {shown}: {e:#}"))
    }

    /// The number of rows of the splits.
    pub fn lengths(&self) -> (usize, usize) {
        (self.train.values.len() / self.dimension, self.test.values.len() / self.dimension)
    }

    /// Reads and checks the contents of a file.
    fn parse(bytes: &[u8]) -> Result<Self> {
        let mut arrays = Arrays::open(bytes)?;
        let dimension = arrays.dimension()?;
        let mut rows = |name: &str| -> Result<Rows> {
            let (header, bytes) = arrays.read(name)?;
            let values = header.floats(&bytes).context("the array has another type than before")?;
            check_values(name, &values, dimension)?;
            Ok(Rows { values, ids: arrays.ids(&format!("{name}_ids"), header.shape[0])? })
        };
        Ok(Self { dimension, train: rows("train")?, test: rows("test")? })
    }
}

/// Returns the number of features of an image, from the headers of the contents of a file.
///
/// # Errors
/// If it is no such file, or its arrays have other names, types or shapes. The message does not name the file.
pub fn dimension(bytes: &[u8]) -> Result<usize> {
    Arrays::open(bytes)?.dimension()
}

/// Checks that values are finite, and so are the distances between rows.
fn check_values(name: &str, values: &[f32], dimension: usize) -> Result<()> {
    for (row, features) in values.chunks_exact(dimension).enumerate() {
        if let Some(at) = features.iter().position(|value| !value.is_finite()) {
            bail!(
                "feature {at} of row {row} of `{name}` is {} as a 32-bit float, counted from 0; features must be finite: correct \
                 what computes them",
                features[at]
            );
        }
        let square: f32 = features.iter().map(|value| value * value).sum();
        ensure!(
            square < LONGEST,
            "the features of row {row} of `{name}`, counted from 0, are too large to have distances; divide all features by a \
             number"
        );
    }
    Ok(())
}

/// The arrays of a file.
enum Arrays<'a> {
    Npz(Box<ZipArchive<Cursor<&'a [u8]>>>),
    Safetensors(SafeTensors<'a>),
}

impl<'a> Arrays<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self> {
        ensure!(
            !bytes.starts_with(npy::MAGIC),
            "is a single array (NPY), but two are needed, `train` and `test`; {REMEDY}"
        );
        if bytes.starts_with(b"PK") {
            let archive = ZipArchive::new(Cursor::new(bytes))
                .map_err(|e| anyhow!("is not a whole NPZ file ({e}); copy or write it again"))?;
            return Ok(Self::Npz(Box::new(archive)));
        }
        // A safetensors file begins with the length of its header, which is JSON.
        if bytes.get(8) == Some(&b'{') {
            let tensors = SafeTensors::deserialize(bytes)
                .map_err(|e| anyhow!("is not a whole safetensors file ({e:?}); copy or write it again"))?;
            return Ok(Self::Safetensors(tensors));
        }
        bail!("is neither an NPZ nor a safetensors file; {REMEDY}");
    }

    /// The names of all arrays, sorted.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Self::Npz(archive) => {
                archive.file_names().map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned()).collect()
            }
            Self::Safetensors(tensors) => tensors.names().into_iter().cloned().collect(),
        };
        names.sort();
        names
    }

    /// The header of an array.
    fn header(&mut self, name: &str) -> Result<Header> {
        match self {
            Self::Npz(archive) => Header::read(&mut archive.by_name(&format!("{name}.npy"))?)
                .with_context(|| format!("`{name}` is damaged; write the file again")),
            Self::Safetensors(tensors) => {
                let tensor = tensors.tensor(name).map_err(|e| anyhow!("`{name}`: {e:?}"))?;
                Ok(Header {
                    kind: npy::kind_of_safetensors(tensor.dtype()),
                    written: format!("{:?}", tensor.dtype()).to_lowercase(),
                    columns_first: false,
                    shape: tensor.shape().to_vec(),
                })
            }
        }
    }

    /// The header of an array and its bytes.
    fn read(&mut self, name: &str) -> Result<(Header, Vec<u8>)> {
        let header = self.header(name)?;
        let needed = header.bytes();
        let needed =
            needed.with_context(|| format!("`{name}` is damaged: its shape is too large; write the file again"))?;
        let bytes = match self {
            Self::Safetensors(tensors) => tensors.tensor(name).map_err(|e| anyhow!("`{name}`: {e:?}"))?.data().to_vec(),
            Self::Npz(archive) => {
                let mut file = archive.by_name(&format!("{name}.npy"))?;
                Header::read(&mut file)?;
                // The header is not trusted: no more is read than the archive has. Neither is the archive, whose packed bytes may
                // unpack to a thousand times as many: no more is read than the shape needs, and one byte that is too many.
                let mut bytes = Vec::new();
                file.take((needed as u64).saturating_add(1))
                    .read_to_end(&mut bytes)
                    .map_err(|e| anyhow!("`{name}` is damaged ({e}); copy or write the file again"))?;
                bytes
            }
        };
        ensure!(
            needed == bytes.len(),
            "`{name}` is damaged: it has {}{} bytes, which are not those of its shape; write the file again",
            if bytes.len() > needed { "at least " } else { "" },
            bytes.len()
        );
        Ok((header, bytes))
    }

    /// Checks names, types and shapes of the arrays, and returns the number of features of an image.
    fn dimension(&mut self) -> Result<usize> {
        let names = self.names();
        let known = ["train", "test", "train_ids", "test_ids"];
        if let Some(name) = ["train", "test"].into_iter().find(|name| !names.iter().any(|other| other == name)) {
            let has = if names.is_empty() {
                "no arrays".into()
            } else {
                format!("the arrays {}", one_line(&names.join(", ")))
            };
            bail!("has no array `{name}`, but {has}; {REMEDY}");
        }
        let near = names.iter().find(|name| name.ends_with("_ids") && !known.contains(&name.as_str()));
        if let Some(name) = near {
            bail!(
                "has an array `{}`; names of images are in `train_ids` and `test_ids`: rename or remove it",
                one_line(name)
            );
        }
        let mut widths = [0; 2];
        for (name, width) in ["train", "test"].into_iter().zip(&mut widths) {
            let header = self.header(name)?;
            ensure!(
                header.kind.is_some_and(npy::Kind::is_float),
                "`{name}` is of type {}; it must be float16, float32 or float64: convert it with .astype(np.float32)",
                header.written
            );
            let [rows, columns] = header.shape[..] else {
                bail!(
                    "`{name}` has the shape {}; it must have two dimensions, a row of features for each image",
                    npy::shape_in_words(&header.shape)
                )
            };
            ensure!(
                rows > 0 && columns > 0,
                "`{name}` has the shape {}; at least one image and one feature are needed",
                npy::shape_in_words(&header.shape)
            );
            *width = columns;
            let ids = format!("{name}_ids");
            if names.contains(&ids) {
                let header = self.header(&ids)?;
                ensure!(
                    header.kind.is_some_and(|kind| !kind.is_float()),
                    "`{ids}` is of type {}; it must be text: write np.array(names, dtype=str)",
                    header.written
                );
                ensure!(
                    header.shape == [rows],
                    "`{ids}` has the shape {}, but `{name}` has {rows} rows; give each row one name",
                    npy::shape_in_words(&header.shape)
                );
            }
        }
        ensure!(
            widths[0] == widths[1],
            "`train` has {} features for each image, but `test` has {}; compute both by the same network",
            widths[0],
            widths[1]
        );
        Ok(widths[0])
    }

    /// The names of the images of `rows` rows, if the file has them.
    fn ids(&mut self, name: &str, rows: usize) -> Result<Option<Vec<String>>> {
        if !self.names().iter().any(|other| other == name) {
            return Ok(None);
        }
        let (header, bytes) = self.read(name)?;
        let ids =
            header.texts(&bytes).with_context(|| format!("`{name}` is not text; write np.array(names, dtype=str)"))?;
        ensure!(ids.len() == rows, "`{name}` has {} names for {rows} rows; give each row one name", ids.len());
        Ok(Some(ids))
    }
}
