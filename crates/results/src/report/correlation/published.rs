//! Correlations that others have measured: `results/reference/correlation.csv`.

use std::path::Path;

use anyhow::{Result, anyhow, ensure};
use serde::Deserialize;

use crate::report::table::aligned;
use crate::spec::Spec;
use crate::words::{code, thousands};

/// One published rank correlation.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::report) struct Published {
    /// Who says so.
    pub source: String,
    /// As in specs.
    pub dataset: String,
    /// Whether the pool was cut so that its classes differ in size.
    pub imbalanced: bool,
    /// Spearman's rho of pretext and task loss over images.
    pub spearman: f64,
    /// What a reader must know of it; empty for nothing.
    pub note: String,
}

/// Reads `<folder>/correlation.csv`; none where it is not there.
///
/// # Errors
/// If a row does not fit; the message names the file and the line.
pub(in crate::report) fn read(folder: &Path) -> Result<Vec<Published>> {
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

/// The table of those on the data set of `spec`, and how ours differ from them; none where nobody has any.
pub(super) fn table(spec: &Spec, published: &[Published]) -> Option<String> {
    let on_it: Vec<&Published> = published
        .iter()
        .filter(|p| p.dataset == spec.dataset.name() && (!p.imbalanced || spec.imbalance.is_some()))
        .collect();
    if on_it.is_empty() {
        return None;
    }
    let mut grid = vec![["source", "Spearman"].map(str::to_owned).to_vec()];
    for one in on_it {
        let note = if one.note.is_empty() { String::new() } else { format!(" ({})", one.note) };
        grid.push(vec![format!("{}{note}", one.source), one.spearman.to_string()]);
    }
    let mut ours = Vec::new();
    let (_, profile) = spec.identity();
    if !profile.is_empty() {
        ours.push(format!("the profile {}", code(profile)));
    }
    ours.extend(spec.dataset.pool().map(|pool| format!("a pool of {} images", thousands(pool))));
    ours.extend(spec.imbalance.as_ref().map(|_| "an imbalanced pool".into()));
    let scale = match ours.is_empty() {
        true => String::new(),
        false => format!("\nOurs are of another scale: {}.\n", ours.join(", ")),
    };
    Some(format!("**Published**\n\n{}{scale}", aligned(&grid)))
}
