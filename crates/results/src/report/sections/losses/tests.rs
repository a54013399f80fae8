use std::path::Path;

use super::*;
use crate::report::testing::{assert_well_formed, full, loaded, spec, write_folder};

const SPEC: &str = r#"
title = "t"
seeds = [0, 1, 2]
samplers = ["random", "pretext-batch"]
dataset.shapes = { pool = 1000, test = 20, side = 16, seed = 0 }
rounds = { count = 3, initial = 200, query = 200 }
model = { arch = "resnet18", width = 4 }
[train]
start = "fresh"
epochs = 1
minibatch = 32
augment = []
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last"], every = 1 }
[pretext]
task = "rotation"
epochs = 1
minibatch = 32
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
checkpoint = "last"
forward = "together"
order = "loss"
batches = 2
[variant.strings]
pretext.order = "published-string-sort"
[variant.longer]
pretext.epochs = 2
[variant.same]
train.epochs = 2
"#;

/// Six losses: 9e-5 sorts before the others as a string.
fn folder(root: &Path) {
    let rows = full().into_iter().filter(|row| row.sampler == "random").collect();
    write_folder(root, &loaded(SPEC, None), rows);
    let losses = [0.5, 9e-5, 4.0, 0.25, 1.0, 2.0].into_iter().enumerate().collect();
    Losses { rows: losses }.write(&losses_path(root, None, 0)).unwrap();
}

#[test]
fn losses_are_shown_once_for_each_file_and_order() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("small");
    folder(&root);
    let section = section(&Findings::read(&root).unwrap()).unwrap();
    let text = section.markdown();
    // 4, 2, 1 and 0.5, 0.25, 9e-5; as strings 9e-05, 4, 2 and 1, 0.5, 0.25.
    assert!(text.contains("| experiment, same (loss)         | 2.33 | 0.250 |"), "{text}");
    assert!(text.contains("| strings (published-string-sort) | 2.00 | 0.583 |"), "{text}");
    let squeezed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let quantiles = "| experiment | 9.00e-5 | 9.00e-5 | 0.250 | 1.00 | 2.00 | 4.00 | 4.00 | 1 | 6 |";
    assert!(squeezed.contains(quantiles), "{text}");
    assert!(text.ends_with("The losses of seed 0 are not in the folder: `pretext/longer-seed-0.csv`.\n"), "{text}");
    assert_eq!(section.figures().count(), 1);
    let svg = &section.figures().next().unwrap().svg;
    assert_well_formed(svg);
    assert!(svg.contains("loss (nats, logarithmic)") && svg.contains("strings (published-string-sort)"));
}

#[test]
fn nothing_is_shown_where_no_losses_are_read_and_damage_is_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("small");
    write_folder(&root, &spec(), full());
    assert_eq!(section(&Findings::read(&root).unwrap()).unwrap().markdown(), "");
    folder(&root);
    std::fs::write(losses_path(&root, None, 0), "index,loss\n0,much\n").unwrap();
    let error = format!("{:#}", section(&Findings::read(&root).unwrap()).unwrap_err());
    assert!(error.contains("seed-0.csv: not pretext losses") && !error.contains('\n'), "{error}");
}

#[test]
fn numbers_have_three_digits() {
    let shown = [0.0, 9e-5, 0.001234, 0.01234, 1.2345, 12.34, 1234.0].map(number);
    assert_eq!(shown, ["0", "9.00e-5", "0.00123", "0.0123", "1.23", "12.3", "1234"]);
}
