use super::*;
use crate::report::testing::{accuracy, full, manifest, records, results_of, spec, spec_with, write_folder};

fn validated(rows: Vec<Record>) -> Result<Results> {
    Results::of(Path::new("small"), spec(), Some(manifest(&spec())), records(rows))
}

/// [`full`] without the rows for which `is_removed` is true.
fn without(is_removed: impl Fn(&Record) -> bool) -> Vec<Record> {
    full().into_iter().filter(|row| !is_removed(row)).collect()
}

/// The error of [`full`] with a change to its third row, which is line 4 of the file.
fn error_of_changed(change: impl Fn(&mut Record)) -> String {
    let mut rows = full();
    change(&mut rows[2]);
    let message = format!("{:#}", validated(rows).unwrap_err());
    assert!(!message.contains('\n') && message.starts_with("small/records.csv:4: "), "{message}");
    message
}

#[test]
fn values_are_kept_by_arm_seed_and_round() {
    let results = validated(full()).unwrap();
    assert_eq!(results.at_round("core-set", "accuracy", "last", 0).into_keys().collect::<Vec<_>>(), [0, 1, 2]);
    assert!((results.at_round("core-set", "accuracy", "last", 2)[&2] - 0.66).abs() < 1e-12);
    assert!(results.trials("core-set", "accuracy", "best-on-test").is_empty());
    assert!(results.trials("entropy", "accuracy", "last").is_empty());
    // Rounds of equal widths: (first / 2 + second + third / 2) / 2, of 0.3, 0.4 and 0.5.
    assert!((results.areas("random", "accuracy", "last")[&1] - 0.4).abs() < 1e-12);
    assert_eq!(results.warnings(), ["The program was built with local changes that no revision names."]);
}

#[test]
fn a_trial_that_is_not_complete_has_no_area_and_a_warning() {
    let results = validated(without(|r| r.sampler == "random" && r.seed == 1 && r.round == 1)).unwrap();
    assert_eq!(results.areas("random", "accuracy", "last").into_keys().collect::<Vec<_>>(), [0, 2]);
    let warnings = results.warnings();
    let expected = "1 of 6 trials are not complete, so means of different rounds are over different seeds: \
                    random-seed1 lacks round 1.";
    assert_eq!(warnings[0], expected);

    let warnings = validated(without(|r| r.sampler == "random")).unwrap().warnings();
    assert_eq!(warnings[0], "3 of 6 trials have no finished round: random-seed0, random-seed1, random-seed2.");
}

#[test]
fn a_round_that_lacks_the_primary_metric_has_a_warning() {
    let mut rows = full();
    rows[0].metric = "loss".into();
    let warnings = validated(rows).unwrap().warnings();
    assert_eq!(
        warnings[0],
        "Finished rounds without a value of accuracy, which means of accuracy leave out: random-seed0 round 0 (last)."
    );
}

#[test]
fn a_metric_that_only_some_rounds_have_has_a_warning() {
    let mut rows = full();
    rows.push(Record { metric: "accuracy/cat".into(), ..accuracy("random", 0, 0, 0.5) });
    let warnings = validated(rows).unwrap().warnings();
    let start = "Finished rounds without a value of accuracy/cat, which means of accuracy/cat leave out: random-seed0 round 1 (last), ";
    assert!(warnings[0].starts_with(start) && warnings[0].ends_with(" and 2 more."), "{warnings:?}");
}

#[test]
fn values_of_several_devices_and_a_foreign_manifest_have_warnings() {
    let mut rows = full();
    rows[3].device = "cuda:0".into();
    let mut other = manifest(&spec());
    other.experiment = "big".into();
    other.data.pool = 500;
    other.sessions[0].dirty = false;
    let warnings = Results::of(Path::new("small"), spec(), Some(other), records(rows)).unwrap().warnings();
    let expected = [
        "Values of 2 devices are averaged: cpu, cuda.",
        "manifest.json has experiment `big`, profile none, on shapes, but spec.toml has experiment `small`, profile none, on shapes: \
         one of them belongs to other results.",
        "manifest.json has a pool of 500 images, but the last round has 600 labels.",
    ];
    assert_eq!(warnings, expected);
}

#[test]
fn claims_of_a_resolved_spec_are_validated_although_its_hash_does_not_cover_them() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, &spec(), full());
    let path = folder.join("spec.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    for (more, part) in [
        ("[check]\nsmallest-difference = nan\n", "`check.smallest-difference` is NaN"),
        (
            "[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random'\nat = 'area'\nband = [92.0, 94.0]\n",
            "`expect[0].band` is [92, 94]",
        ),
    ] {
        std::fs::write(&path, format!("{text}\n{more}")).unwrap();
        let message = format!("{:#}", Results::read(&folder).unwrap_err());
        assert!(message.contains(part) && message.contains("spec.toml") && !message.contains('\n'), "{message}");
    }
    std::fs::write(&path, text.replace("[0, 1, 2]", "[0, 1, 1]")).unwrap();
    assert!(format!("{:#}", Results::read(&folder).unwrap_err()).contains("`seeds` names 1 twice"));
}

#[test]
fn sessions_that_differ_have_a_warning() {
    let mut other = manifest(&spec());
    let mut session = other.sessions[0].clone();
    (session.device, session.revision, session.dirty) = ("cuda:0 (H100)".into(), "def5678".into(), false);
    other.sessions = vec![session.clone(), session];
    other.sessions[0].device = "cpu".into();
    other.spec_hash = "0000".into();
    let warnings = Results::of(Path::new("small"), spec(), Some(other), records(full())).unwrap().warnings();
    let hash = spec().hash();
    assert_eq!(
        warnings,
        [
            format!("manifest.json has the protocol 0000, but spec.toml has {hash}: one of them belongs to other results."),
            "The sessions that made these results differ in the device (cpu, cuda (H100)), which can change values: devices round \
             differently."
                .into()
        ]
    );
    let none = Results::of(Path::new("small"), spec(), None, records(full())).unwrap();
    assert_eq!(none.warnings(), ["There is no manifest.json: where and on which data this ran is not known."]);
}

#[test]
fn failed_trials_are_listed_and_have_no_value() {
    let mut rows = without(|r| r.sampler == "random" && r.seed == 1 && r.round == 2);
    rows.push(Record {
        error: "out of\nmemory".into(),
        value: None,
        metric: String::new(),
        ..accuracy("random", 1, 2, 0.0)
    });
    let results = validated(rows).unwrap();
    let expected = Failure { sampler: "random".into(), seed: 1, round: 2, error: "out of memory".into() };
    assert_eq!(results.failures, [expected]);
    assert_eq!(results.at_round("random", "accuracy", "last", 2).len(), 2);
    assert_eq!(results.devices, ["cpu"]);
}

#[test]
fn a_record_that_does_not_fit_the_spec_is_an_error_with_its_line() {
    type Change = fn(&mut Record);
    let cases: [(&str, Change); 18] = [
        ("`train_seconds` is -5, which is not possible", |r| r.train_seconds = -5.0),
        ("`peak_rss_mb` is NaN, which is not possible", |r| r.peak_rss_mb = f64::NAN),
        ("a row with both a value and an error", |r| r.error = "killed".into()),
        ("or with a blank error", |r| (r.error, r.value) = (" ".into(), None)),
        ("a record of `other` in the results of `small`", |r| r.experiment = "other".into()),
        ("a record of `small-big` in the results of `small`", |r| r.profile = "big".into()),
        ("a record of `entropy`, which the spec does not name (random, core-set)", |r| r.sampler = "entropy".into()),
        ("a record of random with seed 7, which the spec does not name", |r| r.seed = 7),
        ("a record of round 3, but the spec has 3 rounds, counted from 0", |r| r.round = 3),
        ("9999 labels in round 1, where the spec has 400", |r| r.labeled = 9999),
        ("the selection rule `best-on-train` is not recorded by random", |r| r.select = "best-on-train".into()),
        ("the metric `f1` is not known here", |r| r.metric = "f1".into()),
        ("the metric `accuracy/` is not known here", |r| r.metric = "accuracy/".into()),
        ("round 1 has neither value nor error", |r| r.value = None),
        ("the accuracy of random, seed 0, round 1 is NaN", |r| r.value = Some(f64::NAN)),
        ("round 1 is 1000, which is not possible (it goes from 0 to 1)", |r| r.value = Some(1e3)),
        ("round 1 is -0.5, which is not possible", |r| r.value = Some(-0.5)),
        ("the loss of random, seed 0, round 1 is -1, which is not possible (it is at least 0)", |r| {
            (r.metric, r.value) = ("loss".into(), Some(-1.0));
        }),
    ];
    for (part, change) in cases {
        let message = error_of_changed(change);
        assert!(message.contains(part), "{message} lacks {part}");
    }
    let twice = error_of_changed(|r| r.round = 0);
    assert!(twice.contains("400 labels in round 0"), "{twice}");
    let mut rows = full();
    rows.push(rows[1].clone());
    let twice = format!("{:#}", validated(rows).unwrap_err());
    assert!(
        twice.contains("records.csv:20: repeats line 3 (core-set, seed 0, round 0, accuracy, last); remove one"),
        "{twice}"
    );
}

#[test]
fn metrics_of_classes_losses_and_epochs_are_known() {
    let mut rows = full();
    for (metric, value) in [("accuracy/cat/tabby", 0.5), ("loss", 3.5), ("epoch", 30.0), ("top-5-accuracy", 1.0)] {
        rows.push(Record { metric: metric.into(), ..accuracy("random", 0, 0, value) });
    }
    assert_eq!(validated(rows).unwrap().rules("loss").into_iter().collect::<Vec<_>>(), ["last"]);
}

#[test]
fn arms_know_their_protocol_and_rules_are_looked_up_by_arm() {
    let spec = spec_with("[variant.other]\ntrain.select.query = 'best-on-test'\nsamplers = ['random']");
    let results = results_of(&spec, vec![accuracy("random", 0, 0, 0.5)]);
    let arms = results.arms();
    let shown: Vec<_> = arms.iter().map(|a| (a.label.as_str(), a.variant, a.rule())).collect();
    let expected =
        [("random", None, "last"), ("core-set", None, "last"), ("random@other", Some("other"), "best-on-test")];
    assert_eq!(shown, expected);
    assert_eq!(results.rule(), Rule::Own);
    assert_eq!(results.rules_of("accuracy"), [Rule::Own, Rule::One("last")]);
    assert_eq!(results.select_of(&arms[2], Rule::Own), "best-on-test");
    assert_eq!(results.select_of(&arms[2], Rule::One("last")), "last");
}

#[test]
fn folders_without_results_are_refused_with_what_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let message = |folder: &Path| format!("{:#}", Results::read(folder).unwrap_err());
    let folder = dir.path().join("small");
    assert!(message(&folder).contains("no such results folder"));
    write_folder(&folder, &spec(), full());
    assert_eq!(Results::read(&folder).unwrap().folder, folder);
    std::fs::remove_file(folder.join("records.csv")).unwrap();
    assert!(message(&folder).contains("records.csv: not there yet; `pt4al run`"));
    std::fs::write(folder.join("losses.csv"), "index,pretext,task,held_out\n").unwrap();
    assert!(message(&folder).contains("was made by `pt4al correlate`"));
    std::fs::remove_file(folder.join("losses.csv")).unwrap();
    for (text, part) in [
        ("name,age\nAda,36\n", "records.csv:1: not the records of a trial: the column `experiment` is missing"),
        ("experiment;profile;sampler\na;b;c\n", "the column `experiment` is missing"),
    ] {
        std::fs::write(folder.join("records.csv"), text).unwrap();
        let message = message(&folder);
        assert!(message.contains(part) && !message.contains('\n'), "{message}");
    }
    let header = std::fs::read_to_string({
        write_folder(&folder, &spec(), full());
        folder.join("records.csv")
    });
    let text = header.unwrap();
    std::fs::write(folder.join("records.csv"), text.replace('\n', "\r\n")).unwrap();
    assert_eq!(
        Results::read(&folder).unwrap().records,
        Results::of(&folder, spec(), None, records(full())).unwrap().records
    );
    std::fs::write(folder.join("records.csv"), text.replacen('\n', "\n\n", 3)).unwrap();
    assert!(message(&folder).contains(" is empty, or a line break is in the row before it; remove it"));
    let broken = text.replacen("error", "\"err\nor\"", 1);
    std::fs::write(folder.join("records.csv"), broken).unwrap();
    assert!(!message(&folder).contains('\n'), "{}", message(&folder));
    let (all, last) = text.trim_end().rsplit_once('\n').unwrap();
    std::fs::write(folder.join("records.csv"), format!("{all}\n{}\n", last.replacen(',', ",\"a\nb\"", 1))).unwrap();
    assert!(!message(&folder).contains('\n'), "{}", message(&folder));
    // A line that was cut off, and a column that only another version can have written.
    std::fs::write(folder.join("records.csv"), &text[..text.len() - 30]).unwrap();
    assert!(message(&folder).contains("records.csv:19:"), "{}", message(&folder));
    let more = text.lines().map(|line| format!("{line},x\n")).collect::<String>();
    std::fs::write(folder.join("records.csv"), more).unwrap();
    assert!(message(&folder).contains("records.csv:1: the column `x` is not known here; these are of another version"));
}
