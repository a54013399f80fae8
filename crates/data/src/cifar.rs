//! The binary format of CIFAR-10 and CIFAR-100: files of records without a header. A record is one byte for each label of
//! the image, then the 32x32 red values row by row, then the green, then the blue.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::images::{Images, Splits};
use crate::index::read_small;
use crate::overlap::{self, Overlap};
use crate::problems::Problems;
use pt4al_results::spec::hex;
use pt4al_results::store::{DataFile, DataOrigin};

pub(crate) const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
/// The number of bytes of one image.
pub(crate) const IMAGE: usize = 3 * PLANE;

/// What tells the data sets in this format apart.
#[derive(Clone, Copy)]
pub(crate) struct Format {
    /// The name in specs.
    pub name: &'static str,
    /// The name that its authors gave it.
    pub title: &'static str,
    /// The folder that the official archive unpacks to.
    pub folder: &'static str,
    /// The files of images with the SHA-256 of the official ones; the last file is the test split.
    pub files: &'static [(&'static str, &'static str)],
    /// The files of the train split in words.
    pub train_files: &'static str,
    /// The labels of a record, one byte each, in order.
    pub labels: &'static [Label],
    /// What to say of a label that is too large.
    pub foreign: &'static str,
    /// Whether it is known that the official splits share no image, so that official files need not be compared.
    pub disjoint: bool,
    /// What to do if files are missing or are not usable.
    pub remedy: &'static str,
}

/// One label of each record.
#[derive(Clone, Copy)]
pub(crate) struct Label {
    /// What messages call it.
    pub name: &'static str,
    /// The number of classes; labels go from 0 to one less.
    pub classes: usize,
}

/// The records of all files, in order.
pub(crate) struct Records {
    /// `[n, 32, 32, 3]`: the pixels.
    pub pixels: Vec<u8>,
    /// `[labels, n]`: each label of the records.
    pub labels: Vec<Vec<u8>>,
    /// What is known of each file.
    pub files: Vec<DataFile>,
}

impl Format {
    /// The number of bytes of one record.
    pub const fn record(&self) -> usize {
        self.labels.len() + IMAGE
    }

    /// What to do about files that are not usable.
    pub fn restore(&self) -> String {
        format!("remove them, then {}", self.remedy)
    }

    /// Whether all files are there, with these numbers of records each. Their contents are not read.
    pub fn is_complete(&self, folder: &Path, records: &[usize]) -> bool {
        let size = |path: PathBuf| std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| m.len());
        let mut files = self.files.iter().zip(records);
        files.all(|((name, _), records)| size(folder.join(name)) == Some((records * self.record()) as u64))
    }

    /// Reads a file of names, one a line; empty lines are left out.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn read_names(&self, path: &Path) -> Result<Vec<String>> {
        let text = read_small(path, 1 << 16).map_err(|why| anyhow!("{}: {why}; {}", path.display(), self.remedy))?;
        let text = String::from_utf8_lossy(&text);
        Ok(text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// Reads the files in `folder`. `records` has the number of records of each.
    ///
    /// # Errors
    /// With the list of files that are missing, too short or too long, or have a label that is too large.
    pub fn read(&self, folder: &Path, records: &[usize]) -> Result<Records> {
        let total: usize = records.iter().sum();
        let mut pixels = vec![0; total * IMAGE];
        let mut labels = vec![0; total * self.labels.len()];
        let mut parts = Vec::new();
        let (mut pixels_left, mut labels_left) = (pixels.as_mut_slice(), labels.as_mut_slice());
        for (&(name, sum), &count) in self.files.iter().zip(records) {
            let (file_pixels, rest) = pixels_left.split_at_mut(count * IMAGE);
            pixels_left = rest;
            let (file_labels, rest) = labels_left.split_at_mut(count * self.labels.len());
            labels_left = rest;
            parts.push((name, sum, file_pixels, file_labels));
        }
        let problems = Problems::default();
        let files: Vec<Option<DataFile>> = parts
            .into_par_iter()
            .map(|(name, sum, pixels, labels)| {
                let path = folder.join(name);
                self.read_file(&path, name, sum, pixels, labels).map_err(|why| problems.add(&path, why)).ok()
            })
            .collect();
        problems.into_result(self.name, &self.restore())?;
        let each = self.labels.len();
        let labels = (0..each).map(|at| labels.iter().skip(at).step_by(each).copied().collect()).collect();
        Ok(Records { pixels, labels, files: files.into_iter().flatten().collect() })
    }

    /// Reads one file into its part of the pixels, `[records, 32, 32, 3]`, and of the labels, `[records, labels]`. The
    /// error says in a few words what is wrong with the file.
    fn read_file(
        &self,
        path: &Path,
        name: &str,
        official: &str,
        pixels: &mut [u8],
        labels: &mut [u8],
    ) -> Result<DataFile, String> {
        let unreadable = |error: &std::io::Error| match error.kind() {
            ErrorKind::NotFound => format!("no such file, so {} is incomplete", self.title),
            _ => format!("cannot be read ({error})"),
        };
        let (record_bytes, each) = (self.record(), self.labels.len());
        let expected = labels.len() / each * record_bytes;
        // Check the size before reading, because a wrong file may be huge.
        let found = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
        check_size(found, expected)?;
        let bytes = std::fs::read(path).map_err(|e| unreadable(&e))?;
        check_size(bytes.len() as u64, expected)?;

        let images = pixels.chunks_exact_mut(IMAGE).zip(labels.chunks_exact_mut(each));
        for (index, (record, (image, labels))) in bytes.chunks_exact(record_bytes).zip(images).enumerate() {
            let (given, planes) = record.split_at(each);
            labels.copy_from_slice(given);
            for (label, Label { name, classes }) in given.iter().zip(self.labels) {
                if usize::from(*label) >= *classes {
                    return Err(format!(
                        "record {index} (byte {}) has the {name} {label}, but {}'s are 0 to {}: {}",
                        index * record_bytes,
                        self.title,
                        classes - 1,
                        self.foreign
                    ));
                }
            }
            let (red, rest) = planes.split_at(PLANE);
            let (green, blue) = rest.split_at(PLANE);
            for (pixel, ((&r, &g), &b)) in image.chunks_exact_mut(3).zip(red.iter().zip(green).zip(blue)) {
                pixel.copy_from_slice(&[r, g, b]);
            }
        }

        let sha256 = hex(&Sha256::digest(&bytes));
        let official = sha256 == official;
        Ok(DataFile { path: format!("{}/{name}", self.folder), bytes: bytes.len() as u64, sha256, official })
    }

    /// Makes the splits of records: the last file, which has `tested` of them, is the test split. `label` is the label
    /// that becomes the class.
    pub fn splits(&self, records: Records, tested: usize, label: usize, classes: Vec<String>) -> Splits<Images> {
        let Records { mut pixels, mut labels, files } = records;
        let mut labels = labels.swap_remove(label);
        let train = labels.len() - tested;
        let split = |pixels, labels| Images { height: SIDE, width: SIDE, pixels, labels };
        let test = split(pixels.split_off(train * IMAGE), labels.split_off(train));
        let origin = DataOrigin {
            name: self.name.into(),
            pool: train,
            test: tested,
            fingerprint: fingerprint(&files),
            note: note(&files, self.title),
            files,
            classes: Vec::new(),
        };
        Splits { train: split(pixels, labels), test, classes, origin }
    }

    /// Notes problems that no single file shows: copies of files, and classes without images in a split.
    pub fn note_copies_and_empty_classes(&self, folder: &Path, splits: &Splits<Images>, problems: &Problems) {
        let files = &splits.origin.files;
        for (index, file) in files.iter().enumerate() {
            if let Some(first) = files[..index].iter().find(|before| before.sha256 == file.sha256) {
                problems.add(&folder.join(self.files[index].0), format!("the same bytes as {}", first.path));
            }
        }
        let test_file = self.files[self.files.len() - 1].0;
        for (split, labels) in [(self.train_files, &splits.train.labels), (test_file, &splits.test.labels)] {
            for (class, name) in splits.classes.iter().enumerate() {
                if !labels.iter().any(|&label| usize::from(label) == class) {
                    problems.add(folder, format!("no image of {name} in {split}"));
                }
            }
        }
    }

    /// Adds a note on test images that are also training images, even with other labels. `records` has the number of
    /// records of each file.
    ///
    /// # Errors
    /// If at least half of them are.
    pub fn with_overlap(&self, mut splits: Splits<Images>, folder: &Path, records: &[usize]) -> Result<Splits<Images>> {
        if self.disjoint && splits.origin.files.iter().all(|file| file.official) {
            return Ok(splits);
        }
        let shared = Overlap::find(&splits.train.sums(), &splits.test.sums()).map(|overlap| {
            let name = |[train, test]: [usize; 2]| {
                let (mut file, mut record) = (0, train);
                while record >= records[file] {
                    record -= records[file];
                    file += 1;
                }
                let test_file = self.files[self.files.len() - 1].0;
                [format!("record {record} of {}", self.files[file].0), format!("record {test} of {test_file}")]
            };
            overlap.note(&folder.display().to_string(), &self.restore(), name)
        });
        let origin = &mut splits.origin;
        origin.note = overlap::joined(std::mem::take(&mut origin.note), shared.transpose()?);
        Ok(splits)
    }
}

fn check_size(found: u64, expected: usize) -> Result<(), String> {
    let what = match found.cmp(&(expected as u64)) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Less => "truncated",
        std::cmp::Ordering::Greater => "too long",
    };
    Err(format!("{what} ({found} bytes, expected {expected})"))
}

/// The first 16 hexadecimal digits of the SHA-256 over the SHA-256 of each file.
pub(crate) fn fingerprint(files: &[DataFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(&file.sha256);
    }
    hex(&hash.finalize()[..8])
}

/// A note on the files for readers of results; empty for the official files.
pub(crate) fn note(files: &[DataFile], title: &str) -> String {
    let others = files.iter().filter(|file| !file.official).count();
    match others {
        0 => String::new(),
        _ => format!(
            "{others} of the {} files are not the official {title} files (their checksums differ), so accuracies are \
             not directly comparable with published ones.",
            files.len()
        ),
    }
}
