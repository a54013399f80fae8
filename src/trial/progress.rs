//! What a worker process tells its driver: one JSON line an event, on standard output.

use std::io::Write;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::spec::Spec;
use crate::store::Record;

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
    /// Pretext losses are on disk, of a learner that does so well, as a part of 1.
    Losses { quality: f64, measure: String },
    /// A calibration has done a step of each kind, and waits to be told to measure.
    Ready,
    /// The losses of the first steps of a training.
    Steps { losses: Vec<f64> },
    /// Images a second, and the peak of memory, of a calibration.
    Speed { train: f64, score: f64, peak_rss_mb: f64 },
}

/// Counts work and writes events, progress at most five times a second.
pub struct Reporter {
    out: Box<dyn Write>,
    done: u64,
    written: Option<Instant>,
}

impl Reporter {
    /// Reports to `out`.
    pub fn new(out: Box<dyn Write>) -> Self {
        Self { out, done: 0, written: None }
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
    pub fn at(&mut self, units: u64, at: impl FnOnce() -> String) {
        self.done += units;
        if self.written.is_none_or(|then| then.elapsed() > Duration::from_millis(200)) {
            self.written = Some(Instant::now());
            let event = Event::Progress { done: self.done, at: at() };
            self.event(&event);
        }
    }

    pub(super) fn epoch(&mut self, round: usize, epoch: usize, epochs: usize, units: u64) {
        self.at(units, || format!("round {round}, epoch {epoch}/{epochs}"));
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
