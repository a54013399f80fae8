//! The training of task models in specs, and the selection rules.

mod optimizer;
mod schedule;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Augment;
pub use optimizer::{AdamW, Optimizer, Sgd};
pub use schedule::{Cosine, OneCycle, Rate, Schedule, Steps};

/// How the task model is trained each round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainSpec {
    /// The weights that each round starts from.
    pub start: Start,
    /// The number of epochs of each round, 1 to 1,000,000.
    ///
    /// Source: 200 in the official code (`main.py`).
    #[schemars(example = 200)]
    pub epochs: usize,
    /// The number of images in a step, 1 to 65,536. The last minibatch of an epoch may be smaller; a single remaining image joins the
    /// minibatch before it if batch norm needs two.
    ///
    /// Source: 128 in the official code (`main.py`).
    #[schemars(example = 128)]
    pub minibatch: usize,
    /// The number format of training, evaluation and the scores that queries use.
    #[serde(default, skip_serializing_if = "super::is_default")]
    #[schemars(!skip_serializing_if)]
    pub precision: Precision,
    /// Random changes of the training images, in this order; `[]` for none.
    ///
    /// Source: `["crop-4", "flip"]` in the official code (`main.py`).
    #[schemars(example = ["crop-4", "flip"])]
    pub augment: Vec<Augment>,
    /// The optimizer.
    pub optimizer: Optimizer,
    /// The learning rate over the epochs of a round.
    ///
    /// Source: `{ steps = { at = [160], factor = 0.1 } }` of 200 epochs in the official code (`main.py`).
    pub schedule: Schedule,
    /// Label smoothing, from 0 to below 1: the part of each label that all classes share equally. For segmentation, it is of each
    /// pixel's label. The training loss has it; recorded losses of test images and the task losses of `pt4al correlate` do not.
    ///
    /// Source: Szegedy et al., CVPR 2016; PyTorch's `CrossEntropyLoss(label_smoothing)`; none in the official code.
    #[serde(default, skip_serializing_if = "super::is_default")]
    #[schemars(!skip_serializing_if, example = 0.1)]
    pub label_smoothing: f64,
    /// Which epochs' models are recorded, and which one queries.
    pub select: SelectSpec,
}

/// The number format that a network computes with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// IEEE single precision everywhere.
    #[default]
    F32,
    /// Single precision, but convolutions may round their inputs to TF32 (10 bits of mantissa). On the CPU and on older GPUs it is the
    /// same as `f32`.
    ///
    /// Source: PyTorch's default on CUDA (`torch.backends.cudnn.allow_tf32`), and so the official code on an NVIDIA GPU of 2020 or
    /// later.
    Tf32,
    /// Convolutions, and what lies between them, in bfloat16 (7 bits of mantissa); weights, momentum, batch norm's statistics, head and
    /// loss in single precision. Fast on GPUs of 2020 or later and on CPUs with AMX, slow on others.
    Bf16,
    /// IEEE double precision: slow, and only for tests. A short training gives the same values on every processor, to at least nine
    /// digits. In `f32` no digit is certain, because each instruction set sums in another order and training amplifies rounding.
    F64,
}

impl Precision {
    /// Returns the name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
            Self::F64 => "f64",
        }
    }

    /// Returns the bytes of a number in the feature maps that a training step keeps.
    pub fn bytes(self) -> usize {
        match self {
            Self::Bf16 => 2,
            Self::F32 | Self::Tf32 => 4,
            Self::F64 => 8,
        }
    }
}

/// The weights that a round starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// New random weights in each round.
    ///
    /// Source: the paper's description implies it.
    Fresh,
    /// The weights of the round before, from the epoch whose model queried (`train.select.query`), with a new optimizer.
    ///
    /// Source: every state of the official code. `main.py` loads the last cycle's checkpoint, which is its best epoch on the images that
    /// it evaluates, into the network that it then trains.
    Continue,
}

/// Which epochs' models are recorded, and which one queries. A selection rule selects one epoch of a training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SelectSpec {
    /// The selection rule whose model chooses the next round's labels; one of `record`.
    pub query: Select,
    /// The selection rules whose test accuracy is recorded.
    #[schemars(example = ["last", "best-on-test"])]
    pub record: Vec<Select>,
    /// The number of epochs between the evaluations from which `best-on-test` and `best-on-held-out` choose; 1 to `train.epochs`. The
    /// last epoch is always evaluated.
    ///
    /// Default: none; required with either rule.
    ///
    /// Source: 1 in the official code (`main.py`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 1)]
    pub every: Option<usize>,
    /// The images on which accuracy is measured and `best-on-test` chooses.
    #[serde(default, skip_serializing_if = "super::is_default")]
    #[schemars(!skip_serializing_if)]
    pub images: EvaluationImages,
    /// The fraction of the labels on which `best-on-held-out` chooses, between 0 and 1.
    ///
    /// Default: none; required with that rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 0.1)]
    pub held_out: Option<f64>,
}

/// The images on which accuracy is measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EvaluationImages {
    /// The test split.
    #[default]
    Test,
    /// The whole pool, labeled or not, and so also images that are trained on.
    ///
    /// Source: official code from 2021-11-24 (7656fce: `main.py` evaluates `Loader2`, which lists `./DATA/train`) to 2022-12-19
    /// (458883d).
    Train,
}

/// A rule that selects one epoch of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Select {
    /// The last epoch.
    Last,
    /// The epoch with the highest accuracy on the test images. It looks at the answer, so its accuracy is optimistic.
    ///
    /// Source: official code (`main.py`), which reports it.
    BestOnTest,
    /// The epoch with the highest accuracy on labels that are held out of the training. This rule has a training of its own, on the
    /// other labels; the other rules train on all labels.
    BestOnHeldOut,
}

impl Select {
    /// Returns the name in the spec and in the records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::BestOnTest => "best-on-test",
            Self::BestOnHeldOut => "best-on-held-out",
        }
    }
}
