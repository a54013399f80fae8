//! Records to means and intervals over seeds: `summary.csv`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::results::Results;
use crate::stats;

/// One value over the seeds that have it; the columns of `summary.csv` (`docs/formats.md`). Numbers have the unit of
/// the records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub experiment: String,
    /// Empty for the spec without a profile.
    pub profile: String,
    /// The arm's label: the sampler's, with the variant's name.
    pub sampler: String,
    /// Counted from 0.
    pub round: usize,
    /// Labels that the task model was trained on.
    pub labeled: usize,
    /// Named as in the records.
    pub metric: String,
    /// Named as in the records.
    pub select: String,
    /// The number of seeds.
    pub n: usize,
    pub mean: f64,
    /// Sample standard deviation; empty for one seed.
    pub sd: Option<f64>,
    /// Lower end of the 95 % t interval of the mean; empty for one seed.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

impl Row {
    /// Half the width of the interval; `None` for one seed.
    pub(crate) fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

/// The values of every arm, round, metric and rule, over the seeds that have them: by arm in the spec's order, then
/// round, metric and rule.
pub(crate) fn rows(results: &Results) -> Vec<Row> {
    let (experiment, profile) = results.spec.identity();
    let mut found = Vec::new();
    for arm in results.arms() {
        for ((round, metric, select), values) in values_of(results, &arm.label) {
            let Some(stats::Summary { n, mean, sd, low, high }) = stats::Summary::of(&values) else { continue };
            found.push(Row {
                experiment: experiment.into(),
                profile: profile.into(),
                sampler: arm.label.clone(),
                round,
                labeled: results.spec.rounds.labeled(round),
                metric: metric.into(),
                select: select.into(),
                n,
                mean,
                sd,
                low,
                high,
            });
        }
    }
    found
}

/// The values of an arm by round, metric and rule, in the order of their seeds: sums depend on the order.
fn values_of<'a>(results: &'a Results, arm: &str) -> BTreeMap<(usize, &'a str, &'a str), Vec<f64>> {
    let mut found: BTreeMap<_, Vec<f64>> = BTreeMap::new();
    for (metric, select) in results.recorded(arm) {
        for curve in results.trials(arm, metric, select).values() {
            for (&round, &value) in curve {
                found.entry((round, metric, select)).or_default().push(value);
            }
        }
    }
    found
}

/// The arms of `rows` in their order, each once.
pub(crate) fn samplers<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<&'a str> {
    let mut names: Vec<&str> = rows.map(|r| r.sampler.as_str()).collect();
    // Rows are grouped by sampler.
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use crate::report::testing::{accuracy, results_of, spec, spec_with};

    #[test]
    fn means_are_over_seeds_and_samplers_in_the_order_of_the_spec() {
        let mut rows = Vec::new();
        for (seed, value) in [(2, 0.3), (0, 0.1), (1, 0.2)] {
            rows.push(accuracy("core-set", seed, 0, value + 0.5));
            rows.push(accuracy("random", seed, 0, value + 0.25));
        }
        // Round 1 lacks a seed.
        rows.push(accuracy("random", 0, 1, 0.5));
        rows.push(accuracy("random", 1, 1, 0.7));
        // A failed trial has no value.
        let mut failed = accuracy("random", 2, 1, 0.9);
        (failed.error, failed.value) = ("out of memory".into(), None);
        rows.push(failed);
        let found = super::rows(&results_of(&spec(), rows));
        let shape: Vec<_> = found.iter().map(|r| (r.sampler.as_str(), r.round, r.labeled, r.n)).collect();
        assert_eq!(shape, [("random", 0, 200, 3), ("random", 1, 400, 2), ("core-set", 0, 200, 3)]);
        let random = &found[0];
        assert!((random.mean - 0.45).abs() < 1e-12 && (random.sd.unwrap() - 0.1).abs() < 1e-12, "{random:?}");
        // 0.1 * 4.302652729911275 / sqrt(3)
        assert!((random.high.unwrap() - 0.45 - 0.2484137711843754).abs() < 1e-10, "{random:?}");
    }

    #[test]
    fn arms_of_variants_follow_the_experiments_in_the_order_of_the_file() {
        let spec = spec_with("[variant.z]\ntrain.start = 'continue'\n[variant.a]\nsamplers = ['random']");
        let arms = ["random@a", "core-set@z", "random@z", "core-set", "random"];
        let found = super::rows(&results_of(&spec, arms.map(|arm| accuracy(arm, 0, 0, 0.5)).to_vec()));
        let shown: Vec<&str> = found.iter().map(|r| r.sampler.as_str()).collect();
        assert_eq!(shown, ["random", "core-set", "random@z", "core-set@z", "random@a"]);
    }
}
