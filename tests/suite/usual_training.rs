//! Training as it is usual beside the paper's: AdamW, a one-cycle learning rate, label smoothing and RandAugment.

use crate::support::{TINY, Workplace, epochs, in_double_precision};
use crate::time_limit::same_as_without_limit;

const AUGMENT: &str = r#"augment = ["crop-4", "flip", { rand-augment = { operations = 2, magnitude = 9 } }]"#;
const SCHEDULE: &str = "schedule = { one-cycle = { warmup = 0.5, start = 4.0, end = 2.0, momentum = [0.85, 0.95] } }";

/// The tiny spec with all of it, for the task model and for the pretext learner, which has no label smoothing.
fn spec() -> String {
    let replaced = [
        (r#"augment = ["crop-4", "flip"]"#, format!("{AUGMENT}\nlabel-smoothing = 0.1")),
        (
            "optimizer.sgd = { lr = 0.05, momentum = 0.9, weight-decay = 5e-4 }",
            "optimizer.adamw = { lr = 0.01 }".into(),
        ),
        (r#"schedule = "cosine""#, SCHEDULE.into()),
        (r#"schedule = "constant""#, format!("{SCHEDULE}\n{AUGMENT}")),
    ];
    replaced.iter().fold(in_double_precision(TINY), |spec, (from, to)| {
        assert!(spec.contains(from), "{from}");
        spec.replace(from, to)
    })
}

#[test]
fn a_stopped_learner_and_trial_continue_to_the_same_values() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^pretext-batch";
    let stops = same_as_without_limit(&spec(), run, &["pretext-batch-seed0"], [350, 400, 450].into_iter());
    assert!(!stops.is_empty());
}

#[test]
fn a_stopped_trial_that_continues_from_weights_continues_to_the_same_values() {
    let run = "run tiny.toml --device cpu --jobs 1 --set seeds=[0] --only ^entropy --set train.start=continue";
    let stops = same_as_without_limit(&spec(), run, &["entropy-seed0"], [56, 74, 92].into_iter());
    assert!(!stops.is_empty());
}

/// Returns rate and loss of each epoch of one trial.
fn trained(sets: &str) -> Vec<(f64, f64)> {
    let place = Workplace::with(&spec());
    place.succeeds(&format!("run tiny.toml --device cpu --set seeds=[0] --only ^random {sets}"));
    let text = epochs(&place.path("results/tiny"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.records().map(Result::unwrap).map(|row| (row[7].parse().unwrap(), row[8].parse().unwrap())).collect()
}

/// Epochs of 20, 40 and 60 images have 2, 3 and 4 steps, so each training reaches the full rate in the last step of its first epoch,
/// and ends at an eighth of it.
#[test]
fn each_choice_changes_the_training_and_the_rate_of_an_epochs_last_step_is_recorded() {
    let all = trained("");
    let rates: Vec<f64> = all.iter().map(|epoch| epoch.0).collect();
    assert_eq!(rates.len(), 6);
    assert!(rates.iter().zip([0.01, 0.00125].iter().cycle()).all(|(a, b)| (a - b).abs() < 1e-12), "{rates:?}");
    for without in [
        "--set train.label-smoothing=0",
        "--set train.augment=['crop-4','flip']",
        "--set train.schedule.one-cycle.momentum=[0.9,0.9]",
        "--set train.optimizer.adamw.weight-decay=0.5",
    ] {
        let other = trained(without);
        let difference = all.iter().zip(&other).map(|(a, b)| (a.1 - b.1).abs()).fold(0.0, f64::max);
        assert!(difference > 1e-6, "{without}: {other:?}");
    }
}
