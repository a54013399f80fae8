//! CIFAR-10 in its official binary format (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009).
//!
//! Below the data folder: `cifar-10-batches-bin/` with `data_batch_1.bin` to `data_batch_5.bin` (the train split),
//! `test_batch.bin` and `batches.meta.txt` (the classes' names). A file is 10,000 records of 3,073 bytes: the label,
//! then the 32x32 red values row by row, then the green, then the blue.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cifar::{Format, IMAGE, Label, SIDE};
use crate::fetch::{Archive, fetch};
use crate::images::{Images, Splits};
use crate::known::{Known, OnDisk};
use crate::problems::Problems;
use crate::{Look, Reader, Size};
use pt4al_results::spec::Cifar10Spec;

/// The catalogue's entry.
pub(crate) const KNOWN: Known = Known {
    name: "cifar10",
    what: "photos of 10 classes, 50,000 train + 10,000 test, 32x32",
    source: ARCHIVE.url,
    terms: "no licence is stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
    files: Some(OnDisk {
        folder: FOLDER,
        are_in: looks_complete,
        verify: |data_dir| Ok(read(data_dir)?.origin),
        download: Some(|data_dir, url, progress| {
            fetch(data_dir, &Archive { url: url.unwrap_or(ARCHIVE.url), ..ARCHIVE }, progress)
        }),
    }),
};

/// The official archive: 170,052,171 bytes.
pub(crate) const ARCHIVE: Archive = Archive {
    url: "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
    sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    name: "cifar-10-binary.tar.gz",
    folder: FOLDER,
    members: &[FILES[0].0, FILES[1].0, FILES[2].0, FILES[3].0, FILES[4].0, FILES[5].0, META],
    locate,
    read: |data_dir| Ok(read_records(data_dir, RECORDS)?.origin),
};

/// The folder that the official archive unpacks to.
pub(crate) const FOLDER: &str = "cifar-10-batches-bin";
/// The file of the classes' names.
pub(crate) const META: &str = "batches.meta.txt";
/// The number of records in each official file.
const RECORDS: usize = 10_000;
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

/// The files of images with the SHA-256 of the official ones; the last file is the test split.
pub(crate) const FILES: [(&str, &str); 6] = [
    ("data_batch_1.bin", "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5"),
    ("data_batch_2.bin", "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed"),
    ("data_batch_3.bin", "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67"),
    ("data_batch_4.bin", "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48"),
    ("data_batch_5.bin", "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add"),
    ("test_batch.bin", "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b"),
];

const FORMAT: Format = Format {
    name: "cifar10",
    title: "CIFAR-10",
    folder: FOLDER,
    files: &FILES,
    train_files: "the five data batches",
    labels: &[Label { name: "label", classes: CLASSES.len() }],
    foreign: "a damaged file, or another data set (CIFAR-100?)",
    disjoint: true,
    remedy: "get them with `pt4al data fetch cifar10`, or unpack cifar-10-binary.tar.gz from \
        https://www.cs.toronto.edu/~kriz/cifar.html there, or name another data folder with --data or PT4AL_DATA",
};

/// Reads the data set below `data_dir`, which may also be the folder of the files itself.
///
/// Files that differ from the official ones are read too, and `origin.note` says so. `origin.pool` counts the whole train
/// split.
///
/// # Errors
/// If there is no such folder; if the names of the classes are not CIFAR-10's; with the list of problems with the files
/// (missing, too short or too long, a label that is not 0 to 9, a copy of another file, a class without images); or if at
/// least half of the test images are also training images.
pub fn read(data_dir: &Path) -> Result<Splits<Images>> {
    let splits = read_records(data_dir, RECORDS)?;
    let problems = Problems::default();
    let folder = locate(data_dir)?;
    FORMAT.note_copies_and_empty_classes(&folder, &splits, &problems);
    problems.into_result("cifar10", &FORMAT.restore())?;
    FORMAT.with_overlap(splits, &folder, &[RECORDS; FILES.len()])
}

impl Reader for Cifar10Spec {
    /// Always reads all six files, which takes no time.
    fn read(&self, dir: &Path, _: &Look) -> Result<Splits> {
        read(dir).map(Splits::from)
    }

    fn known_size(&self) -> Option<Size> {
        let (train, test) = (Self::TRAIN, RECORDS);
        let bytes = ((train + test) * IMAGE) as u64;
        Some(Size { train, pool: train, test, height: SIDE, width: SIDE, classes: CLASSES.len(), bytes })
    }
}

/// Whether all files are there in their official sizes. Their contents are not read.
fn looks_complete(data_dir: &Path) -> bool {
    locate(data_dir)
        .is_ok_and(|folder| folder.join(META).is_file() && FORMAT.is_complete(&folder, &[RECORDS; FILES.len()]))
}

/// [`read`] for files of `records` records each, without comparing images and files.
pub(crate) fn read_records(data_dir: &Path, records: usize) -> Result<Splits<Images>> {
    let folder = locate(data_dir)?;
    check_classes(&folder.join(META))?;
    let read = FORMAT.read(&folder, &[records; FILES.len()])?;
    Ok(FORMAT.splits(read, records, 0, CLASSES.map(String::from).into()))
}

/// The folder of the files: below `data_dir`, or `data_dir` itself.
pub(crate) fn locate(data_dir: &Path) -> Result<PathBuf> {
    let below = data_dir.join(FOLDER);
    if below.is_dir() {
        return Ok(below);
    }
    if data_dir.join(META).is_file() || data_dir.join(FILES[0].0).is_file() {
        return Ok(data_dir.into());
    }
    let python = match data_dir.join("cifar-10-batches-py").is_dir() {
        true => " (cifar-10-batches-py is the Python version; the binary version is needed)",
        false => "",
    };
    bail!("{}: no such folder, so there are no CIFAR-10 files{python}; {}", below.display(), FORMAT.remedy)
}

/// Checks the names of the classes, because other data sets come in the same format.
fn check_classes(meta: &Path) -> Result<()> {
    let found = FORMAT.read_names(meta)?;
    if found == CLASSES {
        return Ok(());
    }
    let line = (0..).find(|&i| found.get(i).map(String::as_str) != CLASSES.get(i).copied()).unwrap_or(0);
    let quote = |class: Option<&str>| class.map_or("nothing more".to_owned(), |class| format!("{class:?}"));
    bail!(
        "{}: class {line} is {}, but CIFAR-10 has {} there: these are files of another data set; {}",
        meta.display(),
        quote(found.get(line).map(String::as_str)),
        quote(CLASSES.get(line).copied()),
        FORMAT.remedy
    )
}

#[cfg(test)]
pub(crate) mod tests;
