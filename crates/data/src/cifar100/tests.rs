use super::*;

const RECORD: usize = FORMAT.record();

/// A file whose record i has the fine label `i % 100`, the coarse label a fifth of it, and the grey `i + shift`.
fn file(records: usize, shift: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for i in 0..records {
        let fine = i % FINE_CLASSES;
        bytes.extend([(fine / 5) as u8, fine as u8]);
        for plane in 0..3 {
            bytes.extend([(i + shift + 64 * plane) as u8; IMAGE / 3]);
        }
    }
    bytes
}

fn lines(what: &str, count: usize) -> String {
    (0..count).map(|i| format!("{what}_{i}\n")).collect::<String>() + "\n"
}

fn tiny(records: [usize; 2]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(FOLDER);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(FINE), lines("fine", FINE_CLASSES)).unwrap();
    std::fs::write(folder.join(COARSE), lines("group", COARSE_CLASSES)).unwrap();
    for ((name, _), (records, shift)) in FILES.iter().zip(records.into_iter().zip([0, 100])) {
        std::fs::write(folder.join(name), file(records, shift)).unwrap();
    }
    (dir, folder)
}

fn error(dir: &Path, records: [usize; 2]) -> String {
    format!("{:#}", read_records(dir, records, Cifar100Labels::Fine).unwrap_err())
}

#[test]
fn an_image_has_the_label_that_the_spec_asks_for() {
    let (dir, folder) = tiny([7, 3]);
    let fine = read_records(dir.path(), [7, 3], Cifar100Labels::Fine).unwrap();
    assert_eq!((fine.train.len(), fine.test.len(), fine.classes.len()), (7, 3, 100));
    assert_eq!((fine.train.labels.as_slice(), fine.classes[6].as_str()), (&[0, 1, 2, 3, 4, 5, 6][..], "fine_6"));
    assert_eq!(fine.train.image(6)[..6], [6, 70, 134, 6, 70, 134]);
    assert_eq!(fine.test.image(2)[3069..], [102, 166, 230]);

    let coarse = read_records(&folder, [7, 3], Cifar100Labels::Coarse).unwrap();
    assert_eq!(
        (coarse.train.labels.as_slice(), coarse.test.labels.as_slice()),
        (&[0, 0, 0, 0, 0, 1, 1][..], &[0; 3][..])
    );
    assert_eq!((coarse.classes.len(), coarse.classes[1].as_str()), (20, "group_1"));
    assert_eq!((&coarse.train.pixels, &coarse.origin), (&fine.train.pixels, &fine.origin));
    let note = &fine.origin.note;
    assert!(note.starts_with("2 of the 2 files are not the official CIFAR-100 files"), "{note}");
}

#[test]
fn missing_files_and_other_names_are_told_with_the_remedy() {
    let (dir, folder) = tiny([2, 1]);
    std::fs::remove_file(folder.join("test.bin")).unwrap();
    let missing = error(dir.path(), [2, 1]);
    assert!(missing.contains("test.bin: no such file, so CIFAR-100 is incomplete"), "{missing}");
    assert!(missing.contains("fetch cifar100"), "{missing}");

    std::fs::write(folder.join(COARSE), lines("group", 19)).unwrap();
    let short = error(dir.path(), [2, 1]);
    assert!(short.contains("coarse_label_names.txt: 19 different names in 19 lines, but CIFAR-100 has 20"), "{short}");
    std::fs::write(folder.join(FINE), lines("fine", 99) + "fine_0").unwrap();
    let twice = error(dir.path(), [2, 1]);
    assert!(twice.contains("fine_label_names.txt: 99 different names in 100 lines"), "{twice}");
    assert!(!twice.contains('\n'), "{twice}");

    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir(dir.path().join("cifar-100-python")).unwrap();
    let missing = error(dir.path(), [2, 1]);
    assert!(missing.contains("cifar-100-binary: no such folder") && missing.contains("Python version"), "{missing}");
}

#[test]
fn damaged_files_are_refused() {
    let (dir, folder) = tiny([101, 2]);
    let damage = |bytes: Vec<u8>, expected: &str| {
        std::fs::write(folder.join("train.bin"), bytes).unwrap();
        let error = error(dir.path(), [101, 2]);
        assert!(error.starts_with("1 problem with the files of cifar100; remove them, then get them"), "{error}");
        assert!(error.contains(&format!("train.bin: {expected}")), "{error}");
    };
    let whole = file(101, 0);
    damage(whole[..RECORD * 101 - 1].to_vec(), "truncated (310473 bytes, expected 310474)");
    damage([whole.clone(), vec![0]].concat(), "too long (310475 bytes");
    let changed = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[at] = value;
        bytes
    };
    damage(changed(RECORD, 20), "record 1 (byte 3074) has the coarse label 20, but CIFAR-100's are 0 to 19");
    damage(changed(RECORD + 1, 100), "record 1 (byte 3074) has the fine label 100, but CIFAR-100's are 0 to 99");
    let expected = "record 100 has fine_0 in group_7, but earlier records have it in group_0";
    damage(changed(100 * RECORD, 7), expected);
}

#[test]
fn a_class_without_images_is_a_problem_and_test_images_in_the_train_split_are_noted() {
    let (dir, folder) = tiny([100, 99]);
    let splits = read_records(dir.path(), [100, 99], Cifar100Labels::Fine).unwrap();
    let problems = Problems::default();
    FORMAT.note_copies_and_empty_classes(&folder, &splits, &problems);
    let found = problems.into_result("cifar100", "correct them").unwrap_err().to_string();
    assert!(found.starts_with("1 problem ") && found.contains("no image of fine_99 in test.bin"), "{found}");

    // Of the images of the test split, those with the greys 100 and 101 are not in the train split of 100 images.
    std::fs::write(folder.join("test.bin"), file(6, 97)).unwrap();
    let splits = read_records(dir.path(), [100, 6], Cifar100Labels::Fine).unwrap();
    let refused = FORMAT.with_overlap(splits, &folder, &[100, 6]).unwrap_err().to_string();
    assert!(refused.contains("3 of the 6 test images are also in the train split"), "{refused}");
    std::fs::write(folder.join("test.bin"), file(6, 98)).unwrap();
    let splits = read_records(dir.path(), [100, 6], Cifar100Labels::Fine).unwrap();
    let note = FORMAT.with_overlap(splits, &folder, &[100, 6]).unwrap().origin.note;
    assert!(
        note.contains("2 of the 6 test images") && note.contains("record 0 of test.bin is record 98 of train.bin"),
        "{note}"
    );
}
