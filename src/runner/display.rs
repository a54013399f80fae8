//! Shows progress: bars with the time left on a terminal that can draw them, plain lines elsewhere, nothing with `--quiet`.

mod bars;
mod layout;

use std::time::{Duration, Instant};

use super::options::Options;
use super::task::Task;
use super::tasks::{Planned, Tasks};
use super::time_left::{TimeLeft, Waiting};
use super::worker::Ended;
use crate::trial::Event;
use pt4al_results::machine::say;
use pt4al_results::store::DataOrigin;
use pt4al_results::words::duration;

use bars::Bars;

pub(super) struct Display {
    bars: Option<Bars>,
    /// Print only warnings and failures.
    quiet: bool,
    begun: Instant,
    left: TimeLeft,
    /// Planned forward passes of the tasks that have ended.
    units_of_ended: u64,
    tasks_ended: usize,
    tasks: usize,
    /// When the last plain line was printed.
    spoke: Instant,
}

/// After this much silence a plain log looks dead.
const SILENCE: Duration = Duration::from_secs(60);

impl Display {
    pub fn new(tasks: &Tasks, jobs: usize, threads: usize, data: &DataOrigin, options: &Options) -> Self {
        let (trials, learners) = tasks.counts();
        if !options.quiet {
            say(&format!(
                "{} and {} to run on {}, {} of {}; data: {}, {} pool + {} test images",
                number_of(trials, "trial"),
                number_of(learners, "pretext learner"),
                options.device_name,
                number_of(jobs, "job"),
                number_of(threads, "thread"),
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
            units_of_ended: 0,
            tasks_ended: 0,
            tasks: trials + learners,
            spoke: Instant::now(),
        }
    }

    /// Shows that a worker has started on a task; `tasks` are those that have not started.
    pub fn started(&mut self, worker: usize, planned: &Planned, tasks: &Tasks) {
        let &Planned { ref task, units, saved } = planned;
        self.left.started(worker, Waiting { kind: task.kind(), units, saved }, self.now());
        self.left.set_waiting(tasks.waiting());
        if let Some(bars) = &mut self.bars {
            bars.started(worker, task.name(), units);
        }
    }

    pub fn event(&mut self, worker: usize, task: &Task, event: &Event) {
        match event {
            Event::Progress { done, at } => {
                self.left.progress(worker, *done, self.now());
                if let Some(bars) = &mut self.bars {
                    bars.progress(worker, *done, at);
                }
                self.show_overall();
                if self.bars.is_none() && self.spoke.elapsed() > SILENCE {
                    let (done, total) = self.units();
                    let percent = 100 * done / total.max(1);
                    self.line(&format!("{percent} % done, {}", task.name()), &format!(": {at}"));
                }
            }
            Event::Round { round, labeled, metric, value } => {
                self.line(&task.name(), &format!(": round {round}, {labeled} labels, {metric} {:.2} %", 100.0 * value))
            }
            Event::Note(line) => self.line(&task.name(), &format!(": {line}")),
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

    /// Shows that the worker of a task has ended.
    pub fn ended(&mut self, worker: usize, Planned { task, units, .. }: &Planned, ended: &Ended) {
        self.left.ended(worker, *ended == Ended::Well, self.now());
        self.units_of_ended += units;
        self.tasks_ended += 1;
        if let Some(bars) = &mut self.bars {
            bars.ended(worker);
        }
        match ended {
            Ended::Well => {}
            Ended::OutOfTime(_) if self.quiet => {}
            Ended::OutOfTime(out) => self.last_line_of(task, &format!(": {}", out.in_words())),
            Ended::Badly(why) => self.last_line_of(task, &format!(" failed: {why}")),
        }
        self.show_overall();
    }

    /// Counts trials that cannot start any more as ended.
    pub fn gave_up(&mut self, trials: usize, tasks: &Tasks) {
        self.tasks_ended += trials;
        self.left.set_waiting(tasks.waiting());
        self.show_overall();
    }

    fn show_overall(&self) {
        if let Some(bars) = &self.bars {
            let message = format!("{}/{} done{}", self.tasks_ended, self.tasks, self.time_left());
            bars.overall(self.units(), &message);
        }
    }

    /// The numbers of forward passes that are done and of all forward passes.
    fn units(&self) -> (u64, u64) {
        let (done, planned) = self.left.units();
        (self.units_of_ended + done, self.units_of_ended + planned)
    }

    fn now(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Seconds until everything is done; `None` until a rate was measured.
    pub fn seconds_left(&self) -> Option<f64> {
        self.left.seconds(self.now())
    }

    /// `, about 12 min left`; empty until a rate was measured.
    fn time_left(&self) -> String {
        self.seconds_left().map_or(String::new(), |seconds| format!(", about {} left", duration(seconds)))
    }

    /// Prints the last line of a task that failed or ran out of time, also with `--quiet`.
    fn last_line_of(&self, task: &Task, text: &str) {
        match &self.bars {
            Some(bars) => bars.line(&task.name(), text),
            None => say(&format!("{}{text}", task.name())),
        }
    }

    /// Prints a line that stays. Plain lines also say how much time is left, which otherwise the overall bar shows.
    fn line(&mut self, name: &str, text: &str) {
        self.spoke = Instant::now();
        match &self.bars {
            Some(bars) => bars.line(name, text),
            None if self.quiet => {}
            None => say(&format!("{name}{text}{}", self.time_left())),
        }
    }
}

/// `1 trial`, `2 trials`.
fn number_of(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}
