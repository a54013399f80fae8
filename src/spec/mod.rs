//! Experiment specs: TOML on disk, checked [`Spec`] in memory, and the trials it expands to.
//!
//! Every number that affects a result stands here. There are no defaults for such numbers: a key that is missing is
//! an error, and so is one that is not known ([`load`] names the key, the line and the nearest valid key).

mod check;
mod dataset;
mod hash;
mod model;
mod parse;
mod sampler;
mod task;
mod work;

use serde::{Deserialize, Serialize};

pub use check::CheckedAgainstPool;
pub use dataset::*;
pub(crate) use hash::{hex, short_hash};
pub use model::*;
pub use parse::{Source, experiment_name, load, load_resolved, profiles};
pub use sampler::*;
pub use task::*;
pub use work::Work;

/// One experiment: samplers x seeds on one data set under one protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec {
    /// One line for reports.
    pub title: String,
    /// One trial for each seed and sampler.
    pub seeds: Vec<u64>,
    /// The samplers that are compared.
    pub samplers: Vec<SamplerSpec>,
    /// What is recorded beside the metrics that the task always has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<ExtraMetric>,
    pub dataset: DatasetSpec,
    /// Leaves images of the train split out, so that the pool's classes differ in size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    pub rounds: RoundsSpec,
    pub model: ModelSpec,
    pub train: TrainSpec,
    /// Needed by samplers that use a pretext task, and by no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretext: Option<PretextSpec>,
    /// Filled in when the spec is resolved; absent in files that people write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// Where a resolved spec came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resolved {
    /// The file's name without its ending.
    pub experiment: String,
    /// The profiles that were laid over the file, with `+` between them; empty for none.
    pub profile: String,
    /// [`Spec::hash`].
    pub hash: String,
}

/// How many labels each round has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RoundsSpec {
    /// Rounds, the one on the initial labels included (the paper's "cycles").
    pub count: usize,
    /// Labels of round 0.
    pub initial: usize,
    /// Labels that each later round adds.
    pub query: usize,
}

impl RoundsSpec {
    /// Labels that the task model of `round` is trained on.
    pub fn labeled(&self, round: usize) -> usize {
        self.initial + round * self.query
    }
}

/// How the task model is trained each round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainSpec {
    pub start: Start,
    pub epochs: usize,
    pub minibatch: usize,
    pub augment: Vec<Augment>,
    pub optimizer: Optimizer,
    pub schedule: Schedule,
    pub select: SelectSpec,
}

/// The weights that a round starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Initialised anew each round, as the paper's description implies.
    Fresh,
}

/// A metric that is recorded only where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraMetric {
    /// Classification: whether the label is among the 5 most probable classes.
    #[serde(rename = "top-5-accuracy")]
    Top5Accuracy,
    /// Classification: the mean over classes of the accuracy on each.
    BalancedAccuracy,
    /// The accuracy on each class, as rows `accuracy/<class>` (segmentation always has `iou/<class>`).
    PerClass,
}

impl ExtraMetric {
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Top5Accuracy => "top-5-accuracy",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::PerClass => "per-class",
        }
    }
}

/// A random change of the training images, of segmentation's labels together with them. Crops decide the size that the
/// network is trained on; classification scores and evaluates the center of that size, segmentation whole images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Augment {
    /// A random crop of the image's own size after padding it with 4 black pixels on each side.
    #[serde(rename = "crop-4")]
    Crop4,
    /// A horizontal flip, half of the time.
    #[serde(rename = "flip")]
    Flip,
    /// A random part of this height and width, without padding.
    #[serde(rename = "crop")]
    Crop([usize; 2]),
    /// A random part of a random area and shape, resized to a square (bilinear): the usual augmentation for ImageNet.
    #[serde(rename = "random-resized-crop")]
    RandomResizedCrop(RandomResizedCrop),
}

/// Options of [`Augment::RandomResizedCrop`]; the aspect ratio is drawn from 3/4 to 4/3, as in torchvision. The part is
/// taken of the stored image and sampled bilinearly without antialiasing, so `side` should not be far below its size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RandomResizedCrop {
    /// Height and width of the result.
    pub side: usize,
    /// The smallest and the largest part of the area that is taken.
    pub area: [f64; 2],
}

impl Augment {
    /// The height and width that it gives images, if it decides that.
    pub fn size(&self) -> Option<[usize; 2]> {
        match self {
            Self::Crop4 | Self::Flip => None,
            Self::Crop(size) => Some(*size),
            Self::RandomResizedCrop(crop) => Some([crop.side; 2]),
        }
    }
}

/// The optimizer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Optimizer {
    Sgd(Sgd),
}

/// SGD with momentum, as PyTorch defines it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Sgd {
    pub lr: f64,
    pub momentum: f64,
    pub weight_decay: f64,
}

/// The learning rate over the epochs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Schedule {
    /// The optimizer's, throughout.
    Constant,
    /// Multiplied by `factor` before each of the epochs `at` (counted from 0).
    Steps(Steps),
    /// From the optimizer's down to 0 along half a cosine, changed each epoch.
    Cosine,
}

/// Options of [`Schedule::Steps`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Steps {
    pub at: Vec<usize>,
    pub factor: f64,
}

impl Schedule {
    /// The factor on the learning rate in `epoch` of `epochs`.
    pub fn factor(&self, epoch: usize, epochs: usize) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Steps(steps) => steps.factor.powi(steps.at.iter().filter(|&&at| epoch >= at).count() as i32),
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * epoch as f64 / epochs as f64).cos()),
        }
    }
}

/// Which epoch's model is recorded, and which one queries.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SelectSpec {
    /// The rule whose model chooses the next round's labels; one of `record`.
    pub query: Select,
    /// The rules whose test accuracy is recorded.
    pub record: Vec<Select>,
    /// Epochs between the evaluations that the best-on rules choose from; the last epoch is always one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<usize>,
    /// Part of the labels that best-on-held-out chooses by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
}

/// A rule that selects one epoch of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The last epoch.
    Last,
    /// The epoch with the highest accuracy on the test images: what the official code reports. It looks at the
    /// answer, so its number is optimistic.
    BestOnTest,
    /// The epoch with the highest accuracy on labels held out of the training. Those labels cannot be trained on, so
    /// this rule has a training of its own, on the rest of the labels; the other rules train on all of them.
    BestOnHeldOut,
}

impl Select {
    /// The name in the records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::BestOnTest => "best-on-test",
            Self::BestOnHeldOut => "best-on-held-out",
        }
    }
}

/// The pretext learner, and how its losses become pretext batches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PretextSpec {
    pub task: PretextTask,
    pub epochs: usize,
    /// Images in a step; each enters it once for every transformation of the task.
    pub minibatch: usize,
    pub optimizer: Optimizer,
    pub schedule: Schedule,
    pub checkpoint: PretextCheckpoint,
    pub forward: PretextForward,
    pub order: LossOrder,
    /// Pretext batches; as many as there are rounds when absent. Round i queries batch i.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batches: Option<usize>,
}

/// The self-supervised task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PretextTask {
    /// Which of four rotations (0, 90, 180, 270 degrees) was applied (paper, section 3.1).
    Rotation,
    /// The colours of a grey picture (Zhang et al., ECCV 2016); the paper used it for segmentation, by a review of it.
    Colorization,
}

/// How the transformed copies of a minibatch pass through the pretext learner in training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PretextForward {
    /// Each transformation on its own, so that batch norm takes its statistics over images of one rotation, as in
    /// the official code (`rotation.py`). Scoring uses running statistics, which mix all rotations.
    Separate,
    /// All transformations together, with statistics over all of them.
    Together,
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

/// How the pool is sorted before it is split into pretext batches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LossOrder {
    /// By loss, highest first; ties by index, lowest first.
    Loss,
}

/// One sampler and one seed: a process of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub sampler: SamplerSpec,
    pub seed: u64,
}

impl Trial {
    /// The name of the trial's files, for instance `core-set-seed3`.
    pub fn key(&self) -> String {
        format!("{}-seed{}", self.sampler.label(), self.seed)
    }
}

impl Spec {
    /// All trials: seeds outermost, so that an interrupted run has complete comparisons.
    pub fn trials(&self) -> Vec<Trial> {
        let trial =
            |seed: &u64| self.samplers.iter().map(|s| Trial { sampler: s.clone(), seed: *seed }).collect::<Vec<_>>();
        self.seeds.iter().flat_map(trial).collect()
    }

    /// Whether any sampler needs the pretext learner.
    pub fn needs_pretext(&self) -> bool {
        self.samplers.iter().any(SamplerSpec::needs_pretext)
    }

    /// Pretext batches: `pretext.batches`, or one a round.
    pub fn pretext_batches(&self) -> usize {
        self.pretext.as_ref().and_then(|p| p.batches).unwrap_or(self.rounds.count)
    }

    /// The results folder's name: `<experiment>[-<profile>...]`.
    pub fn folder_name(&self) -> String {
        let resolved = self.resolved.as_ref().expect("a loaded spec is resolved");
        let parts = std::iter::once(resolved.experiment.as_str()).chain(resolved.profile.split('+'));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }

    /// The experiment's name and profile.
    pub fn identity(&self) -> (&str, &str) {
        let resolved = self.resolved.as_ref().expect("a loaded spec is resolved");
        (&resolved.experiment, &resolved.profile)
    }
}
