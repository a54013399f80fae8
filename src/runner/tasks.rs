//! What is left to do, and in which order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;

use anyhow::Result;

use super::Options;
use crate::pretext;
use crate::spec::{Spec, Trial};
use crate::store::{DataOrigin, Folder};

/// One child process.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// Trains the pretext learner of a seed, into the cache that experiments share.
    Pretext {
        seed: u64,
        cached: PathBuf,
        units: u64,
    },
    Trial(Trial),
}

impl Task {
    pub fn name(&self) -> String {
        match self {
            Self::Pretext { seed, .. } => format!("pretext seed{seed}"),
            Self::Trial(trial) => trial.key(),
        }
    }
}

/// Tasks that have not started.
pub(super) struct Tasks {
    pretext: VecDeque<Task>,
    trials: VecDeque<Trial>,
    /// Seeds whose losses are not there yet.
    waiting: HashSet<u64>,
    /// Forward passes left in all.
    pub units: u64,
    spec: Spec,
    origin: (usize, usize),
    finished: Vec<(String, usize)>,
}

impl Tasks {
    pub fn new(spec: &Spec, folder: &Folder, options: &Options, origin: &DataOrigin, threads: usize) -> Result<Self> {
        let mut tasks = Self {
            pretext: VecDeque::new(),
            trials: VecDeque::new(),
            waiting: HashSet::new(),
            units: 0,
            spec: spec.clone(),
            origin: (origin.pool, origin.test),
            finished: Vec::new(),
        };
        for trial in spec.trials() {
            let finished = folder.trial(&trial).finished()?;
            let wanted = options.only.as_ref().is_none_or(|only| only.is_match(&trial.key()));
            if finished >= spec.rounds.count {
                folder.trial(&trial).set_failure(None)?;
            } else if wanted {
                tasks.finished.push((trial.key(), finished));
                tasks.trials.push_back(trial);
            }
        }
        tasks.units = tasks.trials.iter().map(|t| tasks.trial_units(t)).sum();
        let needing = tasks.trials.iter().filter(|t| t.sampler.needs_pretext()).map(|t| t.seed);
        let mut seeds: Vec<u64> = needing.collect();
        seeds.dedup();
        for seed in seeds {
            let path = folder.losses_path(seed);
            let machine = if options.device == "cpu" { format!("cpu, {threads} threads") } else { "cuda".into() };
            let key = pretext::cache_key(spec, &origin.fingerprint, &machine, seed);
            let cached = options.results.join(".cache").join("pretext").join(format!("{key}.csv"));
            if path.exists() || tasks.waiting.contains(&seed) {
                continue;
            }
            if cached.exists() {
                super::copy(&cached, &path)?;
                continue;
            }
            let units = spec.pretext_work(origin.pool).units();
            tasks.units += units;
            tasks.waiting.insert(seed);
            tasks.pretext.push_back(Task::Pretext { seed, cached, units });
        }
        Ok(tasks)
    }

    pub fn is_empty(&self) -> bool {
        self.trials.is_empty() && self.pretext.is_empty()
    }

    /// Trials and pretext learners that have not started.
    pub fn counts(&self) -> (usize, usize) {
        (self.trials.len(), self.pretext.len())
    }

    /// The forward passes of every task, by its name.
    pub fn planned(&self) -> HashMap<String, u64> {
        let trials = self.trials.iter().map(|t| (t.key(), self.trial_units(t)));
        let pretext = self.pretext.iter().map(|task| match task {
            Task::Pretext { units, .. } => (task.name(), *units),
            Task::Trial(trial) => (task.name(), self.trial_units(trial)),
        });
        trials.chain(pretext).collect()
    }

    fn trial_units(&self, trial: &Trial) -> u64 {
        let key = trial.key();
        let finished = self.finished.iter().find(|(k, _)| *k == key).map_or(0, |f| f.1);
        let (pool, test) = self.origin;
        (finished..self.spec.rounds.count).map(|round| self.spec.round_work(trial, round, pool, test).units()).sum()
    }

    /// The next task that can start: pretext learners, then trials in the spec's order.
    pub fn next(&mut self) -> Option<Task> {
        if let Some(task) = self.pretext.pop_front() {
            return Some(task);
        }
        let ready = |t: &Trial| !(t.sampler.needs_pretext() && self.waiting.contains(&t.seed));
        let at = self.trials.iter().position(ready)?;
        self.trials.remove(at).map(Task::Trial)
    }

    /// The losses of a seed are on disk.
    pub fn losses_ready(&mut self, seed: u64) {
        self.waiting.remove(&seed);
    }

    /// Removes and returns the trials that cannot start because the losses of `seed` could not be had.
    pub fn give_up_on(&mut self, seed: u64) -> Vec<Trial> {
        let (lost, kept): (Vec<_>, Vec<_>) =
            self.trials.drain(..).partition(|t| t.sampler.needs_pretext() && t.seed == seed);
        self.trials = kept.into();
        lost
    }
}
