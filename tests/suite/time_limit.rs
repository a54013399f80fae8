//! Runs with a time limit: they stop at any point without a kill, the same command continues, and the results are the same.
//! The clock advances by work here (`PT4AL_TEST_CLOCK`: forward passes per second), so that no test depends on the speed of
//! the machine.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use crate::support::{TINY, Workplace, epochs, queries, stderr, stdout, values};

/// Repeats a command under a limit until it is finished; returns the outputs of the commands that were stopped.
fn in_sessions(place: &Workplace, run: &str, limit: u32) -> Vec<Output> {
    let mut stopped = Vec::new();
    loop {
        let output = limited(place, run, &format!("{limit}s"));
        match output.status.code() {
            Some(0) => return stopped,
            Some(75) => stopped.push(output),
            code => panic!("--time-limit {limit}s: {code:?}: {}", stderr(&output)),
        }
        assert!(stopped.len() < 100, "--time-limit {limit}s never finishes");
    }
}

fn limited(place: &Workplace, run: &str, limit: &str) -> Output {
    let mut command = place.command(&format!("{run} --time-limit {limit}"));
    command.env("PT4AL_TEST_CLOCK", "10").output().unwrap()
}

fn last_line(output: &Output) -> String {
    stderr(output).lines().last().unwrap_or_default().to_owned()
}

/// Asserts that a run under each of the limits gives the same values and queries as one without. Returns the numbers of rounds
/// that were left when commands were stopped, over all limits.
pub fn same_as_without_limit(
    spec: &str,
    run: &str,
    trials: &[&str],
    limits: impl Iterator<Item = u32>,
) -> BTreeSet<usize> {
    let whole = Workplace::with(spec);
    whole.succeeds(run);
    let expected = values(&whole.path("results/tiny"));
    let mut stops = BTreeSet::new();
    for limit in limits {
        let place = Workplace::with(spec);
        let folder = place.path("results/tiny");
        for stopped in in_sessions(&place, run, limit) {
            let line = last_line(&stopped);
            assert!(line.starts_with(&format!("stopped by --time-limit {limit}s: ")), "{line}");
            let typed = format!("pt4al {run} --time-limit {limit}s");
            let command =
                format!("left; the same command continues: {}", pt4al_results::shell::command(typed.split(' ')));
            assert!(line.ends_with(&command), "{line}");
            assert!(!stderr(&stopped).contains("error:"), "{}", stderr(&stopped));
            let words: Vec<&str> = line.split(' ').collect();
            let rounds =
                words.windows(2).find(|pair| pair[1].starts_with("round")).map_or(0, |pair| pair[0].parse().unwrap());
            stops.insert(rounds);
        }
        assert_eq!(values(&folder), expected, "--time-limit {limit}s");
        assert_eq!(epochs(&folder), epochs(&whole.path("results/tiny")), "--time-limit {limit}s");
        for trial in trials {
            assert_eq!(queries(&folder, trial), queries(&whole.path("results/tiny"), trial), "--time-limit {limit}s");
        }
        let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        assert!(!manifest.contains("\"finished\": \"\""), "every session has ended: {manifest}");
        assert!(!holds_weights(&folder), "--time-limit {limit}s");
    }
    stops
}

fn holds_weights(folder: &Path) -> bool {
    let entries = walkdir::WalkDir::new(folder).into_iter().flatten();
    entries.into_iter().any(|entry| entry.path().extension().is_some_and(|ending| ending == "safetensors"))
}

/// The tiny spec with other selection rules.
fn selecting(select: &str) -> String {
    let last = r#"select = { query = "last", record = ["last"] }"#;
    assert!(TINY.contains(last));
    TINY.replace(last, &format!("select = {{ {select} }}"))
}

/// On this clock a round takes 34 to 92 seconds, a query 7 to 18, and the learner 320.
#[test]
fn a_learner_and_a_trial_stopped_at_many_limits_give_the_same_values() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^pretext-batch";
    let limits = (0..20).map(|step| 335 + 13 * step);
    // This adds a second training, on the labels that are not held out.
    let spec =
        selecting(r#"query = "best-on-held-out", record = ["last", "best-on-held-out"], every = 1, held-out = 0.2"#);
    let stops = same_as_without_limit(&spec, run, &["pretext-batch-seed0"], limits);
    assert!(stops.len() >= 3, "{stops:?}");
}

/// On this clock a round takes 24 to 48 seconds, a query 16 or 18.
#[test]
fn trials_that_continue_from_weights_give_the_same_values_when_stopped_at_many_limits() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^entropy --set train.start=continue";
    let limits = (0..12).map(|step| 56 + 9 * step);
    let spec = selecting(r#"query = "best-on-test", record = ["last", "best-on-test"], every = 1"#);
    let stops = same_as_without_limit(&spec, run, &["entropy-seed0"], limits);
    assert!(stops.len() >= 2, "{stops:?}");
}

/// On this clock a round takes 250 to 750 seconds, and no command that much. Each writes at least one checkpoint.
#[test]
fn rounds_that_are_longer_than_the_limit_are_finished_over_several_commands() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^random --set train.epochs=40";
    let spec = selecting(r#"query = "best-on-test", record = ["last", "best-on-test"], every = 20"#);
    let kept = format!("{run} --set checkpoint-minutes=1");
    let stops = same_as_without_limit(&spec, &kept, &["random-seed0"], [90, 200].into_iter());
    assert_eq!(stops.len(), 3, "{stops:?}");
    // Without checkpoints nothing is ever finished, and the command says so.
    let place = Workplace::with(&spec);
    let output = limited(&place, &format!("{run} --set checkpoint-minutes=0"), "200s");
    assert_eq!(output.status.code(), Some(1));
    assert!(last_line(&output).contains("round 0 of random-seed0 takes about 4 min here"), "{}", last_line(&output));
}

/// Which of two processes is first is chance, and changes nothing.
#[test]
fn trials_side_by_side_stopped_at_limits_give_the_same_values() {
    let run = "run tiny.toml --device cpu --jobs 2 --only ^(random|core-set)";
    let trials = ["random-seed0", "random-seed1", "core-set-seed0", "core-set-seed1"];
    let stops = same_as_without_limit(TINY, run, &trials, [52, 61, 75, 104].into_iter());
    assert!(stops.len() >= 3, "{stops:?}");
}

/// A job that is started again and again must not try forever what cannot be done.
#[test]
fn if_nothing_fits_the_last_line_says_how_long_the_limit_must_be() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^pretext-batch";
    let output = limited(&place, run, "100s");
    assert_eq!(output.status.code(), Some(1));
    let line = last_line(&output);
    let wanted = "error: nothing was finished within --time-limit 100s: the pretext learner of seed0 takes about 5 min \
                  here; use --time-limit 6m or more";
    assert_eq!(line, wanted);
    assert!(stderr(&output).contains("is given up"), "{}", stderr(&output));
    // No trial failed, and there is nothing to report.
    assert_eq!(values(&place.path("results/tiny")), Vec::<String>::new());
    assert!(!place.path("results/tiny/README.md").exists());
    // The limit that it recommends is enough.
    let output = limited(&place, run, "6m");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    // The losses and round 0 are kept, so the next message is about round 1.
    let output = limited(&place, run, "17s");
    assert_eq!(output.status.code(), Some(1));
    let line = last_line(&output);
    assert!(line.contains("round 1 of pretext-batch-seed0 takes about 30 s here; use --time-limit 37s"), "{line}");
    assert_eq!(limited(&place, run, "37s").status.code(), Some(75));
    in_sessions(&place, run, 60);

    // Without time for a checkpoint, a learner by itself is either finished or lost.
    let losses = "pretext losses tiny.toml --device cpu --seed 1 --out l.csv";
    let output = limited(&place, losses, "100s");
    assert_eq!(output.status.code(), Some(1));
    assert!(last_line(&output).contains("use --time-limit 6m or more"), "{}", stderr(&output));
    assert_eq!(limited(&place, losses, "6m").status.code(), Some(0));
}

/// Trials that need no learner run even if the learner does not fit.
#[test]
fn a_learner_that_does_not_fit_does_not_hold_up_other_trials() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^(random|pretext-batch)";
    let output = limited(&place, run, "200s");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    let line = last_line(&output);
    assert!(line.contains("3 rounds of 1 trial and 1 pretext learner are left"), "{line}");
    // Once the others are finished, the message says that the learner does not fit.
    let output = limited(&place, run, "200s");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(last_line(&output).contains("use --time-limit 6m or more"), "{}", stderr(&output));
    // The finished trials are still reported.
    assert!(place.path("results/tiny/README.md").exists());
}

#[test]
fn correlations_continue_where_they_were_stopped() {
    let place = Workplace::with(&format!("correlation = {{ folds = 3, points = 50, resamples = 20 }}\n{TINY}"));
    let run = "correlate tiny.toml --device cpu --jobs 1";
    let stopped = in_sessions(&place, run, 340);
    assert_eq!(stopped.len(), 1);
    let line = last_line(&stopped[0]);
    assert!(line.starts_with("stopped by --time-limit 340s: 1 training is left; the same command continues"), "{line}");
    let whole = Workplace::with(&format!("correlation = {{ folds = 3, points = 50, resamples = 20 }}\n{TINY}"));
    whole.succeeds(run);
    let losses =
        |place: &Workplace| std::fs::read_to_string(place.path("results/tiny-correlation/losses.csv")).unwrap();
    assert_eq!(losses(&place), losses(&whole));
}

/// On this clock a learner takes 800 seconds, a training 400 or 600, and no command that much.
#[test]
fn learners_and_correlations_that_are_longer_than_the_limit_are_finished_over_several_commands() {
    let spec = format!("correlation = {{ folds = 3, points = 50, resamples = 20 }}\n{TINY}");
    let sets = "--device cpu --set pretext.epochs=3 --set train.epochs=10 --set checkpoint-minutes=1";
    let (place, whole) = (Workplace::with(&spec), Workplace::with(&spec));
    let losses = format!("pretext losses tiny.toml {sets} --out l.csv");
    let stopped = in_sessions(&place, &losses, 340);
    assert!(stopped.len() >= 2, "{}", stopped.len());
    let goes_on = |output: &Output, line: &str| assert!(stderr(output).contains(line), "{}", stderr(output));
    goes_on(&stopped[1], "pretext seed0: the learner goes on after epoch ");
    let line = last_line(&stopped[0]);
    assert!(line.starts_with("stopped by --time-limit 340s: the pretext learner is left; the same command"), "{line}");
    whole.succeeds(&losses);
    let read = |place: &Workplace, file: &str| std::fs::read_to_string(place.path(file)).unwrap();
    assert_eq!(read(&place, "l.csv"), read(&whole, "l.csv"));

    let run = format!("correlate tiny.toml --jobs 1 {sets}");
    let stopped = in_sessions(&place, &run, 340);
    assert!(stopped.len() >= 4, "{}", stopped.len());
    goes_on(&stopped[0], "its checkpoint is kept");
    goes_on(&stopped[1], ": the training goes on after epoch ");
    whole.succeeds(&run);
    for file in ["losses.csv", "summary.csv"] {
        let file = format!("results/tiny-correlation/{file}");
        assert_eq!(read(&place, &file), read(&whole, &file));
    }
    assert!(!holds_weights(&place.path("results")), "a checkpoint stays");
}

/// This test uses the machine's own clock.
#[test]
fn a_limit_that_is_long_enough_changes_nothing() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only ^random-seed0$";
    place.succeeds(run);
    place.succeeds(&format!("{run} --results limited --time-limit 5h"));
    assert_eq!(values(&place.path("results/tiny")), values(&place.path("limited/tiny")));
    let spec = |folder: &str| std::fs::read_to_string(place.path(folder).join("tiny/spec.toml")).unwrap();
    assert_eq!(spec("results"), spec("limited"));
    // With a limit, work of more than a day needs no consent.
    let output = limited(&place, &format!("{run} --results long --set train.epochs=1000000"), "100s");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("; this command ends within 100s"), "{}", stderr(&output));
    let line = last_line(&output);
    assert!(line.contains("round 0 of random-seed0 takes about 1667 h (69 days) here"), "{line}");
    // A worker whose time is over ends whatever it is doing, here in a step that checks no clock.
    let over = r#"{"clock":"machine","until":0.0,"at_the_latest":0.0}"#;
    let worker = format!("worker --device cpu --threads 1 --ends {over} calibrate --spec results/tiny/spec.toml");
    let said = stdout(&place.succeeds(&format!("{worker} --dimensions 12 12 10")));
    assert!(said.contains("out-of-time") && !said.contains("speed"), "{said}");
    let refused = place.pt4al(&format!("{run} --time-limit 9"));
    assert_eq!(refused.status.code(), Some(2));
    let line = "error: invalid value '9' for '--time-limit <T>': use a time of at least a second, for instance 9m, 90s or 1h30m; \
                see `pt4al --help`\n";
    assert_eq!(stderr(&refused), line);
}

/// Records, queries, losses and the spec are enough to continue elsewhere.
#[test]
fn a_folder_that_was_copied_without_weights_continues() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^(entropy|pretext-batch)";
    let whole = Workplace::new();
    whole.succeeds(run);
    let begun = Workplace::new();
    // Enough time for the learner, for entropy, and for a round of pretext-batch with its query.
    let output = limited(&begun, run, "490s");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    let from = begun.path("results/tiny");
    let queried = queries(&from, "pretext-batch-seed0");
    assert!(!queried.is_empty() && values(&from).len() < values(&whole.path("results/tiny")).len());

    let place = Workplace::new();
    let folder = place.path("results/tiny");
    for file in ["spec.toml", "records.csv", "queries/entropy-seed0.csv", "queries/pretext-batch-seed0.csv"] {
        copy(&from, &folder, file);
    }
    // Other losses would make other pretext batches. If a learner on this machine gave losses, the message says where they are.
    let refused = place.pt4al(run);
    assert_eq!(refused.status.code(), Some(1));
    let line = last_line(&refused);
    assert!(line.contains("pretext/seed-0.csv: not there, but pretext-batch-seed0 has queried labels by"), "{line}");
    place.succeeds("pretext losses tiny.toml --device cpu --out mine.csv");
    let line = last_line(&place.pt4al(run));
    assert!(line.contains("(a learner on this machine gave results/.cache/pretext/"), "{line}");
    assert!(!folder.join("trials/pretext-seed0").exists(), "no learner ran");

    copy(&from, &folder, "pretext/seed-0.csv");
    let kept = values(&from);
    place.succeeds(run);
    assert_eq!(values(&folder), values(&whole.path("results/tiny")));
    assert!(kept.iter().all(|value| values(&folder).contains(value)));
    for trial in ["entropy-seed0", "pretext-batch-seed0"] {
        assert_eq!(queries(&folder, trial), queries(&whole.path("results/tiny"), trial));
    }
}

fn copy(from: &Path, to: &Path, file: &str) {
    std::fs::create_dir_all(to.join(file).parent().unwrap()).unwrap();
    std::fs::copy(from.join(file), to.join(file)).unwrap();
}

/// A round that continues from weights needs them, and so does a missing query.
#[test]
fn a_copied_trial_that_needs_weights_says_which() {
    for start in ["continue", "fresh"] {
        let run =
            &format!("run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^entropy --set train.start={start}");
        let whole = Workplace::new();
        whole.succeeds(run);
        let begun = Workplace::new();
        // Enough time for one round of 18 seconds; with fresh weights, not enough for the query of 18 seconds.
        let output = limited(&begun, run, if start == "fresh" { "40s" } else { "50s" });
        assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
        let from = begun.path("results/tiny");
        let weights = "trials/entropy-seed0/weights-0.safetensors";
        assert!(from.join(weights).exists(), "{start}");

        let place = Workplace::new();
        let folder = place.path("results/tiny");
        for file in ["spec.toml", "records.csv"] {
            copy(&from, &folder, file);
        }
        let line = last_line(&place.pt4al(run));
        assert!(line.contains("records.csv: has 1 of 3 rounds of entropy-seed0, but"), "{line}");
        copy(&from, &folder, "queries/entropy-seed0.csv");
        let refused = place.pt4al(run);
        assert_eq!(refused.status.code(), Some(1));
        let line = last_line(&refused);
        let why = match start {
            "fresh" => "the query of round 1 of entropy-seed0 needs these weights",
            _ => "round 1 of entropy-seed0 continues from these weights",
        };
        assert!(line.contains(&format!("{weights}: not there, but {why}; copy the file")), "{line}");
        assert_eq!(values(&folder), values(&from), "nothing is lost");
        copy(&from, &folder, weights);
        place.succeeds(run);
        assert_eq!(values(&folder), values(&whole.path("results/tiny")), "{start}");
    }
}
