use std::fs;

use super::*;
use crate::index::tests::{picture, put};
use pt4al_results::spec::Input;

const FISH: &str = "n01443537";
const FROG: &str = "n01644900";
const CHAIR: &str = "n04099969";

fn read(dir: &Path) -> Result<Splits> {
    let (input, normalize) = (Input { resize: 8, crop: 8 }, Normalize::imagenet());
    TinyImagenetSpec { input, pool: None, pool_seed: 0, normalize, storage: Storage::Memory }.checked(dir)
}

fn error(dir: &Path) -> String {
    format!("{:#}", read(dir).unwrap_err())
}

/// Three classes of two train images and one val image each, as they are unpacked.
fn tiny() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join(FOLDER);
    // The official file is not sorted.
    put(&root.join(WNIDS), format!("{CHAIR}\n{FISH}\n{FROG}\n").as_bytes());
    put(&root.join("words.txt"), b"n00001740\tentity\n");
    let mut annotations = String::new();
    for (i, class) in [FISH, FROG, CHAIR].into_iter().enumerate() {
        let folder = root.join("train").join(class);
        put(&folder.join(format!("{class}_boxes.txt")), b"n01443537_0.JPEG\t0\t10\t63\t58\n");
        for image in 0..2 {
            put(&folder.join(format!("images/{class}_{image}.JPEG")), &picture((10 * i + image) as u8));
        }
        put(&root.join(format!("val/images/val_{i}.JPEG")), &picture(100 + i as u8));
        annotations += &format!("val_{i}.JPEG\t{}\t0\t32\t44\t62\n", [CHAIR, FISH, FROG][i]);
    }
    put(&root.join("val").join(ANNOTATIONS), annotations.as_bytes());
    put(&root.join("test/images/test_0.JPEG"), b"not looked at");
    (dir, root)
}

#[test]
fn classes_are_sorted_and_val_takes_them_from_its_annotations() {
    let (dir, root) = tiny();
    let splits = read(dir.path()).unwrap();
    assert_eq!(splits.classes, [FISH, FROG, CHAIR]);
    assert_eq!(splits.train.classes().unwrap(), [0, 0, 1, 1, 2, 2]);
    assert_eq!(splits.test.classes().unwrap(), [2, 0, 1]);
    assert_eq!(splits.train.image(3).unwrap(), [11; 8 * 8 * 3]);
    let id = |split: &crate::images::Split, index| split.ids.as_ref().unwrap().id(index);
    assert_eq!(id(&splits.train, 3), "n01644900/images/n01644900_1.JPEG");
    assert_eq!(id(&splits.test, 2), "images/val_2.JPEG");
    let note = &splits.origin.note;
    assert!(note.starts_with("3 classes with 6 + 3 images, not Tiny ImageNet's 200 with 100,000 + 10,000."), "{note}");
    assert_eq!((splits.origin.pool, splits.origin.test), (6, 3));
    assert_eq!(read(&root).unwrap().origin, splits.origin, "the folder itself is as good");

    let path = root.join("val").join(ANNOTATIONS);
    fs::write(&path, format!("val_0.JPEG\t{FISH}\r\nval_1.JPEG\t{FROG}\r\nval_2.JPEG\t{CHAIR}\r\n\r\n")).unwrap();
    let swapped = read(dir.path()).unwrap();
    assert_eq!(swapped.test.classes().unwrap(), [0, 1, 2]);
    assert_ne!(swapped.origin.fingerprint, splits.origin.fingerprint, "labels are data too");
}

#[test]
fn images_in_both_splits_are_noted_and_a_copied_val_is_refused() {
    let (dir, root) = tiny();
    put(&root.join("val/images/val_1.JPEG"), &picture(21));
    let note = read(dir.path()).unwrap().origin.note;
    let expected = format!("(for instance val/images/val_1.JPEG is train/{CHAIR}/images/{CHAIR}_1.JPEG).");
    assert!(note.contains("1 of the 3 test images is also") && note.ends_with(&expected), "{note}");
    put(&root.join("val/images/val_2.JPEG"), &picture(0));
    assert!(error(dir.path()).contains("2 of the 3 test images are also in the train split"));
}

#[test]
fn all_problems_are_listed_together() {
    let (dir, root) = tiny();
    put(&root.join("train").join(FISH).join("images/a.JPEG"), b"");
    put(&root.join("train").join(FISH).join("images/b.JPEG"), &picture(0)[..60]);
    put(&root.join("train").join(FISH).join("images/c.txt"), b"");
    put(&root.join("train").join(FISH).join("d.JPEG"), &picture(0));
    put(&root.join("train/e.JPEG"), &picture(0));
    put(&root.join("train/n00000001/images/f.JPEG"), &picture(0));
    put(&root.join("val/g.JPEG"), &picture(0));
    fs::remove_dir_all(root.join("train").join(CHAIR)).unwrap();
    fs::remove_dir_all(root.join("train").join(FROG).join(IMAGES)).unwrap();
    let error = error(dir.path());
    assert!(
        error.starts_with("9 problems with the files of tiny-imagenet; restore or remove them, or unpack"),
        "{error}"
    );
    for expected in [
        "images/a.JPEG: empty (0 bytes)",
        "images/b.JPEG: ",
        "images/c.txt: not named like an image",
        "n01443537/d.JPEG: not in the folder images/ of a class",
        "train/e.JPEG: not in the folder images/ of a class",
        "train/n00000001: not a class of wnids.txt",
        "val/g.JPEG: not an image in images/",
        "train/n04099969: no such folder, though wnids.txt has this class",
        "train/n01644900: no images of this class",
    ] {
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn annotations_and_images_of_val_fit_each_other() {
    let (dir, root) = tiny();
    let path = root.join("val").join(ANNOTATIONS);
    let with = |lines: &str, count: usize, expected: &[&str]| {
        fs::write(&path, lines).unwrap();
        let error = error(dir.path());
        assert!(error.starts_with(&format!("{count} problem")), "{error}");
        expected.iter().for_each(|expected| assert!(error.contains(expected), "{expected}: {error}"));
    };
    let lines =
        [("val_0", CHAIR), ("val_1", FISH), ("val_2", FROG)].map(|(name, class)| format!("{name}.JPEG\t{class}\n"));
    let whole = lines.concat();
    let missing = ["val_9.JPEG: missing, though val_annotations.txt has it"];
    with(&format!("{whole}val_9.JPEG\t{FISH}\n"), 1, &missing);
    let cut =
        "val_annotations.txt: has no class for 2 images in val (images/val_1.JPEG is the first): is it cut short?";
    with(&lines[0], 3, &[cut, "no image of n01443537"]);
    with(&format!("{whole}val_1.JPEG\t{FROG}\n"), 1, &["line 4 has val_1.JPEG, which an earlier line has"]);
    with(&format!("{whole}val_3.JPEG\n"), 1, &["line 4 has no image and WordNet id"]);
    let other = whole.replace(FROG, "n00000001");
    with(&other, 3, &["line 3 has the class \"n00000001\", which is not in wnids.txt"]);
    fs::remove_file(&path).unwrap();
    assert!(error(dir.path()).contains("val_annotations.txt: cannot be read"));
}

#[test]
fn other_folders_and_lists_of_classes_are_refused() {
    let (dir, root) = tiny();
    fs::write(root.join(WNIDS), format!("{FISH}\n{FISH}\nfrog\n{FROG}\n{CHAIR}\n")).unwrap();
    let list = error(dir.path());
    assert!(
        list.contains("line 3 is \"frog\", which is no WordNet id") && list.contains("has n01443537 twice"),
        "{list}"
    );
    fs::write(root.join(WNIDS), "\n").unwrap();
    assert!(error(dir.path()).contains("wnids.txt: no WordNet ids in it; unpack"));
    fs::remove_dir_all(root.join("val")).unwrap();
    let incomplete = error(dir.path());
    assert!(
        incomplete.contains("tiny-imagenet-200/val: no such file or folder, so Tiny ImageNet is incomplete"),
        "{incomplete}"
    );
    fs::remove_dir_all(&root).unwrap();
    let missing = error(dir.path());
    assert!(missing.contains("tiny-imagenet-200: no such folder") && !missing.contains('\n'), "{missing}");
}
