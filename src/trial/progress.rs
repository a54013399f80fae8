//! The messages of a worker process to its driver: one JSON line per event, on standard output.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::pace::{OutOfTime, Pace, Sort};
use crate::limit::Ends;
use pt4al_results::spec::Spec;
use pt4al_results::store::Record;

/// One line of a worker's output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Forward passes of single images done since the process began, with those that a checkpoint saved it; and what it is doing.
    Progress { done: u64, at: String },
    /// A line for the user: the process goes on from a checkpoint, or cannot use it.
    Note(String),
    /// A round is finished and on disk.
    Round { round: usize, labeled: usize, metric: String, value: f64 },
    /// The process ends with this error.
    Failed { error: String },
    /// The process ends because a piece of work does not fit into its time; it has not failed.
    OutOfTime(OutOfTime),
    /// The last message of a process with a time limit: its forward passes, their number per second if measured, and the seconds
    /// that it took to start up.
    Pace { done: u64, per_second: Option<f64>, start_up: f64 },
    /// Losses are on disk. `quality` is a metric of the model that gave them, from 0 to 1; `measure` is its name.
    Losses { quality: f64, measure: String },
    /// A calibration has done one step of each kind and waits for the order to measure.
    Ready,
    /// The losses of the first epochs of a training, and the number of step sizes that were recorded as a CUDA graph.
    Steps { losses: Vec<f64>, recorded: usize },
    /// The result of a calibration: images per second trained and scored, and peak memory.
    Speed { train: f64, score: f64, peak_rss_mb: f64 },
}

/// Counts work and writes events; progress at most five times per second. With a time limit, it gives up work that cannot be
/// finished in time.
pub struct Reporter {
    out: Box<dyn Write>,
    /// Forward passes of this process.
    done: u64,
    /// Forward passes of earlier processes, which this one need not do.
    skipped: u64,
    written: Option<Instant>,
    pace: Option<Pace>,
    /// What the only training of the process is called in place of its round's number.
    training: Option<&'static str>,
}

impl Reporter {
    /// A reporter that writes to `out`.
    pub fn new(out: Box<dyn Write>) -> Self {
        Self { out, done: 0, skipped: 0, written: None, pace: None, training: None }
    }

    /// The reporter of a process with a time limit.
    pub fn until(self, ends: Ends) -> Self {
        Self { pace: Some(Pace::new(ends)), ..self }
    }

    /// Returns the forward passes that this process has done.
    pub(super) fn units(&self) -> u64 {
        self.done
    }

    /// Notes that earlier processes have done `units` forward passes of the work. They are in the progress, but not in the pace.
    pub fn skip(&mut self, units: u64) {
        self.skipped += units;
    }

    /// Writes an event. That the driver has ended is no error: results go to disk, not through this pipe.
    pub fn event(&mut self, event: &Event) {
        let line = serde_json::to_string(event).expect("plain data serialises");
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }

    /// Reports a line for the user.
    pub fn note(&mut self, line: String) {
        self.event(&Event::Note(line));
    }

    /// Counts `units` forward passes.
    pub fn done(&mut self, units: u64) {
        self.done += units;
    }

    /// Counts `units` forward passes and reports what the worker is doing.
    ///
    /// # Errors
    /// [`OutOfTime`] if the current piece of work cannot be finished in time.
    pub fn at(&mut self, units: u64, at: impl FnOnce() -> String) -> Result<()> {
        self.done += units;
        if self.written.is_none_or(|then| then.elapsed() > Duration::from_millis(200)) {
            self.written = Some(Instant::now());
            let event = Event::Progress { done: self.skipped + self.done, at: at() };
            self.event(&event);
        }
        Ok(self.pace.as_mut().map_or(Ok(()), |pace| pace.count(self.done))?)
    }

    /// Starts a training of `units` forward passes with checkpoints that are `every` seconds apart. `None`: it has none, and is lost
    /// unless it is finished.
    ///
    /// # Errors
    /// [`OutOfTime`] if neither the training nor its first checkpoint would be done in time, by the measured rate of this process.
    pub fn begin(&mut self, what: impl FnOnce() -> String, units: u64, every: Option<f64>) -> Result<()> {
        let sort = every.map_or(Sort::Training, Sort::Kept);
        Ok(self.pace.as_mut().map_or(Ok(()), |pace| pace.begin(what(), units, sort, self.done))?)
    }

    /// Notes that a checkpoint keeps what the current piece has done.
    pub(crate) fn keep(&mut self) {
        if let Some(pace) = &mut self.pace {
            pace.keep(self.done);
        }
    }

    /// As [`Reporter::begin`], for the query of a round. A query is expected to take at least as long as the longest one before.
    pub(super) fn begin_query(&mut self, round: usize, units: u64) -> Result<()> {
        let what = || format!("the query of round {round}");
        Ok(self.pace.as_mut().map_or(Ok(()), |pace| pace.begin(what(), units, Sort::Query, self.done))?)
    }

    /// Reports the pace of a process that has a time limit; called at its end.
    pub fn end(&mut self) {
        if let Some((per_second, start_up)) = self.pace.as_ref().map(Pace::measured) {
            self.event(&Event::Pace { done: self.done, per_second, start_up });
        }
    }

    pub(super) fn epoch(&mut self, round: usize, epoch: usize, epochs: usize, units: u64) -> Result<()> {
        let training = self.training;
        let what = || training.map_or_else(|| format!("round {round}"), str::to_owned);
        self.at(units, || format!("{}, epoch {epoch}/{epochs}", what()))
    }

    /// Names the only training of a process, whose round is not the one that the user asked about.
    pub(super) fn name_training(&mut self, name: &'static str) {
        self.training = Some(name);
    }

    pub(super) fn finished_round(&mut self, spec: &Spec, round: usize, rows: &[Record]) {
        let select = spec.train.select.query.name();
        if let Some(row) = rows.iter().find(|r| r.round == round && r.select == select) {
            let event = Event::Round {
                round,
                labeled: row.labeled,
                metric: row.metric.clone(),
                value: row.value.unwrap_or(f64::NAN),
            };
            self.event(&event);
        }
    }
}
