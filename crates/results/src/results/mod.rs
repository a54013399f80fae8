//! Reads and validates a results folder. Pages, comparisons and the gate are made from [`Results`].
//!
//! An impossible value is an error that names file and line; missing values are warnings, which pages show. Nothing is
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

/// The results of one experiment, with every record validated.
#[derive(Clone, Debug)]
pub struct Results {
    /// The results folder.
    pub folder: PathBuf,
    pub spec: Spec,
    /// `None` if the folder has no manifest.
    pub manifest: Option<Manifest>,
    /// The records, in the file's order.
    pub records: Records,
    /// Failed trials, sorted by arm (in the spec's order), seed and round.
    pub failures: Vec<Failure>,
    /// The devices on which the values were computed, sorted.
    pub devices: Vec<String>,
    values: BTreeMap<Series, Trials>,
}

/// The values of an arm in one metric under one selection rule, by seed and then by round, in the unit of the records.
pub type Trials = BTreeMap<u64, BTreeMap<usize, f64>>;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    arm: String,
    metric: String,
    select: String,
}

/// A trial that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The label of the arm.
    pub sampler: String,
    pub seed: u64,
    /// The round in which it failed.
    pub round: usize,
    /// The error, on one line.
    pub error: String,
}

/// A sampler under the experiment's protocol or under a variant of it.
#[derive(Clone, Debug)]
pub struct Arm<'a> {
    /// The label, as in the records: `pretext-batch`, or `pretext-batch@continue`.
    pub label: String,
    pub sampler: &'a SamplerSpec,
    /// The variant's name; `None` for the experiment's own protocol.
    pub variant: Option<&'a str>,
    /// The spec under which the arm runs, with the variant's changes applied.
    pub protocol: &'a Spec,
}

impl Arm<'_> {
    /// The name in the records of the selection rule that the arm queries with.
    pub fn rule(&self) -> &'static str {
        self.protocol.train.select.query.name()
    }
}

impl Results {
    /// Reads and validates a results folder.
    ///
    /// # Errors
    /// If a file is missing or damaged, if a record is impossible or belongs to another experiment, or if no round has
    /// finished. The message is one line with the file, the line if there is one, and what to do.
    pub fn read(folder: &Path) -> Result<Self> {
        let results = Self::read_early(folder)?;
        let file = folder.join("records.csv");
        ensure!(file.exists(), "{}: not there yet; `pt4al run` writes it with the first round", file.display());
        results.ensure_begun(&file)?;
        Ok(results)
    }

    /// [`Results::read`] that also reads a folder without a finished round, in which a run may have just begun.
    ///
    /// # Errors
    /// As for [`Results::read`].
    pub fn read_early(folder: &Path) -> Result<Self> {
        let shown = folder.display();
        ensure!(folder.is_dir(), "{shown}: no such results folder; `pt4al run` makes it");
        ensure!(
            !folder.join("losses.csv").is_file() || folder.join("records.csv").exists(),
            "{shown}: was made by `pt4al correlate`, which wrote its page already; name a folder that `pt4al run` made"
        );
        let spec = load_resolved(&folder.join("spec.toml"))?;
        let file = folder.join("records.csv");
        let records = if file.exists() { Records::read(&file)? } else { Records::default() };
        let manifest = Manifest::read(&folder.join("manifest.json"))?;
        Self::of(folder, spec, manifest, records)
    }

    /// Refuses results without a finished round: an earlier report must not be replaced by an empty one.
    fn ensure_begun(&self, file: &Path) -> Result<()> {
        let file = file.display();
        if self.records.rounds().next().is_some() {
            return Ok(());
        }
        // Its first line is the header.
        let summary = std::fs::read_to_string(self.folder.join("summary.csv")).unwrap_or_default();
        ensure!(
            summary.lines().count() < 2,
            "{file}: has no finished round, but the summary.csv beside it was made from some; restore the file, or repeat the same \
             `pt4al run`, which rebuilds it from trials/"
        );
        if let Some(Failure { sampler, seed, error, .. }) = self.failures.first() {
            bail!(
                "{file}: no round has finished yet, and {} failed (the first: {sampler}, seed {seed}: {error}); fix the cause, \
                 and repeat the same `pt4al run`",
                counted(self.failures.len(), "trial")
            );
        }
        bail!(
            "{file}: no round has finished yet; wait for the first one, or repeat the same `pt4al run` if it was stopped"
        )
    }

    /// Validates records that were read from `records.csv` of `folder`; messages name that file.
    ///
    /// # Errors
    /// If a record does not fit the spec: another experiment, arm, seed, round or number of labels, a metric or a
    /// selection rule that is not recorded, an impossible value, or a repeated record.
    pub fn of(folder: &Path, spec: Spec, manifest: Option<Manifest>, records: Records) -> Result<Self> {
        let values = validation::values(&spec, &records, &folder.join("records.csv"))?;
        let arms: Vec<String> = spec.arms().into_iter().map(|(label, _)| label).collect();
        let order = |arm: &str| arms.iter().position(|label| label == arm);
        let (failed, finished): (Vec<&Record>, Vec<&Record>) =
            records.rows.iter().partition(|row| !row.error.is_empty());
        let devices: BTreeSet<&str> =
            finished.iter().map(|row| row.device.as_str()).filter(|d| !d.is_empty()).collect();
        let devices = devices.into_iter().map(str::to_owned).collect();
        let mut failures: Vec<Failure> = failed.into_iter().map(failure).collect();
        failures.sort_by_key(|f| (order(&f.sampler), f.seed, f.round));
        Ok(Self { folder: folder.to_owned(), spec, manifest, records, failures, devices, values })
    }

    /// All arms, in the spec's order.
    pub fn arms(&self) -> Vec<Arm<'_>> {
        let mut arms = Vec::new();
        for (variant, protocol) in self.spec.protocols() {
            let arm = |sampler| Arm { label: arm_label(sampler, variant), sampler, variant, protocol };
            arms.extend(protocol.samplers.iter().map(arm));
        }
        arms
    }

    /// The values of an arm in a metric under a selection rule; may be empty.
    pub fn trials(&self, arm: &str, metric: &str, select: &str) -> &Trials {
        static NONE: Trials = Trials::new();
        let key = Series { arm: arm.into(), metric: metric.into(), select: select.into() };
        self.values.get(&key).unwrap_or(&NONE)
    }

    /// The values of [`Results::trials`] in one round, by seed.
    pub fn at_round(&self, arm: &str, metric: &str, select: &str, round: usize) -> BTreeMap<u64, f64> {
        let trials = self.trials(arm, metric, select).iter();
        trials.filter_map(|(&seed, rounds)| Some((seed, *rounds.get(&round)?))).collect()
    }

    /// The normalised area under the budget curve ([`stats::area`]) of each trial that has all rounds, by seed, in the
    /// unit of the values.
    pub fn areas(&self, arm: &str, metric: &str, select: &str) -> BTreeMap<u64, f64> {
        let rounds = self.spec.rounds.count;
        let area = |curve: &BTreeMap<usize, f64>| {
            let points: Vec<(f64, f64)> =
                curve.iter().map(|(&round, &value)| (self.spec.rounds.labeled(round) as f64, value)).collect();
            stats::area(&points).filter(|_| points.len() == rounds)
        };
        self.trials(arm, metric, select).iter().filter_map(|(&seed, curve)| Some((seed, area(curve)?))).collect()
    }

    /// The names of the selection rules under which a metric is recorded.
    pub fn rules(&self, metric: &str) -> BTreeSet<&str> {
        self.values.keys().filter(|series| series.metric == metric).map(|series| series.select.as_str()).collect()
    }

    /// The finished rounds of each trial, by arm and seed.
    pub fn finished(&self) -> BTreeMap<(&str, u64), BTreeSet<usize>> {
        let mut rounds: BTreeMap<_, BTreeSet<usize>> = BTreeMap::new();
        for row in self.records.rounds() {
            rounds.entry((row.sampler.as_str(), row.seed)).or_default().insert(row.round);
        }
        rounds
    }

    /// The metrics and selection rules of which any round of an arm has a value.
    pub fn recorded<'a>(&'a self, arm: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let of_arm = self.values.keys().filter(move |series| series.arm == arm);
        of_arm.map(|series| (series.metric.as_str(), series.select.as_str()))
    }

    /// What readers must know about the records before they trust a mean, one line each: missing values, and
    /// differences between sessions.
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
