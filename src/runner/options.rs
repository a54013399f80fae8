//! How a command was asked to run.

use std::path::PathBuf;
use std::str::FromStr;

use regex::Regex;

use super::jobs::Jobs;
use crate::limit::Deadline;
use pt4al_results::machine;

/// The options of `pt4al run`; other verbs use some of them.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder of the data sets.
    pub data: PathBuf,
    /// The folder that results folders are in.
    pub results: PathBuf,
    /// Only trials whose key matches are run; `None`: all trials.
    pub only: Option<Regex>,
    pub jobs: Jobs,
    pub mps: MpsChoice,
    /// The device's name as `device::name` writes it: `cpu`, `cuda:0`.
    pub device: String,
    /// The device's name for people, with the GPU's model.
    pub device_name: String,
    /// Print only warnings and errors.
    pub quiet: bool,
    /// Floating-point operations per second of one process, if `plan` has measured them on this machine. The cost of a
    /// run is then estimated from them instead of being measured again.
    pub operations_per_second: Option<f64>,
    /// When the command must have ended. It changes no value.
    pub deadline: Option<Deadline>,
    /// Trials that lose their finished rounds and run anew.
    pub anew: Vec<String>,
    /// Write the page while the run goes on.
    pub page: bool,
    /// Write event files for TensorBoard.
    pub tensorboard: bool,
}

impl Options {
    /// A quiet run on the CPU, with results below a folder.
    #[cfg(test)]
    pub(super) fn for_test(results: impl Into<PathBuf>) -> Self {
        Self {
            data: "data".into(),
            results: results.into(),
            only: None,
            jobs: Jobs::Auto,
            mps: MpsChoice::Auto,
            device: "cpu".into(),
            device_name: "cpu".into(),
            quiet: true,
            operations_per_second: None,
            deadline: None,
            anew: Vec::new(),
            page: false,
            tensorboard: false,
        }
    }

    /// Prints a line of progress, unless the command is quiet.
    pub(super) fn say(&self, line: &str) {
        if !self.quiet {
            machine::say(line);
        }
    }

    pub(super) fn on_cpu(&self) -> bool {
        self.device == "cpu"
    }
}

/// The value of `--mps`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MpsChoice {
    /// Start a daemon for the run if several processes share a GPU and no daemon is running.
    Auto,
    /// Start no daemon.
    Off,
}

impl FromStr for MpsChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "off" => Ok(Self::Off),
            _ => Err("use auto or off".into()),
        }
    }
}
