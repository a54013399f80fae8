use std::fs;

use super::*;
use crate::index::tests::{picture, put};
use pt4al_results::spec::{Input, Normalize, Storage};

const TENCH: &str = "n01440764";
const SETTER: &str = "n02100735";
const FOX: &str = "n02119789";

fn read(dir: &Path) -> Result<Splits> {
    let input = Input { resize: 4, crop: 4 };
    ImagenetSpec { input, pool: None, pool_seed: 0, normalize: Normalize::imagenet(), storage: Storage::Memory }
        .checked(dir)
}

fn error(dir: &Path) -> String {
    format!("{:#}", read(dir).unwrap_err())
}

fn labels(splits: &Splits) -> (&[u16], &[u16]) {
    (splits.train.classes().unwrap(), splits.test.classes().unwrap())
}

fn val(number: usize) -> String {
    format!("ILSVRC2012_val_{number:08}.JPEG")
}

/// Writes two classes of three train images, and nothing in `val`.
fn train_only() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("imagenet");
    for (class, grey) in [(TENCH, 10), (FOX, 20)] {
        for (i, ending) in ["JPEG", "jpg", "PNG"].into_iter().enumerate() {
            put(&root.join("train").join(class).join(format!("{class}_{i}.{ending}")), &picture(grey + i as u8));
        }
    }
    fs::create_dir(root.join("val")).unwrap();
    (dir, root)
}

/// [`train_only`], with two val images of each class and one of another class, in folders.
fn by_folders() -> (tempfile::TempDir, PathBuf) {
    let (dir, root) = train_only();
    for (number, class) in [(1, FOX), (2, TENCH), (3, TENCH), (4, FOX), (5, SETTER)] {
        put(&root.join("val").join(class).join(val(number)), &picture(100 + number as u8));
    }
    (dir, root)
}

/// The same images in a flat folder, with the devkit, in which fox is 1, setter is 2 and tench is 3.
fn flat() -> (tempfile::TempDir, PathBuf) {
    let (dir, root) = train_only();
    (1..=5).for_each(|number| put(&root.join("val").join(val(number)), &picture(100 + number as u8)));
    let devkit = root.join("ILSVRC2012_devkit_t12/data");
    put(&devkit.join("meta.mat"), include_bytes!("tests/meta.mat"));
    put(&devkit.join("ILSVRC2012_validation_ground_truth.txt"), b"1\n3\n3\n1\n2\n");
    (dir, root)
}

#[test]
fn images_in_both_splits_are_noted_and_a_copied_val_is_refused() {
    let (dir, root) = by_folders();
    let before = read(dir.path()).unwrap().origin.note;
    assert!(!before.contains("byte for byte"), "{before}");
    // The bytes of the fox under another name.
    put(&root.join("val").join(TENCH).join(val(3)), &picture(20));
    let note = read(dir.path()).unwrap().origin.note;
    let expected = format!("(for instance val/{TENCH}/{} is train/{FOX}/{FOX}_0.JPEG).", val(3));
    assert!(note.contains("1 of the 4 test images is also in the train split") && note.ends_with(&expected), "{note}");
    assert!(note.starts_with(&before), "{note}");

    for build in [by_folders, flat] {
        let (dir, root) = build();
        fs::remove_dir_all(root.join("train")).unwrap();
        for (number, class) in [(2, TENCH), (3, TENCH), (1, FOX), (4, FOX)] {
            let name = format!("train/{class}/{class}_{number}.JPEG");
            put(&root.join(name), &picture(100 + number as u8));
        }
        for _ in 0..2 {
            let message = error(dir.path());
            assert!(message.contains("imagenet/val: 4 of the 4 test images are also in the train split"), "{message}");
            assert!(!message.contains('\n') && message.contains("put the validation images"), "{message}");
        }
    }
}

#[test]
fn folders_are_classes_and_other_classes_are_left_out() {
    let (dir, root) = by_folders();
    let splits = read(dir.path()).unwrap();
    assert_eq!(splits.classes, [TENCH, FOX]);
    assert_eq!(labels(&splits), (&[0, 0, 0, 1, 1, 1][..], &[0, 0, 1, 1][..]));
    let note = &splits.origin.note;
    assert!(
        note.starts_with("2 of ImageNet's 1,000 classes. 1 images of other classes in val were left out."),
        "{note}"
    );
    assert_eq!((splits.origin.pool, splits.origin.test), (6, 4));
    assert_eq!(read(&root).unwrap().origin, splits.origin, "the folder itself is as good");

    let other = dir.path().join("ILSVRC2012");
    fs::rename(&root, &other).unwrap();
    assert_eq!(read(dir.path()).unwrap().origin, splits.origin);
    fs::create_dir_all(dir.path().join("imagenet10/train")).unwrap();
    fs::create_dir(dir.path().join("imagenet10/val")).unwrap();
    let two = error(dir.path());
    assert!(two.contains("ILSVRC2012 and ") && two.contains("imagenet10 have train/ and val/"), "{two}");
    fs::rename(&other, &root).unwrap();
    assert_eq!(read(dir.path()).unwrap().origin, splits.origin, "imagenet/ is first");
}

#[test]
fn records_are_the_images() {
    let (dir, _root) = flat();
    let splits = read(dir.path()).unwrap();
    let crate::images::Records::Source(source) = &splits.test.records else { panic!("not in files") };
    let mut record = vec![0; splits.test.record()];
    for index in 0..4 {
        source.fill(index, &mut record).unwrap();
        assert_eq!(record, [101 + index as u8; 4 * 4 * 3]);
    }
}

#[test]
fn a_flat_val_takes_its_classes_from_the_devkit() {
    let (dir, root) = flat();
    let splits = read(dir.path()).unwrap();
    assert_eq!(labels(&splits), (&[0, 0, 0, 1, 1, 1][..], &[1, 0, 0, 1][..]));
    assert!(splits.origin.note.contains("1 images of other classes in val were left out"), "{}", splits.origin.note);

    let truth = root.join("ILSVRC2012_devkit_t12/data/ILSVRC2012_validation_ground_truth.txt");
    fs::write(&truth, "3\n1\n3\n1\n2\n").unwrap();
    let swapped = read(dir.path()).unwrap();
    assert_eq!(labels(&swapped).1, [0, 1, 0, 1]);
    assert_ne!(swapped.origin.fingerprint, splits.origin.fingerprint, "labels are data too");

    // With a byte order mark and an empty line, as an editor may leave the file.
    fs::write(&truth, "\u{feff}3\r\n1\r\n3\r\n1\r\n2\r\n\r\n").unwrap();
    assert_eq!(read(dir.path()).unwrap().origin, swapped.origin);
    fs::write(&truth, "3\n1\n3\n4\n2\n").unwrap();
    let unknown = error(dir.path());
    assert!(unknown.contains("line 4 is \"4\", which is no class of meta.mat; unpack"), "{unknown}");
    fs::write(truth.with_file_name("meta.mat"), "text").unwrap();
    assert!(error(dir.path()).contains("meta.mat: not a MATLAB 5 file"));
    fs::remove_file(truth.with_file_name("meta.mat")).unwrap();
    assert!(error(dir.path()).contains("meta.mat: cannot be read"));
}

#[test]
fn a_flat_val_takes_its_classes_from_kaggle() {
    let (dir, root) = flat();
    let expected = read(dir.path()).unwrap();
    fs::remove_dir_all(root.join("ILSVRC2012_devkit_t12")).unwrap();
    let missing = error(dir.path());
    assert!(missing.contains("no ground truth") && missing.contains("ILSVRC2012_devkit_t12.tar.gz"), "{missing}");

    let solution = root.join("LOC_val_solution.csv");
    let rows = [(2, TENCH), (1, FOX), (3, TENCH), (5, SETTER), (4, FOX)];
    let rows: String = rows.map(|(n, wnid)| format!("ILSVRC2012_val_{n:08},{wnid} 1 2 3 4 {wnid} 5 6 7 8 \n")).concat();
    fs::write(&solution, format!("ImageId,PredictionString\n{rows}")).unwrap();
    let splits = read(dir.path()).unwrap();
    assert_eq!(splits.origin, expected.origin);
    assert_eq!(labels(&splits), labels(&expected));

    fs::write(&solution, "ImageId,PredictionString\nILSVRC2012_val_00000001,fox\n").unwrap();
    assert!(error(dir.path()).contains("LOC_val_solution.csv: line 2 has no image and WordNet id"));
    let twice = format!(
        "ImageId,PredictionString\nILSVRC2012_val_00000001,{TENCH} 1 2 3 4\nILSVRC2012_val_00000001,{FOX} 1 2 3 4\n"
    );
    fs::write(&solution, twice).unwrap();
    let twice = error(dir.path());
    assert!(twice.contains(&format!("line 3 has {FOX} for an image that an earlier line has {TENCH} for")), "{twice}");
}

#[test]
fn images_missing_from_a_flat_val_are_listed() {
    let (dir, root) = flat();
    fs::remove_file(root.join("val").join(val(2))).unwrap();
    fs::remove_file(root.join("val").join(val(5))).unwrap();
    put(&root.join("val").join(val(6)), &picture(0));
    put(&root.join("val/photo.JPEG"), &picture(0));
    put(&root.join("val/ILSVRC2012_val_00000003.png"), &picture(0));
    put(&root.join("train/n04524313/1.JPEG"), &picture(0));
    let error = error(dir.path());
    assert!(error.starts_with("5 problems"), "{error}");
    for expected in [
        "val_00000002.JPEG: missing, though",
        "val_00000003.JPEG: there under more than one name",
        "ground_truth.txt: has no class for 1 images in val (ILSVRC2012_val_00000006.JPEG is the first): is it cut short?",
        "val/photo.JPEG: not named like",
        "train/n04524313: a class that the ground truth of val does not have",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn all_problems_are_listed_together() {
    let (dir, root) = by_folders();
    put(&root.join("train").join(FOX).join("a.JPEG"), b"");
    put(&root.join("train").join(FOX).join("b.JPEG"), b"a text");
    put(&root.join("train").join(FOX).join("c.JPEG"), &picture(0)[..60]);
    put(&root.join("train").join(FOX).join("d.xml"), b"");
    put(&root.join("train/n01440764.tar"), b"");
    put(&root.join("val/loose.JPEG"), &picture(0));
    fs::create_dir(root.join("train/n00000001")).unwrap();
    fs::remove_dir_all(root.join("val").join(FOX)).unwrap();
    let error = error(dir.path());
    assert!(error.starts_with("9 problems with the files of imagenet; restore or remove them, or get"), "{error}");
    for expected in [
        "a.JPEG: empty (0 bytes)",
        "b.JPEG: ",
        "c.JPEG: ",
        "d.xml: not named like an image",
        "train/n01440764.tar: not in the folder of a class",
        "val/loose.JPEG: not in the folder of a class",
        "train/n00000001: no images of this class",
        "val/n00000001: no images of this class",
        "val/n02119789: no images of this class",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn another_data_set_is_refused() {
    let (dir, root) = by_folders();
    fs::rename(root.join("val").join(SETTER), root.join("val/setter")).unwrap();
    let other = error(dir.path());
    assert!(other.starts_with("1 problem ") && other.contains("val/setter: not named by a WordNet id"), "{other}");
    for wnid in [TENCH, FOX] {
        fs::rename(root.join("val").join(wnid), root.join("val").join(&wnid[1..])).unwrap();
    }
    let other = error(dir.path());
    assert!(
        other.contains("val/01440764: not a WordNet id") && other.contains("folder of another data set"),
        "{other}"
    );
    #[cfg(unix)]
    {
        let train = root.join("val");
        fs::rename(root.join("train"), root.join("away")).unwrap();
        std::os::unix::fs::symlink(&train, root.join("train")).unwrap();
        assert!(error(dir.path()).contains("nothing would be left to test on"));
        fs::remove_file(root.join("train")).unwrap();
        fs::rename(root.join("away"), root.join("train")).unwrap();
    }
    fs::remove_dir_all(root.join("train")).unwrap();
    let incomplete = error(dir.path());
    assert!(incomplete.contains("imagenet: no train/ and val/ in it") && !incomplete.contains('\n'), "{incomplete}");
    fs::create_dir(root.join("train")).unwrap();
    assert!(error(dir.path()).contains("train: no folders of classes in it"));
    fs::remove_dir_all(&root).unwrap();
    assert!(error(dir.path()).contains("imagenet: no such folder, so there are no ImageNet files; get"));
}

#[cfg(unix)]
#[test]
fn ten_real_classes_read() {
    let Some(dir) = crate::index::tests::real("imagenet10") else { return };
    let splits = read(dir.path()).unwrap();
    assert_eq!((splits.classes.len(), splits.classes[0].as_str()), (10, TENCH));
    let (train, test) = labels(&splits);
    assert!((0..10).all(|class| train.contains(&class) && test.contains(&class)));
    assert!(splits.origin.note.starts_with("10 of ImageNet's 1,000 classes."), "{}", splits.origin.note);
}
