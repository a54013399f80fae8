//! `pt4al correlate`.

use anyhow::Result;
use clap::Args;

use super::SpecArgs;
use super::run::MachineArgs;
use super::start::{StartArgs, halted};
use super::stopped::{Stopped, say_when_stopped};
use crate::runner;
use crate::runner::Correlated;
use pt4al_results::cli::usage::whole_number;
use pt4al_results::report;

#[derive(Debug, Args)]
pub(super) struct CorrelateArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    start: StartArgs,
    /// Seed of the pretext learner and the task models [default: the first seed of the spec]
    #[arg(long, allow_negative_numbers = true, value_parser = whole_number::<u64>)]
    seed: Option<u64>,
}

/// Trains what is missing, writes the results folder <experiment>[-<profile>]-correlation, and prints its table.
pub(super) fn correlate(args: &CorrelateArgs) -> Result<i32> {
    say_when_stopped(Stopped::Resumable, || {});
    let options = args.machine.options(&args.start)?;
    let spec = args.spec.load_on(&options)?;
    let seed = args.seed.unwrap_or(spec.seeds[0]);
    let consent = |cost: &runner::Cost| args.start.consent(cost, &args.spec, &options.device);
    match runner::correlate(&spec, &options, seed, &consent)? {
        Correlated::Done(folder, findings) => {
            pt4al_results::cli::say_written(&report::correlation::write(&folder, &findings)?, args.start.quiet)
        }
        Correlated::Halted(halt) => Ok(halted(&halt)),
    }
}
