//! Where, when and on which data an experiment ran.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::spec::Precision;
use crate::words::{duration, one_line};

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
    /// Changes to files of the folder that somebody made on purpose, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub edits: Vec<Edit>,
}

/// A change to files of a results folder that was accepted with `pt4al verify --accept`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edit {
    /// When it was accepted: RFC 3339, UTC.
    pub accepted: String,
    /// Why, on one line.
    pub reason: String,
    /// The changed or missing files, relative to the folder.
    pub files: Vec<String>,
}

/// One `pt4al run` that worked on a results folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Session {
    /// When it started: RFC 3339, UTC.
    pub started: String,
    /// When it finished: RFC 3339, UTC. Empty while it runs, or if it was killed.
    pub finished: String,
    /// The command, quoted for a shell ([`crate::shell`]). Sessions before 2026-11-26 have words with brackets or
    /// quotes unquoted.
    pub command: String,
    /// The version of pt4al.
    pub pt4al: String,
    /// The git revision that the program was built from; empty if it was built outside a checkout.
    pub revision: String,
    /// Whether the program was built with local changes to that revision.
    pub dirty: bool,
    /// The version of libtorch.
    pub libtorch: String,
    /// The machine's name.
    pub host: String,
    /// The processor's model and the number of logical cores.
    pub cpu: String,
    /// `cpu`, or `cuda:0 (<name>)`.
    pub device: String,
    /// The number of trials that ran at the same time.
    pub jobs: usize,
    /// The number of threads of each.
    pub threads: usize,
    /// The duration that was estimated before it started. Older sessions lack it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
}

/// An estimate of how long a session takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub seconds: f64,
    /// Whether the estimate rests on a measurement of the machine's speed at such work. If not, it is an upper bound
    /// from the amount of work.
    pub measured: bool,
}

/// The data set that was read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataOrigin {
    /// `cifar10`, `shapes`, ...
    pub name: String,
    /// The number of images in the pool.
    pub pool: usize,
    /// The number of images in the test split.
    pub test: usize,
    /// A hash of every byte of the data, or of the settings of generated data.
    pub fingerprint: String,
    /// The files; empty for generated data.
    pub files: Vec<DataFile>,
    /// The number of images of each class, if images have classes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub classes: Vec<ClassCount>,
    /// A remark that readers must know, for instance that the files are not the official ones; may be empty.
    pub note: String,
}

/// The number of images of one class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassCount {
    pub name: String,
    /// Images in the pool.
    pub pool: usize,
    /// Images in the test split.
    pub test: usize,
}

/// One file of a data set.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DataFile {
    /// The path within the data folder.
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
    /// Whether `sha256` is that of the official file.
    pub official: bool,
}

impl Estimate {
    /// The estimate in words, for instance `about 412 h (17 days)` or `at most 20 min`.
    pub fn in_words(self) -> String {
        format!("{} {}", if self.measured { "about" } else { "at most" }, duration(self.seconds))
    }
}

impl Session {
    /// Seconds from start to finish; `None` while it runs, if it was killed, or if its times cannot be read.
    pub fn seconds(&self) -> Option<f64> {
        let [started, finished] = [&self.started, &self.finished].map(|time| humantime::parse_rfc3339(time).ok());
        Some(finished?.duration_since(started?).ok()?.as_secs_f64())
    }

    /// The version and the revision of the program: `pt4al 0.1.0 at abc1234 with local changes`.
    pub fn program(&self) -> String {
        program(&self.pt4al, &self.revision, self.dirty)
    }
}

/// Formats a version and a revision of the program, as [`Session::program`] does.
pub fn program(version: &str, revision: &str, dirty: bool) -> String {
    let revision = match (revision, dirty) {
        ("", _) => String::new(),
        (revision, false) => format!(" at {revision}"),
        (revision, true) => format!(" at {revision} with local changes"),
    };
    format!("pt4al {version}{revision}")
}

impl Manifest {
    /// The distinct values that sessions have, sorted; empty ones are left out.
    pub fn each(&self, value: impl Fn(&Session) -> String) -> BTreeSet<String> {
        self.sessions.iter().map(value).filter(|value| !value.is_empty()).collect()
    }

    /// Reads a `manifest.json`; returns `None` if there is no such file.
    ///
    /// # Errors
    /// If the file cannot be read or is not a manifest.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        if std::fs::metadata(path).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound) {
            return Ok(None);
        }
        let bytes = crate::files::checksums::read_checked(path, |e| {
            anyhow!("{}: cannot be read ({e}); check the folder", path.display())
        })?;
        Self::parse(&bytes, path).map(Some)
    }

    /// Reads the contents of a `manifest.json`. Messages name `path`.
    ///
    /// # Errors
    /// If they are not a manifest.
    pub(super) fn parse(bytes: &[u8], path: &Path) -> Result<Self> {
        serde_json::from_slice(bytes).map_err(|e| {
            let why = one_line(&e.to_string());
            anyhow!("{}: not a manifest ({why}); restore it, or move the results folder away", path.display())
        })
    }

    /// The fingerprint of the data behind the results in `folder`.
    ///
    /// # Errors
    /// If there is no manifest, or it cannot be read.
    pub fn data_of(folder: &Path) -> Result<String> {
        let path = folder.join("manifest.json");
        let manifest = Self::read(&path)?;
        let missing = || anyhow!("{}: not there; start the experiment with `pt4al run`", path.display());
        Ok(manifest.ok_or_else(missing)?.data.fingerprint)
    }

    /// Writes a `manifest.json`, replacing an existing one.
    ///
    /// # Errors
    /// If the folder cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        super::write_atomically(path, |out| out.write_all(&self.to_bytes()))
    }

    /// The bytes that [`Manifest::write`] writes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("plain data serialises");
        bytes.push(b'\n');
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_line_break_does_not_break_the_message() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("manifest.json");
        let text = r#"{"experiment": "x", "profile": "", "spec_hash": "1", "precision": {"model": "a\nb"}}"#;
        std::fs::write(&path, text).unwrap();
        let message = Manifest::read(&path).unwrap_err().to_string();
        assert!(message.contains("not a manifest (unknown variant `a b`") && !message.contains('\n'), "{message}");
    }
}
