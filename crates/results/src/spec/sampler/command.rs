//! A sampler that is a command of the user's own: what runs, what it reads, and what its choices depend on.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::spec::files::sha256_of;
use crate::words::listed;

/// Endings of scripts. A word of a command that has one names a file, also where the file is missing.
const SCRIPTS: [&str; 14] = ["py", "pyz", "sh", "bash", "r", "jl", "pl", "rb", "js", "mjs", "ts", "lua", "jar", "m"];

/// A command that chooses the images. It runs once for each query, gets the query on its standard input, and prints the indices that it
/// chooses. docs/own-sampler.md has the protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(extend("x-runs-in" = "folder"))]
pub struct CommandSpec {
    /// The name of the arm in records and plots: up to 60 lower-case letters, digits and `-`. It cannot be the name of another sampler.
    #[schemars(example = &"mine")]
    pub name: String,
    /// The program and its arguments. A word that names a file in `folder` means that file. Other words stay as they are, and a
    /// program without a `/` is searched in `PATH`.
    #[schemars(example = ["python3", "mine.py"])]
    pub run: Vec<String>,
    /// What is computed for the command and handed over, beside the indices of all images and the classes of the labeled ones.
    #[serde(default = "default_reads", skip_serializing_if = "is_default_reads")]
    #[schemars(!skip_serializing_if, example = ["logits"])]
    pub reads: Vec<Reading>,
    /// The format of the file with the arrays.
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    pub format: ArrayFormat,
    /// The longest time that one query may take, for instance `"90s"` or `"1h30m"`. It changes no value.
    #[serde(default = "ten_minutes", skip_serializing_if = "is_ten_minutes")]
    #[schemars(!skip_serializing_if, example = &"30m")]
    pub time_limit: String,
    /// Files whose contents decide what the command chooses, beside those that `run` names: modules that it imports, weights. Their
    /// paths are relative to `folder`. The resolved spec lists all files that count.
    ///
    /// Default: none (`[]`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(!skip_serializing_if, example = ["helpers.py"])]
    pub files: Vec<PathBuf>,
    /// The folder in which the command runs and its files lie, relative to the folder of the spec.
    ///
    /// Default: the folder of the spec file that states the command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"../my-sampler", extend("format" = "path"))]
    pub folder: Option<PathBuf>,
    /// The SHA-256 of the files that `run` and `files` name. If the spec states it, the files must have it.
    ///
    /// Default: that of the files; the resolved spec states it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(example = &"c717bd61e8ab6e630d1056bfd520d45747319306f08eed002cc84ee5fcb12e1a")]
    pub sha256: String,
}

/// Something that is computed for a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// The task model's outputs for the unlabeled images, before the softmax. Not for segmentation, where each pixel has outputs.
    Logits,
    /// The features before the head of the task model, for all images of the pool. For segmentation they are the mean of the map.
    Features,
    /// The pretext losses of the unlabeled images. They need a `[pretext]` table.
    PretextLosses,
    /// The features of the pretext learner, for all images of the pool. They need a `[pretext]` table with a learner.
    PretextFeatures,
}

/// The format of the file with the arrays of a query.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ArrayFormat {
    /// NumPy's, which `numpy.load` reads, without compression. An array can have up to 4 GiB.
    #[default]
    Npz,
    /// The format of the package `safetensors`, whose files can be mapped into memory.
    Safetensors,
}

impl Reading {
    /// Returns the name in specs.
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

impl ArrayFormat {
    /// Returns the ending of the file.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Npz => "npz",
            Self::Safetensors => "safetensors",
        }
    }
}

fn default_reads() -> Vec<Reading> {
    vec![Reading::Logits, Reading::Features]
}

fn is_default_reads(reads: &[Reading]) -> bool {
    reads == default_reads()
}

fn ten_minutes() -> String {
    "10m".into()
}

fn is_ten_minutes(text: &str) -> bool {
    text == ten_minutes()
}

impl Default for CommandSpec {
    /// A command without a name and without a program.
    fn default() -> Self {
        Self {
            name: String::new(),
            run: Vec::new(),
            reads: default_reads(),
            format: ArrayFormat::default(),
            time_limit: ten_minutes(),
            files: Vec::new(),
            folder: None,
            sha256: String::new(),
        }
    }
}

impl CommandSpec {
    /// Whether something is computed for the command.
    pub fn reads(&self, reading: Reading) -> bool {
        self.reads.contains(&reading)
    }

    /// Returns the longest time that one query may take.
    ///
    /// # Errors
    /// If the text is no time of at least a second.
    pub fn limit(&self) -> Result<Duration> {
        // humantime reads `M` as months.
        let time = humantime::parse_duration(&self.time_limit).ok().filter(|_| !self.time_limit.contains('M'));
        time.filter(|time| time.as_secs() >= 1).ok_or_else(|| {
            anyhow!(
                "`samplers` has the command {}, whose `time-limit` is \"{}\"; use a time of at least a second, for instance 90s, \
                 10m or 1h30m",
                self.name,
                self.time_limit
            )
        })
    }

    /// Makes the paths, which are relative to the spec's `folder`, absolute, lists all files that count in `files`, and fills in their
    /// hash.
    ///
    /// # Errors
    /// If a file is missing and the spec does not state the hash, or if it states another one.
    pub(in crate::spec) fn fill_in(&mut self, folder: &Path) -> Result<()> {
        // The folder of a spec in the working directory is "".
        let folder = absolute(&Path::new(".").join(folder).join(self.folder.as_deref().unwrap_or(Path::new(""))))?;
        let (mut counted, mut missing) = (Vec::new(), Vec::new());
        let program = self.run.first().map(PathBuf::from).filter(|path| path.is_absolute() && path.is_file());
        for (place, word) in self.run.iter_mut().enumerate().filter(|(_, word)| !word.is_empty()) {
            let path = absolute(&folder.join(&*word))?;
            // A program that is named by its absolute path is usually an interpreter, whose updates are no change of the sampler.
            let is_program_elsewhere = place == 0 && program.is_some();
            if path.is_file() && !is_program_elsewhere {
                path.to_str().unwrap_or(word).to_owned().clone_into(word);
                counted.push(path);
            } else if place > 0 && is_script(word) {
                missing.push(path);
            }
        }
        for file in &self.files {
            let path = absolute(&folder.join(file))?;
            if path.exists() { counted.push(path) } else { missing.push(path) }
        }
        if counted.is_empty() && missing.is_empty() {
            // Without other files the program is the sampler itself.
            counted.extend(program);
        }
        self.folder = Some(folder);
        let mut seen = std::collections::HashSet::new();
        counted.retain(|path| seen.insert(path.clone()));
        if let Some(path) = missing.first() {
            // If the spec states the hash, it can be listed and reported without the files.
            ensure!(!self.sha256.is_empty(), "{}", self.says_missing(path));
            self.files = counted.into_iter().chain(missing).collect();
            return Ok(());
        }
        self.files = counted;
        let found = if self.files.is_empty() { String::new() } else { sha256_of(&self.files, "samplers")? };
        ensure!(
            self.sha256.is_empty() || self.sha256 == found,
            "`samplers` has the command {}, whose `sha256` is {}, but {}; restore what was there, or remove the key",
            self.name,
            self.sha256,
            if found.is_empty() {
                "it names no file".into()
            } else {
                format!("that of {} is now {found}", self.files_in_words())
            }
        );
        self.sha256 = found;
        Ok(())
    }

    fn files_in_words(&self) -> String {
        listed(&self.files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>())
    }

    fn says_missing(&self, path: &Path) -> String {
        format!(
            "`samplers` has the command {}, which needs the file {}, but it is not there; put it there, or correct `run` or `files`",
            self.name,
            path.display()
        )
    }

    /// Checks that the files still have the hash with which the spec was resolved.
    ///
    /// # Errors
    /// If a file is missing or was changed.
    pub fn check_files(&self) -> Result<()> {
        if let Some(path) = self.files.iter().find(|path| !path.exists()) {
            anyhow::bail!("{}", self.says_missing(path));
        }
        ensure!(
            self.files.is_empty() || sha256_of(&self.files, "samplers")? == self.sha256,
            "the sampler {}: {} changed since the run began; restore the file, or give the new sampler another `name`",
            self.name,
            self.files_in_words()
        );
        Ok(())
    }

    /// Checks that the command can be started here: its program, its files and its folder.
    ///
    /// # Errors
    /// One line about the first that is missing.
    pub fn check_start(&self) -> Result<()> {
        self.check_files()?;
        let name = &self.name;
        if let Some(folder) = self.folder.as_ref().filter(|folder| !folder.is_dir()) {
            anyhow::bail!(
                "`samplers` has the command {name}, which runs in {}, but that is not a folder; correct `folder`",
                folder.display()
            );
        }
        let program = self.run.first().map_or("", String::as_str);
        if program.contains('/') {
            let path = self.folder.as_deref().unwrap_or(Path::new("")).join(program);
            ensure!(
                path.is_file(),
                "`samplers` has the command {name}, whose program {} is not there; correct the first word of `run`",
                path.display()
            );
            ensure!(
                is_executable(&path),
                "`samplers` has the command {name}, whose program {0} is not executable; run `chmod +x {0}`, or name its \
                 interpreter first in `run`",
                path.display()
            );
            ensure!(
                !is_script_without_interpreter(&path),
                "`samplers` has the command {name}, whose program {} does not say what runs it; name its interpreter first in `run`, \
                 or write it into the file's first line, for instance `#!/usr/bin/env python3`",
                path.display()
            );
            return Ok(());
        }
        let paths = std::env::var_os("PATH").unwrap_or_default();
        ensure!(
            std::env::split_paths(&paths)
                .map(|folder| folder.join(program))
                .any(|path| path.is_file() && is_executable(&path)),
            "`samplers` has the command {name}, whose program {program} is not in `PATH`; install it, or name its path in `run`"
        );
        Ok(())
    }

    /// Returns the first key in which a command of the same name differs, with its values here and there, if that can change what it
    /// chooses. Where its files lie, and how long it may take, cannot.
    pub fn difference(&self, other: &Self) -> Option<(&'static str, String, String)> {
        let json = |value: &dyn Fn(&Self) -> serde_json::Value| (value(self).to_string(), value(other).to_string());
        let differs = |key, (was, is): (String, String)| (was != is).then_some((key, was, is));
        let has_same_words =
            self.run.len() == other.run.len() && self.run.iter().zip(&other.run).all(|(a, b)| is_same_word(a, b));
        differs("sha256", (self.sha256.clone(), other.sha256.clone()))
            .or_else(|| differs("reads", json(&|command| serde_json::json!(command.reads))))
            .or_else(|| differs("format", json(&|command| serde_json::json!(command.format))))
            .or_else(|| differs("run", json(&|command| serde_json::json!(command.run))).filter(|_| !has_same_words))
    }

    /// Returns the command as one would type it, on one line, with the names of files instead of their paths.
    pub fn in_words(&self) -> String {
        let short = |word: &String| {
            let name = Path::new(word).file_name().filter(|_| Path::new(word).is_absolute());
            name.map_or(word.clone(), |name| name.to_string_lossy().into_owned())
        };
        crate::shell::command(self.run.iter().map(|word| short(word).replace(char::is_control, " ")))
    }
}

fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path).map_err(|e| anyhow!("`samplers`: {}: {e}", path.display()))
}

fn is_script(word: &str) -> bool {
    let ending = Path::new(word).extension().map(|ending| ending.to_string_lossy().to_lowercase());
    !word.contains(char::is_whitespace) && ending.is_some_and(|ending| SCRIPTS.contains(&ending.as_str()))
}

/// Whether two words of commands mean the same, wherever the files lie. The contents of files are compared by their hash.
fn is_same_word(a: &str, b: &str) -> bool {
    let (x, y) = (Path::new(a), Path::new(b));
    let is_path_of =
        |long: &Path, short: &Path| long.is_absolute() && long.ends_with(short.strip_prefix(".").unwrap_or(short));
    let have_same_name = x.is_absolute() && y.is_absolute() && x.file_name() == y.file_name();
    a == b || have_same_name || is_path_of(x, y) || is_path_of(y, x)
}

fn is_executable(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    path.exists()
}

/// Whether a file is a text whose first line names no interpreter. A shell would run it, whatever language it is in.
fn is_script_without_interpreter(path: &Path) -> bool {
    let mut start = Vec::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(512).read_to_end(&mut start));
    read.is_ok() && !start.starts_with(b"#!") && !start.contains(&0)
}

#[cfg(test)]
mod tests;
