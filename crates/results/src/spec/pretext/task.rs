//! Pretext tasks in specs. A new task is a file beside this one that implements [`TaskOptions`], a variant of
//! [`PretextTask`], and its arm in [`PretextTask::options`].

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::colorization::Colorization;
use super::jigsaw::Jigsaw;
use super::rotation::Rotation;
use super::simsiam::SimSiam;
use super::{LearnerSpec, PretextForward};

/// The self-supervised task that the pretext learner is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PretextTask {
    /// Predict which of four rotations (0, 90, 180, 270 degrees) was applied.
    ///
    /// Source: paper, section 3.1; official code (`rotation.py`).
    Rotation,
    /// Predict the colours of a grey image.
    ///
    /// Source: Zhang et al., ECCV 2016; the paper used it for segmentation, according to a review of it.
    Colorization,
    /// Predict by which permutation the tiles of an image were shuffled. The paper studied it; its options are not known.
    ///
    /// Source: Noroozi and Favaro, ECCV 2016.
    Jigsaw(Jigsaw),
    /// Predict one view of an image from another; the loss is the negative cosine. The paper studied it; its options are not known.
    ///
    /// Source: Chen and He, CVPR 2021.
    Simsiam(SimSiam),
}

/// The number of times that an image passes forward through a pretext learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passes {
    /// In a training step.
    pub training: usize,
    /// For its loss.
    pub scoring: usize,
}

/// The part of an image that a pretext learner sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The whole image.
    Whole,
    /// The square in its center, whose side is the image's shorter one.
    Square,
    /// The same square, cut into so many tiles in a row, of whole pixels.
    Tiles(usize),
}

/// What the rest of the program needs to know about a pretext task.
pub(in crate::spec) trait TaskOptions {
    /// Returns how often an image passes through the learner.
    fn passes(&self, forward: PretextForward) -> Passes;

    /// Returns the part of an image that the learner sees.
    fn seen(&self) -> Seen {
        Seen::Whole
    }

    /// Whether a training pass has several transformations of an image, so that batch norm gets more than one value of each channel
    /// even from a single image.
    fn passes_together(&self, _forward: PretextForward) -> bool {
        false
    }

    /// Whether the head has batch norm over one value of each channel for each image, so that a single image has no variance.
    fn normalises_vectors(&self) -> bool {
        false
    }

    /// Checks the options, and the learner's other keys as far as they depend on the task. `size` is the height and width of the
    /// images that the task model is trained on.
    ///
    /// # Errors
    /// One line that opens with the key.
    fn check(&self, _learner: &LearnerSpec, _size: [usize; 2]) -> Result<()> {
        Ok(())
    }
}

impl PretextTask {
    pub(in crate::spec) fn options(&self) -> &dyn TaskOptions {
        match self {
            Self::Rotation => &Rotation,
            Self::Colorization => &Colorization,
            Self::Jigsaw(options) => options,
            Self::Simsiam(options) => options,
        }
    }
}

impl Seen {
    /// Returns the height and width of what the learner sees of an image of this height and width. Tiles may leave a margin out.
    pub fn size(self, [height, width]: [usize; 2]) -> [usize; 2] {
        let side = height.min(width);
        match self {
            Self::Whole => [height, width],
            Self::Square => [side; 2],
            Self::Tiles(tiles) => [side / tiles.max(1) * tiles; 2],
        }
    }
}
