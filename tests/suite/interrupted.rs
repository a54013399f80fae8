//! If the driver or a trial is killed at any moment, the same command continues and gives the same results.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::pictures::{cityscapes, tiny_cityscapes};
use crate::support::{Workplace, epochs, queries, signal, stderr, values};

/// Long trainings, so that there is time to interrupt them.
const RUN: &str = "run tiny.toml --device cpu --jobs 2 --set train.epochs=12";

fn start(place: &Workplace) -> Child {
    place.command(RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until `done`; fails after a minute.
pub fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited a minute for {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn rows(folder: &Path) -> usize {
    std::fs::read_to_string(folder.join("records.csv")).map_or(0, |text| text.lines().count().saturating_sub(1))
}

/// The worker processes that write to `folder`.
pub fn workers(folder: &Path) -> Vec<u32> {
    let folder = folder.to_str().unwrap();
    let place = folder.rsplit_once("/results").unwrap().0;
    let worker_here = |entry: std::fs::DirEntry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        let arguments = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        let here = std::fs::read_link(entry.path().join("cwd")).ok()?;
        (arguments.contains("worker") && arguments.contains("\0trial\0") && here == Path::new(place)).then_some(pid)
    };
    std::fs::read_dir("/proc").unwrap().flatten().filter_map(worker_here).collect()
}

pub fn kill(pid: u32) {
    assert!(signal("KILL", &[pid]));
}

#[test]
fn after_kills_of_drivers_and_trials_the_values_are_the_same() {
    if !Path::new("/proc/self/cmdline").exists() {
        return crate::support::skip("no /proc here to find the worker processes in");
    }
    let whole = Workplace::new();
    whole.succeeds(RUN);
    let expected = values(&whole.path("results/tiny"));
    assert_eq!(expected.len(), 72);

    let place = Workplace::new();
    let folder = place.path("results/tiny");
    // Kills the driver at three moments; its workers end with it.
    for moment in [0, 10, 25] {
        let mut driver = start(&place);
        let begun = || folder.join("manifest.json").exists();
        wait("records", || begun() && rows(&folder) >= moment || driver.try_wait().unwrap().is_some());
        driver.kill().unwrap();
        driver.wait().unwrap();
        wait("the workers to end with their driver", || workers(&folder).is_empty());
    }
    assert!(rows(&folder) < 72);

    // Kills a trial: the others continue, its row says why it failed, and the exit code is 1.
    let driver = start(&place);
    wait("a trial", || !workers(&folder).is_empty());
    kill(workers(&folder)[0]);
    let output = driver.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let with_failure = values(&folder);
    let failed: Vec<&String> = with_failure.iter().filter(|v| v.contains("killed by signal 9")).collect();
    assert_eq!(failed.len(), 1, "{with_failure:?}");

    let output = place.succeeds(RUN);
    assert_eq!(expected, values(&folder), "{}", stderr(&output));
    assert_eq!(epochs(&whole.path("results/tiny")), epochs(&folder));
    for trial in ["random-seed0", "entropy-seed1", "core-set-seed0", "pretext-batch-seed1"] {
        assert_eq!(queries(&whole.path("results/tiny"), trial), queries(&folder, trial));
    }
    let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
    assert_eq!(manifest.matches("\"started\"").count(), 5);
}

/// A round that continues from the weights of the round before needs them; they are on disk as long as they may be needed.
#[test]
fn killed_trials_that_continue_from_weights_resume_from_them() {
    if !Path::new("/proc/self/cmdline").exists() {
        return crate::support::skip("no /proc here to find the worker processes in");
    }
    // Even longer trainings: the single trial must be killed between its first and its last round.
    let run = format!("{RUN} --set train.start=continue --set seeds=[0] --only ^random --set train.epochs=40");
    let whole = Workplace::new();
    whole.succeeds(&run);
    let expected = values(&whole.path("results/tiny"));
    assert_eq!(expected.len(), 9);

    let place = Workplace::new();
    let folder = place.path("results/tiny");
    let mut driver = place.command(&run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    // The trial's own records; the driver merges them a moment later.
    let trial = folder.join("trials/random-seed0");
    wait("a round", || rows(&trial) >= 3);
    driver.kill().unwrap();
    driver.wait().unwrap();
    wait("the workers to end with their driver", || workers(&folder).is_empty());
    let round = rows(&trial) / 3 - 1;
    assert!(round < 2, "after the last round no weights are needed");
    let weights = trial.join(format!("weights-{round}.safetensors"));

    // Without the weights the trial cannot continue, and the message says so.
    let aside = place.path("aside");
    std::fs::rename(&weights, &aside).unwrap();
    let output = place.pt4al(&run);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("the weights to continue from are gone; restore them, or run the trial anew"));
    std::fs::rename(&aside, &weights).unwrap();
    let output = place.succeeds(&run);
    assert_eq!(expected, values(&folder), "{}", stderr(&output));
}

/// Trials that read images and label maps ahead, from the cache of decoded images or from the original files.
#[test]
fn after_kills_of_drivers_that_read_label_maps_from_files_the_values_are_the_same() {
    if !Path::new("/proc/self/cmdline").exists() {
        return crate::support::skip("no /proc here to find the worker processes in");
    }
    let data = tempfile::tempdir().unwrap();
    cityscapes(data.path(), 20, 6);
    let command = |place: &Workplace| {
        let mut command = place.command(&format!("{RUN} --only ^(core-set|pretext-batch)-seed0$"));
        command.env("PT4AL_DATA", data.path()).env("PT4AL_CACHE", place.path("cache"));
        command
    };
    let whole = Workplace::with(&tiny_cityscapes("memory"));
    let output = command(&whole).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let expected = values(&whole.path("results/tiny"));
    // Three classes occur in the test split.
    assert_eq!(expected.len(), 2 * 3 * (4 + 3));

    for storage in ["mapped", "stream"] {
        let place = Workplace::with(&tiny_cityscapes(storage));
        let folder = place.path("results/tiny");
        // Kills before the first round, and after rounds of one trial or of both.
        for moment in [0, 7, 21] {
            let mut driver = command(&place).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let begun = || folder.join("manifest.json").exists();
            wait("records", || begun() && rows(&folder) >= moment || driver.try_wait().unwrap().is_some());
            driver.kill().unwrap();
            driver.wait().unwrap();
            wait("the workers to end with their driver", || workers(&folder).is_empty());
        }
        assert!((21..expected.len()).contains(&rows(&folder)), "{storage}: {} rows", rows(&folder));
        let output = command(&place).output().unwrap();
        assert!(output.status.success(), "{storage}: {}", stderr(&output));
        assert_eq!(values(&folder), expected, "{storage}");
        for trial in ["core-set-seed0", "pretext-batch-seed0"] {
            assert_eq!(queries(&folder, trial), queries(&whole.path("results/tiny"), trial), "{storage}, {trial}");
        }
        let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        assert_eq!(manifest.matches("\"started\"").count(), 4, "{storage}");
    }
}

#[test]
fn a_second_driver_on_the_same_results_is_refused() {
    let place = Workplace::new();
    let mut first = start(&place);
    wait("the first driver", || place.path("results/tiny/manifest.json").exists());
    let second = place.pt4al(RUN);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(second.status.code(), Some(1));
    assert!(stderr(&second).contains("another pt4al works on these results"), "{}", stderr(&second));
}

#[test]
fn a_changed_spec_is_refused_with_both_hashes() {
    let place = Workplace::new();
    let only = "--device cpu --only random-seed0";
    place.succeeds(&format!("run tiny.toml {only}"));
    let before = values(&place.path("results/tiny"));
    let changed = place.pt4al(&format!("run tiny.toml {only} --set train.minibatch=8"));
    assert_eq!(changed.status.code(), Some(1));
    let text = stderr(&changed);
    let hashes = text.split([' ', ',']).filter(|w| w.len() == 16 && w.chars().all(|c| c.is_ascii_hexdigit())).count();
    assert_eq!(hashes, 2, "{text}");
    assert!(text.contains("train.minibatch"), "{text}");
    let fewer = place.pt4al("run tiny.toml --device cpu --set seeds=[1]");
    assert!(stderr(&fewer).contains("no longer names"), "{}", stderr(&fewer));
    assert_eq!(before, values(&place.path("results/tiny")));
}

/// A round's values are on disk before its model queries the next labels: a kill there loses nothing, and the kept weights make
/// the query.
#[test]
fn a_trial_that_is_killed_in_its_query_keeps_the_round_and_resumes_from_it() {
    if !Path::new("/proc/self/cmdline").exists() {
        return crate::support::skip("no /proc here to find the worker processes in");
    }
    // Little to train and much to score, so that there is time to kill the process in its query.
    let run = "run tiny.toml --device cpu --set seeds=[0] --only ^entropy --set train.epochs=1 --set model.width=8 \
               --set dataset.shapes.pool=3000 --set dataset.shapes.side=24";
    let whole = Workplace::new();
    whole.succeeds(run);
    // A kill may come too late; one of several will not.
    let caught = (0..20).find_map(|_| killed_in_a_query(run));
    let (place, rounds, before) = caught.expect("a kill between the records of a round and its query");
    let folder = place.path("results/tiny");
    place.succeeds(run);
    assert_eq!(values(&whole.path("results/tiny")), values(&folder));
    assert_eq!(queries(&whole.path("results/tiny"), "entropy-seed0"), queries(&folder, "entropy-seed0"));
    assert_eq!(seconds_of_training(&folder)[..rounds], before, "finished rounds are not trained again");
    assert!(
        !walkdir::WalkDir::new(&folder)
            .into_iter()
            .flatten()
            .any(|entry| { entry.path().extension().is_some_and(|ending| ending == "safetensors") })
    );
}

/// Kills a run of one trial between the records of a round and the next query. Returns the number of recorded rounds and the
/// seconds of their trainings; `None` if the kill came at another moment.
fn killed_in_a_query(run: &str) -> Option<(Workplace, usize, Vec<String>)> {
    let place = Workplace::new();
    let folder = place.path("results/tiny");
    let lines = |path: &Path| std::fs::read_to_string(path).map_or(0, |text| text.lines().count().saturating_sub(1));
    // A round has three rows (accuracy, loss and epoch) and 20 labels.
    let recorded = || lines(&folder.join("trials/entropy-seed0/records.csv")) / 3;
    let driver = place.command(run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait("a recorded round", || recorded() >= 1);
    workers(&folder).first().map(|&pid| signal("KILL", &[pid]));
    driver.wait_with_output().unwrap();
    let rounds = recorded();
    let caught = rounds < 3 && lines(&folder.join("queries/entropy-seed0.csv")) == 20 * rounds;
    let seconds = seconds_of_training(&folder);
    caught.then_some((place, rounds, seconds))
}

/// The seconds of training of each recorded round.
fn seconds_of_training(folder: &Path) -> Vec<String> {
    let mut reader = csv::Reader::from_path(folder.join("records.csv")).unwrap();
    let rows = reader.records().map(Result::unwrap).filter(|row| &row[6] == "accuracy");
    rows.map(|row| row[9].to_owned()).collect()
}
