//! What a pretext task is.

use tch::Tensor;

use crate::data::Input;
use crate::model::{Head, Network};

/// A self-supervised task.
pub trait Pretext {
    /// What the network answers.
    fn head(&self) -> Head;

    /// Forward passes of an image for one loss.
    fn transformations(&self) -> usize;

    /// The mean loss of a minibatch, with its gradient; `images` is uint8 `[n, h, w, 3]`.
    fn loss(&self, network: &Network, images: &Tensor, input: &Input) -> Tensor;

    /// The loss of each image, and how well the learner did.
    fn score(&self, network: &Network, images: &Tensor, input: &Input) -> Scores;

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
}
