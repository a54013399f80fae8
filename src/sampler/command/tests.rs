//! Commands in `sh`, which is everywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command as Process;
use std::time::Duration;

use super::super::tests::Fake;
use super::*;
use process::run;
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::Reading;

/// Prints the unlabeled images with the lowest ranks.
const FIRST_BY_RANK: &str = include_str!("../../../tests/fixtures/samplers/first-by-rank.sh");

/// A command for the properties of every sampler.
pub(in super::super) fn first_by_rank() -> CommandSpec {
    CommandSpec { format: ArrayFormat::Safetensors, ..in_shell(FIRST_BY_RANK) }
}

fn in_shell(script: &str) -> CommandSpec {
    let run = ["sh", "-c", script].map(str::to_owned).to_vec();
    CommandSpec { name: "mine".into(), run, ..CommandSpec::default() }
}

/// A pool of 12 images, of which 4 and 7 are labeled.
fn pool() -> Fake {
    Fake::new((0..12).map(|i| f64::from(i) / 16.0).collect(), vec![7, 4], 2)
}

fn query(command: CommandSpec, folder: &Path) -> Result<Vec<usize>> {
    let sampler = Command { command, files: folder.join("query") };
    sampler.query(&pool(), 3, &mut seed::stream(0, Purpose::Query, &[1]))
}

/// The message for a script whose query fails. What it was asked stays in the folder.
fn fault(script: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let message = query(in_shell(script), dir.path()).unwrap_err().to_string();
    assert!(dir.path().join("query/request.json").exists() && dir.path().join("query/arrays.npz").exists());
    assert!(message.starts_with("the sampler mine, query of round 1: ") && !message.contains('\n'), "{message}");
    message
}

#[test]
fn a_command_gets_the_query_and_answers_with_indices() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(query(first_by_rank(), dir.path()).unwrap(), [11, 10, 9]);
    assert!(!dir.path().join("query").exists(), "files of a query that succeeded are removed");
    // A second copy of what it gets on standard input.
    let copy = dir.path().join("copy.json");
    let script = format!("cat > '{}'; echo '{{\"indices\": [0, 11, 5]}}'", copy.display());
    assert_eq!(query(in_shell(&script), dir.path()).unwrap(), [0, 11, 5]);
    let request: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&copy).unwrap()).unwrap();
    let expected = serde_json::json!({
        "protocol": 1, "sampler": "mine", "seed": 5, "round": 1, "n": 3, "classes": 3, "format": "npz",
        "random_seed": seed::stream(0, Purpose::Query, &[1]).next_u32(),
        "arrays": dir.path().join("query/arrays.npz"), "folder": dir.path().join("query"),
        "ids": {
            "unlabeled": ["0/0.png", "1/1.png", "2/2.png", "0/3.png", "2/5.png", "0/6.png", "2/8.png", "0/9.png", "1/10.png", "2/11.png"],
            "labeled": ["1/7.png", "1/4.png"],
        },
    });
    assert_eq!(request, expected);
}

/// The values of each array by its name, with its shape.
fn contents(arrays: &arrays::Arrays) -> BTreeMap<&str, (Vec<i64>, Vec<f64>)> {
    let values = |tensor: &tch::Tensor| Vec::try_from(tensor.to_kind(tch::Kind::Double).flatten(0, -1)).unwrap();
    arrays.iter().map(|(name, tensor)| (*name, (tensor.size(), values(tensor)))).collect()
}

/// Class labels are there of the labeled images alone.
#[test]
fn arrays_hold_what_the_command_reads_and_no_label_of_an_unlabeled_image() {
    let pool = pool();
    let reading = |reads: &[Reading]| CommandSpec { reads: reads.to_vec(), ..in_shell("") };
    let arrays = arrays::of(&pool, &reading(&[])).unwrap();
    let plain = contents(&arrays);
    assert_eq!(plain.keys().copied().collect::<Vec<_>>(), ["labeled", "labels", "tie_rank", "unlabeled"]);
    assert_eq!(plain["labeled"], (vec![2], vec![7.0, 4.0]));
    assert_eq!(plain["labels"], (vec![2], vec![1.0, 1.0]));
    assert_eq!(plain["unlabeled"].1, [0.0, 1.0, 2.0, 3.0, 5.0, 6.0, 8.0, 9.0, 10.0, 11.0]);
    assert_eq!(plain["tie_rank"].1[..2], [12.0, 11.0]);
    let all = [Reading::Logits, Reading::Features, Reading::PretextLosses, Reading::PretextFeatures];
    let arrays = arrays::of(&pool, &reading(&all)).unwrap();
    let every = contents(&arrays);
    assert_eq!((every.len(), &every["logits"].0), (10, &vec![10, 3]));
    assert_eq!(every["logits"].1[3..6], [1.0 / 16.0, 0.0, 1.0]);
    for name in ["features_labeled", "pretext_features_labeled"] {
        assert_eq!(every[name], (vec![2, 2], vec![7.0, 0.0, 4.0, 2.0]), "{name}");
    }
    for name in ["features_unlabeled", "pretext_features_unlabeled"] {
        assert_eq!((&every[name].0, every[name].1[18]), (&vec![10, 2], 11.0), "{name}");
    }
    assert_eq!(every["pretext_losses"].1[9], 5.5);
    // Features alone are the same as beside logits.
    let arrays = arrays::of(&pool, &reading(&[Reading::Features])).unwrap();
    assert_eq!(contents(&arrays)["features_unlabeled"], every["features_unlabeled"]);
}

#[test]
fn both_formats_hold_the_same_arrays() {
    let dir = tempfile::tempdir().unwrap();
    let arrays = arrays::of(&pool(), &in_shell("")).unwrap();
    let read = |format: ArrayFormat| {
        let path = dir.path().join(format.ending());
        arrays::write(&path, format, &arrays).unwrap();
        let read = match format {
            ArrayFormat::Npz => tch::Tensor::read_npz(&path),
            ArrayFormat::Safetensors => tch::Tensor::read_safetensors(&path),
        };
        let read = read.unwrap();
        assert_eq!(read.len(), arrays.len());
        for (name, tensor) in &arrays {
            let found = &read.iter().find(|other| other.0 == *name).unwrap().1;
            assert!(found.equal(tensor) && found.kind() == tensor.kind(), "{name}");
        }
    };
    read(ArrayFormat::Npz);
    read(ArrayFormat::Safetensors);
    let missing = dir.path().join("missing/arrays.npz");
    let message = arrays::write(&missing, ArrayFormat::Npz, &arrays).unwrap_err().to_string();
    assert!(
        message.contains("missing/arrays.npz: the arrays cannot be written") && !message.contains('\n'),
        "{message}"
    );
}

#[test]
fn a_command_that_fails_is_explained_by_its_last_line() {
    for (script, part) in [
        (
            "echo one >&2; echo 'ValueError: two' >&2; echo >&2; exit 3",
            "exit code 3; its last line on standard error: ValueError: two;",
        ),
        ("exit 1", "exit code 1; it wrote nothing on standard error; correct it, then run the same command again"),
        ("kill -9 $$", "was killed by signal 9 (by hand, or for lack of memory)"),
        ("echo hello; echo '{\"indices\": [1, 2, 3]}'", "printed \"hello\" on standard output beside the answer"),
        ("echo '{\"indices\": [1, 2, 4]}'", "it chose image 4, which is labeled or not in the pool"),
        ("yes", "printed more than 64 KiB on standard output and was stopped"),
    ] {
        let message = fault(script);
        assert!(message.contains(part), "{script}: {message}");
    }
    let dir = tempfile::tempdir().unwrap();
    let missing = CommandSpec { run: vec!["no-such-program-anywhere".into()], ..in_shell("") };
    let message = query(missing, dir.path()).unwrap_err().to_string();
    assert!(message.contains("no-such-program-anywhere cannot be started"), "{message}");
}

#[test]
fn a_file_that_changed_since_the_run_began_stops_the_query() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mine.sh");
    std::fs::write(&path, "echo '{\"indices\": [1, 2, 3]}'").unwrap();
    let wrong = CommandSpec { files: vec![path], sha256: "0".repeat(64), ..in_shell("") };
    let message = query(wrong, dir.path()).unwrap_err().to_string();
    assert!(message.contains("mine.sh changed since the run began; restore the file"), "{message}");
}

const LIMITS: Limits = Limits { time: Duration::from_secs(60), printed: 1000 };

fn shell(script: &str) -> Process {
    let mut process = Process::new("sh");
    process.args(["-c", script]);
    process
}

/// A pipe holds 64 KiB, so the input of a megabyte cannot be written to a command that does not read it.
#[test]
fn a_command_need_not_read_its_input() {
    let input = vec![b' '; 1 << 20];
    for script in ["exec <&-; echo done", "echo done"] {
        assert_eq!(run(shell(script), input.clone(), LIMITS).unwrap().printed, b"done\n", "{script}");
    }
    let counted = run(shell("wc -c"), input, LIMITS).unwrap().printed;
    assert_eq!(String::from_utf8_lossy(&counted).trim(), "1048576");
}

/// Whether a process is there and has not ended.
#[cfg(target_os = "linux")]
fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// Waits until a process has ended; panics after a minute.
#[cfg(target_os = "linux")]
fn wait_for_the_end_of(pid: &str) {
    let ended = (0..6000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !runs(pid)
    });
    assert!(ended, "{pid} still runs");
}

#[cfg(target_os = "linux")]
#[test]
fn processes_that_a_command_leaves_behind_are_stopped_and_not_waited_for() {
    let output = run(shell("sleep 3600 & echo $!"), Vec::new(), LIMITS).unwrap();
    wait_for_the_end_of(&String::from_utf8(output.printed).unwrap());
    // This one leaves the group and keeps the output open.
    let output = run(shell("setsid sleep 3600 & echo $!"), Vec::new(), LIMITS).unwrap();
    let pid = String::from_utf8(output.printed).unwrap();
    let _ = Process::new("kill").arg(pid.trim()).status();
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_takes_too_long_is_stopped_with_the_processes_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = format!("sleep 3600 & echo $! > '{}'; wait", file.display());
    let slow = CommandSpec { time_limit: "1s".into(), ..in_shell(&script) };
    let message = query(slow, dir.path()).unwrap_err().to_string();
    assert!(message.contains("took longer than 1s and was stopped; raise its `time-limit`"), "{message}");
    wait_for_the_end_of(&std::fs::read_to_string(file).unwrap());
}
