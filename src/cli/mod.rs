//! The command line: verbs and their arguments. What they do is in `runner`, `trial` and the crates.

mod correlate;
mod data;
mod data_ids;
mod data_stats;
mod gpu_check;
mod manual;
mod new;
mod plan;
mod pretext;
mod run;
mod select;
mod start;
mod stopped;
mod worker;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};

use crate::runner::Halt;
use pt4al_data::problems::ProblemList;
use pt4al_results::cli::{self, print, usage};
use pt4al_results::spec::{self, Spec};

/// Reproduce PT4AL (ECCV 2022), run its ablations, and guard accuracy curves.
#[derive(Debug, Parser)]
#[command(name = "pt4al", version, about)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a first spec, fitted to the images in a folder
    New(new::NewArgs),
    /// Run an experiment, or continue it: finished rounds never run again
    Run(run::RunArgs),
    /// Estimate what an experiment costs on this machine: time, memory, disk space
    Plan(plan::PlanArgs),
    /// Choose the images that people label next: train on those that are labeled, and write the picks
    Select(Box<select::SelectArgs>),
    /// Measure how pretext losses and task losses correlate over the images of the pool
    Correlate(correlate::CorrelateArgs),
    /// Check that this machine's GPU computes what the CPU computes, and measure how fast it is
    GpuCheck(gpu_check::GpuCheckArgs),
    #[command(flatten)]
    Results(pt4al_results::cli::Verb),
    /// List, download and verify data sets
    Data(data::DataArgs),
    /// Write pretext losses to a file, split them into pretext batches, or compare them
    Pretext(pretext::PretextArgs),
    /// Print a script that lets a shell complete verbs and options
    Completions(manual::CompletionsArgs),
    /// Print the manual page, or write the pages of all verbs
    Man(manual::ManArgs),
    /// Run one trial, pretext learner or calibration; other verbs start these processes
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
}

/// The profile that `auto` means on machines without CUDA.
const SMALLER: &str = "cpu";
/// The profile that `auto` means on machines with CUDA if the spec has it: the least work that tests the paper's claims.
const LEAST: &str = "claim";
/// The name that means no profile.
const WHOLE: &str = "paper";

/// The spec and the changes to it.
#[derive(Debug, Args)]
struct SpecArgs {
    /// The spec of the experiment, for instance experiments/cifar10.toml
    spec: PathBuf,
    /// Apply [profile.P] (combine with P+Q). `paper`: no profile; `auto`: `cpu` without CUDA; with CUDA `claim`, or no profile if the
    /// spec has no `claim`
    #[arg(long, value_name = "P", default_value = "paper")]
    profile: String,
    /// Change a key of the spec, for instance --set train.epochs=10; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl SpecArgs {
    /// Whether a part of the profile depends on the device.
    fn is_automatic(&self) -> bool {
        self.profile.split('+').any(|part| part == "auto")
    }

    /// The profile that `auto` means on a device.
    fn automatic(&self, device: &str) -> &'static str {
        match device {
            "cpu" => SMALLER,
            _ if self.has_profile(LEAST) => LEAST,
            _ => WHOLE,
        }
    }

    /// Also false if the spec cannot be read; loading it then gives the error.
    fn has_profile(&self, wanted: &str) -> bool {
        spec::profiles(&self.spec).is_ok_and(|names| names.iter().any(|name| name == wanted))
    }

    /// Loads the spec with its profiles for the device of `options`, and opens its TorchScript files, which takes seconds.
    fn load_on(&self, options: &crate::runner::Options) -> Result<Spec> {
        let spec = self.load(self.automatic(&options.device))?;
        crate::model::check(&spec)?;
        Ok(spec)
    }

    /// A profile with less work, if the spec has one that is not applied yet.
    fn smaller(&self, device: &str) -> Option<String> {
        let automatic = self.automatic(device);
        let parts = self.profile.split('+').map(|part| if part == "auto" { automatic } else { part });
        let mut parts: Vec<&str> = parts.filter(|part| *part != WHOLE).collect();
        if parts.contains(&SMALLER) || !self.has_profile(SMALLER) {
            return None;
        }
        parts.push(SMALLER);
        Some(parts.join("+"))
    }

    /// Loads the spec with its profiles; `auto` among them means `automatic`.
    fn load(&self, automatic: &str) -> Result<Spec> {
        if automatic == SMALLER && self.is_automatic() {
            let names = spec::profiles(&self.spec)?;
            ensure!(
                names.iter().any(|name| name == SMALLER),
                "--profile {}: auto means the profile `cpu` on a machine without CUDA, and {} has none; add \
                 [profile.cpu] to it, or use --profile paper for the full experiment",
                self.profile,
                self.spec.display()
            );
        }
        let parts = self.profile.split('+').map(|part| if part == "auto" { automatic } else { part });
        let parts: Vec<&str> = parts.filter(|part| *part != WHOLE).collect();
        let profile = (!parts.is_empty()).then(|| parts.join("+"));
        spec::load(&spec::Source { path: self.spec.clone(), profile, sets: self.sets.clone() })
    }
}

/// The folder of the data sets.
#[derive(Debug, Args)]
struct DataDir {
    /// Folder of the data sets
    #[arg(long = "data", value_name = "DIR", env = "PT4AL_DATA", default_value = "data")]
    path: PathBuf,
}

/// Runs the command line and returns the exit code:
///
/// - 0: success; 1: something failed; 2: wrong usage;
/// - 75: `--time-limit` ended the command; some work is finished, some is left, and the same command continues;
/// - 128 plus the signal's number if a signal ended it;
/// - `check`: 0 if the curves held, 1 if any moved, 2 if they could not be compared or for any error.
pub fn main() -> i32 {
    stopped::say_when_a_limit_is_reached();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error, "pt4al"),
    };
    if !matches!(cli.verb, Verb::Worker(_)) {
        stopped::say_panics_on_one_line();
    }
    let done = match cli.verb {
        Verb::New(args) => new::new(&args),
        Verb::Run(args) => run::run(args),
        Verb::Plan(args) => plan::plan(&args),
        Verb::Select(args) => select::select(*args),
        Verb::Correlate(args) => correlate::correlate(&args),
        Verb::GpuCheck(args) => gpu_check::gpu_check(&args),
        Verb::Results(verb) => verb.run(),
        Verb::Data(args) => data::data(&args),
        Verb::Pretext(args) => pretext::pretext(args),
        Verb::Completions(args) => manual::completions(&args),
        Verb::Man(args) => manual::man(&args),
        Verb::Worker(args) => return worker::worker(args),
    };
    done.unwrap_or_else(|error| match error.downcast_ref::<Halt>() {
        Some(halt) => start::halted(halt),
        None => {
            say_error(&error);
            1
        }
    })
}

/// Prints an error as one line, or with the list of files that it is about.
fn say_error(error: &anyhow::Error) {
    let message = format!("{error:#}");
    match error.downcast_ref::<ProblemList>() {
        Some(_) => cli::say_error_lines(message.lines()),
        None => cli::say_error(&message),
    }
}

#[cfg(test)]
mod tests;
