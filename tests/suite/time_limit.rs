//! Runs that end in time: stop anywhere without a kill, type the same command again, and nothing differs. Time goes on by
//! work here (`PT4AL_TEST_CLOCK`: forward passes a second), so that no test depends on how fast a machine is.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use crate::support::{TINY, Workplace, queries, stderr, stdout, values};

/// Runs to the end under a limit; gives the outputs of all commands but the last, which have to be stopped ones.
fn in_sessions(place: &Workplace, run: &str, limit: u32) -> Vec<Output> {
    let mut stopped = Vec::new();
    loop {
        let output = limited(place, run, &format!("{limit}s"));
        match output.status.code() {
            Some(0) => return stopped,
            Some(75) => stopped.push(output),
            code => panic!("--time-limit {limit}s: {code:?}: {}", stderr(&output)),
        }
        assert!(stopped.len() < 100, "--time-limit {limit}s does not come to an end");
    }
}

fn limited(place: &Workplace, run: &str, limit: &str) -> Output {
    let mut command = place.command(&format!("{run} --time-limit {limit}"));
    command.env("PT4AL_TEST_CLOCK", "10").output().unwrap()
}

fn last_line(output: &Output) -> String {
    stderr(output).lines().last().unwrap_or_default().to_owned()
}

/// Holds a run under each of the limits against one without: values and queries. Gives how many rounds were recorded when
/// commands were stopped, over all limits.
fn held_against_the_whole(
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
                format!("left; the same command goes on: {}", pt4al_results::shell::command(typed.split(' ')));
            assert!(line.ends_with(&command), "{line}");
            assert!(!stderr(&stopped).contains("error:"), "{}", stderr(&stopped));
            let words: Vec<&str> = line.split(' ').collect();
            let rounds =
                words.windows(2).find(|pair| pair[1].starts_with("round")).map_or(0, |pair| pair[0].parse().unwrap());
            stops.insert(rounds);
        }
        assert_eq!(values(&folder), expected, "--time-limit {limit}s");
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

/// A round takes 34 to 92 of these seconds, a query 7 to 18, and the learner 320.
#[test]
fn a_learner_and_a_trial_stopped_at_many_limits_come_to_the_same_values() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^pretext-batch";
    let limits = (0..20).map(|step| 335 + 13 * step);
    // Another training beside that of the last epoch, on labels of which some are held out.
    let spec =
        selecting(r#"query = "best-on-held-out", record = ["last", "best-on-held-out"], every = 1, held-out = 0.2"#);
    let stops = held_against_the_whole(&spec, run, &["pretext-batch-seed0"], limits);
    assert!(stops.len() >= 3, "{stops:?}");
}

/// A round takes 24 to 48 of these seconds, a query 16 or 18.
#[test]
fn trials_that_continue_from_weights_stopped_at_many_limits_come_to_the_same_values() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^entropy --set train.start=continue";
    let limits = (0..12).map(|step| 56 + 9 * step);
    let spec = selecting(r#"query = "best-on-test", record = ["last", "best-on-test"], every = 1"#);
    let stops = held_against_the_whole(&spec, run, &["entropy-seed0"], limits);
    assert!(stops.len() >= 2, "{stops:?}");
}

/// Two side by side: who comes first is chance, and changes nothing.
#[test]
fn trials_side_by_side_stopped_at_limits_come_to_the_same_values() {
    let run = "run tiny.toml --device cpu --jobs 2 --only ^(random|core-set)";
    let trials = ["random-seed0", "random-seed1", "core-set-seed0", "core-set-seed1"];
    let stops = held_against_the_whole(TINY, run, &trials, [52, 61, 75, 104].into_iter());
    assert!(stops.len() >= 3, "{stops:?}");
}

/// A job that is started again and again must not try for ever what cannot be done.
#[test]
fn where_nothing_fits_the_last_line_says_how_long_the_limit_must_be() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^pretext-batch";
    let output = limited(&place, run, "100s");
    assert_eq!(output.status.code(), Some(1));
    let line = last_line(&output);
    let wanted = "error: nothing was finished within --time-limit 100s: the pretext learner of seed0 takes about 5 min \
                  here; use --time-limit 6m or more";
    assert_eq!(line, wanted);
    assert!(stderr(&output).contains("is given up"), "{}", stderr(&output));
    // No trial failed, and there is nothing to make a page of.
    assert_eq!(values(&place.path("results/tiny")), Vec::<String>::new());
    assert!(!place.path("results/tiny/README.md").exists());
    // And what it says is enough.
    let output = limited(&place, run, "6m");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    // The losses are kept, and round 0: now it is about the next.
    let output = limited(&place, run, "17s");
    assert_eq!(output.status.code(), Some(1));
    let line = last_line(&output);
    assert!(line.contains("round 1 of pretext-batch-seed0 takes about 30 s here; use --time-limit 37s"), "{line}");
    assert_eq!(limited(&place, run, "37s").status.code(), Some(75));
    in_sessions(&place, run, 60);

    // Alone, a learner is finished or lost.
    let losses = "pretext losses tiny.toml --device cpu --seed 1 --out l.csv";
    let output = limited(&place, losses, "100s");
    assert_eq!(output.status.code(), Some(1));
    assert!(last_line(&output).contains("use --time-limit 6m or more"), "{}", stderr(&output));
    assert_eq!(limited(&place, losses, "6m").status.code(), Some(0));
}

/// Trials that need no learner are run where the learner does not fit.
#[test]
fn a_learner_that_does_not_fit_keeps_no_other_trial_waiting() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^(random|pretext-batch)";
    let output = limited(&place, run, "200s");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    let line = last_line(&output);
    assert!(line.contains("3 rounds of 1 trial and 1 pretext learner are left"), "{line}");
    // Once the others are finished, it says so.
    let output = limited(&place, run, "200s");
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(last_line(&output).contains("use --time-limit 6m or more"), "{}", stderr(&output));
    // A page is made of what is there all the same.
    assert!(place.path("results/tiny/README.md").exists());
}

#[test]
fn correlations_go_on_where_they_were_stopped() {
    let place = Workplace::with(&format!("correlation = {{ folds = 3, points = 50, resamples = 20 }}\n{TINY}"));
    let run = "correlate tiny.toml --device cpu --jobs 1";
    let stopped = in_sessions(&place, run, 340);
    assert_eq!(stopped.len(), 1);
    let line = last_line(&stopped[0]);
    assert!(line.starts_with("stopped by --time-limit 340s: 1 training is left; the same command goes on"), "{line}");
    let whole = Workplace::with(&format!("correlation = {{ folds = 3, points = 50, resamples = 20 }}\n{TINY}"));
    whole.succeeds(run);
    let losses =
        |place: &Workplace| std::fs::read_to_string(place.path("results/tiny-correlation/losses.csv")).unwrap();
    assert_eq!(losses(&place), losses(&whole));
}

/// Whatever the clock: the machine's own is used here, and a limit that is long enough changes nothing.
#[test]
fn a_limit_changes_nothing_where_all_is_finished_in_time() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only ^random-seed0$";
    place.succeeds(run);
    place.succeeds(&format!("{run} --results limited --time-limit 5h"));
    assert_eq!(values(&place.path("results/tiny")), values(&place.path("limited/tiny")));
    let spec = |folder: &str| std::fs::read_to_string(place.path(folder).join("tiny/spec.toml")).unwrap();
    assert_eq!(spec("results"), spec("limited"));
    // Work of more than a day needs no consent: it ends within the limit.
    let output = limited(&place, &format!("{run} --results long --set train.epochs=1000000"), "100s");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("; this command ends within 100s"), "{}", stderr(&output));
    let line = last_line(&output);
    assert!(line.contains("round 0 of random-seed0 takes about 1667 h (69 days) here"), "{line}");
    // A worker whose time is over ends whatever it is at, here at what looks at no clock in between.
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

/// Records, queries, losses and the spec are enough to go on elsewhere.
#[test]
fn a_folder_that_was_copied_without_weights_goes_on() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^(entropy|pretext-batch)";
    let whole = Workplace::new();
    whole.succeeds(run);
    let begun = Workplace::new();
    // Time for the learner, for entropy, and for a round of pretext-batch with its query.
    let output = limited(&begun, run, "490s");
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    let from = begun.path("results/tiny");
    let asked = queries(&from, "pretext-batch-seed0");
    assert!(!asked.is_empty() && values(&from).len() < values(&whole.path("results/tiny")).len());

    let place = Workplace::new();
    let folder = place.path("results/tiny");
    for file in ["spec.toml", "records.csv", "queries/entropy-seed0.csv", "queries/pretext-batch-seed0.csv"] {
        copy(&from, &folder, file);
    }
    // Other losses would make other batches; of a learner on this machine it is said where they are.
    let refused = place.pt4al(run);
    assert_eq!(refused.status.code(), Some(1));
    let line = last_line(&refused);
    assert!(line.contains("pretext/seed-0.csv: not there, but pretext-batch-seed0 has asked for labels by"), "{line}");
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

/// A round that continues from weights needs them, and so does a query that was not made.
#[test]
fn a_copied_trial_that_needs_weights_says_which() {
    for start in ["continue", "fresh"] {
        let run =
            &format!("run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^entropy --set train.start={start}");
        let whole = Workplace::new();
        whole.succeeds(run);
        let begun = Workplace::new();
        // One round of 18 seconds, and where rounds are fresh, no time for the query of 18.
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
