//! The options about starting long work, its time limit, and how much it prints.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Result, bail, ensure};
use clap::Args;

use super::SpecArgs;
use crate::limit::{Deadline, TimeLimit};
use crate::runner::{A_DAY, Cost, Halt};
use pt4al_results::machine::say;

/// The exit code of a command that its time limit has ended and that continues when it is typed again: `EX_TEMPFAIL` of
/// sysexits.h.
const TRY_AGAIN: i32 = 75;

/// Prints the last line of a command that its time limit has ended, and returns the exit code. If nothing was finished it is
/// an error, so that a job does not try forever.
pub(super) fn halted(halt: &Halt) -> i32 {
    say(&halt.line);
    if halt.progressed { TRY_AGAIN } else { 1 }
}

#[derive(Debug, Default, Args)]
pub(super) struct StartArgs {
    /// Do not ask before starting work of more than a day
    #[arg(long)]
    pub yes: bool,
    /// Print only warnings, errors, and at the end the path of the results' page
    #[arg(long)]
    pub quiet: bool,
    /// End within this time, for instance 9m, 90s or 1h30m. A round that would not end in time does not start; the same command
    /// continues later. Exit code 75 if work is left, 1 if nothing could be finished
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub time_limit: Option<TimeLimit>,
}

impl StartArgs {
    /// The deadline of a command that begins now.
    pub fn deadline(&self) -> Option<Deadline> {
        self.time_limit.clone().map(Deadline::from_now)
    }

    /// Prints the cost of the work that is about to start. Before work of more than a day it asks on a terminal, and refuses
    /// elsewhere.
    ///
    /// # Errors
    /// If the work must not start; the message names a smaller profile if the spec has one.
    pub fn consent(&self, cost: &Cost, spec: &SpecArgs, device: &str) -> Result<()> {
        let duration = cost.duration();
        if !self.quiet {
            let how = match cost {
                Cost::Measured(_) => "just measured on this machine",
                Cost::Counted(_) => "estimated from the amount of work, not measured",
            };
            let limit = self.time_limit.as_ref();
            let limit = limit.map_or(String::new(), |limit| format!("; this command ends within {}", limit.text()));
            say(&format!("left to run: {duration} ({how}){limit}"));
        }
        // With a time limit the command cannot run for longer than that.
        let limited = self.time_limit.as_ref().is_some_and(|limit| limit.seconds() <= A_DAY);
        if self.yes || limited || cost.seconds() <= A_DAY {
            return Ok(());
        }
        let smaller = spec.smaller(device).map_or(String::new(), |profile| {
            format!(", or --profile {} for less work", pt4al_results::shell::word(profile.as_ref()))
        });
        let (stdin, stderr) = (std::io::stdin(), std::io::stderr());
        if !(stdin.is_terminal() && stderr.is_terminal()) {
            bail!(
                "this takes {duration}{}; add --yes to start it anyway{smaller}",
                match cost {
                    Cost::Measured(_) => ", which is more than a day",
                    Cost::Counted(_) => " (the speed of this machine could not be measured)",
                }
            );
        }
        let _ = write!(stderr.lock(), "This takes {duration}. Start it? [y/N] ");
        let mut answer = String::new();
        let _ = stdin.lock().read_line(&mut answer);
        let agreed = ["y", "yes"].contains(&answer.trim().to_lowercase().as_str());
        ensure!(agreed, "nothing was started; use --yes to start without being asked{smaller}");
        Ok(())
    }
}
