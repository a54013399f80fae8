//! Correlations that others have measured: `results/reference/correlation.csv`.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::Deserialize;

use crate::report::page::{Block, Cell, Column, Table};
use crate::spec::Spec;
use crate::words::{code, thousands};

/// One published rank correlation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Published {
    /// Who says so.
    pub source: String,
    /// Named as in specs.
    pub dataset: String,
    /// Whether the pool was cut so that its classes differ in size.
    pub imbalanced: bool,
    /// Spearman's rho of pretext and task loss over images.
    pub spearman: f64,
    /// A caveat for readers; may be empty.
    pub note: String,
}

/// Reads `<folder>/correlation.csv`; returns an empty list if there is no such file.
///
/// # Errors
/// If a row does not fit; the message names the file and the line.
pub(crate) fn read(folder: &Path) -> Result<Vec<Published>> {
    let path = folder.join("correlation.csv");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file = path.display();
    let mut reader = csv::Reader::from_path(&path).map_err(|e| anyhow!("{file}: cannot be read ({e}); check it"))?;
    let mut found = Vec::new();
    for (i, row) in reader.deserialize().enumerate() {
        let line = i + 2;
        let row: Published = row.map_err(|e| {
            let why = crate::store::csv_fault(&e);
            anyhow!("{file}:{line}: not a published correlation ({why}); correct the line")
        })?;
        ensure!((-1.0..=1.0).contains(&row.spearman), "{file}:{line}: rho is {}; it goes from -1 to 1", row.spearman);
        found.push(row);
    }
    Ok(found)
}

/// The published correlations on the data set of `spec`; those of imbalanced pools only if ours is one.
pub(super) fn of_dataset<'a>(spec: &Spec, published: &'a [Published]) -> impl Iterator<Item = &'a Published> {
    let (dataset, is_imbalanced) = (spec.dataset.name(), spec.imbalance.is_some());
    published.iter().filter(move |one| one.dataset == dataset && (!one.imbalanced || is_imbalanced))
}

/// [`of_dataset`] as a table, and how our scale differs; empty if nobody has published any.
pub(super) fn table(spec: &Spec, published: &[Published]) -> Vec<Block> {
    let mut table = Table::new("published", Column::all(["source", "Spearman"]));
    for one in of_dataset(spec, published) {
        let note = if one.note.is_empty() { String::new() } else { format!(" ({})", one.note) };
        table.push(format!("{}{note}", one.source), [Cell::text(one.spearman.to_string())]);
    }
    if table.rows.is_empty() {
        return Vec::new();
    }
    let mut ours = Vec::new();
    let (_, profile) = spec.identity();
    if !profile.is_empty() {
        ours.push(format!("the profile {}", code(profile)));
    }
    ours.extend(spec.dataset.pool().map(|pool| format!("a pool of {} images", thousands(pool))));
    ours.extend(spec.imbalance.as_ref().map(|_| "an imbalanced pool".into()));
    let mut blocks = vec![Block::heading("Published"), Block::Table(table)];
    if !ours.is_empty() {
        blocks.push(Block::paragraph(format!("Our scale differs: {}.", ours.join(", "))));
    }
    blocks
}
