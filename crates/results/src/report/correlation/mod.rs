//! The rank correlation of an image's pretext loss and its task loss (a claim of the paper): `losses.csv`,
//! `summary.csv`, `scatter-task` and `scatter-held-out` as SVG and PNG, `README.md` and `report.html`.

mod page;
mod pairs;
pub(crate) mod published;

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::Serialize;

use super::figures::picture::{Badged, png, svg};
use super::figures::scatter::Scatter;
use super::page::html::{Extras, document};
use super::page::{Badge, Cell, Figure, Number, write_figures};
use super::place::Written;
use super::reference::reference_folder;
use super::words::badge::{badge, title};
use crate::files::checksums::{CHECKSUMS, Staged, commit};
use crate::files::{csv_bytes, write_atomically};
use crate::seed::{Purpose, sample, stream};
use crate::spec::{CorrelationSpec, Spec};
use crate::stats::{bootstrap_95, spearman};
use crate::store::Manifest;
use crate::words::{counted, thousands};

pub use pairs::{Pair, read_pairs};

/// Everything that was measured for one seed.
#[derive(Clone, Debug)]
pub struct CorrelationFindings {
    /// The spec, with its `[correlation]`.
    pub spec: Spec,
    /// Where, when and on which data; `None` if not known.
    pub manifest: Option<Manifest>,
    /// The seed of pretext learner, task models and folds; the bootstrap and the choice of shown points use it, too.
    pub seed: u64,
    /// One for each image of the pool.
    pub pairs: Vec<Pair>,
    /// The primary metric (accuracy, mean IoU), from 0 to 1, of the model of the whole pool, on the pool.
    pub pool_accuracy: f64,
    /// The primary metric of the models of the folds, each on the images that it was not trained on; the mean over
    /// folds.
    pub held_out_accuracy: f64,
}

impl CorrelationFindings {
    /// The scale badge of the page and its pictures.
    fn badge(&self) -> Badge {
        let mut facts = badge(&self.spec, self.manifest.as_ref(), &[], None).facts().to_vec();
        facts.push(format!("n = {}, 1 seed", counted(self.pairs.len(), "image")));
        Badge::new(facts)
    }
}

/// A kind of task loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// The loss on images that the model was trained on.
    Task,
    /// The loss on images that the model was not trained on.
    HeldOut,
}

impl Which {
    const ALL: [Self; 2] = [Self::Task, Self::HeldOut];

    /// The name in `summary.csv` and in the names of files.
    fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::HeldOut => "held-out",
        }
    }

    /// The name in tables.
    fn label(self) -> &'static str {
        match self {
            Self::Task => "task (trained on the image)",
            Self::HeldOut => "held-out (not trained on it)",
        }
    }

    /// The name at the axis of a plot.
    fn axis(self) -> &'static str {
        match self {
            Self::Task => "normalised rank of the task loss (trained on the image)",
            Self::HeldOut => "normalised rank of the held-out task loss",
        }
    }

    /// The losses of all images.
    fn losses(self, pairs: &[Pair]) -> Vec<f64> {
        let loss = |pair: &Pair| match self {
            Self::Task => pair.task,
            Self::HeldOut => pair.held_out,
        };
        pairs.iter().map(loss).collect()
    }
}

/// The correlation of a kind of task loss with the pretext loss.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measured {
    which: Which,
    /// Images.
    n: usize,
    /// None if all losses of one kind are equal.
    spearman: Option<f64>,
    /// The 95 % interval over images.
    interval: Option<(f64, f64)>,
}

impl Measured {
    fn of(which: Which, findings: &CorrelationFindings, resamples: usize) -> Self {
        let pretext: Vec<f64> = findings.pairs.iter().map(|p| p.pretext).collect();
        let task = which.losses(&findings.pairs);
        Self {
            which,
            n: findings.pairs.len(),
            spearman: spearman(&pretext, &task),
            interval: bootstrap_95(&pretext, &task, resamples, findings.seed),
        }
    }

    fn in_words(&self) -> String {
        match (self.spearman, self.interval) {
            (Some(rho), Some((low, high))) => {
                format!("Spearman's rho {rho:.3}, 95 % interval {low:.3} to {high:.3}")
            }
            (Some(rho), None) => format!("Spearman's rho {rho:.3}"),
            (None, _) => "no rank correlation, as all losses of one kind are equal".into(),
        }
    }

    /// `0.440 [0.425, 0.455]`.
    fn cell(&self) -> Cell {
        Cell::or_missing(self.spearman.map(|rho| Number::estimate(rho, self.interval, 3).into()))
    }
}

/// A row of `summary.csv`.
#[derive(Default, Serialize)]
struct SummaryRow {
    which: &'static str,
    n: usize,
    spearman: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    resamples: usize,
    seed: u64,
}

/// Writes all files of a correlation into `folder`, each whole or not at all, and gives the tables to print.
///
/// # Errors
/// If the spec has no `[correlation]`, a loss is not finite, an image comes twice, there are fewer than two, or the
/// folder cannot be written; one line. Nothing is written in all but the last case.
pub fn write(folder: &Path, findings: &CorrelationFindings) -> Result<Written> {
    let options: CorrelationSpec = findings
        .spec
        .correlation
        .context("the spec has no `[correlation]`; add one with `folds`, `points` and `resamples`")?;
    pairs::check(&findings.pairs)?;
    let measured = Which::ALL.map(|which| Measured::of(which, findings, options.resamples));
    let row = |m: &Measured| SummaryRow {
        which: m.which.name(),
        n: m.n,
        spearman: m.spearman,
        low: m.interval.map(|i| i.0),
        high: m.interval.map(|i| i.1),
        resamples: options.resamples,
        seed: findings.seed,
    };
    std::fs::create_dir_all(folder)
        .map_err(|e| anyhow!("{}: cannot be created ({e}); check the folder", folder.display()))?;
    let files = vec![
        Staged::new(&folder.join("losses.csv"), &csv_bytes(&findings.pairs))?,
        Staged::new(&folder.join("summary.csv"), &csv_bytes(&measured.each_ref().map(row)))?,
    ];
    commit(&folder.join(CHECKSUMS), files, &[])?;
    let badge = findings.badge().line();
    let mut figures = Vec::new();
    for one in &measured {
        let scatter = scatter(findings, one, options.points)?;
        let scatter = Badged::of(&scatter, &badge);
        let name = one.which.name();
        let alt = format!("Images by the ranks of pretext loss and {name} loss");
        figures.push(Figure::new(format!("scatter-{name}.svg"), alt, svg(&scatter)?));
        let png = png(&scatter)?;
        write_atomically(&folder.join(format!("scatter-{name}.png")), |out| out.write_all(&png))?;
    }
    let published = published::read(&reference_folder(folder))?;
    let tables = page::tables(findings, &measured, options.resamples, &published);
    let text = super::page::markdown(&tables);
    let page = page::page(findings, (&options, &measured, &published), tables, figures);
    write_figures(&page, folder)?;
    write_atomically(&folder.join("README.md"), |out| out.write_all(page.markdown().as_bytes()))?;
    let written = folder.join("report.html");
    let html = document(&page, &Extras::default());
    write_atomically(&written, |out| out.write_all(html.as_bytes()))?;
    Ok(Written { text, page: written })
}

/// Images by the ranks of their two losses: as many as the spec shows, drawn by the seed, the same for both task
/// losses.
///
/// # Errors
/// If the font, by which text is measured, cannot be read.
fn scatter(findings: &CorrelationFindings, measured: &Measured, points: usize) -> Result<Scatter> {
    let n = findings.pairs.len();
    let all: Vec<usize> = (0..n).collect();
    let shown = sample(&all, points, &mut stream(findings.seed, Purpose::ScatterPlot, &[]));
    let (experiment, profile) = findings.spec.identity();
    let profile = if profile.is_empty() { String::new() } else { format!(", profile {profile}") };
    let part = if shown.len() == n { "all".into() } else { format!("{} of them", thousands(shown.len())) };
    let subtitle = format!(
        "{}; n = {} images, {part} shown; {experiment}{profile}, seed {}",
        measured.in_words(),
        thousands(n),
        findings.seed
    );
    let pretext: Vec<f64> = findings.pairs.iter().map(|p| p.pretext).collect();
    let task = measured.which.losses(&findings.pairs);
    let title = title(&findings.spec, findings.manifest.as_ref());
    Scatter::of(&title, &subtitle, measured.which.axis(), [&pretext, &task], &shown)
}

#[cfg(test)]
mod tests;
