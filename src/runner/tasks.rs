//! What is left to do of a spec, and in which order.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use super::cache;
use super::options::Options;
use super::task::{Losses, Task};
use super::time_left::{Kind, Waiting};
use crate::pretext::saved_passes;
use crate::trial::saved_units;
use pt4al_results::machine;
use pt4al_results::spec::{Spec, Trial, Work};
use pt4al_results::store::{self, ANEW, DataOrigin, Folder, checksums};

/// A task with the number of forward passes that it is planned to take.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Planned {
    pub task: Task,
    pub units: u64,
    /// How many of them a checkpoint saves.
    pub saved: u64,
}

/// A pretext learner that has not started.
struct WaitingLearner {
    task: Task,
    /// What is left of its work, and the forward passes that a checkpoint saves.
    work: Work,
    saved: u64,
}

impl WaitingLearner {
    fn new(task: Task, protocol: &Spec, images: usize) -> Self {
        let mut learner = Self { task, work: protocol.pretext_work(images), saved: 0 };
        if let Task::Pretext { cached, features, .. } = &learner.task {
            learner.saved = protocol.pretext_units(saved_passes(cached, features.is_some()));
            learner.work = learner.work.after(learner.saved);
        }
        learner
    }

    fn units(&self) -> u64 {
        self.work.units() + self.saved
    }
}

/// A trial that has not started.
struct WaitingTrial {
    trial: Trial,
    losses: Option<Losses>,
    features: Option<PathBuf>,
    /// What is left of the work of its unfinished rounds, and the forward passes that a checkpoint saves.
    work: Work,
    saved: u64,
    /// Forward passes of its first piece that is finished or lost as a whole: a missing query, or what is left of a round without its
    /// query.
    first: u64,
    /// Number of unfinished rounds.
    rounds: usize,
}

impl WaitingTrial {
    fn task(&self) -> Task {
        Task::Trial { trial: self.trial.clone(), features: self.features.clone() }
    }

    fn units(&self) -> u64 {
        self.work.units() + self.saved
    }
}

/// How much is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Remaining {
    pub learners: usize,
    pub trials: usize,
    pub rounds: usize,
    /// Finished rounds whose model has not queried the next labels yet.
    pub queries: usize,
    /// Forward passes that checkpoints save the unfinished rounds.
    pub saved: u64,
}

/// Tasks that have not started.
pub(super) struct Tasks {
    learners: VecDeque<WaitingLearner>,
    trials: VecDeque<WaitingTrial>,
    /// Losses whose learner has not finished; true if the losses themselves exist and only features are missing.
    missing: HashMap<Losses, bool>,
    /// See [`Remaining::queries`].
    queries: usize,
    /// See [`Remaining::saved`].
    saved: u64,
}

impl Tasks {
    /// What is left of a spec; without a folder, all of it. It writes nothing.
    ///
    /// # Errors
    /// If files of the folder cannot be read, or if a trial has begun with losses that are missing now.
    pub fn left(
        spec: &Spec,
        folder: Option<&Folder>,
        options: &Options,
        origin: &DataOrigin,
        threads: usize,
    ) -> Result<Self> {
        let (learners, trials, missing) = (VecDeque::new(), VecDeque::new(), HashMap::new());
        let mut tasks = Self { learners, trials, missing, queries: 0, saved: 0 };
        let mut known = HashSet::new();
        for trial in spec.trials() {
            let files = folder.map(|folder| folder.trial(&trial));
            let finished = files.as_ref().map_or(Ok(0), |files| files.finished())?;
            let wanted = options.only.as_ref().is_none_or(|only| only.is_match(&trial.key()));
            if finished >= spec.rounds.count || !wanted {
                continue;
            }
            let queried = files.map_or(Ok(0), |files| files.queries().map(|queries| queries.rounds.len()))?;
            // Once the initial labels are chosen, only the sampler needs losses or features.
            let losses = Losses::needed_by(spec, &trial).filter(|_| queried == 0 || trial.sampler.needs_pretext());
            let mut features = None;
            if let Some(losses) = &losses {
                let protocol = spec.protocol(losses.variant.as_deref());
                let cached = |ending: &str| cache::path(protocol, options, origin, threads, losses.seed, ending);
                if let Some(folder) = folder.filter(|_| queried > 0) {
                    ensure_same_losses(protocol, folder, losses, &cached("csv"), &trial, origin.pool)?;
                }
                let initially = queried == 0 && spec.protocol_of(&trial).learned_initial_set(&trial.sampler);
                let needs_features = initially || trial.sampler.needs_pretext_features();
                features = needs_features.then(|| cached("features.safetensors"));
                if known.insert((losses.clone(), features.clone())) {
                    tasks.add_learner_unless_done(protocol, folder, losses, &cached("csv"), features.as_ref(), origin);
                }
            }
            let work_of = |round| spec.round_work(&trial, round, origin.pool, origin.test);
            let saved = folder.map_or(0, |folder| saved_units(folder.root(), spec, &trial, finished));
            let round = work_of(finished).after_training(saved);
            let mut work = round + (finished + 1..spec.rounds.count).map(work_of).sum();
            let mut first = Work { score: 0, ..round };
            if let Some(round) = finished.checked_sub(1).filter(|_| queried == finished) {
                first = Work { score: work_of(round).score, ..Work::default() };
                work += first;
                tasks.queries += 1;
            }
            tasks.saved += saved;
            let (first, rounds) = (first.units(), spec.rounds.count - finished);
            tasks.trials.push_back(WaitingTrial { trial, losses, features, work, saved, first, rounds });
        }
        Ok(tasks)
    }

    /// Adds a learner, unless its losses exist, and its features if these are needed.
    fn add_learner_unless_done(
        &mut self,
        protocol: &Spec,
        folder: Option<&Folder>,
        losses: &Losses,
        cached: &Path,
        features: Option<&PathBuf>,
        origin: &DataOrigin,
    ) {
        let path = folder.map(|folder| folder.losses_path(losses.variant.as_deref(), losses.seed));
        let has_losses = path.is_some_and(|path| path.exists() && checksums::is_intact(&path))
            || cache::losses(cached, origin.pool).is_some();
        let has_features = features.is_none_or(|features| cache::has_features(features));
        if protocol.loss_file().is_some() || has_losses && has_features {
            return;
        }
        self.missing.insert(losses.clone(), has_losses);
        for learner in &mut self.learners {
            if let Task::Pretext { losses: other, features: wanted, .. } = &mut learner.task
                && other == losses
            {
                *wanted = wanted.take().or(features.cloned());
                // A checkpoint is of a learner with features, or of one without.
                *learner = WaitingLearner::new(learner.task.clone(), protocol, origin.pool);
                return;
            }
        }
        let (losses, cached, features) = (losses.clone(), cached.to_owned(), features.cloned());
        let task = Task::Pretext { losses, cached, features };
        self.learners.push_back(WaitingLearner::new(task, protocol, origin.pool));
    }

    /// Prepares the folder for what is left: copies losses from a spec's file or from the cache into it, and removes the
    /// failures of trials that have finished since. `pool` are the indices of the pool, `train` is the number of images in
    /// the train split.
    ///
    /// # Errors
    /// If losses do not fit the pool, or files cannot be read or written.
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
                // A kill after the last round leaves weights or a checkpoint behind.
                files.remove_weights(0..spec.rounds.count)?;
                files.remove_checkpoint();
            }
        }
        for learner in &self.learners {
            if let Task::Pretext { cached, .. } = &learner.task
                && cached.exists()
                && cache::losses(cached, origin.pool).is_none()
            {
                machine::say(&format!(
                    "repaired: {}: these cached losses are damaged or incomplete; the learner makes them again",
                    cached.display()
                ));
            }
        }
        let mut known = HashSet::new();
        let all = spec.trials();
        for losses in all.iter().filter_map(|trial| Losses::needed_by(spec, trial)) {
            if !known.insert(losses.clone()) {
                continue;
            }
            let Losses { variant, seed } = &losses;
            let path = folder.losses_path(variant.as_deref(), *seed);
            let protocol = spec.protocol(variant.as_deref());
            let source = || match protocol.loss_file() {
                Some(file) => store::Losses::read(&file.file)?.of_pool(pool, train, &file.file).map(Some),
                None => Ok(cache::losses(&cache::path(protocol, options, origin, threads, *seed, "csv"), pool.len())),
            };
            if !path.exists() {
                let is_needed = self.trials.iter().any(|waiting| waiting.losses.as_ref() == Some(&losses));
                let is_missing = checksums::is_listed(&path)?;
                let found = if is_needed || is_missing { source()? } else { None };
                match found {
                    Some(found) if !is_missing || folder.wrote_losses(variant.as_deref(), *seed, &found)? => {
                        folder.write_losses(variant.as_deref(), *seed, &found)?;
                        if is_missing {
                            machine::say(&format!("repaired: {}: was missing; copied again", path.display()));
                        }
                    }
                    _ if is_missing && self.have_begun_with(spec, folder, &losses)? => {
                        machine::say(&format!(
                            "warning: {}: is missing; the values stay as they are, but pages cannot show these losses",
                            path.display()
                        ));
                        folder.remove_losses(variant.as_deref(), *seed)?;
                    }
                    _ => {}
                }
            } else if let Err(error) = checksums::check(&path) {
                let is_same = |found: &store::Losses| folder.wrote_losses(variant.as_deref(), *seed, found);
                match source()? {
                    Some(found) if is_same(&found)? || !self.have_begun_with(spec, folder, &losses)? => {
                        folder.write_losses(variant.as_deref(), *seed, &found)?;
                        machine::say(&format!("repaired: {}: was not as pt4al wrote it; copied again", path.display()));
                    }
                    // A learner makes them again.
                    None if !self.have_begun_with(spec, folder, &losses)? => {
                        folder.remove_losses(variant.as_deref(), *seed)?;
                    }
                    _ => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Whether any trial has labels that were chosen by these losses.
    fn have_begun_with(&self, spec: &Spec, folder: &Folder, losses: &Losses) -> Result<bool> {
        for trial in spec.trials() {
            let has_labels = !folder.trial(&trial).all_queries()?.rounds.is_empty();
            if has_labels && Losses::needed_by(spec, &trial).as_ref() == Some(losses) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub fn is_empty(&self) -> bool {
        self.trials.is_empty() && self.learners.is_empty()
    }

    /// The numbers of trials and of pretext learners that have not started.
    pub fn counts(&self) -> (usize, usize) {
        (self.trials.len(), self.learners.len())
    }

    /// What is left of the work of each task, in the order in which they start.
    pub fn work(&self) -> Vec<Work> {
        let learners = self.learners.iter().map(|learner| learner.work);
        learners.chain(self.trials.iter().map(|trial| trial.work)).collect()
    }

    /// The tasks as the estimate of the time left needs them, in the order in which they start.
    pub fn waiting(&self) -> Vec<Waiting> {
        let waiting = |kind, units, saved| Waiting { kind, units, saved };
        let learners = self.learners.iter().map(|learner| waiting(Kind::Pretext, learner.units(), learner.saved));
        let trials = self.trials.iter().map(|trial| waiting(Kind::Trial, trial.units(), trial.saved));
        learners.chain(trials).collect()
    }

    /// The number of characters of the longest name of a task.
    pub fn longest_name(&self) -> usize {
        let trials = self.trials.iter().map(|waiting| waiting.trial.key().len());
        self.learners.iter().map(|learner| learner.task.name().len()).chain(trials).max().unwrap_or(0)
    }

    /// How much has not started.
    pub fn remaining(&self) -> Remaining {
        Remaining {
            learners: self.learners.len(),
            trials: self.trials.len(),
            rounds: self.trials.iter().map(|waiting| waiting.rounds).sum(),
            queries: self.queries,
            saved: self.saved,
        }
    }

    /// Removes and returns the next task that can start and for which `fits` is true: learners first and then trials in the
    /// spec's order, or trials first. `fits` gets a task and the forward passes of its first piece.
    pub fn next(&mut self, learners_first: bool, fits: &mut dyn FnMut(&Task, u64) -> bool) -> Option<Planned> {
        if learners_first {
            self.next_learner(fits).or_else(|| self.next_trial(fits))
        } else {
            self.next_trial(fits).or_else(|| self.next_learner(fits))
        }
    }

    fn next_learner(&mut self, fits: &mut dyn FnMut(&Task, u64) -> bool) -> Option<Planned> {
        let at = self.learners.iter().position(|learner| fits(&learner.task, learner.work.units()))?;
        self.learners.remove(at).map(|learner| {
            let (units, saved) = (learner.units(), learner.saved);
            Planned { task: learner.task, units, saved }
        })
    }

    fn next_trial(&mut self, fits: &mut dyn FnMut(&Task, u64) -> bool) -> Option<Planned> {
        let at =
            self.trials.iter().position(|waiting| self.is_ready(waiting) && fits(&waiting.task(), waiting.first))?;
        self.trials.remove(at).map(|trial| Planned { task: trial.task(), units: trial.units(), saved: trial.saved })
    }

    /// Whether a trial does not have to wait for a learner.
    fn is_ready(&self, waiting: &WaitingTrial) -> bool {
        match waiting.losses.as_ref().and_then(|losses| self.missing.get(losses)) {
            None => true,
            Some(&has_losses) => has_losses && waiting.features.is_none(),
        }
    }

    /// Notes that losses, and features if they are needed, are on disk.
    pub fn losses_ready(&mut self, losses: &Losses) {
        self.missing.remove(losses);
    }

    /// Removes and returns the trials that cannot start because their learner failed.
    pub fn give_up_on(&mut self, losses: &Losses) -> Vec<Trial> {
        let trials = std::mem::take(&mut self.trials);
        let (lost, kept): (Vec<_>, Vec<_>) =
            trials.into_iter().partition(|waiting| waiting.losses.as_ref() == Some(losses) && !self.is_ready(waiting));
        self.trials = kept.into();
        lost.into_iter().map(|waiting| waiting.trial).collect()
    }
}

/// Checks that a trial that has queried labels still has the losses of those queries. The losses of another learner, even
/// of the same one on another type of processor, would make other pretext batches.
fn ensure_same_losses(
    protocol: &Spec,
    folder: &Folder,
    losses: &Losses,
    cached: &Path,
    trial: &Trial,
    images: usize,
) -> Result<()> {
    let path = folder.losses_path(losses.variant.as_deref(), losses.seed);
    if path.exists() && protocol.loss_file().is_none() && !checksums::is_intact(&path) {
        let copy = cache::losses(cached, images);
        let is_certain = copy.map(|copy| folder.wrote_losses(losses.variant.as_deref(), losses.seed, &copy));
        ensure!(
            is_certain.transpose()?.unwrap_or(false),
            "{}: is not as pt4al wrote it, but {} has queried labels by these losses, and others would make other pretext \
             batches; restore the file, or {ANEW}",
            path.display(),
            trial.key()
        );
    }
    let here =
        if cached.exists() { format!(" (a learner on this machine gave {})", cached.display()) } else { String::new() };
    ensure!(
        protocol.loss_file().is_some() || path.exists(),
        "{}: not there, but {} has queried labels by these losses, and others would make other pretext batches; copy the file \
         from where the trial ran{here}, or {ANEW}",
        path.display(),
        trial.key()
    );
    Ok(())
}

#[cfg(test)]
mod tests;
