//! Samplers: which pool images to label next. They see the pool through [`PoolView`], which has no labels.

mod core_set;
mod initial;
mod pretext_batch;
mod random;
mod typical;
mod uncertain;

use anyhow::Result;
use tch::Tensor;

pub use core_set::k_center_greedy;
pub use initial::initial_labels;

use pt4al_results::seed::Stream;
use pt4al_results::spec::{SamplerSpec, Uncertainty};

/// What a sampler may know of the pool, by position in the train split.
pub trait PoolView {
    /// The round whose labels are asked for.
    fn round(&self) -> usize;

    /// Positions without a label, ascending.
    fn unlabeled(&self) -> &[usize];

    /// The place of a position of the pool in a random order, the same for all samplers of a seed. Of images with equal
    /// scores, the first in this order is asked for first. Positions would be no fair order: in many data sets they go by
    /// class.
    fn tie_rank(&self, position: usize) -> usize;

    /// Positions with a label, in the order in which they were asked for.
    fn labeled(&self) -> &[usize];

    /// How unsure the task model of the last round is of each of `positions`: higher for less sure.
    ///
    /// # Errors
    /// If the model gives something that is not a number.
    fn uncertainty(&self, kind: Uncertainty, positions: &[usize]) -> Result<Vec<f64>>;

    /// Features before the head of the task model of the last round: float `[n, d]`.
    ///
    /// # Errors
    /// As for `uncertainty`.
    fn features(&self, positions: &[usize]) -> Result<Tensor>;

    /// The class that the task model of the last round predicts for each of `positions`.
    ///
    /// # Errors
    /// As for `uncertainty`; and if the model does not tell classes of images.
    fn predicted(&self, positions: &[usize]) -> Result<Vec<usize>>;

    /// How many classes there are.
    fn classes(&self) -> usize;

    /// How many pretext batches there are.
    fn pretext_batches(&self) -> usize;

    /// A pretext batch, in its order.
    ///
    /// # Errors
    /// If the trial has no such batch.
    fn pretext_batch(&self, batch: usize) -> Result<&[usize]>;

    /// The pretext batch that this round queries.
    fn batch_of_round(&self) -> usize;

    /// Features of the pretext learner for all of `unlabeled`, before anything is labeled: float `[n, d]`.
    ///
    /// # Errors
    /// If the trial has none.
    fn pretext_features(&self) -> Result<Tensor>;
}

/// A rule that chooses the next labels.
pub trait Sampler {
    /// `n` different positions of `pool.unlabeled()`, the first choice first.
    ///
    /// # Errors
    /// What the view reports.
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>>;
}

/// Rows `0..positions.len()` in the order in which their positions are asked for where all else is equal.
fn by_tie_rank(pool: &dyn PoolView, positions: &[usize]) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..positions.len()).collect();
    rows.sort_by_cached_key(|&row| pool.tie_rank(positions[row]));
    rows
}

/// `features`, float `[n, d]`, with its rows in the order of `rows`.
fn in_order(features: &Tensor, rows: &[usize]) -> Tensor {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    features.index_select(0, &Tensor::from_slice(&rows).to_device(features.device()))
}

/// The sampler of a spec.
pub fn sampler(spec: &SamplerSpec) -> Box<dyn Sampler> {
    match spec {
        SamplerSpec::Random => Box::new(random::Random),
        SamplerSpec::Entropy => Box::new(uncertain::Uncertain(Uncertainty::Entropy)),
        SamplerSpec::LeastConfidence => Box::new(uncertain::Uncertain(Uncertainty::LeastConfidence)),
        SamplerSpec::Margin => Box::new(uncertain::Uncertain(Uncertainty::Margin)),
        SamplerSpec::CoreSet => Box::new(core_set::CoreSet),
        SamplerSpec::PretextBatch(options) => Box::new(pretext_batch::PretextBatch { within: options.within }),
    }
}

#[cfg(test)]
mod tests;
