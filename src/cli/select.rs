//! `pt4al select`.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use super::SpecArgs;
use super::run::MachineArgs;
use super::start::{StartArgs, halted};
use super::stopped::{Stopped, say_when_stopped};
use crate::runner::{self, Asked, Chosen};
use pt4al_data::labeled::LabelFile;
use pt4al_results::cli::usage::whole_number;
use pt4al_results::store::{PicksOrigin, picks_origin_path};
use pt4al_results::words::counted;

#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    start: StartArgs,
    /// A CSV file of labels with the columns path,label (index,label if images have only numbers); may be repeated. Without labels the
    /// initial set of the arm is chosen
    #[arg(long, value_name = "FILE")]
    labeled: Vec<PathBuf>,
    /// Number of images to choose [default: `rounds.query` of the spec, without labels `rounds.initial`]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    n: Option<usize>,
    /// The arm that chooses, for instance entropy or pretext-batch@wide; needed if the spec has several
    #[arg(long, value_name = "NAME")]
    arm: Option<String>,
    /// Seed of the weights and of all random choices [default: the first seed of the spec]
    #[arg(long, value_name = "S", allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    seed: Option<u64>,
    /// The round of the choice, which names the pretext batch and the random numbers [default: the one that a run of the spec would be
    /// in with as many labels]
    #[arg(long, value_name = "R", allow_negative_numbers = true, value_parser = whole_number::<usize>)]
    round: Option<usize>,
    /// File for the picks: a CSV file rank,index,path,label to be filled in. A JSON file beside it says how they were chosen. An
    /// existing file is not replaced
    #[arg(long, value_name = "FILE", default_value = "picks.csv")]
    out: PathBuf,
}

/// Trains, chooses, writes, and returns the exit code.
pub(super) fn select(args: SelectArgs) -> Result<i32> {
    let SelectArgs { spec: source, machine, start, labeled, n, arm, seed, round, out } = args;
    say_when_stopped(Stopped::Resumable, || {});
    let options = machine.options(&start)?;
    let spec = source.load_on(&options)?;
    ensure!(!out.is_dir(), "--out {}: is a folder; name a file", out.display());
    let labeled = labeled.iter().map(|path| LabelFile::read(path)).collect::<Result<_>>()?;
    let asked = Asked { arm, seed: seed.unwrap_or(spec.seeds[0]), labeled, n, round, out };
    let consent = |cost: &runner::Cost| start.consent(cost, &source, &options.device);
    match runner::select(&spec, &asked, &options, &consent)? {
        Chosen::Done(chosen) => say_done(&asked, &chosen)?,
        Chosen::Already => {
            super::print(format!("{}: has these picks already; nothing was changed", asked.out.display()))?
        }
        Chosen::Halted(halt) => return Ok(halted(&halt)),
    }
    Ok(0)
}

/// Prints how good the model is, and where the picks are.
fn say_done(asked: &Asked, chosen: &PicksOrigin) -> Result<()> {
    for metric in chosen.metrics.iter().filter(|metric| metric.metric == "accuracy") {
        super::print(format!(
            "accuracy of the model ({}): {:.1} % on {}",
            metric.select,
            100.0 * metric.value,
            if metric.images == "test" { "the test images" } else { "held-out labels" }
        ))?;
    }
    super::print(format!(
        "{}: {} to label, the first choice first; {} says how they were chosen",
        asked.out.display(),
        counted(chosen.inputs.n, "image"),
        picks_origin_path(&asked.out).display()
    ))
}
