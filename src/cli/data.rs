//! `pt4al data`.

use std::ffi::OsStr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use indicatif::{HumanCount, ProgressBar, ProgressStyle};

use super::DataDir;
use super::data_ids::{self, IdsArgs};
use super::data_stats::{self, StatsArgs};
use super::stopped::{Stopped, say_when_stopped};
use pt4al_data::catalogue::{Download, KNOWN, Known};
use pt4al_data::fetch::Fetched;
use pt4al_results::shell;
use pt4al_results::store::DataOrigin;

#[derive(Debug, Args)]
pub(super) struct DataArgs {
    #[command(subcommand)]
    verb: DataVerb,
}

#[derive(Debug, Subcommand)]
enum DataVerb {
    /// List the data sets that pt4al can read, and whether their files are there
    List {
        #[command(flatten)]
        data: DataDir,
    },
    /// Download a data set and check it; an interrupted download is resumed
    Fetch {
        /// The data set, for instance cifar10
        name: String,
        #[command(flatten)]
        data: DataDir,
        /// Download from this mirror; the archive must have the official checksum
        #[arg(long)]
        url: Option<String>,
    },
    /// Check all files of a data set, and print how many images it has and its fingerprint
    Verify {
        /// The data set, for instance cifar10
        name: String,
        #[command(flatten)]
        data: DataDir,
    },
    /// Measure mean and std of the colours of images, as a line for a spec, and their sizes
    Stats(StatsArgs),
    /// Print the names of all images of a spec's data set, in the order of the rows of a file of features
    Ids(IdsArgs),
}

/// Runs the verb and returns the exit code.
pub(super) fn data(args: &DataArgs) -> Result<i32> {
    match &args.verb {
        DataVerb::List { data } => list(&data.path)?,
        DataVerb::Fetch { name, data, url } => fetch(find(name)?, &data.path, url.as_deref())?,
        DataVerb::Verify { name, data } => verify(find(name)?, &data.path)?,
        DataVerb::Stats(args) => data_stats::stats(args)?,
        DataVerb::Ids(args) => data_ids::ids(args)?,
    }
    Ok(0)
}

fn find(name: &str) -> Result<&'static Known> {
    let names = || KNOWN.iter().map(|known| known.name).collect::<Vec<_>>().join(", ");
    let known = KNOWN.iter().find(|known| known.name == name);
    known.with_context(|| format!("no data set `{name}`; known: {}", names()))
}

fn list(dir: &Path) -> Result<()> {
    for known in KNOWN {
        let there = if known.is_present(dir) { "there  " } else { "missing" };
        super::print(format!("{:13} {there}  {}", known.name, known.what))?;
        super::print(format!("{:23} from {}; {}", "", known.source, known.terms))?;
    }
    super::print(format!("looked in {}", dir.display()))
}

fn fetch(known: &Known, dir: &Path, url: Option<&str>) -> Result<()> {
    let name = known.name;
    let Some(files) = known.files else {
        return super::print(format!("{name} is generated: there is nothing to fetch"));
    };
    let Some(download) = files.download else { return fetch_by_hand(known, files.folder, dir) };
    say_when_stopped(Stopped::Resumable, || {});
    let fetched = download_with_progress(download, dir, url)?;
    let done = if fetched.downloaded { "fetched and verified" } else { "is there already" };
    super::print(format!("{name} {done}: {}", fetched.folder.display()))?;
    print_note(&fetched.origin)
}

/// Says how to get a data set whose terms or size rule a download out; fails if it is not there yet.
fn fetch_by_hand(known: &Known, folder: &str, dir: &Path) -> Result<()> {
    if known.is_present(dir) {
        let words = ["pt4al", "data", "verify", known.name, "--data"].map(OsStr::new);
        let check = shell::command(words.into_iter().chain([dir.as_os_str()]));
        return super::print(format!(
            "{} is there already, below {}; check it with: {check}",
            known.name,
            dir.display()
        ));
    }
    if folder.is_empty() {
        bail!("{} is read from your own files, so there is nothing to fetch; {}", known.name, known.terms);
    }
    bail!(
        "{} is not downloaded automatically ({}): get it from {} and unpack it as {}",
        known.name,
        known.terms,
        known.source,
        dir.join(folder).display()
    )
}

/// Shows a bar with the time left on a terminal, and prints a line every 20 MB elsewhere.
fn download_with_progress(download: Download, dir: &Path, url: Option<&str>) -> Result<Fetched> {
    let style = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left");
    let bar = ProgressBar::new(0).with_style(style?);
    // The bar is also hidden on a terminal without cursor movement (TERM=dumb).
    let plain = bar.is_hidden();
    let mut line = 0;
    let fetched = download(dir, url, &mut |done, total| {
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

fn verify(known: &Known, dir: &Path) -> Result<()> {
    let Some(files) = known.files else {
        return super::print(format!("{} is generated: there is nothing to verify", known.name));
    };
    let origin = (files.verify)(dir)?;
    for file in &origin.files {
        let official = if file.official { "official" } else { "not the official file" };
        super::print(format!("{}  {} bytes  sha256 {}  {official}", file.path, file.bytes, file.sha256))?;
    }
    let images = HumanCount((origin.pool + origin.test) as u64);
    super::print(format!("{}: {images} images, fingerprint {}", origin.name, origin.fingerprint))?;
    print_note(&origin)
}

fn print_note(origin: &DataOrigin) -> Result<()> {
    if origin.note.is_empty() { Ok(()) } else { super::print(format!("note: {}", origin.note)) }
}
