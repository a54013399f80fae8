//! Rounds whose pretext batch has too few unlabeled images.

use std::collections::BTreeSet;

use crate::support::{Workplace, queries, stderr};

/// Two pretext batches of 20 images; the 20 initial labels may be in either.
const SHORT: &str = "--device cpu --only ^pretext-batch-seed0$ --set dataset.shapes.pool=40 --set pretext.batches=2 \
                     --set initial-set=random --set rounds.query=10";

#[test]
fn a_pretext_batch_that_may_be_too_small_is_refused_before_anything_is_trained() {
    let place = Workplace::new();
    for verb in ["run", "plan"] {
        let output = place.pt4al(&format!("{verb} tiny.toml {}", SHORT.replace("--only ^pretext-batch-seed0$", "")));
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(
            text.contains("a pretext batch has 20 images (40 in 2 batches)") && text.contains("`pretext.short-batch`"),
            "{text}"
        );
        assert!(!place.path("results").exists(), "nothing may be written");
    }
    // With 200 images a pretext batch is always large enough.
    place.succeeds("run tiny.toml --device cpu --only ^pretext-batch-seed0$ --set initial-set=random");
}

#[test]
fn the_next_pretext_batch_fills_up_if_the_spec_says_so() {
    let place = Workplace::new();
    place.succeeds(&format!("run tiny.toml {SHORT} --set pretext.short-batch=next-batch"));
    let folder = place.path("results/tiny");
    let queried = queries(&folder, "pretext-batch-seed0");
    let indices = |round: &str| -> BTreeSet<usize> {
        let rows = queried.lines().skip(1).filter(|line| line.starts_with(round));
        rows.map(|line| line.rsplit(',').next().unwrap().parse().unwrap()).collect()
    };
    // Every image of the pool is queried once.
    assert_eq!((indices("0,").len(), indices("1,").len(), indices("2,").len()), (20, 10, 10));
    assert_eq!(["0,", "1,", "2,"].iter().flat_map(|round| indices(round)).collect::<BTreeSet<_>>().len(), 40);
    // Round 1 has pretext batch floor(1 x 2 / 3) = 0 and round 2 has batch 1. The rest of a round's own batch comes first.
    let losses = std::fs::read_to_string(folder.join("pretext/seed-0.csv")).unwrap();
    let row = |l: &str| l.split_once(',').map(|(i, x)| (i.parse().unwrap(), x.parse().unwrap())).unwrap();
    let mut sorted: Vec<(usize, f64)> = losses.lines().skip(1).map(row).collect();
    sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let batch: BTreeSet<usize> = sorted[..20].iter().map(|row| row.0).collect();
    let left = batch.difference(&indices("0,")).count();
    assert_eq!(indices("1,").intersection(&batch).count(), left.min(10));
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("`pretext.short-batch = \"next-batch\"`"), "{page}");
}
