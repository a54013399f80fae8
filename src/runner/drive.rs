//! The loop that starts workers side by side and handles what they say.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::crew::Crew;
use super::deadline::{Sort, Watch};
use super::worker::{self, Ended, Message, Share};
use crate::trial::Event;

/// The longest time between two looks at whether the work can go on.
const PAUSE: Duration = Duration::from_secs(1);

/// Hands tasks to workers and handles what they say; `drive` runs it.
pub(super) trait Agenda {
    /// The work of one worker process.
    type Task;

    /// The next task that can start now and that `watch` permits; `None` if there is none.
    fn next(&mut self, watch: &mut Watch) -> Result<Option<Self::Task>>;

    /// What the loop must know of a task.
    fn about(&self, task: &Self::Task) -> About;

    /// Adds the verb and the arguments of a task to the command of its worker.
    fn instruct(&self, task: &Self::Task, command: &mut Command);

    /// Called before each message, and at least once in [`PAUSE`]: whether the work can go on.
    ///
    /// # Errors
    /// If it cannot; the workers are then ended.
    fn check(&self) -> Result<()> {
        Ok(())
    }

    /// Called when the worker of a task has started.
    fn started(&mut self, worker: usize, task: &Self::Task);

    /// Called for each message of a worker except its last.
    fn event(&mut self, worker: usize, task: &Self::Task, event: &Event) -> Result<()>;

    /// Called when the worker of a task has ended.
    fn ended(&mut self, worker: usize, task: Self::Task, ended: Ended) -> Result<()>;
}

/// What the loop must know of a task.
pub(super) struct About {
    pub sort: Sort,
    /// The name of the task in messages about the time limit, for instance `core-set-seed3`.
    pub subject: String,
    /// The file for the standard error of its worker.
    pub log: PathBuf,
}

/// Runs the tasks of an agenda, `share.jobs` at a time, until none runs and none can start.
///
/// # Errors
/// If a worker cannot be started, or the agenda gives an error. Running workers are then ended.
pub(super) fn drive<A: Agenda>(agenda: &mut A, share: Share, watch: &mut Watch) -> Result<()> {
    // If the results folder was removed in the middle of a write, that is the reason, and not the file that could not be written.
    work(agenda, share, watch).map_err(|error| agenda.check().err().unwrap_or(error))
}

fn work<A: Agenda>(agenda: &mut A, share: Share, watch: &mut Watch) -> Result<()> {
    let mut crew = Crew::new();
    let mut running: HashMap<usize, (A::Task, About)> = HashMap::new();
    loop {
        agenda.check()?;
        while crew.len() < share.jobs
            && let Some(task) = agenda.next(watch)?
        {
            let about = agenda.about(&task);
            let mut command = worker::command(share)?;
            command.args(watch.arguments(&about.sort));
            agenda.instruct(&task, &mut command);
            let worker = crew.spawn(command, &about.log)?;
            agenda.started(worker, &task);
            running.insert(worker, (task, about));
        }
        if crew.is_empty() {
            return Ok(());
        }
        let Some((worker, message)) = crew.receive(Some(Instant::now() + PAUSE)) else { continue };
        agenda.check()?;
        match message {
            Message::Event(event) => {
                let (task, about) = &running[&worker];
                watch.event(&about.sort, &event);
                agenda.event(worker, task, &event)?;
            }
            Message::Ended(ended) => {
                let (task, about) = running.remove(&worker).expect("a worker ends once");
                if let Ended::OutOfTime(out) = &ended {
                    watch.out_of_time(&about.sort, &about.subject, out);
                }
                agenda.ended(worker, task, ended)?;
            }
        }
    }
}
