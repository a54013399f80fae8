//! What a spec costs, counted in images.

use std::ops::{Add, AddAssign};

use super::{Select, Spec, Trial};

/// Images that pass through a network. A backward pass costs about two forward passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Images trained on: forward and backward.
    pub train: u64,
    /// Images evaluated (test and held-out): forward.
    pub evaluate: u64,
    /// Pool images scored for queries or losses: forward.
    pub score: u64,
}

impl Work {
    /// The work in forward passes of one image.
    pub fn units(&self) -> u64 {
        3 * self.train + self.evaluate + self.score
    }
}

impl Add for Work {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            train: self.train + other.train,
            evaluate: self.evaluate + other.evaluate,
            score: self.score + other.score,
        }
    }
}

impl AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::iter::Sum for Work {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}

impl Spec {
    /// Epochs (counted from 1) after which a training is evaluated: every `every`-th and the last.
    pub fn evaluated_epochs(&self) -> Vec<usize> {
        let epochs = self.train.epochs;
        match self.train.select.every {
            Some(every) => (1..=epochs).filter(|e| e % every == 0 || *e == epochs).collect(),
            None => vec![epochs],
        }
    }

    /// Labels of a training on `labeled` that are held out for [`Select::BestOnHeldOut`].
    pub fn held_out(&self, labeled: usize) -> usize {
        let part = self.train.select.held_out.unwrap_or(0.0);
        ((labeled as f64 * part).round() as usize).clamp(1, labeled.saturating_sub(1).max(1))
    }

    /// The work of one round of a trial: its trainings, their evaluations, and the query that follows.
    pub fn round_work(&self, trial: &Trial, round: usize, pool: usize, test: usize) -> Work {
        let labeled = self.rounds.labeled(round);
        let rules = &self.train.select.record;
        let epochs = self.train.epochs as u64;
        let mut work = Work::default();
        if rules.iter().any(|&r| r != Select::BestOnHeldOut) {
            let evaluations = if rules.contains(&Select::BestOnTest) { self.evaluated_epochs().len() } else { 1 };
            work.train += labeled as u64 * epochs;
            work.evaluate += (test * evaluations) as u64;
        }
        if rules.contains(&Select::BestOnHeldOut) {
            let held_out = self.held_out(labeled);
            work.train += (labeled - held_out) as u64 * epochs;
            work.evaluate += (held_out * self.evaluated_epochs().len() + test) as u64;
        }
        if round + 1 < self.rounds.count {
            let batch = pool / self.pretext_batches().max(1);
            work.score += trial.sampler.scored(pool - labeled, labeled, batch) as u64;
        }
        work
    }

    /// The work of one trial, without its pretext learner.
    pub fn trial_work(&self, trial: &Trial, pool: usize, test: usize) -> Work {
        (0..self.rounds.count).map(|round| self.round_work(trial, round, pool, test)).sum()
    }

    /// The work of one pretext learner.
    pub fn pretext_work(&self, pool: usize) -> Work {
        let Some(pretext) = &self.pretext else { return Work::default() };
        let transformations = match pretext.task {
            super::PretextTask::Rotation => 4,
            super::PretextTask::Colorization => 1,
        };
        let transformed = transformations * pool as u64;
        // The evaluation that finds the best epoch is also the one that gives the losses.
        let scorings = match pretext.checkpoint {
            super::PretextCheckpoint::Last => 1,
            super::PretextCheckpoint::BestOnPool => pretext.epochs as u64,
        };
        Work { train: transformed * pretext.epochs as u64, evaluate: 0, score: transformed * scorings }
    }
}
