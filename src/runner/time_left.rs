//! Estimates how long the remaining tasks will take from how fast tasks were so far. It reads no clock: the caller passes
//! the time, in seconds since some fixed moment.

use std::collections::HashMap;

use crate::rate::Rate;

#[cfg(test)]
mod tests;

/// The kinds of tasks. Tasks of one kind run about equally fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Pretext,
    Trial,
}

/// A task that has not started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Waiting {
    pub kind: Kind,
    /// The planned number of forward passes.
    pub units: u64,
    /// How many of them a checkpoint saves.
    pub saved: u64,
}

/// A running task.
#[derive(Clone, Copy, Debug)]
struct Running {
    kind: Kind,
    planned: u64,
    saved: u64,
    started: f64,
    /// The time of its last progress message, and the forward passes done by then.
    said: Option<(f64, u64)>,
}

/// Seconds that `jobs` processes side by side take for tasks of the given seconds. A free process starts the next task in
/// the given order.
pub(super) fn side_by_side(jobs: usize, tasks: impl IntoIterator<Item = f64>) -> f64 {
    finish(vec![0.0; jobs.max(1)], tasks)
}

/// As [`side_by_side`], but process `i` is busy for the first `free[i]` seconds.
fn finish(mut free: Vec<f64>, tasks: impl IntoIterator<Item = f64>) -> f64 {
    for seconds in tasks {
        let next = free.iter_mut().min_by(|a, b| a.total_cmp(b));
        *next.expect("there is a process") += seconds;
    }
    free.into_iter().fold(0.0, f64::max)
}

/// The progress of all tasks.
#[derive(Debug)]
pub(super) struct TimeLeft {
    jobs: usize,
    waiting: Vec<Waiting>,
    running: HashMap<usize, Running>,
    rates: HashMap<Kind, Rate>,
    first_words: FirstWords,
}

/// Sums over the first progress message of each process; they give the time that a process takes to start up.
#[derive(Debug, Default)]
struct FirstWords {
    /// Seconds from the start of the process to the message.
    seconds: f64,
    /// Forward passes done by then.
    units: HashMap<Kind, f64>,
    processes: usize,
}

impl TimeLeft {
    /// The state before anything has started; `jobs` processes run side by side.
    pub fn new(jobs: usize) -> Self {
        let (running, rates) = (HashMap::new(), HashMap::new());
        Self { jobs, waiting: Vec::new(), running, rates, first_words: FirstWords::default() }
    }

    /// Sets the tasks that have not started, in the order in which they will.
    pub fn set_waiting(&mut self, waiting: Vec<Waiting>) {
        self.waiting = waiting;
    }

    /// Notes that a task has started.
    pub fn started(&mut self, id: usize, task: Waiting, now: f64) {
        let Waiting { kind, units, saved } = task;
        self.running.insert(id, Running { kind, planned: units, saved, started: now, said: None });
    }

    /// Notes that a task has done `units` forward passes since its process began, with those that a checkpoint saved it.
    pub fn progress(&mut self, id: usize, units: u64, now: f64) {
        let Some(task) = self.running.get_mut(&id) else { return };
        match task.said.replace((now, units)) {
            Some((then, done)) => {
                let rate = self.rates.entry(task.kind).or_default();
                rate.add(units.saturating_sub(done) as f64, now - then);
            }
            // The process was starting up until now, so this says nothing about the rate.
            None => {
                self.first_words.seconds += now - task.started;
                *self.first_words.units.entry(task.kind).or_default() += units.saturating_sub(task.saved) as f64;
                self.first_words.processes += 1;
            }
        }
    }

    /// Notes that a task has ended; if it ended well, all its planned work is done.
    pub fn ended(&mut self, id: usize, well: bool, now: f64) {
        let Some(task) = self.running.remove(&id) else { return };
        if !well {
            return;
        }
        let rate = self.rates.entry(task.kind).or_default();
        match task.said {
            Some((then, done)) => rate.add(task.planned.saturating_sub(done) as f64, now - then),
            // It ended before its first message, so start-up and work cannot be separated.
            None => rate.add(task.planned.saturating_sub(task.saved) as f64, now - task.started),
        }
    }

    /// Forward passes that are done of running and waiting tasks, and all that are planned.
    pub fn units(&self) -> (u64, u64) {
        let running = self.running.values();
        let done =
            running.clone().map(|task| task.said.map_or(task.saved, |said| said.1.min(task.planned))).sum::<u64>();
        let planned = running.map(|task| task.planned).sum::<u64>();
        let waiting = self.waiting.iter();
        (
            done + waiting.clone().map(|task| task.saved).sum::<u64>(),
            planned + waiting.map(|task| task.units).sum::<u64>(),
        )
    }

    /// Seconds until everything is done; `None` until a rate was measured.
    pub fn seconds(&self, now: f64) -> Option<f64> {
        let start_up = self.start_up();
        let mut free = Vec::new();
        for task in self.running.values() {
            let rate = self.rate(task.kind)?;
            let needed = |units: u64| task.planned.saturating_sub(units) as f64 / rate;
            free.push(match task.said {
                Some((then, done)) => (needed(done) - (now - then)).max(0.0),
                None => (needed(task.saved) + start_up - (now - task.started)).max(0.0),
            });
        }
        free.resize(self.jobs.max(free.len()).max(1), 0.0);
        let waiting = self.waiting.iter();
        let waiting =
            waiting.map(|task| Some(start_up + task.units.saturating_sub(task.saved) as f64 / self.rate(task.kind)?));
        Some(finish(free, waiting.collect::<Option<Vec<f64>>>()?))
    }

    /// Seconds from the start of a process to its first work: the time to its first message, less the time that the work
    /// until then took.
    fn start_up(&self) -> f64 {
        let FirstWords { seconds, units, processes } = &self.first_words;
        let working: f64 = units.iter().map(|(&kind, units)| self.rate(kind).map_or(0.0, |rate| units / rate)).sum();
        (seconds - working).max(0.0) / (*processes).max(1) as f64
    }

    /// The measured rate of a kind, in forward passes per second; if there is none, that of another kind.
    fn rate(&self, kind: Kind) -> Option<f64> {
        let of_kind = self.rates.get(&kind).and_then(|rate| rate.of_process());
        of_kind.or_else(|| self.rates.values().find_map(|rate| rate.of_process()))
    }
}
