//! The gate finds a real regression, and does not report other seeds as one.

use crate::support::{Workplace, in_double_precision, stderr, stdout};

/// An experiment of seconds with two samplers, whose accuracies are far above chance (10 %).
const LEARNS: &str = r#"
title = "Learns"
seeds = [0, 1, 2]
samplers = ["random", "entropy"]
[dataset.shapes]
pool = 600
test = 300
side = 12
seed = 0
[rounds]
count = 2
initial = 100
query = 100
[model]
arch = "resnet18"
width = 2
[train]
start = "fresh"
epochs = 15
minibatch = 16
augment = ["flip"]
optimizer.sgd = { lr = 0.02, momentum = 0.9, weight-decay = 5e-4 }
schedule = "cosine"
select = { query = "last", record = ["last"] }
"#;

#[test]
fn the_gate_finds_a_far_too_small_learning_rate_and_holds_with_other_seeds() {
    let place = Workplace::with(&in_double_precision(LEARNS));
    place.succeeds("run tiny.toml --device cpu");
    place.succeeds("baseline accept results/tiny --as accepted --reason x");
    let run = |to: &str, set: &str| {
        place.succeeds(&format!("run tiny.toml --device cpu --results {to} --set {set}"));
    };
    run("seeds", "seeds=[10,11,12]");
    run("broken", "train.optimizer.sgd.lr=0.0001");

    let check = |results: &str, more: &str| place.pt4al(&format!("check {results}/tiny --against accepted {more}"));
    let same = check("results", "");
    assert_eq!(same.status.code(), Some(0), "{}", stderr(&same));
    assert!(stdout(&same).contains("held: all values are the same"), "{}", stdout(&same));
    let held = check("seeds", "");
    assert_eq!(held.status.code(), Some(0), "{}{}", stdout(&held), stderr(&held));

    let refused = check("broken", "");
    assert_eq!(refused.status.code(), Some(2), "{}", stdout(&refused));
    let error = stderr(&refused);
    assert!(error.contains("these differ: train.optimizer.sgd.lr: 0.02 -> 0.0001; run what"), "{error}");
    let moved = check("broken", "--allow train --junit check.xml");
    let (code, text) = (moved.status.code(), stdout(&moved));
    assert_eq!(code, Some(1), "{text}{}", stderr(&moved));
    for sampler in ["random", "entropy"] {
        let row =
            text.lines().find(|line| line.starts_with(&format!("| {sampler} "))).unwrap_or_else(|| panic!("{text}"));
        assert!(row.contains(" worse |") && !row.contains("better"), "{text}");
    }
    assert!(text.lines().any(|line| line.starts_with("moved: ")), "{text}");
    assert!(std::fs::read_to_string(place.path("check.xml")).unwrap().contains("<failure type=\"worse\""));
}
