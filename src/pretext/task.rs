//! The interface of a pretext task.

use tch::Tensor;

use crate::dataset::Input;
use crate::model::{Head, Network};
use pt4al_results::seed::Stream;

/// A self-supervised task. To add one, implement this trait in a file of its own, and see the recipes in CONTRIBUTING.md.
pub trait Pretext {
    /// Returns the kind of outputs that the network needs.
    fn head(&self) -> Head;

    /// Whether every residual block of the network starts as its shortcut.
    fn zero_residuals(&self) -> bool {
        false
    }

    /// Returns how many views of a minibatch one loss compares: the same images, each time augmented anew.
    fn views(&self) -> usize {
        1
    }

    /// Returns how often the pool is scored, each time with new views. The losses of an image are averaged.
    fn scorings(&self) -> usize {
        1
    }

    /// Draws the random numbers of a training step on `n` images: the same count for every image, image by image. By default
    /// there are none.
    fn draws(&self, _n: usize, _stream: &mut Stream) -> Vec<i64> {
        Vec::new()
    }

    /// Returns the mean loss of a minibatch in training, a scalar with its gradient. Each view is uint8 `[n, h, w, 3]`; `drawn` are
    /// the numbers of [`Pretext::draws`], int64 `[n, d]` on the device.
    fn loss(&self, network: &Network, views: &[Tensor], input: &Input, drawn: &Tensor) -> Tensor;

    /// Scores a minibatch of the pool, without gradients and in evaluation mode. Each view is uint8 `[n, h, w, 3]`. With
    /// [`views`](Pretext::views) of 1, the view is the images without augmentation.
    fn score(&self, network: &Network, views: &[Tensor], input: &Input) -> Scores;

    /// Names the quality in [`Scores`] in a few words that follow a percentage: "of rotations recognised".
    fn quality(&self) -> &'static str;
}

/// The scores of a minibatch.
pub struct Scores {
    /// The loss of each image, float `[n]`.
    pub losses: Tensor,
    /// The amount that the learner got right, in the units of `total`. The learner's quality is `right` / `total` over the whole
    /// pool, at best 1; the best checkpoint is chosen by it.
    pub right: f64,
    /// The amount that there was to get right.
    pub total: f64,
    /// The sum of the projections, each scaled to the length 1, float `[k]`; `None` for tasks without projections. If all
    /// projections were equal, the length of the sum would be the number of images.
    pub projected: Option<Tensor>,
}
