//! `pt4al data`.

use anyhow::Result;
use clap::{Args, Subcommand};

use super::DataDir;

#[derive(Debug, Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    verb: DataVerb,
}

#[derive(Debug, Subcommand)]
enum DataVerb {
    /// The data sets that pt4al knows, and whether they are there
    List {
        #[command(flatten)]
        data: DataDir,
    },
}

pub(super) fn data(_args: &DataArgs) -> Result<i32> {
    Ok(0)
}
