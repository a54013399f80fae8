//! `pt4al plan`.

use anyhow::Result;
use clap::Args;

use super::SpecArgs;
use super::run::MachineArgs;
use crate::runner;

#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
}

/// Prints the plan.
pub(super) fn plan(args: &PlanArgs) -> Result<i32> {
    let options = args.machine.options(None)?;
    let profile = match args.spec.profile.as_str() {
        "paper" => None,
        "auto" => (options.device == "cpu").then_some("cpu"),
        profile => Some(profile),
    };
    println!("{}", runner::plan(&args.spec.load(profile)?, &options)?);
    Ok(0)
}
