//! Imbalanced pools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Makes the pool of a classification data set imbalanced: leaves out images of its train split, drawn once for all
/// trials. The test split does not change. Class k counts from 0 in the order of the data set's classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Imbalance {
    LongTail(LongTail),
    Step(StepImbalance),
    Linear(Linear),
}

impl Imbalance {
    /// The seed by which the images that are kept are drawn.
    pub fn seed(&self) -> u64 {
        match self {
            Self::LongTail(tail) => tail.seed,
            Self::Step(step) => step.seed,
            Self::Linear(linear) => linear.seed,
        }
    }
}

/// Class k of C keeps `count ratio^(-k/(C-1))` of its `count` images, rounded down.
///
/// Source: Cao et al., NeurIPS 2019.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LongTail {
    /// How many times more images the first class keeps than the last; at least 1.
    #[schemars(example = 100.0)]
    pub ratio: f64,
    /// The seed by which the images that are kept are drawn; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
}

/// The last classes keep `count / ratio` of their images, rounded down; the others keep all.
///
/// Source: Buda et al., Neural Networks 2018; Cao et al. with half of the classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepImbalance {
    /// The fraction of the classes that is cut, above 0 and at most 1, rounded to whole classes.
    #[schemars(example = 0.5)]
    pub classes: f64,
    /// How many times more images the other classes keep; at least 1.
    #[schemars(example = 10.0)]
    pub ratio: f64,
    /// The seed by which the images that are kept are drawn; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
}

/// Class k keeps `step (k + 1)` images, or all if it has fewer (CIFAR-10 with 500: 27,500 in all).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Linear {
    /// The number of images that each class keeps more than the class before; at least 1.
    #[schemars(example = 500)]
    pub step: usize,
    /// The seed by which the images that are kept are drawn; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
}
