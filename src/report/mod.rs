//! A results folder as a page that a person reads: `summary.csv`, `curve.svg`, `curve.png` and `README.md`.
//!
//! Reads the folder alone (resolved spec, records, manifest) and the published numbers beside it; never the data.

mod curve;
mod metric;
mod readme;
mod reference;
mod summary;
mod table;
#[cfg(test)]
mod testing;

use std::path::Path;

use anyhow::{Result, anyhow, ensure};

pub use curve::{Plot, png, svg};
pub use metric::Metric;
pub use reference::{Reference, ReferencePoint, reference_folder, references};
pub use summary::{Failure, Outcome, Row};

use crate::spec::{Spec, load_resolved};
use crate::store::{Manifest, Records, write_atomically, write_csv};

/// All that a report is made from.
#[derive(Clone, Debug)]
pub struct Findings {
    pub spec: Spec,
    /// None when the folder has no manifest.
    pub manifest: Option<Manifest>,
    pub outcome: Outcome,
    /// Published accuracies of the same experiment.
    pub references: Vec<Reference>,
}

impl Findings {
    /// Reads a results folder, and the published numbers from [`reference_folder`].
    ///
    /// # Errors
    /// If a file is missing, does not fit, or belongs to another experiment.
    pub fn read(folder: &Path) -> Result<Self> {
        ensure!(folder.is_dir(), "{}: no such results folder; `pt4al run` makes it", folder.display());
        let spec = load_resolved(&folder.join("spec.toml"))?;
        let file = folder.join("records.csv");
        ensure!(file.exists(), "{}: not there yet; `pt4al run` writes it with the first round", file.display());
        let outcome = Outcome::of(&spec, &Records::read(&file)?, &file)?;
        let manifest = Manifest::read(&folder.join("manifest.json"))?;
        let references = references(&reference_folder(folder), spec.identity().0)?;
        Ok(Self { spec, manifest, outcome, references })
    }

    /// The tables as Markdown that also reads well on a terminal.
    pub fn tables(&self, metric: Metric) -> String {
        table::tables(self, metric)
    }

    /// The published numbers of a metric.
    fn references_of(&self, metric: Metric) -> &[Reference] {
        if metric == Metric::ACCURACY { &self.references } else { &[] }
    }

    /// They are for the full protocol: a profile is another, smaller one.
    fn published_heading(&self) -> &'static str {
        if self.spec.identity().1.is_empty() { "Published numbers" } else { "Published numbers (full protocol)" }
    }
}

/// Reports a results folder: writes `summary.csv`, `curve.svg`, `curve.png` and `README.md` into it and returns the
/// tables to print. Before the first finished round there is no curve, and the tables say so.
///
/// # Errors
/// If the folder's files are missing or do not fit together, or it cannot be written; one line.
pub fn report(folder: &Path) -> Result<String> {
    let findings = Findings::read(folder)?;
    let metric = Metric::ACCURACY;
    let tables = findings.tables(metric);
    write_csv(&folder.join("summary.csv"), &findings.outcome.rows)?;
    let plot = Plot::of(&findings, metric, findings.spec.train.select.query.name());
    match &plot {
        Some(plot) => {
            let (svg, png) = (svg(plot)?, png(plot)?);
            write_atomically(&folder.join("curve.svg"), |out| out.write_all(svg.as_bytes()))?;
            write_atomically(&folder.join("curve.png"), |out| out.write_all(&png))?;
        }
        None => {
            // An old picture would be of records that are gone.
            remove(&folder.join("curve.svg"))?;
            remove(&folder.join("curve.png"))?;
        }
    }
    let readme = readme::readme(&findings, &tables, plot.is_some());
    write_atomically(&folder.join("README.md"), |out| out.write_all(readme.as_bytes()))?;
    Ok(tables)
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(anyhow!("{}: cannot be removed although it is out of date ({e}); remove it", path.display()))
        }
        _ => Ok(()),
    }
}
