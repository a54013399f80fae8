//! Arms that two folders share, against each other.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Compared;
use crate::findings::{LEVEL, What};
use crate::report::findings::Findings;
use crate::results::Arm;
use crate::spec::Metric;
use crate::stats::{self, LEAST_PAIRS, Paired};

/// An arm in one folder less the same arm in another; the columns of `comparisons.csv` (`docs/formats.md`). Numbers
/// have the unit of the records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct FolderComparison {
    pub metric: String,
    pub arm: String,
    pub results: String,
    pub versus: String,
    pub what: What,
    /// Empty for the area.
    pub labeled: Option<usize>,
    pub test: Test,
    pub n: usize,
    pub versus_n: usize,
    pub mean: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub t: Option<f64>,
    pub p: Option<f64>,
    /// Over all rows with the same `what`.
    pub p_holm: Option<f64>,
}

impl FolderComparison {
    /// Whether the difference is significant after Holm's correction.
    pub fn is_significant(&self) -> bool {
        self.p_holm.is_some_and(|p| p < LEVEL)
    }

    /// Half the width of the interval; `None` if there is none.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

/// How trials are matched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Test {
    /// By seed.
    #[default]
    Paired,
    /// Not at all: the folders have fewer than three seeds in common.
    Welch,
}

/// Every later folder against every earlier one, in every arm that both have, as far as there are numbers of labels
/// that both have.
pub(super) fn comparisons(compared: &Compared) -> Vec<FolderComparison> {
    let mut found = Vec::new();
    for what in [What::Area, What::LastRound] {
        let from = found.len();
        for (i, (name, findings)) in compared.each().enumerate() {
            for (other_name, other) in compared.each().take(i) {
                for arm in findings.results.arms() {
                    let Some(versus) = other.results.arms().into_iter().find(|a| a.label == arm.label) else {
                        continue;
                    };
                    let shared: Vec<usize> = labels(findings).intersection(&labels(other)).copied().collect();
                    if what == What::Area && shared.len() < 2 {
                        // The area of one number of labels is its value.
                        continue;
                    }
                    let values = |findings: &Findings, arm: &Arm| values(findings, arm, compared.metric, &shared, what);
                    let Some(tested) = Tested::of(&values(findings, &arm), &values(other, &versus)) else { continue };
                    found.push(FolderComparison {
                        metric: compared.metric.name.into(),
                        arm: arm.label.clone(),
                        results: name.into(),
                        versus: other_name.into(),
                        what,
                        labeled: if what == What::Area { None } else { shared.last().copied() },
                        test: tested.test,
                        n: tested.n.0,
                        versus_n: tested.n.1,
                        mean: tested.mean,
                        low: tested.low,
                        high: tested.high,
                        t: tested.t,
                        p: tested.p,
                        p_holm: None,
                    });
                }
            }
        }
        let corrected = stats::holm(&found[from..].iter().map(|c| c.p).collect::<Vec<_>>());
        found[from..].iter_mut().zip(corrected).for_each(|(c, p)| c.p_holm = p);
    }
    found
}

/// The numbers of labels that rounds of a spec have.
fn labels(findings: &Findings) -> BTreeSet<usize> {
    let rounds = &findings.spec().rounds;
    (0..rounds.count).map(|round| rounds.labeled(round)).collect()
}

/// By seed, each arm under its own rule: the area over `shared` numbers of labels, of trials that have them all, or the
/// value at the largest.
fn values(findings: &Findings, arm: &Arm, metric: Metric, shared: &[usize], what: What) -> BTreeMap<u64, f64> {
    let rounds = &findings.spec().rounds;
    let mut found = BTreeMap::new();
    for (&seed, curve) in findings.results.trials(&arm.label, metric.name, arm.rule()) {
        let at: BTreeMap<usize, f64> = curve.iter().map(|(&round, &value)| (rounds.labeled(round), value)).collect();
        let value = match what {
            What::Area => {
                let points: Option<Vec<(f64, f64)>> =
                    shared.iter().map(|labeled| Some((*labeled as f64, *at.get(labeled)?))).collect();
                points.and_then(|points| stats::area(&points))
            }
            What::LastRound | What::Round => shared.last().and_then(|labeled| at.get(labeled).copied()),
        };
        found.extend(value.map(|value| (seed, value)));
    }
    found
}

/// The difference of two groups of trials.
struct Tested {
    test: Test,
    /// The number of trials of each; the number of pairs if they are paired.
    n: (usize, usize),
    mean: f64,
    low: Option<f64>,
    high: Option<f64>,
    t: Option<f64>,
    p: Option<f64>,
}

impl Tested {
    /// Paired by seed where at least three seeds are in both.
    fn of(ours: &BTreeMap<u64, f64>, theirs: &BTreeMap<u64, f64>) -> Option<Self> {
        if let Some(Paired { n, mean, low, high, t, p, .. }) = stats::paired(ours, theirs)
            && n >= LEAST_PAIRS
        {
            return Some(Self { test: Test::Paired, n: (n, n), mean, low, high, t, p });
        }
        let list = |values: &BTreeMap<u64, f64>| values.values().copied().collect::<Vec<_>>();
        let stats::Welch { n, mean, test } = stats::welch(&list(ours), &list(theirs))?;
        Some(Self {
            test: Test::Welch,
            n,
            mean,
            low: test.map(|t| t.low),
            high: test.map(|t| t.high),
            t: test.map(|t| t.t),
            p: test.map(|t| t.p),
        })
    }
}
