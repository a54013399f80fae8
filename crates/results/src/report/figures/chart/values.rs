//! The values of arms: means, differences to the reference arm, and single trials.

use serde::Serialize;

use crate::findings::What;
use crate::report::findings::Findings;
use crate::report::summary::Row;
use crate::results::Rule;
use crate::spec::Metric;

/// Labels, mean, ends of the interval, seeds.
pub(super) type PlottedPoint = (usize, f64, Option<f64>, Option<f64>, usize);

/// The values of an arm, in the unit of the axis.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Points {
    /// The place in the chart's list.
    pub arm: usize,
    /// Labels, mean, lower and upper end of its 95 % interval, and seeds.
    pub points: Vec<PlottedPoint>,
    /// The same of the differences to the reference arm, paired by seed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<PlottedPoint>,
    /// The seeds of the rows of `trials`; both are empty if there are no two seeds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<u64>,
    /// The values of each trial, in the order of `points`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trials: Vec<Vec<Option<f64>>>,
}

/// The values of one arm, which has a place in the chart's list.
pub(super) fn points(
    findings: &Findings,
    arm: usize,
    label: &str,
    rows: &[&Row],
    (metric, rule): (Metric, Rule),
) -> Points {
    let shown = |value: f64| rounded(value * metric.factor);
    let of_arm: Vec<&&Row> = rows.iter().filter(|row| row.sampler == label).collect();
    let point = |row: &&&Row| (row.labeled, shown(row.mean), row.low.map(shown), row.high.map(shown), row.n);
    let points = of_arm.iter().map(point).collect();
    let results = &findings.results;
    let known = results.arms().into_iter().find(|known| known.label == label);
    let recorded = known.map(|known| results.trials(label, metric.name, results.select_of(&known, rule)));
    let several = recorded.filter(|trials| trials.len() > 1).into_iter().flatten();
    let (seeds, trials) = several
        .map(|(seed, curve)| (*seed, of_arm.iter().map(|row| curve.get(&row.round).copied().map(shown)).collect()))
        .unzip();
    Points { arm, points, differences: Vec::new(), seeds, trials }
}

/// The mean differences between an arm and `versus` after each round; empty if they are not compared.
pub(super) fn differences(
    findings: &Findings,
    (arm, versus): (&str, &str),
    metric: Metric,
    rule: Rule,
) -> Vec<PlottedPoint> {
    let shown = |value: f64| rounded(value * metric.factor);
    let mut found = Vec::new();
    for c in &findings.comparisons {
        if c.what != What::Round || c.metric != metric.name || c.select != rule.name() {
            continue;
        }
        // Of a pair, one direction is stored.
        let (sign, low, high) = match (c.arm.as_str(), c.versus.as_str()) {
            pair if pair == (arm, versus) => (1.0, c.low, c.high),
            pair if pair == (versus, arm) => (-1.0, c.high, c.low),
            _ => continue,
        };
        let end = |value: Option<f64>| value.map(|value| shown(sign * value));
        found.extend(c.labeled.map(|labeled| (labeled, shown(sign * c.mean), end(low), end(high), c.n)));
    }
    found
}

/// The arm that the others are compared with: `random` under the experiment's own protocol, else the spec's first arm.
pub(super) fn reference_arm(findings: &Findings) -> Option<String> {
    let arms = findings.results.arms();
    let random = arms.iter().find(|arm| arm.variant.is_none() && arm.label == "random");
    random.or(arms.first()).map(|arm| arm.label.clone())
}

/// Rounds to four digits, so that pages stay small. There is no negative zero.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4 + 0.0
}
