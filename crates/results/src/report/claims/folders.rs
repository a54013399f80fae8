//! The results folders below a folder: of runs, of correlations, and those that cannot be read.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::Deserialize;

use crate::files::checksums::read_checked;
use crate::report::place::encoded;
use crate::results::{Circumstance, Results};
use crate::spec::{Spec, load_resolved};
use crate::store::Manifest;

/// Everything that a page of claims is made from, each kind in the order of the folders' names.
#[derive(Debug, Default)]
pub(super) struct Folders {
    pub runs: Vec<Run>,
    pub correlations: Vec<Correlation>,
    /// The folder's name and why it cannot be read, in one line.
    pub unreadable: Vec<(String, String)>,
}

/// The results of `pt4al run`.
#[derive(Debug)]
pub(super) struct Run {
    pub name: String,
    pub results: Results,
}

/// The results of `pt4al correlate`.
#[derive(Debug)]
pub(super) struct Correlation {
    pub name: String,
    pub spec: Spec,
    pub manifest: Option<Manifest>,
    pub rows: Vec<CorrelationRow>,
}

/// A row of a correlation's `summary.csv`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(super) struct CorrelationRow {
    /// `task` or `held-out`.
    pub which: String,
    pub n: usize,
    pub spearman: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

impl Folders {
    /// Reads every folder in `dir` that holds a spec, records or losses; others are left out.
    ///
    /// # Errors
    /// If `dir` cannot be read, is a results folder itself, or holds none; one line.
    pub fn read(dir: &Path) -> Result<Self> {
        let shown = dir.display();
        ensure!(dir.is_dir(), "{shown}: no such folder; name the one that holds the results folders");
        ensure!(
            !is_results(dir),
            "{shown}: is a results folder itself; name the one that holds it, or use `pt4al report` for its page"
        );
        let cannot = |e| anyhow!("{shown}: cannot be read ({e}); check the folder");
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(dir).map_err(cannot)? {
            let entry = entry.map_err(cannot)?;
            if is_results(&entry.path()) {
                names.insert(entry.file_name());
            }
        }
        ensure!(!names.is_empty(), "{shown}: holds no results folder; name the folder that holds some");
        let mut folders = Self::default();
        for name in names {
            let path = dir.join(&name);
            let name = name.to_string_lossy().into_owned();
            let is_correlation = path.join("losses.csv").is_file() && !path.join("records.csv").exists();
            let read = match is_correlation {
                true => Correlation::read(&path, &name).map(|found| folders.correlations.push(found)),
                false => Results::read(&path).map(|results| folders.runs.push(Run { name: name.clone(), results })),
            };
            if let Err(error) = read {
                // The page lies in `dir`, and is the same wherever that is.
                let why = format!("{error:#}").replace(&format!("{shown}/"), "").replace(char::is_control, " ");
                folders.unreadable.push((name, why));
            }
        }
        Ok(folders)
    }
}

/// Whether a folder holds results of any command.
fn is_results(path: &Path) -> bool {
    ["spec.toml", "records.csv", "losses.csv"].iter().any(|name| path.join(name).is_file())
}

impl Correlation {
    fn read(path: &Path, name: &str) -> Result<Self> {
        let file = path.join("summary.csv");
        let shown = file.display();
        let spec = load_resolved(&path.join("spec.toml"))?;
        let manifest = Manifest::read(&path.join("manifest.json"))?;
        let unread = |e| anyhow!("{shown}: cannot be read ({e}); type the same `pt4al correlate` again");
        let bytes = read_checked(&file, unread)?;
        let mut reader = csv::Reader::from_reader(bytes.as_slice());
        let mut rows = Vec::new();
        for (i, row) in reader.deserialize().enumerate() {
            let row: CorrelationRow = row.map_err(|e| {
                let why = crate::store::csv_fault(&e);
                anyhow!(
                    "{shown}:{}: not the summary of a correlation ({why}); type the same `pt4al correlate` again",
                    i + 2
                )
            })?;
            rows.push(row);
        }
        Ok(Self { name: name.to_owned(), spec, manifest, rows })
    }
}

/// `[cifar10-cpu](cifar10-cpu/README.md)`.
pub(super) fn folder_link(name: &str) -> String {
    let text: String = name.chars().map(|c| if "[]`<>*\\".contains(c) || c.is_control() { ' ' } else { c }).collect();
    format!("[{text}]({}/README.md)", encoded(name.as_bytes()))
}

/// On what it was computed, and when: `AMD EPYC, 2026-11-25`, or `cuda (NVIDIA H100), 2026-11-26`.
pub(super) fn where_and_when(manifest: Option<&Manifest>) -> String {
    let Some(manifest) = manifest else { return "not known (no manifest.json)".into() };
    let devices = Circumstance::Device.of(manifest);
    let mut parts: Vec<String> = devices.iter().filter(|device| *device != "cpu").cloned().collect();
    if devices.contains("cpu") {
        parts.extend(Circumstance::Processor.of(manifest).into_iter().map(|model| format!("CPU {model}")));
    }
    let date = |time: &str| time.get(..10).unwrap_or(time).to_owned();
    let days = manifest.each(|s| date(&s.started)).into_iter().chain(manifest.each(|s| date(&s.finished)));
    let days: BTreeSet<String> = days.collect();
    match (days.first(), days.last()) {
        (Some(first), Some(last)) if first != last => parts.push(format!("{first} to {last}")),
        (Some(day), _) => parts.push(day.clone()),
        _ => {}
    }
    if parts.is_empty() { "not known".into() } else { parts.join(", ") }
}

/// The experiment and its profiles: `cifar10, profile cpu`.
pub(super) fn experiment(spec: &Spec) -> String {
    let (experiment, profile) = spec.identity();
    let profile = if profile.is_empty() { String::new() } else { format!(", profile {}", crate::words::code(profile)) };
    format!("{}{profile}", crate::words::code(experiment))
}
