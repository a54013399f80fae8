//! `pt4al run`.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;
use regex::Regex;

use super::start::{StartArgs, halted};
use super::stopped::{Stopped, say_when_stopped};
use super::{DataDir, SMALLER, SpecArgs, WHOLE};
use crate::device::{self, Choice};
use crate::runner::{self, Jobs, MpsChoice, Options};
use pt4al_results::cli::usage::pattern;
use pt4al_results::spec::{Spec, Work};

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    spec: SpecArgs,
    #[command(flatten)]
    machine: MachineArgs,
    #[command(flatten)]
    start: StartArgs,
    /// Run only the trials whose name (for instance core-set-seed3) matches
    #[arg(long, value_name = "REGEX", value_parser = pattern)]
    only: Option<Regex>,
    /// Train on recorded queries, the queries/ of a results folder, in place of the samplers' own
    #[arg(long, value_name = "DIR")]
    replay: Option<PathBuf>,
}

/// Where and how a spec runs.
#[derive(Debug, Args)]
pub(super) struct MachineArgs {
    #[command(flatten)]
    data: DataDir,
    /// The folder of the results folders
    #[arg(long, value_name = "DIR", default_value = "results")]
    results: PathBuf,
    /// Trials side by side: a number, or auto for what the machine holds, measured where there is much to run. It changes no
    /// value: how many threads a process has on the CPU is the key `threads` of the spec (1 without it)
    #[arg(long, value_name = "N", default_value = "auto", allow_negative_numbers = true)]
    jobs: Jobs,
    /// MPS lets processes share a GPU at the same time: auto starts a daemon for the run where several are to share one, and
    /// ends it; off starts none
    #[arg(long, value_name = "M", default_value = "auto")]
    mps: MpsChoice,
    /// auto, cpu, cuda or cuda:N
    #[arg(long, value_name = "D", default_value = "auto")]
    device: Choice,
}

impl MachineArgs {
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
        })
    }
}

/// Runs the spec, reports, and gives the exit code.
pub(super) fn run(mut args: RunArgs) -> Result<i32> {
    if let Some(folder) = &args.replay {
        // A key as any other: it is in the resolved spec and in its hash, so replayed results never mix with others.
        let folder = std::path::absolute(folder).map_err(|e| anyhow!("--replay {}: {e}", folder.display()))?;
        let Some(folder) = folder.to_str() else {
            anyhow::bail!("--replay {}: the path is not UTF-8, so no spec can name it; copy it", folder.display())
        };
        args.spec.sets.push(format!("replay.queries={}", toml::Value::from(folder)));
    }
    say_when_stopped(Stopped::GoesOn);
    let args = &args;
    let mut options = args.machine.options(&args.start)?;
    options.only = args.only.clone();
    let spec = if args.spec.is_automatic() { automatic(args, &mut options)? } else { args.spec.load(WHOLE)? };
    let outcome = runner::run(&spec, &options, &|cost| args.start.consent(cost, &args.spec, &options.device))?;
    let report = || {
        pt4al_results::report::report(&outcome.folder, None)
            .and_then(|page| pt4al_results::cli::say_written(&page, args.start.quiet))
    };
    // A page needs a finished round; where the time was over before one was, that is what is said.
    let reported = if outcome.halt.is_some() && !outcome.has_rounds { Ok(0) } else { report() };
    if let Some((key, why)) = outcome.failed.first() {
        if let Err(error) = &reported {
            // Where no trial has finished a round, say: that they failed is the news.
            pt4al_results::machine::say(&format!("warning: {error:#}"));
        }
        pt4al_results::machine::say(&format!(
            "error: {} failed ({key}: {why}); mend the cause and run the same command again (a changed spec needs another --results): finished rounds are \
             kept",
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

/// The spec with what `auto` stands for: with CUDA the least that answers its question, after saying what more is there; without, its
/// `cpu` profile, after saying what the whole would cost here. What is measured for that is noted in the options.
fn automatic(args: &RunArgs, options: &mut Options) -> Result<Spec> {
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
        say_what_the_whole_costs(args, options, &whole, &chosen)?;
        return Ok(chosen);
    }
    let (size, _) = pt4al_data::size(&chosen, &options.data)?;
    let passes =
        |spec: &Spec| -> Work { spec.trials().iter().map(|trial| spec.trial_work(trial, size.pool, size.test)).sum() };
    let [less, more] = [&chosen, &whole].map(|spec| (spec.trials().len(), passes(spec).units() as f64));
    pt4al_results::machine::say(&format!(
        "the profile `{automatic}` runs: {} trials, the least that answers what the paper claims. --profile {} (with make: PROFILE=paper) \
         runs the whole: {} trials, about {:.1} times the work.",
        less.0,
        pt4al_results::shell::word(args.spec.profile.replace("auto", WHOLE).as_ref()),
        more.0,
        more.1 / less.1.max(1.0)
    ));
    Ok(chosen)
}

/// Where there is no CUDA.
fn say_what_the_whole_costs(args: &RunArgs, options: &mut Options, whole: &Spec, cpu: &Spec) -> Result<()> {
    // Missing data should be told now, not after the measurement.
    pt4al_data::validate(cpu, &options.data)?;
    pt4al_results::machine::say("no CUDA here: measuring what the whole experiment would cost on this machine ...");
    let plan = match runner::plan(whole, options, false) {
        Ok(plan) => plan,
        Err(error) => {
            // A list of files would bury that line.
            let why = format!("{error:#}");
            let why = why.lines().next().unwrap_or_default();
            pt4al_results::machine::say(&format!("warning: that could not be measured ({why}); the cpu profile runs"));
            return Ok(());
        }
    };
    pt4al_results::machine::say(&format!("{plan}"));
    pt4al_results::machine::say(&format!(
        "So the cpu profile runs instead: the same code, smaller numbers. --profile {} (with make: PROFILE=paper) runs the whole ({}).",
        pt4al_results::shell::word(args.spec.profile.replace("auto", WHOLE).as_ref()),
        plan.duration()
    ));
    options.operations_per_second = Some(plan.operations_per_second());
    Ok(())
}
