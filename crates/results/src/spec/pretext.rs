//! Pretext losses in specs: the learner that gives them, or a file, and how they become pretext batches.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Augment, Optimizer, Passes, Precision, Schedule};

/// Where the pretext losses come from, and how they become pretext batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct PretextSpec {
    pub losses: LossSource,
    pub order: LossOrder,
    /// Pretext batches; as many as there are rounds when absent. See [`super::Spec::pretext_batch_of`].
    pub batches: Option<usize>,
    pub first_query: FirstQuery,
    pub short_batch: ShortBatch,
}

/// The pretext batch that the first query asks, in round 1. It matters where the initial labels are not chosen from batch 0: the
/// paper and its code always choose them from there, so neither defines what happens otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FirstQuery {
    /// Batch 1, as in the paper and its code. With initial labels chosen in another way nothing is asked of batch 0, the hardest
    /// images, but what happens to be among the initial labels.
    #[default]
    #[serde(rename = "batch-1")]
    Batch1,
    /// Batch 0: round i asks batch i - 1. Nothing is then asked of the last batch, the easiest images, where there are as many
    /// batches as rounds.
    #[serde(rename = "batch-0")]
    Batch0,
}

/// What becomes of a round whose pretext batch has fewer unlabeled images than the round asks for. That happens where
/// rounds share a batch, or where initial labels that were not chosen from it lie in it all the same. (In the paper's
/// protocol it cannot: a batch has 5,000 images, of which one round asks for 1,000.)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ShortBatch {
    /// A spec under which it can happen is refused before anything is trained.
    #[default]
    Refuse,
    /// The round takes what is left, and the rest from the next batches in turn (from batch 0 after the last), by the same
    /// rule.
    NextBatch,
}

/// What gives the loss of each pool image.
#[derive(Clone, Debug, PartialEq)]
pub enum LossSource {
    /// A network that is trained on the pool without labels, anew for each seed.
    Learner(LearnerSpec),
    /// A file, the same for all seeds.
    File(LossFile),
}

/// The pretext learner.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearnerSpec {
    pub task: PretextTask,
    pub epochs: usize,
    /// Images in a step; each enters it once for every transformation of the task.
    pub minibatch: usize,
    /// Of weights, training and losses.
    #[serde(skip_serializing_if = "super::is_default")]
    pub precision: Precision,
    pub optimizer: Optimizer,
    pub schedule: Schedule,
    pub checkpoint: PretextCheckpoint,
    pub forward: PretextForward,
    /// Random changes of the images in training; none in the official code, whose `rotation.py` defines crop and flip and does not
    /// use them since 7656fce (2021-11-24); before, it did. SimSiam makes its views with them, in scoring too.
    pub augment: Vec<Augment>,
}

/// Losses that were made elsewhere: a CSV `index,loss` with a row for each pool image, or a file as the official code writes it
/// (`make_batches.py`), with lines `<loss>_<folder>/<index>.png`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LossFile {
    /// Relative to the folder of the spec.
    pub file: PathBuf,
    /// The SHA-256 of the file; filled in when the spec is loaded, and held against the file where it is given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

/// The table as it is written: the keys of a learner, or `losses`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<PretextTask>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    epochs: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    minibatch: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    precision: Option<Precision>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    optimizer: Option<Optimizer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<PretextCheckpoint>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forward: Option<PretextForward>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    augment: Option<Vec<Augment>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    losses: Option<LossFile>,
    order: LossOrder,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    batches: Option<usize>,
    #[serde(default, skip_serializing_if = "super::is_default")]
    first_query: FirstQuery,
    #[serde(default, skip_serializing_if = "super::is_default")]
    short_batch: ShortBatch,
}

impl TryFrom<Wire> for PretextSpec {
    type Error = String;

    /// The messages are those of serde, so that they are explained with the line, as its own are.
    fn try_from(wire: Wire) -> Result<Self, String> {
        fn needed<T>(key: &str, value: Option<T>) -> Result<T, String> {
            value.ok_or_else(|| format!("missing field `{key}`"))
        }
        let learner = [
            ("task", wire.task.is_some()),
            ("epochs", wire.epochs.is_some()),
            ("minibatch", wire.minibatch.is_some()),
            ("precision", wire.precision.is_some()),
            ("optimizer", wire.optimizer.is_some()),
            ("schedule", wire.schedule.is_some()),
            ("checkpoint", wire.checkpoint.is_some()),
            ("forward", wire.forward.is_some()),
            ("augment", wire.augment.is_some()),
        ];
        let losses = match wire.losses {
            Some(file) => {
                if let Some((key, _)) = learner.iter().find(|(_, given)| *given) {
                    return Err(format!(
                        "`losses` takes the place of a learner, but `{key}` is one's; remove one of them"
                    ));
                }
                LossSource::File(file)
            }
            None => LossSource::Learner(LearnerSpec {
                task: needed("task", wire.task)?,
                epochs: needed("epochs", wire.epochs)?,
                minibatch: needed("minibatch", wire.minibatch)?,
                precision: wire.precision.unwrap_or_default(),
                optimizer: needed("optimizer", wire.optimizer)?,
                schedule: needed("schedule", wire.schedule)?,
                checkpoint: needed("checkpoint", wire.checkpoint)?,
                forward: needed("forward", wire.forward)?,
                augment: wire.augment.unwrap_or_default(),
            }),
        };
        let Wire { order, batches, first_query, short_batch, .. } = wire;
        Ok(Self { losses, order, batches, first_query, short_batch })
    }
}

impl From<PretextSpec> for Wire {
    fn from(spec: PretextSpec) -> Self {
        let mut wire = Self {
            task: None,
            epochs: None,
            minibatch: None,
            precision: None,
            optimizer: None,
            schedule: None,
            checkpoint: None,
            forward: None,
            augment: None,
            losses: None,
            order: spec.order,
            batches: spec.batches,
            first_query: spec.first_query,
            short_batch: spec.short_batch,
        };
        match spec.losses {
            LossSource::File(file) => wire.losses = Some(file),
            LossSource::Learner(learner) => {
                wire.task = Some(learner.task);
                wire.epochs = Some(learner.epochs);
                wire.minibatch = Some(learner.minibatch);
                wire.precision = (learner.precision != Precision::default()).then_some(learner.precision);
                wire.optimizer = Some(learner.optimizer);
                wire.schedule = Some(learner.schedule);
                wire.checkpoint = Some(learner.checkpoint);
                wire.forward = Some(learner.forward);
                wire.augment = (!learner.augment.is_empty()).then_some(learner.augment);
            }
        }
        wire
    }
}

/// The self-supervised task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PretextTask {
    /// Which of four rotations (0, 90, 180, 270 degrees) was applied (paper, section 3.1).
    Rotation,
    /// The colours of a grey picture (Zhang et al., ECCV 2016); the paper used it for segmentation, by a review of it.
    Colorization,
    /// Which permutation of its tiles an image was cut into (Noroozi and Favaro, ECCV 2016). The paper studied it; its
    /// options are not known.
    Jigsaw(Jigsaw),
    /// Whether two views are of one image (Chen and He, CVPR 2021): the negative cosine of the prediction of one from the
    /// other. The paper studied it; its options are not known.
    Simsiam(SimSiam),
}

/// Options of [`PretextTask::Jigsaw`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Jigsaw {
    /// Tiles in a row and in a column: 2 or 3.
    pub grid: usize,
    /// Permutations to tell apart, chosen to differ in as many tiles as can be; 24 are all of a grid of 2.
    pub permutations: usize,
}

/// Options of [`PretextTask::Simsiam`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SimSiam {
    /// Pairs of views whose losses are averaged when the pool is scored.
    pub views: usize,
    /// Outputs of the projection. 2,048 in the authors' code.
    pub dimension: usize,
    /// Outputs of the hidden layer of the projector; `dimension` when absent. (The authors' code for ImageNet has as many as the
    /// network has features, 2,048, in two hidden layers; their CIFAR-10 experiment has one.)
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
    /// Outputs of the hidden layer of the predictor; a quarter of `dimension` when absent, as in the authors' code (512 of 2,048).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bottleneck: Option<usize>,
    /// Whether the last batch norm of each residual block begins with a scale of 0, so that the block begins as its shortcut. The
    /// authors' code does so (`main_simsiam.py`: `zero_init_residual=True`).
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub zero_residual: bool,
}

/// How the transformed copies of a minibatch pass through the pretext learner in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PretextForward {
    /// In forwards of their own: each holds every image once, under one of its transformations that are dealt to the
    /// forwards at random, so that batch norm takes its statistics over images of mixed rotations. As in the official
    /// code (`rotation.py`; `RotationLoader` of `loader.py` at 659f52b shuffles the four rotations of each image).
    Separate,
    /// In forwards of their own, each of one transformation. Batch norm's statistics then tell the rotation, in
    /// training alone. No source does so; it is what a reading of `rotation.py` without its loader suggests.
    SeparateUnshuffled,
    /// All transformations together, with statistics over all of them.
    Together,
    /// One rotation of each image, drawn anew each epoch, in one forward: a quarter of the work of the others. As in the first
    /// public state of the official code (`RotationLoader` of `loader.py` at 280b9bf, 2021-07-19). It scores all four.
    OneRotation,
}

/// Which epoch's pretext learner gives the losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PretextCheckpoint {
    /// The last epoch's.
    Last,
    /// The one with the highest pretext accuracy on the pool it was trained on, measured after every epoch, as in
    /// the official code.
    BestOnPool,
}

/// How the pool is sorted before it is split into pretext batches. Equal losses go by index, lowest first, unless the order says
/// otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossOrder {
    /// By loss, highest first (paper, section 3.2).
    Loss,
    /// By loss, lowest first. No state of the official code does so: what it has is [`Self::PublishedStringSortLowFirst`].
    LossLowFirst,
    /// By the loss as a string, as Python prints it, highest first: `9.99e-05` then lies before `9.5`. As in the official code
    /// since 7656fce (2021-11-24; `make_batches.py`: `np.argsort` of strings, reversed). Equal losses go by index, highest
    /// first, since the whole order is reversed.
    PublishedStringSort,
    /// By the loss as a string, lowest first, as in the first public state of the official code (`analysis.py` at 280b9bf,
    /// 2021-07-19): losses below 1e-4, the easiest images, then lie at the end, mixed with the hardest ones (1 to 10).
    PublishedStringSortLowFirst,
}

impl LearnerSpec {
    /// How often an image passes through the learner.
    pub fn passes(&self) -> Passes {
        let both = |passes| Passes { training: passes, scoring: passes };
        match self.task {
            PretextTask::Rotation if self.forward == PretextForward::OneRotation => Passes { training: 1, scoring: 4 },
            PretextTask::Rotation => both(4),
            PretextTask::Colorization => both(1),
            // One permutation in a step, all of them for the loss.
            PretextTask::Jigsaw(jigsaw) => Passes { training: 1, scoring: jigsaw.permutations },
            PretextTask::Simsiam(simsiam) => Passes { training: 2, scoring: 2 * simsiam.views },
        }
    }
}

impl PretextSpec {
    /// The learner, if losses are not from a file.
    pub fn learner(&self) -> Option<&LearnerSpec> {
        match &self.losses {
            LossSource::Learner(learner) => Some(learner),
            LossSource::File(_) => None,
        }
    }
}
