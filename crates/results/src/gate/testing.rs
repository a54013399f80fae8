//! Made-up results for the tests of the gate: random and core-set, some seeds, 3 rounds of 200 labels.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use crate::report::testing::{accuracy, manifest, records};
pub use crate::report::testing::{spec, spec_with};
use crate::results::Results;
use crate::spec::Spec;
use crate::store::Record;

/// Accuracies around 0.4, 0.5 and 0.6 plus `offset`, which differ by up to 0.02 between seeds and trials.
pub fn curves(seeds: Range<u64>, offset: f64) -> Vec<Record> {
    let mut rows = Vec::new();
    for seed in seeds {
        for (i, sampler) in ["random", "core-set"].into_iter().enumerate() {
            for round in 0..3 {
                let scatter = (seed * 7 + i as u64 * 5 + round as u64 * 3) % 11;
                let value = 0.4 + 0.1 * round as f64 + 0.002 * scatter as f64 + offset;
                rows.push(accuracy(sampler, seed, round, value));
            }
        }
    }
    rows
}

/// Results with these rows. The seeds of the spec become those that have rows.
pub fn results(folder: &str, spec: &Spec, rows: Vec<Record>) -> Results {
    let seeds: BTreeSet<u64> = rows.iter().map(|row| row.seed).collect();
    let spec = Spec { seeds: seeds.into_iter().collect(), ..spec.clone() };
    Results::of(Path::new(folder), spec.clone(), Some(manifest(&spec)), records(rows)).unwrap()
}
