//! `pt4al pretext`.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use clap::{Args, Subcommand};

use super::run::MachineArgs;
use super::start::StartArgs;
use super::stopped::{Stopped, say_when_stopped};
use super::{DataDir, SpecArgs, WHOLE};
use crate::runner;
use pt4al_results::batches::split_into_batches;
use pt4al_results::cli::usage::whole_number;
use pt4al_results::report::agreement::Agreement;
use pt4al_results::spec::{LossOrder, Spec};
use pt4al_results::store::{self, Losses};

#[derive(Debug, Args)]
pub(super) struct PretextArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write the losses of a spec's pretext learner to a CSV file index,loss; train the learner unless its losses are cached
    Losses(Box<LossesArgs>),
    /// Sort losses and split them into pretext batches: files batch_<i>.csv (index,loss), sorted, ties by index
    Split(SplitArgs),
    /// Compare losses with those of another learner: Spearman's rho over all images and by class, and shared pretext batches
    Agree(Box<AgreeArgs>),
}

#[derive(Debug, Args)]
struct LossesArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    start: StartArgs,
    /// Seed of the learner [default: the first seed of the spec]
    #[arg(long, allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    seed: Option<u64>,
    /// Use the learner of this variant of the spec
    #[arg(long)]
    variant: Option<String>,
    /// Train the learner even if its losses are cached, and also write the losses after each epoch into this folder. The new
    /// losses replace the cached ones; on a GPU they differ from those of an earlier training
    #[arg(long, value_name = "DIR")]
    by_epoch: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct SplitArgs {
    /// A CSV file index,loss, or rotation_loss.txt as the official code writes it
    #[arg(long, value_name = "FILE")]
    losses: PathBuf,
    /// Number of pretext batches
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    batches: usize,
    /// loss (highest first), loss-low-first, published-string-sort (as strings, highest first, as the official code does), or
    /// published-string-sort-low-first (as it did until 2021-11-24)
    #[arg(long, value_name = "O", value_parser = order)]
    order: LossOrder,
    /// Folder for the pretext batches; it is created
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct AgreeArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    data: DataDir,
    /// Files of losses, as for `split`; may be repeated
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    losses: Vec<PathBuf>,
    /// The losses to compare the others with
    #[arg(long, value_name = "FILE")]
    with: PathBuf,
    /// Number of bootstrap resamples for the intervals
    #[arg(long, value_name = "N", default_value = "1000", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    resamples: usize,
    /// Folder for agreement.csv and README.md; it is created
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// Parses the name of an order as specs write it.
fn order(name: &str) -> Result<LossOrder, String> {
    let value = toml::Value::from(name).try_into::<LossOrder>();
    value.map_err(|_| "use loss, loss-low-first, published-string-sort or published-string-sort-low-first".into())
}

/// Does what the verb says and returns the exit code.
pub(super) fn pretext(args: PretextArgs) -> Result<i32> {
    match args.verb {
        Verb::Losses(args) => losses(*args)?,
        Verb::Split(args) => split(&args)?,
        Verb::Agree(args) => agree(&args)?,
    }
    Ok(0)
}

/// Writes the losses of a learner.
fn losses(args: LossesArgs) -> Result<()> {
    let LossesArgs { spec: args, machine, start, seed, variant, by_epoch, out } = args;
    say_when_stopped(Stopped::Resumable, || {});
    let options = machine.options(&start)?;
    let spec = args.load_on(&options)?;
    if let Some(name) = &variant {
        ensure_variant(&spec, name)?;
    }
    let given = spec.protocols().filter_map(|(_, protocol)| protocol.loss_file()).map(|losses| &losses.file);
    ensure!(
        !std::iter::once(&args.spec).chain(given).any(|input| is_same_file(input, &out)),
        "--out {}: the spec or its losses would be replaced; choose another file",
        out.display()
    );
    let seed = seed.unwrap_or(spec.seeds[0]);
    if let Some(folder) = &by_epoch {
        let is_empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
        ensure!(is_empty, "--by-epoch {}: is not empty; name a new folder", folder.display());
    }
    let consent = |cost: &runner::Cost| start.consent(cost, &args, &options.device);
    let losses = runner::pretext_losses(&spec, variant.as_deref(), &options, seed, by_epoch.as_deref(), &consent)?;
    losses.write(&out)?;
    super::print(format!("{}: {} losses", out.display(), losses.rows.len()))
}

fn ensure_variant(spec: &Spec, name: &str) -> Result<()> {
    let known: Vec<&str> = spec.variants.keys().map(String::as_str).collect();
    ensure!(
        spec.variants.contains_key(name),
        "--variant {name}: the spec has {}",
        if known.is_empty() { "no variants; leave it out".into() } else { format!("only {}", known.join(", ")) }
    );
    Ok(())
}

/// Splits losses into files of pretext batches.
fn split(args: &SplitArgs) -> Result<()> {
    let SplitArgs { losses: file, batches, order, out } = args;
    let (batches, order) = (*batches, *order);
    let losses = Losses::read(file)?;
    let images = losses.rows.len();
    ensure!(batches > 0, "--batches is 0; it must be at least 1");
    ensure!(batches <= images, "--batches {batches}: {} has only {images} losses; lower it", file.display());
    let paths: Vec<PathBuf> = (0..batches).map(|i| out.join(format!("batch_{i}.csv"))).collect();
    let stale = stale_batches(out, batches);
    ensure!(
        !paths.iter().chain(&stale).any(|path| is_same_file(path, file)),
        "--losses {}: would be replaced by a pretext batch; choose another folder with --out",
        file.display()
    );
    let mut sizes = Vec::new();
    for (batch, path) in split_into_batches(&losses, order, batches).into_iter().zip(&paths) {
        let row_of = |index: usize| losses.rows[losses.rows.partition_point(|row| row.0 < index)];
        let rows: Vec<store::LossRow> = batch.into_iter().map(|index| row_of(index).into()).collect();
        sizes.push(rows.len());
        store::write_csv(path, &rows)?;
    }
    // Batches of an earlier split into more batches would be read as part of this one.
    for path in stale {
        std::fs::remove_file(&path).map_err(|e| {
            anyhow!("{}: belongs to an earlier split and cannot be removed ({e}); remove it", path.display())
        })?;
    }
    let (least, most) = (sizes[batches - 1], sizes[0]);
    let sizes = if least == most { least.to_string() } else { format!("{least} or {most}") };
    super::print(format!("{}: {batches} pretext batches of {sizes} images", out.display()))
}

/// Files of pretext batches in a folder with a number of at least `batches`.
fn stale_batches(folder: &Path, batches: usize) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.flatten().map(|entry| entry.path());
    paths.filter(|path| batch_number(path).is_some_and(|number| number >= batches)).collect()
}

/// Compares losses, writes the folder, and prints its table.
fn agree(args: &AgreeArgs) -> Result<()> {
    let spec = args.spec.load(WHOLE)?;
    let read = pt4al_data::validate(&spec, &args.data.path)?;
    let train = read.splits.train.len;
    let of_measure = read_losses(&args.with, train)?;
    let others: Vec<(String, Losses)> = args
        .losses
        .iter()
        .map(|path| Ok((name_without_ending(path), read_losses(path, train)?)))
        .collect::<Result<_>>()?;
    let classes = read.splits.train.classes().map(|classes| classes.iter().map(|&class| usize::from(class)).collect());
    let measure = args.with.file_stem();
    let agreement = Agreement {
        measure: measure.map_or_else(|| name_without_ending(&args.with), |stem| stem.to_string_lossy().into_owned()),
        of_measure,
        others,
        names: if classes.is_some() { read.splits.classes.clone() } else { Vec::new() },
        classes: classes.unwrap_or_default(),
        batches: spec.pretext_batches(),
        resamples: args.resamples,
    };
    let table = agreement.write(&args.out)?;
    super::print(table.trim_end())
}

/// Reads losses of images in a train split of `train` images.
fn read_losses(path: &Path, train: usize) -> Result<Losses> {
    let losses = Losses::read(path)?;
    let highest = losses.rows.last().map_or(0, |row| row.0);
    ensure!(
        highest < train,
        "{}: has a loss for image {highest}, but the train split has {train} images, counted from 0; these losses are of other data",
        path.display()
    );
    Ok(losses)
}

fn name_without_ending(path: &Path) -> String {
    path.with_extension("").display().to_string()
}

/// Whether both paths name the same existing file.
fn is_same_file(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// The number of a pretext batch that `split` wrote; `None` for other files.
fn batch_number(path: &Path) -> Option<usize> {
    path.file_name()?.to_str()?.strip_prefix("batch_")?.strip_suffix(".csv")?.parse().ok()
}
