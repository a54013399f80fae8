//! Records to means and intervals over seeds: `summary.csv`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use super::Metric;
use crate::spec::Spec;
use crate::stats;
use crate::store::{Record, Records};

/// One value over the seeds that have it; the columns of `summary.csv`. Numbers have the unit of the records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// As in the records.
    pub metric: String,
    /// As in the records.
    pub select: String,
    /// Seeds.
    pub n: usize,
    pub mean: f64,
    /// Sample standard deviation; empty for one seed.
    pub sd: Option<f64>,
    /// Lower end of the 95 % t interval of the mean; empty for one seed.
    pub low: Option<f64>,
    /// Upper end of it.
    pub high: Option<f64>,
}

/// A trial that ended with an error.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    pub sampler: String,
    pub seed: u64,
    /// The round it ended in, counted from 0.
    pub round: usize,
    /// One line.
    pub error: String,
}

/// What the records of an experiment say.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// By arm in the spec's order (then those it does not name), round, labels, metric and rule.
    pub rows: Vec<Row>,
    /// By sampler, seed and round.
    pub failures: Vec<Failure>,
    /// The devices that the values come from, sorted.
    pub devices: Vec<String>,
}

impl Outcome {
    /// Summarises records that were read from `file`, which the messages name.
    ///
    /// Rounds that a failed trial finished count; its failure is listed and has no value.
    ///
    /// # Errors
    /// If a record is of another experiment, has no finite value, or repeats another.
    pub fn of(spec: &Spec, records: &Records, file: &Path) -> Result<Self> {
        let order: Vec<String> = spec.arms().into_iter().map(|(label, _)| label).collect();
        let place = |sampler: &str| order.iter().position(|s| s == sampler).unwrap_or(order.len());
        let mut seen = BTreeMap::new();
        let mut groups: BTreeMap<Key, Vec<f64>> = BTreeMap::new();
        let mut outcome = Self::default();
        let mut devices = BTreeSet::new();
        for (i, record) in records.rows.iter().enumerate() {
            // The header is line 1.
            let line = i + 2;
            let at = format!("{}:{line}", file.display());
            check_identity(spec, record).context(at.clone()).map_err(one_line)?;
            if !record.error.is_empty() {
                outcome.failures.push(failure(record));
                continue;
            }
            let value = finite_value(record).context(at.clone()).map_err(one_line)?;
            let cell = (&record.sampler, record.seed, record.round, &record.metric, &record.select);
            if let Some(first) = seen.insert(cell, line) {
                bail!(
                    "{at}: repeats line {first} ({}, seed {}, round {}, {}, {}); remove one of the two lines",
                    record.sampler,
                    record.seed,
                    record.round,
                    record.metric,
                    record.select
                );
            }
            let key = Key {
                place: place(&record.sampler),
                sampler: record.sampler.clone(),
                round: record.round,
                labeled: record.labeled,
                metric: record.metric.clone(),
                select: record.select.clone(),
            };
            groups.entry(key).or_default().push(value);
            devices.insert(record.device.clone());
        }
        devices.remove("");
        outcome.devices = devices.into_iter().collect();
        outcome.failures.sort_by_key(|f| (place(&f.sampler), f.sampler.clone(), f.seed, f.round));
        outcome.rows = groups.into_iter().filter_map(|(key, values)| row(spec, key, &values)).collect();
        Ok(outcome)
    }

    /// The selection rules that a metric is recorded under: `first`, recorded or not, then the others by name.
    pub fn rules(&self, metric: Metric, first: &str) -> Vec<String> {
        let others: BTreeSet<&str> =
            self.rows.iter().filter(|r| r.metric == metric.name).map(|r| r.select.as_str()).collect();
        let others = others.into_iter().filter(|s| *s != first);
        std::iter::once(first).chain(others).map(str::to_owned).collect()
    }
}

/// Arms of `rows` in their order, each once.
pub(super) fn samplers<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<&'a str> {
    let mut names: Vec<&str> = rows.map(|r| r.sampler.as_str()).collect();
    // Rows are grouped by sampler.
    names.dedup();
    names
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    place: usize,
    sampler: String,
    round: usize,
    labeled: usize,
    metric: String,
    select: String,
}

fn row(spec: &Spec, key: Key, values: &[f64]) -> Option<Row> {
    let (experiment, profile) = spec.identity();
    let stats::Summary { n, mean, sd, low, high } = stats::Summary::of(values)?;
    Some(Row {
        experiment: experiment.into(),
        profile: profile.into(),
        sampler: key.sampler,
        round: key.round,
        labeled: key.labeled,
        metric: key.metric,
        select: key.select,
        n,
        mean,
        sd,
        low,
        high,
    })
}

fn check_identity(spec: &Spec, record: &Record) -> Result<()> {
    let (experiment, profile) = spec.identity();
    ensure!(
        (record.experiment.as_str(), record.profile.as_str()) == (experiment, profile),
        "a record of `{}` in the results of `{}`; move it to its own folder",
        full_name(&record.experiment, &record.profile),
        full_name(experiment, profile)
    );
    Ok(())
}

fn full_name(experiment: &str, profile: &str) -> String {
    if profile.is_empty() { experiment.to_owned() } else { format!("{experiment}-{profile}") }
}

fn finite_value(record: &Record) -> Result<f64> {
    let what = || format!("{} of {}, seed {}, round {}", record.metric, record.sampler, record.seed, record.round);
    let value = record.value.with_context(|| format!("the {} has neither value nor error; remove the line", what()))?;
    ensure!(value.is_finite(), "the {} is {value}; remove the trial's records and run it again", what());
    Ok(value)
}

fn failure(record: &Record) -> Failure {
    Failure {
        sampler: record.sampler.clone(),
        seed: record.seed,
        round: record.round,
        error: record.error.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

/// Place and message, which anyhow would show apart.
fn one_line(error: anyhow::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accuracy, records, spec, spec_with};
    use super::*;

    fn outcome(rows: Vec<Record>) -> Result<Outcome> {
        Outcome::of(&spec(), &records(rows), Path::new("records.csv"))
    }

    fn message(rows: Vec<Record>) -> String {
        let message = format!("{:#}", outcome(rows).unwrap_err());
        assert!(!message.contains('\n'), "{message}");
        message
    }

    #[test]
    fn means_are_over_seeds_and_samplers_in_the_order_of_the_spec() {
        let mut rows = Vec::new();
        for (seed, value) in [(0, 0.1), (1, 0.2), (2, 0.3)] {
            rows.push(accuracy("unheard-of", seed, 0, value));
            rows.push(accuracy("core-set", seed, 0, value + 0.5));
            rows.push(accuracy("random", seed, 0, value + 0.25));
        }
        // Round 1 lacks a seed.
        rows.push(accuracy("random", 0, 1, 0.5));
        rows.push(accuracy("random", 1, 1, 0.7));
        let outcome = outcome(rows).unwrap();
        let shape: Vec<_> = outcome.rows.iter().map(|r| (r.sampler.as_str(), r.round, r.labeled, r.n)).collect();
        assert_eq!(
            shape,
            [("random", 0, 200, 3), ("random", 1, 400, 2), ("core-set", 0, 200, 3), ("unheard-of", 0, 200, 3)]
        );
        let random = &outcome.rows[0];
        assert!((random.mean - 0.45).abs() < 1e-12 && (random.sd.unwrap() - 0.1).abs() < 1e-12, "{random:?}");
        // 0.1 * 4.302652729911275 / sqrt(3)
        assert!((random.high.unwrap() - 0.45 - 0.2484137711843754).abs() < 1e-10, "{random:?}");
        assert_eq!(outcome.devices, ["cpu"]);
    }

    #[test]
    fn arms_of_variants_follow_the_experiments_in_the_order_of_the_file() {
        let spec = spec_with("[variant.z]\ntrain.start = 'continue'\n[variant.a]\nsamplers = ['random']");
        let arms = ["random@a", "unheard-of", "core-set@z", "random@z", "core-set", "random"];
        let rows = records(arms.map(|arm| accuracy(arm, 0, 0, 0.5)).to_vec());
        let outcome = Outcome::of(&spec, &rows, Path::new("records.csv")).unwrap();
        let shown: Vec<&str> = outcome.rows.iter().map(|r| r.sampler.as_str()).collect();
        assert_eq!(shown, ["random", "core-set", "random@z", "core-set@z", "random@a", "unheard-of"]);
    }

    #[test]
    fn failed_trials_are_listed_and_not_averaged() {
        let mut failed = accuracy("random", 1, 1, 0.9);
        failed.error = "out of\nmemory".into();
        let outcome = outcome(vec![accuracy("random", 0, 1, 0.5), failed]).unwrap();
        assert_eq!((outcome.rows.len(), outcome.rows[0].n, outcome.rows[0].mean), (1, 1, 0.5));
        let expected = Failure { sampler: "random".into(), seed: 1, round: 1, error: "out of memory".into() };
        assert_eq!(outcome.failures, [expected]);
    }

    #[test]
    fn what_cannot_be_averaged_is_named_with_its_line() {
        let twice =
            message(vec![accuracy("random", 0, 0, 0.5), accuracy("random", 1, 0, 0.5), accuracy("random", 0, 0, 0.6)]);
        assert!(twice.starts_with("records.csv:4: repeats line 2 (random, seed 0, round 0"), "{twice}");
        for bad in [f64::NAN, f64::INFINITY] {
            let not_finite = message(vec![accuracy("random", 7, 0, bad)]);
            assert!(not_finite.contains("records.csv:2") && not_finite.contains("seed 7, round 0 is"), "{not_finite}");
        }
        let mut empty = accuracy("random", 0, 0, 0.5);
        empty.value = None;
        assert!(message(vec![empty]).contains("neither value nor error"));
        let mut foreign = accuracy("random", 0, 0, 0.5);
        foreign.profile = "big".into();
        assert!(message(vec![foreign]).contains("a record of `small-big` in the results of `small`"));
    }
}
