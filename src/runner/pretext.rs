//! One pretext learner by itself, as `pt4al pretext losses` and others need it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::calibrate::temporary_spec;
use super::cost::{self, Consent};
use super::deadline::{Sort, Watch};
use super::drive::{About, Agenda, drive};
use super::mps::Mps;
use super::opening::Opening;
use super::options::Options;
use super::time_left::Kind;
use super::worker::{Ended, Share};
use super::{cache, memory, session};
use crate::pretext::saved_passes;
use crate::trial::Event;
use pt4al_data::Read;
use pt4al_results::spec::{PretextCheckpoint, Spec, Work};
use pt4al_results::store::{DataOrigin, Losses, Manifest};

/// Time between two lines of progress.
pub(super) const PROGRESS: Duration = Duration::from_secs(30);
/// The ending of a file of features in the cache.
const FEATURES: &str = "features.safetensors";

/// The pretext losses of a variant (`None`: of the spec's own protocol) and a seed: from the spec's file, from the cache, or
/// from a learner that is trained now, if `consent` agrees to the cost. With `by_epoch`, the learner is trained in any case,
/// and the losses after each epoch are also written into that folder, as `epoch-<n>.csv`.
///
/// # Errors
/// If the data cannot be used, the spec has no [pretext] table, training fails, there is no consent, or the learner does not
/// fit into the time limit.
pub fn pretext_losses(
    spec: &Spec,
    variant: Option<&str>,
    options: &Options,
    seed: u64,
    by_epoch: Option<&Path>,
    consent: &Consent,
) -> Result<Losses> {
    let protocol = spec.protocol(variant);
    if by_epoch.is_some() {
        ensure_scored_by_epoch(protocol)?;
    }
    let opening = Opening::validate(protocol, options)?;
    let size = opening.size();
    memory::check(protocol, &size, &options.device)?;
    // Divided as a new run of the spec would be, so that both use the same cached losses.
    let trial_mb = memory::trial_mb(spec, &size);
    let room = options.jobs.divide(spec.trials().len(), &options.device, spec.threads, None, trial_mb).for_tasks(1);
    let threads = room.threads(1);
    let left = match by_epoch {
        Some(_) => Some(protocol.pretext_work(opening.origin().pool)),
        None => work_left(protocol, options, opening.origin(), (threads, seed), false),
    };
    cost::agreed_start(protocol, &size, options, room, &[left.into_iter().collect()], consent)?;
    let read = opening.share(protocol, options)?.done();
    if by_epoch.is_some() {
        let wanted = Wanted { by_epoch, ..Wanted::default() };
        train(protocol, options, &read.splits.origin, (threads, seed), &wanted)?;
    }
    losses(protocol, options, &read, threads, seed)
}

fn ensure_scored_by_epoch(protocol: &Spec) -> Result<()> {
    let Some(learner) = protocol.learner() else {
        bail!(
            "--by-epoch: the spec trains no learner, since `[pretext]` is missing or has `losses`; leave --by-epoch out"
        )
    };
    ensure!(
        learner.checkpoint == PretextCheckpoint::BestOnPool,
        "--by-epoch needs a learner that scores the pool after every epoch; add --set \"pretext.checkpoint='best-on-pool'\""
    );
    Ok(())
}

/// As [`pretext_losses`], for data that is open; a learner has `threads` threads.
///
/// # Errors
/// If the spec has no [pretext] table, losses cannot be read, or training fails or does not fit into the time limit.
pub(super) fn losses(protocol: &Spec, options: &Options, read: &Read, threads: usize, seed: u64) -> Result<Losses> {
    learned(protocol, options, read, (threads, seed), &Wanted::default()).map(|learned| learned.0)
}

/// What is wanted of a learner besides its losses.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted<'a> {
    /// The folder for the losses after each epoch.
    pub by_epoch: Option<&'a Path>,
    /// The features of the pool.
    pub features: bool,
    /// Whether labels of the train split must not be read.
    pub unlabeled: bool,
}

/// As [`losses`], with the file of the learner's features if they are wanted.
///
/// # Errors
/// As [`losses`].
pub(super) fn learned(
    protocol: &Spec,
    options: &Options,
    read: &Read,
    (threads, seed): (usize, u64),
    wanted: &Wanted,
) -> Result<(Losses, Option<PathBuf>)> {
    ensure!(protocol.pretext.is_some(), "the spec has no [pretext] table; add one");
    if let Some(file) = protocol.loss_file() {
        return Ok((Losses::read(&file.file)?.of_pool(&read.pool, read.splits.train.len, &file.file)?, None));
    }
    let origin = &read.splits.origin;
    if work_left(protocol, options, origin, (threads, seed), wanted.features).is_some() {
        train(protocol, options, origin, (threads, seed), wanted)?;
    }
    let cached = |ending| cache::path(protocol, options, origin, threads, seed, ending);
    Ok((Losses::read(&cached("csv"))?, wanted.features.then(|| cached(FEATURES))))
}

/// The work that [`learned`] would do, with or without features, less what a checkpoint saves; `None` if the cache has what is wanted.
pub(super) fn work_left(
    protocol: &Spec,
    options: &Options,
    origin: &DataOrigin,
    (threads, seed): (usize, u64),
    features: bool,
) -> Option<Work> {
    let cached = |ending| cache::path(protocol, options, origin, threads, seed, ending);
    let is_done =
        cache::losses(&cached("csv"), origin.pool).is_some() && (!features || cache::has_features(&cached(FEATURES)));
    (!is_done).then(|| {
        let saved = protocol.pretext_units(saved_passes(&cached("csv"), features));
        protocol.pretext_work(origin.pool).after(saved)
    })
}

/// Trains a learner and writes its losses into the cache.
fn train(
    protocol: &Spec,
    options: &Options,
    origin: &DataOrigin,
    (threads, seed): (usize, u64),
    wanted: &Wanted,
) -> Result<()> {
    let folder = temporary_folder(protocol, origin)?;
    let mut learner = Learner {
        options,
        folder: folder.path(),
        seed,
        cached: cache::path(protocol, options, origin, threads, seed, "csv"),
        features: wanted.features.then(|| cache::path(protocol, options, origin, threads, seed, FEATURES)),
        wanted,
        units: protocol.pretext_work(origin.pool).units().max(1),
        is_started: false,
        spoke: Instant::now(),
    };
    let mut watch = Watch::new(options.deadline.as_ref(), 1, protocol.checkpoint_minutes);
    drive(&mut learner, Share { device: &options.device, jobs: 1, threads, mps: &Mps::default() }, &mut watch)?;
    if watch.is_over {
        bail!(watch.halt(false, "the pretext learner is", &session::command_line()));
    }
    Ok(())
}

/// A temporary folder with the spec and the manifest, for a worker that does not work on a results folder.
///
/// # Errors
/// If it cannot be made.
pub(super) fn temporary_folder(protocol: &Spec, origin: &DataOrigin) -> Result<tempfile::TempDir> {
    let folder = temporary_spec(protocol)?;
    let (experiment, profile) = protocol.identity();
    let manifest = Manifest {
        experiment: experiment.into(),
        profile: profile.into(),
        spec_hash: protocol.hash(),
        precision: protocol.precision_of_networks(),
        data: origin.clone(),
        sessions: Vec::new(),
        edits: Vec::new(),
    };
    manifest.write(&folder.path().join("manifest.json"))?;
    Ok(folder)
}

/// A single learner to train.
struct Learner<'a> {
    options: &'a Options,
    /// Holds the spec and the manifest.
    folder: &'a Path,
    seed: u64,
    cached: PathBuf,
    features: Option<PathBuf>,
    wanted: &'a Wanted<'a>,
    /// All its forward passes.
    units: u64,
    is_started: bool,
    /// When the last line of progress was printed.
    spoke: Instant,
}

impl Agenda for Learner<'_> {
    type Task = ();

    fn next(&mut self, _watch: &mut Watch) -> Result<Option<()>> {
        let first = !std::mem::replace(&mut self.is_started, true);
        Ok(first.then_some(()))
    }

    fn about(&self, (): &()) -> About {
        About {
            sort: Sort { kind: Kind::Pretext, variant: None },
            subject: format!("seed{}", self.seed),
            log: self.folder.join("log.txt"),
        }
    }

    fn instruct(&self, (): &(), command: &mut Command) {
        command.arg("pretext").arg("--spec").arg(self.folder.join("spec.toml"));
        command.args(["--seed", &self.seed.to_string()]).arg("--out").arg(&self.cached);
        command.arg("--data").arg(&self.options.data);
        if let Some(folder) = self.wanted.by_epoch {
            command.arg("--by-epoch").arg(folder);
        }
        if let Some(file) = &self.features {
            command.arg("--features").arg(file);
        }
        if self.wanted.unlabeled {
            command.arg("--unlabeled");
        }
    }

    fn started(&mut self, _worker: usize, (): &()) {}

    fn event(&mut self, _worker: usize, (): &(), event: &Event) -> Result<()> {
        let seed = self.seed;
        match event {
            Event::Progress { done, .. } if self.spoke.elapsed() >= PROGRESS => {
                self.spoke = Instant::now();
                self.options.say(&format!("pretext seed{seed}: {} % done", 100 * done / self.units));
            }
            Event::Note(line) => self.options.say(&format!("pretext seed{seed}: {line}")),
            Event::Losses { quality, measure } => {
                self.options.say(&format!("pretext seed{seed}: {:.2} % {measure}, on the pool", 100.0 * quality));
            }
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, _worker: usize, (): (), ended: Ended) -> Result<()> {
        match ended {
            Ended::Well | Ended::OutOfTime(_) => Ok(()),
            Ended::Badly(why) => bail!("the pretext learner of seed {} failed: {}", self.seed, why.with_log_text()),
        }
    }
}
