use std::time::Duration;

use super::*;
use crate::report::testing::{accuracy, full, results_of, spec, write_folder};
use crate::store::Record;

/// 2026-01-02T04:00:00Z.
fn now() -> SystemTime {
    humantime::parse_rfc3339("2026-01-02T04:00:00Z").unwrap()
}

/// What a run wrote half a minute before [`now`]: it trains random with seed 1.
fn progress() -> Progress {
    let task = |name: &str, at: &str| RunningTask { name: name.into(), at: at.into(), done: 0.5 };
    Progress {
        command: "pt4al run experiments/small.toml".into(),
        only: None,
        started: "2026-01-02T03:50:00Z".into(),
        updated: "2026-01-02T03:59:30Z".into(),
        seconds_left: Some(120.0),
        running: vec![task("random-seed1", "round 2, epoch 1/1"), task("pretext seed2", "pretext")],
    }
}

/// Random has finished with seed 0 and two rounds of seed 1; core-set has failed with seed 0 in round 1.
fn begun() -> Vec<Record> {
    let is_finished = |row: &Record| match (row.sampler.as_str(), row.seed) {
        ("random", 0) => true,
        ("random", 1) => row.round < 2,
        ("core-set", 0) => row.round < 1,
        _ => false,
    };
    let mut rows: Vec<Record> = full().into_iter().filter(is_finished).collect();
    rows.push(Record {
        error: "its process\nwas killed".into(),
        value: None,
        metric: String::new(),
        select: String::new(),
        ..accuracy("core-set", 0, 1, 0.0)
    });
    rows
}

#[test]
fn a_run_in_progress_has_states_values_and_the_time_left() {
    let status = Status::of(&results_of(&spec(), begun()), true, Some(progress()), now());
    assert_eq!((status.state, status.rounds_finished, status.rounds_planned), (State::Running, 6, 18));
    assert_eq!((status.trials_finished, status.trials_planned), (1, 6));
    // Each round took two seconds.
    assert_eq!((status.round_seconds, status.metric), (12.0, "accuracy"));
    let run = status.run.as_ref().unwrap();
    assert_eq!((run.seconds, run.seconds_left), (600.0, Some(90.0)));
    assert_eq!(status.in_words(), "6 of 18 rounds finished, about 2 min left");
    let only = Progress { only: Some("random".into()), ..progress() };
    let of_some = Status::of(&results_of(&spec(), begun()), true, Some(only), now());
    assert_eq!(of_some.in_words(), "6 of 18 rounds finished, about 2 min left for --only random");

    let [random, core_set] = &status.arms[..] else { panic!("two arms") };
    let states = |arm: &ArmStatus| arm.trials.iter().map(|trial| trial.state).collect::<Vec<_>>();
    assert_eq!(states(random), [TrialState::Finished, TrialState::Running, TrialState::Waiting]);
    assert_eq!(states(core_set), [TrialState::Failed, TrialState::Waiting, TrialState::Waiting]);
    let rounds: Vec<usize> = random.trials.iter().map(|trial| trial.rounds_finished).collect();
    assert_eq!(rounds, [3, 2, 0]);
    // 0.5 - 0.01 in the last round of seed 0, and 0.4 in the second of seed 1.
    assert_eq!((random.trials[0].value, random.trials[1].value), (Some(0.49), Some(0.4)));
    assert_eq!(random.trials[2].value, None);
    assert_eq!(random.latest, Some(Latest { round: 2, labeled: 600, n: 1, mean: 0.49 }));
    assert_eq!(status.failures(), [("core-set-seed0".to_owned(), 1, "its process was killed")]);
}

#[test]
fn what_a_dead_run_left_behind_does_not_count() {
    let results = results_of(&spec(), begun());
    let status = Status::of(&results, false, Some(progress()), now());
    assert_eq!((status.state, &status.run), (State::Unfinished, &None));
    assert_eq!(status.arms[0].trials[1].state, TrialState::Waiting);
    assert_eq!(
        (status.in_words().as_str(), status.command.as_str()),
        ("6 of 18 rounds finished", "pt4al run experiments/small.toml")
    );
    // A run that has not said yet what it is doing, and times from the future.
    assert_eq!(Status::of(&results, true, None, now()).run, None);
    let early = Status::of(&results, true, Some(progress()), now() - Duration::from_secs(86_400)).run.unwrap();
    assert_eq!((early.seconds, early.seconds_left), (0.0, Some(120.0)));
}

#[test]
fn a_failed_trial_that_runs_again_has_not_failed_and_finished_ones_are_finished() {
    let mut again = progress();
    again.running[0].name = "core-set-seed0".into();
    let status = Status::of(&results_of(&spec(), begun()), true, Some(again), now());
    assert_eq!((status.arms[1].trials[0].state, &status.arms[1].trials[0].error), (TrialState::Running, &None));
    let status = Status::of(&results_of(&spec(), full()), false, None, now());
    assert_eq!((status.state, status.trials_finished), (State::Finished, 6));
}

#[test]
fn a_folder_is_read_before_its_first_round_and_without_a_lock() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    let error = Status::read(&folder).unwrap_err().to_string();
    assert_eq!(error, format!("{}: no such results folder; `pt4al run` makes it", folder.display()));
    write_folder(&folder, &spec(), Vec::new());
    progress().write(&folder).unwrap();
    let status = Status::read(&folder).unwrap();
    assert_eq!((status.state, status.rounds_finished, status.run), (State::Unfinished, 0, None));
    std::fs::remove_file(folder.join("records.csv")).unwrap();
    assert_eq!(Status::read(&folder).unwrap().rounds_planned, 18);
}

/// The fields that docs/formats.md names.
#[test]
fn the_fields_for_scripts_are_those_that_are_promised() {
    let status = Status::of(&results_of(&spec(), begun()), true, Some(progress()), now());
    let json = serde_json::to_value(&status).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        keys(&json),
        "arms command experiment folder metric profile round_seconds rounds_finished rounds_planned run state \
         trials_finished trials_planned"
    );
    assert_eq!(keys(&json["run"]), "only running seconds seconds_left started updated");
    assert_eq!(keys(&json["run"]["running"][0]), "at done name");
    assert_eq!(keys(&json["arms"][0]), "latest sampler trials");
    assert_eq!(keys(&json["arms"][0]["latest"]), "labeled mean n round");
    assert_eq!(keys(&json["arms"][0]["trials"][0]), "error rounds_finished rounds_planned seed state value");
    assert_eq!((&json["state"], &json["arms"][0]["trials"][1]["state"]), (&"running".into(), &"running".into()));
    let docs = include_str!("../../../../docs/formats.md");
    let section = docs.split("## pt4al status --json").nth(1).expect("docs/formats.md has the section");
    let section = section.split("\n## ").next().unwrap();
    for keys in [keys(&json), keys(&json["run"]), keys(&json["arms"][0]), keys(&json["arms"][0]["trials"][0])] {
        for key in keys.split(' ') {
            assert!(section.contains(&format!("`{key}`")), "docs/formats.md does not describe `{key}`");
        }
    }
}
