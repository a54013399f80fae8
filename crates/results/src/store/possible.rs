//! Whether records are possible under a spec.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::{Record, Records};
use crate::spec::{Spec, Trial};
use crate::words::error_on_one_line;

/// Checks that every record can belong to the spec, and that none is repeated. Messages name `file`.
///
/// # Errors
/// If a record is impossible or repeated; one line with the line of `file`.
pub(crate) fn check(spec: &Spec, records: &Records, file: &Path) -> Result<()> {
    let planned = Planned::of(spec);
    let mut seen = HashMap::new();
    for (i, record) in records.rows.iter().enumerate() {
        // The header is line 1.
        let line = i + 2;
        let at = || format!("{}:{line}", file.display());
        planned.check(record).with_context(at).map_err(error_on_one_line)?;
        let Record { sampler, seed, round, metric, select, .. } = record;
        if let Some(first) = seen.insert((sampler, seed, round, metric, select), line) {
            bail!(
                "{}: repeats line {first} ({sampler}, seed {seed}, round {round}, {metric}, {select}); remove one of the \
                 two lines",
                at()
            );
        }
        if record.error.is_empty() {
            check_value(record).with_context(at).map_err(error_on_one_line)?;
        }
    }
    Ok(())
}

/// The arms, rules and trials that a spec plans.
struct Planned<'a> {
    spec: &'a Spec,
    /// The selection rules that each arm records.
    rules: HashMap<String, Vec<&'static str>>,
    /// Arms and seeds.
    trials: HashSet<(String, u64)>,
}

impl<'a> Planned<'a> {
    fn of(spec: &'a Spec) -> Self {
        let rules = |spec: &Spec| spec.train.select.record.iter().map(|rule| rule.name()).collect();
        Self {
            spec,
            rules: spec.arms().into_iter().map(|(label, spec)| (label, rules(spec))).collect(),
            trials: spec.trials().iter().map(|trial: &Trial| (trial.label(), trial.seed)).collect(),
        }
    }

    fn check(&self, record: &Record) -> Result<()> {
        let Record { sampler, seed, round, labeled, metric, select, .. } = record;
        let (experiment, profile) = self.spec.identity();
        ensure!(
            (record.experiment.as_str(), record.profile.as_str()) == (experiment, profile),
            "a record of `{}` in the results of `{}`; move it to its own folder",
            full_name(&record.experiment, &record.profile),
            full_name(experiment, profile)
        );
        let Some(rules) = self.rules.get(sampler) else {
            let known: Vec<String> = self.spec.arms().into_iter().map(|(label, _)| label).collect();
            bail!(
                "a record of `{sampler}`, which the spec does not name ({}); remove it, or restore spec.toml",
                known.join(", ")
            );
        };
        ensure!(
            self.trials.contains(&(sampler.clone(), *seed)),
            "a record of {sampler} with seed {seed}, which the spec does not name; remove it, or restore spec.toml"
        );
        let rounds = self.spec.rounds.count;
        ensure!(
            *round < rounds,
            "a record of round {round}, but the spec has {rounds} rounds, counted from 0; remove it, or restore spec.toml"
        );
        let planned = self.spec.rounds.labeled(*round);
        ensure!(
            *labeled == planned,
            "{labeled} labels in round {round}, where the spec has {planned}; restore the line, or run the trial again"
        );
        for (name, value) in [
            ("train_seconds", record.train_seconds),
            ("evaluate_seconds", record.evaluate_seconds),
            ("score_seconds", record.score_seconds),
            ("query_seconds", record.query_seconds),
            ("wait_seconds", record.wait_seconds),
            ("peak_rss_mb", record.peak_rss_mb),
        ] {
            // A million years.
            ensure!(
                (0.0..3e13).contains(&value),
                "`{name}` is {value}, which is not possible; restore the line, or run the trial again"
            );
        }
        ensure!(
            record.error.is_empty() || record.value.is_none() && !record.error.trim().is_empty(),
            "a row with both a value and an error, or with a blank error; restore the line, or remove it"
        );
        // The row of an error has neither rule nor metric.
        if record.error.is_empty() {
            ensure!(
                rules.contains(&select.as_str()),
                "the selection rule `{select}` is not recorded by {sampler} ({}); remove the line",
                rules.join(", ")
            );
            ensure!(
                self.is_metric(metric),
                "the metric `{metric}` is not known here; it is misspelt, or from another version of pt4al: remove the line"
            );
        }
        Ok(())
    }

    fn is_metric(&self, name: &str) -> bool {
        let task = self.spec.dataset.task();
        let is_of_class = name
            .split_once('/')
            .is_some_and(|(metric, class)| metric == task.metric_of_classes().name && !class.is_empty());
        ["loss", "epoch"].contains(&name) || task.metrics().iter().any(|metric| metric.name == name) || is_of_class
    }
}

/// Checks that a record has a value which its metric can have: from 0 to 1, or from 0 for losses and epochs. Losses are computed in
/// single precision; with larger ones, sums and squares would overflow.
fn check_value(record: &Record) -> Result<()> {
    let Record { sampler, seed, round, metric, .. } = record;
    let what = || format!("the {metric} of {sampler}, seed {seed}, round {round}");
    let value = record.value.with_context(|| format!("{} has neither value nor error; remove the line", what()))?;
    ensure!(value.is_finite(), "{} is {value}; remove the trial's records and run it again", what());
    let most = if ["loss", "epoch"].contains(&metric.as_str()) { f64::from(f32::MAX) } else { 1.0 };
    ensure!(
        (0.0..=most).contains(&value),
        "{} is {value}, which is not possible ({}); restore the line, or run the trial again",
        what(),
        match most {
            1.0 => "it goes from 0 to 1",
            _ if value < 0.0 => "it is at least 0",
            _ => "it is a number of single precision",
        }
    );
    Ok(())
}

fn full_name(experiment: &str, profile: &str) -> String {
    if profile.is_empty() { experiment.to_owned() } else { format!("{experiment}-{profile}") }
}
