//! What is left to do, and in which order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Options;
use crate::pretext;
use crate::spec::{Spec, Trial};
use crate::store::{self, DataOrigin, Folder};

/// One child process.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// Trains a pretext learner, into the cache that experiments share.
    Pretext {
        losses: Losses,
        cached: PathBuf,
        /// Where its features go, if a trial needs them.
        features: Option<PathBuf>,
    },
    Trial {
        trial: Trial,
        /// Where the features of its pretext learner lie, if it needs them.
        features: Option<PathBuf>,
    },
}

/// The pretext losses of a protocol (see [`Spec::losses_of`]) and a seed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Losses {
    pub variant: Option<String>,
    pub seed: u64,
}

impl Losses {
    /// Those that a trial needs.
    fn of(spec: &Spec, trial: &Trial) -> Option<Self> {
        let needed = spec.protocol_of(trial).uses_pretext(&trial.sampler);
        let variant = || spec.losses_of(trial.variant.as_deref()).map(str::to_owned);
        needed.then(|| Self { variant: variant(), seed: trial.seed })
    }

    /// For people: `seed3`, or `jigsaw seed3`.
    pub fn name(&self) -> String {
        let variant = self.variant.as_ref().map_or(String::new(), |name| format!("{name} "));
        format!("{variant}seed{}", self.seed)
    }
}

impl Task {
    pub fn name(&self) -> String {
        match self {
            Self::Pretext { losses, .. } => format!("pretext {}", losses.name()),
            Self::Trial { trial, .. } => trial.key(),
        }
    }
}

/// A trial that has not started.
struct Waiting {
    trial: Trial,
    losses: Option<Losses>,
    features: Option<PathBuf>,
    /// Forward passes that it takes.
    units: u64,
}

/// Tasks that have not started.
pub(super) struct Tasks {
    /// With the forward passes that each takes.
    pretext: VecDeque<(Task, u64)>,
    trials: VecDeque<Waiting>,
    /// Learners that have not given what is wanted of them; true where their losses are there all the same, and features
    /// alone are missing.
    missing: HashMap<Losses, bool>,
}

impl Tasks {
    /// What is left of a spec. Losses of a file, and cached ones, are put into the folder; `pool` are the positions of
    /// the pool, and `train` is the size of the split they are in.
    pub fn new(
        spec: &Spec,
        folder: &Folder,
        options: &Options,
        origin: &DataOrigin,
        (pool, train): (&[usize], usize),
        threads: usize,
    ) -> Result<Self> {
        let mut tasks = Self { pretext: VecDeque::new(), trials: VecDeque::new(), missing: HashMap::new() };
        let mut known = HashSet::new();
        for trial in spec.trials() {
            let finished = folder.trial(&trial).finished()?;
            let wanted = options.only.as_ref().is_none_or(|only| only.is_match(&trial.key()));
            if finished >= spec.rounds.count {
                folder.trial(&trial).set_failure(None)?;
                continue;
            }
            if !wanted {
                continue;
            }
            let losses = Losses::of(spec, &trial);
            let mut features = None;
            if let Some(losses) = &losses {
                let protocol = spec.protocol(losses.variant.as_deref());
                let cache = |ending: &str| cached(protocol, options, origin, threads, losses.seed, ending);
                // Once the initial labels are chosen, nothing asks for features any more.
                let chooses = folder.trial(&trial).queries()?.rounds.is_empty();
                let needed = chooses && spec.protocol_of(&trial).initial_set(&trial.sampler).needs_features();
                features = needed.then(|| cache("features.safetensors"));
                if known.insert((losses.clone(), features.clone())) {
                    tasks.need(spec, folder, losses, &cache("csv"), features.as_ref(), origin, (pool, train))?;
                }
            }
            let left = finished..spec.rounds.count;
            let units = left.map(|round| spec.round_work(&trial, round, origin.pool, origin.test).units()).sum();
            tasks.trials.push_back(Waiting { trial, losses, features, units });
        }
        Ok(tasks)
    }

    /// Sees to it that losses will be in the folder, and features where they are asked for.
    #[allow(clippy::too_many_arguments)] // one call site; a struct would only rename them
    fn need(
        &mut self,
        spec: &Spec,
        folder: &Folder,
        losses: &Losses,
        cached: &Path,
        features: Option<&PathBuf>,
        origin: &DataOrigin,
        (pool, train): (&[usize], usize),
    ) -> Result<()> {
        let path = folder.losses_path(losses.variant.as_deref(), losses.seed);
        let protocol = spec.protocol(losses.variant.as_deref());
        if let Some(file) = protocol.loss_file() {
            if !path.exists() {
                store::Losses::read(&file.file)?.of_pool(pool, train, &file.file)?.write(&path)?;
            }
            return Ok(());
        }
        if !path.exists() && cached.exists() {
            super::copy(cached, &path)?;
        }
        let has_features = features.is_none_or(|features| features.exists());
        if path.exists() && has_features {
            return Ok(());
        }
        self.missing.insert(losses.clone(), path.exists());
        let units = protocol.pretext_work(origin.pool).units();
        let same = |task: &&mut (Task, u64)| matches!(&task.0, Task::Pretext { losses: other, .. } if other == losses);
        match self.pretext.iter_mut().find(same) {
            Some((Task::Pretext { features: wanted, .. }, _)) => *wanted = wanted.take().or(features.cloned()),
            _ => {
                let (losses, cached, features) = (losses.clone(), cached.to_owned(), features.cloned());
                self.pretext.push_back((Task::Pretext { losses, cached, features }, units));
            }
        }
        Ok(())
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
        self.pretext.iter().map(|p| p.1).chain(self.trials.iter().map(|t| t.units)).sum()
    }

    /// The next task that can start: pretext learners, then trials in the spec's order.
    pub fn next(&mut self) -> Option<(Task, u64)> {
        if let Some(task) = self.pretext.pop_front() {
            return Some(task);
        }
        let at = self.trials.iter().position(|waiting| self.is_ready(waiting))?;
        let Waiting { trial, features, units, .. } = self.trials.remove(at)?;
        Some((Task::Trial { trial, features }, units))
    }

    fn is_ready(&self, waiting: &Waiting) -> bool {
        match waiting.losses.as_ref().and_then(|losses| self.missing.get(losses)) {
            None => true,
            Some(&has_losses) => has_losses && waiting.features.is_none(),
        }
    }

    /// Losses are on disk, and features.
    pub fn losses_ready(&mut self, losses: &Losses) {
        self.missing.remove(losses);
    }

    /// Removes and returns the trials that cannot start because a learner failed.
    pub fn give_up_on(&mut self, losses: &Losses) -> Vec<Trial> {
        let trials = std::mem::take(&mut self.trials);
        let (lost, kept): (Vec<_>, Vec<_>) =
            trials.into_iter().partition(|waiting| waiting.losses.as_ref() == Some(losses) && !self.is_ready(waiting));
        self.trials = kept.into();
        lost.into_iter().map(|waiting| waiting.trial).collect()
    }
}

/// Where the cache has what a pretext learner gave.
pub(super) fn cached(
    protocol: &Spec,
    options: &Options,
    origin: &DataOrigin,
    threads: usize,
    seed: u64,
    ending: &str,
) -> PathBuf {
    let machine = if options.device == "cpu" { format!("cpu, {threads} threads") } else { "cuda".into() };
    let key = pretext::cache_key(protocol, &origin.fingerprint, &machine, seed);
    options.results.join(".cache").join("pretext").join(format!("{key}.{ending}"))
}
