//! Runs the trials of a spec as child processes: pretext learners first, then trials side by side. It holds no
//! tensors; what a trial does is in `trial`.

mod advice;
mod calibrate;
mod child;
mod correlate;
mod cost;
mod deadline;
mod display;
mod given;
mod gpu;
mod gpu_check;
mod jobs;
mod memory;
mod mps;
mod plan;
mod pretext;
mod queried;
mod tasks;
mod time_left;
mod tool;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Result, anyhow, ensure};
use regex::Regex;

use crate::limit::Deadline;
use crate::trial::Event;
use pt4al_data as data;
use pt4al_results::machine;
use pt4al_results::shell;
use pt4al_results::spec::Spec;
use pt4al_results::store::{ClassCount, DataOrigin, Estimate, Folder, Manifest, Record, Session};

use child::{Child, Ended, Message, Share};
pub use correlate::{Correlated, correlate};
use cost::Start;
pub use cost::{Consent, Cost};
pub use deadline::Halt;
use deadline::{Preparing, Watch, left_in_words};
use display::Display;
pub use gpu_check::{GpuCheck, gpu_check};
pub use jobs::Jobs;
use jobs::Room;
use mps::Mps;
pub use mps::MpsChoice;
pub use plan::{Plan, plan};
pub use pretext::pretext_losses;
use tasks::{Task, Tasks};

/// Seconds of work beyond which nothing starts without being asked for twice.
pub const A_DAY: f64 = 86_400.0;

/// How `pt4al run` was asked to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where data sets lie.
    pub data: PathBuf,
    /// The folder that results folders lie in.
    pub results: PathBuf,
    /// Trials whose key matches are run; all without it.
    pub only: Option<Regex>,
    pub jobs: Jobs,
    pub mps: MpsChoice,
    /// As `device::name` gives it.
    pub device: String,
    /// The device's name for people.
    pub device_name: String,
    /// Say nothing but warnings and errors.
    pub quiet: bool,
    /// What `plan` measured on this machine, if it did: nothing is measured again then.
    pub measured: Option<Plan>,
    /// When the command must have ended. It changes no value.
    pub deadline: Option<Deadline>,
}

impl Options {
    /// Those of a quiet run on the CPU, with results below a folder.
    #[cfg(test)]
    fn of_a_test(results: impl Into<PathBuf>) -> Self {
        Self {
            data: "data".into(),
            results: results.into(),
            only: None,
            jobs: Jobs::Auto,
            mps: MpsChoice::Auto,
            device: "cpu".into(),
            device_name: "cpu".into(),
            quiet: true,
            measured: None,
            deadline: None,
        }
    }

    /// A line of progress, unless nothing is to be said of it.
    fn say(&self, line: &str) {
        if !self.quiet {
            machine::say(line);
        }
    }
}

/// What became of a run.
#[derive(Debug)]
pub struct Outcome {
    pub folder: PathBuf,
    /// The keys of the trials that failed, with why.
    pub failed: Vec<(String, String)>,
    /// If the time limit has ended it before all was finished.
    pub halt: Option<Halt>,
    /// Whether any round of any trial is finished, so that there is something to report.
    pub has_rounds: bool,
}

/// Runs what is not finished yet, if `consent` agrees to what that costs. Failed trials are recorded, and the others go
/// on.
///
/// # Errors
/// If the data or the results folder cannot be used, or if there is no consent; nothing has been run then.
pub fn run(spec: &Spec, options: &Options, consent: &Consent) -> Result<Outcome> {
    if let Some(only) = &options.only {
        let any = spec.trials().iter().any(|t| only.is_match(&t.key()));
        ensure!(any, "--only {only}: no trial matches; they are named like {}", spec.trials()[0].key());
    }
    data::check_place(spec, &options.data)?;
    let preparing = Preparing::until(options.deadline.as_ref());
    let read = data::validate(spec, &options.data)?;
    let mut origin = read.splits.origin.clone();
    spec.check_pool(origin.pool, origin.test)?;
    memory::check(spec, &read.size(), &options.device)?;
    given::check(spec, &read)?;
    let root = options.results.join(spec.folder_name());
    let There { folder, sessions: earlier, classes: known, room } =
        look(&root, spec, &origin, options, spec.trials().len(), &read.size())?;
    // On the CPU it is the same for any number of jobs, and on a GPU it changes no value.
    let threads = room.threads(1);
    if options.device == "cpu" && threads > machine::cores() {
        machine::say(&format!(
            "warning: `threads` is {threads}, but this machine has {} cores: the run will be slow, with the values of {threads} threads",
            machine::cores()
        ));
    }
    let left = Tasks::left(spec, folder.as_ref(), options, &origin, threads)?.work();
    let start = if left.is_empty() {
        Start::idle(room)
    } else {
        let start = cost::of(spec, &read.size(), options, room, &[left]);
        consent(&start.cost)?;
        start
    };
    let folder = folder.map_or_else(|| Folder::open(&root, spec, &origin), Ok)?;
    folder.begin(spec)?;
    // Decoding a large data set takes hours: what can be refused has been by now.
    let read = data::share(spec, &options.data, read)?;
    if origin.classes.is_empty() {
        // It takes a look at every label map: once for these results is enough.
        origin.classes = if known.is_empty() { data::count_classes_of_pixels(&read)? } else { known };
    }
    for (split, images) in [("pool", counted(&origin, |c| c.pool)), ("test split", counted(&origin, |c| c.test))] {
        ensure!(
            images > 0,
            "no label in the {split} is one of the classes: is this {}? Correct the labels",
            origin.name
        );
    }
    // Once more: decoding may have taken hours, in which others filled the cache.
    let mut tasks = Tasks::left(spec, Some(&folder), options, &origin, threads)?;
    tasks.prepare(spec, &folder, options, &origin, (&read.pool, read.splits.train.len), threads)?;
    let outcome = |failed, halt, has_rounds| Outcome { folder: folder.root().to_owned(), failed, halt, has_rounds };
    drop(preparing);
    if tasks.is_empty() {
        options.say(&format!("{}: all trials are finished; nothing to run", folder.root().display()));
        folder.merge(spec)?;
        queried::update(spec, &folder, &read.splits);
        return Ok(outcome(Vec::new(), None, true));
    }
    let (trials, learners) = tasks.counts();
    let Start { jobs, threads, mps, cost } = start;
    let jobs = jobs.min(trials + learners);
    let mut manifest = begin_session(&folder, spec, &origin, options, (jobs, threads), earlier, cost.into())?;
    folder.merge(spec)?;
    let display = Display::new(&tasks, jobs, threads, &origin, options);
    let watch = Watch::new(options.deadline.as_ref(), jobs);
    let mut driver = Driver { spec, options, folder: &folder, jobs, threads, mps, display, watch, failed: Vec::new() };
    let before = tasks.remaining();
    driver.drive(&mut tasks)?;
    let (failed, watch) = (driver.failed, driver.watch);
    let mut halt = None;
    if watch.is_over {
        let after = Tasks::left(spec, Some(&folder), options, &origin, threads)?.remaining();
        let left = left_in_words(after.rounds, after.trials, after.learners);
        halt = Some(watch.halt(before != after, &left, &command_line()));
    }
    if let Some(session) = manifest.sessions.last_mut() {
        session.finished = machine::now();
    }
    manifest.write(&folder.manifest_path())?;
    let has_rounds = folder.merge(spec)?.rounds().next().is_some();
    queried::update(spec, &folder, &read.splits);
    Ok(outcome(failed, halt, has_rounds))
}

/// What there is before anything starts.
struct There {
    folder: Option<Folder>,
    sessions: Vec<Session>,
    classes: Vec<ClassCount>,
    /// For processes side by side.
    room: Room,
}

/// Looks at a results folder, and at this machine. It makes no folder: whoever does not consent finds none that was not
/// there. `tasks` is how many processes could have work at the same time.
fn look(
    root: &Path,
    spec: &Spec,
    origin: &DataOrigin,
    options: &Options,
    tasks: usize,
    size: &data::Size,
) -> Result<There> {
    let folder = root.exists().then(|| Folder::open(root, spec, origin)).transpose()?;
    let manifest = folder.as_ref().map(|folder| Manifest::read(&folder.manifest_path())).transpose()?;
    let (sessions, classes) = match manifest.flatten() {
        Some(manifest) => (manifest.sessions, manifest.data.classes),
        None => (Vec::new(), Vec::new()),
    };
    let begun_with = sessions.iter().find(|s| s.device == options.device_name).map(|s| s.threads);
    let trial_mb = memory::trial_mb(spec, size);
    let room = options.jobs.divide(tasks, &options.device, spec.threads, begun_with, trial_mb);
    Ok(There { folder, sessions, classes, room })
}

/// Of all classes together.
fn counted(origin: &DataOrigin, of: impl Fn(&ClassCount) -> usize) -> usize {
    origin.classes.iter().map(of).sum()
}

fn begin_session(
    folder: &Folder,
    spec: &Spec,
    data: &DataOrigin,
    options: &Options,
    (jobs, threads): (usize, usize),
    earlier: Vec<Session>,
    estimate: Estimate,
) -> Result<Manifest> {
    let (experiment, profile) = spec.identity();
    let mut manifest = Manifest {
        experiment: experiment.into(),
        profile: profile.into(),
        spec_hash: spec.hash(),
        precision: spec.precision_of_networks(),
        data: data.clone(),
        sessions: earlier,
    };
    manifest.sessions.push(Session {
        started: machine::now(),
        finished: String::new(),
        command: command_line(),
        pt4al: env!("CARGO_PKG_VERSION").into(),
        revision: env!("PT4AL_REVISION").into(),
        dirty: env!("PT4AL_DIRTY") == "true",
        libtorch: env!("PT4AL_LIBTORCH").into(),
        host: machine::host(),
        cpu: machine::cpu(),
        device: options.device_name.clone(),
        jobs,
        threads,
        estimate: Some(estimate),
    });
    manifest.write(&folder.manifest_path())?;
    Ok(manifest)
}

/// The command as it was typed, for a shell, with the program's name alone.
fn command_line() -> String {
    shell::command(std::iter::once("pt4al".into()).chain(std::env::args_os().skip(1)))
}

struct Driver<'a> {
    spec: &'a Spec,
    options: &'a Options,
    folder: &'a Folder,
    jobs: usize,
    threads: usize,
    mps: Mps,
    display: Display,
    watch: Watch,
    failed: Vec<(String, String)>,
}

impl Driver<'_> {
    /// Starts tasks while there is room, and handles what the children say, until nothing is left.
    fn drive(&mut self, tasks: &mut Tasks) -> Result<()> {
        let (sender, messages) = mpsc::channel();
        let mut running: Vec<(usize, Task, u64, Child)> = Vec::new();
        let mut next_id = 0;
        loop {
            while running.len() < self.jobs
                && let Some((task, units)) = self.next(tasks)
            {
                if let Task::Trial { trial, .. } = &task {
                    self.folder.trial(trial).set_failure(None)?;
                }
                let child = Child::spawn(self.command(&task)?, &self.log_path(&task), next_id, sender.clone())?;
                self.display.started(next_id, &task, units, tasks);
                running.push((next_id, task, units, child));
                next_id += 1;
            }
            if running.is_empty() {
                // What could start but for the time has not.
                self.watch.is_over |= self.options.deadline.is_some() && !tasks.is_empty();
                return Ok(());
            }
            let (id, message) =
                messages.recv().map_err(|_| anyhow!("the workers' messages broke off; run the same command again"))?;
            let at = running.iter().position(|r| r.0 == id).expect("messages end with the child");
            match message {
                Message::Event(event) => {
                    self.watch.event(&running[at].1.sort(), &event);
                    self.display.event(id, &running[at].1, &event);
                    if let Event::Round { .. } = event {
                        self.folder.merge(self.spec)?;
                    }
                }
                Message::Ended(ended) => {
                    let (_, task, units, _) = running.remove(at);
                    self.display.ended(id, &task, units, &ended);
                    self.ended(tasks, &task, ended)?;
                }
            }
        }
    }

    /// The next task that can start and fits into the time that is left.
    fn next(&mut self, tasks: &mut Tasks) -> Option<(Task, u64)> {
        let watch = &mut self.watch;
        let learners_first = watch.learners_first();
        tasks.next(learners_first, &mut |task, units| watch.fits(&task.sort(), units, || task.piece()))
    }

    fn ended(&mut self, tasks: &mut Tasks, task: &Task, ended: Ended) -> Result<()> {
        match (task, ended) {
            (Task::Trial { .. }, Ended::Well) => {}
            // No failure: the same command goes on, and trials that wait for a learner wait for it then.
            (Task::Trial { .. } | Task::Pretext { .. }, Ended::OutOfTime(out)) => {
                self.watch.out_of_time(&task.sort(), &task.subject(), &out);
            }
            (Task::Pretext { losses, cached, .. }, Ended::Well) => {
                let path = self.folder.losses_path(losses.variant.as_deref(), losses.seed);
                // Where features alone were missing, trials may have used the losses that are there.
                if !path.exists() {
                    copy(cached, &path)?;
                }
                tasks.losses_ready(losses);
            }
            // Its last round is on disk: what befell the process afterwards took nothing away.
            (Task::Trial { trial, .. }, Ended::Badly(_))
                if self.folder.trial(trial).finished()? >= self.spec.rounds.count => {}
            (Task::Trial { trial, .. }, Ended::Badly(why)) => self.fail(trial, &why)?,
            (Task::Pretext { losses, .. }, Ended::Badly(why)) => {
                let why = format!("the pretext learner of {} failed: {why}", losses.name());
                let lost = tasks.give_up_on(losses);
                for trial in &lost {
                    self.fail(trial, &why)?;
                }
                self.display.gave_up(lost.len(), tasks);
            }
        }
        self.folder.merge(self.spec)?;
        Ok(())
    }

    /// Records a failed trial as a row.
    fn fail(&mut self, trial: &pt4al_results::spec::Trial, why: &str) -> Result<()> {
        let files = self.folder.trial(trial);
        let round = files.finished()?.min(self.spec.rounds.count - 1);
        let (experiment, profile) = self.spec.identity();
        files.set_failure(Some(Record {
            experiment: experiment.into(),
            profile: profile.into(),
            sampler: trial.label(),
            seed: trial.seed,
            round,
            labeled: self.spec.rounds.labeled(round),
            device: self.options.device.clone(),
            error: why.to_owned(),
            ..Record::default()
        }))?;
        self.failed.push((trial.key(), why.to_owned()));
        Ok(())
    }

    fn command(&mut self, task: &Task) -> Result<std::process::Command> {
        let (jobs, threads, mps) = (self.jobs, self.threads, &self.mps);
        let mut command = child::worker(Share { device: &self.options.device, jobs, threads, mps })?;
        command.args(self.watch.arguments(&task.sort()));
        let given = |features: &Option<PathBuf>| {
            features.as_ref().map(|path| [OsStr::new("--features"), path.as_os_str()].map(OsStr::to_owned))
        };
        match task {
            Task::Trial { trial, features } => {
                command.arg("trial").arg("--folder").arg(self.folder.root()).args(["--trial", &trial.key()]);
                command.args(given(features).into_iter().flatten());
            }
            Task::Pretext { losses, cached, features } => {
                command.arg("pretext").arg("--spec").arg(self.folder.spec_path());
                command.args(["--seed", &losses.seed.to_string()]).arg("--out").arg(cached);
                command.args(losses.variant.iter().flat_map(|variant| ["--variant", variant]));
                command.args(given(features).into_iter().flatten());
            }
        }
        command.arg("--data").arg(&self.options.data);
        Ok(command)
    }

    fn log_path(&self, task: &Task) -> PathBuf {
        match task {
            Task::Trial { trial, .. } => self.folder.trial(trial).log_path(),
            Task::Pretext { losses, .. } => {
                let name = format!("pretext-{}", losses.name().replace(' ', "-"));
                self.folder.root().join("trials").join(name).join("log.txt")
            }
        }
    }
}

/// Copies a file as all files are written.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(from).map_err(|e| anyhow!("{}: cannot be read ({e})", from.display()))?;
    pt4al_results::store::write_atomically(to, |out| out.write_all(&bytes))
}
