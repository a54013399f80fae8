//! Progress: bars with the time left on a terminal, plain lines elsewhere.

use std::collections::HashMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::Options;
use super::child::Ended;
use super::tasks::{Task, Tasks};
use crate::store::DataOrigin;
use crate::trial::Event;

pub(super) struct Display {
    /// `None` where standard error is not a terminal.
    bars: Option<(MultiProgress, ProgressBar)>,
    begun: Instant,
    total: u64,
    /// Forward passes that ended tasks were planned to take.
    ended: u64,
    tasks: (usize, usize),
    running: HashMap<usize, Running>,
    /// When the last plain line was written.
    spoke: Instant,
}

/// A plain log that says nothing for longer looks dead.
const SILENCE: Duration = Duration::from_secs(60);

struct Running {
    bar: Option<ProgressBar>,
    planned: u64,
    done: u64,
}

impl Display {
    pub fn new(tasks: &Tasks, jobs: usize, threads: usize, data: &DataOrigin, options: &Options) -> Self {
        let (trials, pretext) = tasks.counts();
        let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        crate::machine::say(&format!(
            "{} and {} to run on {}, {} of {}; data: {}, {} pool + {} test images",
            plural(trials, "trial"),
            plural(pretext, "pretext learner"),
            options.device_name,
            plural(jobs, "job"),
            plural(threads, "thread"),
            data.name,
            data.pool,
            data.test
        ));
        if !data.note.is_empty() {
            crate::machine::say(&format!("warning: {}", data.note));
        }
        let bars = std::io::stderr().is_terminal().then(|| {
            let bars = MultiProgress::new();
            let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {percent:>3} % {msg}");
            let all = bars.add(ProgressBar::new(tasks.units()).with_style(style.expect("a valid template")));
            all.enable_steady_tick(Duration::from_secs(1));
            (bars, all)
        });
        Self {
            bars,
            begun: Instant::now(),
            total: tasks.units(),
            ended: 0,
            tasks: (0, trials + pretext),
            running: HashMap::new(),
            spoke: Instant::now(),
        }
    }

    pub fn started(&mut self, id: usize, task: &Task, planned: u64) {
        let bar = self.bars.as_ref().map(|(bars, all)| {
            let style =
                ProgressStyle::with_template("  {prefix:24} {bar:30} {percent:>3} % {msg}").expect("a valid template");
            bars.insert_before(all, ProgressBar::new(planned).with_style(style).with_prefix(task.name()))
        });
        self.running.insert(id, Running { bar, planned, done: 0 });
    }

    pub fn event(&mut self, id: usize, task: &Task, event: &Event) {
        match event {
            Event::Progress { done, at } => {
                if let Some(running) = self.running.get_mut(&id) {
                    running.done = *done;
                    if let Some(bar) = &running.bar {
                        bar.set_position(*done);
                        bar.set_message(at.clone());
                    }
                }
                self.overall();
                if self.bars.is_none() && self.spoke.elapsed() > SILENCE {
                    let percent = 100 * self.done() / self.total.max(1);
                    self.line(&format!("{percent} % done, {}: {at}{}", task.name(), self.left()));
                }
            }
            Event::Round { round, labeled, metric, value } => self.line(&format!(
                "{}: round {round}, {labeled} labels, {metric} {:.2} %{}",
                task.name(),
                100.0 * value,
                self.left()
            )),
            Event::Losses { quality, measure } => {
                self.line(&format!("{}: {:.2} % {measure}, on the pool{}", task.name(), 100.0 * quality, self.left()));
            }
            Event::Failed { .. } | Event::Speed { .. } => {}
        }
    }

    pub fn ended(&mut self, id: usize, task: &Task, ended: &Ended) {
        if let Some(running) = self.running.remove(&id) {
            self.ended += running.planned;
            if let Some(bar) = running.bar {
                bar.finish_and_clear();
            }
        }
        self.tasks.0 += 1;
        if let Ended::Badly(why) = ended {
            self.line(&format!("{} failed: {why}", task.name()));
        }
        self.overall();
    }

    fn overall(&self) {
        if let Some((_, all)) = &self.bars {
            all.set_position(self.done());
            all.set_message(format!("{}/{} done{}", self.tasks.0, self.tasks.1, self.left()));
        }
    }

    fn done(&self) -> u64 {
        self.ended + self.running.values().map(|r| r.done).sum::<u64>()
    }

    /// `, about 12 min left`, once there is something to go by.
    fn left(&self) -> String {
        let done = self.done();
        let seconds = self.begun.elapsed().as_secs_f64();
        if seconds < 3.0 || done == 0 {
            return String::new();
        }
        let left = seconds * self.total.saturating_sub(done) as f64 / done as f64;
        format!(", about {} left", duration(left))
    }

    fn line(&mut self, text: &str) {
        self.spoke = Instant::now();
        match &self.bars {
            Some((bars, _)) => drop(bars.println(text)),
            None => crate::machine::say(text),
        }
    }
}

/// `45 s`, `12 min`, `3.5 h`, `20 days`.
pub(super) fn duration(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s if s < 5.0 * 86_400.0 => format!("{:.1} h", s / 3600.0),
        s => format!("{:.0} h ({:.0} days)", s / 3600.0, s / 86_400.0),
    }
}
