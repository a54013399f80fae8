//! `pt4al verify`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;

use crate::machine::say;
use crate::store;
use crate::words::counted;

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Results folders, for instance results/demo
    #[arg(value_name = "RESULTS", required = true)]
    folders: Vec<PathBuf>,
    /// Accept the files as they are now, and note why they were changed: in manifest.json, and so on every page
    #[arg(long, value_name = "REASON")]
    accept: Option<String>,
}

/// Does what the verb says and returns the exit code.
pub(super) fn verify(args: &VerifyArgs) -> Result<i32> {
    let mut code = 0;
    for folder in &args.folders {
        match &args.accept {
            Some(reason) => accept(folder, reason)?,
            None => code = code.max(compare(folder)?),
        }
    }
    Ok(code)
}

fn compare(folder: &Path) -> Result<i32> {
    let found = store::verify(folder)?;
    for problem in &found.problems {
        say(&format!("error: {problem}"));
    }
    let mut line = format!("{}: {} as pt4al wrote them", folder.display(), counted(found.intact, "file"));
    if !found.problems.is_empty() {
        line += &format!(
            ", {} not; the command that made them repairs what is certain; if they were changed on purpose, add --accept REASON",
            found.problems.len()
        );
    }
    if let Some(first) = found.unlisted.first() {
        line += &format!(
            "; {} without a checksum (the first: {first}), which the next `pt4al run` or --accept gives them",
            counted(found.unlisted.len(), "file")
        );
    }
    super::print(line)?;
    Ok(i32::from(!found.problems.is_empty()))
}

fn accept(folder: &Path, reason: &str) -> Result<()> {
    let accepted = store::accept(folder, reason)?;
    let shown = folder.display();
    match accepted.changed.as_slice() {
        [] => super::print(format!(
            "{shown}: nothing was changed; {} got a first checksum",
            counted(accepted.added, "file")
        )),
        changed => super::print(format!("{shown}: accepted, with the reason in manifest.json: {}", changed.join(", "))),
    }
}
