//! `pt4al report`, and what every verb that makes a page says of it.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::report::{self, Written};
use crate::shell;

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A folder that `run` made, for instance results/demo
    pub folder: PathBuf,
    /// Write the pages, tables and curves to another folder, and leave the results folder as it is
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// Reports a results folder, and gives the exit code.
pub(super) fn report(folder: &Path, out: Option<&Path>) -> Result<i32> {
    say(&report::report(folder, out)?, false)
}

/// Prints what was found, unless little is to be said, and then which page to open; gives the exit code.
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
