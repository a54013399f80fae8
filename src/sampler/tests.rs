//! Every sampler on a pool made of numbers: image i has the feature vector and the uncertainty that the test gives.

use std::collections::HashSet;

use anyhow::Result;
use proptest::prelude::*;
use tch::{Kind, Tensor};

use super::{Initial, PoolView, k_center_greedy, sampler};
use crate::seed::{self, Purpose};
use crate::spec::{PretextBatchSpec, SamplerSpec, Uncertainty};

struct Fake {
    round: usize,
    labeled: Vec<usize>,
    unlabeled: Vec<usize>,
    /// By position.
    uncertainty: Vec<f64>,
    /// By position.
    features: Vec<[f32; 2]>,
    batches: Vec<Vec<usize>>,
}

impl Fake {
    fn new(uncertainty: Vec<f64>, labeled: Vec<usize>, batches: usize) -> Self {
        let n = uncertainty.len();
        let size = n.div_ceil(batches);
        Self {
            round: 1,
            unlabeled: (0..n).filter(|i| !labeled.contains(i)).collect(),
            labeled,
            features: (0..n).map(|i| [i as f32, (i * i % 7) as f32]).collect(),
            batches: (0..n).rev().collect::<Vec<_>>().chunks(size).map(<[usize]>::to_vec).collect(),
            uncertainty,
        }
    }
}

impl PoolView for Fake {
    fn round(&self) -> usize {
        self.round
    }
    fn unlabeled(&self) -> &[usize] {
        &self.unlabeled
    }
    fn labeled(&self) -> &[usize] {
        &self.labeled
    }
    fn uncertainty(&self, _: Uncertainty, positions: &[usize]) -> Result<Vec<f64>> {
        Ok(positions.iter().map(|&i| self.uncertainty[i]).collect())
    }
    fn features(&self, positions: &[usize]) -> Result<Tensor> {
        let rows: Vec<f32> = positions.iter().flat_map(|&i| self.features[i]).collect();
        Ok(Tensor::from_slice(&rows).reshape([positions.len() as i64, 2]))
    }
    fn pretext_batch(&self, round: usize) -> Result<&[usize]> {
        Ok(&self.batches[round])
    }
}

fn all() -> Vec<SamplerSpec> {
    use SamplerSpec::{CoreSet, Entropy, LeastConfidence, Margin, Random};
    vec![Random, Entropy, LeastConfidence, Margin, CoreSet, pretext_batch()]
}

fn pretext_batch() -> SamplerSpec {
    SamplerSpec::PretextBatch(PretextBatchSpec { within: Uncertainty::LeastConfidence })
}

fn query(spec: &SamplerSpec, pool: &Fake, n: usize, seed: u64) -> Vec<usize> {
    sampler(spec).query(pool, n, &mut seed::stream(seed, Purpose::Query, &[])).unwrap()
}

#[test]
fn uncertain_samplers_take_the_highest_and_break_ties_by_position() {
    let pool = Fake::new(vec![0.1, 0.9, 0.5, 0.9, 0.7, 0.0], vec![4], 2);
    assert_eq!(query(&SamplerSpec::Entropy, &pool, 3, 0), [1, 3, 2]);
}

#[test]
fn pretext_batch_asks_the_rounds_batch_alone() {
    // Batches of the reversed positions: [5, 4, 3] and [2, 1, 0].
    let mut pool = Fake::new(vec![0.1, 0.3, 0.2, 0.9, 0.9, 0.9], vec![4], 2);
    let spec = &pretext_batch();
    assert_eq!(query(spec, &pool, 2, 0), [1, 2]);
    pool.round = 0;
    assert_eq!(query(spec, &pool, 2, 0), [3, 5]);
}

#[test]
fn the_first_labels_are_even_strides_of_batch_0() {
    let pool = Fake::new(vec![0.0; 20], vec![], 2);
    let chosen = Initial::PretextStride.choose(&pool, 5, &mut seed::stream(0, Purpose::InitialLabels, &[])).unwrap();
    assert_eq!(chosen, [19, 17, 15, 13, 11]);
}

#[test]
fn random_starts_are_shared_by_all_samplers_of_a_seed() {
    let pool = Fake::new(vec![0.0; 50], vec![], 2);
    let first = |seed| Initial::Random.choose(&pool, 10, &mut seed::stream(seed, Purpose::InitialLabels, &[])).unwrap();
    assert_eq!(first(1), first(1));
    assert_ne!(first(1), first(2));
    let starts_at_random = |spec: &SamplerSpec| sampler(spec).initial() == Initial::Random;
    assert!(all().iter().all(|spec| starts_at_random(spec) == (*spec != pretext_batch())));
}

#[test]
fn core_set_picks_the_farthest_first() {
    let at = |points: &[f32]| Tensor::from_slice(points).unsqueeze(1);
    // Center at 0: first 10, then 5 (5 from both), then 2 or 7 (2 apart from 0 and 3 from 5: 2 -> 2, 7 -> 2).
    assert_eq!(k_center_greedy(&at(&[2., 10., 5., 7.]), &at(&[0.]), 2), [1, 2]);
    // Equal images are picked once each, and never more than there are.
    let mut picks = k_center_greedy(&at(&[3., 3., 3.]), &at(&[3.]), 9);
    picks.sort_unstable();
    assert_eq!(picks, [0, 1, 2]);
}

proptest! {
    #[test]
    fn every_sampler_asks_for_n_different_unlabeled_images_and_repeats_itself(
        uncertainty in prop::collection::vec(0f64..1.0, 20..60),
        n in 1usize..5,
        seed in 0u64..1000,
    ) {
        let pool = Fake::new(uncertainty, vec![3, 7], 2);
        for spec in all() {
            let asked = query(&spec, &pool, n, seed);
            prop_assert_eq!(asked.len(), n);
            prop_assert_eq!(asked.iter().collect::<HashSet<_>>().len(), n);
            prop_assert!(asked.iter().all(|i| pool.unlabeled.contains(i)));
            prop_assert_eq!(asked, query(&spec, &pool, n, seed));
        }
    }

    #[test]
    fn every_core_set_pick_is_farthest_from_labels_and_earlier_picks(
        points in prop::collection::vec(prop::array::uniform2(-9i8..9), 6..40),
        centers in prop::collection::vec(prop::array::uniform2(-9i8..9), 1..4),
    ) {
        let float = |points: &[[i8; 2]]| points.iter().map(|p| p.map(f32::from)).collect::<Vec<_>>();
        let tensor = |points: &[[f32; 2]]| Tensor::from_slice(&points.concat()).reshape([points.len() as i64, 2]);
        let (points, mut covered) = (float(&points), float(&centers));
        for pick in k_center_greedy(&tensor(&points), &tensor(&covered), 5) {
            let squared = |a: &[f32; 2], b: &[f32; 2]| (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2);
            let radius = |p: &[f32; 2]| covered.iter().map(|c| squared(p, c)).fold(f32::INFINITY, f32::min);
            let farthest = points.iter().map(radius).fold(0.0, f32::max);
            prop_assert!((radius(&points[pick]) - farthest).abs() < 1e-3, "{} of {}", radius(&points[pick]), farthest);
            covered.push(points[pick]);
        }
    }
}

#[test]
fn core_set_needs_no_quadratic_memory() {
    // 20,000 candidates and 500 centers: an n x n matrix alone would be 1.6 GB.
    let points = Tensor::arange(20_000 * 8, (Kind::Float, tch::Device::Cpu)).sin().reshape([20_000, 8]);
    let before = crate::machine::peak_rss_mb();
    assert_eq!(k_center_greedy(&points, &points.narrow(0, 0, 500), 10).len(), 10);
    let taken = crate::machine::peak_rss_mb() - before;
    assert!(taken < 400.0, "{taken} MiB");
}
