use super::*;
use crate::index::tests::{commented, picture, put};
use pt4al_results::spec::{Input, Normalize, Storage};

fn spec(test: f64, split_seed: u64) -> Caltech101Spec {
    let input = Input { resize: 4, crop: 4 };
    Caltech101Spec {
        input,
        test,
        split_seed,
        pool: None,
        pool_seed: 0,
        normalize: Normalize::imagenet(),
        storage: Storage::Memory,
    }
}

/// Writes 101 classes: the first with 10 images of grey 0 to 9, the last with 2, the others with 3.
fn tiny() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join(FOLDER);
    let others = CLASSES[1..100].iter().map(|name| (*name, 3));
    for (class, count) in [(CLASSES[0], 10), (CLASSES[100], 2), (BACKGROUND, 1)].into_iter().chain(others) {
        for i in 0..count {
            put(&root.join(class).join(format!("image_{:04}.jpg", i + 1)), &commented(i, Some(class)));
        }
    }
    put(&root.join(BACKGROUND).join("tmp"), b"the official archive has such a file");
    put(&root.join("Faces/.DS_Store"), b"");
    put(&root.join("Faces/Thumbs.db"), b"");
    (dir, root)
}

fn error(dir: &Path) -> String {
    format!("{:#}", spec(0.2, 0).checked(dir).unwrap_err())
}

fn grey(split: &crate::images::Split, index: usize) -> u8 {
    let crate::images::Records::Source(source) = &split.records else { panic!("not in files") };
    let mut record = vec![255; split.record()];
    source.fill(index, &mut record).unwrap();
    assert_eq!(record, vec![record[0]; 4 * 4 * 3]);
    record[0]
}

#[test]
fn folders_are_classes_and_a_part_of_each_is_the_test_split() {
    let (dir, root) = tiny();
    let splits = spec(0.2, 0).checked(dir.path()).unwrap();
    assert_eq!((splits.train.len, splits.test.len), (8 + 99 * 2 + 1, 2 + 99 + 1));
    assert_eq!(splits.classes, CLASSES);
    let test = splits.test.classes().unwrap();
    assert_eq!((&test[..3], test[101]), (&[0, 0, 1][..], 100));

    // The two splits of the first class have all its images, each split in the order of paths.
    let train: Vec<u8> = (0..8).map(|i| grey(&splits.train, i)).collect();
    let test: Vec<u8> = (0..2).map(|i| grey(&splits.test, i)).collect();
    assert!(train.is_sorted() && test.is_sorted());
    let mut all = [train, test].concat();
    all.sort_unstable();
    assert_eq!(all, (0..10).collect::<Vec<u8>>());

    let origin = &splits.origin;
    assert_eq!((origin.pool, origin.test, origin.fingerprint.len()), (207, 102, 16));
    assert!(origin.note.starts_with("309 images, not Caltech-101's 8,677. "), "{}", origin.note);
    let itself = spec(0.2, 0).checked(&root).unwrap();
    assert_eq!(itself.origin, *origin, "the folder itself is as good");
}

#[test]
fn the_split_is_seeded_and_covers_each_class() {
    let labels: Vec<u16> = (0..60).map(|i| i % 3).collect();
    let drawn = split(&labels, 3, 0.25, 7);
    let mut all = [drawn.train.clone(), drawn.test.clone()].concat();
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<u32>>());
    for class in 0..3 {
        assert_eq!(drawn.test.iter().filter(|&&i| labels[i as usize] == class).count(), 5);
    }
    assert_eq!(split(&labels, 3, 0.25, 7).test, drawn.test);
    assert_ne!(split(&labels, 3, 0.25, 8).test, drawn.test);

    for (test, expected) in [(0.001, 3), (0.999, 57)] {
        assert_eq!(split(&labels, 3, test, 0).test.len(), expected, "at least one, and not all");
    }
    let drawn = split(&[0, 1, 1], 3, 0.5, 0);
    assert_eq!((drawn.single, drawn.train.len(), drawn.test.len()), (vec![0], 1, 1));
}

#[test]
fn all_problems_are_listed_together() {
    let (dir, root) = tiny();
    put(&root.join("Faces/image_0001.jpg"), b"a text");
    put(&root.join("Faces/image_0002.jpg"), b"");
    put(&root.join("Faces/image_0003.jpg"), &picture(2)[..60]);
    put(&root.join("Faces/readme.txt"), b"");
    put(&root.join("Faces/more/image_0001.jpg"), &picture(0));
    put(&root.join("loose.jpg"), &picture(0));
    std::fs::remove_file(root.join("yin_yang/image_0001.jpg")).unwrap();
    (1..=3).for_each(|i| std::fs::remove_file(root.join(format!("anchor/image_000{i}.jpg"))).unwrap());
    let error = error(dir.path());
    assert!(error.starts_with("8 problems with the files of caltech101; restore or remove them, or get"), "{error}");
    for expected in [
        "Faces/image_0001.jpg: ",
        "Faces/image_0002.jpg: empty (0 bytes)",
        "Faces/image_0003.jpg: ",
        "Faces/readme.txt: not named like an image",
        "Faces/more/image_0001.jpg: in a folder inside",
        "anchor: no images of this class",
        "loose.jpg: not in the folder of a class",
        "yin_yang: a single image",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn missing_and_unknown_folders_are_named_among_the_problems() {
    let (dir, root) = tiny();
    std::fs::rename(root.join("accordion"), root.join("apple_pie")).unwrap();
    put(&root.join("__MACOSX/x.jpg"), b"");
    put(&root.join("Faces/image_0001.jpg"), b"");
    let error = error(dir.path());
    assert!(error.starts_with("4 problems with the files of caltech101; "), "{error}");
    for expected in [
        "/Faces/image_0001.jpg: empty (0 bytes)",
        "/__MACOSX: not a class of Caltech-101",
        "/accordion: no such folder, so a class is missing",
        "/apple_pie: not a class of Caltech-101",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn another_data_set_is_refused() {
    let (dir, root) = tiny();
    std::fs::remove_dir_all(&root).unwrap();
    let missing = error(dir.path());
    assert!(missing.contains("101_ObjectCategories: no such folder") && missing.contains("PT4AL_DATA"), "{missing}");
    put(&root.join("apple_pie/1.jpg"), &picture(0));
    let other = error(dir.path());
    assert!(
        other.contains("101_ObjectCategories: only 0 of Caltech-101's 101 classes, and 1 other folders"),
        "{other}"
    );
    assert!(other.contains("is this Caltech-101?") && !other.contains('\n'), "{other}");
}

#[test]
fn a_file_that_is_removed_after_the_check_is_named() {
    let (dir, root) = tiny();
    let splits = spec(0.2, 0).checked(dir.path()).unwrap();
    (1..=10).for_each(|i| std::fs::remove_file(root.join(format!("Faces/image_{i:04}.jpg"))).unwrap());
    let crate::images::Records::Source(source) = &splits.train.records else { panic!("not in files") };
    let error = source.fill(0, &mut vec![0; splits.train.record()]).unwrap_err().to_string();
    assert!(error.contains(".jpg: cannot be read") && error.contains("restore it, then run again"), "{error}");
}

#[cfg(unix)]
#[test]
fn the_whole_data_set_reads() {
    let Some(dir) = crate::index::tests::real(FOLDER) else { return };
    let splits = spec(0.2, 0).checked(dir.path()).unwrap();
    assert_eq!((splits.train.len + splits.test.len, splits.classes.len()), (IMAGES, 101));
    // A fifth of the largest class is the test split.
    let airplanes = |split: &crate::images::Split| split.classes().unwrap().iter().filter(|&&class| class == 5).count();
    assert_eq!(
        (splits.classes[5].as_str(), airplanes(&splits.train), airplanes(&splits.test)),
        ("airplanes", 640, 160)
    );
    assert!(splits.origin.note.starts_with("No checksums"), "{}", splits.origin.note);
    assert_eq!(spec(0.2, 0).checked(dir.path()).unwrap().origin, splits.origin);
}

#[test]
fn copies_that_the_split_separates_are_noted_or_refused() {
    let (dir, root) = tiny();
    let split = spec(0.2, 0).checked(dir.path()).unwrap();
    assert!(!split.origin.note.contains("byte for byte"), "{}", split.origin.note);
    // All images of the first two classes are equal, so any draw puts some in both splits.
    for class in &CLASSES[..2] {
        for entry in std::fs::read_dir(root.join(class)).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("image") {
                put(&entry.path(), &picture(7));
            }
        }
    }
    let note = spec(0.2, 0).checked(dir.path()).unwrap().origin.note;
    assert!(note.contains(" 3 of the 102 test images are also in the train split, byte for byte"), "{note}");
    assert!(note.contains("(for instance Faces/image_00"), "{note}");
    for class in &CLASSES[2..60] {
        (1..=3).for_each(|i| put(&root.join(class).join(format!("image_000{i}.jpg")), &picture(7)));
    }
    let message = error(dir.path());
    assert!(message.contains("101_ObjectCategories: 61 of the 102 test images are also"), "{message}");
    assert!(!message.contains('\n') && message.ends_with("remove the copies"), "{message}");
}
