//! What a run shows in its results folder while it works: `progress.json`, for `pt4al status`, and on request a page that
//! loads itself again.
//!
//! The driver's loop writes both between two messages of workers, so no thread writes while another reports. The thread that
//! hears Ctrl-C waits for the driver, writes the last page, and ends the process.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::options::Options;
use crate::trial::Event;
use pt4al_results::machine::{now, say};
use pt4al_results::report::{self, Now};
use pt4al_results::store::{Progress, RunningTask};

/// The least time between two versions of `progress.json`.
const PROGRESS: Duration = Duration::from_secs(2);
/// The least time between two pages, unless a round has finished.
const PAGE: Duration = Duration::from_secs(10);
/// A page is written only after this many times the time that the last one took: pages take at most a part of the driver's
/// time.
const SHARE: u32 = 20;

/// What a run shows of itself; empty until its work begins and after its end. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Live(Arc<Mutex<Option<Shown>>>);

/// What a run that works shows.
#[derive(Debug)]
pub(super) struct Shown {
    folder: PathBuf,
    /// Whether the page is written, too.
    has_page: bool,
    progress: Progress,
    /// The running tasks by their workers, with the planned forward passes of each.
    running: BTreeMap<usize, (RunningTask, u64)>,
    /// When `progress.json` was written last.
    told: Option<Instant>,
    /// When the page was written last, and how long that took.
    page: Option<(Instant, Duration)>,
    /// Whether a warning has been printed.
    warned: bool,
}

impl Live {
    /// Begins to show a run whose results are in `folder`; `command` is what was typed. Nothing is written before
    /// [`Shown::show`].
    pub(super) fn begin(&self, folder: &Path, options: &Options, command: String) {
        let only = options.only.as_ref().map(ToString::to_string);
        let progress = Progress { command, only, started: now(), ..Progress::default() };
        *self.hold() = Some(Shown {
            folder: folder.to_owned(),
            has_page: options.page,
            progress,
            running: BTreeMap::new(),
            told: None,
            page: None,
            warned: false,
        });
    }

    /// Does something while Ctrl-C cannot end the process.
    pub fn undisturbed<T>(&self, work: impl FnOnce() -> T) -> T {
        let _held = self.hold();
        work()
    }

    /// Keeps Ctrl-C from ending the process while the returned guard lives. The driver holds it while it changes files.
    pub(super) fn hold(&self) -> MutexGuard<'_, Option<Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes `progress.json` away, since the run has ended. The page stays until [`Live::end`].
    pub(super) fn ended_work(&self) {
        if let Some(shown) = &*self.hold() {
            shown.forget_progress();
        }
    }

    /// Shows the end of the command, after its report: a page that says why it stopped, if it stopped before everything was
    /// finished. Without a reason the page of the report stays as it is.
    pub fn end(&self, stopped: Option<&str>) {
        if let Some(shown) = self.hold().take() {
            shown.end(stopped);
        }
    }

    /// Does what [`Live::end`] does, in a process that is about to end. It waits until the guard is free, and nobody gets the
    /// guard afterwards.
    pub fn end_for_good(&self, stopped: &str) {
        let mut held = self.hold();
        if let Some(shown) = held.take() {
            shown.end(Some(stopped));
        }
        std::mem::forget(held);
    }
}

impl Shown {
    /// Notes that a worker has started on a task of `units` forward passes.
    pub fn started(&mut self, worker: usize, name: String, units: u64) {
        self.running.insert(worker, (RunningTask { name, ..RunningTask::default() }, units));
    }

    /// Notes what a worker says.
    pub fn event(&mut self, worker: usize, event: &Event) {
        if let (Event::Progress { done, at }, Some((task, units))) = (event, self.running.get_mut(&worker)) {
            task.at.clone_from(at);
            task.done = (*done as f64 / (*units).max(1) as f64).min(1.0);
        }
    }

    /// Notes that a worker has ended.
    pub fn ended(&mut self, worker: usize) {
        self.running.remove(&worker);
    }

    /// Writes what is due. `has_news`: a round has finished, or a task has started or ended. Failing to write is only a
    /// warning, the first time.
    pub fn show(&mut self, has_news: bool, seconds_left: Option<f64>) {
        let (tells, paints) = (self.is_due_to_tell(has_news), self.is_due_to_paint(has_news));
        if !(tells || paints) || self.is_gone() {
            return;
        }
        self.progress.updated = now();
        self.progress.seconds_left = seconds_left;
        self.progress.running = self.running.values().map(|(task, _)| task.clone()).collect();
        if tells {
            let written = self.progress.write(&self.folder);
            self.told = Some(Instant::now());
            self.warn(written);
        }
        if paints {
            let start = Instant::now();
            let written = report::live(&self.folder, &Now::Running(&self.progress));
            self.page = Some((Instant::now(), start.elapsed()));
            self.warn(written);
        }
    }

    fn is_due_to_tell(&self, has_news: bool) -> bool {
        has_news || self.told.is_none_or(|then| then.elapsed() >= PROGRESS)
    }

    fn is_due_to_paint(&self, has_news: bool) -> bool {
        let is_due = |(then, took): (Instant, Duration)| {
            let pause = took * SHARE;
            then.elapsed() >= if has_news { pause } else { pause.max(PAGE) }
        };
        self.has_page && self.page.is_none_or(is_due)
    }

    /// Whether the results folder was removed: it must not come back with nothing in it but a page.
    fn is_gone(&self) -> bool {
        !self.folder.is_dir()
    }

    fn warn(&mut self, written: anyhow::Result<()>) {
        if let Err(error) = written
            && !std::mem::replace(&mut self.warned, true)
        {
            say(&format!("warning: the progress of the run is not shown: {error:#}"));
        }
    }

    fn forget_progress(&self) {
        // A file that stays does no harm: it counts only while a run works.
        let _ = Progress::remove(&self.folder);
    }

    fn end(mut self, stopped: Option<&str>) {
        self.forget_progress();
        if let Some(why) = stopped.filter(|_| self.has_page && !self.is_gone()) {
            let written = report::live(&self.folder, &Now::Stopped { why, again: &self.progress.command });
            self.warn(written);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(has_page: bool) -> Shown {
        let live = Live::default();
        let options = Options { page: has_page, ..Options::for_test("results") };
        live.begin(Path::new("/dev/null/folder"), &options, "pt4al run x.toml".into());
        live.hold().take().unwrap()
    }

    #[test]
    fn pages_wait_for_news_or_ten_seconds_and_long_ones_wait_longer() {
        let mut shown = shown(true);
        assert!(shown.is_due_to_paint(false) && shown.is_due_to_tell(false));
        let ago = |seconds| {
            Instant::now().checked_sub(Duration::from_secs(seconds)).expect("the machine has run for a while")
        };
        for (since, took_ms, on_news, without) in
            [(1, 10, true, false), (11, 10, true, true), (11, 1000, false, false), (21, 1000, true, true)]
        {
            shown.page = Some((ago(since), Duration::from_millis(took_ms)));
            assert_eq!(
                (shown.is_due_to_paint(true), shown.is_due_to_paint(false)),
                (on_news, without),
                "{since} {took_ms}"
            );
        }
        shown.has_page = false;
        assert!(!shown.is_due_to_paint(true));
        shown.told = Some(ago(1));
        assert!(shown.is_due_to_tell(true) && !shown.is_due_to_tell(false));
    }

    #[test]
    fn running_tasks_have_the_part_that_is_done_until_they_end() {
        let mut shown = shown(false);
        shown.started(3, "random-seed0".into(), 200);
        shown.event(3, &Event::Progress { done: 50, at: "round 0, epoch 1/2".into() });
        shown.event(4, &Event::Progress { done: 50, at: "of nobody".into() });
        let expected = RunningTask { name: "random-seed0".into(), at: "round 0, epoch 1/2".into(), done: 0.25 };
        assert_eq!(shown.running.values().map(|(task, _)| task.clone()).collect::<Vec<_>>(), [expected]);
        shown.event(3, &Event::Progress { done: 500, at: String::new() });
        assert_eq!(shown.running[&3].0.done, 1.0);
        shown.ended(3);
        assert!(shown.running.is_empty());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_one_warning_and_no_error() {
        let mut shown = shown(true);
        // Nothing can take the place of a folder with something in it.
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("progress.json/x")).unwrap();
        folder.path().clone_into(&mut shown.folder);
        shown.show(true, None);
        assert!(shown.warned && shown.page.is_some());
    }
}
