//! `pt4al correlate`: the pretext losses of a pool beside the losses of task models on the same images.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::cost::{self, Consent, Start};
use super::deadline::{Halt, Sort, Watch};
use super::drive::{About, Agenda, drive};
use super::opening::Opening;
use super::options::Options;
use super::session::{self, Existing, RunningSession};
use super::time_left::Kind;
use super::worker::{Ended, Share};
use super::{given, memory, pretext};
use crate::train::checkpoint;
use crate::trial::{self, Event};
use pt4al_results::report::correlation::{CorrelationFindings, Pair};
use pt4al_results::spec::{CorrelationSpec, Spec, Work};
use pt4al_results::store::{DataOrigin, Folder, Losses, Manifest, PartMetric, checksums};
use pt4al_results::words::counted;

/// A training whose task losses are wanted: on the whole pool, or on all of it except one fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    seed: u64,
    /// The fold that is held out and measured; `None`: the whole pool is trained on and measured.
    fold: Option<usize>,
    folds: usize,
}

impl Part {
    /// `seed-0-whole`, or `seed-0-fold-2-of-5`: everything that a training depends on and the spec's hash does not cover.
    fn name(self) -> String {
        let part = self.fold.map_or_else(|| "whole".into(), |fold| format!("fold-{fold}-of-{}", self.folds));
        format!("seed-{}-{part}", self.seed)
    }

    /// The file of its losses.
    fn losses(self, folder: &Path) -> PathBuf {
        folder.join("parts").join(format!("{}.csv", self.name()))
    }

    /// The file of its metric.
    fn metric(self, folder: &Path) -> PathBuf {
        folder.join("parts").join(format!("{}-metric.csv", self.name()))
    }

    fn is_done(self, folder: &Path) -> bool {
        // A damaged part is trained again.
        [self.losses(folder), self.metric(folder)].iter().all(|path| checksums::is_intact(path))
    }

    /// The file of its training's checkpoint, which the worker names after that of the losses.
    fn checkpoint(self, folder: &Path) -> PathBuf {
        checkpoint::beside(&self.losses(folder))
    }

    /// What is left of its work.
    fn work(self, spec: &Spec, pool: usize, folder: &Path) -> Work {
        let saved = trial::saved_units_alone(&self.checkpoint(folder), spec, None);
        spec.correlation_work(pool, self.fold.map(|_| self.folds)).after(saved)
    }
}

/// The parts that a folder does not have yet.
fn missing(parts: &[Part], folder: &Path) -> VecDeque<Part> {
    parts.iter().copied().filter(|part| !part.is_done(folder)).collect()
}

/// The outcome of `correlate`.
#[derive(Debug)]
pub enum Correlated {
    /// Everything is finished: the results folder, and what there is to report.
    Done(PathBuf, Box<CorrelationFindings>),
    /// The time limit ended it before.
    Halted(Halt),
}

/// Trains what is not trained yet, and returns the results folder and what there is to report. Only the spec's own protocol
/// is trained, not its variants. Nothing starts unless `consent` agrees to the cost.
///
/// # Errors
/// If the spec has no [correlation] or no [pretext] table, the data or the folder cannot be used, there is no consent, or a
/// training fails. What is finished is kept.
pub fn correlate(spec: &Spec, options: &Options, seed: u64, consent: &Consent) -> Result<Correlated> {
    let settings = spec.correlation.context(
        "the spec has no [correlation] table; add one, for instance correlation = { folds = 5, points = 1000, resamples = \
         2000 }",
    )?;
    ensure!(spec.pretext.is_some(), "the spec has no [pretext] table; add one");
    let alone = spec.alone(seed);
    let opening = Opening::validate(&alone, options)?;
    let origin = opening.origin().clone();
    ensure_folds_fit(&alone, settings.folds, &origin)?;
    let size = opening.size();
    memory::check(&alone, &size, &options.device)?;
    given::check_features(&alone, &opening.read)?;
    let root = options.results.join(folder_name(spec, seed));
    let folds = settings.folds;
    let parts: Vec<Part> =
        std::iter::once(None).chain((0..folds).map(Some)).map(|fold| Part { seed, fold, folds }).collect();
    let Existing { folder, history: earlier, room, .. } =
        Existing::find(&root, &alone, &origin, options, parts.len(), &size)?;
    let threads = room.threads(1);
    let learner = pretext::work_left(&alone, options, &origin, (threads, seed), false);
    let before = missing(&parts, &root);
    let trainings = before.iter().map(|part| part.work(&alone, origin.pool, &root)).collect();
    let stages = [learner.into_iter().collect(), trainings];
    let Start { jobs, threads, mps, cost } = cost::agreed_start(&alone, &size, options, room, &stages, consent)?;
    let folder = session::open_folder(folder, &root, &alone, &origin)?;
    let opening = opening.share(&alone, options)?;
    let running = RunningSession::begin(&folder, &alone, &origin, options, (jobs, threads), earlier, cost.into())?;
    let read = opening.done();
    let losses = pretext::losses(&alone, options, &read, threads, seed)?;
    folder.write_losses(None, seed, &losses)?;
    let mut watch = Watch::new(options.deadline.as_ref(), jobs, alone.checkpoint_minutes);
    let mut trainings =
        Trainings { spec: &alone, options, folder: &folder, pool: origin.pool, left: missing(&parts, &root) };
    drive(&mut trainings, Share { device: &options.device, jobs, threads, mps: &mps }, &mut watch)?;
    let manifest = running.finish(&folder)?;
    let left = missing(&parts, &root).len();
    if left > 0 {
        let words = format!("{} {}", counted(left, "training"), if left == 1 { "is" } else { "are" });
        let progressed = left < before.len() || learner.is_some();
        return Ok(Correlated::Halted(watch.halt(progressed, &words, &session::command_line())));
    }
    let findings = findings(alone, settings, manifest, &folder, seed, &losses, &parts)?;
    Ok(Correlated::Done(folder.root().to_owned(), Box::new(findings)))
}

/// The name of the results folder. The folders of other seeds than the spec's first are beside it.
fn folder_name(spec: &Spec, seed: u64) -> String {
    let name = format!("{}-correlation", spec.folder_name());
    if spec.seeds.first() == Some(&seed) { name } else { format!("{name}-seed{seed}") }
}

/// Checks that the pool can be divided into folds and is still large enough to train on without one of them.
fn ensure_folds_fit(spec: &Spec, folds: usize, origin: &DataOrigin) -> Result<()> {
    let pool = origin.pool;
    ensure!(folds <= pool, "`correlation.folds` is {folds}, but the pool has {pool} images; lower it");
    spec.check_pool(pool, origin.test)?;
    let (least, trained_on) = (spec.minibatches().least, pool - pool.div_ceil(folds));
    ensure!(
        trained_on >= least,
        "`correlation.folds` is {folds}, which leaves {trained_on} images of a pool of {pool} to train on, but batch norm needs \
         {least}; raise it"
    );
    Ok(())
}

/// The trainings of parts, as workers do them.
struct Trainings<'a> {
    spec: &'a Spec,
    options: &'a Options,
    folder: &'a Folder,
    /// Number of images in the pool.
    pool: usize,
    /// Parts that have not started.
    left: VecDeque<Part>,
}

/// All trainings run about equally fast.
fn sort() -> Sort {
    Sort { kind: Kind::Trial, variant: None }
}

impl Agenda for Trainings<'_> {
    type Task = Part;

    fn next(&mut self, watch: &mut Watch) -> Result<Option<Part>> {
        let Some(part) = self.left.front() else { return Ok(None) };
        let units = part.work(self.spec, self.pool, self.folder.root()).units();
        let fits = watch.fits(&sort(), units, || format!("the training of {}", part.name()));
        Ok(if fits { self.left.pop_front() } else { None })
    }

    fn about(&self, part: &Part) -> About {
        let log = self.folder.root().join("trials").join(part.name()).join("log.txt");
        About { sort: sort(), subject: part.name(), log }
    }

    fn instruct(&self, part: &Part, command: &mut Command) {
        let root = self.folder.root();
        command.arg("losses").arg("--folder").arg(root).args(["--seed", &part.seed.to_string()]);
        command.args(["--folds", &part.folds.to_string()]);
        if let Some(fold) = part.fold {
            command.args(["--fold", &fold.to_string()]);
        }
        command.arg("--out").arg(part.losses(root)).arg("--metric-out").arg(part.metric(root));
        command.arg("--data").arg(&self.options.data);
    }

    fn check(&self) -> Result<()> {
        self.folder.ensure_there()
    }

    fn started(&mut self, _worker: usize, part: &Part) {
        let images = part.fold.map_or(self.pool, |_| self.pool - self.pool / part.folds);
        let epochs = self.spec.train.epochs;
        self.options.say(&format!("{}: training on {images} images, {epochs} epochs", part.name()));
    }

    fn event(&mut self, _worker: usize, part: &Part, event: &Event) -> Result<()> {
        match event {
            Event::Losses { quality, measure } => {
                self.options.say(&format!("{}: {measure} {:.2} %", part.name(), 100.0 * quality));
            }
            Event::Note(line) => self.options.say(&format!("{}: {line}", part.name())),
            _ => {}
        }
        Ok(())
    }

    fn ended(&mut self, _worker: usize, part: Part, ended: Ended) -> Result<()> {
        match ended {
            Ended::Well => {}
            Ended::OutOfTime(out) => self.options.say(&format!("{}: {}", part.name(), out.in_words())),
            Ended::Badly(why) => bail!(
                "{} failed: {why}; fix the cause and run the same command again: finished parts are kept",
                part.name()
            ),
        }
        Ok(())
    }
}

/// Puts the losses of all parts together.
fn findings(
    spec: Spec,
    settings: CorrelationSpec,
    manifest: Manifest,
    folder: &Folder,
    seed: u64,
    pretext: &Losses,
    parts: &[Part],
) -> Result<CorrelationFindings> {
    let root = folder.root();
    let whole = Losses::read(&parts[0].losses(root))?;
    let mut held_out = Losses::default();
    let mut metrics = Vec::new();
    for part in parts {
        metrics.push(PartMetric::read(&part.metric(root))?.value);
        if part.fold.is_some() {
            held_out.rows.extend(Losses::read(&part.losses(root))?.rows);
        }
    }
    held_out.rows.sort_by_key(|row| row.0);
    let images = |losses: &Losses| losses.rows.iter().map(|row| row.0).collect::<Vec<_>>();
    ensure!(
        images(&whole) == images(pretext) && images(&held_out) == images(pretext),
        "{}: the parts are of different pools; remove the folder parts/ and run the same command again",
        root.display()
    );
    let rows = pretext.rows.iter().zip(&whole.rows).zip(&held_out.rows);
    let pairs = rows.map(|((a, b), c)| Pair { index: a.0, pretext: a.1, task: b.1, held_out: c.1 }).collect();
    let held_out_accuracy = metrics[1..].iter().sum::<f64>() / settings.folds as f64;
    let manifest = Some(manifest);
    Ok(CorrelationFindings { spec, manifest, seed, pairs, pool_accuracy: metrics[0], held_out_accuracy })
}
