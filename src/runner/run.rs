//! `pt4al run`: trains what is left of a spec, trial by trial.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};

use super::cost::{self, Consent, Start};
use super::deadline::{Halt, Watch, left_in_words};
use super::display::Display;
use super::drive::{About, Agenda, drive};
use super::live::{Live, Shown};
use super::opening::Opening;
use super::options::Options;
use super::session::{self, Existing, RunningSession};
use super::task::Task;
use super::tasks::{Planned, Tasks};
use super::worker::{Ended, Share};
use super::{cache, given, memory, queried};
use crate::trial::Event;
use pt4al_data as data;
use pt4al_results::spec::{Spec, Trial};
use pt4al_results::store::{DataOrigin, Folder, Record};
use pt4al_results::{machine, store};

/// The outcome of a run.
#[derive(Debug)]
pub struct Outcome {
    pub folder: PathBuf,
    /// The keys of the trials that failed, with the reason.
    pub failed: Vec<(String, String)>,
    /// Set if the time limit ended the run before everything was finished.
    pub halt: Option<Halt>,
    /// Whether any round of any trial is finished, so that there is something to report.
    pub has_rounds: bool,
}

/// Runs everything that is not finished yet, if `consent` agrees to the cost. A trial that fails is recorded, and the
/// others continue. Once the work begins, `live` shows it; [`Live::end`] is the caller's.
///
/// # Errors
/// If the data or the results folder cannot be used, or if there is no consent. Nothing has been run then.
pub fn run(spec: &Spec, options: &Options, live: &Live, consent: &Consent) -> Result<Outcome> {
    ensure_some_trial_matches(spec, options)?;
    let opening = Opening::validate(spec, options)?;
    let mut origin = opening.origin().clone();
    let size = opening.size();
    spec.check_pool(origin.pool, origin.test)?;
    memory::check(spec, &size, &options.device)?;
    given::check(spec, &opening.read)?;
    let root = options.results.join(spec.folder_name());
    cache::remove_leftovers(options);
    let Existing { folder, history: earlier, classes: counted_before, room } =
        Existing::find(&root, spec, &origin, options, spec.trials().len(), &size)?;
    given::check_commands(spec, options, folder.as_ref())?;
    // On the CPU the number is the same for any number of jobs; on a GPU it changes no value.
    let threads = room.threads(1);
    warn_of_too_many_threads(options, threads);
    let left = Tasks::left(spec, folder.as_ref(), options, &origin, threads)?.work();
    let start = cost::agreed_start(spec, &size, options, room, &[left], consent)?;
    let folder = session::open_folder(folder, &root, spec, &origin)?;
    // Decoding a large data set takes hours, so everything that can be refused has been refused by now.
    let opening = opening.share(spec, options)?;
    if origin.classes.is_empty() {
        // Counting reads every label map, so it is done only once for a results folder.
        origin.classes =
            if counted_before.is_empty() { data::count_classes_of_pixels(&opening.read)? } else { counted_before };
    }
    ensure_labels_have_classes(&origin)?;
    // Looked up again: decoding may have taken hours, in which another run may have filled the cache.
    let mut tasks = Tasks::left(spec, Some(&folder), options, &origin, threads)?;
    tasks.prepare(spec, &folder, options, &origin, (&opening.read.pool, opening.read.splits.train.len), threads)?;
    let read = opening.done();
    write_events(spec, options, &folder);
    if tasks.is_empty() {
        options.say(&format!("{}: all trials are finished; nothing to run", folder.root().display()));
        folder.merge(spec)?;
        queried::update(spec, &folder, &read.splits);
        folder.list_files()?;
        return Ok(Outcome { folder: folder.root().to_owned(), failed: Vec::new(), halt: None, has_rounds: true });
    }
    let (trials, learners) = tasks.counts();
    let Start { jobs, threads, mps, cost } = start;
    let jobs = jobs.min(trials + learners);
    let running = RunningSession::begin(&folder, spec, &origin, options, (jobs, threads), earlier, cost.into())?;
    folder.merge(spec)?;
    let display = Display::new(&tasks, jobs, threads, &origin, options);
    let mut watch = Watch::new(options.deadline.as_ref(), jobs, spec.checkpoint_minutes);
    let before = tasks.remaining();
    live.begin(folder.root(), options, session::command_line());
    let mut trials = Trials { spec, options, folder: &folder, tasks: &mut tasks, display, live, failed: Vec::new() };
    trials.show(&mut live.hold(), true, |_| {});
    drive(&mut trials, Share { device: &options.device, jobs, threads, mps: &mps }, &mut watch)?;
    let failed = trials.failed;
    live.ended_work();
    // Without a time limit nothing is left; with one, what is left did not fit.
    watch.is_over |= options.deadline.is_some() && !tasks.is_empty();
    let mut halt = None;
    if watch.is_over {
        let after = Tasks::left(spec, Some(&folder), options, &origin, threads)?.remaining();
        let left = left_in_words(after.rounds, after.trials, after.learners);
        halt = Some(watch.halt(before != after, &left, &session::command_line()));
    }
    running.finish(&folder)?;
    let has_rounds = folder.merge(spec)?.rounds().next().is_some();
    queried::update(spec, &folder, &read.splits);
    if halt.is_none() && failed.is_empty() {
        // Files may have been removed while the run went on.
        let left = Tasks::left(spec, Some(&folder), options, &origin, threads)?.remaining();
        ensure!(
            left.trials == 0,
            "{}: {} missing, although every trial ended well: files were removed or changed during the run; repeat the same \
             command",
            folder.root().display(),
            left_in_words(left.rounds, left.trials, left.learners)
        );
        folder.list_files()?;
    }
    Ok(Outcome { folder: folder.root().to_owned(), failed, halt, has_rounds })
}

fn ensure_some_trial_matches(spec: &Spec, options: &Options) -> Result<()> {
    let Some(only) = &options.only else { return Ok(()) };
    let matches = spec.trials().iter().any(|trial| only.is_match(&trial.key()));
    ensure!(matches, "--only {only}: no trial matches; they are named like {}", spec.trials()[0].key());
    Ok(())
}

fn warn_of_too_many_threads(options: &Options, threads: usize) {
    let cores = machine::cores();
    if options.on_cpu() && threads > cores {
        machine::say(&format!(
            "warning: `threads` is {threads}, but this machine has {cores} cores: the run will be slow; its values are those \
             of {threads} threads"
        ));
    }
}

fn ensure_labels_have_classes(origin: &DataOrigin) -> Result<()> {
    let pool: usize = origin.classes.iter().map(|class| class.pool).sum();
    let test: usize = origin.classes.iter().map(|class| class.test).sum();
    for (split, images) in [("pool", pool), ("test split", test)] {
        ensure!(
            images > 0,
            "no label in the {split} is one of the classes: is this {}? Correct the labels",
            origin.name
        );
    }
    Ok(())
}

/// Writes the event files of the rounds that were finished before, if they are wanted.
fn write_events(spec: &Spec, options: &Options, folder: &Folder) {
    spec.trials().iter().for_each(|trial| write_events_of(trial, options, folder));
}

/// Writes the event files of a trial that are not there yet, if they are wanted. Failing to do so is only a warning.
fn write_events_of(trial: &Trial, options: &Options, folder: &Folder) {
    if options.tensorboard
        && let Err(error) = store::write_events(folder.root(), trial)
    {
        machine::say(&format!("warning: {}: no event files: {error:#}", trial.key()));
    }
}

/// The pretext learners and trials of a run, as workers do them.
struct Trials<'a> {
    spec: &'a Spec,
    options: &'a Options,
    folder: &'a Folder,
    tasks: &'a mut Tasks,
    display: Display,
    live: &'a Live,
    /// The keys of the trials that failed, with the reason.
    failed: Vec<(String, String)>,
}

impl Agenda for Trials<'_> {
    type Task = Planned;

    fn next(&mut self, watch: &mut Watch) -> Result<Option<Planned>> {
        let learners_first = watch.learners_first();
        let next =
            self.tasks.next(learners_first, &mut |task, units| watch.fits(&task.sort(), units, || task.first_piece()));
        if let Some(Planned { task: Task::Trial { trial, .. }, .. }) = &next {
            self.folder.trial(trial).set_failure(None)?;
        }
        Ok(next)
    }

    fn about(&self, Planned { task, .. }: &Planned) -> About {
        let log = match task {
            Task::Trial { trial, .. } => self.folder.trial(trial).log_path(),
            Task::Pretext { losses, .. } => {
                let name = format!("pretext-{}", losses.name().replace(' ', "-"));
                self.folder.root().join("trials").join(name).join("log.txt")
            }
        };
        About { sort: task.sort(), subject: task.subject(), log }
    }

    fn instruct(&self, Planned { task, .. }: &Planned, command: &mut Command) {
        let features = match task {
            Task::Trial { trial, features } => {
                command.arg("trial").arg("--folder").arg(self.folder.root()).args(["--trial", &trial.key()]);
                features
            }
            Task::Pretext { losses, cached, features } => {
                command.arg("pretext").arg("--spec").arg(self.folder.spec_path());
                command.args(["--seed", &losses.seed.to_string()]).arg("--out").arg(cached);
                command.args(losses.variant.iter().flat_map(|variant| ["--variant", variant]));
                features
            }
        };
        if let Some(features) = features {
            command.arg("--features").arg(features);
        }
        command.arg("--data").arg(&self.options.data);
    }

    fn started(&mut self, worker: usize, planned: &Planned) {
        self.display.started(worker, planned, self.tasks);
        self.show(&mut self.live.hold(), true, |shown| shown.started(worker, planned.task.name(), planned.units));
    }

    fn check(&self) -> Result<()> {
        self.folder.ensure_there()
    }

    fn event(&mut self, worker: usize, planned: &Planned, event: &Event) -> Result<()> {
        let mut held = self.live.hold();
        self.display.event(worker, &planned.task, event);
        let is_round = matches!(event, Event::Round { .. });
        if is_round {
            self.folder.merge(self.spec)?;
            if let Task::Trial { trial, .. } = &planned.task {
                write_events_of(trial, self.options, self.folder);
            }
        }
        self.show(&mut held, is_round, |shown| shown.event(worker, event));
        Ok(())
    }

    fn ended(&mut self, worker: usize, planned: Planned, ended: Ended) -> Result<()> {
        // A trial that Ctrl-C has stopped has not failed: the process then ends here.
        let mut held = self.live.hold();
        self.display.ended(worker, &planned, &ended);
        match (&planned.task, ended) {
            // Out of time is no failure: the same command continues later, and trials that wait for a learner wait for it then.
            (Task::Trial { .. }, Ended::Well) | (_, Ended::OutOfTime(_)) => {}
            (Task::Pretext { losses, cached, .. }, Ended::Well) => {
                let (variant, seed) = (losses.variant.as_deref(), losses.seed);
                // If only features were missing, trials may already have used the losses in the folder.
                if !self.folder.losses_path(variant, seed).exists() {
                    self.folder.write_losses(variant, seed, &store::Losses::read(cached)?)?;
                }
                self.tasks.losses_ready(losses);
            }
            // The last round is on disk, so the process lost nothing when it failed afterwards.
            (Task::Trial { trial, .. }, Ended::Badly(_))
                if self.folder.trial(trial).finished()? >= self.spec.rounds.count => {}
            (Task::Trial { trial, .. }, Ended::Badly(why)) => self.fail(trial, &why.to_string())?,
            (Task::Pretext { losses, .. }, Ended::Badly(why)) => {
                let why = format!("the pretext learner of {} failed: {why}", losses.name());
                let lost = self.tasks.give_up_on(losses);
                for trial in &lost {
                    self.fail(trial, &why)?;
                }
                self.display.gave_up(lost.len(), self.tasks);
            }
        }
        self.folder.merge(self.spec)?;
        self.show(&mut held, true, |shown| shown.ended(worker));
        Ok(())
    }
}

impl Trials<'_> {
    /// Notes something about the run, and writes what is due of it.
    fn show(&self, held: &mut Option<Shown>, has_news: bool, note: impl FnOnce(&mut Shown)) {
        if let Some(shown) = held {
            note(shown);
            shown.show(has_news, self.display.seconds_left());
        }
    }

    /// Records a failed trial as a row.
    fn fail(&mut self, trial: &Trial, why: &str) -> Result<()> {
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
}
