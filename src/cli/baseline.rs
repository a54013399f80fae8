//! `pt4al baseline`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::check::baseline::{Acceptance, accept};

#[derive(Debug, Args)]
pub(super) struct BaselineArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Copy results to where the baseline lies, and note why; what was accepted before stays in its baseline.json
    Accept {
        /// The results folder, for instance results/demo
        results: PathBuf,
        /// The baseline's folder; baseline/<name> beside the results without it. What it holds is replaced: a baseline, or
        /// results of the same experiment and profile in which no run can go on
        #[arg(long = "as", value_name = "DIR")]
        to: Option<PathBuf>,
        /// Why later results are to be held against these
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Accept results that lack trials or rounds, too
        #[arg(long)]
        partial: bool,
    },
}

/// Does what the verb says and gives the exit code.
pub(super) fn baseline(args: &BaselineArgs) -> Result<i32> {
    let Verb::Accept { results, to, reason, partial } = &args.verb;
    let (folder, entry) = accept(&Acceptance { results, to: to.as_deref(), reason, partial: *partial })?;
    super::print(format!("{}: accepted as the baseline", folder.display()))?;
    if !entry.summary.is_empty() {
        super::print(format!("against the one before it: {}", entry.summary))?;
    }
    Ok(0)
}
