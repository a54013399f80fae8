//! One pretext learner alone.

use std::path::Path;
use std::sync::mpsc;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::child::{self, Child, Ended, Message, Share};
use super::deadline::{Preparing, Sort, Watch};
use super::mps::Mps;
use super::time_left::Kind;
use super::{Consent, Options, cost, memory, tasks};
use crate::trial::Event;
use pt4al_data::{self as data, Read};
use pt4al_results::spec::{LearnerSpec, PretextCheckpoint, Spec, Work};
use pt4al_results::store::{DataOrigin, Losses, Manifest, write_atomically};

/// The pretext losses of a variant of a spec (of its own protocol without) and a seed: from its file, from the cache, or
/// from a learner that is trained now, if `consent` agrees to what that costs. With `by_epoch` it is trained in any case, and the
/// losses after each epoch go into that folder, too, as `epoch-<n>.csv`.
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
        ensure!(
            protocol.learner().is_some(),
            "--by-epoch: the spec trains no learner, since `[pretext]` is missing or has `losses`; leave --by-epoch out"
        );
        let is_scored = |learner: &LearnerSpec| learner.checkpoint == PretextCheckpoint::BestOnPool;
        ensure!(
            protocol.learner().is_some_and(is_scored),
            "--by-epoch needs a learner that scores the pool after every epoch; add --set \"pretext.checkpoint='best-on-pool'\""
        );
    }
    data::check_place(protocol, &options.data)?;
    let preparing = Preparing::until(options.deadline.as_ref());
    let read = data::validate(protocol, &options.data)?;
    memory::check(protocol, &read.size(), &options.device)?;
    // As a new run of the spec would divide them, so that its cache serves here and the other way round.
    let trials = spec.trials().len();
    let trial_mb = memory::trial_mb(spec, &read.size());
    let room = options.jobs.divide(trials, &options.device, spec.threads, None, trial_mb).for_tasks(1);
    let threads = room.threads(1);
    let left = match by_epoch {
        Some(_) => protocol.pretext_work(read.splits.origin.pool),
        None => work(protocol, options, &read.splits.origin, threads, seed),
    };
    if left != Work::default() {
        consent(&cost::of(protocol, &read.size(), options, room, &[vec![left]]).cost)?;
    }
    let read = data::share(protocol, &options.data, read)?;
    drop(preparing);
    if by_epoch.is_some() {
        let cached = tasks::cached(protocol, options, &read.splits.origin, threads, seed, "csv");
        train(protocol, options, &read.splits.origin, threads, seed, &cached, by_epoch)?;
    }
    losses_of(protocol, options, &read, threads, seed)
}

/// [`pretext_losses`] on data that was read, by workers of so many threads.
pub(super) fn losses_of(protocol: &Spec, options: &Options, read: &Read, threads: usize, seed: u64) -> Result<Losses> {
    ensure!(protocol.pretext.is_some(), "the spec has no [pretext] table; add one");
    if let Some(file) = protocol.loss_file() {
        return Losses::read(&file.file)?.of_pool(&read.pool, read.splits.train.len, &file.file);
    }
    let origin = &read.splits.origin;
    let cached = tasks::cached(protocol, options, origin, threads, seed, "csv");
    if !cached.exists() {
        train(protocol, options, origin, threads, seed, &cached, None)?;
    }
    Losses::read(&cached)
}

/// The work that [`losses_of`] would do: none where its losses are there.
pub(super) fn work(protocol: &Spec, options: &Options, origin: &DataOrigin, threads: usize, seed: u64) -> Work {
    let there = tasks::cached(protocol, options, origin, threads, seed, "csv").exists();
    if there { Work::default() } else { protocol.pretext_work(origin.pool) }
}

fn train(
    protocol: &Spec,
    options: &Options,
    origin: &DataOrigin,
    threads: usize,
    seed: u64,
    cached: &Path,
    by_epoch: Option<&Path>,
) -> Result<()> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder; set TMPDIR")?;
    let spec = folder.path().join("spec.toml");
    write_atomically(&spec, |out| out.write_all(toml::to_string(protocol).map_err(std::io::Error::other)?.as_bytes()))?;
    let (experiment, profile) = protocol.identity();
    let manifest = Manifest {
        experiment: experiment.into(),
        profile: profile.into(),
        spec_hash: protocol.hash(),
        precision: protocol.precision_of_networks(),
        data: origin.clone(),
        sessions: Vec::new(),
    };
    manifest.write(&folder.path().join("manifest.json"))?;
    let mut watch = Watch::new(options.deadline.as_ref(), 1);
    let sort = Sort { kind: Kind::Pretext, variant: None };
    let share = Share { device: &options.device, jobs: 1, threads, mps: &Mps::default() };
    let mut command = child::worker(share)?;
    command.args(watch.arguments(&sort));
    command.arg("pretext").arg("--spec").arg(&spec).args(["--seed", &seed.to_string()]).arg("--out").arg(cached);
    command.arg("--data").arg(&options.data);
    if let Some(folder) = by_epoch {
        command.arg("--by-epoch").arg(folder);
    }
    let (sender, messages) = mpsc::channel();
    let _child = Child::spawn(command, &folder.path().join("log.txt"), 0, sender)?;
    let total = protocol.pretext_work(origin.pool).units().max(1);
    let mut spoken = std::time::Instant::now();
    loop {
        match messages.recv().map_err(|_| anyhow!("the worker's messages broke off; run the same command again"))?.1 {
            Message::Event(Event::Progress { done, .. }) if spoken.elapsed().as_secs() >= 30 => {
                spoken = std::time::Instant::now();
                options.say(&format!("pretext seed{seed}: {} % done", 100 * done / total));
            }
            Message::Event(Event::Losses { quality, measure }) => {
                options.say(&format!("pretext seed{seed}: {:.2} % {measure}, on the pool", 100.0 * quality));
            }
            Message::Event(event) => watch.event(&sort, &event),
            Message::Ended(Ended::Well) => return Ok(()),
            Message::Ended(Ended::OutOfTime(out)) => {
                watch.out_of_time(&sort, &format!("seed{seed}"), &out);
                bail!("{}", watch.nothing());
            }
            Message::Ended(Ended::Badly(why)) => bail!("the pretext learner of seed {seed} failed: {why}"),
        }
    }
}
