//! A results folder as a page that a person reads: `summary.csv`, `comparisons.csv`, `curve.svg`, `curve.png`,
//! `README.md` and `report.html`.
//!
//! Reads the folder alone (resolved spec, records, manifest) and the published numbers beside it; never the data.

mod against;
pub mod agreement;
mod arm;
mod claim;
pub mod claims;
pub mod compare;
pub mod correlation;
mod cost;
mod curve;
mod difference;
mod drawn;
mod efficiency;
mod heat;
mod html;
mod losses;
mod metric;
mod page;
mod picture;
mod place;
mod queried;
mod readme;
mod reference;
mod summary;
mod switches;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod time;
mod value;
mod variants;
mod verdict;

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

pub use cost::Cost;
pub use curve::{Plot, png, svg};
pub use reference::{Reference, ReferencePoint, reference_folder, references, references_for};
pub use summary::Row;

pub(crate) use claim::claims_in_words;
pub(crate) use difference::signed;
pub(crate) use table::{aligned, capitalised};
pub(crate) use variants::{Change, changes};
pub(crate) use verdict::PLUS_MINUS;

use self::page::Figure;
use self::place::Place;
use crate::findings::{Comparison, JudgedClaim, comparisons, judged_claims};
use crate::results::Results;
pub use crate::results::Rule;
pub use crate::spec::Metric;
use crate::spec::Spec;
use crate::store::{Manifest, write_atomically, write_csv};

/// All that a report is made from.
#[derive(Clone, Debug)]
pub struct Findings {
    pub results: Results,
    /// Means over seeds.
    pub rows: Vec<Row>,
    /// Arms against each other.
    pub comparisons: Vec<Comparison>,
    /// Claims of the spec.
    pub judgements: Vec<JudgedClaim>,
    pub cost: Cost,
    /// Published numbers of the same experiment.
    pub references: Vec<Reference>,
    /// Where a page finds the files of the results folder: a URL that ends in `/`, or nothing where they lie beside it.
    pub files: String,
}

impl Findings {
    /// Reads a results folder, and the published numbers from [`reference_folder`].
    ///
    /// # Errors
    /// If a file is missing, does not fit, or belongs to another experiment.
    pub fn read(folder: &Path) -> Result<Self> {
        let results = Results::read(folder)?;
        let references = references_for(&reference_folder(folder), &results.spec)?;
        Ok(Self::of(results, references))
    }

    /// What results say, beside published numbers.
    pub fn of(results: Results, references: Vec<Reference>) -> Self {
        Self {
            rows: summary::rows(&results),
            comparisons: comparisons(&results),
            judgements: judged_claims(&results),
            cost: Cost::of(&results.records),
            references,
            files: String::new(),
            results,
        }
    }

    /// The spec of the results.
    pub fn spec(&self) -> &Spec {
        &self.results.spec
    }

    /// None when the folder has no manifest.
    pub fn manifest(&self) -> Option<&Manifest> {
        self.results.manifest.as_ref()
    }

    /// What the task is judged by, and what else is in the records of what may stand beside it: other numbers, for the
    /// balanced accuracy on a balanced test split would only say everything twice.
    pub fn metrics(&self) -> Vec<Metric> {
        let all = self.spec().dataset.task().metrics();
        let (first, others) = all.split_first().expect("a task is judged by something");
        let judged = self.means(*first);
        let new = |metric: &&Metric| self.means(**metric).iter().zip(&judged).any(|(a, b)| (a - b).abs() > 1e-9);
        std::iter::once(first).chain(others.iter().filter(new)).copied().collect()
    }

    /// Of all samplers, rounds and rules, in the order that is the same for every metric.
    fn means(&self, metric: Metric) -> Vec<f64> {
        self.rows.iter().filter(|row| row.metric == metric.name).map(|row| row.mean).collect()
    }

    /// The tables of all [`Findings::metrics`] as Markdown that also reads well on a terminal.
    pub fn tables(&self) -> String {
        table::tables(self)
    }

    /// The published numbers of a metric.
    fn references_of(&self, metric: Metric) -> Vec<&Reference> {
        self.references.iter().filter(|reference| reference.metric == metric.name).collect()
    }

    /// Those of them from `first` to `last` labels. Curves come first: numbers that stand alone differ in their markers only,
    /// which come again after a few.
    fn published_between(
        &self,
        metric: Metric,
        (first, last): (usize, usize),
    ) -> Vec<(&Reference, Vec<ReferencePoint>)> {
        let inside = |r: &Reference| -> Vec<ReferencePoint> {
            r.points.iter().filter(|p| (first..=last).contains(&p.labeled)).copied().collect()
        };
        let mut found: Vec<_> = self.references_of(metric).into_iter().map(|r| (r, inside(r))).collect();
        found.retain(|(_, points)| !points.is_empty());
        found.sort_by_key(|(_, points)| points.len() == 1);
        found
    }

    /// They are for the full protocol (a profile is another, smaller one) and of test images.
    fn published_heading(&self) -> String {
        let full = Some("full protocol").filter(|_| !self.spec().identity().1.is_empty());
        let test = Some("of test images unless they say otherwise").filter(|_| self.warning().is_some());
        let notes: Vec<&str> = full.into_iter().chain(test).collect();
        if notes.is_empty() { "Published numbers".into() } else { format!("Published numbers ({})", notes.join("; ")) }
    }
}

/// What was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// For a terminal.
    pub text: String,
    /// The page to open.
    pub page: PathBuf,
}

/// Reports a results folder: writes `summary.csv`, `comparisons.csv`, `README.md` and its pictures, and `report.html` into
/// it, or into `out`, and gives the verdict and the tables to print.
/// `curve.svg` and `curve.png` show what the task is judged by, `curve-<metric>.svg` what is recorded beside it.
///
/// # Errors
/// If the folder's files are missing or do not fit together, if no round has finished, or if what is written to is no place
/// for it or cannot be written; one line. Nothing has been written in all but the last case.
pub fn report(folder: &Path, out: Option<&Path>) -> Result<Written> {
    let mut findings = Findings::read(folder)?;
    let Place { folder: out, files } = Place::of(folder, out)?;
    findings.files = files;
    let metrics = findings.metrics();
    let tables = findings.tables();
    let mut curves = Vec::new();
    let mut pictures = Vec::new();
    let mut outdated = vec!["differences.csv".to_owned()];
    for (i, metric) in findings.spec().dataset.task().metrics().iter().enumerate() {
        let name = if i == 0 { "curve".to_owned() } else { format!("curve-{}", metric.name) };
        let (vector, pixels) = (format!("{name}.svg"), format!("{name}.png"));
        let plot = Plot::of(&findings, *metric, findings.rule()).filter(|_| metrics.contains(metric));
        match plot {
            Some(plot) => {
                if i == 0 {
                    pictures.push((pixels, png(&plot)?));
                }
                let alt = format!("Learning curves: {}", plot.y_label());
                curves.push(Figure { file: vector, alt, svg: svg(&plot)? });
            }
            // An old picture would be of records that are gone.
            None => outdated.extend([vector, pixels]),
        }
    }
    let page = readme::page(&findings, &tables, curves)?;
    let html = html::html(&findings, &page)?;
    let is_gone = |name: &&&str| page.figures().all(|figure| figure.file != **name);
    outdated.extend(readme::FIGURES.iter().filter(is_gone).map(|name| (*name).to_owned()));

    // All of it is made before anything is written.
    write_csv(&out.join("summary.csv"), &findings.rows)?;
    write_csv(&out.join("comparisons.csv"), &findings.comparisons)?;
    for (name, bytes) in pictures {
        write_atomically(&out.join(name), |file| file.write_all(&bytes))?;
    }
    for figure in page.figures() {
        write_atomically(&out.join(&figure.file), |file| file.write_all(figure.svg.as_bytes()))?;
    }
    for name in outdated {
        remove(&out.join(name))?;
    }
    write_atomically(&out.join("README.md"), |file| file.write_all(page.markdown().as_bytes()))?;
    let written = out.join("report.html");
    write_atomically(&written, |file| file.write_all(html.as_bytes()))?;
    Ok(Written { text: format!("{}\n{tables}", page.sections[0].text), page: written })
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(anyhow!("{}: cannot be removed although it is out of date ({e}); remove it", path.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
