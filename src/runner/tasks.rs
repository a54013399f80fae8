//! What is left to do, and in which order.

use std::collections::{HashSet, VecDeque};
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

/// Tasks that have not started, each with the forward passes that it takes.
pub(super) struct Tasks {
    pretext: VecDeque<(Task, u64)>,
    trials: VecDeque<(Trial, u64)>,
    /// Seeds whose losses are not there yet.
    waiting: HashSet<u64>,
}

impl Tasks {
    pub fn new(spec: &Spec, folder: &Folder, options: &Options, origin: &DataOrigin, threads: usize) -> Result<Self> {
        let mut tasks = Self { pretext: VecDeque::new(), trials: VecDeque::new(), waiting: HashSet::new() };
        for trial in spec.trials() {
            let finished = folder.trial(&trial).finished()?;
            let wanted = options.only.as_ref().is_none_or(|only| only.is_match(&trial.key()));
            if finished >= spec.rounds.count {
                folder.trial(&trial).set_failure(None)?;
            } else if wanted {
                let left = finished..spec.rounds.count;
                let units = left.map(|round| spec.round_work(&trial, round, origin.pool, origin.test).units()).sum();
                tasks.trials.push_back((trial, units));
            }
        }
        let needing = tasks.trials.iter().filter(|(t, _)| t.sampler.needs_pretext()).map(|(t, _)| t.seed);
        let mut seeds: Vec<u64> = needing.collect();
        seeds.dedup();
        for seed in seeds {
            let path = folder.losses_path(seed);
            if path.exists() {
                continue;
            }
            let machine = if options.device == "cpu" { format!("cpu, {threads} threads") } else { "cuda".into() };
            let key = pretext::cache_key(spec, &origin.fingerprint, &machine, seed);
            let cached = options.results.join(".cache").join("pretext").join(format!("{key}.csv"));
            if cached.exists() {
                super::copy(&cached, &path)?;
                continue;
            }
            tasks.waiting.insert(seed);
            tasks.pretext.push_back((Task::Pretext { seed, cached }, spec.pretext_work(origin.pool).units()));
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

    /// Forward passes in all.
    pub fn units(&self) -> u64 {
        self.pretext.iter().map(|p| p.1).chain(self.trials.iter().map(|t| t.1)).sum()
    }

    /// The next task that can start: pretext learners, then trials in the spec's order.
    pub fn next(&mut self) -> Option<(Task, u64)> {
        if let Some(task) = self.pretext.pop_front() {
            return Some(task);
        }
        let ready = |t: &Trial| !(t.sampler.needs_pretext() && self.waiting.contains(&t.seed));
        let at = self.trials.iter().position(|(trial, _)| ready(trial))?;
        self.trials.remove(at).map(|(trial, units)| (Task::Trial(trial), units))
    }

    /// The losses of a seed are on disk.
    pub fn losses_ready(&mut self, seed: u64) {
        self.waiting.remove(&seed);
    }

    /// Removes and returns the trials that cannot start because the losses of `seed` could not be had.
    pub fn give_up_on(&mut self, seed: u64) -> Vec<Trial> {
        let (lost, kept): (Vec<_>, Vec<_>) =
            self.trials.drain(..).partition(|(t, _)| t.sampler.needs_pretext() && t.seed == seed);
        self.trials = kept.into();
        lost.into_iter().map(|(trial, _)| trial).collect()
    }
}
