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
    /// A Python whose PyTorch is measured beside it
    #[arg(long, value_name = "PROGRAM")]
    python: Option<String>,
    /// Write the table to a file, too
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints what was found, and gives the exit code: 1 if something is not as it should be.
pub(super) fn gpu_check(args: &GpuCheckArgs) -> Result<i32> {
    say_when_stopped(Stopped::NothingKept);
    let options = args.machine.options(&StartArgs::default())?;
    let found = runner::gpu_check(&args.spec.load("paper")?, &options, args.python.as_deref())?;
    super::print(&found.page)?;
    if let Some(path) = &args.out {
        std::fs::write(path, &found.page)
            .map_err(|e| anyhow!("{}: cannot be written ({e}); choose another --out", path.display()))?;
    }
    for fault in &found.faults {
        pt4al_results::machine::say(&format!("error: {fault}"));
    }
    Ok(i32::from(!found.faults.is_empty()))
}
