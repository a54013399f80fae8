//! `pt4al explain`.

use anyhow::Result;
use clap::Args;

use crate::spec::reference;

/// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The key, for instance train.schedule; without it, the top-level keys are listed
    key: Option<String>,
    /// Print the whole reference as Markdown
    #[arg(long, conflicts_with = "key")]
    markdown: bool,
}

/// Explains a key of specs.
///
/// # Errors
/// If there is no such key.
pub(super) fn explain(args: &ExplainArgs) -> Result<i32> {
    if args.markdown {
        super::print(reference::markdown().trim_end())?;
    } else {
        super::print(reference::explain(args.key.as_deref())?)?;
    }
    Ok(0)
}
