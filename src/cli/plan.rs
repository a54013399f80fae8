//! `pt4al plan`.

use anyhow::Result;
use clap::Args;

use super::SpecArgs;
use super::run::MachineArgs;
use super::start::StartArgs;
use super::stopped::{Stopped, say_when_stopped};
use crate::runner;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
}

/// Prints the plan, and returns the exit code.
pub(super) fn plan(args: &PlanArgs) -> Result<i32> {
    say_when_stopped(Stopped::Nothing, || {});
    let options = args.machine.options(&StartArgs::default())?;
    super::print(runner::plan(&args.spec.load_on(&options)?, &options, true)?)?;
    Ok(0)
}
