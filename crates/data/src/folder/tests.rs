mod bad_input;
mod labels;

use super::*;
use crate::images::{Split, UNKNOWN};
use crate::index::tests::{commented, picture, put};
use pt4al_results::spec::Input;

const INPUT: Input = Input { resize: 4, crop: 4 };

/// The spec of `train/` and `test/` directly in the data folder.
fn spec() -> FolderSpec {
    FolderSpec {
        path: ".".into(),
        input: INPUT,
        test: None,
        split_seed: None,
        labels: None,
        classes: None,
        orientation: Orientation::AsStored,
        pool: None,
        pool_seed: 0,
        normalize: Normalize::imagenet(),
        storage: Storage::Memory,
    }
}

fn drawn(test: f64, seed: u64) -> FolderSpec {
    FolderSpec { test: Some(test), split_seed: Some(seed), ..spec() }
}

fn error(spec: &FolderSpec, dir: &Path) -> String {
    let message = format!("{:#}", spec.checked(dir).unwrap_err());
    assert!(!message.contains('\n') || message.contains("with the files of folder"), "{message}");
    message
}

/// Writes pictures, each with its own bytes.
fn put_all(dir: &Path, paths: &[&str]) {
    for (grey, path) in (0..).zip(paths) {
        put(&dir.join(path), &commented(grey, Some(path)));
    }
}

/// Two classes with a space and beyond ASCII in their names: three images each in `train/`, two in `test`.
fn tree(test: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for class in ["sea lion", "Vögel"] {
        for name in ["a.png", "b.PNG", "c.jpeg"] {
            let path = format!("train/{class}/{name}");
            put(&dir.path().join(&path), &commented(7, Some(&path)));
        }
        for name in ["1.png", "2.tif"] {
            let path = format!("{test}/{class}/{name}");
            put(&dir.path().join(&path), &commented(9, Some(&path)));
        }
    }
    dir
}

fn names(split: &Split) -> Vec<String> {
    let ids = split.ids.as_ref().expect("names");
    (0..split.len).map(|index| ids.id(index)).collect()
}

/// The label of each image by its name.
fn labels(split: &Split) -> Vec<(String, u16)> {
    names(split).into_iter().zip(split.classes().unwrap().iter().copied()).collect()
}

fn values(split: &Split, index: usize) -> u8 {
    let crate::images::Records::Source(source) = &split.records else { panic!("not in files") };
    let mut record = vec![0; split.record()];
    source.fill(index, &mut record).unwrap();
    record[0]
}

#[test]
fn folders_are_splits_and_classes() {
    for test in ["test", "val"] {
        let dir = tree(test);
        let splits = spec().checked(dir.path()).unwrap();
        // In the order of bytes.
        assert_eq!(splits.classes, ["Vögel", "sea lion"]);
        assert_eq!(names(&splits.train)[..3], ["train/Vögel/a.png", "train/Vögel/b.PNG", "train/Vögel/c.jpeg"]);
        assert_eq!(splits.train.classes().unwrap(), [0, 0, 0, 1, 1, 1]);
        assert_eq!(names(&splits.test)[1..3], [format!("{test}/Vögel/2.tif"), format!("{test}/sea lion/1.png")]);
        assert_eq!(splits.test.classes().unwrap(), [0, 0, 1, 1]);
        assert_eq!((values(&splits.train, 5), values(&splits.test, 0)), (7, 9));
        let origin = &splits.origin;
        assert_eq!((origin.pool, origin.test, origin.note.as_str()), (6, 4, ""));
        assert_eq!(origin.fingerprint.len(), 16);
        assert_eq!(spec().checked(dir.path()).unwrap().origin, *origin, "from the cache");
        assert_eq!(verify(dir.path()).unwrap(), *origin);
    }
}

#[test]
fn the_folder_may_lie_inside_the_data_folder_and_other_files_beside_it() {
    let dir = tree("test");
    let expected = spec().checked(dir.path()).unwrap();
    let outer = tempfile::tempdir().unwrap();
    std::fs::create_dir(outer.path().join("own")).unwrap();
    std::fs::rename(dir.path(), outer.path().join("own/birds")).unwrap();
    put(&outer.path().join("own/birds/README.txt"), b"mine");
    put(&outer.path().join("own/birds/train/notes.txt"), b"mine");
    put(&outer.path().join("own/birds/annotations/broken.jpg"), b"not looked at");
    put(&outer.path().join("own/birds/train/.hidden/x.jpg"), b"not looked at");
    let inner = FolderSpec { path: "own/birds".into(), ..spec() };
    assert_eq!(inner.checked(outer.path()).unwrap().origin, expected.origin);
}

#[test]
fn the_spec_may_order_the_classes() {
    let dir = tree("val");
    let classes = Some(vec!["sea lion".to_owned(), "Vögel".to_owned()]);
    let splits = FolderSpec { classes: classes.clone(), ..spec() }.checked(dir.path()).unwrap();
    assert_eq!((Some(splits.classes), splits.train.classes().unwrap()), (classes, &[1, 1, 1, 0, 0, 0][..]));
}

#[test]
fn a_test_split_is_drawn_from_folders_of_classes() {
    let dir = tempfile::tempdir().unwrap();
    for class in ["cat", "dog"] {
        (0..10).for_each(|i| put_all(dir.path(), &[format!("{class}/{i}.png").as_str()]));
    }
    let splits = drawn(0.2, 0).checked(dir.path()).unwrap();
    assert_eq!((splits.train.len, splits.test.len), (16, 4));
    assert_eq!(splits.test.classes().unwrap(), [0, 0, 1, 1]);
    let mut all = [names(&splits.train), names(&splits.test)].concat();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 20);
    assert_eq!(names(&drawn(0.2, 0).checked(dir.path()).unwrap().test), names(&splits.test));
    assert_ne!(names(&drawn(0.2, 1).checked(dir.path()).unwrap().test), names(&splits.test));
}

#[test]
fn any_byte_of_an_image_and_any_name_changes_the_fingerprint() {
    let dir = tree("test");
    let fingerprint = || spec().checked(dir.path()).unwrap().origin.fingerprint;
    let before = fingerprint();
    put(&dir.path().join("train/sea lion/a.png"), &commented(7, Some("other bytes, same pixels")));
    let changed = fingerprint();
    assert_ne!(changed, before);
    std::fs::rename(dir.path().join("train/sea lion/a.png"), dir.path().join("train/sea lion/d.png")).unwrap();
    assert_ne!(fingerprint(), changed);
}

#[test]
fn copies_across_splits_and_names_that_differ_in_the_ending_are_noted() {
    let dir = tree("test");
    std::fs::copy(dir.path().join("train/Vögel/a.png"), dir.path().join("test/Vögel/1.png")).unwrap();
    put(&dir.path().join("train/Vögel/a.bmp"), &commented(8, Some("a")));
    let note = spec().checked(dir.path()).unwrap().origin.note;
    assert_eq!(
        note,
        "1 image has the name of another image beside it, apart from the ending (for instance train/Vögel/a.bmp and \
         train/Vögel/a.png): they may be copies. 1 of the 4 test images is also in the train split, byte for byte (for \
         instance test/Vögel/1.png is train/Vögel/a.png)."
    );
    for path in ["sea lion/1.png", "sea lion/2.tif"] {
        std::fs::copy(dir.path().join("train/Vögel/a.png"), dir.path().join("test").join(path)).unwrap();
    }
    let message = error(&spec(), dir.path());
    assert!(message.contains("3 of the 4 test images are also") && message.ends_with("remove the copies"), "{message}");
}

#[test]
fn the_orientation_in_the_spec_reaches_the_decoder() {
    let dir = tree("test");
    let turned = include_bytes!("../../tests/fixtures/formats/turned.jpg");
    put(&dir.path().join("train/Vögel/a.png"), turned);
    let record = |orientation| {
        let splits = FolderSpec { orientation, ..spec() }.checked(dir.path()).unwrap();
        splits.train.image(0).unwrap()
    };
    assert_ne!(record(Orientation::AsStored), record(Orientation::Exif));
}

#[test]
fn images_without_labels_are_those_of_the_train_folder_at_any_depth() {
    let dir = tree("test");
    put(&dir.path().join("train/loose.png"), &picture(1));
    put(&dir.path().join("train/a/b/c.webp"), include_bytes!("../../tests/fixtures/formats/lossy.webp"));
    put(&dir.path().join("train/a/film.gif"), b"GIF89a");
    put(&dir.path().join("elsewhere/x.png"), &picture(2));
    let look = Look::Contents { cache: crate::cache_folder(dir.path()) };
    let splits = spec().unlabeled(dir.path(), &look).unwrap();
    assert_eq!(splits.train.len, 8);
    assert!(names(&splits.train).contains(&"train/a/b/c.webp".to_owned()));
    assert!(splits.train.classes().unwrap().iter().all(|&class| class == UNKNOWN));
    assert_eq!((splits.classes.as_slice(), splits.test.len), (&["Vögel".to_owned(), "sea lion".into()][..], 4));
    assert_eq!(splits.test.classes().unwrap(), [0, 0, 1, 1]);
    assert_eq!(
        splits.origin.note,
        "1 file is not named like an image, and was left out (for instance train/a/film.gif)."
    );

    std::fs::remove_dir_all(dir.path().join("train")).unwrap();
    put(&dir.path().join("labels.csv"), b"no labels are read");
    let splits = spec().unlabeled(dir.path(), &look).unwrap();
    assert_eq!((names(&splits.train), splits.test.len), (vec!["elsewhere/x.png".to_owned()], 4));
    std::fs::remove_dir_all(dir.path().join("test")).unwrap();
    let splits = spec().unlabeled(dir.path(), &look).unwrap();
    assert_eq!((splits.train.len, splits.test.len, splits.classes.len()), (1, 0, 0));
    put(&dir.path().join("elsewhere/x.png"), b"broken");
    let message = spec().unlabeled(dir.path(), &look).unwrap_err().to_string();
    assert!(message.contains("elsewhere/x.png: is none of JPEG, PNG"), "{message}");
    std::fs::remove_file(dir.path().join("elsewhere/x.png")).unwrap();
    let message = spec().unlabeled(dir.path(), &look).unwrap_err().to_string();
    assert!(message.contains(": no images below it; read are .jpg") && !message.contains('\n'), "{message}");
}
