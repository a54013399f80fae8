//! What is left to do, and in which order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::Options;
use super::deadline::Sort;
use super::time_left::{self, Kind};
use crate::pretext;
use pt4al_results::spec::{Spec, Trial, Work};
use pt4al_results::store::{self, ANEW, DataOrigin, Folder};

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

    pub fn kind(&self) -> Kind {
        match self {
            Self::Pretext { .. } => Kind::Pretext,
            Self::Trial { .. } => Kind::Trial,
        }
    }

    /// What of it is kept or lost as a whole: `the next round of core-set-seed3`.
    pub fn piece(&self) -> String {
        match self {
            Self::Pretext { .. } => format!("the pretext learner of {}", self.subject()),
            Self::Trial { .. } => format!("the next round of {}", self.subject()),
        }
    }

    /// What a piece is said to be of.
    pub fn subject(&self) -> String {
        match self {
            Self::Pretext { losses, .. } => losses.name(),
            Self::Trial { trial, .. } => trial.key(),
        }
    }

    /// What it runs about as fast as.
    pub fn sort(&self) -> Sort {
        let variant = match self {
            Self::Pretext { losses, .. } => &losses.variant,
            Self::Trial { trial, .. } => &trial.variant,
        };
        Sort { kind: self.kind(), variant: variant.clone() }
    }
}

/// A trial that has not started.
struct Waiting {
    trial: Trial,
    losses: Option<Losses>,
    features: Option<PathBuf>,
    work: Work,
    /// Forward passes of what it does first, and is kept then: a query that is missing, or a round without its query.
    first: u64,
    /// Rounds that are not finished.
    rounds: usize,
}

/// How much is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Remaining {
    pub learners: usize,
    pub trials: usize,
    pub rounds: usize,
    /// Rounds that are finished, and whose model has not been asked for the next labels.
    pub queries: usize,
}

/// Tasks that have not started.
pub(super) struct Tasks {
    /// With the work of each.
    pretext: VecDeque<(Task, Work)>,
    trials: VecDeque<Waiting>,
    /// Learners that have not given what is wanted of them; true where their losses are there all the same, and features
    /// alone are missing.
    missing: HashMap<Losses, bool>,
    /// See [`Remaining::queries`].
    queries: usize,
}

impl Tasks {
    /// What is left of a spec, where all of it is left without a folder. It looks, and writes nothing.
    pub fn left(
        spec: &Spec,
        folder: Option<&Folder>,
        options: &Options,
        origin: &DataOrigin,
        threads: usize,
    ) -> Result<Self> {
        let (pretext, trials, missing) = (VecDeque::new(), VecDeque::new(), HashMap::new());
        let mut tasks = Self { pretext, trials, missing, queries: 0 };
        let mut known = HashSet::new();
        for trial in spec.trials() {
            let files = folder.map(|folder| folder.trial(&trial));
            let finished = files.as_ref().map_or(Ok(0), |files| files.finished())?;
            let wanted = options.only.as_ref().is_none_or(|only| only.is_match(&trial.key()));
            if finished >= spec.rounds.count || !wanted {
                continue;
            }
            let asked = files.map_or(Ok(0), |files| files.queries().map(|queries| queries.rounds.len()))?;
            // Once the initial labels are chosen, the sampler alone needs losses, and nothing asks for features any more.
            let losses = Losses::of(spec, &trial).filter(|_| asked == 0 || trial.sampler.needs_pretext());
            let mut features = None;
            if let Some(losses) = &losses {
                let protocol = spec.protocol(losses.variant.as_deref());
                let cache = |ending: &str| cached(protocol, options, origin, threads, losses.seed, ending);
                if asked > 0 {
                    ensure_same_losses(protocol, folder, losses, &cache("csv"), &trial)?;
                }
                let needed = asked == 0 && spec.protocol_of(&trial).initial_set(&trial.sampler).needs_features();
                features = needed.then(|| cache("features.safetensors"));
                if known.insert((losses.clone(), features.clone())) {
                    tasks.need(protocol, folder, losses, &cache("csv"), features.as_ref(), origin);
                }
            }
            let work_of = |round| spec.round_work(&trial, round, origin.pool, origin.test);
            let mut work: Work = (finished..spec.rounds.count).map(work_of).sum();
            let mut first = Work { score: 0, ..work_of(finished) };
            if let Some(round) = finished.checked_sub(1).filter(|_| asked == finished) {
                first = Work { score: work_of(round).score, ..Work::default() };
                work += first;
                tasks.queries += 1;
            }
            let (first, rounds) = (first.units(), spec.rounds.count - finished);
            tasks.trials.push_back(Waiting { trial, losses, features, work, first, rounds });
        }
        Ok(tasks)
    }

    /// Plans a learner, unless losses are there, and features where they are asked for.
    fn need(
        &mut self,
        protocol: &Spec,
        folder: Option<&Folder>,
        losses: &Losses,
        cached: &Path,
        features: Option<&PathBuf>,
        origin: &DataOrigin,
    ) {
        let path = folder.map(|folder| folder.losses_path(losses.variant.as_deref(), losses.seed));
        let has_losses = path.is_some_and(|path| path.exists()) || cached.exists();
        let has_features = features.is_none_or(|features| features.exists());
        if protocol.loss_file().is_some() || has_losses && has_features {
            return;
        }
        self.missing.insert(losses.clone(), has_losses);
        let same = |task: &&mut (Task, Work)| matches!(&task.0, Task::Pretext { losses: other, .. } if other == losses);
        match self.pretext.iter_mut().find(same) {
            Some((Task::Pretext { features: wanted, .. }, _)) => *wanted = wanted.take().or(features.cloned()),
            _ => {
                let (losses, cached, features) = (losses.clone(), cached.to_owned(), features.cloned());
                let work = protocol.pretext_work(origin.pool);
                self.pretext.push_back((Task::Pretext { losses, cached, features }, work));
            }
        }
    }

    /// Makes the folder ready for what is left: losses of a file, and cached ones, are put into it, and failures of trials
    /// that have been finished since are forgotten. `pool` are the positions of the pool, and `train` is the size of the
    /// split they are in.
    pub fn prepare(
        &self,
        spec: &Spec,
        folder: &Folder,
        options: &Options,
        origin: &DataOrigin,
        (pool, train): (&[usize], usize),
        threads: usize,
    ) -> Result<()> {
        for trial in spec.trials() {
            let files = folder.trial(&trial);
            if files.finished()? >= spec.rounds.count {
                files.set_failure(None)?;
                // Those that a kill left behind after the last round.
                (0..spec.rounds.count).for_each(|round| files.remove_weights(round));
            }
        }
        for losses in self.trials.iter().filter_map(|waiting| waiting.losses.as_ref()) {
            let path = folder.losses_path(losses.variant.as_deref(), losses.seed);
            if path.exists() {
                continue;
            }
            let protocol = spec.protocol(losses.variant.as_deref());
            let cached = cached(protocol, options, origin, threads, losses.seed, "csv");
            match protocol.loss_file() {
                Some(file) => store::Losses::read(&file.file)?.of_pool(pool, train, &file.file)?.write(&path)?,
                None if cached.exists() => super::copy(&cached, &path)?,
                None => {}
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

    /// The work of each task, in the order in which they start.
    pub fn work(&self) -> Vec<Work> {
        self.pretext.iter().map(|task| task.1).chain(self.trials.iter().map(|trial| trial.work)).collect()
    }

    /// The same, as the time left is told by.
    pub fn waiting(&self) -> Vec<time_left::Waiting> {
        let of = |kind: Kind| move |work: Work| time_left::Waiting { kind, units: work.units() };
        let trials = self.trials.iter().map(|trial| trial.work).map(of(Kind::Trial));
        self.pretext.iter().map(|task| task.1).map(of(Kind::Pretext)).chain(trials).collect()
    }

    /// Characters of the longest name of a task.
    pub fn longest_name(&self) -> usize {
        let trials = self.trials.iter().map(|waiting| waiting.trial.key().len());
        self.pretext.iter().map(|task| task.0.name().len()).chain(trials).max().unwrap_or(0)
    }

    /// How much has not started.
    pub fn remaining(&self) -> Remaining {
        Remaining {
            learners: self.pretext.len(),
            trials: self.trials.len(),
            rounds: self.trials.iter().map(|waiting| waiting.rounds).sum(),
            queries: self.queries,
        }
    }

    /// The next task that can start and that `fits` says yes to, with its forward passes: pretext learners, then trials in
    /// the spec's order, or trials first. `fits` is given a task, and the forward passes of what it does first.
    pub fn next(&mut self, learners_first: bool, fits: &mut dyn FnMut(&Task, u64) -> bool) -> Option<(Task, u64)> {
        if learners_first {
            self.next_learner(fits).or_else(|| self.next_trial(fits))
        } else {
            self.next_trial(fits).or_else(|| self.next_learner(fits))
        }
    }

    fn next_learner(&mut self, fits: &mut dyn FnMut(&Task, u64) -> bool) -> Option<(Task, u64)> {
        let at = self.pretext.iter().position(|(task, work)| fits(task, work.units()))?;
        self.pretext.remove(at).map(|(task, work)| (task, work.units()))
    }

    fn next_trial(&mut self, fits: &mut dyn FnMut(&Task, u64) -> bool) -> Option<(Task, u64)> {
        let task = |waiting: &Waiting| {
            let (trial, features) = (waiting.trial.clone(), waiting.features.clone());
            Task::Trial { trial, features }
        };
        let of = |waiting: &Waiting| self.is_ready(waiting) && fits(&task(waiting), waiting.first);
        let at = self.trials.iter().position(of)?;
        self.trials.remove(at).map(|waiting| (task(&waiting), waiting.work.units()))
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

/// A trial that has asked for labels goes on with the losses that it asked by: those of another learner, be it the same one on
/// another type of processor, would make other pretext batches.
fn ensure_same_losses(
    protocol: &Spec,
    folder: Option<&Folder>,
    losses: &Losses,
    cached: &Path,
    trial: &Trial,
) -> Result<()> {
    let Some(path) = folder.map(|folder| folder.losses_path(losses.variant.as_deref(), losses.seed)) else {
        return Ok(());
    };
    let here =
        if cached.exists() { format!(" (a learner on this machine gave {})", cached.display()) } else { String::new() };
    ensure!(
        protocol.loss_file().is_some() || path.exists(),
        "{}: not there, but {} has asked for labels by these losses, and others would make other pretext batches; copy the file \
         from where the trial ran{here}, or {ANEW}",
        path.display(),
        trial.key()
    );
    Ok(())
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

#[cfg(test)]
mod tests;
