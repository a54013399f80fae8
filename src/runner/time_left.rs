//! How long the tasks that are left will take, by how fast tasks were so far. It knows no clock: whoever uses it says
//! what time it is, in seconds since any moment that stays the same.

use std::collections::HashMap;

use crate::rate::Rate;

#[cfg(test)]
mod tests;

/// Tasks of a kind run about equally fast; those of different kinds need not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Pretext,
    Trial,
}

/// A task that has not started.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Waiting {
    pub kind: Kind,
    /// Forward passes that it is planned to take.
    pub units: u64,
}

/// A task that runs.
#[derive(Clone, Copy, Debug)]
struct Running {
    kind: Kind,
    planned: u64,
    started: f64,
    /// When it last said how far it is, and how far that was.
    said: Option<(f64, u64)>,
}

/// Seconds that `jobs` processes side by side take for tasks, each of which takes some seconds: a process that is free
/// starts the next task in the given order.
pub(super) fn side_by_side(jobs: usize, tasks: impl IntoIterator<Item = f64>) -> f64 {
    finish(vec![0.0; jobs.max(1)], tasks)
}

/// The same, where each process is free after so many seconds.
fn finish(mut free: Vec<f64>, tasks: impl IntoIterator<Item = f64>) -> f64 {
    for seconds in tasks {
        let next = free.iter_mut().min_by(|a, b| a.total_cmp(b));
        *next.expect("there is a process") += seconds;
    }
    free.into_iter().fold(0.0, f64::max)
}

/// What is known of the tasks' progress.
#[derive(Debug)]
pub(super) struct TimeLeft {
    jobs: usize,
    waiting: Vec<Waiting>,
    running: HashMap<usize, Running>,
    rates: HashMap<Kind, Rate>,
    first_words: FirstWords,
}

/// What processes had done when they first said how far they are, and the seconds since they started.
#[derive(Debug, Default)]
struct FirstWords {
    seconds: f64,
    /// By kind.
    units: HashMap<Kind, f64>,
    processes: usize,
}

impl TimeLeft {
    /// Before anything has started; `jobs` run side by side.
    pub fn new(jobs: usize) -> Self {
        let (running, rates) = (HashMap::new(), HashMap::new());
        Self { jobs, waiting: Vec::new(), running, rates, first_words: FirstWords::default() }
    }

    /// Tasks that have not started, in the order in which they will.
    pub fn set_waiting(&mut self, waiting: Vec<Waiting>) {
        self.waiting = waiting;
    }

    /// A task has started.
    pub fn started(&mut self, id: usize, task: Waiting, now: f64) {
        self.running.insert(id, Running { kind: task.kind, planned: task.units, started: now, said: None });
    }

    /// A task has done `units` since its process began.
    pub fn progress(&mut self, id: usize, units: u64, now: f64) {
        let Some(task) = self.running.get_mut(&id) else { return };
        match task.said.replace((now, units)) {
            Some((then, done)) => {
                let rate = self.rates.entry(task.kind).or_default();
                rate.add(units.saturating_sub(done) as f64, now - then);
            }
            // What was done by then says nothing of the rate: the process was starting up.
            None => {
                self.first_words.seconds += now - task.started;
                *self.first_words.units.entry(task.kind).or_default() += units as f64;
                self.first_words.processes += 1;
            }
        }
    }

    /// A task has ended, after doing all it was to do if it ended well.
    pub fn ended(&mut self, id: usize, well: bool, now: f64) {
        let Some(task) = self.running.remove(&id) else { return };
        if !well {
            return;
        }
        let rate = self.rates.entry(task.kind).or_default();
        match task.said {
            Some((then, done)) => rate.add(task.planned.saturating_sub(done) as f64, now - then),
            // It was over before it could say anything: start-up and work cannot be told apart.
            None => rate.add(task.planned as f64, now - task.started),
        }
    }

    /// Forward passes that are done of running tasks, and those that running and waiting tasks have in all.
    pub fn units(&self) -> (u64, u64) {
        let done = self.running.values().map(|task| task.said.map_or(0, |said| said.1.min(task.planned))).sum();
        let planned = self.running.values().map(|task| task.planned).sum::<u64>();
        (done, planned + self.waiting.iter().map(|task| task.units).sum::<u64>())
    }

    /// Seconds until all is done; `None` until a rate was measured.
    pub fn seconds(&self, now: f64) -> Option<f64> {
        let start_up = self.start_up();
        let mut free = Vec::new();
        for task in self.running.values() {
            let rate = self.rate(task.kind)?;
            let needed = |units: u64| task.planned.saturating_sub(units) as f64 / rate;
            free.push(match task.said {
                Some((then, done)) => (needed(done) - (now - then)).max(0.0),
                None => (needed(0) + start_up - (now - task.started)).max(0.0),
            });
        }
        free.resize(self.jobs.max(free.len()).max(1), 0.0);
        let waiting = self.waiting.iter();
        let waiting = waiting.map(|task| Some(start_up + task.units as f64 / self.rate(task.kind)?));
        Some(finish(free, waiting.collect::<Option<Vec<f64>>>()?))
    }

    /// Seconds from the start of a process to its first work: those to its first words, less those that the work took.
    fn start_up(&self) -> f64 {
        let FirstWords { seconds, units, processes } = &self.first_words;
        let working: f64 = units.iter().map(|(&kind, units)| self.rate(kind).map_or(0.0, |rate| units / rate)).sum();
        (seconds - working).max(0.0) / (*processes).max(1) as f64
    }

    /// That of the kind, or of the others where none was measured.
    fn rate(&self, kind: Kind) -> Option<f64> {
        let of_kind = self.rates.get(&kind).and_then(|rate| rate.of_process());
        of_kind.or_else(|| self.rates.values().find_map(|rate| rate.of_process()))
    }
}
