//! A results folder, read and checked: what pages, comparisons and the gate are made from.
//!
//! What cannot be right is an error that names file and line; what is missing is a warning that pages show. Nothing is
//! averaged here.

mod circumstance;
mod rule;
mod validation;
mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};

pub use circumstance::{Circumstance, Differing};
pub use rule::Rule;

use crate::spec::{SamplerSpec, Spec, arm_label, load_resolved};
use crate::stats;
use crate::store::{Manifest, Record, Records};
use crate::words::counted;

/// What one experiment left, with every record checked.
#[derive(Clone, Debug)]
pub struct Results {
    /// Where it lies.
    pub folder: PathBuf,
    pub spec: Spec,
    /// None when the folder has no manifest.
    pub manifest: Option<Manifest>,
    /// In the file's order.
    pub records: Records,
    /// By arm, seed and round.
    pub failures: Vec<Failure>,
    /// The devices that the values come from, sorted.
    pub devices: Vec<String>,
    values: BTreeMap<Series, Trials>,
}

/// The values of an arm in one metric under one selection rule: by seed, then by round.
pub type Trials = BTreeMap<u64, BTreeMap<usize, f64>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    arm: String,
    metric: String,
    select: String,
}

/// A trial that an error ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The arm.
    pub sampler: String,
    pub seed: u64,
    /// The round in which it ended.
    pub round: usize,
    /// One line.
    pub error: String,
}

/// A sampler under a protocol.
#[derive(Clone, Debug)]
pub struct Arm<'a> {
    /// As in the records: `pretext-batch`, or `pretext-batch@continue`.
    pub label: String,
    pub sampler: &'a SamplerSpec,
    /// The variant; none for the experiment's own protocol.
    pub variant: Option<&'a str>,
    pub protocol: &'a Spec,
}

impl Arm<'_> {
    /// The selection rule that it queries with, by its name in the records.
    pub fn rule(&self) -> &'static str {
        self.protocol.train.select.query.name()
    }
}

impl Results {
    /// Reads a results folder.
    ///
    /// # Errors
    /// If a file is missing, does not fit, or belongs to another experiment, or if no round has finished; one line.
    pub fn read(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        ensure!(folder.is_dir(), "{shown}: no such results folder; `pt4al run` makes it");
        ensure!(
            !folder.join("losses.csv").is_file() || folder.join("records.csv").exists(),
            "{shown}: is what `pt4al correlate` left, and has its page already; name a folder that `pt4al run` made"
        );
        let spec = load_resolved(&folder.join("spec.toml"))?;
        let file = folder.join("records.csv");
        ensure!(file.exists(), "{}: not there yet; `pt4al run` writes it with the first round", file.display());
        let records = Records::read(&file)?;
        let manifest = Manifest::read(&folder.join("manifest.json"))?;
        let results = Self::of(folder, spec, manifest, records)?;
        results.ensure_begun(&file)?;
        Ok(results)
    }

    /// Without a finished round there is nothing to say, and what was said before must not give way to it.
    fn ensure_begun(&self, file: &Path) -> Result<()> {
        let file = file.display();
        if self.records.rounds().next().is_some() {
            return Ok(());
        }
        // Its first line is the header.
        let summary = std::fs::read_to_string(self.folder.join("summary.csv")).unwrap_or_default();
        ensure!(
            summary.lines().count() < 2,
            "{file}: holds no finished round, though the summary.csv beside it was made of some; restore it, or type the same \
             `pt4al run` again, which makes it from trials/"
        );
        if let Some(Failure { sampler, seed, error, .. }) = self.failures.first() {
            bail!(
                "{file}: no round has finished yet, and {} failed (the first: {sampler}, seed {seed}: {error}); mend the cause, \
                 and type the same `pt4al run` again",
                counted(self.failures.len(), "trial")
            );
        }
        bail!(
            "{file}: no round has finished yet; wait for the first one, or type the same `pt4al run` again if it was stopped"
        )
    }

    /// Of records that were read from `records.csv` of `folder`, which the messages name.
    ///
    /// # Errors
    /// If a record cannot be one of the spec's: of another experiment, arm, seed, round or number of labels, of a metric
    /// or a rule that it does not record, without a value that is possible, or a repetition.
    pub fn of(folder: &Path, spec: Spec, manifest: Option<Manifest>, records: Records) -> Result<Self> {
        let values = validation::values(&spec, &records, &folder.join("records.csv"))?;
        let order: Vec<String> = spec.arms().into_iter().map(|(label, _)| label).collect();
        let place = |arm: &str| order.iter().position(|label| label == arm);
        let (failed, finished): (Vec<&Record>, Vec<&Record>) =
            records.rows.iter().partition(|row| !row.error.is_empty());
        let devices: BTreeSet<&str> =
            finished.iter().map(|row| row.device.as_str()).filter(|d| !d.is_empty()).collect();
        let devices = devices.into_iter().map(str::to_owned).collect();
        let mut failures: Vec<Failure> = failed.into_iter().map(failure).collect();
        failures.sort_by_key(|f| (place(&f.sampler), f.seed, f.round));
        Ok(Self { folder: folder.to_owned(), spec, manifest, records, failures, devices, values })
    }

    /// What is compared, in the spec's order.
    pub fn arms(&self) -> Vec<Arm<'_>> {
        let of = |variant, protocol, sampler| Arm { label: arm_label(sampler, variant), sampler, variant, protocol };
        let protocols = self.spec.protocols();
        protocols.flat_map(|(variant, spec)| spec.samplers.iter().map(move |s| of(variant, spec, s))).collect()
    }

    /// The values of an arm in a metric under a rule: empty where there are none.
    pub fn trials(&self, arm: &str, metric: &str, select: &str) -> &Trials {
        static NONE: Trials = Trials::new();
        let key = Series { arm: arm.into(), metric: metric.into(), select: select.into() };
        self.values.get(&key).unwrap_or(&NONE)
    }

    /// Those of one round, by seed.
    pub fn at_round(&self, arm: &str, metric: &str, select: &str, round: usize) -> BTreeMap<u64, f64> {
        let trials = self.trials(arm, metric, select).iter();
        trials.filter_map(|(&seed, rounds)| Some((seed, *rounds.get(&round)?))).collect()
    }

    /// The normalised area under the budget curve of each trial that has all its rounds, by seed.
    pub fn areas(&self, arm: &str, metric: &str, select: &str) -> BTreeMap<u64, f64> {
        let rounds = self.spec.rounds.count;
        let of = |curve: &BTreeMap<usize, f64>| {
            let points: Vec<(f64, f64)> =
                curve.iter().map(|(&round, &value)| (self.spec.rounds.labeled(round) as f64, value)).collect();
            stats::area(&points).filter(|_| points.len() == rounds)
        };
        self.trials(arm, metric, select).iter().filter_map(|(&seed, curve)| Some((seed, of(curve)?))).collect()
    }

    /// The selection rules that a metric is recorded under, by name.
    pub fn rules(&self, metric: &str) -> BTreeSet<&str> {
        self.values.keys().filter(|series| series.metric == metric).map(|series| series.select.as_str()).collect()
    }

    /// The rounds that each trial, by arm and seed, has finished.
    pub fn finished(&self) -> BTreeMap<(&str, u64), BTreeSet<usize>> {
        let mut rounds: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for row in self.records.rounds() {
            rounds.entry((row.sampler.as_str(), row.seed)).or_default().insert(row.round);
        }
        rounds
    }

    /// The metrics and rules that any round of an arm has a value of.
    pub fn recorded<'a>(&'a self, arm: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let of_arm = self.values.keys().filter(move |series| series.arm == arm);
        of_arm.map(|series| (series.metric.as_str(), series.select.as_str()))
    }

    /// What a reader must know of the records before trusting a mean: one line each.
    pub fn warnings(&self) -> Vec<String> {
        warnings::warnings(self)
    }
}

fn failure(record: &Record) -> Failure {
    Failure {
        sampler: record.sampler.clone(),
        seed: record.seed,
        round: record.round,
        error: record.error.split_whitespace().collect::<Vec<_>>().join(" "),
    }
}

#[cfg(test)]
mod tests;
