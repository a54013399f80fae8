//! `pt4al gpu-check`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;

use super::SpecArgs;
use super::run::MachineArgs;
use super::start::StartArgs;
use super::stopped::{Stopped, say_when_stopped};
use crate::runner;

#[derive(Debug, Args)]
pub(super) struct GpuCheckArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    /// Also measure the PyTorch of this Python, for comparison
    #[arg(long, value_name = "PROGRAM")]
    python: Option<String>,
    /// Also write the page to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints the result and returns the exit code: 1 if something is wrong.
pub(super) fn gpu_check(args: &GpuCheckArgs) -> Result<i32> {
    say_when_stopped(Stopped::Nothing, || {});
    let options = args.machine.options(&StartArgs::default())?;
    let check = runner::gpu_check(&args.spec.load("paper")?, &options, args.python.as_deref())?;
    super::print(&check.page)?;
    if let Some(path) = &args.out {
        std::fs::write(path, &check.page)
            .map_err(|e| anyhow!("{}: cannot be written ({e}); choose another --out", path.display()))?;
    }
    for fault in &check.faults {
        pt4al_results::machine::say(&format!("error: {fault}"));
    }
    Ok(i32::from(!check.faults.is_empty()))
}
