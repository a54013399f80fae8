//! `pt4al check`.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, anyhow};
use clap::Args;

use crate::gate::{Allowed, Gate, claims, junit};
use crate::machine::say;
use crate::results::Results;
use crate::store::write_atomically;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes with --against: 0 if the curves held, 1 if any moved, 2 if they could not be compared.\n\
    Exit codes without it: 1 if a claim did not hold; else 2 if none held, or if a claim names an arm that the spec does \
    not have; else 0."
)]
pub struct CheckArgs {
    /// The results folder, for instance results/demo
    results: PathBuf,
    /// Results folder to compare the curves with; without it, the spec's claims ([[expect]]) are tested
    #[arg(long, value_name = "BASELINE")]
    against: Option<PathBuf>,
    /// A key in which the folders may differ, including keys below it: train.epochs, train, data, manifest, samplers, trials; may
    /// be repeated
    #[arg(long = "allow", value_name = "KEY", requires = "against")]
    allowed: Vec<String>,
    /// Also write the result as a Markdown page
    #[arg(long, value_name = "FILE", requires = "against")]
    markdown: Option<PathBuf>,
    /// Also write the result as a page with the curves of both: FILE.html, or a folder for README.md, report.html and pictures
    #[arg(long, value_name = "FILE.html|DIR", requires = "against")]
    page: Option<PathBuf>,
    /// Also write the result as JUnit XML
    #[arg(long, value_name = "FILE", requires = "against")]
    junit: Option<PathBuf>,
}

/// Returns the exit code. For an error it is 2, since nothing was compared then.
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

/// Compares the curves with those of a baseline.
fn against(args: &CheckArgs) -> Result<i32> {
    let baseline = args.against.as_ref().expect("`check` has seen it");
    ensure_apart(args, baseline)?;
    let start = Instant::now();
    let check = Gate::of_folders(&args.results, baseline, &Allowed::new(&args.allowed));
    for warning in &check.warnings {
        say(&format!("warning: {warning}"));
    }
    // The files come first, since a reader of the exit code expects them to exist.
    if let Some(path) = &args.junit {
        let xml = junit(&check, start.elapsed().as_secs_f64());
        write_atomically(path, |out| out.write_all(xml.as_bytes()))?;
    }
    if let Some(path) = &args.markdown {
        let page = check.markdown();
        write_atomically(path, |out| out.write_all(page.as_bytes()))?;
    }
    if let Some(path) = &args.page {
        check.write_page(path)?;
    }
    let text = check.text();
    if check.outcome.is_err() {
        if !text.is_empty() {
            super::print(text)?;
        }
        return Err(anyhow!("{}", check.summary()));
    }
    // The claims are no part of the gate, whose significance level they would change.
    if let Some(claims) = &check.claims {
        super::print("**Claims of the spec** (for information: they do not affect the exit code)\n")?;
        super::print(&claims.text)?;
    }
    super::print(text.trim_end())?;
    Ok(check.code())
}

/// Checks that the files to write are outside both results folders, and are not the same file.
fn ensure_apart(args: &CheckArgs, baseline: &Path) -> Result<()> {
    let named = [("--junit", &args.junit), ("--markdown", &args.markdown), ("--page", &args.page)];
    let paths: Vec<(&str, &Path)> = named.iter().filter_map(|(name, path)| Some((*name, path.as_deref()?))).collect();
    for (i, (name, path)) in paths.iter().enumerate() {
        if let Some((other, _)) = paths[i + 1..].iter().find(|(_, other)| resolved(other) == resolved(path)) {
            anyhow::bail!("{name} and {other} name the same file; name two");
        }
    }
    let folders = [args.results.as_path(), baseline];
    for (_, path) in paths {
        let inside = |folder: &&Path| folder.canonicalize().is_ok_and(|f| resolved(path).starts_with(f));
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

/// The resolved path of a file that need not exist yet.
fn resolved(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = full.parent().and_then(|folder| folder.canonicalize().ok());
    match (folder, full.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => full,
    }
}

/// Tests the claims of the spec.
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
                "claims name arms that the spec does not have ({unknown}); correct [[expect]] in the spec, or run these arms too"
            )
        } else {
            let summary = claims.summary();
            format!(
                "no claim is decided ({summary}); run the arms that the claims name, with more seeds if claims are undecided"
            )
        };
        return Err(anyhow!("{}: {what}", args.results.display()));
    }
    super::print(claims.summary())?;
    Ok(claims.code())
}
