//! What a pretext task is.

use tch::Tensor;

use crate::dataset::Input;
use crate::model::{Head, Network};
use pt4al_results::seed::Stream;

/// A self-supervised task.
pub trait Pretext {
    /// What the network answers.
    fn head(&self) -> Head;

    /// Whether the residual blocks of its network begin as their shortcuts.
    fn zero_residuals(&self) -> bool {
        false
    }

    /// Views of a minibatch that a loss is made of: the same images, each time augmented anew.
    fn views(&self) -> usize {
        1
    }

    /// How often the pool is scored, each time with new views; the losses are averaged.
    fn scorings(&self) -> usize {
        1
    }

    /// What is drawn for a minibatch of `n` images: as many numbers for each image, image by image, or none.
    fn draws(&self, _n: usize, _stream: &mut Stream) -> Vec<i64> {
        Vec::new()
    }

    /// The mean loss of a minibatch, with its gradient. `views` are uint8 `[n, h, w, 3]`, and `drawn` is what was drawn for them,
    /// int64 `[n, d]` on the device.
    fn loss(&self, network: &Network, views: &[Tensor], input: &Input, drawn: &Tensor) -> Tensor;

    /// The loss of each image, and how well the learner did. A single view is the images themselves here, without
    /// augmentation.
    fn score(&self, network: &Network, views: &[Tensor], input: &Input) -> Scores;

    /// What the quotient in [`Scores`] is, in a few words.
    fn quality(&self) -> &'static str;
}

/// What a learner makes of a minibatch.
pub struct Scores {
    /// Float `[n]`.
    pub losses: Tensor,
    /// What the learner got right, and what there was to get right: their quotient over the whole pool is the measure
    /// that a learner is chosen by, at best 1.
    pub right: f64,
    pub of: f64,
    /// The sum of the projections, each of length 1, float `[k]`, where a task has them: were all projections one, it
    /// would be as long as there are images.
    pub projected: Option<Tensor>,
}
