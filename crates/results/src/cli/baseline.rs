//! `pt4al baseline`.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::gate::baseline::{Acceptance, accept};
use crate::machine;
use crate::report::{claims, splice};
use crate::words::counted;

#[derive(Debug, Args)]
pub struct BaselineArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Copy results into the baseline's folder and record the reason; baseline.json keeps the earlier entries
    Accept {
        /// The results folder, for instance results/demo
        results: PathBuf,
        /// The baseline's folder [default: baseline/<name> beside the results]. Its content is replaced; that must be a baseline,
        /// or results of the same experiment and profile that no run can continue
        #[arg(long = "as", value_name = "DIR")]
        to: Option<PathBuf>,
        /// Why these results become the baseline
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Also accept results that lack trials or rounds
        #[arg(long)]
        partial: bool,
    },
    /// Write one page about all results folders in a folder: each claim, its published number, and the result in each folder
    Page {
        /// The folder of the results folders; the page replaces its README.md
        #[arg(value_name = "DIR", default_value = "results/baseline")]
        dir: PathBuf,
    },
    /// Bring the tables of Markdown files up to date: those between `<!-- table: FOLDER TABLE [rows=PATTERN] -->` and
    /// `<!-- /table -->`
    Splice {
        /// For instance docs/results.md
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
}

/// Does what the verb says and returns the exit code.
pub(super) fn baseline(args: &BaselineArgs) -> Result<i32> {
    match &args.verb {
        Verb::Accept { results, to, reason, partial } => {
            let (folder, entry) = accept(&Acceptance { results, to: to.as_deref(), reason, partial: *partial })?;
            super::print(format!("{}: accepted as the baseline", folder.display()))?;
            if !entry.summary.is_empty() {
                super::print(format!("compared with the previous baseline: {}", entry.summary))?;
            }
            Ok(0)
        }
        Verb::Page { dir } => {
            let (written, warnings) = claims::write(dir)?;
            warnings.iter().for_each(|warning| machine::say(&format!("warning: {warning}")));
            super::report::say(&written, false)
        }
        Verb::Splice { files } => {
            for file in files {
                let tables = splice::splice(file)?;
                super::print(format!("{}: {}", file.display(), counted(tables, "table")))?;
            }
            Ok(0)
        }
    }
}
