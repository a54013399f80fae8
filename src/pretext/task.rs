//! What a pretext task is.

use tch::Tensor;

use crate::model::Network;
use crate::spec::Normalize;

/// A self-supervised task.
pub trait Pretext {
    /// Outputs of the network's head.
    fn outputs(&self) -> usize;

    /// Forward passes of an image for one loss.
    fn transformations(&self) -> usize;

    /// The mean loss of a minibatch, with its gradient; `images` is uint8 `[n, h, w, 3]`.
    fn loss(&self, network: &Network, images: &Tensor, normalize: &Normalize) -> Tensor;

    /// The loss of each image, and the share of transformations that the learner recognised.
    fn score(&self, network: &Network, images: &Tensor, normalize: &Normalize) -> Scores;
}

/// What a learner makes of a minibatch.
pub struct Scores {
    /// Float `[n]`.
    pub losses: Tensor,
    pub accuracy: f64,
}
