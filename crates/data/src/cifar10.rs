//! CIFAR-10 in its official binary format (Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009).
//!
//! Below the data folder: `cifar-10-batches-bin/` with `data_batch_1.bin` to `data_batch_5.bin` (the train split),
//! `test_batch.bin` and `batches.meta.txt` (the classes' names). A file is 10,000 records of 3,073 bytes: the label,
//! then the 32x32 red values row by row, then the green, then the blue.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use crate::fetch::{Archive, fetch};
use crate::images::{Images, Splits};
use crate::index::{Sum, read_small};
use crate::known::{Known, OnDisk};
use crate::overlap::{self, Overlap};
use crate::problems::Problems;
use crate::{Look, Reader, Size};
use pt4al_results::spec::{Cifar10Spec, hex};
use pt4al_results::store::{DataFile, DataOrigin};

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
/// What to do if files are missing or are not usable.
const REMEDY: &str = "get them with `pt4al data fetch cifar10`, or unpack cifar-10-binary.tar.gz from \
    https://www.cs.toronto.edu/~kriz/cifar.html there, or name another data folder with --data or PT4AL_DATA";

const SIDE: usize = 32;
const PLANE: usize = SIDE * SIDE;
const RECORD: usize = 1 + 3 * PLANE;
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
    note_copies_and_empty_classes(&folder, &splits, &problems);
    problems.into_result("cifar10", &remedy())?;
    with_overlap(splits, &folder)
}

/// Adds a note on test images that are also training images, even with other labels.
///
/// # Errors
/// If at least half of them are.
fn with_overlap(mut splits: Splits<Images>, folder: &Path) -> Result<Splits<Images>> {
    // The official splits share no image, so they need not be compared.
    if splits.origin.files.iter().all(|file| file.official) {
        return Ok(splits);
    }
    let images = |split: &Images| -> Vec<Sum> {
        split.pixels.par_chunks_exact(split.stride()).map(|image| Sha256::digest(image).into()).collect()
    };
    let shared = Overlap::find(&images(&splits.train), &images(&splits.test)).map(|overlap| {
        let records = splits.test.len();
        let name = |[train, test]: [usize; 2]| {
            let (file, record) = (FILES[train / records].0, train % records);
            [format!("record {record} of {file}"), format!("record {test} of {}", FILES[FILES.len() - 1].0)]
        };
        overlap.note(&folder.display().to_string(), &remedy(), name)
    });
    let origin = &mut splits.origin;
    origin.note = overlap::joined(std::mem::take(&mut origin.note), shared.transpose()?);
    Ok(splits)
}

fn remedy() -> String {
    format!("remove them, then {REMEDY}")
}

impl Reader for Cifar10Spec {
    /// Always reads all six files, which takes no time.
    fn read(&self, dir: &Path, _: &Look) -> Result<Splits> {
        read(dir).map(Splits::from)
    }

    fn known_size(&self) -> Option<Size> {
        let (train, test) = (Self::TRAIN, RECORDS);
        let bytes = ((train + test) * 3 * PLANE) as u64;
        Some(Size { train, pool: train, test, height: SIDE, width: SIDE, classes: CLASSES.len(), bytes })
    }
}

/// Whether all files are there in their official sizes. Their contents are not read.
fn looks_complete(data_dir: &Path) -> bool {
    let size = |path: PathBuf| std::fs::metadata(path).ok().filter(|m| m.is_file()).map(|m| m.len());
    locate(data_dir).is_ok_and(|folder| {
        size(folder.join(META)).is_some()
            && FILES.iter().all(|(name, _)| size(folder.join(name)) == Some((RECORDS * RECORD) as u64))
    })
}

/// [`read`] for files of `records` records each, without comparing images and files.
pub(crate) fn read_records(data_dir: &Path, records: usize) -> Result<Splits<Images>> {
    let folder = locate(data_dir)?;
    check_classes(&folder.join(META))?;

    let total = FILES.len() * records;
    let mut pixels = vec![0; total * 3 * PLANE];
    let mut labels = vec![0; total];
    let problems = Problems::default();
    let files: Vec<Option<DataFile>> =
        (&FILES, pixels.par_chunks_mut(records * 3 * PLANE), labels.par_chunks_mut(records))
            .into_par_iter()
            .map(|((name, sum), pixels, labels)| {
                let path = folder.join(name);
                read_file(&path, name, sum, pixels, labels).map_err(|why| problems.add(&path, why)).ok()
            })
            .collect();
    problems.into_result("cifar10", &remedy())?;
    let files: Vec<DataFile> = files.into_iter().flatten().collect();

    // The last file is the test split.
    let train = (FILES.len() - 1) * records;
    let split = |pixels, labels| Images { height: SIDE, width: SIDE, pixels, labels };
    let test = split(pixels.split_off(train * 3 * PLANE), labels.split_off(train));
    let origin = DataOrigin {
        name: "cifar10".into(),
        pool: train,
        test: records,
        fingerprint: fingerprint(&files),
        note: note(&files),
        files,
        classes: Vec::new(),
    };
    Ok(Splits { train: split(pixels, labels), test, classes: CLASSES.map(String::from).into(), origin })
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
    bail!("{}: no such folder, so there are no CIFAR-10 files{python}; {REMEDY}", below.display())
}

/// Checks the names of the classes, because other data sets come in the same format.
fn check_classes(meta: &Path) -> Result<()> {
    let text = read_small(meta, 1 << 16).map_err(|why| anyhow!("{}: {why}; {REMEDY}", meta.display()))?;
    let text = String::from_utf8_lossy(&text);
    let found: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if found == CLASSES {
        return Ok(());
    }
    let line = (0..).find(|&i| found.get(i) != CLASSES.get(i)).unwrap_or(0);
    let quote = |class: Option<&&str>| class.map_or("nothing more".to_owned(), |class| format!("{class:?}"));
    bail!(
        "{}: class {line} is {}, but CIFAR-10 has {} there: these are files of another data set; {REMEDY}",
        meta.display(),
        quote(found.get(line)),
        quote(CLASSES.get(line))
    )
}

/// Notes problems that no single file shows: copies of files, and classes without images in a split.
fn note_copies_and_empty_classes(folder: &Path, splits: &Splits<Images>, problems: &Problems) {
    let files = &splits.origin.files;
    for (index, file) in files.iter().enumerate() {
        if let Some(first) = files[..index].iter().find(|before| before.sha256 == file.sha256) {
            problems.add(&folder.join(FILES[index].0), format!("the same bytes as {}", first.path));
        }
    }
    for (split, labels) in [("the five data batches", &splits.train.labels), ("test_batch.bin", &splits.test.labels)] {
        for (class, name) in CLASSES.iter().enumerate() {
            if !labels.iter().any(|&label| usize::from(label) == class) {
                problems.add(folder, format!("no image of {name} in {split}"));
            }
        }
    }
}

/// Reads one file into its part of the pixels, `[records, 32, 32, 3]`, and of the labels, `[records]`. The error says in
/// a few words what is wrong with the file.
fn read_file(
    path: &Path,
    name: &str,
    official: &str,
    pixels: &mut [u8],
    labels: &mut [u8],
) -> Result<DataFile, String> {
    let expected = labels.len() * RECORD;
    // Check the size before reading, because a wrong file may be huge.
    let found = std::fs::metadata(path).map_err(|e| unreadable(&e))?.len();
    check_size(found, expected)?;
    let bytes = std::fs::read(path).map_err(|e| unreadable(&e))?;
    check_size(bytes.len() as u64, expected)?;

    let images = pixels.chunks_exact_mut(3 * PLANE).zip(labels);
    for (index, (record, (image, label))) in bytes.chunks_exact(RECORD).zip(images).enumerate() {
        *label = record[0];
        if usize::from(*label) >= CLASSES.len() {
            return Err(format!(
                "record {index} (byte {}) has the label {label}, but CIFAR-10's are 0 to 9: a damaged file, or another \
                 data set (CIFAR-100?)",
                index * RECORD
            ));
        }
        let (red, rest) = record[1..].split_at(PLANE);
        let (green, blue) = rest.split_at(PLANE);
        for (pixel, ((&r, &g), &b)) in image.chunks_exact_mut(3).zip(red.iter().zip(green).zip(blue)) {
            pixel.copy_from_slice(&[r, g, b]);
        }
    }

    let sha256 = hex(&Sha256::digest(&bytes));
    let official = sha256 == official;
    Ok(DataFile { path: format!("{FOLDER}/{name}"), bytes: bytes.len() as u64, sha256, official })
}

fn check_size(found: u64, expected: usize) -> Result<(), String> {
    let what = match found.cmp(&(expected as u64)) {
        std::cmp::Ordering::Equal => return Ok(()),
        std::cmp::Ordering::Less => "truncated",
        std::cmp::Ordering::Greater => "too long",
    };
    Err(format!("{what} ({found} bytes, expected {expected})"))
}

fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file, so CIFAR-10 is incomplete".into(),
        _ => format!("cannot be read ({error})"),
    }
}

/// The first 16 hexadecimal digits of the SHA-256 over the SHA-256 of each file.
fn fingerprint(files: &[DataFile]) -> String {
    let mut hash = Sha256::new();
    for file in files {
        hash.update(&file.sha256);
    }
    hex(&hash.finalize()[..8])
}

/// A note on the files for readers of results; empty for the official files.
fn note(files: &[DataFile]) -> String {
    let others = files.iter().filter(|file| !file.official).count();
    match others {
        0 => String::new(),
        _ => format!(
            "{others} of the {} files are not the official CIFAR-10 files (their checksums differ), so accuracies are \
             not directly comparable with published ones.",
            files.len()
        ),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Writes a data set with `records` records in each file. Plane p of record i has the value `i + 64 p`, except that its
    /// second pixel is one higher.
    pub(crate) fn write_tiny(folder: &Path, records: usize) {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(folder.join(META), tiny_meta()).unwrap();
        for (name, _) in FILES {
            std::fs::write(folder.join(name), tiny_file(records)).unwrap();
        }
    }

    pub(crate) fn tiny_meta() -> String {
        CLASSES.join("\n") + "\n\n"
    }

    pub(crate) fn tiny_file(records: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for i in 0..records {
            bytes.push((i % 10) as u8);
            for plane in 0..3 {
                let value = (i + 64 * plane) as u8;
                bytes.extend([value, value + 1]);
                bytes.extend([value; PLANE - 2]);
            }
        }
        bytes
    }

    fn tiny(records: usize) -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join(FOLDER);
        write_tiny(&folder, records);
        (dir, folder)
    }

    fn error(dir: &Path, records: usize) -> String {
        format!("{:#}", read_records(dir, records).unwrap_err())
    }

    #[test]
    fn planes_become_pixels_and_the_last_file_is_the_test_split() {
        let (dir, folder) = tiny(3);
        let splits = read_records(dir.path(), 3).unwrap();
        assert_eq!((splits.train.len(), splits.test.len(), splits.classes.len()), (15, 3, 10));
        assert_eq!(splits.train.labels[..4], [0, 1, 2, 0]);
        assert_eq!(splits.train.image(4)[..9], [1, 65, 129, 2, 66, 130, 1, 65, 129]);
        assert_eq!(splits.test.image(2)[3069..], [2, 66, 130]);
        assert_eq!(splits, read_records(&folder, 3).unwrap(), "the folder of the files may be named too");
    }

    #[test]
    fn files_that_are_not_the_official_ones_are_noted() {
        let (dir, folder) = tiny(2);
        let origin = read_records(dir.path(), 2).unwrap().origin;
        assert!(origin.files.iter().all(|file| !file.official && file.bytes == 2 * 3073));
        assert!(origin.note.starts_with("6 of the 6 files are not the official"), "{}", origin.note);
        assert_eq!((origin.pool, origin.test, origin.fingerprint.len()), (10, 2, 16));

        let mut bytes = tiny_file(2);
        bytes[100] ^= 1;
        std::fs::write(folder.join("data_batch_3.bin"), bytes).unwrap();
        assert_ne!(read_records(dir.path(), 2).unwrap().origin.fingerprint, origin.fingerprint);
    }

    #[test]
    fn missing_files_are_named_with_the_remedy() {
        let (dir, folder) = tiny(1);
        std::fs::remove_file(folder.join("data_batch_4.bin")).unwrap();
        let missing = error(dir.path(), 1);
        assert!(missing.contains("data_batch_4.bin: no such file") && missing.contains("fetch cifar10"), "{missing}");

        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(dir.path().join("cifar-10-batches-py")).unwrap();
        let missing = error(dir.path(), 1);
        assert!(
            missing.contains("cifar-10-batches-bin: no such folder") && missing.contains("PT4AL_DATA"),
            "{missing}"
        );
        assert!(missing.contains("Python version"), "{missing}");
    }

    #[test]
    fn copies_and_empty_classes_are_problems() {
        let (dir, folder) = tiny(10);
        let found = || {
            let problems = Problems::default();
            note_copies_and_empty_classes(&folder, &read_records(dir.path(), 10).unwrap(), &problems);
            problems.into_result("cifar10", "correct them").err().map_or_else(String::new, |e| e.to_string())
        };
        assert!(
            found().contains("data_batch_2.bin: the same bytes as cifar-10-batches-bin/data_batch_1.bin"),
            "{}",
            found()
        );
        for (at, (name, _)) in FILES.iter().enumerate() {
            let mut bytes = tiny_file(10);
            bytes[100] = at as u8;
            std::fs::write(folder.join(name), bytes).unwrap();
        }
        assert_eq!(found(), "");
        let mut bytes = tiny_file(10);
        bytes[4 * RECORD] = 5;
        std::fs::write(folder.join("test_batch.bin"), bytes).unwrap();
        assert!(
            found().starts_with("1 problem ") && found().contains("no image of deer in test_batch.bin"),
            "{}",
            found()
        );
    }

    #[test]
    fn images_in_both_splits_are_noted_and_a_copied_split_is_refused() {
        let (dir, folder) = tiny(10);
        let note_with = |changed: usize| {
            for (at, (name, _)) in FILES.iter().enumerate() {
                let mut bytes = tiny_file(10);
                // The first `changed` records of the test batch differ from those of the data batches.
                let records = if at == 5 { changed } else { 0 };
                (0..records).for_each(|record| bytes[record * RECORD + 100] = 200);
                // With another label it is still the same image.
                bytes[9 * RECORD] = if at == 5 { 8 } else { 9 };
                std::fs::write(folder.join(name), bytes).unwrap();
            }
            with_overlap(read_records(dir.path(), 10).unwrap(), &folder).map(|splits| splits.origin.note)
        };
        assert!(!note_with(10).unwrap().contains("byte for byte"));
        let note = note_with(9).unwrap();
        assert!(note.starts_with("6 of the 6 files are not the official CIFAR-10 files"), "{note}");
        let expected = "published ones. 1 of the 10 test images is also in the train split, byte for byte (for instance \
                        record 9 of test_batch.bin is record 9 of data_batch_1.bin).";
        assert!(note.ends_with(expected), "{note}");
        let message = note_with(5).unwrap_err().to_string();
        assert!(message.contains("cifar-10-batches-bin: 5 of the 10 test images are also"), "{message}");
        assert!(!message.contains('\n') && message.contains("fetch cifar10"), "{message}");
    }

    #[test]
    fn damaged_and_foreign_files_are_refused() {
        let (dir, folder) = tiny(2);
        let batch = folder.join("data_batch_2.bin");
        let damage = |bytes: Vec<u8>, expected: &str| {
            std::fs::write(&batch, bytes).unwrap();
            let error = error(dir.path(), 2);
            assert!(error.contains("data_batch_2.bin: ") && error.contains(expected), "{error}");
        };
        damage(tiny_file(2)[..6000].to_vec(), "truncated (6000 bytes, expected 6146)");
        damage([tiny_file(2), vec![0]].concat(), "too long (6147 bytes, expected 6146)");
        let mut bytes = tiny_file(2);
        bytes[RECORD] = 10;
        damage(bytes, "record 1 (byte 3073) has the label 10");
        std::fs::write(folder.join("test_batch.bin"), "").unwrap();
        let two = error(dir.path(), 2);
        assert!(two.starts_with("2 problems with the files of cifar10; remove them, then get them"), "{two}");
        assert!(two.contains("test_batch.bin: truncated (0 bytes, expected 6146)"), "{two}");

        std::fs::write(folder.join(META), tiny_meta().replace("frog", "toad")).unwrap();
        assert!(error(dir.path(), 2).contains("class 6 is \"toad\", but CIFAR-10 has \"frog\""));
        std::fs::write(folder.join(META), "airplane\nautomobile\n").unwrap();
        assert!(error(dir.path(), 2).contains("class 2 is nothing more"));
    }
}
