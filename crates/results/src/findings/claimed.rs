//! The value that a claim is about: of which arms, in which metric, after which round, and under which selection rule.

use std::collections::BTreeMap;

use super::comparison::values;
use crate::results::{Arm, Results, Rule};
use crate::spec::{At, Expectation, Metric, Select};
use crate::stats::{self, Paired};

/// A claim's value under the rule that each arm queries with. It is additional information; the verdict does not use
/// it.
#[derive(Clone, Debug, PartialEq)]
pub struct UnderOwnRule {
    /// This and the other fields are as in [`JudgedClaim`](super::JudgedClaim).
    pub rules: Vec<&'static str>,
    pub n: usize,
    pub measured: f64,
    pub half_width: Option<f64>,
}

/// The metric of a claim.
pub(super) fn metric(results: &Results, expected: &Expectation) -> Metric {
    let metrics = results.spec.dataset.task().metrics();
    let named = |name: &String| metrics.iter().find(|metric| metric.name == *name);
    *expected.metric.as_ref().and_then(named).unwrap_or(&metrics[0])
}

/// The arm with a label.
pub(super) fn arm<'a>(arms: &'a [Arm<'a>], label: &str) -> Option<&'a Arm<'a>> {
    arms.iter().find(|arm| arm.label == label)
}

/// The arms of the spec that a claim names.
fn named<'a>(results: &'a Results, expected: &Expectation) -> Vec<Arm<'a>> {
    let is_named = |arm: &Arm| arm.label == expected.sampler || expected.better_than.as_ref() == Some(&arm.label);
    results.arms().into_iter().filter(is_named).collect()
}

/// Whether every arm that a claim names records the selection rule of the claim's source.
pub(super) fn is_recorded(results: &Results, expected: &Expectation, select: Select) -> bool {
    named(results, expected).iter().all(|arm| arm.protocol.train.select.record.contains(&select))
}

/// The selection rule under which a claim is judged: its source's, or the arms' own if that is not recorded.
pub(super) fn rule(results: &Results, expected: &Expectation) -> Rule<'static> {
    match expected.select {
        Some(select) if is_recorded(results, expected, select) => Rule::One(select.name()),
        _ => Rule::Own,
    }
}

/// The names in the records of the selection rules that `rule` means for the arms of a claim, each once.
pub(super) fn rules(results: &Results, expected: &Expectation, rule: Rule<'static>) -> Vec<&'static str> {
    let mut names: Vec<&str> = named(results, expected).iter().map(|arm| results.select_of(arm, rule)).collect();
    names.dedup();
    names
}

/// A claim's value under each arm's own rule. Returns `None` if the claim is judged under that rule, or if there is no
/// value.
pub(super) fn own(results: &Results, expected: &Expectation) -> Option<UnderOwnRule> {
    let rules = rules(results, expected, Rule::Own);
    if rules == self::rules(results, expected, rule(results, expected)) {
        return None;
    }
    if expected.better_than.is_some() {
        let difference = difference(results, expected, Rule::Own)?;
        let half_width = half_width(&difference);
        return Some(UnderOwnRule { rules, n: difference.n, measured: difference.mean, half_width });
    }
    let values = values_of(results, expected, &expected.sampler, Rule::Own)?;
    let summary = stats::Summary::of(&values.into_values().collect::<Vec<_>>())?;
    Some(UnderOwnRule { rules, n: summary.n, measured: summary.mean, half_width: summary.half_width() })
}

/// The values of an arm by seed, in the metric and round of a claim. Returns `None` if the spec lacks the arm or the
/// round.
pub(super) fn values_of(
    results: &Results,
    expected: &Expectation,
    label: &str,
    rule: Rule,
) -> Option<BTreeMap<u64, f64>> {
    let arms = results.arms();
    let round = match expected.at {
        At::Area => None,
        at => Some(at.round(&results.spec)?),
    };
    Some(values(results, arm(&arms, label)?, metric(results, expected), rule, round))
}

/// The paired difference of a claim that one arm is better than another. Returns `None` for a band, and if no seed has
/// both.
pub(super) fn difference(results: &Results, expected: &Expectation, rule: Rule) -> Option<Paired> {
    let other = expected.better_than.as_ref()?;
    let better = values_of(results, expected, &expected.sampler, rule)?;
    let other = values_of(results, expected, other, rule)?;
    stats::paired(&better, &other)
}

/// Half the 95 % interval of a mean difference.
pub(super) fn half_width(difference: &Paired) -> Option<f64> {
    difference.low.zip(difference.high).map(|(low, high)| (high - low) / 2.0)
}
