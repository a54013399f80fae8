//! Compares runs of the tiny experiment with stored results, in double precision. In single precision, results depend on the
//! processor: each instruction set sums in another order, training amplifies rounding errors, and a near tie (the least sure
//! image, the best epoch) turns them into another result. In double precision the trainings agree to at least nine digits on
//! all instruction sets (`make golden` repeats them on each that the machine has), and these runs have no closer ties.
//!
//! A change of these results must be intended, because committed results were made by the old program. To store new ones, run
//! the tests once with `PT4AL_UPDATE_GOLDENS=1`, review the changes in `tests/suite/golden/`, and raise `LEARNER` in
//! `src/pretext/mod.rs` if pretext losses changed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::support::{TINY, Workplace, in_double_precision};

/// A change of a draw, weight or step makes a far larger difference, and another processor a far smaller one.
const TOLERANCE: f64 = 1e-9;

/// Runs the tiny experiment in double precision with `options`. Returns its results folder.
fn run(options: &[&str]) -> (Workplace, PathBuf) {
    let place = Workplace::with(&in_double_precision(TINY));
    let output = place.command("run tiny.toml --device cpu --set seeds=[0]").args(options).output().unwrap();
    assert!(output.status.success(), "{}", crate::support::stderr(&output));
    let folder = place.path("results/tiny");
    (place, folder)
}

/// Compares a CSV with the stored one. The last column is a number that may differ by the tolerance; all else must be equal.
fn compare(name: &str, got: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/golden").join(name);
    if std::env::var_os("PT4AL_UPDATE_GOLDENS").is_some_and(|wanted| wanted == "1") {
        return std::fs::write(path, got).unwrap();
    }
    let stored = std::fs::read_to_string(path).unwrap();
    let rows = |text: &str| -> Vec<(String, f64)> {
        let row = |line: &str| line.rsplit_once(',').map(|(key, value)| (key.into(), value.parse().unwrap())).unwrap();
        text.lines().skip(1).map(row).collect()
    };
    let (got, stored) = (rows(got), rows(&stored));
    assert_eq!(got.len(), stored.len(), "{name}");
    for (got, stored) in got.iter().zip(&stored) {
        assert_eq!(got.0, stored.0, "{name}");
        assert!((got.1 - stored.1).abs() < TOLERANCE * stored.1.abs().max(1.0), "{name}: {got:?}, stored {stored:?}");
    }
}

/// Returns the queries of trials of seed 0, each row with a name. `trials` has name and arm of each.
fn queries(folder: &Path, trials: &[(&str, &str)]) -> String {
    let mut text = String::from("name,round,rank,index\n");
    for (name, sampler) in trials {
        let queries = crate::support::queries(folder, &format!("{sampler}-seed0"));
        queries.lines().skip(1).for_each(|line| writeln!(text, "{name},{line}").unwrap());
    }
    text
}

fn losses(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("pretext/seed-0.csv")).unwrap()
}

#[test]
fn the_tiny_experiment_equals_its_stored_results() {
    compare_tiny(&[]);
}

/// A learning rate that is larger by a millionth of a millionth changes values about a thousand times as much as another
/// processor does, so that a near tie would change a result.
#[test]
fn nothing_in_the_tiny_experiment_depends_on_the_last_digits() {
    let rate = |table: &str| format!("{table}.optimizer.sgd.lr=0.05000000000005");
    compare_tiny(&["--set", &rate("train"), "--set", &rate("pretext")]);
}

/// Compares queries, losses and values of the tiny experiment with the stored ones.
fn compare_tiny(options: &[&str]) {
    let (_place, folder) = run(options);
    let samplers = ["random", "entropy", "core-set", "pretext-batch"];
    compare("queries.csv", &queries(&folder, &samplers.map(|sampler| (sampler, sampler))));
    compare("rotation-losses.csv", &losses(&folder));
    let mut reader = csv::Reader::from_path(folder.join("records.csv")).unwrap();
    let mut text = String::from("sampler,round,metric,value\n");
    for row in reader.records().map(Result::unwrap) {
        writeln!(text, "{},{},{},{}", &row[2], &row[4], &row[6], &row[8]).unwrap();
    }
    compare("values.csv", &text);
}

/// Compares the losses of one pretext learner with the stored ones.
fn compare_losses(name: &str, options: &[&str]) {
    let alone = ["--only", "^pretext-batch", "--set", "rounds.count=1", "--set", "pretext.batches=3"];
    let (_place, folder) = run(&[&alone, options].concat());
    compare(name, &losses(&folder));
}

#[test]
fn colorization_losses_equal_the_stored_ones() {
    compare_losses("colorization-losses.csv", &["--set", "pretext.task=colorization"]);
}

#[test]
fn jigsaw_losses_equal_the_stored_ones() {
    compare_losses("jigsaw-losses.csv", &["--set", "pretext.task={jigsaw={grid=2,permutations=6}}"]);
}

#[test]
fn simsiam_losses_equal_the_stored_ones() {
    let jitter = "{colour-jitter={brightness=0.4,contrast=0.4,saturation=0.4,probability=0.8}}";
    let augment = format!("pretext.augment=['crop-4','flip',{jitter},{{grayscale=0.2}}]");
    let task = "pretext.task={simsiam={views=2,dimension=8}}";
    compare_losses("simsiam-losses.csv", &["--set", task, "--set", &augment]);
}

/// Initial sets that are chosen by the pretext learner's features.
#[test]
fn initial_sets_by_features_equal_the_stored_ones() {
    let mut text = String::from("name,round,rank,index\n");
    let typical = "{typical={clusters=12,neighbours=5}}";
    for (name, set) in [("core-set", "core-set"), ("typical", typical)] {
        let (_place, folder) =
            run(&["--only", "^random", "--set", "rounds.count=1", "--set", &format!("initial-set={set}")]);
        text += queries(&folder, &[(name, "random")]).split_once('\n').unwrap().1;
    }
    compare("initial-sets.csv", &text);
}
