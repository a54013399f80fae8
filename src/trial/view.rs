//! The pool as samplers see it: images, model outputs, and the labels that were asked for, but no others.

use std::cell::Cell;
use std::time::Instant;

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::pretext::Pretext;
use crate::dataset::Data;
use crate::model::Network;
use crate::sampler::{Outputs, PoolView};
use crate::train::{Learner, infer};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{Cut, Spec, Uncertainty};

/// The random order in which images with equal scores are queried: one for each seed, the same for all samplers.
#[derive(Debug)]
pub struct Ties<'a> {
    /// Indices in the train split, ascending.
    pool: &'a [usize],
    /// The rank of each image of the pool.
    ranks: Vec<usize>,
    seed: u64,
}

impl<'a> Ties<'a> {
    /// Draws the order of `pool` (ascending indices, [`Data::pool`]) for a seed.
    pub fn new(pool: &'a [usize], seed: u64) -> Self {
        Self { pool, ranks: seed::permutation(pool.len(), &mut seed::stream(seed, Purpose::Ties, &[])), seed }
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

    /// The rows of images in tensors that have one for each image of the pool.
    fn rows_in_pool(&self, indices: &[usize]) -> Result<Vec<usize>> {
        let row = |index: &usize| self.ties.pool.binary_search(index);
        let rows: Result<Vec<usize>, usize> = indices.iter().map(row).collect();
        rows.map_err(|_| anyhow::anyhow!("the sampler asks for an image that is not in the pool; report this bug"))
    }

    /// Runs the task model on images and gives one row for each: what `row` makes of the features and outputs.
    fn infer(&self, indices: &[usize], row: &mut dyn FnMut(Tensor, Tensor) -> Tensor) -> Result<Tensor> {
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
        self.check_finite(&all)?;
        self.seconds.set(self.seconds.get() + start.elapsed().as_secs_f64());
        Ok(all)
    }

    fn check_finite(&self, values: &Tensor) -> Result<()> {
        ensure!(
            values.numel() == 0 || values.isfinite().all().int64_value(&[]) == 1,
            "the task model of round {} gives values that are not numbers; lower `{}`",
            self.round - 1,
            self.model.map_or(String::new(), |(learner, _)| learner.train.optimizer.lr_key("train"))
        );
        Ok(())
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

    fn known_classes(&self) -> Result<Option<Vec<usize>>> {
        let Some((learner, _)) = self.model else { return Ok(Some(Vec::new())) };
        let mut classes = Vec::with_capacity(self.labeled.len());
        for minibatch in learner.data.train.minibatches(self.labeled, Cut::of(1000)) {
            let targets = minibatch?.targets;
            if targets.dim() != 1 {
                return Ok(None);
            }
            classes.extend(Vec::<i64>::try_from(targets)?.into_iter().map(|class| class as usize));
        }
        Ok(Some(classes))
    }

    fn seed(&self) -> u64 {
        self.ties.seed
    }

    fn id(&self, index: usize) -> Option<String> {
        let (learner, _) = self.model?;
        learner.data.ids.as_ref().map(|ids| ids.id(index))
    }

    fn uncertainty(&self, kind: Uncertainty, indices: &[usize]) -> Result<Vec<f64>> {
        if indices.is_empty() {
            return Ok(Vec::new());
        }
        let scores = self.infer(indices, &mut |_, outputs| {
            let (learner, _) = self.model.expect("infer() checks it");
            learner.task.uncertainty(&outputs, kind)
        })?;
        Ok(Vec::try_from(scores.to_kind(Kind::Double))?)
    }

    fn features(&self, indices: &[usize]) -> Result<Tensor> {
        let features = self.infer(indices, &mut |features, _| features)?;
        ensure!(
            has_distances(&features),
            "the features of the task model of round {} are too large to have distances, so its training diverged; lower `{}`",
            self.round - 1,
            self.model.map_or(String::new(), |(learner, _)| learner.train.optimizer.lr_key("train"))
        );
        Ok(features)
    }

    fn outputs(&self, indices: &[usize]) -> Result<Outputs> {
        let mut parts = Vec::new();
        let features = self.infer(indices, &mut |features, outputs| {
            parts.push(outputs);
            features
        })?;
        let logits = if parts.is_empty() { features.shallow_clone() } else { Tensor::cat(&parts, 0) };
        self.check_finite(&logits)?;
        Ok(Outputs { features, logits })
    }

    fn predicted(&self, indices: &[usize]) -> Result<Vec<usize>> {
        if indices.is_empty() {
            return Ok(Vec::new());
        }
        let classes = self.infer(indices, &mut |_, outputs| outputs.argmax(1, false))?;
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

    fn pretext_losses(&self, indices: &[usize]) -> Result<Vec<f64>> {
        ensure!(!self.pretext.losses.is_empty(), "there are no pretext losses; report this bug");
        Ok(self.rows_in_pool(indices)?.into_iter().map(|row| self.pretext.losses[row]).collect())
    }

    fn pretext_features(&self, indices: &[usize]) -> Result<Tensor> {
        let features = self.pretext.features.as_ref();
        let features = features.ok_or_else(|| anyhow::anyhow!("there are no pretext features; report this bug"))?;
        ensure!(
            has_distances(features),
            "the features of the pretext learner are too large to have distances, so its training diverged; lower the \
             `lr` of `pretext.optimizer`"
        );
        let rows: Vec<i64> = self.rows_in_pool(indices)?.into_iter().map(|row| row as i64).collect();
        Ok(features.index_select(0, &Tensor::from_slice(&rows).to_device(features.device())))
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
