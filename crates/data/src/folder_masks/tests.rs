use std::fs;

use tempfile::TempDir;

use super::*;
use crate::images::{IGNORED, Records};
use pt4al_results::spec::{CityscapesSpec, LabelFiles, Normalize, Storage};

/// The label ids of Cityscapes for three classes.
const VALUES: [u8; 3] = [7, 8, 23];

fn set() -> FolderMasksSpec {
    FolderMasksSpec {
        path: "scenes".into(),
        test: None,
        size: Some([4, 6]),
        resize: None,
        classes: ["road", "sidewalk", "sky"].map(str::to_owned).into(),
        values: VALUES.into(),
        ignore: vec![0, 255],
        normalize: Normalize::imagenet(),
        pool: None,
        pool_seed: 0,
        storage: Storage::default(),
    }
}

fn png(size: [usize; 2], color: png::ColorType, depth: png::BitDepth, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[1] as u32, size[0] as u32);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette((0..48).collect::<Vec<u8>>());
    }
    encoder.write_header().unwrap().write_image_data(values).unwrap();
    bytes
}

/// A PNG of this height and width whose byte n is `n + first`.
fn image(first: u8, size: [usize; 2]) -> Vec<u8> {
    let values: Vec<u8> = (0..size[0] * size[1] * 3).map(|n| (n as u8).wrapping_add(first)).collect();
    png(size, png::ColorType::Rgb, png::BitDepth::Eight, &values)
}

fn mask(values: &[u8], size: [usize; 2]) -> Vec<u8> {
    png(size, png::ColorType::Grayscale, png::BitDepth::Eight, values)
}

fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = vec![90; usize::from(width) * usize::from(height) * 3];
    jpeg_encoder::Encoder::new(&mut bytes, 90).encode(&pixels, width, height, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

/// The mask of every made-up image.
const MASK: [u8; 24] = [7, 8, 23, 0, 255, 7, 7, 7, 7, 8, 8, 8, 23, 23, 23, 0, 0, 0, 8, 8, 8, 255, 7, 23];
const N: u8 = IGNORED;
/// The classes of its pixels.
const CLASSES: [u8; 24] = [0, 1, 2, N, N, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, N, N, N, 1, 1, 1, N, 0, 2];

fn write(dir: &TempDir, path: &str, bytes: &[u8]) {
    let path = dir.path().join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Writes an image and its mask.
fn write_pair(dir: &TempDir, split: &str, name: &str, first: u8) {
    write(dir, &format!("scenes/images/{split}/{name}.png"), &image(first, [4, 6]));
    write(dir, &format!("scenes/masks/{split}/{name}.png"), &mask(&MASK, [4, 6]));
}

/// Writes three train images, one of them in a folder and one with a name that begins another, and one test image.
fn small() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    write_pair(&dir, "train", "b", 10);
    write_pair(&dir, "train", "b.1", 20);
    write_pair(&dir, "train", "a/7", 0);
    write_pair(&dir, "test", "1", 30);
    dir
}

fn record(split: &Split, index: usize) -> Vec<u8> {
    let Records::Source(source) = &split.records else { panic!("{:?}", split.records) };
    let mut record = vec![1; split.record()];
    source.fill(index, &mut record).unwrap();
    record
}

fn names(split: &Split) -> Vec<String> {
    (0..split.len).map(|index| split.ids.as_ref().unwrap().id(index)).collect()
}

/// Asserts that reading fails with exactly these problems, each a path below `scenes/` and a part of the reason.
#[track_caller]
fn problems(dir: &TempDir, set: &FolderMasksSpec, expected: &[(&str, &str)]) {
    let message = set.checked(dir.path()).expect_err("no problem was noted").to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(lines.len(), expected.len() + 1, "{message}");
    assert!(lines[0].contains(" with the files of folder-masks; "), "{message}");
    for (line, (path, why)) in lines[1..].iter().zip(expected) {
        let path = format!("  {}: ", dir.path().join("scenes").join(path).display());
        assert!(line.starts_with(&path) && line[path.len()..].contains(why), "{line:?} is not {path:?} with {why:?}");
    }
}

/// The error of one line.
#[track_caller]
fn error(dir: &TempDir, set: &FolderMasksSpec) -> String {
    let message = set.checked(dir.path()).expect_err("no error").to_string();
    assert!(!message.contains('\n'), "{message}");
    message.replace(&dir.path().display().to_string(), "DIR")
}

#[test]
fn images_come_with_the_classes_of_their_masks_and_with_their_paths_as_names() {
    let dir = small();
    let Splits { train, test, classes, origin } = set().checked(dir.path()).unwrap();
    assert_eq!((train.len, test.len, train.record()), (3, 1, 4 * 6 * 4));
    assert_eq!(classes, ["road", "sidewalk", "sky"]);
    assert_eq!((origin.name.as_str(), origin.pool, origin.test, origin.note.as_str()), ("folder-masks", 3, 1, ""));
    assert_eq!(names(&train), ["images/train/a/7.png", "images/train/b.1.png", "images/train/b.png"]);
    assert_eq!(names(&test), ["images/test/1.png"]);
    for (index, first) in [0, 20, 10].into_iter().enumerate() {
        let record = record(&train, index);
        assert_eq!(record[..72], (first..first + 72).collect::<Vec<u8>>());
        assert_eq!(record[72..], CLASSES);
    }
}

/// Two readers of the same files must agree, byte for byte.
#[test]
fn records_are_those_of_the_cityscapes_reader() {
    let dir = small();
    for (tree, other, suffix) in [("images", "leftImg8bit", "leftImg8bit"), ("masks", "gtFine", "gtFine_labelIds")] {
        for (from, to) in
            [("train/a/7", "train/a/7"), ("train/b", "train/b/b"), ("train/b.1", "train/b/b.1"), ("test/1", "val/c/1")]
        {
            let bytes = fs::read(dir.path().join(format!("scenes/{tree}/{from}.png"))).unwrap();
            write(&dir, &format!("cityscapes/{other}/{to}_{suffix}.png"), &bytes);
        }
    }
    for resize in [None, Some([2, 3])] {
        let city = CityscapesSpec {
            size: [4, 6],
            resize,
            labels: LabelFiles::LabelIds,
            normalize: Normalize::imagenet(),
            storage: Storage::default(),
        };
        let city = city.checked(dir.path()).unwrap();
        // Cityscapes numbers road, sidewalk and sky 0, 1 and 10.
        let mut by_size = set();
        by_size.resize = resize;
        let mut by_resize = set();
        (by_resize.size, by_resize.resize) = (None, Some(resize.unwrap_or([4, 6])));
        for set in [by_size, by_resize] {
            let own = set.checked(dir.path()).unwrap();
            assert_eq!((own.train.height, own.train.width), (city.train.height, city.train.width));
            for (own, city) in [(&own.train, &city.train), (&own.test, &city.test)] {
                for index in 0..own.len {
                    let mut expected = record(city, index);
                    let image = city.image_bytes();
                    expected[image..].iter_mut().filter(|class| **class == 10).for_each(|class| *class = 2);
                    assert_eq!(record(own, index), expected, "{resize:?} {index}");
                }
            }
        }
    }
}

#[test]
fn images_of_any_size_and_format_get_one_size() {
    let dir = small();
    write(&dir, "scenes/images/train/wide.JPG", &jpeg(20, 6));
    write(&dir, "scenes/masks/train/wide.PNG", &mask(&[23; 120], [6, 20]));
    let any = FolderMasksSpec { size: None, resize: Some([3, 4]), ..set() };
    let train = any.checked(dir.path()).unwrap().train;
    assert_eq!((train.len, train.height, train.width), (4, 3, 4));
    assert_eq!(names(&train)[3], "images/train/wide.JPG");
    assert_eq!(record(&train, 3)[36..], [2; 12]);

    let expected = [("images/train/wide.JPG", "is 20x6, not the 6x4 of `dataset.folder-masks.size` (width x height)")];
    problems(&dir, &set(), &expected);
}

/// Pillow saves a palette of at most 16 colours with 4 bits or fewer.
#[test]
fn masks_may_have_palettes_of_any_depth() {
    let dir = small();
    let classes = FolderMasksSpec { values: Vec::new(), ignore: vec![3], ..set() };
    // Rows of 6 values: 0 1 2 3 0 1, each time.
    let whole = [0, 1, 2, 3, 0, 1].repeat(4);
    let two_bits = [0b0001_1011, 0b0001_0000].repeat(4);
    let four_bits = [0x01, 0x23, 0x01].repeat(4);
    let one_bit = [0b0101_1100].repeat(4);
    let depths = [
        (png::BitDepth::Eight, whole),
        (png::BitDepth::Four, four_bits),
        (png::BitDepth::Two, two_bits),
        (png::BitDepth::One, one_bit),
    ];
    for (path, (depth, values)) in ["train/a/7", "train/b", "train/b.1", "test/1"].into_iter().zip(depths) {
        write(&dir, &format!("scenes/masks/{path}.png"), &png([4, 6], png::ColorType::Indexed, depth, &values));
    }
    let Splits { train, test, .. } = classes.checked(dir.path()).unwrap();
    for index in 0..3 {
        assert_eq!(record(&train, index)[72..], [0, 1, 2, N, 0, 1].repeat(4), "{index}");
    }
    assert_eq!(record(&test, 0)[72..], [0, 1, 0, 1, 1, 1].repeat(4));
}

#[test]
fn masks_that_are_no_label_maps_are_problems() {
    let dir = small();
    write(&dir, "scenes/masks/train/a/7.png", &image(0, [4, 6]));
    write(&dir, "scenes/masks/train/b.png", &png([4, 6], png::ColorType::Grayscale, png::BitDepth::Sixteen, &[0; 48]));
    write(&dir, "scenes/masks/train/b.1.png", &mask(&MASK[..15], [3, 5]));
    let mut values = MASK;
    (values[7], values[8], values[20]) = (40, 41, 40);
    write(&dir, "scenes/masks/test/1.png", &mask(&values, [4, 6]));
    let expected = [
        (
            "masks/test/1.png",
            "has values without a class: 40, 41 (40 in row 1, column 1); give them a class in `dataset.folder-masks.classes` and \
             `values`, or list them in `dataset.folder-masks.ignore` (now known: 0, 7, 8, 23, 255)",
        ),
        (
            "masks/train/a/7.png",
            "is Rgb of 8 bits, not a label map of one channel of 8 bits; convert it to one class id",
        ),
        ("masks/train/b.1.png", "is 5x3, but its image"),
        ("masks/train/b.png", "is Grayscale of 16 bits, not a label map"),
    ];
    problems(&dir, &set(), &expected);
}

/// What is remembered of a check must not hide that the image or the spec changed since.
#[test]
fn a_mask_is_compared_with_its_image_and_with_the_spec_again_if_they_change() {
    let dir = small();
    set().checked(dir.path()).unwrap();
    let any = FolderMasksSpec { size: None, resize: Some([4, 6]), ..set() };
    any.checked(dir.path()).unwrap();
    write(&dir, "scenes/images/train/b.png", &image(10, [5, 6]));
    problems(&dir, &any, &[("masks/train/b.png", "is 6x4, but its image")]);
    write_pair(&dir, "train", "b", 10);
    let fewer = FolderMasksSpec { ignore: vec![255], ..any };
    let message = fewer.checked(dir.path()).unwrap_err().to_string();
    assert_eq!(message.matches("has values without a class: 0 (0 in row 0, column 3)").count(), 4, "{message}");
}

#[test]
fn files_without_a_partner_and_files_of_one_name_are_problems() {
    let dir = small();
    fs::remove_file(dir.path().join("scenes/masks/train/a/7.png")).unwrap();
    fs::remove_file(dir.path().join("scenes/images/test/1.png")).unwrap();
    write(&dir, "scenes/images/test/2.png", &image(3, [4, 6]));
    write(&dir, "scenes/images/train/b.jpeg", &jpeg(6, 4));
    let expected = [
        ("images/train/b.png", "has the same name as b.jpeg, up to its ending; remove one of them"),
        ("images/test/2.png", "an image without its mask masks/test/2.png"),
        ("images/train/a/7.png", "an image without its mask masks/train/a/7.png"),
        ("masks/test/1.png", "a mask without its image images/test/1.*"),
    ];
    problems(&dir, &set(), &expected);
}

#[test]
fn files_that_do_not_belong_there_are_problems() {
    let dir = small();
    for known in ["images/.DS_Store", "images/train/Thumbs.db", "images/val/1.png", "masks/val/1.png", "README"] {
        write(&dir, &format!("scenes/{known}"), b"not an image");
    }
    let own = FolderMasksSpec { test: Some("test".into()), ..set() };
    assert_eq!(own.checked(dir.path()).unwrap().train.len, 3);
    let unexpected = [
        ("images/extra", "the splits are train/ and test/"),
        ("images/test/notes.txt", "not named like an image"),
        ("images/train/b.1.png", "broken or truncated"),
        ("masks/train/b.jpg", "a mask is a PNG with the name of its image"),
    ];
    for (path, _) in unexpected {
        let file = if path.contains('.') { path.to_owned() } else { format!("{path}/a.png") };
        write(&dir, &format!("scenes/{file}"), &image(0, [4, 6])[..60]);
    }
    problems(&dir, &own, &unexpected);
}

#[test]
fn missing_and_empty_folders_are_named_with_a_remedy() {
    let dir = small();
    let root = dir.path().join("scenes");
    let both = || fs::create_dir_all(root.join("images/val"));
    both().unwrap();
    assert!(error(&dir, &set()).starts_with("DIR/scenes/images: has both test/ and val/; say which"));
    fs::remove_dir(root.join("images/val")).unwrap();

    fs::rename(root.join("images/test"), root.join("images/holdout")).unwrap();
    assert!(error(&dir, &set()).starts_with("DIR/scenes/images: has neither test/ nor val/, so there is nothing to"));
    let named = FolderMasksSpec { test: Some("holdout".into()), ..set() };
    problems(&dir, &named, &[("masks/holdout", "no such folder")]);
    fs::rename(root.join("masks/test"), root.join("masks/holdout")).unwrap();
    assert_eq!(named.checked(dir.path()).unwrap().test.len, 1);

    fs::remove_file(root.join("images/holdout/1.png")).unwrap();
    problems(&dir, &named, &[("images/holdout", "no images in it")]);
    fs::remove_dir_all(root.join("masks")).unwrap();
    assert!(error(&dir, &named).starts_with("DIR/scenes/masks: no such folder; put the images into images/train"));
    let elsewhere = FolderMasksSpec { path: "scene".into(), ..set() };
    let message = error(&dir, &elsewhere);
    assert!(message.starts_with("DIR/scene/images: no such folder; ") && message.contains("PT4AL_DATA"), "{message}");
}

#[test]
fn test_images_that_are_also_in_the_train_split_are_noted_or_refused() {
    let dir = small();
    write_pair(&dir, "test", "2", 31);
    write_pair(&dir, "test", "3", 10);
    let note = set().checked(dir.path()).unwrap().origin.note;
    assert_eq!(
        note,
        "1 of the 3 test images is also in the train split, byte for byte (for instance test/3.png is train/b.png)."
    );
    write_pair(&dir, "test", "2", 0);
    assert!(error(&dir, &set()).contains("DIR/scenes/images/test: 2 of the 3 test images are also in the train split"));
}

#[test]
fn a_change_of_any_image_or_mask_changes_the_fingerprint_and_the_spec_does_not() {
    let dir = small();
    let fingerprint = |set: &FolderMasksSpec| set.checked(dir.path()).unwrap().origin.fingerprint;
    let first = fingerprint(&set());
    let other = FolderMasksSpec { size: None, resize: Some([2, 2]), ignore: vec![0, 1, 255], ..set() };
    assert_eq!(fingerprint(&other), first);
    write(&dir, "scenes/images/test/1.png", &image(33, [4, 6]));
    let second = fingerprint(&set());
    write(&dir, "scenes/masks/test/1.png", &mask(&[7; 24], [4, 6]));
    let third = fingerprint(&set());
    assert!(first != second && second != third && first != third);
}

/// `pt4al data verify` has no spec.
#[test]
fn without_a_spec_any_values_and_sizes_pass_and_damage_does_not() {
    let dir = small();
    let root = dir.path().join("scenes");
    assert!(has_both(&root) && !has_both(dir.path()));
    write(&dir, "scenes/images/train/w.png", &image(0, [2, 2]));
    write(&dir, "scenes/masks/train/w.png", &mask(&[99; 4], [2, 2]));
    assert_eq!(verify(&root).unwrap().pool, 4);
    write(&dir, "scenes/masks/train/w.png", &mask(&[99; 4], [2, 2])[..40]);
    assert!(verify(&root).unwrap_err().to_string().contains("w.png"));
}

/// CamVid in Cityscapes' layout, and the same files as own images and masks, give the same bytes. One record in 20 is compared.
#[cfg(unix)]
#[test]
fn camvid_has_the_same_records_in_either_layout() {
    let Some(dir) = crate::index::tests::real("camvid") else { return };
    let link = |from: &Path, to: PathBuf| {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(from, to).unwrap();
    };
    for (tree, to, suffix) in
        [("leftImg8bit", "images", "_leftImg8bit.png"), ("gtFine", "masks", "_gtFine_labelIds.png")]
    {
        for split in ["train", "val"] {
            let folder = dir.path().join("camvid").join(tree).join(split).canonicalize().unwrap();
            let wanted = |relative: &str| relative.ends_with(suffix);
            let files = Files::scan(&folder, &wanted, &Problems::default()).unwrap();
            for (index, relative) in files.iter().enumerate() {
                let name = relative.strip_suffix(suffix).unwrap();
                link(&files.path(index), dir.path().join(format!("own/{to}/{split}/{name}.png")));
            }
        }
    }
    let first = fs::read_dir(dir.path().join("own/images/train")).unwrap().next().unwrap().unwrap().path();
    let image = fs::read_dir(first).unwrap().next().unwrap().unwrap().path();
    let size = decode::size(&fs::read(image).unwrap()).unwrap();
    let resize = Some([size[0] / 4, size[1] / 4]);
    let (normalize, storage) = (Normalize::imagenet(), Storage::default());
    let city = CityscapesSpec { size, resize, labels: LabelFiles::LabelIds, normalize, storage };
    // All label ids from 0 to 33: those of the 19 classes in their order, and the others without a class.
    let values: [u8; 19] = [7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33];
    let ignore: Vec<u8> = (0..34).chain([255]).filter(|value| !values.contains(value)).collect();
    let classes: Vec<String> = (0..19).map(|class| class.to_string()).collect();
    let own = FolderMasksSpec {
        path: "own".into(),
        size: Some(size),
        resize,
        classes,
        values: values.into(),
        ignore,
        normalize,
        storage,
        ..set()
    };
    let look = Look::Names;
    let (city, own) = (city.read(dir.path(), &look).unwrap(), own.read(dir.path(), &look).unwrap());
    assert!(city.train.len > 100 && city.train.len == own.train.len && city.test.len == own.test.len);
    for (city, own) in [(&city.train, &own.train), (&city.test, &own.test)] {
        for index in (0..city.len).step_by(20) {
            assert_eq!(record(city, index), record(own, index), "{index}");
        }
    }
}
