//! Several results folders against each other: one table, one picture, the keys in which their specs differ, and
//! whether their arms differ by more than chance.

mod opening;
mod page;
mod test;

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use serde::Serialize;

use super::figures::chart;
use super::figures::curve::{Plot, png};
use super::findings::Findings;
use super::page::html::{Extras, document};
use super::page::{Block, markdown, write_figures};
use super::place::{Written, ensure_own};
use super::words::arm::{Images, TRAIN_MARK};
use crate::spec::Metric;
use crate::store::{write_atomically, write_csv};

use test::comparisons;

/// Results folders that are compared, in the order in which they were named.
struct Compared {
    /// The name of each: its folder's name, or its path if two folders share a name.
    names: Vec<String>,
    findings: Vec<Findings>,
    metric: Metric,
}

/// A row of `curves.csv`: `docs/formats.md`.
#[derive(Default, Serialize)]
struct CurveRow<'a> {
    results: &'a str,
    sampler: &'a str,
    labeled: usize,
    n: usize,
    mean: f64,
    sd: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
}

/// Compares results folders: writes `README.md`, `report.html`, `curve.svg`, `curve.png`, `curves.csv` and
/// `comparisons.csv` into `out`, and gives the text to print.
///
/// # Errors
/// If one of them cannot be read, has no finished round or is named twice, if they are judged by different metrics, or
/// if `out` cannot be written; one line. Nothing has been written in all but the last case.
pub fn compare(folders: &[PathBuf], out: &Path) -> Result<Written> {
    let compared = Compared::read(folders)?;
    ensure_own(out, &["curves.csv"], "a comparison", "--out")?;
    let found = comparisons(&compared);
    let mut rows = Vec::new();
    for (name, findings) in compared.each() {
        rows.extend(findings.rows(compared.metric, findings.rule()).into_iter().map(|row| CurveRow {
            results: name,
            sampler: &row.sampler,
            labeled: row.labeled,
            n: row.n,
            mean: row.mean,
            sd: row.sd,
            low: row.low,
            high: row.high,
        }));
    }
    let parts: Vec<(&str, &Findings)> = compared.each().collect();
    let (mut figures, mut pixels) = (Vec::new(), None);
    let (title, badge) = (opening::title(&compared), opening::badge(&compared));
    let plot = Plot::of_several(&parts, compared.metric);
    if let Some(plot) = plot.map(|plot| plot.with_heading(&title, &badge)) {
        pixels = Some(png(&plot)?);
        figures.push(plot.figure("curve.svg")?);
    }
    let page = page::page(&compared, &found, figures);
    let chart = chart::data_of_several(&parts, compared.metric, (&title, &badge));
    let html = document(&page, &Extras { chart, ..Extras::default() });

    write_csv(&out.join("curves.csv"), &rows)?;
    write_csv(&out.join("comparisons.csv"), &found)?;
    if let Some(pixels) = pixels {
        write_atomically(&out.join("curve.png"), |file| file.write_all(&pixels))?;
    }
    write_figures(&page, out)?;
    write_atomically(&out.join("README.md"), |file| file.write_all(page.markdown().as_bytes()))?;
    write_atomically(&out.join("tables.tex"), |file| file.write_all(page.latex().as_bytes()))?;
    let written = out.join("report.html");
    write_atomically(&written, |file| file.write_all(html.as_bytes()))?;
    let mut shown = page.lead.clone();
    for section in page.sections.iter().filter(|s| !s.blocks.is_empty()) {
        shown.push(Block::heading(&section.heading));
        shown.extend(section.blocks.iter().cloned());
    }
    Ok(Written { text: markdown(&shown), page: written })
}

impl Compared {
    fn read(folders: &[PathBuf]) -> Result<Self> {
        ensure!(folders.len() > 1, "one results folder is nothing to compare; name two or more");
        let findings = folders.iter().map(|folder| Findings::read(folder)).collect::<Result<Vec<_>>>()?;
        for (i, folder) in folders.iter().enumerate() {
            let same = |other: &PathBuf| match (std::fs::canonicalize(folder), std::fs::canonicalize(other)) {
                (Ok(a), Ok(b)) => a == b,
                _ => false,
            };
            ensure!(!folders[..i].iter().any(same), "{}: is named twice; name each once", folder.display());
        }
        let judged = |findings: &Findings| findings.spec().dataset.task().primary_metric();
        let metric = judged(&findings[0]);
        for (folder, other) in folders.iter().zip(&findings) {
            ensure!(
                judged(other) == metric,
                "{}: is judged by {}, but {} by {}; compare results of one task",
                folder.display(),
                judged(other).name,
                folders[0].display(),
                metric.name
            );
        }
        Ok(Self { names: names(folders), findings, metric })
    }

    /// The images that the values of all folders are of.
    fn images(&self) -> Images {
        let each: Vec<Images> = self.findings.iter().map(|findings| findings.images(&[])).collect();
        if each.iter().all(|images| *images == each[0]) { each[0] } else { Images::Mixed }
    }

    /// A name that stands for an arm of a folder, with a mark if its values are of train images and those of others are
    /// not.
    fn marked(&self, findings: &Findings, arm: &str, name: &str) -> String {
        let on_train = self.images() == Images::Mixed && findings.images(&[arm]) == Images::Train;
        if on_train { format!("{name} {TRAIN_MARK}") } else { name.to_owned() }
    }

    /// A folder's name where it stands for an arm in it.
    fn named(&self, folder: &str, arm: &str) -> String {
        let named = self.each().find(|(name, _)| *name == folder);
        named.map_or_else(|| folder.to_owned(), |(name, findings)| self.marked(findings, arm, name))
    }

    fn each(&self) -> impl Iterator<Item = (&str, &Findings)> {
        self.names.iter().map(String::as_str).zip(&self.findings)
    }
}

/// The folders' names; the whole paths of folders that share a name.
fn names(folders: &[PathBuf]) -> Vec<String> {
    let own = |folder: &PathBuf| {
        let full = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
        full.components().next_back().map_or_else(String::new, |c| c.as_os_str().to_string_lossy().into_owned())
    };
    let names: Vec<String> = folders.iter().map(own).collect();
    let is_alone = |name: &String| names.iter().filter(|other| *other == name).count() == 1;
    let name = |(name, folder): (&String, &PathBuf)| {
        if is_alone(name) { name.clone() } else { folder.display().to_string() }
    };
    names.iter().zip(folders).map(name).collect()
}

/// Where a comparison is written when nobody says: `comparison-<A>-<B>...` beside the first folder.
pub fn default_folder(folders: &[PathBuf]) -> PathBuf {
    let parent = folders.first().and_then(|folder| folder.parent()).unwrap_or(Path::new("")).to_owned();
    let plain = |name: String| name.replace(['/', '\\'], "-").trim_matches('-').to_owned();
    let names: Vec<String> = names(folders).into_iter().map(plain).collect();
    parent.join(format!("comparison-{}", names.join("-")).chars().take(200).collect::<String>())
}

#[cfg(test)]
mod tests;
