//! `pt4al correlate`.

use anyhow::Result;
use clap::Args;

use super::SpecArgs;
use super::run::MachineArgs;
use crate::{report, runner};

#[derive(Debug, Args)]
pub(super) struct CorrelateArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    /// The seed of the pretext learner and of the task models; the spec's first without it
    #[arg(long)]
    seed: Option<u64>,
}

/// Trains what is needed, writes the results folder <experiment>[-<profile>]-correlation, and prints its table.
pub(super) fn correlate(args: &CorrelateArgs) -> Result<i32> {
    let options = args.machine.options(None)?;
    let spec = args.spec.load_on(&options)?;
    let (folder, findings) = runner::correlate(&spec, &options, args.seed.unwrap_or(spec.seeds[0]))?;
    super::report::say(&report::correlation::write(&folder, &findings)?)
}
