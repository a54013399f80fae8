//! How task models are trained, and which epoch counts.

use serde::{Deserialize, Serialize};

use super::Augment;

/// How the task model is trained each round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainSpec {
    pub start: Start,
    pub epochs: usize,
    /// Images in a step. The last minibatch of an epoch may be smaller; see [`super::Spec::minibatches`].
    pub minibatch: usize,
    /// Of weights, training, evaluation and the scores that queries are made of.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub precision: Precision,
    pub augment: Vec<Augment>,
    pub optimizer: Optimizer,
    pub schedule: Schedule,
    pub select: SelectSpec,
}

/// The numbers that a network computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// IEEE single precision everywhere.
    #[default]
    F32,
    /// Single precision whose convolutions may round their inputs to TF32 (10 bits of mantissa): what PyTorch does on CUDA unless
    /// told otherwise (`torch.backends.cudnn.allow_tf32`), so what the official code computed with on an NVIDIA GPU of 2020 or
    /// later. On the CPU, and on older GPUs, it is `f32`.
    Tf32,
    /// Convolutions in bfloat16 (7 bits of mantissa) and what lies between them; weights, the optimizer's momentum, batch norm's statistics,
    /// head and loss in single precision. Fast on GPUs of 2020 and later and on CPUs with AMX, slow on others.
    Bf16,
    /// IEEE double precision. It is slow, and no experiment needs it. It is there for tests: a short training gives the same
    /// values on every processor, to at least nine digits. In `f32` no digit is certain, since each instruction set sums in
    /// another order, and training amplifies what rounding leaves.
    F64,
}

impl Precision {
    /// As a spec has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::F64 => "f64",
        }
    }

    /// Bytes of a number in the maps that a training step keeps, and in what is computed most.
    pub fn bytes(self) -> usize {
        match self {
            Self::Bf16 => 2,
            Self::F32 | Self::Tf32 => 4,
            Self::F64 => 8,
        }
    }
}

/// The weights that a round starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Initialised anew each round, as the paper's description implies.
    Fresh,
    /// Those of the round before, of the epoch whose model queried ([`SelectSpec::query`]); the optimizer starts anew. As in every
    /// state of the official code: `main.py` loads the last cycle's checkpoint, which is of its best epoch on the images that it
    /// evaluates, into the network that it then trains on. With `query = "last"` it is the last epoch.
    Continue,
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
    /// The images that accuracies are of, and that best-on-test chooses by.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub images: EvaluationImages,
    /// Part of the labels that best-on-held-out chooses by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<f64>,
}

/// The images that accuracies are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvaluationImages {
    /// The test split.
    #[default]
    Test,
    /// The whole pool, labeled or not: images that are trained on among them. As in the official code from
    /// 2021-11-24 (7656fce: `main.py` evaluates `Loader2`, which lists `./DATA/train`) to 2022-12-19 (458883d).
    Train,
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
