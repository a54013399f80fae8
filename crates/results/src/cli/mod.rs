//! The verbs that need specs and results alone: their arguments, and what they print. The program `pt4al` has them beside
//! its own verbs; the program `pt4al-results` has only these.

mod baseline;
mod check;
mod explain;
mod list;
mod report;
pub mod usage;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Parser, Subcommand};

use crate::report::compare;
pub use report::say as say_written;

/// Read, check and report results of active-learning experiments.
#[derive(Debug, Parser)]
#[command(name = "pt4al-results", version, about)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

/// A verb of the command line with its arguments.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write tables and curves for a results folder
    Report(report::ReportArgs),
    /// Several results folders in one table and one picture, with the keys in which their specs differ
    Compare {
        /// Folders that `run` made: what is compared with, then what is compared
        #[arg(required = true, num_args = 2..)]
        folders: Vec<PathBuf>,
        /// Where the page, the picture and the CSVs go [default: comparison-A-B beside the first]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Hold learning curves against a baseline, or against what the spec expects: exit code 0 if they held, 1 if any
    /// moved, 2 if they could not be compared
    Check(check::CheckArgs),
    /// Record results as the baseline that later ones are held against, or write the page of all claims
    Baseline(baseline::BaselineArgs),
    /// List the experiments
    List {
        /// The folder of the specs
        #[arg(long, default_value = "experiments")]
        experiments: PathBuf,
    },
    /// Explain a key of specs: meaning, type, default, values, example and source
    Explain(explain::ExplainArgs),
}

impl Verb {
    /// Does what the verb says and gives the exit code.
    ///
    /// # Errors
    /// What is printed as one line, `error: ...`, with exit code 1.
    pub fn run(&self) -> Result<i32> {
        match self {
            Self::Report(args) => report::report(&args.folder, args.out.as_deref()),
            Self::Compare { folders, out } => {
                let out = out.clone().unwrap_or_else(|| compare::default_folder(folders));
                compare::compare(folders, &out).and_then(|written| say_written(&written, false))
            }
            Self::Check(args) => check::check(args),
            Self::Baseline(args) => baseline::baseline(args),
            Self::List { experiments } => list::list(experiments),
            Self::Explain(args) => explain::explain(args),
        }
    }
}

/// Runs the command line of `pt4al-results` and gives the exit code: 0, 1 if something failed, 2 for wrong usage. For
/// `check`: 0 if the curves held, 1 if any moved, 2 if they could not be compared, which is also what any error is.
pub fn main() -> i32 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error),
    };
    cli.verb.run().unwrap_or_else(|error| {
        say_error(&format!("{error:#}"));
        1
    })
}

/// Prints a line of results. Whoever stops reading, as `head` does, has read enough.
///
/// # Errors
/// If standard output cannot be written.
pub fn print(line: impl std::fmt::Display) -> Result<()> {
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(anyhow!("standard output: cannot be written ({error}); send it elsewhere"))
        }
        _ => Ok(()),
    }
}

/// Prints `error: ...` as one line. Names that people give may hold line breaks and control characters; they become spaces.
pub fn say_error(message: &str) {
    crate::machine::say(&format!("error: {}", message.replace(char::is_control, " ")));
}
