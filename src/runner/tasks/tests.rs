use super::*;
use crate::train::checkpoint::Checkpoints;
use pt4al_results::spec::Source;
use pt4al_results::store::{Epochs, Queries, Record, Records};

/// The demo on one seed, with the options and the data of a run.
fn demo(results: &Path) -> (Spec, Options, DataOrigin) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
    let sets = vec!["seeds=[0]".to_owned()];
    let spec = pt4al_results::spec::load(&Source { path, profile: None, sets }).unwrap();
    let options = Options::for_test(results);
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
    let work_left =
        |options: &Options, folder: Option<&Folder>| Tasks::left(&spec, folder, options, &origin, 1).unwrap().work();
    let whole = |trial: &Trial| spec.trial_work(trial, 2000, 1000);

    // Without a folder everything is left: the learner, then the trials.
    let all: Vec<Work> = std::iter::once(pretext).chain(trials.iter().map(whole)).collect();
    assert_eq!(work_left(&options, None), all);

    // Two rounds of the first trial are finished, and the losses are in the cache.
    let folder = Folder::open(&dir.path().join("demo"), &spec, &origin, &[]).unwrap();
    let files = folder.trial(&trials[0]);
    let row = |round| Record { round, labeled: 100, metric: "accuracy".into(), value: Some(0.5), ..Record::default() };
    let queries = Queries::of_rounds(vec![(0..100).collect(), (100..200).collect(), (200..300).collect()]);
    files.commit_round(&Records { rows: vec![row(0), row(1)] }, &queries, &Epochs::default(), None).unwrap();
    let cached = cache::path(&spec, &options, &origin, 1, 0, "csv");
    std::fs::create_dir_all(cached.parent().unwrap()).unwrap();
    let losses = store::Losses { rows: (0..2000).map(|index| (index, 1.0)).collect() };
    losses.write(&cached).unwrap();
    let rest: Work = (2..5).map(|round| spec.round_work(&trials[0], round, 2000, 1000)).sum();
    let left: Vec<Work> = std::iter::once(rest).chain(trials[1..].iter().map(whole)).collect();
    assert_eq!(work_left(&options, Some(&folder)), left);

    // A checkpoint saves a part of the third round's training, whose query still scores all images.
    let third = spec.round_work(&trials[0], 2, 2000, 1000);
    let training = Work { score: 0, ..third };
    let identity = |round: &str| vec![("trial", trials[0].key()), ("spec", spec.hash()), ("round", round.to_owned())];
    let saved = training.units() / 3;
    let checkpoint = |round: &str| {
        let mut checkpoints = Checkpoints::new(String::new(), files.checkpoint_path(), identity(round), 1, 0);
        checkpoints.write(&HashMap::from([("units", saved)]), &[("weights".into(), &tch::Tensor::from(1.0))], 0);
    };
    checkpoint("2");
    let tasks = Tasks::left(&spec, Some(&folder), &options, &origin, 1).unwrap();
    let less = rest.units() - tasks.work()[0].units();
    assert!(less.abs_diff(saved) < 10 && tasks.work()[0].score == rest.score, "{less} {saved}");
    let Waiting { units, saved: noted, .. } = tasks.waiting()[0];
    assert!(noted == saved && units.abs_diff(rest.units()) < 10, "{units} {noted}");
    // That of another round saves nothing.
    checkpoint("1");
    assert_eq!(work_left(&options, Some(&folder)), left);

    // Trials that --only excludes are not counted.
    options.only = Some("^random".parse().unwrap());
    assert_eq!(work_left(&options, Some(&folder)), [rest]);
    options.only = Some("^entropy".parse().unwrap());
    assert_eq!(work_left(&options, None), [whole(&trials[1])]);
}

#[test]
fn with_a_time_limit_trials_that_are_ready_come_before_learners() {
    let dir = tempfile::tempdir().unwrap();
    let (spec, options, origin) = demo(dir.path());
    let tasks = || Tasks::left(&spec, None, &options, &origin, 1).unwrap();
    let first = tasks().next(true, &mut |_, _| true).unwrap();
    assert!(matches!(first.task, Task::Pretext { .. }));
    let mut limited = tasks();
    let mut started = Vec::new();
    while let Some(Planned { task, .. }) = limited.next(false, &mut |_, _| true) {
        started.push(task.name());
    }
    // The trial that waits for the learner is not ready.
    assert_eq!(started, ["random-seed0", "entropy-seed0", "core-set-seed0", "pretext seed0"]);
    // A task that does not fit is skipped. What must fit is its first piece: a round without its query.
    let mut first_pieces = Vec::new();
    let next = tasks().next(false, &mut |task, units| {
        first_pieces.push(units);
        task.name() == "core-set-seed0"
    });
    assert_eq!(next.unwrap().task.name(), "core-set-seed0");
    let round = Work { score: 0, ..spec.round_work(&spec.trials()[0], 0, 2000, 1000) }.units();
    assert_eq!(first_pieces, [round; 3]);
}
