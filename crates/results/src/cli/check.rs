//! `pt4al check`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, anyhow, ensure};
use clap::Args;

use crate::gate::{Allowed, Gate, claims, junit};
use crate::machine::say;
use crate::results::Results;
use crate::store::write_atomically;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes with --against: 0 if the curves held, 1 if any moved, 2 if they could not be compared.\n\
    Without it: 0 if claims held and none failed, 1 if any failed, 2 if nothing could be judged (no claim, or none that \
    held), or if a claim names an arm that the spec does not have."
)]
pub struct CheckArgs {
    /// The results folder, for instance results/demo
    results: PathBuf,
    /// The results folder that its curves are held against; without it, the spec's own [[expect]] are judged
    #[arg(long, value_name = "BASELINE")]
    against: Option<PathBuf>,
    /// A key that may differ, with all below it: train.epochs, train, data, manifest, samplers, trials; may be repeated
    #[arg(long = "allow", value_name = "KEY", requires = "against")]
    allowed: Vec<String>,
    /// Write what was found as a page
    #[arg(long, value_name = "FILE", requires = "against")]
    markdown: Option<PathBuf>,
    /// Write what was found as JUnit XML
    #[arg(long, value_name = "FILE", requires = "against")]
    junit: Option<PathBuf>,
}

/// Gives the exit code; every error is 2, as nothing was compared or judged then.
pub(super) fn check(args: &CheckArgs) -> Result<i32> {
    let done = match &args.against {
        Some(_) => against(args),
        None => expectations(args),
    };
    Ok(done.unwrap_or_else(|error| {
        super::say_error(&format!("{error:#}"));
        2
    }))
}

fn against(args: &CheckArgs) -> Result<i32> {
    let baseline = args.against.as_ref().expect("asked for");
    ensure_apart(args, baseline)?;
    let start = Instant::now();
    let check = Gate::of_folders(&args.results, baseline, &Allowed::new(&args.allowed));
    for warning in &check.warnings {
        say(&format!("warning: {warning}"));
    }
    // Pages first: whoever reads the exit code looks for them.
    if let Some(path) = &args.junit {
        let xml = junit(&check, start.elapsed().as_secs_f64());
        write_atomically(path, |out| out.write_all(xml.as_bytes()))?;
    }
    if let Some(path) = &args.markdown {
        let page = check.markdown();
        write_atomically(path, |out| out.write_all(page.as_bytes()))?;
    }
    let text = check.text();
    if check.outcome.is_err() {
        if !text.is_empty() {
            super::print(text)?;
        }
        return Err(anyhow!("{}", check.summary()));
    }
    // What the spec expects is no part of the gate: its level would be lost.
    if let Some(claims) = &check.claims {
        super::print("**What the spec expects** (for information: it has no part in the exit code)\n")?;
        super::print(&claims.text)?;
    }
    super::print(text.trim_end())?;
    Ok(check.code())
}

/// What is written is no file of either results folder, and two files are two.
fn ensure_apart(args: &CheckArgs, baseline: &Path) -> Result<()> {
    // Where a file would lie: it need not be there yet.
    let place = |path: &PathBuf| -> PathBuf {
        let full = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let found = || Some(full.parent()?.canonicalize().ok()?.join(full.file_name()?));
        found().unwrap_or_else(|| full.clone())
    };
    ensure!(
        args.junit.is_none() || args.junit.as_ref().map(place) != args.markdown.as_ref().map(place),
        "--junit and --markdown name the same file; name two"
    );
    let folders = [args.results.as_path(), baseline];
    for path in args.junit.iter().chain(&args.markdown) {
        let inside = |folder: &&Path| folder.canonicalize().is_ok_and(|f| place(path).starts_with(f));
        if let Some(folder) = folders.iter().find(|folder| inside(folder)) {
            anyhow::bail!(
                "{}: is in the results folder {}; name a file outside of it",
                path.display(),
                folder.display()
            );
        }
    }
    Ok(())
}

fn expectations(args: &CheckArgs) -> Result<i32> {
    let results = Results::read(&args.results)?;
    for warning in results.warnings() {
        say(&format!("warning: {warning}"));
    }
    let claims = claims(&results);
    super::print(&claims.text)?;
    if claims.code() == 2 {
        let what = if claims.all == 0 {
            "the spec makes no claim; add [[expect]] to it, or name a baseline with --against".into()
        } else if !claims.unknown.is_empty() {
            let unknown = claims.unknown.join(", ");
            format!(
                "claims name what is not among the arms ({unknown}); correct [[expect]] in the spec, or run these too"
            )
        } else {
            let summary = claims.summary();
            format!(
                "nothing could be judged ({summary}); run what the claims are of, on more seeds where they are undecided"
            )
        };
        return Err(anyhow!("{}: {what}", args.results.display()));
    }
    super::print(claims.summary())?;
    Ok(claims.code())
}
