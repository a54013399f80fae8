//! The tasks of worker processes.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, Subcommand};
use tch::Device;

use crate::cli::DataDir;
use crate::pretext::{Follow, Learned};
use crate::train::checkpoint::{self, Checkpoints};
use crate::train::speed::Speed;
use crate::trial::{self, Event, LossJob, Reporter};
use crate::{dataset, device, pretext, train};
use pt4al_data::Size;
use pt4al_data::labeled::LabeledImages;
use pt4al_results::files::checksums::{Staged, commit, list_beside};
use pt4al_results::store::Manifest;
use pt4al_results::{machine, spec};

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Run a trial of a results folder
    Trial(TrialArgs),
    /// Train the pretext learner of a protocol and a seed
    Pretext(PretextArgs),
    /// Train on labeled images, and choose the next ones
    Select(SelectArgs),
    /// Measure the task losses of the pool, or of a held-out fold of it
    Losses(LossesArgs),
    /// Check that the device can be used
    Probe,
    /// Print the losses of the first epochs of a training on made-up images
    Steps(StepsArgs),
    /// Measure how fast the spec's network trains, for the number of seconds in each line of standard input
    Calibrate(MadeUpArgs),
}

#[derive(Debug, Args)]
pub(super) struct TrialArgs {
    /// The results folder
    #[arg(long)]
    folder: PathBuf,
    /// The trial's name, for instance core-set-seed3
    #[arg(long)]
    trial: String,
    /// File with the features of the trial's pretext learner
    #[arg(long)]
    features: Option<PathBuf>,
    #[command(flatten)]
    data: DataDir,
}

#[derive(Debug, Args)]
pub(super) struct PretextArgs {
    #[arg(long)]
    spec: PathBuf,
    /// Variant of the spec [default: the experiment's own protocol]
    #[arg(long)]
    variant: Option<String>,
    /// Also write the learner's features to this file
    #[arg(long)]
    features: Option<PathBuf>,
    #[arg(long)]
    seed: u64,
    /// File for the losses
    #[arg(long)]
    out: PathBuf,
    /// Also write the losses after each epoch into this folder
    #[arg(long)]
    by_epoch: Option<PathBuf>,
    /// Read no labels of the train split
    #[arg(long)]
    unlabeled: bool,
    #[command(flatten)]
    data: DataDir,
}

#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// The folder with spec.toml, manifest.json and labels.json, and with pretext losses if they are needed
    #[arg(long)]
    folder: PathBuf,
    /// The sampler's name, for instance core-set
    #[arg(long)]
    sampler: String,
    #[arg(long)]
    seed: u64,
    /// The round of the choice
    #[arg(long)]
    round: usize,
    /// Number of images to choose
    #[arg(long)]
    n: usize,
    /// File with the features of the pretext learner
    #[arg(long)]
    features: Option<PathBuf>,
    /// File for the choice
    #[arg(long)]
    out: PathBuf,
    /// File for the checkpoint of the training
    #[arg(long)]
    checkpoint: PathBuf,
    /// A hash of all that decides the choice
    #[arg(long)]
    choice: String,
    #[command(flatten)]
    data: DataDir,
}

#[derive(Debug, Args)]
pub(super) struct LossesArgs {
    /// The results folder
    #[arg(long)]
    folder: PathBuf,
    #[arg(long)]
    seed: u64,
    /// The fold that is held out [default: none]
    #[arg(long)]
    fold: Option<usize>,
    /// Number of folds
    #[arg(long)]
    folds: usize,
    /// File for the losses
    #[arg(long)]
    out: PathBuf,
    /// File for the metric
    #[arg(long)]
    metric_out: PathBuf,
    #[command(flatten)]
    data: DataDir,
}

#[derive(Debug, Args)]
pub(super) struct StepsArgs {
    #[command(flatten)]
    made_up: MadeUpArgs,
    #[arg(long)]
    epochs: usize,
}

/// A spec whose network is trained on made-up images.
#[derive(Debug, Args)]
pub(super) struct MadeUpArgs {
    #[arg(long)]
    spec: PathBuf,
    /// Height and width of the images, and the number of classes
    #[arg(long, num_args = 3)]
    dimensions: Vec<usize>,
}

impl Task {
    /// Does the task; `input` are the lines of standard input.
    pub fn run(&self, device: Device, input: &mpsc::Receiver<String>, report: &mut Reporter) -> Result<()> {
        match self {
            Self::Trial(args) => run_trial(args, device, report),
            Self::Pretext(args) => train_learner(args, device, report),
            Self::Select(args) => select(args, device, report),
            Self::Losses(args) => measure_task_losses(args, device, report),
            Self::Probe => {
                tch::Tensor::zeros([1], (tch::Kind::Float, device)).double_value(&[0]);
                Ok(())
            }
            Self::Steps(args) => compute_first_losses(args, device, report),
            Self::Calibrate(args) => calibrate(args, device, input, report),
        }
    }
}

fn run_trial(args: &TrialArgs, device: Device, report: &mut Reporter) -> Result<()> {
    let TrialArgs { folder, trial: name, features, data } = args;
    let spec = spec::load_resolved(&folder.join("spec.toml"))?;
    let trial = spec.trials().into_iter().find(|trial| trial.key() == *name);
    let trial = trial.with_context(|| format!("--trial {name}: the spec has no such trial"))?;
    device::prepare(device, spec.protocol_of(&trial).train.precision)?;
    let features = features.as_deref();
    trial::run(&trial::Job { folder, spec: &spec, trial: &trial, data: &data.path, device, features }, report)
}

fn train_learner(args: &PretextArgs, device: Device, report: &mut Reporter) -> Result<()> {
    let folder = args.spec.parent().unwrap_or(Path::new("."));
    let fingerprint = Manifest::data_of(folder)?;
    let spec = spec::load_resolved(&args.spec)?;
    let spec = spec.protocol(args.variant.as_deref());
    let settings = spec.learner().context("the spec has no pretext learner; add one to [pretext]")?;
    device::prepare(device, settings.precision)?;
    let data = if args.unlabeled {
        dataset::open_labeled(spec, &args.data.path, device, &fingerprint, &LabeledImages::default())?
    } else {
        dataset::open(spec, &args.data.path, device, &fingerprint)?
    };
    let cache = args.out.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(cache)
        .map_err(|e| anyhow!("{}: cannot be created ({e}); check the folder", cache.display()))?;
    let minibatches = spec.pretext_minibatches(settings);
    let (seed, features) = (args.seed, args.features.is_some());
    // The losses after each epoch are wanted from one process.
    let mut checkpoints = args.by_epoch.is_none().then(|| {
        let machine = format!("{}, {} threads", device::name(device), tch::get_num_threads());
        let key = pretext::cache_key(spec, &fingerprint, &machine, seed);
        pretext::checkpoints(checkpoint::beside(&args.out), key, features, spec.checkpoint_minutes)
    });
    let saved = checkpoints.as_ref().and_then(|found| pretext::Saved::find(found, |line| report.note(line)));
    let skipped = spec.pretext_units(saved.as_ref().map_or(0, pretext::Saved::units));
    report.skip(skipped);
    let units = spec.pretext_work(data.pool.len()).units();
    let every = checkpoints.as_ref().and_then(Checkpoints::every);
    report.begin(|| "the pretext learner".into(), units.saturating_sub(skipped), every)?;
    let report = RefCell::new(report);
    let mut done = |units| report.borrow_mut().at(spec.pretext_units(units), || "pretext".into());
    let mut kept = || report.borrow_mut().keep();
    let mut scored = |epoch: usize, learned: &Learned| match &args.by_epoch {
        Some(folder) => learned.losses.write(&folder.join(format!("epoch-{epoch:03}.csv"))),
        None => Ok(()),
    };
    let job = pretext::Job { data: &data, model: &spec.model, spec: settings, minibatches, seed, features };
    let follow = Follow { done: &mut done, scored: &mut scored, kept: &mut kept };
    let learned = pretext::losses_from(saved, checkpoints.as_mut(), job, follow)?;
    if let (Some(path), Some(features)) = (&args.features, &learned.features) {
        let staged = Staged::written_by(path, |aside| pretext::write_features(aside, features))?;
        commit(&list_beside(path), vec![staged], &[])?;
    }
    write_checked(&args.out, &learned.losses.to_bytes())?;
    if let Some(checkpoints) = checkpoints {
        checkpoints.remove();
    }
    report.into_inner().event(&Event::Losses { quality: learned.quality, measure: learned.measure.into() });
    Ok(())
}

fn select(args: &SelectArgs, device: Device, report: &mut Reporter) -> Result<()> {
    let &SelectArgs { ref folder, ref sampler, seed, round, n, .. } = args;
    let SelectArgs { features, out, checkpoint, choice, data, .. } = args;
    let spec = spec::load_resolved(&folder.join("spec.toml"))?;
    device::prepare(device, spec.train.precision)?;
    let sampler = spec.samplers.iter().find(|other| other.label() == *sampler);
    let sampler = sampler.context("--sampler: the spec has no such sampler")?.clone();
    let labeled: LabeledImages = serde_json::from_slice(&std::fs::read(folder.join("labels.json"))?)?;
    let trial = spec::Trial { sampler, seed, variant: None };
    let job =
        trial::Job { folder, spec: &spec, trial: &trial, data: &data.path, device, features: features.as_deref() };
    let kept = trial::Kept { path: checkpoint, training: choice };
    let selected = trial::select(&trial::Selection { job: &job, labeled: &labeled, round, n, kept }, report)?;
    pt4al_results::store::write_atomically(out, |out| Ok(serde_json::to_writer(out, &selected)?))
}

/// Writes a file and, beside it, the list with its checksum.
fn write_checked(path: &Path, bytes: &[u8]) -> Result<()> {
    commit(&list_beside(path), vec![Staged::new(path, bytes)?], &[])
}

fn measure_task_losses(args: &LossesArgs, device: Device, report: &mut Reporter) -> Result<()> {
    let &LossesArgs { ref folder, seed, fold, folds, ref out, ref metric_out, ref data } = args;
    let spec = spec::load_resolved(&folder.join("spec.toml"))?;
    device::prepare(device, spec.train.precision)?;
    let job = LossJob { folder, spec: &spec, seed, fold, folds, data: &data.path, device };
    let checkpoint = checkpoint::beside(out);
    let (losses, metric) = trial::task_losses(&job, &checkpoint, report)?;
    write_checked(metric_out, &metric.to_bytes())?;
    write_checked(out, &losses.to_bytes())?;
    // A kill before this leaves a file that nothing reads any more.
    let _ = std::fs::remove_file(checkpoint);
    report.event(&Event::Losses { quality: metric.value, measure: metric.metric });
    Ok(())
}

fn compute_first_losses(args: &StepsArgs, device: Device, report: &mut Reporter) -> Result<()> {
    let spec = spec::load_resolved(&args.made_up.spec)?;
    device::prepare(device, spec.train.precision)?;
    let first = train::speed::first_losses(&spec, &args.made_up.size()?, device, args.epochs)?;
    report.event(&Event::Steps { losses: first.losses, recorded: first.recorded });
    Ok(())
}

fn calibrate(args: &MadeUpArgs, device: Device, input: &mpsc::Receiver<String>, report: &mut Reporter) -> Result<()> {
    let spec = spec::load_resolved(&args.spec)?;
    device::prepare(device, spec.train.precision)?;
    train::speed::measure(&spec, &args.size()?, device, |speed| {
        report.event(&match speed {
            None => Event::Ready,
            Some(Speed { train, score }) => Event::Speed { train, score, peak_rss_mb: machine::peak_rss_mb() },
        });
        let seconds = input.recv().ok()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    })
}

impl MadeUpArgs {
    /// The size of the made-up images; counts of images are 0.
    fn size(&self) -> Result<Size> {
        let [height, width, classes] = self.dimensions[..] else {
            bail!("--dimensions has {} numbers; write height, width and classes", self.dimensions.len())
        };
        ensure!(height * width * classes > 0, "--dimensions: a number is 0");
        Ok(Size { train: 0, pool: 0, test: 0, height, width, classes, bytes: 0 })
    }
}
