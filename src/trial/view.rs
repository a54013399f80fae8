//! The pool as samplers see it: images and model outputs, but no labels.

use std::cell::Cell;
use std::time::Instant;

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::pretext::Pretext;
use crate::dataset::Data;
use crate::model::Network;
use crate::sampler::PoolView;
use crate::train::{Learner, infer};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{Spec, Uncertainty};

/// The random order in which images with equal scores are queried: one for each seed, the same for all samplers.
#[derive(Debug)]
pub struct Ties<'a> {
    /// Indices in the train split, ascending.
    pool: &'a [usize],
    /// The rank of each image of the pool.
    ranks: Vec<usize>,
}

impl<'a> Ties<'a> {
    /// Draws the order of `pool` (ascending indices, [`Data::pool`]) for a seed.
    pub fn new(pool: &'a [usize], seed: u64) -> Self {
        Self { pool, ranks: seed::permutation(pool.len(), &mut seed::stream(seed, Purpose::Ties, &[])) }
    }

    fn rank(&self, index: usize) -> usize {
        // What is not in the pool comes last; the trial refuses it.
        self.pool.binary_search(&index).map_or(usize::MAX, |row| self.ranks[row])
    }
}

/// The [`PoolView`] that a trial gives to its sampler: the pool before a round, scored by the task model of the round
/// before. It computes features and scores when a sampler asks for them.
pub struct Pool<'a> {
    /// `None` before the first training.
    model: Option<(&'a Learner<'a>, &'a Network)>,
    pretext: &'a Pretext,
    classes: usize,
    labeled: &'a [usize],
    unlabeled: Vec<usize>,
    ties: &'a Ties<'a>,
    round: usize,
    /// The number of the round's pretext batch.
    batch: usize,
    /// Seconds of scoring so far.
    seconds: Cell<f64>,
}

impl<'a> Pool<'a> {
    /// The pool before round 0: nothing is labeled, and there is no task model. See
    /// [`initial_labels`](crate::sampler::initial_labels).
    pub fn before_training(data: &Data, pretext: &'a Pretext, ties: &'a Ties) -> Self {
        Self {
            model: None,
            pretext,
            classes: data.classes.len(),
            labeled: &[],
            unlabeled: data.pool.clone(),
            ties,
            round: 0,
            batch: 0,
            seconds: Cell::new(0.0),
        }
    }

    /// The pool before `round` (1 or later). `network` is the task model of the round before, which was trained on
    /// `labeled` (indices in the train split, in the order in which they were queried).
    pub fn after_training(
        learner: &'a Learner,
        network: &'a Network,
        (pretext, ties): (&'a Pretext, &'a Ties),
        labeled: &'a [usize],
        spec: &Spec,
        round: usize,
    ) -> Self {
        let mut known = labeled.to_vec();
        known.sort_unstable();
        let unlabeled = learner.data.pool.iter().copied().filter(|i| known.binary_search(i).is_err()).collect();
        Self {
            model: Some((learner, network)),
            pretext,
            classes: learner.data.classes.len(),
            labeled,
            unlabeled,
            ties,
            round,
            batch: spec.pretext_batch_of(round),
            seconds: Cell::new(0.0),
        }
    }

    /// The seconds that this view has spent on forward passes so far.
    pub fn seconds(&self) -> f64 {
        self.seconds.get()
    }

    /// Runs the task model on images and gives one row for each: what `row` makes of the features and outputs.
    fn infer(&self, indices: &[usize], row: &dyn Fn(Tensor, Tensor) -> Tensor) -> Result<Tensor> {
        let (learner, network) = self.model.ok_or_else(|| anyhow::anyhow!("there is no task model before round 1"))?;
        let start = Instant::now();
        let mut parts = Vec::new();
        infer(network, learner.data.train.as_ref(), indices, &learner.data.input, &mut |features, outputs, _| {
            parts.push(row(features, outputs));
        })?;
        let all = if parts.is_empty() {
            Tensor::zeros([0, 1], (Kind::Float, network.device()))
        } else {
            Tensor::cat(&parts, 0)
        };
        ensure!(
            all.numel() == 0 || all.isfinite().all().int64_value(&[]) == 1,
            "the task model of round {} gives values that are not numbers; lower `{}`",
            self.round - 1,
            learner.train.optimizer.lr_key("train")
        );
        self.seconds.set(self.seconds.get() + start.elapsed().as_secs_f64());
        Ok(all)
    }
}

impl PoolView for Pool<'_> {
    fn round(&self) -> usize {
        self.round
    }

    fn unlabeled(&self) -> &[usize] {
        &self.unlabeled
    }

    fn tie_rank(&self, index: usize) -> usize {
        self.ties.rank(index)
    }

    fn labeled(&self) -> &[usize] {
        self.labeled
    }

    fn uncertainty(&self, kind: Uncertainty, indices: &[usize]) -> Result<Vec<f64>> {
        if indices.is_empty() {
            return Ok(Vec::new());
        }
        let scores = self.infer(indices, &|_, outputs| {
            let (learner, _) = self.model.expect("infer() checks it");
            learner.task.uncertainty(&outputs, kind)
        })?;
        Ok(Vec::try_from(scores.to_kind(Kind::Double))?)
    }

    fn features(&self, indices: &[usize]) -> Result<Tensor> {
        let features = self.infer(indices, &|features, _| features)?;
        ensure!(
            has_distances(&features),
            "the features of the task model of round {} are too large to have distances, so its training diverged; lower `{}`",
            self.round - 1,
            self.model.map_or(String::new(), |(learner, _)| learner.train.optimizer.lr_key("train"))
        );
        Ok(features)
    }

    fn predicted(&self, indices: &[usize]) -> Result<Vec<usize>> {
        if indices.is_empty() {
            return Ok(Vec::new());
        }
        let classes = self.infer(indices, &|_, outputs| outputs.argmax(1, false))?;
        ensure!(
            classes.dim() == 1,
            "the task model predicts classes of pixels, not of images; choose another `within`"
        );
        Ok(Vec::<i64>::try_from(classes)?.into_iter().map(|class| class as usize).collect())
    }

    fn classes(&self) -> usize {
        self.classes
    }

    fn pretext_batches(&self) -> usize {
        self.pretext.batches.len()
    }

    fn pretext_batch(&self, batch: usize) -> Result<&[usize]> {
        let images = self.pretext.batches.get(batch).map(Vec::as_slice);
        images.ok_or_else(|| anyhow::anyhow!("there is no pretext batch {batch}; raise `pretext.batches`"))
    }

    fn batch_of_round(&self) -> usize {
        self.batch
    }

    fn pretext_features(&self) -> Result<Tensor> {
        let features = self.pretext.features.as_ref().filter(|_| self.labeled.is_empty());
        let features = features.ok_or_else(|| anyhow::anyhow!("there are no pretext features; report this bug"))?;
        ensure!(
            has_distances(features),
            "the features of the pretext learner are too large to have distances, so its training diverged; lower the \
             `lr` of `pretext.optimizer`"
        );
        Ok(features.shallow_clone())
    }
}

/// Whether the squared distances between rows of float `[n, d]` are finite; those of very large features may not be.
fn has_distances(features: &Tensor) -> bool {
    // A difference is at most twice as long as the longer of its two vectors.
    let squares = (features * features).sum_dim_intlist([1i64].as_slice(), false, None) * 4.0;
    squares.isfinite().all().int64_value(&[]) == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_with_infinite_squares_have_no_distances() {
        let features = |largest: f32| Tensor::from_slice(&[1.0, 2.0, 3.0, largest]).reshape([2, 2]);
        assert!(has_distances(&features(1e18)));
        assert!(!has_distances(&features(1e20)) && !has_distances(&features(f32::NAN)));
        assert!(has_distances(&Tensor::zeros([0, 1], (Kind::Float, tch::Device::Cpu))));
    }

    #[test]
    fn tie_ranks_are_a_permutation_of_the_pool_that_depends_only_on_the_seed() {
        let pool: Vec<usize> = (0..50).map(|i| 3 * i).collect();
        let ranks = |seed| pool.iter().map(|&index| Ties::new(&pool, seed).rank(index)).collect::<Vec<_>>();
        let mut sorted = ranks(0);
        assert_ne!(sorted, ranks(1));
        assert_eq!(sorted, ranks(0));
        sorted.sort_unstable();
        assert_eq!(sorted, (0..50).collect::<Vec<_>>());
    }
}
