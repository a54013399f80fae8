//! `pt4al status`.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::report::{Block, Cell, Column, Table, markdown};
use crate::status::{ArmStatus, State, Status, TrialState, TrialStatus};
use crate::words::{counted, duration, thousands};

#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The results folder, for instance results/demo
    pub folder: PathBuf,
    /// Print JSON for scripts; docs/formats.md describes it
    #[arg(long)]
    pub json: bool,
}

/// Prints how far a results folder is, and returns the exit code.
pub(super) fn status(args: &StatusArgs) -> Result<i32> {
    let status = Status::read(&args.folder)?;
    let text = if args.json { serde_json::to_string_pretty(&status)? } else { text(&status) };
    super::print(text.trim_end())?;
    Ok(0)
}

/// What a person reads.
fn text(status: &Status) -> String {
    let state = match status.state {
        State::Running => "running",
        State::Finished => "finished",
        State::Unfinished => "no run works here",
    };
    let trials = counted(status.trials_planned, "trial");
    let mut text = format!(
        "{}: {state}; {}; {} of {trials} finished\n",
        status.folder,
        status.in_words(),
        thousands(status.trials_finished)
    );
    if status.round_seconds > 0.0 {
        text += &format!("finished rounds took {}, summed over trials", duration(status.round_seconds));
        text +=
            &status.run.as_ref().map_or(String::new(), |run| format!("; this run began {} ago", duration(run.seconds)));
        text += "\n";
    }
    text += &format!("\n{}", markdown(&[Block::Table(table(status))]));
    if let Some(run) = &status.run {
        text += "\n";
        for task in &run.running {
            let at = if task.at.is_empty() { "starting" } else { &task.at };
            text += &format!("{}: {at} ({:.0} % done)\n", task.name, 100.0 * task.done);
        }
    }
    for (trial, round, error) in status.failures() {
        text += &format!("\n{trial} failed in round {round}: {error}\n");
    }
    if status.state == State::Unfinished && !status.command.is_empty() {
        text += &format!("\nlast command: {}\n", status.command);
    }
    text
}

/// A row for each arm with the finished rounds of each seed, and the latest value.
fn table(status: &Status) -> Table {
    let seeds = status.arms.iter().flat_map(|arm| &arm.trials).map(|trial| trial.seed);
    let mut headings = vec!["arm".to_owned()];
    for seed in seeds {
        let heading = format!("seed {seed}");
        if !headings.contains(&heading) {
            headings.push(heading);
        }
    }
    let mut columns = Column::all(headings);
    columns.push(Column::with_unit(status.metric, "%"));
    let mut table = Table::new("status", columns);
    for arm in &status.arms {
        table.push(arm.sampler.as_str(), arm.trials.iter().map(trial).chain([latest(arm)]));
    }
    table
}

/// `3/5`, `3/5 running`.
fn trial(trial: &TrialStatus) -> Cell {
    let state = match trial.state {
        TrialState::Finished | TrialState::Waiting => "",
        TrialState::Running => " running",
        TrialState::Failed => " failed",
    };
    Cell::text(format!("{}/{}{state}", trial.rounds_finished, trial.rounds_planned))
}

/// `41.2 with 600 labels (n=3)`.
fn latest(arm: &ArmStatus) -> Cell {
    Cell::or_missing(arm.latest.map(|latest| {
        let labels = counted(latest.labeled, "label");
        Cell::text(format!("{:.1} with {labels} (n={})", 100.0 * latest.mean, latest.n))
    }))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;
    use crate::report::testing::{full, results_of, spec};
    use crate::store::{Progress, RunningTask};

    #[test]
    fn a_terminal_shows_every_trial_and_what_runs() {
        let rows = full().into_iter().filter(|row| row.sampler == "random" && row.seed < 2).collect();
        let results = results_of(&spec(), rows);
        let task = RunningTask { name: "core-set-seed0".into(), at: "round 0, epoch 1/1".into(), done: 0.25 };
        let progress = Progress { running: vec![task], seconds_left: Some(300.0), ..Progress::default() };
        let shown = text(&Status::of(&results, true, Some(progress.clone()), SystemTime::UNIX_EPOCH));
        for line in [
            "small: running; 6 of 18 rounds finished, about 5 min left; 2 of 6 trials finished",
            "finished rounds took 12 s, summed over trials; this run began 0 s ago",
            "| arm      |      seed 0 | seed 1 | seed 2 |               accuracy (%) |",
            "| random   |         3/3 |    3/3 |    0/3 | 49.5 with 600 labels (n=2) |",
            "| core-set | 0/3 running |    0/3 |    0/3 |                          - |",
            "core-set-seed0: round 0, epoch 1/1 (25 % done)",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line:?} is not in\n{shown}");
        }
        let stopped = text(&Status::of(&results, false, Some(progress), SystemTime::UNIX_EPOCH));
        assert!(stopped.starts_with("small: no run works here; 6 of 18 rounds finished; 2 of 6"), "{stopped}");
        assert!(stopped.ends_with("last command: pt4al run experiments/small.toml\n"), "{stopped}");
    }
}
