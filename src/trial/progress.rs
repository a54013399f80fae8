//! What a worker process tells its driver: one JSON line an event, on standard output.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::pace::{OutOfTime, Pace};
use crate::limit::Ends;
use pt4al_results::spec::Spec;
use pt4al_results::store::Record;

/// One line of a worker's output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Work done since the process began, in forward passes of one image, and what it is at.
    Progress { done: u64, at: String },
    /// A round is on disk.
    Round { round: usize, labeled: usize, metric: String, value: f64 },
    /// The process ends with this error.
    Failed { error: String },
    /// The process ends because this does not fit into the time that it has; it has not failed.
    OutOfTime(OutOfTime),
    /// Of a process that has a time limit, at its end: the work that it did, how much a second once that was measured, and the
    /// seconds before the first of it.
    Pace { done: u64, per_second: Option<f64>, start_up: f64 },
    /// Pretext losses are on disk, of a learner that does so well, as a part of 1.
    Losses { quality: f64, measure: String },
    /// A calibration has done a step of each kind, and waits to be told to measure.
    Ready,
    /// The losses of the first epochs of a training, and how many steps of different sizes were recorded.
    Steps { losses: Vec<f64>, recorded: usize },
    /// Images a second, and the peak of memory, of a calibration.
    Speed { train: f64, score: f64, peak_rss_mb: f64 },
}

/// Counts work and writes events, progress at most five times a second. It ends work that cannot be finished in time.
pub struct Reporter {
    out: Box<dyn Write>,
    done: u64,
    written: Option<Instant>,
    pace: Option<Pace>,
}

impl Reporter {
    /// Reports to `out`.
    pub fn new(out: Box<dyn Write>) -> Self {
        Self { out, done: 0, written: None, pace: None }
    }

    /// One whose process is to end by then.
    pub fn until(self, ends: Ends) -> Self {
        Self { pace: Some(Pace::new(ends)), ..self }
    }

    /// Writes an event. A driver that is gone is no reason to fail: results go to disk, not through this pipe.
    pub fn event(&mut self, event: &Event) {
        let line = serde_json::to_string(event).expect("plain data serialises");
        let _ = writeln!(self.out, "{line}").and_then(|()| self.out.flush());
    }

    /// Counts `units` forward passes.
    pub fn done(&mut self, units: u64) {
        self.done += units;
    }

    /// Counts `units` and says what the worker is at.
    ///
    /// # Errors
    /// [`OutOfTime`] if what was begun cannot be finished in time.
    pub fn at(&mut self, units: u64, at: impl FnOnce() -> String) -> Result<()> {
        self.done += units;
        if self.written.is_none_or(|then| then.elapsed() > Duration::from_millis(200)) {
            self.written = Some(Instant::now());
            let event = Event::Progress { done: self.done, at: at() };
            self.event(&event);
        }
        Ok(self.pace.as_mut().map_or(Ok(()), |pace| pace.count(self.done))?)
    }

    /// A piece of `units` forward passes is next, of which nothing is kept unless it is finished.
    ///
    /// # Errors
    /// [`OutOfTime`] if it would not be finished in time, by the rate of what this process has done before.
    pub fn begin(&mut self, what: impl FnOnce() -> String, units: u64) -> Result<()> {
        Ok(self.pace.as_mut().map_or(Ok(()), |pace| pace.begin(what(), units, false, self.done))?)
    }

    /// The same for a query, which takes at least as long as the longest before it.
    pub(super) fn begin_query(&mut self, round: usize, units: u64) -> Result<()> {
        let what = || format!("the query of round {round}");
        Ok(self.pace.as_mut().map_or(Ok(()), |pace| pace.begin(what(), units, true, self.done))?)
    }

    /// The last words of a process that has a time limit: how fast it was.
    pub fn end(&mut self) {
        if let Some((per_second, start_up)) = self.pace.as_ref().map(Pace::measured) {
            self.event(&Event::Pace { done: self.done, per_second, start_up });
        }
    }

    pub(super) fn epoch(&mut self, round: usize, epoch: usize, epochs: usize, units: u64) -> Result<()> {
        self.at(units, || format!("round {round}, epoch {epoch}/{epochs}"))
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
