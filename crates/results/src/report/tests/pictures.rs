//! Static pictures look as they did when somebody looked at them.

use super::super::testing::pictures::{assert_looks_like, look_alike};
use super::super::testing::{accuracy, findings, full, loaded, spec, spec_text, spec_with};
use super::super::{Findings, Plot, png};
use crate::store::Record;

/// The curves of the primary metric.
fn picture(findings: &Findings) -> Vec<u8> {
    png(&Plot::of(findings, findings.primary_metric(), findings.rule()).unwrap()).unwrap()
}

#[test]
fn a_page_without_claims() {
    let shown = picture(&findings(&spec(), full()));
    assert_looks_like("curves", &shown);
    // One value that is a point higher shows.
    let raised = full().into_iter().map(|row| match (row.sampler.as_str(), row.round) {
        ("random", 1) => Record { value: row.value.map(|value| value + 0.01), ..row },
        _ => row,
    });
    assert!(!look_alike(&shown, &picture(&findings(&spec(), raised.collect()))));
    assert!(look_alike(&shown, &shown));
}

#[test]
fn two_seeds() {
    let rows = full().into_iter().filter(|row| row.seed < 2).collect();
    assert_looks_like("two-seeds", &picture(&findings(&spec(), rows)));
}

#[test]
fn a_single_round() {
    let mut one = spec();
    one.rounds.count = 1;
    let rows = full().into_iter().filter(|row| row.round == 0).collect();
    assert_looks_like("single-round", &picture(&findings(&one, rows)));
}

/// Fourteen arms, of which the later ones are better.
#[test]
fn fourteen_arms() {
    let variants: String = (1..7).map(|i| format!("[variant.departure-{i}]\ntrain.start = 'continue'\n")).collect();
    let spec = spec_with(&variants);
    let mut rows = Vec::new();
    for (i, (label, _)) in spec.arms().iter().enumerate() {
        for (seed, round) in (0..3).flat_map(|seed| (0..3).map(move |round| (seed, round))) {
            let value = 0.3 + 0.1 * round as f64 + 0.01 * i as f64 + 0.001 * ((seed * 7 + i as u64) % 5) as f64;
            rows.push(accuracy(label, seed, round, value));
        }
    }
    assert_eq!(spec.arms().len(), 14);
    assert_looks_like("fourteen-arms", &picture(&findings(&spec, rows)));
}

#[test]
fn segmentation() {
    let text = spec_text()
        .replace(
            "dataset.shapes = { pool = 1000, test = 20, side = 16, seed = 0 }",
            "dataset.cityscapes = { size = [64, 64], labels = 'label-train-ids' }",
        )
        .replace("arch = \"resnet18\"\nwidth = 4", "arch = \"drn-d-22\"\nwidth = 4")
        .replace("minibatch = 32", "minibatch = 8");
    let rows = full().into_iter().map(|row| Record { metric: "miou".into(), ..row }).collect();
    assert_looks_like("segmentation", &picture(&findings(&loaded(&text, None), rows)));
}
