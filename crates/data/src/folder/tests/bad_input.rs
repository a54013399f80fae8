//! Folders that are not usable.

use super::*;

#[test]
fn a_folder_in_the_wrong_layout_is_refused_in_one_line_with_the_remedy() {
    let check = |spec: &FolderSpec, paths: &[&str], expected: &str| {
        let dir = tempfile::tempdir().unwrap();
        put_all(dir.path(), paths);
        let message = error(spec, dir.path());
        assert!(message.contains(expected) && !message.contains('\n'), "{expected}: {message}");
    };
    let (own, draw) = (spec(), drawn(0.5, 0));
    let both = ["train/a/1.png", "train/b/1.png", "test/a/2.png", "test/b/2.png"];
    check(&own, &[&both[..], &["val/a/3.png"]].concat(), "has both test/ and val/; keep the one");
    check(
        &own,
        &both[..2],
        "no folder test/ or val/ beside train/; add one, or set `dataset.folder.path` to \"train\"",
    );
    check(&own, &["birds/train/a/1.png"], "but in birds/; set `dataset.folder.path` to \"birds\"");
    check(
        &own,
        &["a/1.png", "b/1.png"],
        "no folder train/ in it; if its folders are classes, set `dataset.folder.test`",
    );
    check(&own, &["x/y/1.txt"], "no folder train/ in it; put the images into train/<class>/ and test/<class>/");
    check(&own, &["train/train/a/1.png", "test/test/a/1.png"], "train/train: the only folder in ");
    check(
        &own,
        &["train/a/1.png", "test/a/1.png"],
        "train: \"a\" is the only class; a classification needs at least two",
    );
    check(&own, &["train/1.png", "test/1.png"], "train: no classes in it; put the images of each class into a folder");
    check(&draw, &both, "has train/ and test/, which are splits and not classes; remove `dataset.folder.test`");
    check(&draw, &["x/a/1.png", "x/b/1.png"], "x: the only folder in ");
    check(&draw, &["x/a/1.png", "y/a/1.png"], "x: a folder of folders, but the folder of a class must hold its images");
    let elsewhere = FolderSpec { path: "birds".into(), ..spec() };
    check(&elsewhere, &both, "birds: no such folder; name the folder of your images with `dataset.folder.path`");
    let named = |names: [&str; 2]| FolderSpec { classes: Some(names.map(str::to_owned).into()), ..spec() };
    check(&named(["a", "c"]), &both, "train: no class \"c\", which `dataset.folder.classes` names");
    let three = [&both[..], &["train/c/1.png", "test/c/1.png"]].concat();
    check(&named(["a", "b"]), &three, "train: has the class \"c\", which `dataset.folder.classes` does not name");
}

#[test]
fn all_problems_with_files_and_classes_are_listed_together() {
    let dir = tree("test");
    let root = dir.path();
    put(&root.join("train/sea lion/film.gif"), b"GIF89a");
    put(&root.join("train/sea lion/phone.heic"), b"");
    put(&root.join("train/sea lion/empty.jpg"), b"");
    put(&root.join("train/sea lion/text.jpg"), b"a text");
    put(&root.join("train/sea lion/cut.bmp"), &include_bytes!("../../../tests/fixtures/formats/colour.bmp")[..400]);
    put(&root.join("train/loose.png"), &picture(1));
    put(&root.join("train/Vögel/more/1.png"), &picture(1));
    put(&root.join("train/Vögel/more/2.png"), &picture(1));
    put(&root.join("train/only in train/1.png"), &picture(1));
    put(&root.join("test/only in test/1.png"), &picture(2));
    std::fs::create_dir(root.join("train/empty")).unwrap();
    let message = error(&spec(), root);
    assert!(
        message.starts_with("11 problems with the files of folder; correct or remove them (docs/data.md"),
        "{message}"
    );
    for expected in [
        "film.gif: not an image by its name; read are .jpg, .jpeg, .png, .webp, .tif, .tiff or .bmp",
        "phone.heic: not an image by its name; read are ",
        "empty.jpg: empty (0 bytes)",
        "text.jpg: is none of JPEG, PNG, WebP, TIFF and BMP",
        "cut.bmp: is a broken or truncated BMP (",
        "train/loose.png: not in the folder of a class; move it into one",
        "more/1.png: in a folder inside the folder of a class (1 of 2 such images); move them up, or list all",
        "test/only in test: a class that train/ does not have; add its images there, or remove the folder",
        "test/only in train: no images of this class; add some, or remove the class everywhere",
        "train/empty: no images of this class",
        "test/empty: no images of this class",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn a_class_with_one_image_cannot_be_split() {
    let dir = tempfile::tempdir().unwrap();
    put_all(dir.path(), &["a/1.png", "a/2.png", "b/1.png"]);
    let message = error(&drawn(0.5, 0), dir.path());
    assert!(message.contains("/b: a single image, which cannot be both trained on and tested; add more"), "{message}");
}

#[test]
fn own_images_are_there_if_their_layout_is_certain() {
    let dir = tempfile::tempdir().unwrap();
    let message = verify(dir.path()).unwrap_err().to_string();
    assert!(message.contains("no folder train/ with test/ or val/ beside it, and no labels.csv"), "{message}");
    put_all(dir.path(), &["cat/1.png", "dog/1.png"]);
    assert!(!KNOWN.is_present(dir.path()), "any folder has folders");
    put(&dir.path().join("labels.csv"), b"");
    assert!(KNOWN.is_present(dir.path()));
    let dir = tree("val");
    assert!(KNOWN.is_present(dir.path()));
}
