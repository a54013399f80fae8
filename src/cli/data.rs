//! `pt4al data`.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::DataDir;
use super::stopped::{Stopped, say_when_stopped};
use pt4al_data::catalogue::{KNOWN, Known};
use pt4al_data::fetch;
use pt4al_results::shell;

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
    /// Download a data set, resuming where a download broke off, and check it
    Fetch {
        /// For instance cifar10
        name: String,
        #[command(flatten)]
        data: DataDir,
        /// A mirror of the archive; its checksum must be the official one all the same
        #[arg(long)]
        url: Option<String>,
    },
    /// Read a data set whole and say what it is
    Verify {
        /// For instance cifar10
        name: String,
        #[command(flatten)]
        data: DataDir,
    },
}

/// Does what the verb says and gives the exit code.
pub(super) fn data(args: &DataArgs) -> Result<i32> {
    match &args.verb {
        DataVerb::List { data } => {
            for known in KNOWN {
                let there = if known.is_present(&data.path) { "there  " } else { "missing" };
                super::print(format!("{:10} {there}  {}", known.name, known.what))?;
                super::print(format!("{:20} from {}; {}", "", known.source, known.terms))?;
            }
            super::print(format!("looked in {}", data.path.display()))?;
        }
        DataVerb::Fetch { name, data, url } => {
            let known = find(name)?;
            let Some(files) = known.files else {
                super::print(format!("{name} is generated: there is nothing to fetch"))?;
                return Ok(0);
            };
            if name != "cifar10" {
                return fetch_by_hand(known, files.folder, &data.path);
            }
            say_when_stopped(Stopped::Resumable);
            let fetched = fetch_with_progress(&data.path, url.as_deref())?;
            let what = if fetched.downloaded { "fetched and verified" } else { "is there already" };
            super::print(format!("{name} {what}: {}", fetched.folder.display()))?;
            if !fetched.origin.note.is_empty() {
                super::print(format!("note: {}", fetched.origin.note))?;
            }
        }
        DataVerb::Verify { name, data } => {
            let Some(files) = find(name)?.files else {
                super::print(format!("{name} is generated: there is nothing to verify"))?;
                return Ok(0);
            };
            let origin = (files.verify)(&data.path)?;
            for file in &origin.files {
                let verdict = if file.official { "official" } else { "not the official file" };
                super::print(format!("{}  {} bytes  sha256 {}  {verdict}", file.path, file.bytes, file.sha256))?;
            }
            let images = HumanCount((origin.pool + origin.test) as u64);
            super::print(format!("{}: {images} images, fingerprint {}", origin.name, origin.fingerprint))?;
            if !origin.note.is_empty() {
                super::print(format!("note: {}", origin.note))?;
            }
        }
    }
    Ok(0)
}

fn find(name: &str) -> Result<&'static Known> {
    let names = || KNOWN.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
    let known = KNOWN.iter().find(|known| known.name == name);
    known.with_context(|| format!("no data set `{name}`; known: {}", names()))
}

/// Where the terms or the size of a data set rule a download out.
fn fetch_by_hand(known: &Known, folder: &str, dir: &Path) -> Result<i32> {
    if known.is_present(dir) {
        super::print(format!(
            "{} is there already, below {}; check it with: {}",
            known.name,
            dir.display(),
            shell::command(
                ["pt4al", "data", "verify", known.name, "--data"].map(OsStr::new).into_iter().chain([dir.as_os_str()])
            )
        ))?;
        return Ok(0);
    }
    bail!(
        "{} is not downloaded automatically ({}): get it from {} and unpack it as {}",
        known.name,
        known.terms,
        known.source,
        dir.join(folder).display()
    )
}

/// A bar with the time left on a terminal, a line every 20 MB elsewhere.
fn fetch_with_progress(dir: &Path, url: Option<&str>) -> Result<fetch::Fetched> {
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left");
    let bar = ProgressBar::new(0).with_style(style?);
    // Also on a terminal that only prints (TERM=dumb).
    let plain = bar.is_hidden();
    let mut line = 0;
    let fetched = fetch::cifar10(dir, url, &mut |done, total| {
        if let Some(total) = total {
            bar.set_length(total);
        }
        bar.set_position(done);
        if plain && done / 20_000_000 > line {
            line = done / 20_000_000;
            eprintln!("{} of {} MB", done / 1_000_000, total.map_or("?".into(), |t| (t / 1_000_000).to_string()));
        }
    });
    bar.finish_and_clear();
    fetched
}
