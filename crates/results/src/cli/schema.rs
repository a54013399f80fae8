//! `pt4al schema`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;

use crate::spec::schema_for_editors;

/// Where the schema goes.
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Write it to this file [default: print it]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints or writes the JSON Schema of spec files.
///
/// # Errors
/// If it cannot be written.
pub(super) fn schema(args: &SchemaArgs) -> Result<i32> {
    let text = serde_json::to_string_pretty(&schema_for_editors())?;
    match &args.out {
        None => super::print(text)?,
        Some(path) => std::fs::write(path, text + "\n")
            .map_err(|e| anyhow!("{}: cannot be written ({e}); name another file with --out", path.display()))?,
    }
    Ok(0)
}
