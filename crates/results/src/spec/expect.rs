//! Claims about an experiment, and the options of the gate. Neither changes a value, so neither is in the hash.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Select, Spec};

/// A claim that the results are compared with. It needs either `band`, for a claim that a value lies in it, or `better-than`, for a
/// claim that an arm is better than another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// The claim in words, on one line.
    #[schemars(example = &"PT4AL beats random sampling")]
    pub claim: String,
    /// Where the claim is made, on one line, so that a reader can find it.
    #[schemars(example = &"the paper")]
    pub source: String,
    /// The arm that the claim is about: a sampler's label, or `<sampler>@<variant>`.
    #[schemars(example = &"pretext-batch")]
    pub sampler: String,
    /// The metric, named as in the records.
    ///
    /// Default: the task's primary metric (`accuracy`, or `miou` for segmentation).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"balanced-accuracy")]
    pub metric: Option<String>,
    /// The point of the curve that the claim is about.
    pub at: At,
    /// The selection rule of the source's number.
    ///
    /// Default: the rule that each arm queries with (`train.select.query`); it is also used for results that do not record the
    /// stated rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Select>,
    /// The lowest and the highest value that agree with the claim, in the unit of the records: 0 to 1.
    ///
    /// Default: none; then `better-than` is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = [0.926, 0.936])]
    pub band: Option<[f64; 2]>,
    /// The arm that `sampler` should exceed.
    ///
    /// Default: none; then `band` is required.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"random")]
    pub better_than: Option<String>,
}

/// A point of a learning curve, or its area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// The round with this number of labels: `{ labeled = 10000 }`.
    Labeled(#[schemars(example = 10000)] usize),
    /// Round 0, on the initial labels.
    FirstRound,
    /// The last round.
    LastRound,
    /// The area under the curve over the number of labels, divided by the curve's width.
    Area,
}

impl At {
    /// Returns the round, or `None` for the area and for a number of labels that no round has.
    pub fn round(self, spec: &Spec) -> Option<usize> {
        match self {
            Self::Labeled(labeled) => (0..spec.rounds.count).find(|&round| spec.rounds.labeled(round) == labeled),
            Self::FirstRound => Some(0),
            Self::LastRound => spec.rounds.count.checked_sub(1),
            Self::Area => None,
        }
    }
}

/// Options of the gate, `pt4al check`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckSpec {
    /// The smallest difference for which a curve counts as moved, in the unit of the records (0 to below 1): 0.005 is half a point
    /// of accuracy. Smaller differences never count, however significant they are.
    #[schemars(example = 0.005)]
    pub smallest_difference: f64,
}

/// The rules of `[[expect]]` and `[check]`.
///
/// # Errors
/// One line that opens with the key.
pub(super) fn check(spec: &Spec) -> Result<()> {
    for (i, expected) in spec.expect.iter().enumerate() {
        let key = |name: &str| format!("`expect[{i}].{name}`");
        for (name, text) in [("claim", &expected.claim), ("source", &expected.source), ("sampler", &expected.sampler)] {
            ensure!(
                !text.trim().is_empty() && !text.contains(char::is_control),
                "{} must be one line that is not empty",
                key(name)
            );
        }
        if let Some(metric) = &expected.metric {
            let known: Vec<&str> = spec.dataset.task().metrics().iter().map(|metric| metric.name).collect();
            ensure!(
                known.contains(&metric.as_str()),
                "{} is \"{metric}\"; it is one of {}",
                key("metric"),
                known.join(", ")
            );
        }
        match (&expected.band, &expected.better_than) {
            (Some([low, high]), None) => ensure!(
                low.is_finite() && high.is_finite() && low <= high && *low >= 0.0 && *high <= 1.0,
                "{} is [{low}, {high}]; write the lowest and the highest value, from 0 to 1: [0.926, 0.936] for 93.1 % plus or \
                 minus half a point",
                key("band")
            ),
            (None, Some(other)) => {
                ensure!(*other != expected.sampler, "{} is the arm itself; name another", key("better-than"));
            }
            _ => anyhow::bail!("{} needs either `band` or `better-than`; give one of the two", key("claim")),
        }
    }
    if let Some(check) = &spec.check {
        ensure!(
            (0.0..1.0).contains(&check.smallest_difference),
            "`check.smallest-difference` is {}; it is from 0 to below 1, for instance 0.005 for half a point",
            check.smallest_difference
        );
    }
    Ok(())
}
