//! Samplers: which pool images to label next. They see the pool through [`PoolView`], which has no labels.

mod core_set;
mod initial;
mod pretext_batch;
mod random;
mod uncertain;

use anyhow::Result;
use tch::Tensor;

pub use core_set::k_center_greedy;
pub use initial::Initial;

use crate::seed::Stream;
use crate::spec::{SamplerSpec, Uncertainty};

/// What a sampler may know of the pool, by position in the train split.
pub trait PoolView {
    /// The round whose labels are asked for.
    fn round(&self) -> usize;

    /// Positions without a label, ascending.
    fn unlabeled(&self) -> &[usize];

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

    /// The pretext batch of a round, in its order.
    ///
    /// # Errors
    /// If the trial has no pretext losses.
    fn pretext_batch(&self, round: usize) -> Result<&[usize]>;
}

/// A rule that chooses the next labels.
pub trait Sampler {
    /// `n` different positions of `pool.unlabeled()`, the first choice first.
    ///
    /// # Errors
    /// What the view reports.
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>>;

    /// How its labels of round 0 are chosen, when no task model is there yet.
    fn initial(&self) -> Initial {
        Initial::Random
    }
}

/// The sampler of a spec.
pub fn sampler(spec: &SamplerSpec) -> Box<dyn Sampler> {
    match spec {
        SamplerSpec::Random => Box::new(random::Random),
        SamplerSpec::Entropy => Box::new(uncertain::Uncertain(Uncertainty::Entropy)),
        SamplerSpec::LeastConfidence => Box::new(uncertain::Uncertain(Uncertainty::LeastConfidence)),
        SamplerSpec::Margin => Box::new(uncertain::Uncertain(Uncertainty::Margin)),
        SamplerSpec::CoreSet => Box::new(core_set::CoreSet),
        SamplerSpec::PretextBatch(_) => Box::new(pretext_batch::PretextBatch { within: Uncertainty::LeastConfidence }),
    }
}

#[cfg(test)]
mod tests;
