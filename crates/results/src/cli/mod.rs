//! The verbs that need only specs and results: their arguments and what they print. The program `pt4al` has them in addition
//! to its own verbs; the program `pt4al-results` has only these.

mod baseline;
mod check;
mod explain;
mod list;
mod queries;
mod report;
mod schema;
mod status;
pub mod usage;
mod verify;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Parser, Subcommand};

use crate::report::folders;
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
    /// Write the page, tables and curves of a results folder
    Report(report::ReportArgs),
    /// Say how far a results folder is, also while a run works on it
    Status(status::StatusArgs),
    /// List the images that rounds asked labels for, for instance to hand them to annotators
    Queries(queries::QueriesArgs),
    /// Compare several results folders: one table, one picture, and the keys in which their specs differ
    Compare {
        /// Results folders; the others are compared with the first
        #[arg(required = true, num_args = 2..)]
        folders: Vec<PathBuf>,
        /// Folder for the page, the picture and the CSV files [default: comparison-A-B beside the first results folder]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Check learning curves against a baseline, or against the claims of the spec: exit code 0 if they held, 1 if not, 2 if they
    /// could not be checked
    Check(check::CheckArgs),
    /// Record results as a baseline for `check`, or write the page of all claims
    Baseline(baseline::BaselineArgs),
    /// Compare the files of results folders with their checksums, or accept files that were changed on purpose: exit code 0 if all
    /// are as pt4al wrote them, 1 if not
    Verify(verify::VerifyArgs),
    /// List the experiments
    List {
        /// Folder of the specs
        #[arg(long, default_value = "experiments")]
        experiments: PathBuf,
    },
    /// Explain a key of specs: meaning, type, default, values, example and source
    Explain(explain::ExplainArgs),
    /// Print the JSON Schema of spec files, with which an editor completes and checks their keys
    Schema(schema::SchemaArgs),
}

impl Verb {
    /// Does what the verb says and returns the exit code.
    ///
    /// # Errors
    /// The error is to be printed as one line, `error: ...`; the exit code is then 1.
    pub fn run(&self) -> Result<i32> {
        match self {
            Self::Report(args) => report::report(&args.folder, args.out.as_deref()),
            Self::Status(args) => status::status(args),
            Self::Queries(args) => queries::queries(args),
            Self::Compare { folders, out } => {
                let out = out.clone().unwrap_or_else(|| folders::default_folder(folders));
                folders::compare(folders, &out).and_then(|written| say_written(&written, false))
            }
            Self::Check(args) => check::check(args),
            Self::Baseline(args) => baseline::baseline(args),
            Self::Verify(args) => verify::verify(args),
            Self::List { experiments } => list::list(experiments),
            Self::Explain(args) => explain::explain(args),
            Self::Schema(args) => schema::schema(args),
        }
    }
}

/// Runs the command line of `pt4al-results` and returns the exit code: 0, 1 if something failed, 2 for wrong usage. For
/// `check`: 0 if the curves held, 1 if any moved, 2 if they could not be compared or for any error.
pub fn main() -> i32 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error, "pt4al-results"),
    };
    cli.verb.run().unwrap_or_else(|error| {
        say_error(&format!("{error:#}"));
        1
    })
}

/// Prints a line of results. It is no error if the reader stops reading early, as `head` does.
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

/// Prints `error: ...` as one line. Line breaks and control characters, which names of files may contain, become spaces.
pub fn say_error(message: &str) {
    say_error_lines([message]);
}

/// [`say_error`] for the errors that list files: these keep their lines.
pub fn say_error_lines<'a>(lines: impl IntoIterator<Item = &'a str>) {
    let plain: Vec<String> = lines.into_iter().map(|line| line.replace(char::is_control, " ")).collect();
    crate::machine::say(&format!("error: {}", plain.join("\n")));
}
