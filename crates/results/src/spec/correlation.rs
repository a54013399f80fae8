//! `[correlation]` in specs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `pt4al correlate` computes. It trains one task model on the whole pool and one for each fold on the rest of the pool;
/// the models of the folds give the task losses of images that they were not trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CorrelationSpec {
    /// The number of folds that the pool is cut into, each held out of the training of one task model; at least 2.
    #[schemars(example = 5)]
    pub folds: usize,
    /// The number of images in the scatter plot.
    ///
    /// Source: 1,000 in the paper.
    #[schemars(example = 1000)]
    pub points: usize,
    /// The number of bootstrap resamples of the interval.
    #[schemars(example = 2000)]
    pub resamples: usize,
}
