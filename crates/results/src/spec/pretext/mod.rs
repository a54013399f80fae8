//! Pretext losses in specs: the learner or the file that gives them, and how they become pretext batches.

mod colorization;
mod jigsaw;
mod rotation;
mod simsiam;
mod table;
mod task;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::jigsaw::Jigsaw;
pub use self::simsiam::SimSiam;
pub use self::task::{Passes, PretextTask, Seen};
use super::{Augment, Optimizer, Precision, Schedule};

/// The pretext losses, and how they become pretext batches.
// The documentation of the keys, for users, is that of `table::PretextTable`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "table::PretextTable", into = "table::PretextTable")]
pub struct PretextSpec {
    pub losses: LossSource,
    pub order: LossOrder,
    /// The number of pretext batches; `None` for as many as rounds. See [`super::Spec::pretext_batch_of`].
    pub batches: Option<usize>,
    pub first_query: FirstQuery,
    pub short_batch: ShortBatch,
}

/// What gives the loss of each pool image.
#[derive(Clone, Debug, PartialEq)]
pub enum LossSource {
    /// A network that is trained on the pool without labels, anew for each seed.
    Learner(LearnerSpec),
    /// A file, the same for all seeds.
    File(LossFile),
}

/// The pretext learner. Its keys are documented in `pretext/table.rs`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearnerSpec {
    pub task: PretextTask,
    pub epochs: usize,
    pub minibatch: usize,
    #[serde(skip_serializing_if = "super::is_default")]
    pub precision: Precision,
    pub optimizer: Optimizer,
    pub schedule: Schedule,
    pub checkpoint: PretextCheckpoint,
    pub forward: PretextForward,
    pub augment: Vec<Augment>,
}

/// Losses that were computed elsewhere, the same for all seeds: a CSV `index,loss` with a row for each pool image, or a file as the
/// official code writes it (`make_batches.py`), with lines `<loss>_<folder>/<index>.png`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LossFile {
    /// The path, relative to the folder of the spec.
    #[schemars(example = &"../data/rotation_loss.txt", extend("format" = "path"))]
    pub file: PathBuf,
    /// The SHA-256 of the file. If the spec states it, the file must have it.
    ///
    /// Default: that of the file; the resolved spec states it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(example = &"c717bd61e8ab6e630d1056bfd520d45747319306f08eed002cc84ee5fcb12e1a")]
    pub sha256: String,
}

/// The pretext batch of the first query, in round 1. It matters if the initial labels are not chosen from batch 0. The paper and its
/// code always choose them from there, so neither defines what happens otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum FirstQuery {
    /// Round i queries batch i. If the initial labels are chosen in another way than from batch 0, no round queries batch 0, the
    /// hardest images.
    ///
    /// Source: the paper and its code.
    #[default]
    #[serde(rename = "batch-1")]
    Batch1,
    /// Round i queries batch i - 1. With as many batches as rounds, no round queries the last batch, the easiest images.
    #[serde(rename = "batch-0")]
    Batch0,
}

/// What happens if a pretext batch has fewer unlabeled images than its round queries. That is possible if rounds share a batch, or if
/// initial labels that were chosen in another way lie in it. (It cannot happen in the paper's protocol: a round queries 1,000 of the
/// 5,000 images of a batch.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ShortBatch {
    /// The program refuses a spec with which it could happen, before it trains anything.
    #[default]
    Refuse,
    /// The round takes what the batch has, and the rest from the next batches in turn (after the last one from batch 0), by the same
    /// criterion.
    NextBatch,
}

/// How the transformed copies of a minibatch pass through the pretext learner in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PretextForward {
    /// One forward pass for each transformation. Each pass has every image once; an image's transformations are dealt to the passes
    /// at random, so that batch norm's statistics are over images of mixed rotations.
    ///
    /// Source: official code (`rotation.py`; `RotationLoader` of `loader.py` at 659f52b shuffles the four rotations of each image).
    Separate,
    /// One forward pass for each transformation, with the same transformation for all images. In training, batch norm's statistics
    /// then reveal the rotation. No source does so; it is how one reads `rotation.py` without its loader.
    SeparateUnshuffled,
    /// One forward pass with all transformations; batch norm's statistics are over all of them.
    Together,
    /// One forward pass with one rotation of each image, drawn anew each epoch: a quarter of the work. Scoring uses all four. Only for
    /// `task = "rotation"`.
    ///
    /// Source: the first public state of the official code (`RotationLoader` of `loader.py` at 280b9bf, 2021-07-19).
    OneRotation,
}

/// The epoch whose pretext learner gives the losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PretextCheckpoint {
    /// The last epoch.
    Last,
    /// The epoch with the highest pretext accuracy on the pool that it trains on, measured after every epoch.
    ///
    /// Source: official code (`rotation.py`).
    BestOnPool,
}

/// The order in which the pool is split into pretext batches. Images with equal losses go by index, lowest first, unless the order
/// says otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LossOrder {
    /// By loss, highest first.
    ///
    /// Source: paper, section 3.2.
    Loss,
    /// By loss, lowest first. No state of the official code does so (compare `published-string-sort-low-first`).
    LossLowFirst,
    /// By the loss as a string, as Python prints it, highest first: `9.99e-05` comes before `9.5`. Equal losses go by index, highest
    /// first, because the code reverses the whole order.
    ///
    /// Source: official code since 7656fce (2021-11-24; `make_batches.py`: `np.argsort` of strings, reversed).
    PublishedStringSort,
    /// By the loss as a string, lowest first. Losses below 1e-4, the easiest images, come at the end, among the hardest ones (1 to
    /// 10).
    ///
    /// Source: the first public state of the official code (`analysis.py` at 280b9bf, 2021-07-19).
    PublishedStringSortLowFirst,
}

impl LearnerSpec {
    /// Returns how often an image passes through the learner.
    pub fn passes(&self) -> Passes {
        self.task.options().passes(self.forward)
    }
}

impl PretextSpec {
    /// Returns the learner, or `None` if the losses are from a file.
    pub fn learner(&self) -> Option<&LearnerSpec> {
        match &self.losses {
            LossSource::Learner(learner) => Some(learner),
            LossSource::File(_) => None,
        }
    }
}
