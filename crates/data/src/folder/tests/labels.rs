//! Classes from a CSV.

use super::*;

const CSV: &str = "path,label,split\na/1.png,cat,train\na/2.png,dog,train\nb/3.png,cat,test\n./b/c/4.png,dog,test\n";

fn with_csv(csv: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    put_all(dir.path(), &["a/1.png", "a/2.png", "b/3.png", "b/c/4.png"]);
    put(&dir.path().join("labels.csv"), csv.as_bytes());
    dir
}

fn by_csv() -> FolderSpec {
    FolderSpec { labels: Some("labels.csv".into()), ..spec() }
}

fn csv_error(csv: &str) -> String {
    let dir = with_csv(csv);
    error(&by_csv(), dir.path())
}

#[test]
fn a_csv_has_the_class_and_the_split_of_each_image() {
    let dir = with_csv(CSV);
    let splits = by_csv().checked(dir.path()).unwrap();
    assert_eq!(splits.classes, ["cat", "dog"]);
    assert_eq!(labels(&splits.train), [("a/1.png".into(), 0), ("a/2.png".into(), 1)]);
    assert_eq!(labels(&splits.test), [("b/3.png".into(), 0), ("b/c/4.png".into(), 1)]);
    assert_eq!((values(&splits.train, 1), values(&splits.test, 1)), (1, 3));
    assert_eq!(verify(dir.path()).unwrap(), splits.origin);

    // Another order of lines and columns, spaces, quotes, a byte order mark and Windows' line ends say the same.
    let other = "\u{feff}split, label ,path\r\ntest,dog,b/c/4.png\r\ntest, cat,b/3.png\r\n\r\ntrain,cat,\"a/1.png\"\r\n\
                 train,dog,a/2.png\r\n";
    put(&dir.path().join("labels.csv"), other.as_bytes());
    assert_eq!(by_csv().checked(dir.path()).unwrap().origin, splits.origin);
}

#[test]
fn any_label_and_any_split_changes_the_fingerprint() {
    let fingerprint = |csv: &str| by_csv().checked(with_csv(csv).path()).unwrap().origin.fingerprint;
    let before = fingerprint(CSV);
    let swapped = CSV.replace("1.png,cat", "1.png,x").replace("2.png,dog", "2.png,cat").replace("1.png,x", "1.png,dog");
    let moved = "path,label,split\na/1.png,cat,test\na/2.png,dog,train\nb/3.png,cat,train\nb/c/4.png,dog,test\n";
    assert_eq!(fingerprint(CSV), before);
    assert_ne!(fingerprint(&swapped), before);
    assert_ne!(fingerprint(moved), before);
}

#[test]
fn without_a_column_for_it_the_split_is_drawn() {
    let csv = "path,label\na/1.png,cat\na/2.png,dog\nb/3.png,cat\nb/c/4.png,dog\n";
    let dir = with_csv(csv);
    let message = error(&by_csv(), dir.path());
    assert!(message.contains("labels.csv: no column `split`") && message.contains("`split-seed` to 0"), "{message}");
    let drawn = FolderSpec { test: Some(0.5), split_seed: Some(3), ..by_csv() };
    let splits = drawn.checked(dir.path()).unwrap();
    assert_eq!((splits.train.classes().unwrap(), splits.test.classes().unwrap()), (&[0, 1][..], &[0, 1][..]));
    verify(dir.path()).unwrap();
    put(&dir.path().join("labels.csv"), CSV.as_bytes());
    let both = error(&drawn, dir.path());
    assert!(both.contains("has a column `split`, but `dataset.folder.test` draws another"), "{both}");
    put(&dir.path().join("labels.csv"), csv.replace("a/2.png,dog", "a/2.png,elk").as_bytes());
    let single = error(&drawn, dir.path());
    assert!(single.contains("labels.csv: class \"dog\": a single image, which cannot"), "{single}");
}

#[test]
fn images_that_the_csv_does_not_list_are_left_out_and_counted() {
    let dir = with_csv(CSV);
    put_all(dir.path(), &["a/5.png", "6.webp"]);
    put(&dir.path().join("a/7.txt"), b"a text");
    let splits = by_csv().checked(dir.path()).unwrap();
    assert_eq!(splits.train.len + splits.test.len, 4);
    assert_eq!(splits.origin.note, "2 images below the folder are not in the CSV of labels, and were left out.");
}

#[test]
fn a_csv_that_cannot_be_read_is_refused_in_one_line() {
    for (csv, expected) in [
        ("path,label,split\n", "labels.csv: no images, only a header; add a line for each image"),
        ("", "no column `path` in line 1 (\"\"); the header must be path,label or path,label,split"),
        ("path;label\na/1.png;cat\n", "no column `path` in line 1 (\"path;label\")"),
        ("path,class\na/1.png,cat\n", "no column `label` in line 1"),
        ("path,label,Split\na/1.png,cat,test\n", "unknown column \"Split\" in line 1"),
        ("path,label,label\na/1.png,cat,x\n", "a column comes twice in line 1"),
        ("path,label,split\na/1.png,cat,train\na/2.png,cat,test\n", "\"cat\" is the only class"),
    ] {
        let message = csv_error(csv);
        assert!(message.contains(expected) && !message.contains('\n'), "{expected}: {message}");
    }
    let dir = with_csv("");
    put(&dir.path().join("labels.csv"), b"path,label\n\xff,x\n");
    assert!(error(&by_csv(), dir.path()).contains("labels.csv: not UTF-8 text; save it as CSV in UTF-8"));
    std::fs::remove_file(dir.path().join("labels.csv")).unwrap();
    let missing = error(&by_csv(), dir.path());
    assert!(missing.contains("labels.csv: cannot be read") && missing.contains("`dataset.folder.labels`"), "{missing}");
    let classes = Some(vec!["cat".to_owned(), "elk".into()]);
    put(&dir.path().join("labels.csv"), CSV.as_bytes());
    let others = error(&FolderSpec { classes, ..by_csv() }, dir.path());
    assert!(others.contains("labels.csv: no class \"elk\", which `dataset.folder.classes` names"), "{others}");
}

#[test]
fn all_faults_of_lines_are_listed_together() {
    let csv = format!(
        "{CSV}a/1.png,dog,train\na/9.png,cat,train\na\\2.png,cat,train\n/a/1.png,cat,train\n../x.png,cat,test\n,cat,test\n\
         a/2.png,,train\nb/3.png,cat,val\nb/3.png,cat\n"
    );
    let message = csv_error(&csv);
    assert!(message.starts_with("9 problems with the files of folder; correct or remove them"), "{message}");
    for expected in [
        "labels.csv: line 6: a/1.png is in line 2 already; remove one of them",
        "labels.csv: line 7: there is no file a/9.png below ",
        "labels.csv: line 8: there is no file a\\2.png below ",
        "; write / between names",
        "labels.csv: line 9: \"/a/1.png\" is not a path below ",
        "labels.csv: line 10: \"../x.png\" is not a path below ",
        "labels.csv: line 11: \"\" is not a path below ",
        "labels.csv: line 12: no label for a/2.png; add it, or remove the line",
        "labels.csv: line 13: \"val\" is not a split; write train or test",
        "labels.csv: line 14: 2 values, not 3; put a value with a comma into double quotes",
    ] {
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn a_class_in_one_split_alone_is_a_problem() {
    let message = csv_error(&CSV.replace("4.png,dog", "4.png,cat"));
    assert!(message.contains("labels.csv: class \"dog\": no image in the test split; add one, or"), "{message}");
    let message = csv_error(&CSV.replace("2.png,dog", "2.png,cat"));
    assert!(message.contains("labels.csv: class \"dog\": no image in the train split; add one, or"), "{message}");
}

#[test]
fn a_listed_file_that_is_no_image_is_a_problem() {
    let dir = with_csv(CSV);
    put(&dir.path().join("b/3.png"), b"GIF89a");
    let message = error(&by_csv(), dir.path());
    assert!(message.contains("b/3.png: is none of JPEG, PNG, WebP, TIFF and BMP"), "{message}");
}
