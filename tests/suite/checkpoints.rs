//! If a run is killed within a round, the same command goes on after the last epoch that has a checkpoint, and gives the same
//! results.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::interrupted::{kill, wait, workers};
use crate::support::{TINY, Workplace, epochs, queries, stderr, values};

/// Rounds that take long enough to be killed within them.
const RUN: &str = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^entropy --set train.epochs=100 \
                   --set checkpoint-minutes=1";

/// The tiny spec with two trainings in each round, of which the first one queries.
fn two_trainings() -> Workplace {
    let last = r#"select = { query = "last", record = ["last"] }"#;
    assert!(TINY.contains(last));
    let both = r#"query = "best-on-test", record = ["best-on-test", "best-on-held-out"], every = 5, held-out = 0.2"#;
    Workplace::with(&TINY.replace(last, &format!("select = {{ {both} }}")))
}

/// The command with a clock on which each epoch takes hours, so that it writes a checkpoint after each.
fn command(place: &Workplace, run: &str) -> Command {
    let mut command = place.command(run);
    command.env("PT4AL_TEST_CLOCK", "0.01").stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The trial's folder, its checkpoint, and its log.
fn paths(place: &Workplace) -> [PathBuf; 3] {
    let trial = place.path("results/tiny/trials/entropy-seed0");
    [trial.clone(), trial.join("checkpoint.safetensors"), trial.join("log.txt")]
}

/// Runs until a checkpoint exists and `moment` is true, and kills the driver or the trial. Returns whether the checkpoint is still
/// there: the kill came within a round.
fn killed_within_a_round(place: &Workplace, run: &str, kills_driver: bool, moment: &dyn Fn() -> bool) -> bool {
    let [_, checkpoint, _] = paths(place);
    let folder = place.path("results/tiny");
    let mut driver = command(place, run).spawn().unwrap();
    let ended = std::cell::Cell::new(false);
    wait("a checkpoint", || {
        ended.set(driver.try_wait().unwrap().is_some());
        ended.get() || checkpoint.exists() && moment()
    });
    if kills_driver {
        let _ = driver.kill();
    } else if let Some(&trial) = workers(&folder).first() {
        kill(trial);
    }
    driver.wait().unwrap();
    wait("the workers to end with their driver", || workers(&folder).is_empty());
    checkpoint.exists()
}

fn rounds(trial: &Path, rows_of_a_round: usize) -> usize {
    let rows = std::fs::read_to_string(trial.join("records.csv")).map_or(0, |text| text.lines().count() - 1);
    rows / rows_of_a_round
}

#[test]
fn a_round_that_is_killed_goes_on_after_its_last_checkpoint() {
    if !Path::new("/proc/self/cmdline").exists() {
        return crate::support::skip("no /proc here to find the worker processes in");
    }
    let whole = two_trainings();
    whole.succeeds(RUN);
    assert!(!paths(&whole)[1].exists());
    let place = two_trainings();
    let [trial, checkpoint, log] = paths(&place);
    let said = || std::fs::read_to_string(&log).unwrap_or_default();
    let goes_on = || said().contains("goes on after epoch");
    let mut went_on = 0;
    for (kills_driver, round) in [(true, 0), (false, 0), (true, 1), (false, 2)] {
        let from_checkpoint = checkpoint.exists();
        let _ = std::fs::remove_file(&log);
        killed_within_a_round(&place, RUN, kills_driver, &|| {
            (!from_checkpoint || goes_on()) && rounds(&trial, 6) >= round
        });
        assert_eq!(goes_on(), from_checkpoint, "{}", said());
        went_on += usize::from(from_checkpoint);
    }
    assert!(went_on >= 2, "{went_on} of the kills came within a round");
    let output = place.succeeds(RUN);
    let (results, expected) = (place.path("results/tiny"), whole.path("results/tiny"));
    assert_eq!(values(&results), values(&expected), "{}", stderr(&output));
    assert_eq!(epochs(&results), epochs(&expected));
    assert_eq!(queries(&results, "entropy-seed0"), queries(&expected, "entropy-seed0"));
    assert!(!checkpoint.exists());
}

#[test]
fn a_damaged_checkpoint_is_ignored_with_a_line_in_the_log_and_the_results_are_the_same() {
    if !Path::new("/proc/self/cmdline").exists() {
        return crate::support::skip("no /proc here to find the worker processes in");
    }
    // Each round continues from the weights of the one before.
    let run = format!("{RUN} --set train.start=continue");
    let whole = Workplace::new();
    whole.succeeds(&run);
    let place = Workplace::new();
    let [trial, checkpoint, log] = paths(&place);
    let caught = (0..10).any(|_| killed_within_a_round(&place, &run, true, &|| rounds(&trial, 3) >= 1));
    assert!(caught, "no kill came within a round");
    let mut bytes = std::fs::read(&checkpoint).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&checkpoint, bytes).unwrap();
    // The minutes may change between two commands: from now on, none are written.
    let output = place.succeeds(&run.replace("checkpoint-minutes=1", "checkpoint-minutes=0"));
    let log = std::fs::read_to_string(log).unwrap();
    let line =
        "is not used, and removed (it is damaged: its SHA-256 is another one); the training starts from its beginning";
    assert!(log.contains("checkpoint.safetensors: the checkpoint of round ") && log.contains(line), "{log}");
    assert!(stderr(&output).contains("entropy-seed0: the checkpoint of round "), "{}", stderr(&output));
    let (results, expected) = (place.path("results/tiny"), whole.path("results/tiny"));
    assert_eq!(values(&results), values(&expected));
    assert_eq!(epochs(&results), epochs(&expected));
    assert!(!checkpoint.exists());
}
