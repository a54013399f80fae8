//! The command line: verbs and their arguments. What they do is in the rooms below.

mod correlate;
mod data;
mod gpu_check;
mod manual;
mod plan;
mod pretext;
mod run;
mod start;
mod stopped;
mod worker;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, Parser, Subcommand};

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
    /// Run an experiment, or continue it: finished rounds are never run again
    Run(run::RunArgs),
    /// Say what an experiment would cost on this machine
    Plan(plan::PlanArgs),
    /// How pretext losses and task losses correlate, image by image
    Correlate(correlate::CorrelateArgs),
    /// Whether this machine's GPU computes what the CPU does, and how fast: a table
    GpuCheck(gpu_check::GpuCheckArgs),
    #[command(flatten)]
    Results(pt4al_results::cli::Verb),
    /// List, fetch and verify data sets
    Data(data::DataArgs),
    /// Write pretext losses to a file, and split such files into pretext batches
    Pretext(pretext::PretextArgs),
    /// Print what a shell needs to complete verbs and options: bash, zsh, fish, elvish or powershell
    Completions(manual::CompletionsArgs),
    /// Print the manual page, or write those of all verbs
    Man(manual::ManArgs),
    /// One trial, pretext learner or calibration as a process of its own; `run` starts these
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
}

/// The profile for machines without CUDA.
const SMALLER: &str = "cpu";
/// The profile for machines with CUDA, where a spec has one: the least that answers what the experiment asks.
const LEAST: &str = "claim";
/// Stands for no profile.
const WHOLE: &str = "paper";

/// Which spec, and how it is changed.
#[derive(Debug, Args)]
struct SpecArgs {
    /// The experiment: a TOML file, for instance experiments/cifar10.toml
    spec: PathBuf,
    /// Lay [profile.P] over the spec, or several: P+Q; `paper` for none; `auto` for `cpu` without CUDA, and with it for `claim`, or none
    /// where the spec has no such profile
    #[arg(long, value_name = "P", default_value = "paper")]
    profile: String,
    /// Change a key, for instance --set train.epochs=10; may be repeated
    #[arg(long = "set", value_name = "KEY=VALUE")]
    sets: Vec<String>,
}

impl SpecArgs {
    /// Whether a part of the profile waits for what the device is.
    fn is_automatic(&self) -> bool {
        self.profile.split('+').any(|part| part == "auto")
    }

    /// What `auto` stands for on a device.
    fn automatic(&self, device: &str) -> &'static str {
        match device {
            "cpu" => SMALLER,
            _ if self.has_profile(LEAST) => LEAST,
            _ => WHOLE,
        }
    }

    /// False too where the spec cannot be read: whoever loads it says why.
    fn has_profile(&self, wanted: &str) -> bool {
        spec::profiles(&self.spec).is_ok_and(|names| names.iter().any(|name| name == wanted))
    }

    /// The spec with its profiles, where `auto` is what fits the device.
    fn load_on(&self, options: &crate::runner::Options) -> Result<Spec> {
        self.load(self.automatic(&options.device))
    }

    /// The profile that does less work, where the spec has one that is not laid over it yet.
    fn smaller(&self, device: &str) -> Option<String> {
        let automatic = self.automatic(device);
        let parts = self.profile.split('+').map(|part| if part == "auto" { automatic } else { part });
        let mut parts: Vec<&str> = parts.filter(|part| *part != WHOLE).collect();
        let there = !parts.contains(&SMALLER) && self.has_profile(SMALLER);
        parts.push(SMALLER);
        there.then(|| parts.join("+"))
    }

    /// The spec with its profiles; `auto` among them stands for `automatic`, and neither it nor `paper` need be one.
    fn load(&self, automatic: &str) -> Result<Spec> {
        if automatic == SMALLER && self.is_automatic() {
            let names = spec::profiles(&self.spec)?;
            ensure!(
                names.iter().any(|name| name == SMALLER),
                "--profile {}: auto stands for the profile `cpu` on a machine without CUDA, and {} has none; add \
                 [profile.cpu] to it, or use --profile paper for the whole",
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

/// Where data sets lie.
#[derive(Debug, Args)]
struct DataDir {
    /// The folder of the data sets
    #[arg(long = "data", value_name = "DIR", env = "PT4AL_DATA", default_value = "data")]
    path: PathBuf,
}

/// Runs the command line and gives the exit code: 0, 1 if something failed, 2 for wrong usage, and 75 where `--time-limit` has
/// ended a command of which something was finished and something is left: typed again, it goes on. A signal ends it with 128
/// and its number. Of `check`: 0 if the curves
/// held, 1 if any moved, 2 if they could not be compared, which is also what any error is.
pub fn main() -> i32 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::tell(&error),
    };
    let done = match cli.verb {
        Verb::Run(args) => run::run(args),
        Verb::Plan(args) => plan::plan(&args),
        Verb::Correlate(args) => correlate::correlate(&args),
        Verb::GpuCheck(args) => gpu_check::gpu_check(&args),
        Verb::Results(verb) => verb.run(),
        Verb::Data(args) => data::data(&args),
        Verb::Pretext(args) => pretext::pretext(args),
        Verb::Completions(args) => manual::completions(&args),
        Verb::Man(args) => manual::man(&args),
        Verb::Worker(args) => return worker::worker(args),
    };
    done.unwrap_or_else(|error| {
        say_error(&error);
        1
    })
}

/// A line, or the list of files that an error is about.
fn say_error(error: &anyhow::Error) {
    match error.downcast_ref::<ProblemList>() {
        Some(_) => {
            let lines = format!("{error:#}");
            let plain: Vec<String> = lines.lines().map(|line| line.replace(char::is_control, " ")).collect();
            pt4al_results::machine::say(&format!("error: {}", plain.join("\n")));
        }
        None => cli::say_error(&format!("{error:#}")),
    }
}

#[cfg(test)]
mod tests;
