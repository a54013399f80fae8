//! Stored runs of the tiny experiment. Whoever changes what it gives must mean to: every stored result is of the
//! program that gave it. If so, replace the files in `tests/suite/golden/` by what the runs of these tests leave, and
//! raise `LEARNER` in `src/pretext/mod.rs` if pretext losses changed.

use std::path::Path;

use crate::support::{Workplace, queries};

/// Processors differ in the last bits of sums; a changed draw, weight or step differs by far more.
const TOLERANCE: f64 = 1e-3;

/// The last column of each row, and the rest.
fn numbers(text: &str) -> Vec<(String, f64)> {
    let row = |line: &str| line.rsplit_once(',').map(|(key, value)| (key.to_owned(), value.parse().unwrap())).unwrap();
    text.lines().skip(1).map(row).collect()
}

fn equal(what: &str, got: &[(String, f64)], stored: &[(String, f64)]) {
    assert_eq!(got.len(), stored.len(), "{what}");
    for (got, stored) in got.iter().zip(stored) {
        assert_eq!(got.0, stored.0, "{what}");
        // A cosine may be near 0.
        assert!((got.1 - stored.1).abs() < TOLERANCE * stored.1.abs().max(1.0), "{what}: {got:?}, stored {stored:?}");
    }
}

fn stored(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/golden").join(name)).unwrap()
}

/// The pretext losses of seed 0 in a results folder, against the stored ones.
fn equal_losses(folder: &Path, name: &str) {
    let losses = std::fs::read_to_string(folder.join("pretext/seed-0.csv")).unwrap();
    equal(name, &numbers(&losses), &numbers(&stored(name)));
}

#[test]
fn the_tiny_experiment_gives_what_it_gave() {
    let place = Workplace::new();
    place.succeeds("run tiny.toml --device cpu --only ^(random|pretext-batch)-seed0$");
    let folder = place.path("results/tiny");
    assert_eq!(queries(&folder, "random-seed0"), stored("queries-random-seed0.csv"));
    equal_losses(&folder, "pretext-losses-seed0.csv");

    let mut reader = csv::Reader::from_path(folder.join("records.csv")).unwrap();
    // Not what was trained on the answer of a model: it may be hardly sure of any image, and the last bits, in which
    // processors differ, then decide which of two are asked for.
    let chosen_alike = |r: &csv::StringRecord| &r[2] == "random" || &r[4] == "0";
    let losses = reader.records().map(Result::unwrap).filter(|r| &r[6] == "loss");
    let rows: Vec<csv::StringRecord> = losses.filter(chosen_alike).collect();
    let key = |r: &csv::StringRecord| (r.iter().skip(2).take(6).collect::<Vec<_>>().join(","), r[8].parse().unwrap());
    equal("test losses", &rows.iter().map(key).collect::<Vec<_>>(), &numbers(&stored("losses.csv")));
}

#[test]
fn colorization_gives_the_losses_that_it_gave() {
    let place = Workplace::new();
    let colorization = "--set pretext.task=colorization --set rounds.count=1";
    place.succeeds(&format!("run tiny.toml --device cpu --only ^pretext-batch-seed0$ {colorization}"));
    equal_losses(&place.path("results/tiny"), "colorization-losses-seed0.csv");
}

/// `options` beside those of the tiny experiment's learner.
fn other_task_gives(name: &str, options: &[&str]) {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only ^pretext-batch-seed0$ --set rounds.count=1 --set pretext.batches=3";
    let mut command = place.command(run);
    command.args(options.iter().flat_map(|option| ["--set", option]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", crate::support::stderr(&output));
    equal_losses(&place.path("results/tiny"), name);
}

#[test]
fn jigsaw_gives_the_losses_that_it_gave() {
    let task = "pretext.task={jigsaw={grid=2,permutations=6}}";
    other_task_gives("jigsaw-losses-seed0.csv", &[task]);
}

#[test]
fn simsiam_gives_the_losses_that_it_gave() {
    let task = "pretext.task={simsiam={views=2,dimension=8}}";
    let jitter = "{colour-jitter={brightness=0.4,contrast=0.4,saturation=0.4,probability=0.8}}";
    let augment = format!("pretext.augment=['crop-4','flip',{jitter},{{grayscale=0.2}}]");
    other_task_gives("simsiam-losses-seed0.csv", &[task, &augment]);
}
