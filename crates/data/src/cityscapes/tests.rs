use std::fs;

use tempfile::TempDir;

use super::*;
use crate::images::{IGNORED, Labels, Records};
use pt4al_results::spec::{Normalize, Storage};

/// Height and width of the generated images.
const SIZE: [usize; 2] = [4, 6];

fn set(labels: LabelFiles) -> CityscapesSpec {
    CityscapesSpec { size: SIZE, resize: None, labels, normalize: Normalize::imagenet(), storage: Storage::default() }
}

fn png(width: usize, height: usize, color: png::ColorType, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(color);
    encoder.write_header().unwrap().write_image_data(values).unwrap();
    bytes
}

/// A PNG whose byte n is `n + first`.
fn image(first: u8) -> Vec<u8> {
    let values: Vec<u8> = (0..72).map(|n| n + first).collect();
    png(6, 4, png::ColorType::Rgb, &values)
}

fn label(values: &[u8; 24]) -> Vec<u8> {
    png(6, 4, png::ColorType::Grayscale, values)
}

/// 24 label ids with all 19 classes, two ids that are ignored, and -1.
const IDS: [u8; 24] = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33, 0, 29, 255, 7, 33];
/// The same pixels as classes, which are the train ids.
const CLASSES: [u8; 24] =
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, IGNORED, IGNORED, IGNORED, 0, 18];

fn write(dir: &TempDir, path: &str, bytes: &[u8]) {
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Writes an image, and its label in both numberings.
fn write_pair(dir: &TempDir, split: &str, name: &str, first: u8) {
    write(dir, &format!("cityscapes/leftImg8bit/{split}/{name}_leftImg8bit.png"), &image(first));
    write(dir, &format!("cityscapes/gtFine/{split}/{name}_gtFine_labelIds.png"), &label(&IDS));
    write(dir, &format!("cityscapes/gtFine/{split}/{name}_gtFine_labelTrainIds.png"), &label(&CLASSES));
}

/// Writes three train images in two cities, one image name being the beginning of another, and one val image.
fn small() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_pair(&dir, "train", "bochum/bochum_1", 10);
    write_pair(&dir, "train", "bochum/bochum_1_2", 20);
    write_pair(&dir, "train", "aachen/aachen_7", 0);
    write_pair(&dir, "val", "ulm/ulm_1", 30);
    dir
}

fn record(split: &Split, index: usize) -> Vec<u8> {
    let Records::Source(source) = &split.records else { panic!("{:?}", split.records) };
    let mut record = vec![1; split.record()];
    source.fill(index, &mut record).unwrap();
    record
}

/// Asserts that reading fails with exactly these problems, each a path below the data folder and a part of the reason.
#[track_caller]
fn problems(dir: &TempDir, set: &CityscapesSpec, expected: &[(&str, &str)]) {
    let message = set.checked(dir.path()).expect_err("no problem was noted").to_string();
    let lines: Vec<&str> = message.lines().collect();
    let many = if expected.len() == 1 { "problem" } else { "problems" };
    assert!(lines[0].starts_with(&format!("{} {many} with the files of cityscapes; ", expected.len())), "{message}");
    assert!(lines[0].contains("--data"), "{message}");
    assert_eq!(lines.len(), expected.len() + 1, "{message}");
    for (line, (path, why)) in lines[1..].iter().zip(expected) {
        let path = format!("  {}: ", dir.path().join("cityscapes").join(path).display());
        assert!(line.starts_with(&path) && line[path.len()..].contains(why), "{line:?} is not {path:?} with {why:?}");
    }
}

#[test]
fn images_come_with_classes_from_either_numbering() {
    let dir = small();
    let read = |labels| set(labels).checked(dir.path()).unwrap();
    let (by_id, by_train_id) = (read(LabelFiles::LabelIds), read(LabelFiles::LabelTrainIds));
    assert_eq!((by_id.train.len, by_id.test.len, by_id.classes.len()), (3, 1, 19));
    assert_eq!((by_id.classes[0].as_str(), by_id.classes[18].as_str()), ("road", "bicycle"));
    assert_eq!((by_id.train.labels.clone(), by_id.train.record()), (Labels::Maps, 4 * 6 * 4));

    // Paths in byte order: `1_2_left` comes before `1_left`.
    for (index, first) in [0, 20, 10].into_iter().enumerate() {
        let record = record(&by_id.train, index);
        assert_eq!(record[..72], (first..first + 72).collect::<Vec<u8>>());
        assert_eq!(record[72..], CLASSES);
        assert_eq!(record, self::record(&by_train_id.train, index));
    }
    assert_eq!(record(&by_id.test, 0)[..2], [30, 31]);

    let origin = &by_id.origin;
    assert_eq!((origin.name.as_str(), origin.pool, origin.test), ("cityscapes", 3, 1));
    assert!(origin.note.starts_with("3 train and 1 val images, not Cityscapes' 2,975 and 500: "), "{}", origin.note);
    assert_ne!(origin.fingerprint, by_train_id.origin.fingerprint);
}

#[test]
fn the_official_numbers_of_images_need_no_note() {
    assert_eq!(note(2975, 500), "");
    assert!(note(2975, 101).starts_with("2,975 train and 101 val"));
}

#[test]
fn images_are_resized_with_their_labels() {
    let dir = small();
    let half = CityscapesSpec { resize: Some([2, 3]), ..set(LabelFiles::LabelIds) };
    let train = half.checked(dir.path()).unwrap().train;
    assert_eq!((train.height, train.width, train.record()), (2, 3, 24));
    // Nearest neighbour takes rows 1 and 3, columns 1, 3 and 5, and never a mean.
    assert_eq!(record(&train, 0)[18..], [7, 9, 11, IGNORED, IGNORED, 18]);
    let whole = set(LabelFiles::LabelIds).checked(dir.path()).unwrap();
    assert_eq!(whole.origin.fingerprint, half.checked(dir.path()).unwrap().origin.fingerprint, "of the files alone");
}

#[test]
fn a_change_of_any_image_or_label_changes_the_fingerprint() {
    let dir = small();
    let fingerprint = || set(LabelFiles::LabelIds).checked(dir.path()).unwrap().origin.fingerprint;
    let before = fingerprint();
    assert_eq!((before.len(), fingerprint()), (16, before.clone()));
    write(&dir, "cityscapes/leftImg8bit/val/ulm/ulm_1_leftImg8bit.png", &image(31));
    let after_image = fingerprint();
    let mut ids = IDS;
    ids[0] = 8;
    write(&dir, "cityscapes/gtFine/train/aachen/aachen_7_gtFine_labelIds.png", &label(&ids));
    let after_label = fingerprint();
    assert!(before != after_image && after_image != after_label && before != after_label);
    // From here on, both splits have an image with the same name.
    write_pair(&dir, "val", "aachen/aachen_7", 40);
    assert_ne!(fingerprint(), after_label);
}

#[test]
fn folders_are_searched_in_order() {
    let dir = small();
    let size = || set(LabelFiles::LabelIds).checked(dir.path()).map(|splits| splits.train.len);
    assert_eq!(set(LabelFiles::LabelIds).checked(&dir.path().join("cityscapes")).unwrap().train.len, 3, "itself");
    fs::rename(dir.path().join("cityscapes"), dir.path().join("camvid")).unwrap();
    assert_eq!(size().unwrap(), 3);
    write_pair(&dir, "train", "ulm/ulm_2", 0);
    write_pair(&dir, "val", "ulm/ulm_3", 1);
    assert_eq!(size().unwrap(), 1, "cityscapes before camvid");
    fs::remove_dir_all(dir.path().join("cityscapes/gtFine")).unwrap();
    assert_eq!(size().unwrap(), 3, "cityscapes is not whole");

    fs::remove_dir_all(dir.path().join("camvid")).unwrap();
    let message = size().unwrap_err().to_string();
    assert!(message.contains("cityscapes/gtFine: no such folder, but there is leftImg8bit beside it"), "{message}");
    fs::remove_dir_all(dir.path().join("cityscapes")).unwrap();
    let message = size().unwrap_err().to_string();
    assert!(message.contains("has leftImg8bit and gtFine") && message.contains("cityscapes-dataset.com"), "{message}");
    assert!(!message.contains('\n') && message.contains("PT4AL_DATA"), "{message}");
}

#[test]
fn missing_splits_are_listed_together_before_other_problems() {
    let dir = small();
    fs::remove_dir_all(dir.path().join("cityscapes/leftImg8bit/val")).unwrap();
    fs::rename(dir.path().join("cityscapes/gtFine/train"), dir.path().join("cityscapes/gtFine/training")).unwrap();
    let expected = [("gtFine/train", "no such folder"), ("leftImg8bit/val", "no such folder")];
    problems(&dir, &set(LabelFiles::LabelIds), &expected);
}

/// Files that the official archives and scripts put there are accepted and not read.
#[test]
fn known_files_are_ignored_and_any_other_is_a_problem() {
    let dir = small();
    let set = set(LabelFiles::LabelIds);
    for known in [
        "gtFine/train/aachen/aachen_7_gtFine_color.png",
        "gtFine/train/aachen/aachen_7_gtFine_instanceIds.png",
        "gtFine/train/aachen/aachen_7_gtFine_instanceTrainIds.png",
        "gtFine/val/ulm/ulm_1_gtFine_polygons.json",
        "gtFine/test/berlin/berlin_1_gtFine_labelIds.png",
        "gtFine/cityscapes_panoptic_val/ulm_1_gtFine_panoptic.png",
        "gtFine/cityscapes_panoptic_val.json",
        "leftImg8bit/test/berlin/berlin_1_leftImg8bit.png",
        "leftImg8bit/train_extra/wuppertal/wuppertal_1_leftImg8bit.png",
        "leftImg8bit/.DS_Store",
        "leftImg8bit/train/.DS_Store",
        "README",
    ] {
        write(&dir, &format!("cityscapes/{known}"), b"not an image");
    }
    assert_eq!(set.checked(dir.path()).unwrap().train.len, 3);

    let unexpected = [
        ("gtFine/train/aachen/aachen_7_gtFine_labelIds.png.part", "not expected here: the files are <city>/*_gtFine"),
        ("gtFine/train/aachen_7_gtFine_color.png", "not expected here"),
        ("gtFine/val/ulm/old/ulm_1_gtFine_labelIds.png", "not expected here"),
        ("leftImg8bit/extra", "the splits are train and val"),
        ("leftImg8bit/train/aachen/aachen_8.jpg", "the files are <city>/*_leftImg8bit.png"),
        ("leftImg8bit/train/aachen_9_leftImg8bit.png", "not expected here"),
    ];
    for (path, _) in unexpected {
        let file = if path.contains('.') { path.to_owned() } else { format!("{path}/a.png") };
        write(&dir, &format!("cityscapes/{file}"), &image(0));
    }
    problems(&dir, &set, &unexpected);
}

#[test]
fn images_without_labels_labels_without_images_and_empty_cities_are_problems() {
    let dir = small();
    let root = dir.path().join("cityscapes");
    fs::remove_file(root.join("gtFine/train/bochum/bochum_1_gtFine_labelIds.png")).unwrap();
    fs::remove_file(root.join("leftImg8bit/train/bochum/bochum_1_2_leftImg8bit.png")).unwrap();
    fs::create_dir(root.join("leftImg8bit/train/empty")).unwrap();
    fs::create_dir(root.join("gtFine/val/empty")).unwrap();
    let expected = [
        (
            "gtFine/train/bochum/bochum_1_2_gtFine_labelIds.png",
            "a label without its image leftImg8bit/train/bochum/bochum_1_2_leftImg8bit.png",
        ),
        ("gtFine/val/empty", "a city without any *_gtFine_labelIds.png"),
        (
            "leftImg8bit/train/bochum/bochum_1_leftImg8bit.png",
            "an image without its label gtFine/train/bochum/bochum_1_gtFine_labelIds.png",
        ),
        ("leftImg8bit/train/empty", "a city without any *_leftImg8bit.png"),
    ];
    problems(&dir, &set(LabelFiles::LabelIds), &expected);
}

#[test]
fn a_split_without_images_or_with_the_other_numbering_is_one_problem() {
    let dir = small();
    let root = dir.path().join("cityscapes");
    fs::remove_file(root.join("leftImg8bit/val/ulm/ulm_1_leftImg8bit.png")).unwrap();
    for name in ["aachen/aachen_7", "bochum/bochum_1", "bochum/bochum_1_2"] {
        fs::remove_file(root.join(format!("gtFine/train/{name}_gtFine_labelTrainIds.png"))).unwrap();
    }
    let expected = [
        (
            "gtFine/train",
            "no <city>/*_gtFine_labelTrainIds.png in it, but 3 *_gtFine_labelIds.png: is `dataset.cityscapes.labels` \
             \"label-ids\"?",
        ),
        ("leftImg8bit/val", "no <city>/*_leftImg8bit.png in it"),
    ];
    problems(&dir, &set(LabelFiles::LabelTrainIds), &expected);
}

#[test]
fn unusable_files_of_both_folders_are_listed_together() {
    let dir = small();
    let root = "cityscapes";
    let truncated = image(0)[..100].to_vec();
    write(&dir, &format!("{root}/leftImg8bit/train/aachen/aachen_7_leftImg8bit.png"), &truncated);
    let turned = png(4, 6, png::ColorType::Rgb, &[0; 72]);
    write(&dir, &format!("{root}/leftImg8bit/val/ulm/ulm_1_leftImg8bit.png"), &turned);
    let mut out_of_range = IDS;
    out_of_range[8] = 40;
    write(&dir, &format!("{root}/gtFine/train/aachen/aachen_7_gtFine_labelIds.png"), &label(&out_of_range));
    let color = png(6, 4, png::ColorType::Rgb, &[7; 72]);
    write(&dir, &format!("{root}/gtFine/train/bochum/bochum_1_gtFine_labelIds.png"), &color);
    let small = png(6, 3, png::ColorType::Grayscale, &[7; 18]);
    write(&dir, &format!("{root}/gtFine/val/ulm/ulm_1_gtFine_labelIds.png"), &small);
    let expected = [
        ("gtFine/train/aachen/aachen_7_gtFine_labelIds.png", "label id 40 is out of range 0 to 33 (row 1, column 2"),
        ("gtFine/train/bochum/bochum_1_gtFine_labelIds.png", "not a label map of one channel"),
        ("gtFine/val/ulm/ulm_1_gtFine_labelIds.png", "6x3"),
        ("leftImg8bit/train/aachen/aachen_7_leftImg8bit.png", "truncated"),
        ("leftImg8bit/val/ulm/ulm_1_leftImg8bit.png", "4x6"),
    ];
    problems(&dir, &set(LabelFiles::LabelIds), &expected);
    write(&dir, &format!("{root}/gtFine/val/ulm/ulm_1_gtFine_labelTrainIds.png"), &label(&IDS));
    let message = set(LabelFiles::LabelTrainIds).checked(dir.path()).unwrap_err().to_string();
    assert!(message.contains("train id 19 is out of range 0 to 18 (row 1, column 0"), "{message}");
}

/// Train ids of the classes of CamVid, with ignored pixels.
const TRAIN_IDS: [u8; 24] = [0, 1, 2, 4, 5, 7, 8, 10, 11, 12, 13, 255, 0, 1, 2, 4, 5, 7, 8, 10, 11, 12, 13, 255];

#[test]
fn train_ids_under_the_name_of_label_ids_are_refused_with_and_without_a_cache() {
    let dir = small();
    // The labels have train ids, under the names of label ids.
    for name in ["train/aachen/aachen_7", "train/bochum/bochum_1"] {
        write(&dir, &format!("cityscapes/gtFine/{name}_gtFine_labelIds.png"), &label(&TRAIN_IDS));
    }
    let why =
        "train ids under the name of label ids: 2 of 3 files have the value 255 and none of the label ids 19 to 33";
    problems(&dir, &set(LabelFiles::LabelIds), &[("gtFine/train", why)]);
    // Each file passed its own check, so none is read again; the answer must be the same.
    problems(&dir, &set(LabelFiles::LabelIds), &[("gtFine/train", why)]);
    assert!(set(LabelFiles::LabelTrainIds).checked(dir.path()).is_ok());

    write(&dir, "cityscapes/gtFine/train/aachen/aachen_7_gtFine_labelIds.png", &label(&IDS));
    assert!(set(LabelFiles::LabelIds).checked(dir.path()).is_ok(), "one odd file of three is no proof");
}

#[test]
fn label_ids_under_the_name_of_train_ids_are_refused() {
    let dir = small();
    write(&dir, "cityscapes/gtFine/val/ulm/ulm_1_gtFine_labelTrainIds.png", &label(&IDS));
    let expected = "train id 19 is out of range 0 to 18 (row 1, column 0; 255 is none): is this a file of label ids";
    problems(&dir, &set(LabelFiles::LabelTrainIds), &[("gtFine/val/ulm/ulm_1_gtFine_labelTrainIds.png", expected)]);
}

/// A data set in both numberings, like the conversion of CamVid: 0 for pixels without a class, and no 255.
#[test]
fn a_part_of_the_classes_is_accepted_in_either_numbering() {
    let dir = small();
    let label_ids = [0, 7, 8, 11, 13, 17, 20, 21, 23, 24, 25, 26].repeat(2);
    for name in ["train/aachen/aachen_7", "train/bochum/bochum_1", "train/bochum/bochum_1_2", "val/ulm/ulm_1"] {
        let ids = label(label_ids.as_slice().try_into().unwrap());
        write(&dir, &format!("cityscapes/gtFine/{name}_gtFine_labelIds.png"), &ids);
        write(&dir, &format!("cityscapes/gtFine/{name}_gtFine_labelTrainIds.png"), &label(&TRAIN_IDS));
    }
    for labels in [LabelFiles::LabelIds, LabelFiles::LabelTrainIds] {
        set(labels).checked(dir.path()).unwrap();
    }
}

#[test]
fn images_in_both_splits_are_noted_and_a_copied_split_is_refused() {
    let dir = small();
    for (name, first) in [("ulm/ulm_2", 31), ("ulm/ulm_3", 0)] {
        write_pair(&dir, "val", name, first);
    }
    let read = || set(LabelFiles::LabelIds).checked(dir.path());
    let expected = "1 of the 3 test images is also in the train split, byte for byte (for instance \
                    val/ulm/ulm_3_leftImg8bit.png is train/aachen/aachen_7_leftImg8bit.png).";
    for _ in 0..2 {
        let note = read().unwrap().origin.note;
        assert!(note.ends_with(expected), "{note}");
    }
    write_pair(&dir, "val", "ulm/ulm_2", 10);
    let message = read().unwrap_err().to_string();
    assert!(message.contains("leftImg8bit/val: 2 of the 3 test images are also in the train split"), "{message}");
    assert!(!message.contains('\n') && message.contains("put the images of the val split there"), "{message}");
    let names = set(LabelFiles::LabelIds).read(dir.path(), &Look::Names).unwrap();
    assert_eq!(names.test.len, 3, "names alone tell no copies");
}

#[test]
fn files_can_be_verified_without_a_spec() {
    let dir = small();
    let origin = verify(dir.path()).unwrap();
    assert_eq!((origin.pool, origin.test), (3, 1));
    write(&dir, "cityscapes/gtFine/val/ulm/ulm_1_gtFine_labelTrainIds.png", &label(&IDS));
    let message = verify(dir.path()).unwrap_err().to_string();
    assert!(message.contains("train id 19 is out of range"), "of the second numbering: {message}");
    // One numbering is enough.
    for split in ["train", "val"] {
        let files = walkdir::WalkDir::new(dir.path().join("cityscapes/gtFine").join(split)).into_iter().flatten();
        let unused = files.filter(|file| file.path().to_string_lossy().ends_with("_labelTrainIds.png"));
        unused.for_each(|file| fs::remove_file(file.path()).unwrap());
    }
    assert_eq!(verify(dir.path()).unwrap(), origin);
    write(&dir, "cityscapes/leftImg8bit/val/ulm/ulm_1_leftImg8bit.png", &png(3, 4, png::ColorType::Rgb, &[0; 36]));
    let message = verify(dir.path()).unwrap_err().to_string();
    assert!(message.starts_with("1 problem") && message.contains("ulm_1_leftImg8bit.png: "), "{message}");
}

/// Files that passed for one size are checked again for another.
#[test]
fn another_size_or_numbering_is_checked_again() {
    let dir = small();
    set(LabelFiles::LabelIds).checked(dir.path()).unwrap();
    let other = CityscapesSpec { size: [8, 6], ..set(LabelFiles::LabelIds) };
    let message = other.checked(dir.path()).unwrap_err().to_string();
    assert!(message.starts_with("8 problems"), "{message}");
}

#[test]
fn files_that_change_after_the_check_are_errors_with_their_path() {
    let dir = small();
    let train = set(LabelFiles::LabelIds).checked(dir.path()).unwrap().train;
    let Records::Source(source) = &train.records else { panic!() };
    let fill = || source.fill(0, &mut vec![0; train.record()]).unwrap_err().to_string();
    let mut ids = IDS;
    ids[3] = 34;
    write(&dir, "cityscapes/gtFine/train/aachen/aachen_7_gtFine_labelIds.png", &label(&ids));
    let message = fill();
    assert!(message.contains("aachen_7_gtFine_labelIds.png: changed after it was found"), "{message}");
    fs::remove_file(dir.path().join("cityscapes/leftImg8bit/train/aachen/aachen_7_leftImg8bit.png")).unwrap();
    let message = fill();
    assert!(message.contains("aachen_7_leftImg8bit.png: cannot be read") && message.contains("restore"), "{message}");
}

/// Reads CamVid in Cityscapes' layout, if `PT4AL_TEST_DATA` names the folder of real data.
#[test]
fn camvid_reads_the_same_from_both_numberings() {
    let Some(data) = std::env::var_os("PT4AL_TEST_DATA").map(PathBuf::from) else {
        return eprintln!("skipped: PT4AL_TEST_DATA is not set");
    };
    if !data.join("camvid").is_dir() {
        return eprintln!("skipped: there is no camvid in {}", data.display());
    }
    // Through a link, so that the cache is not written to the real folder.
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(data.join("camvid"), dir.path().join("camvid")).unwrap();
    let set = |labels| CityscapesSpec { size: [360, 480], ..set(labels) };
    let read = |labels| set(labels).checked(dir.path()).unwrap();
    let (by_id, by_train_id) = (read(LabelFiles::LabelIds), read(LabelFiles::LabelTrainIds));
    assert_eq!((by_id.train.len, by_id.test.len), (367, 101));
    assert!(by_id.origin.note.starts_with("367 train and 101 val images"), "{}", by_id.origin.note);
    for (a, b) in [(&by_id.train, &by_train_id.train), (&by_id.test, &by_train_id.test)] {
        for index in 0..a.len {
            assert!(record(a, index) == record(b, index), "image {index}");
        }
    }
}
