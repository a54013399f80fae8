//! The rounds in specs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The number of rounds and the labels of each. The last round has `initial + (count - 1) query` labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RoundsSpec {
    /// The number of rounds (the paper's "cycles"), including round 0 on the initial labels.
    ///
    /// Source: 10 in the official code (`main.py`).
    #[schemars(example = 10)]
    pub count: usize,
    /// The number of labels of round 0.
    ///
    /// Source: 1,000 on CIFAR-10 in the official code (`main.py`).
    #[schemars(example = 1000)]
    pub initial: usize,
    /// The number of labels that each later round adds; at least 1 unless `count` is 1.
    ///
    /// Source: 1,000 on CIFAR-10 in the official code (`main.py`).
    #[schemars(example = 1000)]
    pub query: usize,
}

impl RoundsSpec {
    /// Counts the labels that the task model of `round` is trained on.
    pub fn labeled(&self, round: usize) -> usize {
        self.initial.saturating_add(round.saturating_mul(self.query))
    }
}
