//! `pt4al baseline`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::gate::baseline::{Acceptance, accept};
use crate::{machine, report::claims};

#[derive(Debug, Args)]
pub struct BaselineArgs {
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
    /// Write one page for all results folders in a folder: each claim, the published number, and what every folder measured of it
    Page {
        /// The folder that holds the results folders; the page is its README.md, which is replaced
        #[arg(value_name = "DIR", default_value = "results/baseline")]
        dir: PathBuf,
    },
}

/// Does what the verb says and gives the exit code.
pub(super) fn baseline(args: &BaselineArgs) -> Result<i32> {
    match &args.verb {
        Verb::Accept { results, to, reason, partial } => {
            let (folder, entry) = accept(&Acceptance { results, to: to.as_deref(), reason, partial: *partial })?;
            super::print(format!("{}: accepted as the baseline", folder.display()))?;
            if !entry.summary.is_empty() {
                super::print(format!("against the one before it: {}", entry.summary))?;
            }
            Ok(0)
        }
        Verb::Page { dir } => {
            let (written, warnings) = claims::write(dir)?;
            warnings.iter().for_each(|warning| machine::say(&format!("warning: {warning}")));
            super::report::say(&written, false)
        }
    }
}
