use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;

fn write(root: &Path, files: &[(&str, &str)]) {
    files.iter().for_each(|(path, content)| put(&root.join(path), content.as_bytes()));
}

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    dir
}

/// The bytes of a PNG of 6x5 pixels of one grey.
pub(crate) fn picture(grey: u8) -> Vec<u8> {
    commented(grey, None)
}

/// The bytes of the same PNG with a comment: other bytes with equal pixels.
pub(crate) fn commented(grey: u8, comment: Option<&str>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 6, 5);
    encoder.set_color(png::ColorType::Rgb);
    comment.into_iter().for_each(|text| encoder.add_text_chunk("Comment".into(), text.into()).unwrap());
    encoder.write_header().unwrap().write_image_data(&[grey; 6 * 5 * 3]).unwrap();
    bytes
}

/// Writes a file, and creates its folders.
pub(crate) fn put(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// All files, and the list of problems; empty for none.
fn scan(root: &Path) -> (Files, String) {
    let problems = Problems::default();
    let files = Files::scan(root, &|_| true, &problems).unwrap();
    (files, list(problems))
}

fn list(problems: Problems) -> String {
    problems.into_result("the set", "correct them").err().map_or_else(String::new, |e| e.to_string())
}

/// Checks that files hold "good". Returns the result, the list of problems, and the number of files that were read.
fn verified(root: &Path, cache: &Path) -> (Verified, String, usize) {
    let looked = AtomicUsize::new(0);
    let problems = Problems::default();
    let check = |_: usize, bytes: &[u8]| {
        looked.fetch_add(1, Ordering::Relaxed);
        if bytes.starts_with(b"good") { Ok(bytes.len() as Mark) } else { Err("not an image".to_owned()) }
    };
    let files = Files::scan(root, &|_| true, &problems).unwrap();
    let found = verify(&files, "photos", &check, cache, &problems).unwrap();
    (found, list(problems), looked.into_inner())
}

fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[test]
fn files_are_sorted_by_path_across_folders() {
    let dir = tree(&[
        ("a/2.jpg", "22"),
        ("a-b/1.jpg", "1"),
        ("a/10.jpg", ""),
        ("z.jpg", "333"),
        ("a/.x", ""),
        ("a/Thumbs.db", ""),
    ]);
    let (files, problems) = scan(dir.path());
    let bytes: Vec<u64> = (0..files.len()).map(|i| files.bytes(i)).collect();
    assert_eq!(files.iter().collect::<Vec<_>>(), ["a-b/1.jpg", "a/10.jpg", "a/2.jpg", "z.jpg"]);
    assert_eq!((bytes, problems.as_str()), (vec![1, 0, 2, 3], ""));
    assert_eq!(files.path(2), dir.path().join("a/2.jpg"));

    let wanted = Files::scan(dir.path(), &|path| path.starts_with("a/"), &Problems::default()).unwrap();
    assert_eq!(wanted.iter().collect::<Vec<_>>(), ["a/10.jpg", "a/2.jpg"]);
    let missing = Files::scan(&dir.path().join("b"), &|_| true, &Problems::default()).unwrap_err();
    assert!(missing.to_string().ends_with("b: no such folder"), "{missing}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_file_is_found_once_and_in_order(
        paths in prop::collection::btree_set("[ab]/[a-c-]{1,3}/[a-z]{1,2}[.]jpg", 0..200),
    ) {
        let dir = tempfile::tempdir().unwrap();
        paths.iter().for_each(|path| write(dir.path(), &[(path, "good")]));
        let (files, problems) = scan(dir.path());
        prop_assert_eq!(problems, "");
        // Strings are ordered by their bytes, and so is the set.
        prop_assert!(files.iter().eq(paths.iter()));
    }
}

#[cfg(unix)]
#[test]
fn unusable_entries_are_problems_and_links_are_followed() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    let dir = tree(&[("a/1.jpg", "1"), ("b/folder.JPG/1.jpg", "1"), ("elsewhere", "12")]);
    let root = dir.path();
    let outside = tree(&[("linked.jpg", "1")]);
    symlink(outside.path(), root.join("c")).unwrap();
    symlink(root, root.join("b/back")).unwrap();
    symlink("self", root.join("a/self")).unwrap();
    symlink(root.join("gone"), root.join("a/broken.jpg")).unwrap();
    symlink(root.join("elsewhere"), root.join("a/link.jpg")).unwrap();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"a/\xff.jpg")), "1").unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("a/socket")).unwrap();

    let (files, problems) = scan(root);
    assert_eq!(files.iter().collect::<Vec<_>>(), ["a/1.jpg", "a/link.jpg", "c/linked.jpg", "elsewhere"]);
    assert_eq!(files.bytes(1), 2, "of what the link leads to");
    for expected in [
        "6 problems with the files of the set; correct them:",
        "a/broken.jpg: a symbolic link that leads nowhere",
        "a/self: a symbolic link that leads nowhere",
        "a/socket: neither a file nor a folder",
        ".jpg: its name is not UTF-8",
        "b/folder.JPG: a folder with the name of an image",
        &format!("b/back: the same folder as {} (a symbolic link", root.display()),
    ] {
        assert!(problems.contains(expected), "{expected}: {problems}");
    }
}

/// Links between many folders make more paths than can be walked.
#[cfg(unix)]
#[test]
fn the_walk_ends_if_many_links_lead_back() {
    let dir = tempfile::tempdir().unwrap();
    for from in 0..12 {
        fs::create_dir(dir.path().join(from.to_string())).unwrap();
        for to in 0..12 {
            std::os::unix::fs::symlink(format!("../{to}"), dir.path().join(format!("{from}/{to}"))).unwrap();
        }
    }
    let (files, problems) = scan(dir.path());
    assert!(files.is_empty() && problems.starts_with("144 problems"), "{problems}");
}

#[test]
fn the_walk_ends_if_folders_are_nested_too_deeply() {
    let dir = tree(&[(&("a/".repeat(40) + "1.jpg"), "1")]);
    let (files, problems) = scan(dir.path());
    assert!(files.is_empty() && problems.contains("more than 16 folders inside each other"), "{problems}");
}

#[cfg(unix)]
#[test]
fn an_unreadable_folder_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tree(&[("a/1.jpg", "1"), ("b/1.jpg", "1")]);
    let locked = dir.path().join("a");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).unwrap();
    let forbidden = fs::read_dir(&locked).is_err();
    let (files, problems) = scan(dir.path());
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();
    // The superuser can read every folder, so there is nothing to test.
    let expected = if forbidden { "a: the folder cannot be listed" } else { "" };
    assert!(problems.contains(expected) && files.len() == 2 - usize::from(forbidden), "{problems}");
}

#[test]
fn all_bad_files_are_listed_and_only_good_ones_are_remembered() {
    let dir = tree(&[("a.jpg", "good a"), ("b.jpg", "good b"), ("c.jpg", "text"), ("d.jpg", "")]);
    let cache = tempfile::tempdir().unwrap();
    let (first, problems, looked) = verified(dir.path(), cache.path());
    assert_eq!((first.read, first.bytes, looked), (4, 16, 3), "nothing to look into in an empty file");
    assert!(problems.contains("c.jpg: not an image\n") && problems.ends_with("d.jpg: empty (0 bytes)"), "{problems}");

    let (second, again, looked) = verified(dir.path(), cache.path());
    assert_eq!((second.read, looked, again), (2, 1, problems));
    let marks: Vec<Option<Mark>> = second.found.iter().map(|found| found.map(|found| found.mark)).collect();
    assert_eq!(marks, [Some(6), Some(6), None, None], "as the check gave them when it looked");
    assert_eq!(second.found, first.found);

    write(dir.path(), &[("c.jpg", "good c"), ("d.jpg", "good d")]);
    let (third, problems, looked) = verified(dir.path(), cache.path());
    assert_eq!((third.read, looked, problems.as_str()), (2, 2, ""));
    let (fourth, _, looked) = verified(dir.path(), cache.path());
    assert_eq!((fourth.read, looked), (0, 0));
    assert_eq!(fourth.fingerprint, third.fingerprint);
    let elsewhere = tree(&[("a.jpg", "good a"), ("b.jpg", "good b"), ("c.jpg", "good c"), ("d.jpg", "good d")]);
    let other_folder = verified(elsewhere.path(), cache.path());
    assert_eq!((other_folder.0.fingerprint, other_folder.2), (third.fingerprint, 4));
}

#[test]
fn a_changed_file_is_checked_again() {
    let dir = tree(&[("a.jpg", "good a"), ("b.jpg", "good b")]);
    let cache = tempfile::tempdir().unwrap();
    let (first, ..) = verified(dir.path(), cache.path());
    let path = dir.path().join("a.jpg");
    let old = fs::metadata(&path).unwrap().modified().unwrap();

    // The same length, changed a nanosecond later.
    fs::write(&path, "spoilt").unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(old + std::time::Duration::from_nanos(1)).unwrap();
    let (_, problems, looked) = verified(dir.path(), cache.path());
    assert!(looked == 1 && problems.contains("a.jpg: not an image"), "{problems}");

    // The same length, and the time that programs can set is set back.
    fs::write(&path, "stupid").unwrap();
    file.set_modified(old).unwrap();
    let (_, problems, looked) = verified(dir.path(), cache.path());
    assert!(looked == 1 && problems.contains("a.jpg: not an image"), "{problems}");

    // Another length.
    fs::write(&path, "good, but longer").unwrap();
    file.set_modified(old).unwrap();
    let (changed, problems, looked) = verified(dir.path(), cache.path());
    assert_eq!((looked, problems.as_str()), (1, ""));
    assert_ne!(changed.fingerprint, first.fingerprint);

    // The same content under another path.
    fs::rename(&path, dir.path().join("c.jpg")).unwrap();
    let (moved, _, looked) = verified(dir.path(), cache.path());
    assert_eq!(looked, 1);
    assert_ne!(moved.fingerprint, changed.fingerprint);
}

/// For instance a backup adds a link, or the owner changes.
#[test]
fn a_new_link_to_a_file_leaves_it_readable_and_a_new_content_does_not() {
    let dir = tree(&[("a.jpg", "good a")]);
    let (files, _) = scan(dir.path());
    fs::hard_link(dir.path().join("a.jpg"), dir.path().join("b.jpg")).unwrap();
    assert_eq!(files.read(0).unwrap(), b"good a");
    let old = fs::metadata(dir.path().join("a.jpg")).unwrap().modified().unwrap();
    write(dir.path(), &[("a.jpg", "evil a")]);
    let file = fs::File::options().write(true).open(dir.path().join("a.jpg")).unwrap();
    file.set_modified(old + std::time::Duration::from_nanos(1)).unwrap();
    assert!(files.read(0).unwrap_err().contains("changed after it was found"));
}

#[test]
fn a_damaged_cache_is_written_again() {
    let dir = tree(&[("a.jpg", "good a"), ("b.jpg", "good b")]);
    let cache = tempfile::tempdir().unwrap();
    let (first, ..) = verified(dir.path(), cache.path());
    let path = only_file(cache.path());
    let whole = fs::read(&path).unwrap();
    let longer = [whole.as_slice(), b"x"].concat();
    let flipped = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x80;
        bytes
    };
    let cuts = (0..whole.len()).step_by(31).map(|length| whole[..length].to_vec());
    let flips = (0..whole.len()).step_by(13).map(flipped);
    for damaged in cuts.chain(flips).chain([longer]) {
        fs::write(&path, &damaged).unwrap();
        let (found, problems, looked) = verified(dir.path(), cache.path());
        assert_eq!((looked, problems.as_str(), &found.fingerprint), (2, "", &first.fingerprint));
        assert!(fs::read(&path).unwrap() == whole);
    }
}

#[test]
fn without_a_cache_all_files_are_checked_each_time() {
    let dir = tree(&[("a.jpg", "good a")]);
    let elsewhere = tree(&[("cache", "a file where the folder should be")]);
    for _ in 0..2 {
        let (found, problems, looked) = verified(dir.path(), &elsewhere.path().join("cache"));
        assert_eq!((found.read, looked, problems.as_str()), (1, 1, ""));
    }
}

#[test]
fn a_file_that_goes_or_grows_before_it_is_read_is_a_problem() {
    let dir = tree(&[("a.jpg", "good a"), ("b.jpg", "good b")]);
    let cache = tempfile::tempdir().unwrap();
    let problems = Problems::default();
    let files = Files::scan(dir.path(), &|_| true, &problems).unwrap();
    write(dir.path(), &[("a.jpg", "good, but longer")]);
    fs::remove_file(dir.path().join("b.jpg")).unwrap();
    verify(&files, "photos", &|_, _| Ok(0), cache.path(), &problems).unwrap();
    let problems = list(problems);
    assert!(problems.contains("a.jpg: changed after it was found (from 6 to 16 bytes)"), "{problems}");
    assert!(problems.contains("b.jpg: cannot be read"), "{problems}");
}

#[test]
fn image_files_are_recognised_by_their_names() {
    assert!(["a.jpg", "a.JPEG", "b.c.Png"].into_iter().all(named_like_an_image));
    assert!(["jpg", "a.jpg.txt", "a.gif", "jpg/a", ""].into_iter().all(|name| !named_like_an_image(name)));
}

/// A data folder with a link to a real data set in the folder `PT4AL_TEST_DATA`, so that nothing is written there; `None`
/// if the variable is not set.
#[cfg(unix)]
pub(crate) fn real(name: &str) -> Option<tempfile::TempDir> {
    use std::io::Write;
    let skip = |why: String| {
        // Written directly, because the test harness would hide the output of `eprintln`.
        let _ = writeln!(std::io::stderr(), "SKIPPED: {why}, so this test on {name} has not run");
    };
    let Some(data) = std::env::var_os("PT4AL_TEST_DATA").map(PathBuf::from) else {
        skip("PT4AL_TEST_DATA is not set".into());
        return None;
    };
    let Ok(folder) = data.join(name).canonicalize() else {
        skip(format!("{} is not there", data.join(name).display()));
        return None;
    };
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(folder, dir.path().join(name)).unwrap();
    Some(dir)
}
