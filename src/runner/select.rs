//! `pt4al select`: one round of active learning outside any experiment, with people who label.

mod ask;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};

use super::cost::{self, Consent};
use super::deadline::{Halt, Sort, Watch};
use super::drive::{About, Agenda, drive};
use super::mps::Mps;
use super::opening::Opening;
use super::options::Options;
use super::pretext::{self, PROGRESS, Wanted, temporary_folder};
use super::time_left::Kind;
use super::worker::{Ended, Share};
use super::{given, memory, session};
use crate::train::checkpoint;
use crate::trial::{self, Event, Selected};
use ask::{Arm, Ask};
use pt4al_data::Size;
use pt4al_data::labeled::{LabelFile, LabeledImages};
use pt4al_results::machine;
use pt4al_results::spec::{Spec, Work, hex};
use pt4al_results::store::{self, LabelsFile, Pick, PicksInputs, PicksOrigin, losses_path};
use pt4al_results::words::{counted, thousands};

/// What a command asks for.
#[derive(Debug)]
pub struct Asked {
    /// The arm; `None` if the spec has only one.
    pub arm: Option<String>,
    pub seed: u64,
    /// The files of labels; none or empty ones if nothing is labeled yet.
    pub labeled: Vec<LabelFile>,
    /// The number of images to choose; `None`: as many as the spec's rounds query.
    pub n: Option<usize>,
    /// The round that the choice belongs to; `None`: computed from the number of labels.
    pub round: Option<usize>,
    /// The file for the picks.
    pub out: PathBuf,
}

/// The outcome of a selection.
#[derive(Debug)]
pub enum Chosen {
    /// The picks are written; the JSON file beside them says this.
    Done(Box<PicksOrigin>),
    /// The file has the picks of the same command already.
    Already,
    /// The time limit ended it before.
    Halted(Halt),
}

/// Trains on the images that are labeled, chooses those to label next, and writes them. Nothing is trained unless `consent` agrees to
/// the cost.
///
/// # Errors
/// If the spec, the labels or the data cannot be used, if `asked.out` is another file, or if the training fails.
pub fn select(spec: &Spec, asked: &Asked, options: &Options, consent: &Consent) -> Result<Chosen> {
    let arm = Arm::find(spec, asked.arm.as_deref())?;
    let protocol = arm.protocol;
    let opening = Opening::validate_unlabeled(protocol, options)?;
    let labeled = LabeledImages::read(&asked.labeled, &opening.read)?;
    let origin = opening.origin().clone();
    let ask = Ask::check(&arm, asked, &labeled, &opening.read)?;
    given::check_protocol(protocol, &opening.read)?;
    if let Some(command) = arm.sampler.command().filter(|_| ask.round > 0) {
        command.check_start()?;
    }
    // A model of the machine's speed needs some number of classes.
    let size = Size { classes: labeled.classes.len().max(2), ..opening.size() };
    memory::check(protocol, &size, &options.device)?;
    // Divided as a run of the spec would be, so that both use the same cached losses.
    let trial_mb = memory::trial_mb(spec, &size);
    let room = options.jobs.divide(spec.trials().len(), &options.device, spec.threads, None, trial_mb).for_tasks(1);
    let threads = room.threads(1);
    let (experiment, profile) = protocol.identity();
    let inputs = PicksInputs {
        experiment: experiment.into(),
        profile: profile.into(),
        spec_hash: protocol.hash(),
        arm: arm.label.clone(),
        seed: asked.seed,
        round: ask.round,
        n: ask.n,
        labels: labeled.rows.len(),
        labeled: asked.labeled.iter().map(file_and_hash).collect(),
        data: origin.name.clone(),
        pool: origin.pool,
        test: origin.test,
        fingerprint: origin.fingerprint.clone(),
        device: options.device_name.clone(),
        threads,
    };
    if store::are_picked(&asked.out, &inputs)? {
        return Ok(Chosen::Already);
    }
    ask::ensure_writable(&asked.out)?;
    say_what_is_asked(&arm, &ask, &labeled, &opening, asked, options);

    let needs_pretext = ask.needs_pretext(&arm);
    let features = ask.needs_features(&arm);
    let place = (threads, asked.seed);
    let learner = needs_pretext.then(|| pretext::work_left(protocol, options, &origin, place, features)).flatten();
    let learner = learner.filter(|_| protocol.learner().is_some());
    let work = match ask.round {
        0 => None,
        _ => Some(protocol.selection_work(arm.sampler, labeled.rows.len(), origin.pool, origin.test)),
    };
    let checkpoint = checkpoint::beside(&asked.out);
    let choice = hex(&Sha256::digest(serde_json::to_vec(&inputs)?));
    let saved = trial::saved_units_alone(&checkpoint, protocol, Some(&choice));
    let stages =
        [learner, work.map(|work| work.after_training(saved))].map(|work| work.into_iter().collect::<Vec<Work>>());
    cost::agreed_start(protocol, &size, options, room, &stages, consent)?;
    let read = opening.share(protocol, options)?.done();
    let folder = temporary_folder(protocol, &origin)?;
    let mut features_file = None;
    if needs_pretext {
        let wanted = Wanted { features, unlabeled: true, ..Wanted::default() };
        let (losses, features) = pretext::learned(protocol, options, &read, place, &wanted)?;
        losses.write(&losses_path(folder.path(), None, asked.seed))?;
        features_file = features;
    }
    store::write_atomically(&folder.path().join("labels.json"), |out| Ok(serde_json::to_writer(out, &labeled)?))?;
    let mut watch = Watch::new(options.deadline.as_ref(), 1, protocol.checkpoint_minutes);
    let mut round = Round {
        options,
        folder: folder.path(),
        sampler: arm.sampler.label(),
        name: format!("{}-seed{}", arm.label, asked.seed),
        seed: asked.seed,
        ask: &ask,
        features: features_file.as_deref(),
        checkpoint,
        choice,
        units: work.map_or(1, |work| work.units().max(1)),
        is_started: false,
        spoke: Instant::now(),
    };
    let share = Share { device: &options.device, jobs: 1, threads, mps: &Mps::default() };
    drive(&mut round, share, &mut watch)?;
    if watch.is_over {
        return Ok(Chosen::Halted(watch.halt(learner.is_some(), "the training is", &session::command_line())));
    }
    let written = std::fs::read(round.out()).context("the worker left no choice; report this bug")?;
    let Selected { images, metrics } = serde_json::from_slice(&written)?;
    let ids = read.splits.train.ids.as_deref();
    let pick = |index: usize| Pick { index, path: ids.map(|ids| ids.id(index)) };
    let chosen = PicksOrigin {
        inputs,
        metrics,
        finished: machine::now(),
        command: session::command_line(),
        pt4al: env!("CARGO_PKG_VERSION").into(),
        revision: env!("PT4AL_REVISION").into(),
        dirty: env!("PT4AL_DIRTY") == "true",
        libtorch: env!("PT4AL_LIBTORCH").into(),
        cpu: machine::cpu(),
    };
    // The picks last: with them the selection is finished.
    chosen.write(&store::picks_origin_path(&asked.out))?;
    store::write_picks(&asked.out, &images.into_iter().map(pick).collect::<Vec<_>>())?;
    // A kill before this leaves a file that the next selection removes, unless it goes on from it.
    let _ = std::fs::remove_file(&round.checkpoint);
    Ok(Chosen::Done(Box::new(chosen)))
}

fn file_and_hash(file: &LabelFile) -> LabelsFile {
    LabelsFile { path: file.path.clone(), sha256: hex(&Sha256::digest(&file.bytes)) }
}

/// Says what is about to be done, and warns of classes without a label.
fn say_what_is_asked(
    arm: &Arm,
    ask: &Ask,
    labeled: &LabeledImages,
    opening: &Opening,
    asked: &Asked,
    options: &Options,
) {
    let (labels, pool) = (labeled.rows.len(), opening.read.pool.len());
    options.say(&format!(
        "{}, seed {}, round {}{}: {} of {} have a label; {} to choose",
        arm.label,
        asked.seed,
        ask.round,
        if asked.round.is_none() { " (by the number of labels; --round names another)" } else { "" },
        thousands(labels),
        counted(pool, "image"),
        thousands(ask.n)
    ));
    if opening.read.splits.classes.is_empty() && labels > 0 {
        let counts = labeled.classes.iter().zip(labeled.counts());
        let counts: Vec<String> = counts.map(|(class, count)| format!("{class} ({count})")).collect();
        options.say(&format!("classes, as they occur in the labels: {}", counts.join(", ")));
    }
    let missing = labeled.counts().into_iter().filter(|count| *count == 0).count();
    if labels > 0 && missing > 0 {
        machine::say(&format!(
            "warning: {} of the {} classes have no label yet, so the model cannot predict them",
            missing,
            labeled.classes.len()
        ));
    }
}

/// The work of the only worker: a training and a choice.
struct Round<'a> {
    options: &'a Options,
    /// Holds the spec, the manifest, the labels and the pretext losses.
    folder: &'a Path,
    /// The sampler's name.
    sampler: String,
    /// The name of the trial that would do the same.
    name: String,
    seed: u64,
    ask: &'a Ask,
    features: Option<&'a Path>,
    /// The checkpoint of the training, beside the picks, so that the same command finds it.
    checkpoint: PathBuf,
    /// A hash of all that decides the choice.
    choice: String,
    /// All its forward passes.
    units: u64,
    is_started: bool,
    /// When the last line of progress was printed.
    spoke: Instant,
}

impl Round<'_> {
    /// The file for the choice.
    fn out(&self) -> PathBuf {
        self.folder.join("selected.json")
    }
}

impl Agenda for Round<'_> {
    type Task = ();

    fn next(&mut self, _watch: &mut Watch) -> Result<Option<()>> {
        let first = !std::mem::replace(&mut self.is_started, true);
        Ok(first.then_some(()))
    }

    fn about(&self, (): &()) -> About {
        let sort = Sort { kind: Kind::Trial, variant: None };
        About { sort, subject: self.name.clone(), log: self.folder.join("log.txt") }
    }

    fn instruct(&self, (): &(), command: &mut Command) {
        let Ask { round, n } = self.ask;
        command.arg("select").arg("--folder").arg(self.folder).args(["--sampler", &self.sampler]);
        command.args(["--seed", &self.seed.to_string(), "--round", &round.to_string(), "--n", &n.to_string()]);
        if let Some(features) = self.features {
            command.arg("--features").arg(features);
        }
        command.arg("--checkpoint").arg(&self.checkpoint).args(["--choice", &self.choice]);
        command.arg("--out").arg(self.out()).arg("--data").arg(&self.options.data);
    }

    fn started(&mut self, _worker: usize, (): &()) {}

    fn event(&mut self, _worker: usize, (): &(), event: &Event) -> Result<()> {
        match event {
            Event::Progress { done, at } if self.spoke.elapsed() >= PROGRESS => {
                self.spoke = Instant::now();
                self.options.say(&format!("{}: {at}, {} % done", self.name, (100 * done / self.units).min(100)));
            }
            Event::Note(line) => self.options.say(&format!("{}: {line}", self.name)),
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, _worker: usize, (): (), ended: Ended) -> Result<()> {
        match ended {
            Ended::Well | Ended::OutOfTime(_) => Ok(()),
            Ended::Badly(why) => bail!("nothing was chosen: {}", why.with_log_text()),
        }
    }
}
