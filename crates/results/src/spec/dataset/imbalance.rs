//! Imbalanced pools.

use serde::{Deserialize, Serialize};

/// Makes the pool of a classification data set imbalanced by leaving out images of its train split, drawn once for all
/// trials; the test split does not change. Class k counts from 0 in the order of the data set's classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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

/// Class k of C keeps `count ratio^(-k/(C-1))` of its `count` images, rounded down (Cao et al., NeurIPS 2019).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LongTail {
    /// How many times more images the first class keeps than the last; at least 1.
    pub ratio: f64,
    /// The seed by which the images that are kept are drawn.
    pub seed: u64,
}

/// The last part of the classes keeps `count / ratio` of its images, rounded down; the others keep all (Buda et al.,
/// Neural Networks 2018; Cao et al. with half of the classes).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepImbalance {
    /// The part of the classes that is cut, rounded to whole classes.
    pub classes: f64,
    /// How many times more images the other classes keep; at least 1.
    pub ratio: f64,
    /// The seed by which the images that are kept are drawn.
    pub seed: u64,
}

/// Class k keeps `step (k + 1)` images, or all it has (CIFAR-10 with 500: 27,500 in all).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Linear {
    /// The number of images that each class keeps more than the class before.
    pub step: usize,
    /// The seed by which the images that are kept are drawn.
    pub seed: u64,
}
