use super::*;
use pt4al_results::spec::Source;
use pt4al_results::store::{Queries, Record, Records};

/// The demo on so many seeds, and what a run of it knows.
fn demo(results: &Path) -> (Spec, Options, DataOrigin) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
    let sets = vec!["seeds=[0]".to_owned()];
    let spec = pt4al_results::spec::load(&Source { path, profile: None, sets }).unwrap();
    let options = Options::of_a_test(results);
    let origin = DataOrigin {
        name: "shapes".into(),
        fingerprint: "f".into(),
        files: Vec::new(),
        pool: 2000,
        test: 1000,
        classes: Vec::new(),
        note: String::new(),
    };
    (spec, options, origin)
}

#[test]
fn only_what_is_left_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let (spec, mut options, origin) = demo(dir.path());
    let trials = spec.trials();
    let pretext = spec.pretext_work(2000);
    let of =
        |options: &Options, folder: Option<&Folder>| Tasks::left(&spec, folder, options, &origin, 1).unwrap().work();
    let whole = |trial: &Trial| spec.trial_work(trial, 2000, 1000);

    // Without a folder all of it is left: the learner, then the trials.
    let all: Vec<Work> = std::iter::once(pretext).chain(trials.iter().map(whole)).collect();
    assert_eq!(of(&options, None), all);

    // Two rounds of the first trial are finished, and the losses are in the cache.
    let folder = Folder::open(&dir.path().join("demo"), &spec, &origin).unwrap();
    let files = folder.trial(&trials[0]);
    let row = |round| Record { round, labeled: 100, metric: "accuracy".into(), value: Some(0.5), ..Record::default() };
    let queries = Queries { rounds: vec![(0..100).collect(), (100..200).collect(), (200..300).collect()] };
    files.commit_round(&Records { rows: vec![row(0), row(1)] }, &queries).unwrap();
    let cache = cached(&spec, &options, &origin, 1, 0, "csv");
    std::fs::create_dir_all(cache.parent().unwrap()).unwrap();
    std::fs::write(&cache, "index,loss\n0,1\n").unwrap();
    let rest: Work = (2..5).map(|round| spec.round_work(&trials[0], round, 2000, 1000)).sum();
    let left: Vec<Work> = std::iter::once(rest).chain(trials[1..].iter().map(whole)).collect();
    assert_eq!(of(&options, Some(&folder)), left);

    // And only what was asked for.
    options.only = Some("^random".parse().unwrap());
    assert_eq!(of(&options, Some(&folder)), [rest]);
    options.only = Some("^entropy".parse().unwrap());
    assert_eq!(of(&options, None), [whole(&trials[1])]);
}

#[test]
fn where_time_is_short_trials_that_are_ready_come_before_learners() {
    let dir = tempfile::tempdir().unwrap();
    let (spec, options, origin) = demo(dir.path());
    let tasks = || Tasks::left(&spec, None, &options, &origin, 1).unwrap();
    let learner = |task: &Option<(Task, u64)>| matches!(task, Some((Task::Pretext { .. }, _)));
    assert!(learner(&tasks().next(true, &mut |_, _| true)));
    let mut short = tasks();
    let mut started = Vec::new();
    while let Some((task, _)) = short.next(false, &mut |_, _| true) {
        started.push(task.name());
    }
    // The trial that waits for the learner is not ready.
    assert_eq!(started, ["random-seed0", "entropy-seed0", "core-set-seed0", "pretext seed0"]);
    // What does not fit is passed over, and asked of what it does first: a round without its query.
    let mut asked = Vec::new();
    let first = tasks().next(false, &mut |task, units| {
        asked.push(units);
        task.name() == "core-set-seed0"
    });
    assert_eq!(first.unwrap().0.name(), "core-set-seed0");
    let round = Work { score: 0, ..spec.round_work(&spec.trials()[0], 0, 2000, 1000) }.units();
    assert_eq!(asked, [round; 3]);
}
