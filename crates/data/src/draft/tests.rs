use std::fs;

use super::*;
use crate::index::tests::put;
use pt4al_results::spec::{DatasetSpec, Input, Spec};

/// A PNG of one grey.
fn picture([height, width]: [u32; 2], channels: png::ColorType, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(channels);
    let samples = if channels == png::ColorType::Rgb { 3 } else { 1 };
    let pixels: Vec<u8> = (0..(height * width * samples) as usize).map(|at| values[at % values.len()]).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn photo(side: u32, grey: usize) -> Vec<u8> {
    picture([side, side + 20], png::ColorType::Rgb, &[grey as u8])
}

/// The spec that was drafted, loaded with a profile, after all of its files were checked.
fn loaded(draft: &Draft, data: Option<&Path>, profile: Option<&str>) -> Spec {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mine.toml");
    fs::write(&path, &draft.text).unwrap();
    let spec = spec::load(&Source { path, profile: profile.map(str::to_owned), ..Source::default() });
    let spec = spec.unwrap_or_else(|e| panic!("{e}: {}", draft.text));
    let read = crate::validate(&spec, data.unwrap_or(Path::new("/nowhere"))).unwrap();
    spec.check_pool(read.pool.len(), read.splits.test.len).unwrap();
    spec
}

fn drafted(data: &Path) -> Draft {
    draft("mine", Some(data), None, None).unwrap()
}

fn error(data: &Path) -> String {
    let error = format!("{:#}", draft("mine", Some(data), None, None).unwrap_err());
    assert!(!error.contains('\n'), "{error}");
    error
}

fn rounds(spec: &Spec) -> [usize; 3] {
    [spec.rounds.count, spec.rounds.initial, spec.rounds.query]
}

#[test]
fn without_a_folder_the_spec_is_of_generated_images() {
    let draft = draft("a \"name\"", None, None, Some("./pt4al.schema.json")).unwrap();
    assert!(draft.text.starts_with("#:schema ./pt4al.schema.json\n"), "{}", draft.text);
    let spec = loaded(&draft, None, None);
    assert_eq!((spec.dataset.name(), rounds(&spec), spec.title.as_str()), ("shapes", [5, 50, 50], "a \"name\""));
    assert!(!draft.has_smaller && !draft.text.contains("[profile"), "{}", draft.text);
}

#[test]
fn folders_of_classes_get_sizes_and_rounds_that_fit_them() {
    let dir = tempfile::tempdir().unwrap();
    // Other sizes make other bytes: an image may not be in both splits.
    for (class, count, side) in [("cat", 100, 100), ("dog", 150, 101)] {
        for i in 0..count {
            put(&dir.path().join(format!("{class}/{i}.png")), &photo(side, i));
        }
    }
    let draft = drafted(dir.path());
    assert_eq!((draft.found.pool, draft.found.test, draft.found.classes), (200, 50, 2));
    let spec = loaded(&draft, Some(dir.path()), None);
    let DatasetSpec::Folder(set) = &spec.dataset else { panic!("{}", draft.text) };
    assert_eq!((set.input, set.test, set.path.as_str()), (Input { resize: 128, crop: 128 }, Some(0.2), "."));
    // 2 % of the pool are 4 images, which is two of each class.
    assert_eq!(rounds(&spec), [10, 4, 4]);
    let small = loaded(&draft, Some(dir.path()), Some("cpu"));
    let DatasetSpec::Folder(set) = &small.dataset else { panic!("{}", draft.text) };
    assert_eq!((set.input, set.pool, small.model.network().unwrap().width), (Input { resize: 64, crop: 64 }, None, 8));

    // The same classes in train/, without a test split, and then with one.
    let other = tempfile::tempdir().unwrap();
    fs::rename(dir.path(), other.path().join("train")).unwrap();
    let spec = loaded(&drafted(other.path()), Some(other.path()), None);
    let DatasetSpec::Folder(set) = &spec.dataset else { panic!() };
    assert_eq!((set.path.as_str(), set.test), ("train", Some(0.2)));
    for class in ["cat", "dog"] {
        put(&other.path().join(format!("test/{class}/a.png")), &photo(102, usize::from(class.as_bytes()[0])));
        put(&other.path().join(format!("test/{class}/b.png")), &photo(103, usize::from(class.as_bytes()[0])));
    }
    let draft = drafted(other.path());
    let spec = loaded(&draft, Some(other.path()), None);
    let DatasetSpec::Folder(set) = &spec.dataset else { panic!() };
    assert_eq!((set.path.as_str(), set.test, draft.found.pool, draft.found.test), (".", None, 250, 4));
}

#[test]
fn the_side_follows_the_images_and_few_images_get_few_rounds() {
    for (side, expected) in [(20, 32), (32, 32), (64, 64), (90, 128), (300, 224)] {
        let dir = tempfile::tempdir().unwrap();
        for i in 0..20 {
            put(&dir.path().join(format!("{}/{i}.png", i % 4)), &photo(side, i));
        }
        let draft = drafted(dir.path());
        let spec = loaded(&draft, Some(dir.path()), None);
        let DatasetSpec::Folder(set) = &spec.dataset else { panic!() };
        assert_eq!(set.input.crop, expected, "{side}");
        // 16 images to train on: two of each of the 4 classes are half of them.
        assert_eq!(rounds(&spec), [2, 8, 8]);
        loaded(&draft, Some(dir.path()), Some("cpu"));
    }
}

#[test]
fn masks_give_classes_and_size() {
    let dir = tempfile::tempdir().unwrap();
    for (split, count) in [("train", 12), ("val", 4)] {
        for i in 0..count {
            let grey = [i as u8 + if split == "val" { 100 } else { 0 }];
            put(&dir.path().join(format!("images/{split}/{i}.png")), &picture([60, 80], png::ColorType::Rgb, &grey));
            let mask = picture([60, 80], png::ColorType::Grayscale, &[0, 3, 7, 255]);
            put(&dir.path().join(format!("masks/{split}/{i}.png")), &mask);
        }
    }
    let draft = drafted(dir.path());
    let spec = loaded(&draft, Some(dir.path()), None);
    let DatasetSpec::FolderMasks(set) = &spec.dataset else { panic!("{}", draft.text) };
    assert_eq!((set.classes.join(" ").as_str(), set.values.as_slice()), ("class-0 class-3 class-7", &[0, 3, 7][..]));
    assert_eq!((set.resize, rounds(&spec)), (Some([56, 80]), [6, 2, 2]));
    loaded(&draft, Some(dir.path()), Some("cpu"));

    for i in 0..12 {
        put(&dir.path().join(format!("masks/train/{i}.png")), &picture([60, 80], png::ColorType::Grayscale, &[0]));
    }
    for i in 0..4 {
        put(&dir.path().join(format!("masks/val/{i}.png")), &picture([60, 80], png::ColorType::Grayscale, &[0, 255]));
    }
    assert!(error(dir.path()).contains("fewer than two values besides 255"), "{}", error(dir.path()));
}

#[test]
fn published_data_sets_are_known_by_their_files() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..300 {
        let class = ["n01440764", "n02119789", "n02100735"][i % 3];
        put(&dir.path().join(format!("imagenet/train/{class}/{class}_{i}.JPEG")), &photo(30, i));
    }
    for i in 0..9 {
        let class = ["n01440764", "n02119789", "n02100735"][i % 3];
        put(
            &dir.path().join(format!("imagenet/val/{class}/{i}.JPEG")),
            &picture([9, 9], png::ColorType::Rgb, &[i as u8]),
        );
    }
    let spec = loaded(&drafted(dir.path()), Some(dir.path()), None);
    assert_eq!((spec.dataset.name(), rounds(&spec)), ("imagenet", [10, 6, 6]));

    let folder = dir.path().join("101_ObjectCategories");
    for (i, class) in crate::caltech101::CLASSES.iter().enumerate() {
        for image in 1..=5 {
            put(&folder.join(class).join(format!("image_000{image}.jpg")), &photo(8, i + image));
        }
    }
    let several = error(dir.path());
    assert!(several.contains("has several data sets (caltech101, imagenet); choose one with --dataset"), "{several}");
    let caltech = draft("mine", Some(dir.path()), Some("caltech101"), None).unwrap();
    assert_eq!((caltech.found.dataset.name(), caltech.found.pool), ("caltech101", 404));
    let unknown = draft("mine", Some(dir.path()), Some("caltech"), None).unwrap_err().to_string();
    assert!(unknown.contains("--dataset caltech: no such data set; known: cifar10, "), "{unknown}");
}

#[test]
fn a_folder_without_a_data_set_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    assert!(error(dir.path()).contains("no data set in it that pt4al can read"), "{}", error(dir.path()));
    put(&dir.path().join("photos/1.png"), &photo(30, 1));
    assert!(error(dir.path()).contains("no data set in it"), "one class is none");
    let gone = dir.path().join("gone");
    assert!(error(&gone).contains("gone: no such folder; name the folder of the images with --data"));
    let files = draft("mine", None, Some("cifar10"), None).unwrap_err().to_string();
    assert!(files.contains("--dataset cifar10 has files: name the folder"), "{files}");
    fs::create_dir_all(dir.path().join("cityscapes/leftImg8bit/train")).unwrap();
    fs::create_dir_all(dir.path().join("cityscapes/gtFine/train")).unwrap();
    assert!(error(dir.path()).contains("copy experiments/cityscapes.toml"), "{}", error(dir.path()));
}

/// The numbers of all pools and classes that a person may have.
#[test]
fn rounds_fit_any_pool() {
    for pool in (4..50).chain([199, 1_000, 50_000, 1_281_167]) {
        for classes in [2, 3, 10, 101, 1_000] {
            let normalize = pt4al_results::spec::Normalize::imagenet();
            let dataset = DatasetSpec::Folder(pt4al_results::spec::FolderSpec {
                path: ".".into(),
                input: Input { resize: 64, crop: 64 },
                test: None,
                split_seed: None,
                labels: None,
                classes: None,
                orientation: Default::default(),
                pool: None,
                pool_seed: 0,
                normalize,
                storage: Default::default(),
            });
            let found = Found { dataset, pool, test: 10, classes };
            let text = text::write("mine", &found, None);
            check("mine", &text, &found, true).unwrap_or_else(|e| panic!("{pool} of {classes}: {e:#}\n{text}"));
        }
    }
}
