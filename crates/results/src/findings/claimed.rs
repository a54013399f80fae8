//! The value that a claim is of: which arms, where, and under which selection rule.

use std::collections::BTreeMap;

use super::comparison::values;
use crate::results::{Arm, Results, Rule};
use crate::spec::{At, Expectation, Metric, Select};
use crate::stats::{self, Paired};

/// A claim's value under the rule that each arm queries with. It decides nothing.
#[derive(Clone, Debug, PartialEq)]
pub struct UnderOwnRule {
    /// As in [`JudgedClaim`], and what follows too.
    pub rules: Vec<&'static str>,
    pub n: usize,
    pub measured: f64,
    pub half_width: Option<f64>,
}

/// The metric that a claim is of.
pub(super) fn metric(results: &Results, expected: &Expectation) -> Metric {
    let metrics = results.spec.dataset.task().metrics();
    let named = |name: &String| metrics.iter().find(|metric| metric.name == *name);
    *expected.metric.as_ref().and_then(named).unwrap_or(&metrics[0])
}

/// The arm of that label.
pub(super) fn arm<'a>(arms: &'a [Arm<'a>], label: &str) -> Option<&'a Arm<'a>> {
    arms.iter().find(|arm| arm.label == label)
}

/// The arms that a claim names, as far as they are there.
fn named<'a>(results: &'a Results, expected: &Expectation) -> Vec<Arm<'a>> {
    let is_named = |arm: &Arm| arm.label == expected.sampler || expected.better_than.as_ref() == Some(&arm.label);
    results.arms().into_iter().filter(is_named).collect()
}

/// Whether every arm that a claim names records the rule that its source reports under.
pub(super) fn is_recorded(results: &Results, expected: &Expectation, select: Select) -> bool {
    named(results, expected).iter().all(|arm| arm.protocol.train.select.record.contains(&select))
}

/// The rule that decides a claim.
pub(super) fn rule(results: &Results, expected: &Expectation) -> Rule<'static> {
    match expected.select {
        Some(select) if is_recorded(results, expected, select) => Rule::One(select.name()),
        _ => Rule::Own,
    }
}

/// The names that a rule has in the records of the arms of a claim, each once.
pub(super) fn rules(results: &Results, expected: &Expectation, rule: Rule<'static>) -> Vec<&'static str> {
    let mut names: Vec<&str> = named(results, expected).iter().map(|arm| results.select_of(arm, rule)).collect();
    names.dedup();
    names
}

/// What a claim's value is under each arm's own rule; none where that is the rule that decides, or has no value.
pub(super) fn own(results: &Results, expected: &Expectation) -> Option<UnderOwnRule> {
    let rules = rules(results, expected, Rule::Own);
    if rules == self::rules(results, expected, rule(results, expected)) {
        return None;
    }
    let own = |n, measured, half_width| UnderOwnRule { rules, n, measured, half_width };
    if expected.better_than.is_some() {
        let difference = difference(results, expected, Rule::Own)?;
        return Some(own(difference.n, difference.mean, half_width(&difference)));
    }
    let values = values_of(results, expected, &expected.sampler, Rule::Own)?;
    let summary = stats::Summary::of(&values.into_values().collect::<Vec<_>>())?;
    Some(own(summary.n, summary.mean, summary.half_width()))
}

/// The values of an arm at the place that the claim is of; none where the arm or the round is not there.
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

/// The paired difference that a claim is of; none for a band, and where no seed has both.
pub(super) fn difference(results: &Results, expected: &Expectation, rule: Rule) -> Option<Paired> {
    let other = expected.better_than.as_ref()?;
    let of = |label: &str| values_of(results, expected, label, rule);
    stats::paired(&of(&expected.sampler)?, &of(other)?)
}

/// Half the 95 % interval of a mean difference.
pub(super) fn half_width(difference: &Paired) -> Option<f64> {
    difference.low.zip(difference.high).map(|(low, high)| (high - low) / 2.0)
}
