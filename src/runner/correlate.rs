//! `pt4al correlate`: the pretext losses of a pool beside the losses of task models on the same images.

use std::path::{Path, PathBuf};
use std::sync::mpsc;

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::child::{self, Child, Ended, Message, Share};
use super::cost::{self, Start};
use super::deadline::{Halt, Preparing, Sort, Watch};
use super::time_left::Kind;
use super::{Consent, Options, There, memory, pretext};
use crate::trial::Event;
use pt4al_data as data;
use pt4al_results::machine;
use pt4al_results::report::correlation::{CorrelationFindings, Pair};
use pt4al_results::spec::{CorrelationSpec, Spec, Work};
use pt4al_results::store::{Folder, Losses, Manifest, PartMetric};
use pt4al_results::words::counted;

/// A training whose losses are wanted: of the whole pool, or without one part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    seed: u64,
    fold: Option<usize>,
    folds: usize,
}

impl Part {
    /// For instance `seed-0-whole`, or `seed-0-fold-2-of-5`: all that a training depends on and the hash does not have.
    fn name(self) -> String {
        let part = self.fold.map_or_else(|| "whole".into(), |fold| format!("fold-{fold}-of-{}", self.folds));
        format!("seed-{}-{part}", self.seed)
    }

    /// Where its losses lie.
    fn losses(self, folder: &Path) -> PathBuf {
        folder.join("parts").join(format!("{}.csv", self.name()))
    }

    /// Where its accuracy lies.
    fn metric(self, folder: &Path) -> PathBuf {
        folder.join("parts").join(format!("{}-metric.csv", self.name()))
    }

    fn is_done(self, folder: &Path) -> bool {
        self.losses(folder).exists() && self.metric(folder).exists()
    }

    fn work(self, spec: &Spec, pool: usize) -> Work {
        spec.correlation_work(pool, self.fold.map(|_| self.folds))
    }
}

/// What became of it.
#[derive(Debug)]
pub enum Correlated {
    /// All of it is there: the results folder, and what there is to report.
    Done(PathBuf, Box<CorrelationFindings>),
    /// The time limit came first.
    Halted(Halt),
}

/// Trains what is not trained yet, and gives the results folder and what there is to report. The protocol is the spec's
/// own; its variants are left alone. Nothing starts unless `consent` agrees to what it costs.
///
/// # Errors
/// If the spec has no [correlation] or no [pretext] table, if the data or the folder cannot be used, if there is no
/// consent, or if a training fails; what is finished is kept.
pub fn correlate(spec: &Spec, options: &Options, seed: u64, consent: &Consent) -> Result<Correlated> {
    let settings = spec.correlation.context(
        "the spec has no [correlation] table; add one, for instance correlation = { folds = 5, points = 1000, resamples = \
         2000 }",
    )?;
    ensure!(spec.pretext.is_some(), "the spec has no [pretext] table; add one");
    let alone = spec.alone(seed);
    data::check_place(&alone, &options.data)?;
    let preparing = Preparing::until(options.deadline.as_ref());
    let read = data::validate(&alone, &options.data)?;
    let origin = read.splits.origin.clone();
    ensure!(
        settings.folds <= origin.pool,
        "`correlation.folds` is {}, but the pool has {} images; lower it",
        settings.folds,
        origin.pool
    );
    alone.check_pool(origin.pool, origin.test)?;
    let (least, held_out) = (alone.minibatches().least, origin.pool.div_ceil(settings.folds));
    ensure!(
        origin.pool - held_out >= least,
        "`correlation.folds` is {}, which leaves {} images of a pool of {} to train on, but batch norm needs {least}; raise it",
        settings.folds,
        origin.pool - held_out,
        origin.pool
    );
    memory::check(&alone, &read.size(), &options.device)?;
    let name = format!("{}-correlation", spec.folder_name());
    // Other seeds lie beside the first.
    let name = if spec.seeds.first() == Some(&seed) { name } else { format!("{name}-seed{seed}") };
    let root = options.results.join(name);
    let parts: Vec<Part> = std::iter::once(None)
        .chain((0..settings.folds).map(Some))
        .map(|fold| Part { seed, fold, folds: settings.folds })
        .collect();
    let There { folder, sessions: earlier, room, .. } =
        super::look(&root, &alone, &origin, options, parts.len(), &read.size())?;
    let threads = room.threads(1);
    let learner = pretext::work(&alone, options, &origin, threads, seed);
    let stages = [
        (learner != Work::default()).then_some(learner).into_iter().collect(),
        parts.iter().filter(|part| !part.is_done(&root)).map(|part| part.work(&alone, origin.pool)).collect(),
    ];
    let start = if stages.iter().all(|stage: &Vec<Work>| stage.is_empty()) {
        Start::idle(room)
    } else {
        let start = cost::of(&alone, &read.size(), options, room, &stages);
        consent(&start.cost)?;
        start
    };
    let Start { jobs, threads, ref mps, cost } = start;
    let folder = folder.map_or_else(|| Folder::open(&root, &alone, &origin), Ok)?;
    folder.begin(&alone)?;
    let read = data::share(&alone, &options.data, read)?;
    let mut manifest = super::begin_session(&folder, &alone, &origin, options, (jobs, threads), earlier, cost.into())?;
    drop(preparing);
    let losses = pretext::losses_of(&alone, options, &read, threads, seed)?;
    losses.write(&folder.losses_path(None, seed))?;
    let before = parts.iter().filter(|part| !part.is_done(&root)).count();
    let share = Share { device: &options.device, jobs, threads, mps };
    let watch = train(&alone, options, &folder, share, seed, &parts, origin.pool)?;
    if let Some(session) = manifest.sessions.last_mut() {
        session.finished = machine::now();
    }
    manifest.write(&folder.manifest_path())?;
    let left = parts.iter().filter(|part| !part.is_done(&root)).count();
    if left > 0 {
        let words = format!("{} {}", counted(left, "training"), if left == 1 { "is" } else { "are" });
        let progressed = left < before || learner != Work::default();
        return Ok(Correlated::Halted(watch.halt(progressed, &words, &super::command_line())));
    }
    let findings = findings(alone, settings, manifest, &folder, seed, &losses, &parts)?;
    Ok(Correlated::Done(folder.root().to_owned(), Box::new(findings)))
}

/// Runs the parts that are not there yet, `jobs` side by side, as far as they fit into the time limit.
fn train(
    spec: &Spec,
    options: &Options,
    folder: &Folder,
    share: Share,
    seed: u64,
    parts: &[Part],
    pool: usize,
) -> Result<Watch> {
    let root = folder.root();
    let mut left = parts.iter().filter(|part| !part.is_done(root)).peekable();
    let mut watch = Watch::new(options.deadline.as_ref(), share.jobs);
    let sort = Sort { kind: Kind::Trial, variant: None };
    let (sender, messages) = mpsc::channel();
    let mut running: Vec<(usize, Part, Child)> = Vec::new();
    let mut next = 0;
    loop {
        while running.len() < share.jobs
            && let Some(&part) = left.next_if(|part| {
                watch.fits(&sort, part.work(spec, pool).units(), || format!("the training of {}", part.name()))
            })
        {
            let mut command = child::worker(share)?;
            command.args(watch.arguments(&sort));
            command.arg("losses").arg("--folder").arg(root).args(["--seed", &seed.to_string()]);
            command.args(["--folds", &part.folds.to_string()]);
            command.args(part.fold.iter().flat_map(|fold| ["--fold".to_owned(), fold.to_string()]));
            command.arg("--out").arg(part.losses(root)).arg("--metric-out").arg(part.metric(root));
            command.arg("--data").arg(&options.data);
            let log = root.join("trials").join(part.name()).join("log.txt");
            let images = part.fold.map_or(pool, |_| pool - pool / part.folds);
            options.say(&format!("{}: training on {images} images, {} epochs", part.name(), spec.train.epochs));
            running.push((next, part, Child::spawn(command, &log, next, sender.clone())?));
            next += 1;
        }
        if running.is_empty() {
            return Ok(watch);
        }
        let (id, message) =
            messages.recv().map_err(|_| anyhow!("the workers' messages broke off; run the same command again"))?;
        let at = running.iter().position(|r| r.0 == id).expect("messages end with the child");
        match message {
            Message::Event(Event::Losses { quality, measure }) => {
                options.say(&format!("{}: {measure} {:.2} %", running[at].1.name(), 100.0 * quality));
            }
            Message::Event(event) => watch.event(&sort, &event),
            Message::Ended(Ended::Well) => drop(running.remove(at)),
            Message::Ended(Ended::OutOfTime(out)) => {
                let name = running.remove(at).1.name();
                options.say(&format!("{name}: {}", out.in_words()));
                watch.out_of_time(&sort, &name, &out);
            }
            Message::Ended(Ended::Badly(why)) => bail!(
                "{} failed: {why}; mend the cause and run the same command again: finished parts are kept",
                running[at].1.name()
            ),
        }
    }
}

/// All losses side by side.
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
        "{}: the parts are not of one pool; remove the folder parts/ and run the same command again",
        root.display()
    );
    let rows = pretext.rows.iter().zip(&whole.rows).zip(&held_out.rows);
    let pairs = rows.map(|((a, b), c)| Pair { index: a.0, pretext: a.1, task: b.1, held_out: c.1 }).collect();
    let held_out_accuracy = metrics[1..].iter().sum::<f64>() / settings.folds as f64;
    let manifest = Some(manifest);
    Ok(CorrelationFindings { spec, manifest, seed, pairs, pool_accuracy: metrics[0], held_out_accuracy })
}
