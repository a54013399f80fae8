//! SVHN, the cropped digits (Netzer et al., "Reading Digits in Natural Images with Unsupervised Feature Learning", NIPS
//! workshop, 2011).
//!
//! `train_32x32.mat`, `test_32x32.mat` and, if the spec asks for it, `extra_32x32.mat` lie in `svhn/` or `SVHN/` in the data
//! folder, or in the data folder itself. They are MATLAB 5 files with two arrays: `X`, bytes `[32, 32, 3, n]` whose first
//! dimension (the row) varies fastest, and `y`, `[n, 1]`, the digits 1 to 9, and 10 for the digit 0. Here the class is the
//! digit.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::cifar::{fingerprint, note};
use crate::images::{Images, Splits};
use crate::known::{Known, OnDisk};
use crate::mat::{Array, Arrays, UINT8, element};
use crate::overlap::{self, Overlap};
use crate::problems::Problems;
use crate::{Look, Reader, Size};
use pt4al_results::spec::{Normalize, SvhnSpec, hex};
use pt4al_results::store::{DataFile, DataOrigin};

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "svhn",
    what: "photos of house numbers, one digit each: 73,257 train (531,131 extra) + 26,032 test, 32x32",
    source: "http://ufldl.stanford.edu/housenumbers/",
    terms: "non-commercial use; cite Netzer et al., Reading Digits in Natural Images with Unsupervised Feature Learning, \
        NIPS workshop, 2011",
    files: Some(OnDisk { folder: FOLDER, are_in: |dir| locate(dir).is_ok(), verify, download: None }),
};

/// The folder in the data folder that is looked for first.
const FOLDER: &str = "svhn";
const REMEDY: &str = "get train_32x32.mat and test_32x32.mat (and extra_32x32.mat for `extra = true`) of format 2 from \
    http://ufldl.stanford.edu/housenumbers/, or name another data folder with --data or PT4AL_DATA";

/// A file with the SHA-256 of the official one.
type Named = (&'static str, &'static str);
const TRAIN: Named = ("train_32x32.mat", "435e94d69a87fde4fd4d7f3dd208dfc32cb6ae8af2240d066de1df7508d083b8");
const TEST: Named = ("test_32x32.mat", "cdce80dfb2a2c4c6160906d0bd7c68ec5a99d7ca4831afa54f09182025b6a75b");
const EXTRA: Named = ("extra_32x32.mat", "a133a4beb38a00fcdda90c9489e0c04f900b660ce8a316a5e854838379a71eb3");
/// The largest size in bytes of a file, and of its images. `extra_32x32.mat` has 1.3 billion bytes and 1.6 billion of images.
const LARGEST: u64 = 2 << 30;

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const IMAGE: usize = 3 * PLANE;
const CLASSES: usize = 10;
/// The class of an array of bytes.
const BYTES: u8 = 9;

impl Reader for SvhnSpec {
    /// Always reads the files, which takes seconds.
    fn read(&self, dir: &Path, _: &Look) -> Result<Splits> {
        let folder = locate(dir)?;
        let names: &[Named] = if self.extra { &[TRAIN, EXTRA, TEST] } else { &[TRAIN, TEST] };
        let problems = Problems::default();
        let read = |&(name, sum): &Named| {
            let path = folder.join(name);
            read_file(&path, name, sum).map_err(|why| problems.add(&path, why)).ok()
        };
        let mut parts: Vec<Part> = names.par_iter().map(read).collect::<Vec<_>>().into_iter().flatten().collect();
        if parts.len() == names.len() {
            note_copies_and_empty_classes(&folder, names, &parts, &problems);
        }
        problems.into_result("svhn", &format!("restore them, or {REMEDY}"))?;

        let files: Vec<DataFile> = parts.iter().map(|part| part.file.clone()).collect();
        let sizes: Vec<usize> = parts.iter().map(|part| part.images.len()).collect();
        let test = parts.pop().map(|part| part.images).unwrap_or_default();
        let mut parts = parts.into_iter().map(|part| part.images);
        let mut train = parts.next().unwrap_or_else(Images::default);
        for extra in parts {
            train.pixels.extend(extra.pixels);
            train.labels.extend(extra.labels);
        }
        let shared = Overlap::find(&train.sums(), &test.sums()).map(|overlap| {
            let name = |[train, test]: [usize; 2]| {
                let train = match train.checked_sub(sizes[0]) {
                    None => format!("image {train} of {}", TRAIN.0),
                    Some(extra) => format!("image {extra} of {}", EXTRA.0),
                };
                [train, format!("image {test} of {}", TEST.0)]
            };
            overlap.note(&folder.display().to_string(), REMEDY, name)
        });
        let origin = DataOrigin {
            name: "svhn".into(),
            pool: train.len(),
            test: test.len(),
            fingerprint: fingerprint(&files),
            note: overlap::joined(note(&files, "SVHN"), shared.transpose()?),
            files,
            classes: Vec::new(),
        };
        let classes = (0..CLASSES).map(|digit| digit.to_string()).collect();
        Ok(Splits { train, test, classes, origin }.into())
    }

    fn known_size(&self) -> Option<Size> {
        let (train, test) = (self.train(), Self::TEST);
        let bytes = ((train + test) * IMAGE) as u64;
        Some(Size { train, pool: train, test, height: SIDE, width: SIDE, classes: CLASSES, bytes })
    }
}

/// Checks the files of train and test split; `extra_32x32.mat` too if it is there.
fn verify(data_dir: &Path) -> Result<DataOrigin> {
    let extra = locate(data_dir)?.join(EXTRA.0).is_file();
    Ok(SvhnSpec { extra, pool: None, pool_seed: 0, normalize: Normalize::svhn() }.checked(data_dir)?.origin)
}

/// The folder of the files: below `dir`, or `dir` itself.
fn locate(dir: &Path) -> Result<PathBuf> {
    let folders = [dir.join(FOLDER), dir.join("SVHN"), dir.to_owned()];
    match folders.iter().find(|folder| folder.join(TRAIN.0).is_file() || folder.join(TEST.0).is_file()) {
        Some(folder) => Ok(folder.clone()),
        None => bail!("{}: no {} in it or in {FOLDER}/, so there are no SVHN files; {REMEDY}", dir.display(), TRAIN.0),
    }
}

/// The contents of a file.
struct Part {
    images: Images,
    file: DataFile,
}

/// Reads a file. The error says in a few words what is wrong with it.
fn read_file(path: &Path, name: &str, official: &str) -> Result<Part, String> {
    let unreadable = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => "no such file, so SVHN is incomplete".to_owned(),
        _ => format!("cannot be read ({error})"),
    };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > LARGEST {
        return Err(format!("{size} bytes, more than such a file can have"));
    }
    let bytes = std::fs::read(path).map_err(unreadable)?;
    let images = images(&bytes)?;
    let sha256 = hex(&Sha256::digest(&bytes));
    let official = sha256 == official;
    Ok(Part { images, file: DataFile { path: format!("{FOLDER}/{name}"), bytes: size, sha256, official } })
}

/// Reads the arrays `X` and `y` of a file.
pub(crate) fn images(file: &[u8]) -> Result<Images, String> {
    let (mut pixels, mut labels) = (None, None);
    let mut arrays = Arrays::new(file, LARGEST)?;
    while let Some(body) = arrays.next()? {
        let array = Array::read(&body)?;
        match array.name {
            b"X" => pixels = Some(pixels_of(&array)?),
            b"y" => labels = Some(labels_of(&array)?),
            _ => {}
        }
    }
    let pixels = pixels.ok_or("no array `X` (the images) in it")?;
    let labels = labels.ok_or("no array `y` (the digits) in it")?;
    let count = pixels.len() / IMAGE;
    if labels.len() != count {
        return Err(format!("{count} images in `X`, but {} digits in `y`", labels.len()));
    }
    Ok(Images { height: SIDE, width: SIDE, pixels, labels })
}

/// Reads `X` as `[n, 32, 32, 3]`, row by row.
fn pixels_of(array: &Array) -> Result<Vec<u8>, String> {
    // MATLAB leaves out a last dimension of length 1.
    let count = match *array.dimensions {
        [SIDE, SIDE, 3, count] => count,
        [SIDE, SIDE, 3] => 1,
        _ => {
            let found: Vec<String> = array.dimensions.iter().map(ToString::to_string).collect();
            return Err(format!("`X` is {}, but SVHN's is 32 x 32 x 3 x images (format 2)", found.join(" x ")));
        }
    };
    let (kind, bytes) = element(&mut &*array.rest)?;
    if array.class != BYTES || kind != UINT8 {
        return Err("`X` is not made of bytes (uint8)".into());
    }
    if Some(bytes.len()) != count.checked_mul(IMAGE) {
        return Err(format!("`X` has {} bytes, which are not {count} images", bytes.len()));
    }
    let mut pixels = vec![0; bytes.len()];
    pixels.par_chunks_exact_mut(IMAGE).zip(bytes.par_chunks_exact(IMAGE)).for_each(|(image, given)| {
        for (at, pixel) in image.chunks_exact_mut(3).enumerate() {
            let (row, column) = (at / SIDE, at % SIDE);
            for (channel, value) in pixel.iter_mut().enumerate() {
                *value = given[channel * PLANE + column * SIDE + row];
            }
        }
    });
    Ok(pixels)
}

/// Reads `y` as digits.
fn labels_of(array: &Array) -> Result<Vec<u8>, String> {
    let digit = |(index, value): (usize, f64)| match value {
        10.0 => Ok(0),
        1.0..10.0 if value.fract() == 0.0 => Ok(value as u8),
        _ => Err(format!("image {index} has the label {value}, but SVHN's are 1 to 10 (10 for the digit 0)")),
    };
    array.values()?.into_iter().enumerate().map(digit).collect()
}

/// Notes problems that no single file shows: copies of files, and digits without images in train and test split.
fn note_copies_and_empty_classes(folder: &Path, names: &[Named], parts: &[Part], problems: &Problems) {
    for (index, Part { images, file }) in parts.iter().enumerate() {
        let path = folder.join(names[index].0);
        if let Some(first) = parts[..index].iter().find(|before| before.file.sha256 == file.sha256) {
            problems.add(&path, format!("the same bytes as {}", first.file.path));
        }
        for digit in (0..CLASSES as u8).filter(|digit| !images.labels.contains(digit)) {
            problems.add(&path, format!("no image of the digit {digit}"));
        }
    }
}

#[cfg(test)]
mod tests;
