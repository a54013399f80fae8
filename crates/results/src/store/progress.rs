//! `progress.json`: what a run is doing now. The driver writes it while it works, and removes it at its end.

use std::path::Path;

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::files::write_into_folder;

/// What a run is doing now, as far as the other files of its folder do not say it. It counts only while the folder's
/// lock is held: a run that was killed leaves it behind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// The command, quoted for a shell.
    pub command: String,
    /// The pattern of `--only`, if the command runs only some trials. The time left is that of these trials.
    #[serde(default)]
    pub only: Option<String>,
    /// When the command started its work: RFC 3339, UTC.
    pub started: String,
    /// When this was written: RFC 3339, UTC.
    pub updated: String,
    /// Estimated seconds until the command has done everything, from `updated` on; `null` until a rate was measured.
    pub seconds_left: Option<f64>,
    /// What runs now.
    pub running: Vec<RunningTask>,
}

/// A trial or a pretext learner that runs now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunningTask {
    /// The trial (`core-set-seed3`), or `pretext seed3`.
    pub name: String,
    /// What it is doing, in words: `round 3, epoch 12/200`. Empty until it says so.
    pub at: String,
    /// The part of its work that is done, 0 to 1. The work of a trial is that of the rounds which were left at its start.
    pub done: f64,
}

impl Progress {
    /// The name of the file in a results folder.
    pub const FILE: &'static str = "progress.json";

    /// Reads the file of a results folder; `None` if there is none or if it cannot be understood: it is a courtesy, and
    /// another version of the program may have written it.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&std::fs::read_to_string(folder.join(Self::FILE)).ok()?).ok()
    }

    /// Writes the file of a results folder.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        write_into_folder(&folder.join(Self::FILE), |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            writeln!(out)
        })
    }

    /// Removes the file of a results folder, if it is there.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(folder: &Path) -> Result<()> {
        let path = folder.join(Self::FILE);
        match std::fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                Err(anyhow!("{}: cannot be removed ({e}); remove it", path.display()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_read_back_and_what_is_not_understood_is_ignored() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(Progress::read(dir.path()), None);
        Progress::remove(dir.path()).unwrap();
        let running = vec![RunningTask { name: "random-seed0".into(), at: "round 0".into(), done: 0.25 }];
        let progress = Progress { seconds_left: Some(90.0), running, ..Progress::default() };
        progress.write(dir.path()).unwrap();
        assert_eq!(Progress::read(dir.path()), Some(progress));
        std::fs::write(dir.path().join(Progress::FILE), "{\"started\": 3}").unwrap();
        assert_eq!(Progress::read(dir.path()), None);
        Progress::remove(dir.path()).unwrap();
        assert!(!dir.path().join(Progress::FILE).exists());
    }
}
