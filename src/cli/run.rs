//! `pt4al run`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use regex::Regex;

use super::start::{StartArgs, halted};
use super::stopped::{Stopped, say_when_stopped};
use super::{DataDir, SMALLER, SpecArgs, WHOLE};
use crate::device::{self, Choice};
use crate::runner::{self, Cost, Jobs, Live, MpsChoice, Options, Outcome};
use pt4al_results::cli::say_written;
use pt4al_results::cli::usage::pattern;
use pt4al_results::machine::say;
use pt4al_results::spec::{Spec, Work};
use pt4al_results::{report, shell};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    start: StartArgs,
    /// Run only trials whose name matches; names are like core-set-seed3
    #[arg(long, value_name = "REGEX", value_parser = pattern)]
    only: Option<Regex>,
    /// Remove the finished rounds of this trial and run it anew; names are like core-set-seed3. May be repeated
    #[arg(long, value_name = "TRIAL")]
    anew: Vec<String>,
    /// Train on recorded queries instead of the samplers' own; DIR is the queries/ folder of a results folder
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
    /// Write report.html while the run goes on: a page that loads itself again, with progress, time left and the curves so far
    #[arg(long)]
    page: bool,
    /// Also write event files for TensorBoard, into tensorboard/ of the results folder
    #[arg(long)]
    tensorboard: bool,
}

/// Where and how a spec runs.
#[derive(Debug, Args)]
pub(super) struct MachineArgs {
    #[command(flatten)]
    data: DataDir,
    /// Folder of the results folders
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    /// Number of trials side by side; auto: as many as this machine has room for, measured if there is much to run. It changes no
    /// value: the number of threads of a process on the CPU is set by the spec (`threads`, 1 if absent)
    #[arg(long, value_name = "N", default_value = "auto", allow_negative_numbers = true)]
    jobs: Jobs,
    /// auto: if several processes share a GPU, start an MPS daemon for the run, so that they use it at the same time; off: start
    /// no daemon
    #[arg(long, value_name = "M", default_value = "auto")]
    mps: MpsChoice,
    /// auto, cpu, cuda or cuda:N; auto: CUDA if there is a GPU
    #[arg(long, value_name = "D", default_value = "auto")]
    device: Choice,
}

impl MachineArgs {
    /// The options of the driver. The time limit starts now.
    ///
    /// # Errors
    /// If the device does not exist, or the folder of the data sets has no absolute path.
    pub fn options(&self, start: &StartArgs) -> Result<Options> {
        let deadline = start.deadline();
        let device = self.device.resolve()?;
        let name = device::name(device);
        let data =
            std::path::absolute(&self.data.path).map_err(|e| anyhow!("--data {}: {e}", self.data.path.display()))?;
        Ok(Options {
            data,
            results: self.results.clone(),
            only: None,
            jobs: self.jobs,
            mps: self.mps,
            device_name: if device.is_cuda() { format!("{name} ({})", device::gpu_model()) } else { name.clone() },
            device: name,
            quiet: start.quiet,
            operations_per_second: None,
            deadline,
            anew: Vec::new(),
            page: false,
            tensorboard: false,
        })
    }
}

/// Runs the spec, writes its report, and returns the exit code.
pub(super) fn run(mut args: RunArgs) -> Result<i32> {
    if let Some(folder) = &args.replay {
        // A key like any other: it is part of the resolved spec and its hash, so replayed results never mix with others.
        let folder = std::path::absolute(folder).map_err(|e| anyhow!("--replay {}: {e}", folder.display()))?;
        let Some(folder) = folder.to_str() else {
            anyhow::bail!(
                "--replay {}: the path is not UTF-8, so no spec can name it; copy the folder elsewhere",
                folder.display()
            )
        };
        args.spec.sets.push(format!("replay.queries={}", toml::Value::from(folder)));
    }
    let live = Live::default();
    let shown = live.clone();
    say_when_stopped(Stopped::Resumable, move || shown.end_for_good("it was told to stop"));
    let args = &args;
    let mut options = args.machine.options(&args.start)?;
    options.only = args.only.clone();
    options.anew.clone_from(&args.anew);
    options.page = args.page;
    options.tensorboard = args.tensorboard;
    let spec = if args.spec.is_automatic() { load_automatic(args, &mut options)? } else { args.spec.load(WHOLE)? };
    crate::model::check(&spec)?;
    let consent = |cost: &Cost| args.start.consent(cost, &args.spec, &options.device);
    let outcome = runner::run(&spec, &options, &live, &consent).inspect_err(|error| {
        live.end(Some(&format!("of an error: {error:#}")));
    })?;
    // A report needs a finished round. If the time limit came before, the line about the limit says so.
    let reported = if outcome.halt.is_some() && !outcome.has_rounds {
        Ok(0)
    } else {
        let written = live.undisturbed(|| report::report(&outcome.folder, None));
        written.and_then(|page| say_written(&page, args.start.quiet))
    };
    live.end(why_unfinished(&outcome, &reported).as_deref());
    if let Some((key, why)) = outcome.failed.first() {
        if let Err(error) = &reported {
            // Only a warning, for instance that no round is finished: the error is that trials failed.
            say(&format!("warning: {error:#}"));
        }
        say(&format!(
            "error: {} failed ({key}: {why}); fix the cause and run the same command again (a changed spec needs another \
             --results): finished rounds are kept",
            match outcome.failed.len() {
                1 => "a trial".to_owned(),
                more => format!("{more} trials"),
            }
        ));
    }
    match outcome.halt {
        Some(halt) => {
            let code = halted(&halt);
            reported.map(|_| code)
        }
        None if outcome.failed.is_empty() => reported,
        None => Ok(1),
    }
}

/// Why a run that has ended has not finished everything that it was to do.
fn why_unfinished(outcome: &Outcome, reported: &Result<i32>) -> Option<String> {
    match (&outcome.halt, outcome.failed.len(), reported) {
        (Some(_), ..) => Some("its time limit is over".into()),
        (None, 0, Ok(_)) => None,
        (None, 0, Err(error)) => Some(format!("of an error: {error:#}")),
        (None, 1, _) => Some("a trial failed".into()),
        (None, failed, _) => Some(format!("{failed} trials failed")),
    }
}

/// Loads the spec with the profile that `auto` means. With CUDA that is `claim`, and the size of the full experiment is printed.
/// Without CUDA it is `cpu`, and the cost of the full experiment is measured, printed, and noted in the options.
fn load_automatic(args: &RunArgs, options: &mut Options) -> Result<Spec> {
    let whole = args.spec.load(WHOLE)?;
    let automatic = args.spec.automatic(&options.device);
    if automatic == WHOLE {
        return Ok(whole);
    }
    let chosen = args.spec.load(automatic)?;
    if options.quiet {
        return Ok(chosen);
    }
    if automatic == SMALLER {
        say_full_cost(args, options, &whole, &chosen)?;
        return Ok(chosen);
    }
    let (size, _) = pt4al_data::size(&chosen, &options.data)?;
    let [work, full_work] = [&chosen, &whole].map(|spec| work_of_trials(spec, size.pool, size.test).units() as f64);
    say(&format!(
        "the profile `{automatic}` runs: {} trials, the fewest that test the paper's claims. --profile {} (with make: \
         PROFILE=paper) runs the full experiment: {} trials, about {:.1} times the work.",
        chosen.trials().len(),
        full_profile(args),
        whole.trials().len(),
        full_work / work.max(1.0)
    ));
    Ok(chosen)
}

fn work_of_trials(spec: &Spec, pool: usize, test: usize) -> Work {
    spec.trials().iter().map(|trial| spec.trial_work(trial, pool, test)).sum()
}

/// The value of `--profile` for the full experiment.
fn full_profile(args: &RunArgs) -> String {
    shell::word(args.spec.profile.replace("auto", WHOLE).as_ref())
}

/// On a machine without CUDA: measures and prints what the full experiment would cost.
fn say_full_cost(args: &RunArgs, options: &mut Options, whole: &Spec, cpu: &Spec) -> Result<()> {
    // Report missing data now, not after the measurement.
    pt4al_data::validate(cpu, &options.data)?;
    say("no CUDA here: measuring what the full experiment would cost on this machine ...");
    let plan = match runner::plan(whole, options, false) {
        Ok(plan) => plan,
        Err(error) => {
            // Only the first line: a list of files would hide the message.
            let why = format!("{error:#}");
            let why = why.lines().next().unwrap_or_default();
            say(&format!("warning: the cost could not be measured ({why}); the cpu profile runs"));
            return Ok(());
        }
    };
    say(&format!("{plan}"));
    say(&format!(
        "So the cpu profile runs instead: the same code with smaller numbers. --profile {} (with make: PROFILE=paper) runs the \
         full experiment ({}).",
        full_profile(args),
        plan.duration()
    ));
    options.operations_per_second = Some(plan.operations_per_second());
    Ok(())
}
