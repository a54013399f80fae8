//! Whether what may take long starts, and how much it says.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::{Result, bail, ensure};
use clap::Args;

use super::SpecArgs;
use crate::machine::say;
use crate::runner::{A_DAY, Cost};

#[derive(Debug, Args)]
pub(super) struct StartArgs {
    /// Start without asking, even what takes longer than a day
    #[arg(long)]
    pub yes: bool,
    /// Say only warnings and errors, and in the end where the page of the results is
    #[arg(long)]
    pub quiet: bool,
}

impl StartArgs {
    /// Says what is about to start. What takes longer than a day is asked for on a terminal, and refused elsewhere.
    ///
    /// # Errors
    /// If it is not to start; the message names the smaller profile, if the spec has one.
    pub fn consent(&self, cost: &Cost, spec: &SpecArgs, device: &str) -> Result<()> {
        let duration = cost.duration();
        if !self.quiet {
            let how = match cost {
                Cost::Measured(_) => "just measured on this machine",
                Cost::Counted(_) => "estimated from the amount of work, not measured",
            };
            say(&format!("left to run: {duration} ({how})"));
        }
        if self.yes || cost.seconds() <= A_DAY {
            return Ok(());
        }
        let smaller = spec.smaller(device).map_or(String::new(), |profile| {
            format!(", or --profile {} for less work", crate::shell::word(profile.as_ref()))
        });
        let (stdin, stderr) = (std::io::stdin(), std::io::stderr());
        if !(stdin.is_terminal() && stderr.is_terminal()) {
            bail!(
                "this takes {duration}{}; add --yes to start it all the same{smaller}",
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
        ensure!(agreed, "nothing was started; use --yes to start it without being asked{smaller}");
        Ok(())
    }
}
