//! Every sampler on a pool of numbers: each test says the uncertainty, the features and the predicted class of every image.

use std::collections::HashSet;

use anyhow::Result;
use proptest::prelude::*;
use tch::{Kind, Tensor};

use super::command::tests as command;
use super::{Outputs, PoolView, initial_labels, k_center_greedy, sampler};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{InitialSet, PretextBatchSpec, PretextStride, SamplerSpec, Typical, Uncertainty, Within};

pub(super) struct Fake {
    pub round: usize,
    pub labeled: Vec<usize>,
    pub unlabeled: Vec<usize>,
    /// The uncertainty of each image of the train split.
    uncertainty: Vec<f64>,
    /// The predicted class of each image.
    predicted: Vec<usize>,
    /// The features of each image.
    features: Vec<[f32; 2]>,
    batches: Vec<Vec<usize>>,
}

impl Fake {
    /// A pool before round 1. Pretext batches are cut from the indices in descending order.
    pub fn new(uncertainty: Vec<f64>, labeled: Vec<usize>, batches: usize) -> Self {
        let n = uncertainty.len();
        let size = n.div_ceil(batches);
        Self {
            round: 1,
            unlabeled: (0..n).filter(|i| !labeled.contains(i)).collect(),
            labeled,
            predicted: (0..n).map(|i| i % 3).collect(),
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
    /// Images come in descending order of their indices.
    fn tie_rank(&self, index: usize) -> usize {
        self.uncertainty.len() - index
    }
    fn labeled(&self) -> &[usize] {
        &self.labeled
    }
    /// The class of image i is i mod 3.
    fn known_classes(&self) -> Result<Option<Vec<usize>>> {
        Ok(Some(self.labeled.iter().map(|index| index % 3).collect()))
    }
    fn seed(&self) -> u64 {
        5
    }
    fn id(&self, index: usize) -> Option<String> {
        Some(format!("{}/{index}.png", index % 3))
    }
    fn uncertainty(&self, _: Uncertainty, indices: &[usize]) -> Result<Vec<f64>> {
        Ok(indices.iter().map(|&i| self.uncertainty[i]).collect())
    }
    fn features(&self, indices: &[usize]) -> Result<Tensor> {
        let rows: Vec<f32> = indices.iter().flat_map(|&i| self.features[i]).collect();
        Ok(Tensor::from_slice(&rows).reshape([indices.len() as i64, 2]))
    }
    /// The logits of image i are its uncertainty, 0 and 1.
    fn outputs(&self, indices: &[usize]) -> Result<Outputs> {
        let logits: Vec<f64> = indices.iter().flat_map(|&i| [self.uncertainty[i], 0.0, 1.0]).collect();
        let logits = Tensor::from_slice(&logits).reshape([indices.len() as i64, 3]);
        Ok(Outputs { features: self.features(indices)?, logits })
    }
    fn predicted(&self, indices: &[usize]) -> Result<Vec<usize>> {
        Ok(indices.iter().map(|&i| self.predicted[i]).collect())
    }
    fn classes(&self) -> usize {
        3
    }
    fn pretext_batches(&self) -> usize {
        self.batches.len()
    }
    fn pretext_batch(&self, batch: usize) -> Result<&[usize]> {
        Ok(&self.batches[batch])
    }
    fn batch_of_round(&self) -> usize {
        self.round
    }
    fn pretext_losses(&self, indices: &[usize]) -> Result<Vec<f64>> {
        Ok(indices.iter().map(|&i| i as f64 / 2.0).collect())
    }
    fn pretext_features(&self, indices: &[usize]) -> Result<Tensor> {
        self.features(indices)
    }
}

/// All samplers, with each of their options. A new sampler goes into this list and into the match below it, which does not
/// compile without it.
fn all() -> Vec<SamplerSpec> {
    use SamplerSpec::{Command, CoreSet, Entropy, LeastConfidence, Margin, PretextBatch, Random};
    use Within::{ClassBalanced, Interval};
    let within = [Within::LeastConfidence, Within::Entropy, Within::Margin, ClassBalanced, Interval, Within::Random];
    let others = [Random, Entropy, LeastConfidence, Margin, CoreSet];
    let all: Vec<SamplerSpec> = others.into_iter().chain(within.map(pretext_batch)).collect();
    let all: Vec<SamplerSpec> = all.into_iter().chain([Command(command::first_by_rank())]).collect();
    for spec in &all {
        match spec {
            Random | Entropy | LeastConfidence | Margin | CoreSet | PretextBatch(_) | Command(_) => {}
        }
    }
    all
}

/// Whether a sampler queries the images with the highest scores or distances. The others draw images, or go by the order of
/// the pretext batch.
fn goes_by_scores(spec: &SamplerSpec) -> bool {
    match spec {
        SamplerSpec::PretextBatch(options) => {
            !matches!(options.within, Within::ClassBalanced | Within::Interval | Within::Random)
        }
        other => *other != SamplerSpec::Random,
    }
}

fn pretext_batch(within: Within) -> SamplerSpec {
    SamplerSpec::PretextBatch(PretextBatchSpec { within })
}

fn query(spec: &SamplerSpec, pool: &Fake, n: usize, seed: u64) -> Vec<usize> {
    let dir = tempfile::tempdir().unwrap();
    sampler(spec, &dir.path().join("query")).query(pool, n, &mut seed::stream(seed, Purpose::Query, &[])).unwrap()
}

#[test]
fn uncertainty_samplers_query_the_least_sure_and_break_ties_by_rank() {
    let pool = Fake::new(vec![0.1, 0.9, 0.5, 0.9, 0.7, 0.0], vec![4], 2);
    assert_eq!(query(&SamplerSpec::Entropy, &pool, 3, 0), [3, 1, 2]);
}

#[test]
fn the_pretext_batch_sampler_queries_only_the_batch_of_the_round() {
    // The batches are [5, 4, 3] and [2, 1, 0].
    let mut pool = Fake::new(vec![0.1, 0.3, 0.2, 0.9, 0.9, 0.9], vec![4], 2);
    let spec = &pretext_batch(Within::LeastConfidence);
    assert_eq!(query(spec, &pool, 2, 0), [1, 2]);
    pool.round = 0;
    assert_eq!(query(spec, &pool, 2, 0), [5, 3]);
}

/// The batches are [8, 7, 6], [5, 4, 3] and [2, 1, 0].
#[test]
fn a_pretext_batch_with_too_few_images_is_filled_up_from_the_next_one() {
    let mut pool = Fake::new(vec![0.1, 0.9, 0.2, 0.0, 0.3, 0.0, 0.5, 0.6, 0.4], vec![3, 5], 3);
    let spec = &pretext_batch(Within::LeastConfidence);
    // Batch 1 has one unlabeled image; then come the least sure of batch 2.
    assert_eq!(query(spec, &pool, 3, 0), [4, 1, 2]);
    assert_eq!(query(&pretext_batch(Within::Interval), &pool, 2, 0), [4, 2]);
    // After the last batch comes the first one.
    pool.round = 2;
    assert_eq!(query(spec, &pool, 5, 0), [1, 2, 0, 7, 6]);
    assert_eq!(query(&pretext_batch(Within::ClassBalanced), &pool, 7, 0).len(), 7);
}

/// In many data sets indices go by class: the lowest ones would all be of one class.
#[test]
fn of_equal_images_every_sampler_queries_the_first_by_rank() {
    let mut pool = Fake::new(vec![0.5; 30], vec![], 1);
    pool.features = vec![[1.0, 2.0]; 30];
    pool.round = 0;
    for spec in all().into_iter().filter(goes_by_scores) {
        assert_eq!(query(&spec, &pool, 4, 0), [29, 28, 27, 26], "{spec:?}");
    }
    assert_eq!(first(InitialSet::CoreSet, &pool, 4, 0).unwrap(), [29, 28, 27, 26]);
}

/// Batch 0 is [5, 4, 3, 2, 1, 0], of the classes 2, 1, 0, 2, 1, 0.
#[test]
fn inside_a_batch_interval_needs_no_model_and_class_balanced_fills_up_as_the_official_code() {
    let mut pool = Fake::new(vec![0.0; 12], vec![], 2);
    pool.round = 1;
    pool.predicted = vec![0, 1, 2, 0, 1, 2, 0, 0, 0, 0, 0, 0];
    assert_eq!(query(&pretext_batch(Within::Interval), &pool, 3, 0), [5, 3, 1]);
    // One label for each class, in the order of classes: the first of each in the batch.
    assert_eq!(query(&pretext_batch(Within::ClassBalanced), &pool, 3, 0), [3, 4, 5]);
    // Two images of class 0, two of class 1 and one of class 2: the first two classes get the two labels that are left over.
    assert_eq!(query(&pretext_batch(Within::ClassBalanced), &pool, 5, 0), [3, 0, 4, 1, 5]);
    // No image is predicted as class 1 or 2: their labels go to surplus images of class 0, in the batch's order.
    pool.predicted = vec![0; 12];
    assert_eq!(query(&pretext_batch(Within::ClassBalanced), &pool, 3, 0), [5, 4, 3]);
}

fn first(set: InitialSet, pool: &Fake, n: usize, seed: u64) -> Result<Vec<usize>> {
    initial_labels(set, pool, n, &mut seed::stream(seed, Purpose::InitialLabels, &[]))
}

/// Departure: the cold start's batch and stride. Batches are [19, ..., 10] and [9, ..., 0].
#[test]
fn cold_start_takes_strides_of_its_batch() {
    let pool = Fake::new(vec![0.0; 20], vec![], 2);
    assert_eq!(first(InitialSet::PAPER, &pool, 5, 0).unwrap(), [19, 17, 15, 13, 11]);
    let stride = |batch, stride| InitialSet::PretextStride(PretextStride { batch, stride });
    assert_eq!(first(stride(1, None), &pool, 5, 0).unwrap(), [9, 7, 5, 3, 1]);
    assert_eq!(first(stride(1, Some(1)), &pool, 5, 0).unwrap(), [9, 8, 7, 6, 5]);
    assert_eq!(first(stride(0, Some(3)), &pool, 3, 0).unwrap(), [19, 16, 13]);
    let error = first(stride(0, Some(3)), &pool, 5, 0).unwrap_err().to_string();
    assert!(error.contains("a stride of 3 over a pretext batch of 10 images gives 4 images, not 5"), "{error}");
}

#[test]
fn all_samplers_of_a_seed_share_random_initial_labels() {
    let pool = Fake::new(vec![0.0; 50], vec![], 2);
    let random = |seed| first(InitialSet::Random, &pool, 10, seed).unwrap();
    assert_eq!(random(1), random(1));
    assert_ne!(random(1), random(2));
    for spec in all() {
        let queries_batches = matches!(spec, SamplerSpec::PretextBatch(_));
        assert_eq!(spec.initial_set(), if queries_batches { InitialSet::PAPER } else { InitialSet::Random });
    }
}

/// Image i has the features [i, i^2 mod 7].
#[test]
fn an_initial_core_set_starts_near_the_mean_and_goes_on_to_the_farthest() {
    let pool = Fake::new(vec![0.0; 30], vec![], 2);
    let chosen = first(InitialSet::CoreSet, &pool, 3, 0).unwrap();
    // The mean is [14.5, 2.0]: image 15 (1, and 0.5 away) and 13 (1) are nearest; then the ends.
    assert!(chosen[0] == 15 || chosen[0] == 14 || chosen[0] == 13, "{chosen:?}");
    assert_eq!(chosen[1..].iter().copied().collect::<HashSet<_>>(), HashSet::from([0, 29]));
    assert_eq!(first(InitialSet::CoreSet, &pool, 3, 1).unwrap(), chosen);
}

#[test]
fn core_set_picks_the_farthest_first() {
    let column = |points: &[f32]| Tensor::from_slice(points).unsqueeze(1);
    // Center at 0: first 10, then 5 (5 from both), then 2 or 7 (2 apart from 0 and 3 from 5: 2 -> 2, 7 -> 2).
    assert_eq!(k_center_greedy(&column(&[2., 10., 5., 7.]), &column(&[0.]), 2), [1, 2]);
    // Equal rows are picked once each, and no more rows than there are.
    let mut picks = k_center_greedy(&column(&[3., 3., 3.]), &column(&[3.]), 9);
    picks.sort_unstable();
    assert_eq!(picks, [0, 1, 2]);
}

proptest! {
    #[test]
    fn every_sampler_queries_n_different_unlabeled_images_and_the_same_ones_again(
        uncertainty in prop::collection::vec(0f64..1.0, 20..60),
        n in 1usize..5,
        seed in 0u64..1000,
    ) {
        let pool = Fake::new(uncertainty, vec![3, 7], 2);
        // Starting the programs of a command takes longer than all other samplers do.
        let is_cheap = |spec: &SamplerSpec| spec.command().is_none() || seed % 16 == 0;
        for spec in all().into_iter().filter(is_cheap) {
            let queried = query(&spec, &pool, n, seed);
            prop_assert_eq!(queried.len(), n);
            prop_assert_eq!(queried.iter().collect::<HashSet<_>>().len(), n);
            prop_assert!(queried.iter().all(|i| pool.unlabeled.contains(i)));
            prop_assert_eq!(queried, query(&spec, &pool, n, seed));
        }
        let fresh = Fake::new(vec![0.0; 40], vec![], 2);
        let typical = InitialSet::Typical(Typical { clusters: 3, neighbours: 4 });
        for set in [InitialSet::Random, InitialSet::PAPER, InitialSet::CoreSet, typical] {
            let chosen = first(set, &fresh, n, seed).unwrap();
            prop_assert_eq!(chosen.iter().collect::<HashSet<_>>().len(), n);
            prop_assert!(chosen.iter().all(|i| *i < 40));
            prop_assert_eq!(chosen, first(set, &fresh, n, seed).unwrap());
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
fn core_set_memory_does_not_grow_with_the_square_of_the_pool() {
    // 20,000 candidates and 500 centers: an n x n matrix alone would be 1.6 GB.
    let points = Tensor::arange(20_000 * 8, (Kind::Float, tch::Device::Cpu)).sin().reshape([20_000, 8]);
    let before = pt4al_results::machine::peak_rss_mb();
    assert_eq!(k_center_greedy(&points, &points.narrow(0, 0, 500), 10).len(), 10);
    let taken = pt4al_results::machine::peak_rss_mb() - before;
    assert!(taken < 400.0, "{taken} MiB");
}
