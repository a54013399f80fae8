//! The values of arms: means, differences to the reference arm, and single trials.

use serde::Serialize;

use crate::findings::{Comparison, What};
use crate::report::figures::rounded;
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
    let is_wanted = |c: &&Comparison| c.what == What::Round && c.metric == metric.name && c.select == rule.name();
    let compared = findings.comparisons.iter().filter(is_wanted).filter_map(|c| c.between(arm, versus));
    let point = |c: Comparison| Some((c.labeled?, shown(c.mean), c.low.map(shown), c.high.map(shown), c.n));
    compared.filter_map(point).collect()
}
