//! What is claimed of an experiment, and when a curve counts as moved. None of it changes a value: it is in no hash.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::{Select, Spec};

/// `[[expect]]`: a claim that the results are held against, of a value or of one sampler against another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Expectation {
    /// One line.
    pub claim: String,
    /// Who claims it, so that a reader can find it.
    pub source: String,
    /// The arm: a sampler's label, or `<sampler>@<variant>`.
    pub sampler: String,
    /// As in the records; what the task is judged by when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<String>,
    pub at: At,
    /// The selection rule that the source reports its number under; the one that each arm queries with when absent. Results that do
    /// not record it are judged by the arm's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub select: Option<Select>,
    /// The least and the most that the value may be, in the unit of the records: 0 to 1 for accuracies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band: Option<[f64; 2]>,
    /// The arm that the value is to exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub better_than: Option<String>,
}

/// Which value of a trial is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// That of the model trained on so many labels.
    Labeled(usize),
    /// That of the model trained on the initial labels.
    FirstRound,
    /// That of the last round.
    LastRound,
    /// The area under the budget curve, divided by its width.
    Area,
}

impl At {
    /// The round whose value it is: none for the area, and for a number of labels that no round has.
    pub fn round(self, spec: &Spec) -> Option<usize> {
        match self {
            Self::Labeled(labeled) => (0..spec.rounds.count).find(|&round| spec.rounds.labeled(round) == labeled),
            Self::FirstRound => Some(0),
            Self::LastRound => spec.rounds.count.checked_sub(1),
            Self::Area => None,
        }
    }
}

/// `[check]`: what `pt4al check` goes by.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CheckSpec {
    /// A curve counts as moved from this difference on, in the unit of the records, and never below it.
    pub smallest_difference: f64,
}

/// The rules of both.
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
                "{} is [{low}, {high}]; write the least and the most, from 0 to 1: [0.926, 0.936] for 93.1 % give or take \
                 half a point",
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
            "`check.smallest-difference` is {}; it is a part of 1, for instance 0.005 for half a point",
            check.smallest_difference
        );
    }
    Ok(())
}
