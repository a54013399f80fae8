use super::*;

const RECORD: usize = FORMAT.record();
const PLANE: usize = SIDE * SIDE;

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
    assert!(missing.contains("cifar-10-batches-bin: no such folder") && missing.contains("PT4AL_DATA"), "{missing}");
    assert!(missing.contains("Python version"), "{missing}");
}

#[test]
fn copies_and_empty_classes_are_problems() {
    let (dir, folder) = tiny(10);
    let found = || {
        let problems = Problems::default();
        FORMAT.note_copies_and_empty_classes(&folder, &read_records(dir.path(), 10).unwrap(), &problems);
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
    assert!(found().starts_with("1 problem ") && found().contains("no image of deer in test_batch.bin"), "{}", found());
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
        FORMAT.with_overlap(read_records(dir.path(), 10).unwrap(), &folder, &[10; 6]).map(|splits| splits.origin.note)
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
