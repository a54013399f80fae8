//! Where, when and on which data an experiment ran.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::spec::Precision;
use crate::words::duration;

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    pub experiment: String,
    pub profile: String,
    /// The hash of the resolved spec.
    pub spec_hash: String,
    /// The precision of each network that is trained, by its table in the spec. Older manifests lack it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub precision: BTreeMap<String, Precision>,
    pub data: DataOrigin,
    /// Every `pt4al run` that worked on these results, oldest first.
    pub sessions: Vec<Session>,
}

/// One `pt4al run`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// RFC 3339, UTC.
    pub started: String,
    /// Empty while it runs, or if it was killed.
    pub finished: String,
    /// As a shell takes it (`crate::shell`). Sessions before 2026-11-26 have words with brackets or quotes as they were.
    pub command: String,
    pub pt4al: String,
    /// The git revision that the program was built from; empty when it was built outside a checkout.
    pub revision: String,
    /// Whether tracked files differed from it.
    pub dirty: bool,
    pub libtorch: String,
    pub host: String,
    /// The processor's model and the number of logical cores.
    pub cpu: String,
    /// `cpu`, or `cuda:0 (<name>)`.
    pub device: String,
    /// Trials side by side.
    pub jobs: usize,
    /// Threads of each.
    pub threads: usize,
    /// What it was to take, as was known before it started. Older sessions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// How long a session was to take.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub seconds: f64,
    /// By how fast the machine did such work just before; otherwise an upper bound, from the amount of work alone.
    pub measured: bool,
}

/// The data set that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataOrigin {
    /// `cifar10`, `shapes`, ...
    pub name: String,
    /// Images in the pool that trials draw from.
    pub pool: usize,
    /// Images in the test split.
    pub test: usize,
    /// Changes with any byte of the data (or, for generated data, with its settings).
    pub fingerprint: String,
    /// The files, where there are files.
    pub files: Vec<DataFile>,
    /// How many images each class has, where images have classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassCount>,
    /// What a reader must know, for instance that the files are not the official ones; empty for nothing.
    pub note: String,
}

/// The images of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCount {
    pub name: String,
    /// Those in the pool.
    pub pool: usize,
    pub test: usize,
}

/// One file of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// Below the data folder.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
    /// Whether that is the sum of the official file.
    pub official: bool,
}

impl Estimate {
    /// For instance `about 412 h (17 days)`, or `at most 20 min`.
    pub fn in_words(self) -> String {
        format!("{} {}", if self.measured { "about" } else { "at most" }, duration(self.seconds))
    }
}

impl Session {
    /// Seconds from its start to its end; `None` while it runs, if it was killed, or if its times cannot be read.
    pub fn seconds(&self) -> Option<f64> {
        let [started, finished] = [&self.started, &self.finished].map(|time| humantime::parse_rfc3339(time).ok());
        Some(finished?.duration_since(started?).ok()?.as_secs_f64())
    }

    /// The version and the revision of the program: `pt4al 0.1.0 at abc1234 with local changes`.
    pub fn program(&self) -> String {
        program(&self.pt4al, &self.revision, self.dirty)
    }
}

/// A version and a revision of the program, as [`Session::program`] has them.
pub fn program(version: &str, revision: &str, dirty: bool) -> String {
    let revision = match (revision, dirty) {
        ("", _) => String::new(),
        (revision, false) => format!(" at {revision}"),
        (revision, true) => format!(" at {revision} with local changes"),
    };
    format!("pt4al {version}{revision}")
}

impl Manifest {
    /// The different values of its sessions, sorted; empty ones are left out.
    pub fn each(&self, value: impl Fn(&Session) -> String) -> BTreeSet<String> {
        self.sessions.iter().map(value).filter(|value| !value.is_empty()).collect()
    }

    /// Reads a `manifest.json`; `None` if there is none.
    ///
    /// # Errors
    /// If it is there but not a manifest.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(anyhow!("{}: cannot be read ({e}); check the folder", path.display())),
        };
        let manifest = serde_json::from_str(&text).map_err(|e| {
            anyhow!("{}: not a manifest ({e}); restore it, or move the results folder away", path.display())
        })?;
        Ok(Some(manifest))
    }

    /// The fingerprint of the data that the results in `folder` are of.
    ///
    /// # Errors
    /// If there is no manifest.
    pub fn data_of(folder: &Path) -> Result<String> {
        let path = folder.join("manifest.json");
        let manifest = Self::read(&path)?;
        let missing = || anyhow!("{}: not there; start the experiment with `pt4al run`", path.display());
        Ok(manifest.ok_or_else(missing)?.data.fingerprint)
    }

    /// Writes it in place of the one there.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_atomically(path, |out| {
            serde_json::to_writer_pretty(&mut *out, self)?;
            writeln!(out)
        })
    }
}
