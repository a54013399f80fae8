//! Whether an image's pretext loss and its task loss go together (the paper's claim): `losses.csv`, `summary.csv`,
//! `scatter-task` and `scatter-held-out` as SVG and PNG, and `README.md`.

mod page;
mod pairs;
pub(super) mod published;
mod scatter;

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use self::scatter::Scatter;
use super::Written;
use super::picture::{png, svg};
use crate::spec::{CorrelationSpec, Spec};
use crate::stats::{bootstrap_95, spearman};
use crate::store::{Manifest, write_atomically, write_csv};

pub use pairs::{Pair, read_pairs, write_pairs};

/// All that was measured for one seed.
#[derive(Clone, Debug)]
pub struct CorrelationFindings {
    /// With its `[correlation]`.
    pub spec: Spec,
    /// Where, when and on which data; None where that is not known.
    pub manifest: Option<Manifest>,
    /// That of pretext learner, task models and folds; the bootstrap and the choice of shown points draw from it, too.
    pub seed: u64,
    /// One for each image of the pool.
    pub pairs: Vec<Pair>,
    /// What the task is judged by (accuracy, mean IoU), from 0 to 1: of the model of the whole pool, on the pool.
    pub pool_accuracy: f64,
    /// The same of the models of the folds, each on the images that it was not trained on: the mean over folds.
    pub held_out_accuracy: f64,
}

/// A kind of task loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Which {
    /// Of images that the model was trained on.
    Task,
    /// Of images that it was not trained on.
    HeldOut,
}

impl Which {
    const ALL: [Self; 2] = [Self::Task, Self::HeldOut];

    /// In `summary.csv` and in the names of files.
    fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::HeldOut => "held-out",
        }
    }

    /// In tables.
    fn label(self) -> &'static str {
        match self {
            Self::Task => "task (trained on the image)",
            Self::HeldOut => "held-out (not trained on it)",
        }
    }

    /// At the axis of a plot.
    fn axis(self) -> &'static str {
        match self {
            Self::Task => "normalised rank of the task loss (trained on the image)",
            Self::HeldOut => "normalised rank of the held-out task loss",
        }
    }

    /// Of every image.
    fn losses(self, pairs: &[Pair]) -> Vec<f64> {
        let loss = |pair: &Pair| match self {
            Self::Task => pair.task,
            Self::HeldOut => pair.held_out,
        };
        pairs.iter().map(loss).collect()
    }
}

/// How a kind of task loss goes together with the pretext loss.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Measured {
    which: Which,
    /// Images.
    n: usize,
    /// None where all losses of one kind are equal.
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
    fn cell(&self) -> String {
        let interval = self.interval.map(|(low, high)| format!(" [{low:.3}, {high:.3}]")).unwrap_or_default();
        self.spearman.map_or("-".into(), |rho| format!("{rho:.3}{interval}"))
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
    let asked: CorrelationSpec = findings
        .spec
        .correlation
        .context("the spec has no `[correlation]`; add one with `folds`, `points` and `resamples`")?;
    pairs::check(&findings.pairs)?;
    let measured = Which::ALL.map(|which| Measured::of(which, findings, asked.resamples));
    write_pairs(&folder.join("losses.csv"), &findings.pairs)?;
    let row = |m: &Measured| SummaryRow {
        which: m.which.name(),
        n: m.n,
        spearman: m.spearman,
        low: m.interval.map(|i| i.0),
        high: m.interval.map(|i| i.1),
        resamples: asked.resamples,
        seed: findings.seed,
    };
    write_csv(&folder.join("summary.csv"), &measured.each_ref().map(row))?;
    for one in &measured {
        let scatter = Scatter::of(findings, one, asked.points)?;
        let file = |ending: &str| folder.join(format!("scatter-{}.{ending}", one.which.name()));
        let (svg, png) = (svg(&scatter)?, png(&scatter)?);
        write_atomically(&file("svg"), |out| out.write_all(svg.as_bytes()))?;
        write_atomically(&file("png"), |out| out.write_all(&png))?;
    }
    let published = published::read(&super::reference_folder(folder))?;
    let tables = page::tables(findings, &measured, asked.resamples, &published);
    let page = page::page(findings, &asked, &tables);
    let written = folder.join("README.md");
    write_atomically(&written, |out| out.write_all(page.as_bytes()))?;
    Ok(Written { text: tables, page: written })
}

#[cfg(test)]
mod tests;
