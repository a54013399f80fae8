//! `pt4al report`, and what every verb that writes a page prints about it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::report::{self, Written};
use crate::shell;

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The results folder, for instance results/demo
    pub folder: PathBuf,
    /// Write the page, tables and curves into this folder instead of the results folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Writes the report of a results folder, and returns the exit code.
pub(super) fn report(folder: &Path, out: Option<&Path>) -> Result<i32> {
    say(&report::report(folder, out)?, false)
}

/// Prints the results (not if `quiet`) and which page to open; returns the exit code.
///
/// # Errors
/// If standard output cannot be written.
pub fn say(written: &Written, quiet: bool) -> Result<i32> {
    if !quiet {
        super::print(format!("{}\n", written.text.trim_end()))?;
    }
    super::print(format!("open {}", shell::word(written.page.as_os_str())))?;
    Ok(0)
}
