//! Each departure of the official code from the paper is a switch that changes what it names and nothing else. Departures that
//! can be worked out by hand have their tests in their module: the order of losses (`pt4al_results::batches`), the confidence
//! (`task::uncertainty`), the order of colours (`dataset::on_device`), the cold start (`sampler::tests`), the forward passes
//! (`pretext::rotation`).

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{TINY, Workplace, in_double_precision, queries};

/// Reads `records.csv` as a map from sampler, seed, round, metric and selection rule to the value.
fn records(folder: &Path) -> BTreeMap<(String, u64, usize, String, String), f64> {
    let mut reader = csv::Reader::from_path(folder.join("records.csv")).unwrap();
    let row = |r: csv::StringRecord| {
        let key = (r[2].into(), r[3].parse().unwrap(), r[4].parse().unwrap(), r[6].into(), r[7].into());
        (key, r[8].parse().unwrap())
    };
    reader.records().map(Result::unwrap).map(row).collect()
}

fn value(folder: &Path, sampler: &str, round: usize, metric: &str, rule: &str) -> f64 {
    records(folder)[&(sampler.to_owned(), 0, round, metric.to_owned(), rule.to_owned())]
}

/// Runs the tiny experiment with one seed and `variants` appended. Returns its results folder.
fn run(samplers: &str, variants: &str) -> (Workplace, std::path::PathBuf) {
    let spec = TINY
        .replace("seeds = [0, 1]", "seeds = [0]")
        .replace(r#"["random", "entropy", "core-set", "pretext-batch"]"#, samplers);
    let place = Workplace::with(&in_double_precision(&format!("{spec}{variants}")));
    place.succeeds("run tiny.toml --device cpu");
    let folder = place.path("results/tiny");
    (place, folder)
}

/// The switches of the first public code: one rotation for each image, losses sorted as strings and ascending, class-balanced
/// queries.
#[test]
fn the_first_public_code_is_a_variant() {
    let variants = r#"
[variant.published-2021]
samplers = [{ pretext-batch = { within = "class-balanced" } }]
channels = "bgr"
train.start = "continue"
train.select = { query = "best-on-test", record = ["best-on-test", "last"], every = 1 }
pretext.order = "published-string-sort-low-first"
pretext.forward = "one-rotation"
pretext.augment = ["crop-4", "flip"]
"#;
    let (_place, folder) = run(r#"["pretext-batch"]"#, variants);
    assert_ne!(
        queries(&folder, "pretext-batch-seed0"),
        queries(&folder, "pretext-batch-class-balanced@published-2021-seed0")
    );
    // The pretext learner differs too: a step has a quarter of the forward passes.
    let losses = |name: &str| std::fs::read_to_string(folder.join("pretext").join(name)).unwrap();
    assert_ne!(losses("seed-0.csv"), losses("published-2021-seed-0.csv"));
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("`pretext.forward`: \"separate\" -> \"one-rotation\""), "{page}");
    assert!(page.contains("Share of a pretext batch that a query labels: 30 % (20 of 66 images)"), "{page}");
}

/// After random initial labels, round 1 queries batch 1, unless the spec says batch 0.
#[test]
fn the_first_query_is_of_the_batch_that_the_spec_says() {
    let variants = "[variant.first]\ninitial-set = \"random\"\npretext.first-query = \"batch-0\"\n\
                    [variant.second]\ninitial-set = \"random\"\n";
    let (_place, folder) = run(r#"["pretext-batch"]"#, variants);
    let losses = pt4al_results::store::Losses::read(&folder.join("pretext/seed-0.csv")).unwrap();
    let batches = pt4al_results::batches::split_into_batches(&losses, pt4al_results::spec::LossOrder::Loss, 3);
    let queried = |variant: &str, round: usize| {
        let path = folder.join(format!("queries/pretext-batch@{variant}-seed0.csv"));
        pt4al_results::store::Queries::read(&path).unwrap().rounds[round].clone()
    };
    for (variant, first) in [("first", 0), ("second", 1)] {
        for round in [1, 2] {
            let batch = &batches[first + round - 1];
            assert!(queried(variant, round).iter().all(|index| batch.contains(index)), "{variant}, round {round}");
        }
    }
    assert_eq!(queried("first", 0), queried("second", 0));
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("Pretext batch 0 is never queried in `second`:"), "{page}");
}

#[test]
fn start_continues_from_the_round_before() {
    let still = "[variant.continue]\ntrain.start = \"continue\"\n";
    let (_place, folder) = run(r#"["random"]"#, still);
    let loss = |sampler: &str, round| value(&folder, sampler, round, "loss", "last");
    // Round 0 has no weights to continue from.
    assert_eq!(loss("random", 0), loss("random@continue", 0));
    assert_ne!(loss("random", 1), loss("random@continue", 1));
    assert_eq!(queries(&folder, "random-seed0"), queries(&folder, "random@continue-seed0"));
    // No weights are kept after the last round.
    let kept = walkdir::WalkDir::new(&folder).into_iter().map(Result::unwrap);
    assert!(kept.into_iter().all(|entry| entry.path().extension().is_none_or(|ending| ending != "safetensors")));
}

/// With a learning rate of almost 0, a continued round differs from a fresh one only by its weights, which are those of round 0
/// in every round.
#[test]
fn a_continued_round_starts_with_the_weights_of_the_round_before() {
    let still = "[variant.continue]\ntrain.start = \"continue\"\n";
    let spec = TINY
        .replace("seeds = [0, 1]", "seeds = [0]")
        .replace(r#"["random", "entropy", "core-set", "pretext-batch"]"#, r#"["random"]"#)
        .replace("lr = 0.05, momentum = 0.9, weight-decay = 5e-4", "lr = 1e-30, momentum = 0.0, weight-decay = 0.0")
        // Enough epochs for batch norm's statistics to become those of the round's labels.
        .replace("epochs = 2", "epochs = 60");
    let place = Workplace::with(&in_double_precision(&format!("{spec}{still}")));
    place.succeeds("run tiny.toml --device cpu");
    let folder = place.path("results/tiny");
    let loss = |sampler: &str, round| value(&folder, sampler, round, "loss", "last");
    let near = |a: f64, b: f64| (a - b).abs() < 0.2 * (a - loss("random", 1)).abs();
    assert!(near(loss("random@continue", 1), loss("random", 0)), "{:?}", records(&folder));
}

/// Accuracies are of 200 pool images instead of 60 test images; trainings and queries stay the same.
#[test]
fn evaluation_on_train_images_changes_the_images_and_nothing_else() {
    let (_place, folder) = run(r#"["pretext-batch"]"#, "[variant.train-images]\ntrain.select.images = \"train\"\n");
    assert_eq!(
        queries(&folder, "pretext-batch-seed0"),
        queries(&folder, "pretext-batch@train-images-seed0"),
        "the model of the last epoch queries, and it is the same"
    );
    let whole = |x: f64| (x - x.round()).abs() < 1e-6;
    let mut differ = false;
    for round in 0..3 {
        let (test, train) = (
            value(&folder, "pretext-batch", round, "accuracy", "last"),
            value(&folder, "pretext-batch@train-images", round, "accuracy", "last"),
        );
        assert!(whole(60.0 * test) && whole(200.0 * train), "{test} {train}");
        differ |= !whole(60.0 * train);
    }
    assert!(differ, "all values could be accuracies of 60 images");
}

/// The rule that reports also queries, and it may choose another epoch than the last.
#[test]
fn selection_by_the_test_images_reports_and_queries() {
    let best = "[variant.best]\ntrain.select = { query = \"best-on-test\", record = [\"best-on-test\", \"last\"], every = 1 }\n\
                train.epochs = 6\n[variant.last]\ntrain.epochs = 6\n";
    let (_place, folder) = run(r#"["entropy"]"#, best);
    // In round 0 both variants train on the same labels.
    for metric in ["accuracy", "loss"] {
        assert_eq!(
            value(&folder, "entropy@best", 0, metric, "last"),
            value(&folder, "entropy@last", 0, metric, "last")
        );
    }
    for round in 0..3 {
        let accuracy = |rule| value(&folder, "entropy@best", round, "accuracy", rule);
        assert!(accuracy("best-on-test") >= accuracy("last"));
    }
    let epoch = value(&folder, "entropy@best", 0, "epoch", "best-on-test");
    let same = queries(&folder, "entropy@best-seed0") == queries(&folder, "entropy@last-seed0");
    assert_eq!(same, epoch == 6.0, "only another epoch's model makes another query; the epoch was {epoch}");
}

/// The switches for order, cold start, colours and augmentation: what each changes, and what it must not change.
#[test]
fn switches_change_what_they_name() {
    let variants = r#"
[variant.strings]
pretext.order = "published-string-sort"
[variant.low-first]
pretext.order = "loss-low-first"
[variant.batch-2]
initial-set = { pretext-stride = { batch = 2 } }
[variant.bgr]
channels = "bgr"
[variant.augmented]
pretext.augment = ["crop-4", "flip"]
[variant.unshuffled]
pretext.forward = "separate-unshuffled"
"#;
    let (_place, folder) = run(r#"["pretext-batch"]"#, variants);
    let initial = |variant: &str| -> Vec<usize> {
        let at = if variant.is_empty() { String::new() } else { format!("@{variant}") };
        let text = queries(&folder, &format!("pretext-batch{at}-seed0"));
        text.lines()
            .skip(1)
            .filter(|l| l.starts_with("0,"))
            .map(|l| l.rsplit(',').next().unwrap().parse().unwrap())
            .collect()
    };
    // Other images or another training make another file of losses; another order of the same losses does not.
    let mut files: Vec<String> = std::fs::read_dir(folder.join("pretext"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    files.sort();
    assert_eq!(files, ["augmented-seed-0.csv", "bgr-seed-0.csv", "seed-0.csv", "unshuffled-seed-0.csv"]);
    let losses = |name: &str| -> Vec<(usize, f64)> {
        let text = std::fs::read_to_string(folder.join("pretext").join(name)).unwrap();
        let row = |l: &str| l.split_once(',').map(|(i, loss)| (i.parse().unwrap(), loss.parse().unwrap())).unwrap();
        text.lines().skip(1).map(row).collect()
    };
    for name in &files {
        assert_eq!(losses(name).len(), 200);
        assert_eq!(losses(name) == losses("seed-0.csv"), name == "seed-0.csv", "{name}");
    }
    // 200 images are 3 batches of 67, 67 and 66 images. The initial labels are 20 at even intervals over one batch.
    let mut sorted = losses("seed-0.csv");
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let strides = |sorted: &[(usize, f64)], start: usize, len: usize| -> Vec<usize> {
        (0..20).map(|i| sorted[start + i * len / 20].0).collect()
    };
    assert_eq!(initial(""), strides(&sorted, 0, 67));
    assert_eq!(initial("batch-2"), strides(&sorted, 134, 66));
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1).then(a.0.cmp(&b.0)));
    assert_eq!(initial("low-first"), strides(&sorted, 0, 67));
    // All losses are between 1e-4 and 10, where strings sort as numbers do.
    assert_eq!(initial("strings"), initial(""));
}

/// If there are fewer batches than rounds, consecutive rounds share a batch. A query that is larger than a batch is refused
/// before anything runs.
#[test]
fn the_number_of_batches_need_not_be_the_number_of_rounds() {
    let (place, folder) = run(r#"["pretext-batch"]"#, "[variant.two]\npretext.batches = 2\n");
    let text = queries(&folder, "pretext-batch@two-seed0");
    let round = |wanted: usize| -> Vec<usize> {
        let in_round = |l: &&str| l.split(',').next().unwrap().parse::<usize>().unwrap() == wanted;
        text.lines().skip(1).filter(in_round).map(|l| l.rsplit(',').next().unwrap().parse().unwrap()).collect()
    };
    let losses = std::fs::read_to_string(folder.join("pretext/seed-0.csv")).unwrap();
    let row =
        |l: &str| l.split_once(',').map(|(i, x)| (i.parse::<usize>().unwrap(), x.parse::<f64>().unwrap())).unwrap();
    let mut sorted: Vec<(usize, f64)> = losses.lines().skip(1).map(row).collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let rank = |index: usize| sorted.iter().position(|row| row.0 == index).unwrap();
    // Round i of 3 queries batch floor(2 i / 3): 0, 0 and 1.
    assert!(round(0).iter().chain(&round(1)).all(|&index| rank(index) < 100));
    assert!(round(2).iter().all(|&index| rank(index) >= 100));
    let output = place.pt4al("run tiny.toml --device cpu --results other --set pretext.batches=20");
    let text = crate::support::stderr(&output);
    assert!(text.contains("a pretext batch of 10 images (200 in 20 batches)"), "{text}");
}
