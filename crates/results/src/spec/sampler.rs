//! Samplers in specs.

use serde::{Deserialize, Serialize};

use super::InitialSet;

/// How the pool's images are chosen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SamplerSpec {
    /// Uniformly at random.
    Random,
    /// Highest entropy of the class probabilities, over the whole pool.
    Entropy,
    /// Lowest probability of the predicted class, over the whole pool.
    LeastConfidence,
    /// Smallest gap between the two most probable classes, over the whole pool.
    Margin,
    /// k-center greedy on the features before the head (Sener and Savarese, ICLR 2018).
    CoreSet,
    /// PT4AL: the most uncertain of the pretext batch of the round.
    PretextBatch(PretextBatchSpec),
}

/// Options of the pretext-batch sampler.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PretextBatchSpec {
    /// The paper uses least confidence (section 3.3).
    #[serde(default)]
    pub within: Within,
}

/// How images are chosen inside a pretext batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// Lowest probability of the predicted class.
    #[default]
    LeastConfidence,
    /// Highest entropy of the class probabilities (the official code's `get_plabels3`).
    Entropy,
    /// Smallest gap between the two most probable classes.
    Margin,
    /// As many of each predicted class, in the batch's order; what a class lacks is filled with those left over (the
    /// official code's `get_plabels`, which its first public state used: 280b9bf, 2021-07-19 to 2021-11-24).
    ClassBalanced,
    /// At even intervals, as round 0: no task model is asked (the official code's `main_int.py`, until 2021-11-24).
    Interval,
    /// At random.
    Random,
}

/// What least confidence is measured on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The softmax of the network's outputs.
    #[default]
    Logits,
    /// The softmax of the outputs after they are scaled to the length 1 (L2), as in the official code's `get_plabels2`.
    /// It ranks images in another order; entropy and margin are not changed, as `get_plabels3` does not scale.
    NormalizedLogits,
}

/// How unsure the task model is of an image; higher is less sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncertainty {
    /// `1 - max p`.
    #[default]
    LeastConfidence,
    /// `-sum p ln p`, in nats.
    Entropy,
    /// `1 - (p1 - p2)` of the two most probable classes.
    Margin,
}

impl SamplerSpec {
    /// The name in records and plots. It determines the sampler's settings: options that differ from the paper's
    /// appear in it.
    pub fn label(&self) -> String {
        match self {
            Self::Random => "random".into(),
            Self::Entropy => "entropy".into(),
            Self::LeastConfidence => "least-confidence".into(),
            Self::Margin => "margin".into(),
            Self::CoreSet => "core-set".into(),
            Self::PretextBatch(options) => match options.within {
                Within::LeastConfidence => "pretext-batch".into(),
                Within::Entropy => "pretext-batch-entropy".into(),
                Within::Margin => "pretext-batch-margin".into(),
                Within::ClassBalanced => "pretext-batch-class-balanced".into(),
                Within::Interval => "pretext-batch-interval".into(),
                Within::Random => "pretext-batch-random".into(),
            },
        }
    }

    /// How its labels of round 0 are chosen where the spec does not say.
    pub fn initial_set(&self) -> InitialSet {
        match self {
            Self::Random | Self::Entropy | Self::LeastConfidence | Self::Margin | Self::CoreSet => InitialSet::Random,
            Self::PretextBatch(_) => InitialSet::PAPER,
        }
    }

    /// Whether the sampler reads pretext losses.
    pub fn needs_pretext(&self) -> bool {
        match self {
            Self::Random | Self::Entropy | Self::LeastConfidence | Self::Margin | Self::CoreSet => false,
            Self::PretextBatch(_) => true,
        }
    }

    /// Images that one query scores with the task model, of a pool of `unlabeled` + `labeled` images.
    pub(crate) fn scored(&self, unlabeled: usize, labeled: usize, batch: usize) -> usize {
        match self {
            Self::Random => 0,
            Self::Entropy | Self::LeastConfidence | Self::Margin => unlabeled,
            Self::CoreSet => unlabeled + labeled,
            Self::PretextBatch(options) => match options.within {
                Within::LeastConfidence | Within::Entropy | Within::Margin | Within::ClassBalanced => batch,
                Within::Interval | Within::Random => 0,
            },
        }
    }
}
