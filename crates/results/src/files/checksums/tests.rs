use super::*;

fn place() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("results");
    std::fs::create_dir(&root).unwrap();
    (dir, root)
}

fn write(list: &Path, files: &[(&Path, &str)]) {
    let staged = files.iter().map(|(path, text)| Staged::new(path, text.as_bytes()).unwrap()).collect();
    commit(list, staged, &[]).unwrap();
}

fn read(path: &Path) -> Result<Vec<u8>> {
    read_checked(path, |e| anyhow!("unread: {e}"))
}

#[test]
fn a_changed_file_is_refused_wherever_its_list_is() {
    let (_dir, root) = place();
    let (queries, records) = (root.join("queries/a-seed0.csv"), root.join("trials/a-seed0/records.csv"));
    std::fs::create_dir_all(records.parent().unwrap()).unwrap();
    let losses = root.join("pretext/seed-0.csv");
    let alone = root.join("parts/whole.csv");
    write(&list_beside(&queries), &[(&queries, "q\n"), (&records, "r\n")]);
    write(&root.join(CHECKSUMS), &[(&losses, "l\n"), (&root.join("records.csv"), "m\n")]);
    write(&list_beside(&alone), &[(&alone, "p\n")]);
    for path in [&queries, &records, &losses, &root.join("records.csv"), &alone] {
        let good = read(path).unwrap();
        // One bit, as a disk or a cable may flip it.
        std::fs::write(path, [good[0] ^ 1, good[1]]).unwrap();
        let error = read(path).unwrap_err().to_string();
        assert!(error.contains(&path.display().to_string()) && error.contains("is not as pt4al wrote it"), "{error}");
        assert!(!error.contains('\n') && error.contains("pt4al verify"), "{error}");
        std::fs::write(path, &good).unwrap();
        assert_eq!(read(path).unwrap(), good);
    }
    // A file that no list names is not checked.
    let stranger = root.join("queries/b-seed0.csv");
    std::fs::write(&stranger, "s").unwrap();
    assert_eq!(read(&stranger).unwrap(), b"s");
}

#[test]
fn a_list_can_be_checked_by_sha256sum_and_names_its_own_damage() {
    let (_dir, root) = place();
    let (list, file) = (root.join(CHECKSUMS), root.join("a.csv"));
    write(&list, &[(&file, "abc")]);
    let text = std::fs::read_to_string(&list).unwrap();
    // The SHA-256 of "abc" is in FIPS 180-2.
    assert!(text.ends_with("\nba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a.csv\n"), "{text}");
    for damaged in [text.replace("a.csv", "b.csv"), text[..80].to_owned(), String::new()] {
        std::fs::write(&list, damaged).unwrap();
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains("checksums.sha256: this list of checksums is damaged"), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[test]
fn lines_of_another_form_and_names_that_occur_twice_are_refused() {
    let (_dir, root) = place();
    let (list, file) = (root.join(CHECKSUMS), root.join("a.csv"));
    write(&list, &[(&file, "abc")]);
    let text = std::fs::read_to_string(&list).unwrap();
    let (before, line) = text.split_once('\n').unwrap();
    let title = &before[..before.len() - 64];
    for (lines, why) in [
        (line.replace("  ", " "), "not of the form"),
        (line.replace("ba7816bf", ""), "not of the form"),
        (line.replace("ba7816bf", "BA7816BF"), "not of the form"),
        (format!("\n{line}"), "not of the form"),
        (line.repeat(2), "it names \"a.csv\" twice"),
        (format!("# being written: {line}# being written: {line}"), "it names \"a.csv\" twice"),
    ] {
        std::fs::write(&list, format!("{title}{}\n{lines}", sum(lines.as_bytes()))).unwrap();
        let error = read(&file).unwrap_err().to_string();
        assert!(error.contains("is damaged") && error.contains(why) && !error.contains('\n'), "{error}");
    }
    let both = format!("{line}# being written: {line}");
    std::fs::write(&list, format!("{title}{}\n{both}", sum(both.as_bytes()))).unwrap();
    assert_eq!(read(&file).unwrap(), b"abc");
}

/// Found by the fuzz target `checksums`: the list lost the carriage return, so it had one name twice.
#[cfg(unix)]
#[test]
fn a_name_that_ends_with_a_carriage_return_is_another_name() {
    let (_dir, root) = place();
    let (plain, odd) = (root.join("a.csv"), root.join("a.csv\r"));
    write(&root.join(CHECKSUMS), &[(&odd, "odd")]);
    write(&root.join(CHECKSUMS), &[(&plain, "plain")]);
    assert_eq!((read(&plain).unwrap(), read(&odd).unwrap()), (b"plain".to_vec(), b"odd".to_vec()));
}

/// A kill can come before the list names the new file, before the file is replaced, and before the list forgets the old one.
#[test]
fn a_kill_at_any_moment_leaves_a_file_that_its_list_knows() {
    let (_dir, root) = place();
    let (list, file) = (root.join(CHECKSUMS), root.join("a.csv"));
    write(&list, &[(&file, "old")]);
    let both = |now: Option<&str>, next: &str| {
        let entry = Entry { now: now.map(|now| sum(now.as_bytes())), next: Some(sum(next.as_bytes())) };
        List { entries: [("a.csv".to_owned(), entry)].into(), ..List::empty(&list) }.write().unwrap();
    };
    for there in ["old", "new"] {
        both(Some("old"), "new");
        std::fs::write(&file, there).unwrap();
        assert_eq!(read(&file).unwrap(), there.as_bytes());
        // Anything else is refused, also between the two.
        std::fs::write(&file, "odd").unwrap();
        assert!(read(&file).is_err());
        std::fs::write(&file, there).unwrap();
        // The next write settles what the killed one left.
        write(&list, &[(&root.join("b.csv"), "b")]);
        assert_eq!(read(&file).unwrap(), there.as_bytes());
        assert!(!std::fs::read_to_string(&list).unwrap().contains("being written"));
        std::fs::write(&file, if there == "old" { "new" } else { "old" }).unwrap();
        assert!(read(&file).is_err());
    }
    // A file that is written for the first time may not be there yet.
    std::fs::remove_file(&file).unwrap();
    both(None, "new");
    write(&list, &[(&root.join("b.csv"), "b")]);
    assert!(!std::fs::read_to_string(&list).unwrap().contains("a.csv"));
}

#[test]
fn readers_never_see_a_mismatch_while_another_process_writes() {
    let (_dir, root) = place();
    let (list, file) = (root.join(CHECKSUMS), root.join("a.csv"));
    write(&list, &[(&file, "0")]);
    let writer = {
        let (list, file) = (list.clone(), file.clone());
        std::thread::spawn(move || (1..200).for_each(|i| write(&list, &[(&file, &i.to_string())])))
    };
    let mut seen = std::collections::BTreeSet::new();
    while !writer.is_finished() {
        seen.insert(read(&file).unwrap());
    }
    writer.join().unwrap();
    assert_eq!(read(&file).unwrap(), b"199");
    assert!(!seen.is_empty());
}

#[test]
fn removed_files_leave_their_list_and_a_removed_folder_does_not_come_back() {
    let (_dir, root) = place();
    let (list, file) = (root.join(CHECKSUMS), root.join("pretext/a.csv"));
    write(&list, &[(&file, "a")]);
    commit(&list, Vec::new(), std::slice::from_ref(&file)).unwrap();
    assert!(!file.exists() && !is_listed(&file).unwrap());
    std::fs::remove_dir_all(&root).unwrap();
    assert!(Staged::new(&file, b"a").is_err() && Staged::in_root(&root.join("records.csv"), b"a").is_err());
    assert!(List::empty(&list).write().is_err() && !root.exists());
}
