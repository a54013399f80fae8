//! Progress: bars with the time left on a terminal that can draw them, plain lines elsewhere, nothing if so asked.

mod bars;
mod layout;

use std::time::{Duration, Instant};

use super::Options;
use super::child::Ended;
use super::tasks::{Task, Tasks};
use super::time_left::{TimeLeft, Waiting};
use crate::trial::Event;
use pt4al_results::machine::say;
use pt4al_results::store::DataOrigin;
use pt4al_results::words::duration;

use bars::Bars;

pub(super) struct Display {
    bars: Option<Bars>,
    /// Warnings and failures alone are said.
    quiet: bool,
    begun: Instant,
    left: TimeLeft,
    /// Forward passes that ended tasks were planned to take.
    ended: u64,
    /// Tasks that have ended, and all.
    tasks: (usize, usize),
    /// When the last plain line was written.
    spoke: Instant,
}

/// A plain log that says nothing for longer looks dead.
const SILENCE: Duration = Duration::from_secs(60);

impl Display {
    pub fn new(tasks: &Tasks, jobs: usize, threads: usize, data: &DataOrigin, options: &Options) -> Self {
        let (trials, pretext) = tasks.counts();
        let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        if !options.quiet {
            say(&format!(
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
        }
        if !data.note.is_empty() {
            say(&format!("warning: {}", data.note));
        }
        let mut left = TimeLeft::new(jobs);
        left.set_waiting(tasks.waiting());
        Self {
            bars: (!options.quiet).then(|| Bars::on_terminal(tasks.longest_name())).flatten(),
            quiet: options.quiet,
            begun: Instant::now(),
            left,
            ended: 0,
            tasks: (0, trials + pretext),
            spoke: Instant::now(),
        }
    }

    /// A task has started, and these have not.
    pub fn started(&mut self, id: usize, task: &Task, units: u64, tasks: &Tasks) {
        self.left.started(id, Waiting { kind: task.kind(), units }, self.now());
        self.left.set_waiting(tasks.waiting());
        if let Some(bars) = &mut self.bars {
            bars.started(id, task.name(), units);
        }
    }

    pub fn event(&mut self, id: usize, task: &Task, event: &Event) {
        match event {
            Event::Progress { done, at } => {
                self.left.progress(id, *done, self.now());
                if let Some(bars) = &mut self.bars {
                    bars.progress(id, *done, at);
                }
                self.overall();
                if self.bars.is_none() && self.spoke.elapsed() > SILENCE {
                    let (done, total) = self.units();
                    let percent = 100 * done / total.max(1);
                    self.line(&format!("{percent} % done, {}", task.name()), &format!(": {at}"));
                }
            }
            Event::Round { round, labeled, metric, value } => {
                self.line(&task.name(), &format!(": round {round}, {labeled} labels, {metric} {:.2} %", 100.0 * value))
            }
            Event::Losses { quality, measure } => {
                self.line(&task.name(), &format!(": {:.2} % {measure}, on the pool", 100.0 * quality));
            }
            Event::Failed { .. }
            | Event::Ready
            | Event::Steps { .. }
            | Event::Speed { .. }
            | Event::OutOfTime(_)
            | Event::Pace { .. } => {}
        }
    }

    /// A task has ended, and these have not started.
    pub fn ended(&mut self, id: usize, task: &Task, units: u64, ended: &Ended) {
        self.left.ended(id, *ended == Ended::Well, self.now());
        self.ended += units;
        self.tasks.0 += 1;
        if let Some(bars) = &mut self.bars {
            bars.ended(id);
        }
        match ended {
            Ended::Well => {}
            Ended::OutOfTime(_) if self.quiet => {}
            Ended::OutOfTime(out) => self.last_words(task, &format!(": {}", out.in_words())),
            Ended::Badly(why) => self.last_words(task, &format!(" failed: {why}")),
        }
        self.overall();
    }

    /// Trials that cannot start any more count as done.
    pub fn gave_up(&mut self, trials: usize, tasks: &Tasks) {
        self.tasks.0 += trials;
        self.left.set_waiting(tasks.waiting());
        self.overall();
    }

    fn overall(&self) {
        if let Some(bars) = &self.bars {
            bars.overall(self.units(), &format!("{}/{} done{}", self.tasks.0, self.tasks.1, self.left()));
        }
    }

    /// Forward passes that are done, and all.
    fn units(&self) -> (u64, u64) {
        let (done, planned) = self.left.units();
        (self.ended + done, self.ended + planned)
    }

    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// `, about 12 min left`, once there is something to go by.
    fn left(&self) -> String {
        let seconds = self.left.seconds(self.now());
        seconds.map_or(String::new(), |seconds| format!(", about {} left", duration(seconds)))
    }

    /// A line that stays, of a task that has ended before its time.
    fn last_words(&self, task: &Task, text: &str) {
        match &self.bars {
            Some(bars) => bars.line(&task.name(), text),
            None => say(&format!("{}{text}", task.name())),
        }
    }

    /// A line that stays; plain ones say what is left, which is in the bar of all otherwise.
    fn line(&mut self, name: &str, text: &str) {
        self.spoke = Instant::now();
        match &self.bars {
            Some(bars) => bars.line(name, text),
            None if self.quiet => {}
            None => say(&format!("{name}{text}{}", self.left())),
        }
    }
}
