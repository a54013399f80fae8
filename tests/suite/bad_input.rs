//! Whatever is wrong, the user gets one line that says what, where, and what to do, and no result is damaged.

use std::path::Path;

use crate::damage::remove_checksums;
use crate::support::{TINY, Workplace, stderr, values};

/// Runs `arguments` and expects exit code 1 and one error that has all `parts`: a line, and possibly a list of files below it.
fn fails(place: &Workplace, arguments: &str, parts: &[&str]) {
    let output = place.pt4al(arguments);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "pt4al {arguments}: {text}");
    assert_eq!(text.lines().filter(|l| l.starts_with("error: ")).count(), 1, "pt4al {arguments}: {text}");
    let from = text.lines().skip_while(|l| !l.starts_with("error: "));
    let error: Vec<&str> =
        from.enumerate().take_while(|(i, l)| *i == 0 || l.starts_with("  ")).map(|(_, l)| l).collect();
    for part in parts {
        assert!(error.iter().any(|line| line.contains(part)), "pt4al {arguments}: {error:?} lacks {part:?}");
    }
    assert!(!text.contains("panicked"), "{text}");
}

#[test]
fn bad_specs() {
    for (find, replace, parts) in [
        ("epochs = 2", "epoch = 2", &["tiny.toml:19", "`train.epoch`", "did you mean `epochs`"] as &[&str]),
        ("epochs = 2", "epochs = \"two\"", &["tiny.toml:19", "`train.epochs`", "a whole number"]),
        ("\"entropy\"", "\"entrpy\"", &["tiny.toml:4", "entrpy", "did you mean `entropy`"]),
        ("query = 20", "query = 200", &["the budget is 420 = 20 + 2 x 200 labels", "the pool has 200", "lower"]),
        (
            "order = \"loss\"",
            "order = \"loss\"\nbatches = 999999999999",
            &["`pretext.batches` is 999999999999", "lower it"],
        ),
        ("count = 3", "count = 4611686018427387905", &["the budget is 20 + 4611686018427387904 x 20 labels", "lower"]),
        ("order = \"loss\"", "order = \"loss\"\nbatches = 20", &["a pretext batch of 10 images", "lower"]),
        (
            "task = \"rotation\"",
            "task = { jigsaw = { grid = 0, permutations = 5 } }",
            &["`pretext.task.jigsaw.grid` is 0"],
        ),
    ] {
        assert!(TINY.contains(find));
        let place = Workplace::with(&TINY.replacen(find, replace, 1));
        fails(&place, "run tiny.toml --device cpu", parts);
        assert!(!place.path("results").exists(), "{replace}: nothing may be written");
    }
    let place = Workplace::new();
    fails(&place, "run none.toml", &["none.toml", "cannot read the spec", "pt4al list"]);
    fails(&place, "run tiny.toml --profile huge", &["no profile `huge`"]);
    fails(
        &place,
        "run tiny.toml --device cpu --profile auto",
        &["auto means the profile `cpu`", "add [profile.cpu]", "--profile paper"],
    );
    fails(&place, "run tiny.toml --profile +", &["--profile has an empty name"]);
    fails(&place, "run tiny.toml --device cuda:7", &["--device cuda"]);
    fails(&place, "report nowhere", &["nowhere"]);
    fails(&place, "data fetch mnist", &["no data set `mnist`", "cifar10"]);
}

/// Sizes are checked before memory is allocated, and no training starts that cannot end.
#[test]
fn numbers_that_no_machine_holds() {
    let place = Workplace::new();
    for (sets, parts) in [
        ("dataset.shapes.pool=100000000000", &["`dataset.shapes.pool` is 100000000000", "10,000,000"] as &[&str]),
        ("dataset.shapes.test=9223372036854775807", &["`dataset.shapes.test` is 9223372036854775807"]),
        ("train.epochs=1000000000000000", &["`train.epochs` is 1000000000000000", "1,000,000"]),
        ("train.minibatch=1000000000000000", &["`train.minibatch` is 1000000000000000", "65,536"]),
        ("rounds.count=1000000000000000", &["the budget is", "lower `rounds.count`"]),
    ] {
        for verb in ["run", "plan"] {
            fails(&place, &format!("{verb} tiny.toml --device cpu --set {sets}"), parts);
        }
        assert!(!place.path("results").exists(), "{sets}: nothing may be written");
    }
}

#[cfg(unix)]
#[test]
fn a_spec_whose_name_cannot_name_results() {
    use std::os::unix::ffi::OsStrExt;
    let place = Workplace::new();
    for (name, part) in [
        (b"a\nb.toml" as &[u8], "a?b.toml: the file's name has a line break"),
        (b"a\x1b[31mb.toml", "the file's name has a line break or another control character"),
        (b"a\xffb.toml", "the file's name is not UTF-8"),
    ] {
        let name = std::ffi::OsStr::from_bytes(name);
        std::fs::write(place.path(".").join(name), TINY).unwrap();
        for verb in ["run", "plan"] {
            let output = place.command(verb).arg(name).args(["--device", "cpu"]).output().unwrap();
            let text = stderr(&output);
            assert_eq!(output.status.code(), Some(1), "{text}");
            let line = text.strip_suffix('\n').unwrap();
            assert!(line.starts_with("error: ") && line.contains(part) && line.ends_with("rename it"), "{text}");
            assert!(!line.contains(char::is_control), "{line:?}");
        }
    }
    assert!(!place.path("results").exists(), "nothing may be written");
    // `list` shows the other specs with these errors.
    let listed = place.command("list").args(["--experiments", "."]).output().unwrap();
    let text = String::from_utf8_lossy(&listed.stdout);
    assert!(text.contains("tiny  ") && text.contains("a?b.toml"), "{text}");
    assert_eq!(listed.status.code(), Some(1));
}

/// Writes files in the format of CIFAR-10, each with `records` records of the class `label`.
fn cifar(folder: &Path, records: usize, label: u8) {
    std::fs::create_dir_all(folder).unwrap();
    let names = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
    std::fs::write(folder.join("batches.meta.txt"), names.join("\n") + "\n").unwrap();
    let mut record = vec![7u8; 3073];
    record[0] = label;
    let bytes = record.repeat(records);
    for name in ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"] {
        std::fs::write(folder.join(format!("{name}.bin")), &bytes).unwrap();
    }
}

#[test]
fn bad_data() {
    let spec = TINY.replace("[dataset.shapes]\npool = 200\ntest = 60\nside = 12\nseed = 0\n", "[dataset.cifar10]\n");
    let place = Workplace::with(&spec);
    fails(
        &place,
        "run tiny.toml --device cpu --data none",
        &["none/cifar-10-batches-bin", "pt4al data fetch cifar10", "--data"],
    );
    cifar(&place.path("short/cifar-10-batches-bin"), 9_999, 3);
    fails(&place, "run tiny.toml --device cpu --data short", &[".bin", "30726927", "30730000"]);
    cifar(&place.path("foreign/cifar-10-batches-bin"), 10_000, 77);
    fails(&place, "run tiny.toml --device cpu --data foreign", &[".bin", "label", "77"]);
    std::fs::remove_dir_all(place.path("short")).unwrap();
    cifar(&place.path("short/cifar-10-batches-bin"), 10_000, 3);
    std::fs::remove_file(place.path("short/cifar-10-batches-bin/data_batch_3.bin")).unwrap();
    fails(&place, "run tiny.toml --device cpu --data short", &["data_batch_3.bin"]);
    fails(&place, "data verify cifar10 --data short", &["data_batch_3.bin"]);
    assert!(!place.path("results").exists());
}

#[test]
fn results_that_cannot_be_written() {
    let place = Workplace::new();
    std::fs::write(place.path("a-file"), "").unwrap();
    fails(&place, "run tiny.toml --device cpu --results a-file", &["a-file/tiny", "--results"]);
}

#[test]
fn a_full_disk_ends_the_run_and_damages_nothing() {
    let place = Workplace::new();
    let only = "run tiny.toml --device cpu --jobs 1 --only random-seed0";
    // A limit on the size of files simulates a full disk: the records of three rounds do not fit into 1 KiB. Its signal, which would
    // end the process without a word, is ignored by the program.
    let shell = format!("ulimit -f 1; exec {} {only}", env!("CARGO_BIN_EXE_pt4al"));
    let mut command = std::process::Command::new("bash");
    let output = command.args(["-c", &shell]).current_dir(place.dir.path()).output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let error = text.lines().rfind(|l| l.starts_with("error: ")).unwrap_or_else(|| panic!("{text}"));
    assert!(
        error.contains("cannot be written") && error.contains("raise the limit on file sizes (ulimit -f"),
        "{error}"
    );
    // With free space, the same command gives the same values as an undisturbed run.
    place.succeeds(only);
    let undisturbed = Workplace::new();
    undisturbed.succeeds(only);
    assert_eq!(values(&place.path("results/tiny")), values(&undisturbed.path("results/tiny")));
}

#[test]
fn a_diverging_training_becomes_a_row_and_the_others_continue() {
    let place = Workplace::new();
    let only = "--only seed0 --set train.optimizer.sgd.lr=1e30";
    fails(
        &place,
        &format!("run tiny.toml --device cpu {only}"),
        &["4 trials failed", "training diverged in round 0", "lower `train.optimizer.sgd.lr`"],
    );
    let rows = values(&place.path("results/tiny"));
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().all(|r| r.contains("training diverged")), "{rows:?}");
    // No round is finished, so there is nothing to report.
    assert!(!place.path("results/tiny/summary.csv").exists());
    fails(
        &place,
        "report results/tiny",
        &["records.csv: no round has finished yet, and 4 trials failed (the first: random"],
    );
}

#[test]
fn damaged_results_are_not_continued() {
    let place = Workplace::new();
    let only = "run tiny.toml --device cpu --only random-seed0";
    place.succeeds(only);
    let spec = place.path("results/tiny/spec.toml");
    let text = std::fs::read_to_string(&spec).unwrap();
    // Folders of earlier versions have no checksums; damage.rs has what is repaired with them.
    remove_checksums(&place.path("results/tiny"));
    std::fs::write(&spec, text.replace("epochs = 2", "epochs = 3")).unwrap();
    fails(&place, only, &["spec.toml", "hashes to"]);
    std::fs::write(&spec, text).unwrap();
    for name in ["records.csv", "trials/random-seed0/records.csv"] {
        std::fs::write(place.path("results/tiny").join(name), "not,records\n1,2\n").unwrap();
    }
    fails(&place, only, &["records.csv", "run again"]);
}

/// The advice must work: the same folder refuses a changed spec.
#[test]
fn if_no_round_is_finished_the_message_about_a_changed_spec_says_to_remove_the_folder() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only random-seed0 --set train.optimizer.sgd.lr";
    let output = place.pt4al(&format!("{run}=1e30"));
    assert!(stderr(&output).contains("a changed spec needs another --results"), "{}", stderr(&output));
    fails(&place, &format!("{run}=0.01"), &["no round of them is finished: remove the folder"]);
    std::fs::remove_dir_all(place.path("results/tiny")).unwrap();
    place.succeeds(&format!("{run}=0.01"));
}

#[test]
fn recorded_labels_that_are_not_in_the_pool_are_named_with_their_file() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only random-seed0";
    place.succeeds(run);
    // The state after a run was stopped in the last of three rounds.
    let folder = place.path("results/tiny");
    remove_checksums(&folder);
    for name in ["records.csv", "trials/random-seed0/records.csv"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        let kept: Vec<&str> = text.lines().filter(|line| !line.contains("random,0,2,")).collect();
        std::fs::write(folder.join(name), kept.join("\n") + "\n").unwrap();
    }
    let queries = folder.join("queries/random-seed0.csv");
    let text = std::fs::read_to_string(&queries).unwrap();
    let (first, _) = text.trim_end().rsplit_once(',').unwrap();
    std::fs::write(&queries, format!("{first},9999\n")).unwrap();
    fails(
        &place,
        run,
        &["queries/random-seed0.csv: has a query for image 9999, which is not in the pool; restore the file"],
    );
}
