//! `pt4al pretext`.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use clap::{Args, Subcommand};

use super::{
    DataDir, SpecArgs, WHOLE,
    run::MachineArgs,
    start::StartArgs,
    stopped::{Stopped, say_when_stopped},
};
use pt4al_results::batches::split_into_batches;
use pt4al_results::cli::usage::whole_number;
use pt4al_results::report::agreement::Agreement;
use pt4al_results::spec::LossOrder;
use pt4al_results::store::{self, Losses};

#[derive(Debug, Args)]
pub(super) struct PretextArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Train a spec's pretext learner, unless that was done, and write its losses: a CSV index,loss
    Losses(Box<LossesArgs>),
    /// Sort losses and split them into pretext batches: batch_<i>.csv with index,loss in order, ties by index
    Split {
        /// A CSV index,loss, or rotation_loss.txt as the official code writes it
        #[arg(long, value_name = "FILE")]
        losses: PathBuf,
        /// Pretext batches
        #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
        batches: usize,
        /// loss (highest first), loss-low-first, published-string-sort (as strings, highest first, as the official code does), or
        /// published-string-sort-low-first (as it did until 2021-11-24)
        #[arg(long, value_name = "O", value_parser = order)]
        order: LossOrder,
        /// The folder to write into; it is made
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
    },
    /// How far losses agree with those of another learner: Spearman's rho over images and by class, and pretext batches in common
    Agree(Box<AgreeArgs>),
}

#[derive(Debug, Args)]
struct AgreeArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    data: DataDir,
    /// Losses, as for `split`; may be repeated
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    losses: Vec<PathBuf>,
    /// The losses that the others are held against
    #[arg(long, value_name = "FILE")]
    with: PathBuf,
    /// Bootstrap resamples of the intervals
    #[arg(long, value_name = "N", default_value = "1000", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    resamples: usize,
    /// The folder to write agreement.csv and README.md into; it is made
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Args)]
struct LossesArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    start: StartArgs,
    /// The seed of the learner; the spec's first without it
    #[arg(long, allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    seed: Option<u64>,
    /// The protocol of a variant of the spec
    #[arg(long)]
    variant: Option<String>,
    /// Train the learner in any case, and write the losses after each epoch into this folder, too. They replace
    /// the losses that are cached, and on a GPU they differ from those of an earlier training
    #[arg(long, value_name = "DIR")]
    by_epoch: Option<PathBuf>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// The order of a name in specs.
fn order(name: &str) -> Result<LossOrder, String> {
    let value = toml::Value::from(name).try_into::<LossOrder>();
    value.map_err(|_| "use loss, loss-low-first, published-string-sort or published-string-sort-low-first".into())
}

pub(super) fn pretext(args: PretextArgs) -> Result<i32> {
    match args.verb {
        Verb::Losses(args) => {
            let LossesArgs { spec: args, machine, start, seed, variant, by_epoch, out } = *args;
            say_when_stopped(Stopped::GoesOn);
            let options = machine.options(&start)?;
            let file = args.spec.clone();
            let spec = args.load_on(&options)?;
            if let Some(name) = &variant {
                let known: Vec<&str> = spec.variants.keys().map(String::as_str).collect();
                ensure!(
                    spec.variants.contains_key(name),
                    "--variant {name}: the spec has {}",
                    if known.is_empty() {
                        "no variants; leave it out".into()
                    } else {
                        format!("only {}", known.join(", "))
                    }
                );
            }
            let losses = spec.protocols().filter_map(|(_, protocol)| protocol.loss_file()).map(|losses| &losses.file);
            let mut inputs = std::iter::once(&file).chain(losses);
            ensure!(
                !inputs.any(|input| is_same(input, &out)),
                "--out {}: the spec or its losses would be replaced; choose another file",
                out.display()
            );
            let seed = seed.unwrap_or(spec.seeds[0]);
            let consent = |cost: &crate::runner::Cost| start.consent(cost, &args, &options.device);
            let (variant, by_epoch) = (variant.as_deref(), by_epoch.as_deref());
            if let Some(folder) = by_epoch {
                let any = std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some());
                ensure!(!any, "--by-epoch {}: is not empty; name a new folder", folder.display());
            }
            let losses = crate::runner::pretext_losses(&spec, variant, &options, seed, by_epoch, &consent)?;
            losses.write(&out)?;
            super::print(format!("{}: {} losses", out.display(), losses.rows.len()))?;
        }
        Verb::Agree(args) => agree(&args)?,
        Verb::Split { losses: file, batches, order, out } => {
            let losses = Losses::read(&file)?;
            let images = losses.rows.len();
            ensure!(batches > 0, "--batches is 0; it must be at least 1");
            ensure!(batches <= images, "--batches {batches}: {} has only {images} losses; lower it", file.display());
            let written = |i: usize| out.join(format!("batch_{i}.csv"));
            let same = |path: &Path| is_same(path, &file);
            let entries = std::fs::read_dir(&out).map(|entries| entries.flatten().map(|entry| entry.path()).collect());
            let there: Vec<PathBuf> = entries.unwrap_or_default();
            let stale: Vec<&PathBuf> =
                there.iter().filter(|path| number_of(path).is_some_and(|number| number >= batches)).collect();
            ensure!(
                !(0..batches).map(written).any(|path| same(&path)) && !stale.iter().any(|path| same(path)),
                "--losses {}: would be replaced by a pretext batch; choose another folder with --out",
                file.display()
            );
            let mut sizes = Vec::new();
            for (i, batch) in split_into_batches(&losses, order, batches).into_iter().enumerate() {
                let loss_of = |index: usize| losses.rows[losses.rows.partition_point(|row| row.0 < index)];
                let rows: Vec<store::LossRow> = batch.into_iter().map(|index| loss_of(index).into()).collect();
                sizes.push(rows.len());
                store::write_csv(&written(i), &rows)?;
            }
            // A folder with more batches than were asked for would be read as more.
            for path in stale {
                std::fs::remove_file(path).map_err(|e| {
                    anyhow!("{}: is of an earlier split and cannot be removed ({e}); remove it", path.display())
                })?;
            }
            let (least, most) = (sizes[batches - 1], sizes[0]);
            let sizes = if least == most { least.to_string() } else { format!("{least} or {most}") };
            super::print(format!("{}: {batches} pretext batches of {sizes} images", out.display()))?;
        }
    }
    Ok(0)
}

/// Compares losses, writes the folder, and prints its table.
fn agree(args: &AgreeArgs) -> Result<()> {
    let spec = args.spec.load(WHOLE)?;
    let read = pt4al_data::validate(&spec, &args.data.path)?;
    let of_measure = Losses::read(&args.with)?;
    let name = |path: &Path| path.with_extension("").display().to_string();
    let others: Vec<(String, Losses)> =
        args.losses.iter().map(|path| Ok((name(path), Losses::read(path)?))).collect::<Result<_>>()?;
    let train = read.splits.train.len;
    for (path, losses) in args.losses.iter().chain([&args.with]).zip(others.iter().map(|of| &of.1).chain([&of_measure]))
    {
        let highest = losses.rows.last().map_or(0, |row| row.0);
        ensure!(
            highest < train,
            "{}: has a loss for image {highest}, but the train split has {train} images, counted from 0; these losses are of other data",
            path.display()
        );
    }
    let classes = read.splits.train.classes().map(|classes| classes.iter().map(|&class| usize::from(class)).collect());
    let agreement = Agreement {
        measure: args.with.file_stem().map_or_else(|| name(&args.with), |stem| stem.to_string_lossy().into_owned()),
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

/// Whether both are there and one file.
fn is_same(a: &Path, b: &Path) -> bool {
    a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b))
}

/// The number of a file that a split wrote.
fn number_of(path: &Path) -> Option<usize> {
    path.file_name()?.to_str()?.strip_prefix("batch_")?.strip_suffix(".csv")?.parse().ok()
}
