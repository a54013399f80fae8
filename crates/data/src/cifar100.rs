//! CIFAR-100 in its official binary format (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009).
//!
//! Below the data folder: `cifar-100-binary/` with `train.bin`, `test.bin`, `fine_label_names.txt` and
//! `coarse_label_names.txt`. `train.bin` is 50,000 and `test.bin` 10,000 records of 3,074 bytes: the coarse label, the
//! fine label, then the 32x32 red values row by row, then the green, then the blue.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

use crate::cifar::{Format, IMAGE, Label, SIDE};
use crate::fetch::{Archive, fetch};
use crate::images::{Images, Splits};
use crate::known::{Known, OnDisk};
use crate::problems::Problems;
use crate::{Look, Reader, Size};
use pt4al_results::spec::{Cifar100Labels, Cifar100Spec};

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "cifar100",
    what: "photos of 100 classes in 20 groups, 50,000 train + 10,000 test, 32x32",
    source: ARCHIVE.url,
    terms: "no licence is stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    files: Some(OnDisk {
        folder: FOLDER,
        are_in: looks_complete,
        verify: |data_dir| Ok(read(data_dir, Cifar100Labels::Fine)?.origin),
        download: Some(|data_dir, url, progress| {
            fetch(data_dir, &Archive { url: url.unwrap_or(ARCHIVE.url), ..ARCHIVE }, progress)
        }),
    }),
};

/// The official archive.
const ARCHIVE: Archive = Archive {
    url: "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
    sha256: "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    name: "cifar-100-binary.tar.gz",
    folder: FOLDER,
    members: &[FILES[0].0, FILES[1].0, FINE, COARSE],
    locate,
    read: |data_dir| Ok(read_records(data_dir, RECORDS, Cifar100Labels::Fine)?.origin),
};

/// The folder that the official archive unpacks to.
pub(crate) const FOLDER: &str = "cifar-100-binary";
/// The files of the classes' names.
const FINE: &str = "fine_label_names.txt";
const COARSE: &str = "coarse_label_names.txt";
/// The number of records in each official file.
const RECORDS: [usize; 2] = [50_000, 10_000];
/// The numbers of classes.
const COARSE_CLASSES: usize = 20;
const FINE_CLASSES: usize = 100;
/// The positions of the labels in a record.
const COARSE_AT: usize = 0;
const FINE_AT: usize = 1;

/// The files of images with the SHA-256 of the official ones; the last file is the test split.
const FILES: [(&str, &str); 2] = [
    ("train.bin", "f31298fc616915fa142368359df1c4ca2ae984d6915ca468b998a5ec6aeebf29"),
    ("test.bin", "d8b1e6b7b3bee4020055f0699b111f60b1af1e262aeb93a0b659061746f8224a"),
];

const FORMAT: Format = Format {
    name: "cifar100",
    title: "CIFAR-100",
    folder: FOLDER,
    files: &FILES,
    train_files: "train.bin",
    labels: &[
        Label { name: "coarse label", classes: COARSE_CLASSES },
        Label { name: "fine label", classes: FINE_CLASSES },
    ],
    foreign: "a damaged file, or another data set",
    disjoint: false,
    remedy: "get them with `pt4al data fetch cifar100`, or unpack cifar-100-binary.tar.gz from \
        https://www.cs.toronto.edu/~kriz/cifar.html there, or name another data folder with --data or PT4AL_DATA",
};

/// Reads the data set below `data_dir`, which may also be the folder of the files itself.
///
/// Files that differ from the official ones are read too, and `origin.note` says so. `origin.pool` counts the whole train
/// split.
///
/// # Errors
/// If there is no such folder; if there are not 100 and 20 different names of classes; with the list of problems with the
/// files (missing, too short or too long, a label that is too large, a fine class in two coarse ones, a copy of the other
/// file, a class without images); or if at least half of the test images are also training images.
pub fn read(data_dir: &Path, labels: Cifar100Labels) -> Result<Splits<Images>> {
    let splits = read_records(data_dir, RECORDS, labels)?;
    let problems = Problems::default();
    let folder = locate(data_dir)?;
    FORMAT.note_copies_and_empty_classes(&folder, &splits, &problems);
    problems.into_result("cifar100", &FORMAT.restore())?;
    FORMAT.with_overlap(splits, &folder, &RECORDS)
}

impl Reader for Cifar100Spec {
    /// Always reads both files, which takes no time.
    fn read(&self, dir: &Path, _: &Look) -> Result<Splits> {
        read(dir, self.labels).map(Splits::from)
    }

    fn known_size(&self) -> Option<Size> {
        let [train, test] = RECORDS;
        let bytes = ((train + test) * IMAGE) as u64;
        let classes = match self.labels {
            Cifar100Labels::Fine => FINE_CLASSES,
            Cifar100Labels::Coarse => COARSE_CLASSES,
        };
        Some(Size { train, pool: train, test, height: SIDE, width: SIDE, classes, bytes })
    }
}

/// Whether all files are there in their official sizes. Their contents are not read.
fn looks_complete(data_dir: &Path) -> bool {
    locate(data_dir).is_ok_and(|folder| {
        [FINE, COARSE].iter().all(|name| folder.join(name).is_file()) && FORMAT.is_complete(&folder, &RECORDS)
    })
}

/// [`read`] for files of these numbers of records, without comparing images and files.
fn read_records(data_dir: &Path, records: [usize; 2], labels: Cifar100Labels) -> Result<Splits<Images>> {
    let folder = locate(data_dir)?;
    let fine = names(&folder.join(FINE), FINE_CLASSES)?;
    let coarse = names(&folder.join(COARSE), COARSE_CLASSES)?;
    let read = FORMAT.read(&folder, &records)?;

    let problems = Problems::default();
    note_split_classes(&folder, &read.labels, &records, [&coarse, &fine], &problems);
    problems.into_result("cifar100", &FORMAT.restore())?;
    let (at, classes) = match labels {
        Cifar100Labels::Fine => (FINE_AT, fine),
        Cifar100Labels::Coarse => (COARSE_AT, coarse),
    };
    Ok(FORMAT.splits(read, records[1], at, classes))
}

/// Notes the first record whose fine class belongs to another coarse class in the records before it: a label is wrong, or
/// the two are swapped.
fn note_split_classes(
    folder: &Path,
    labels: &[Vec<u8>],
    records: &[usize],
    [coarse_names, fine_names]: [&[String]; 2],
    problems: &Problems,
) {
    let mut group = [None; FINE_CLASSES];
    for (index, (&coarse, &fine)) in labels[COARSE_AT].iter().zip(&labels[FINE_AT]).enumerate() {
        let first = *group[usize::from(fine)].get_or_insert(coarse);
        if first != coarse {
            let (file, record) = match index.checked_sub(records[0]) {
                None => (FILES[0].0, index),
                Some(record) => (FILES[1].0, record),
            };
            let [before, here] = [first, coarse].map(|label| &coarse_names[usize::from(label)]);
            let class = &fine_names[usize::from(fine)];
            problems.add(
                &folder.join(file),
                format!(
                    "record {record} has {class} in {here}, but earlier records have it in {before}: damaged labels"
                ),
            );
            return;
        }
    }
}

/// The folder of the files: below `data_dir`, or `data_dir` itself.
fn locate(data_dir: &Path) -> Result<PathBuf> {
    let below = data_dir.join(FOLDER);
    if below.is_dir() {
        return Ok(below);
    }
    if data_dir.join(FINE).is_file() || data_dir.join(COARSE).is_file() {
        return Ok(data_dir.into());
    }
    let python = match data_dir.join("cifar-100-python").is_dir() {
        true => " (cifar-100-python is the Python version; the binary version is needed)",
        false => "",
    };
    bail!("{}: no such folder, so there are no CIFAR-100 files{python}; {}", below.display(), FORMAT.remedy)
}

/// Reads the names of `expected` classes.
fn names(path: &Path, expected: usize) -> Result<Vec<String>> {
    let names = FORMAT.read_names(path)?;
    let mut different = names.clone();
    different.sort_unstable();
    different.dedup();
    let (found, remedy) = (different.len(), FORMAT.remedy);
    ensure!(
        found == expected && names.len() == expected,
        "{}: {found} different names in {} lines, but CIFAR-100 has {expected} classes there; {remedy}",
        path.display(),
        names.len()
    );
    Ok(names)
}

#[cfg(test)]
mod tests;
