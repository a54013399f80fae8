//! A results folder before and while a command works on it, and the command's entry in the manifest.

use std::path::Path;

use anyhow::{Result, ensure};

use super::jobs::Room;
use super::memory;
use super::options::Options;
use pt4al_data::Size;
use pt4al_results::spec::Spec;
use pt4al_results::store::{ClassCount, DataOrigin, Edit, Estimate, Folder, Manifest, Session};
use pt4al_results::{machine, shell};

/// What exists before a command starts any work.
pub(super) struct Existing {
    /// The results folder, if it exists.
    pub folder: Option<Folder>,
    /// The sessions that worked on it so far, and the changes to its files that were accepted.
    pub history: History,
    /// The images of each class, if the manifest counts them.
    pub classes: Vec<ClassCount>,
    /// How many processes may run side by side.
    pub room: Room,
}

impl Existing {
    /// Looks at the results folder `root` and at this machine. It makes no folder, so that none appears if the user does
    /// not agree to the cost. `tasks` is the number of processes that could have work at the same time.
    ///
    /// # Errors
    /// If the folder cannot be used for this spec and data.
    pub fn find(
        root: &Path,
        spec: &Spec,
        origin: &DataOrigin,
        options: &Options,
        tasks: usize,
        size: &Size,
    ) -> Result<Self> {
        let folder = root.exists().then(|| Folder::open(root, spec, origin, &options.anew)).transpose()?;
        ensure!(
            folder.is_some() || options.anew.is_empty(),
            "--anew: there are no results in {} yet; leave it out",
            root.display()
        );
        let manifest = folder.as_ref().map(|folder| Manifest::read(&folder.manifest_path())).transpose()?;
        let (history, classes) = match manifest.flatten() {
            Some(manifest) => (History { sessions: manifest.sessions, edits: manifest.edits }, manifest.data.classes),
            None => (History::default(), Vec::new()),
        };
        let begun_with = history.sessions.iter().find(|s| s.device == options.device_name).map(|s| s.threads);
        let trial_mb = memory::trial_mb(spec, size);
        let room = options.jobs.divide(tasks, &options.device, spec.threads, begun_with, trial_mb);
        Ok(Self { folder, history, classes, room })
    }
}

/// Opens the results folder `root`, makes it if it does not exist, and writes the spec into it.
///
/// # Errors
/// If it cannot be made or written.
pub(super) fn open_folder(existing: Option<Folder>, root: &Path, spec: &Spec, origin: &DataOrigin) -> Result<Folder> {
    let folder = existing.map_or_else(|| Folder::open(root, spec, origin, &[]), Ok)?;
    folder.begin(spec)?;
    Ok(folder)
}

/// What a manifest says of the past.
#[derive(Debug, Default)]
pub(super) struct History {
    pub sessions: Vec<Session>,
    pub edits: Vec<Edit>,
}

/// The manifest of a results folder with the session of this command, which has begun.
#[derive(Debug)]
pub(super) struct RunningSession {
    manifest: Manifest,
}

impl RunningSession {
    /// Adds this command to the `earlier` ones and writes the manifest.
    ///
    /// # Errors
    /// If the manifest cannot be written.
    pub fn begin(
        folder: &Folder,
        spec: &Spec,
        data: &DataOrigin,
        options: &Options,
        (jobs, threads): (usize, usize),
        earlier: History,
        estimate: Estimate,
    ) -> Result<Self> {
        let (experiment, profile) = spec.identity();
        let History { mut sessions, edits } = earlier;
        sessions.push(Session {
            started: machine::now(),
            finished: String::new(),
            command: command_line(),
            pt4al: env!("CARGO_PKG_VERSION").into(),
            revision: env!("PT4AL_REVISION").into(),
            dirty: env!("PT4AL_DIRTY") == "true",
            libtorch: env!("PT4AL_LIBTORCH").into(),
            host: machine::host(),
            cpu: machine::cpu(),
            device: options.device_name.clone(),
            jobs,
            threads,
            estimate: Some(estimate),
        });
        let manifest = Manifest {
            experiment: experiment.into(),
            profile: profile.into(),
            spec_hash: spec.hash(),
            precision: spec.precision_of_networks(),
            data: data.clone(),
            sessions,
            edits,
        };
        folder.write_manifest(&manifest)?;
        Ok(Self { manifest })
    }

    /// Notes when the session ended, and returns the manifest.
    ///
    /// # Errors
    /// If the manifest cannot be written.
    pub fn finish(mut self, folder: &Folder) -> Result<Manifest> {
        if let Some(session) = self.manifest.sessions.last_mut() {
            session.finished = machine::now();
        }
        folder.write_manifest(&self.manifest)?;
        Ok(self.manifest)
    }
}

/// The command as it was typed, quoted for a shell, with the program's name without its path.
pub(crate) fn command_line() -> String {
    shell::command(std::iter::once("pt4al".into()).chain(std::env::args_os().skip(1)))
}
