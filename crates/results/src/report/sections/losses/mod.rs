//! The pretext losses, and how they were cut into batches.

use anyhow::Result;

use crate::batches::split_into_batches;
use crate::report::figures::histogram::{Batches, Histograms};
use crate::report::figures::{Drawing, figure};
use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Section, Table};
use crate::report::words::value;
use crate::spec::{LossOrder, SamplerSpec};
use crate::store::{Losses, losses_path};
use crate::words::thousands;

/// Losses below this are printed with an exponent; sorted as strings, they fall among large losses.
const SMALL: f64 = 1e-4;

/// Losses of the first seed, and the protocols that share them and cut them alike.
struct Batched {
    /// `experiment`, and variants by name.
    protocols: Vec<String>,
    /// Which file the losses are in, as the spec names it.
    file: Option<String>,
    order: LossOrder,
    /// By batch, in the order in which batches are queried.
    batches: Vec<Vec<f64>>,
}

impl Batched {
    fn label(&self) -> String {
        format!("{} ({})", self.protocols.join(", "), value(&self.order).trim_matches('"'))
    }

    /// The data of the histogram.
    fn drawn(&self) -> Batches {
        let are_ranges = match self.order {
            LossOrder::PublishedStringSort | LossOrder::PublishedStringSortLowFirst => false,
            LossOrder::Loss | LossOrder::LossLowFirst => true,
        };
        Batches { label: self.label(), batches: self.batches.clone(), are_ranges }
    }
}

/// Empty if no sampler and no initial set reads pretext losses, and before the first finished round.
///
/// # Errors
/// If a file of losses is damaged, or the picture cannot be drawn; one line.
pub(super) fn section(findings: &Findings) -> Result<Section> {
    let heading = "Pretext losses";
    if findings.rows.is_empty() {
        return Ok(Section::new(heading, Vec::new()));
    }
    let (found, missing) = batched(findings)?;
    let seed = findings.spec().seeds[0];
    let mut blocks = Vec::new();
    if !found.is_empty() {
        let drawn: Vec<Batches> = found.iter().map(Batched::drawn).collect();
        let histograms = Histograms::of(&findings.title(), seed, &drawn)?;
        let alt = "Histogram of the pretext losses with the pretext batches";
        blocks.push(Block::Figure(figure(Drawing::Losses, alt, &histograms, &findings.badge())?));
        blocks.push(Block::Table(quantiles(&found)));
        blocks.push(Block::paragraph(format!(
            "Losses of seed {seed}, in nats. Losses under 1e-4 are printed with an exponent; sorted as strings, they \
             fall among losses from 1 to 9."
        )));
        blocks.push(Block::Table(means(&found)));
    }
    let pool = findings.manifest().map(|manifest| manifest.data.pool);
    let images = |batched: &Batched| batched.batches.iter().map(Vec::len).sum::<usize>();
    if let Some(odd) = found.iter().map(images).find(|&images| pool.is_some_and(|pool| pool != images)) {
        blocks.push(Block::warning(format!(
            "these are losses of {} images, but the pool has {}: the file is incomplete, or belongs to other data.",
            thousands(odd),
            thousands(pool.unwrap_or(0))
        )));
    }
    if !missing.is_empty() {
        let missing = missing.join(", ");
        blocks.push(Block::paragraph(format!("The losses of seed {seed} are not in the folder: {missing}.")));
    }
    Ok(Section::new(heading, blocks))
}

/// The losses whose files are there, and the names of the files that are not.
fn batched(findings: &Findings) -> Result<(Vec<Batched>, Vec<String>)> {
    let spec = findings.spec();
    let (mut found, mut missing): (Vec<Batched>, Vec<String>) = (Vec::new(), Vec::new());
    for (variant, protocol) in spec.protocols() {
        let reads = |s: &SamplerSpec| s.needs_pretext() || protocol.initial_set(s).needs_losses();
        let Some(pretext) = protocol.pretext.as_ref().filter(|_| protocol.samplers.iter().any(reads)) else { continue };
        if spec.replay.is_some() {
            continue;
        }
        let name = variant.unwrap_or("experiment").to_owned();
        let file = spec.losses_of(variant).map(str::to_owned);
        let count = protocol.pretext_batches();
        let is_same = |b: &&mut Batched| b.file == file && b.order == pretext.order && b.batches.len() == count;
        if let Some(known) = found.iter_mut().find(is_same) {
            known.protocols.push(name);
            continue;
        }
        let path = losses_path(&findings.results.folder, file.as_deref(), spec.seeds[0]);
        if !path.exists() {
            let shown = format!("`pretext/{}`", path.file_name().unwrap_or_default().to_string_lossy());
            if !missing.contains(&shown) {
                missing.push(shown);
            }
            continue;
        }
        let losses = Losses::read(&path)?;
        // The rows are sorted by index.
        let loss = |index: usize| losses.rows.binary_search_by_key(&index, |row| row.0).map(|at| losses.rows[at].1);
        let batches = split_into_batches(&losses, pretext.order, count);
        let batches = batches.into_iter().map(|batch| batch.into_iter().flat_map(loss).collect()).collect();
        found.push(Batched { protocols: vec![name], file, order: pretext.order, batches });
    }
    Ok((found, missing))
}

/// A row per file of losses: its quantiles, and how many losses would be out of place as strings.
fn quantiles(found: &[Batched]) -> Table {
    const PARTS: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];
    let names = ["quantiles", "least", "5 %", "25 %", "median", "75 %", "95 %", "greatest", "under 1e-4", "images"];
    let mut table = Table::new("loss-quantiles", Column::all(names));
    let mut seen: Vec<&Option<String>> = Vec::new();
    for batched in found {
        if seen.contains(&&batched.file) {
            continue;
        }
        seen.push(&batched.file);
        let sorted = batched.drawn().sorted();
        let at = |part: f64| sorted.get((part * sorted.len().saturating_sub(1) as f64).round() as usize);
        let small = sorted.iter().filter(|loss| **loss < SMALL).count();
        let quantiles = PARTS.into_iter().map(|part| Cell::or_missing(at(part).map(|loss| loss_cell(*loss))));
        let counts = [Cell::Count(small), Cell::Count(sorted.len())];
        table.push(batched.file.as_deref().unwrap_or("experiment"), quantiles.chain(counts));
    }
    table
}

/// A row per way of cutting: the mean loss of each batch.
fn means(found: &[Batched]) -> Table {
    let most = found.iter().map(|b| b.batches.len()).max().unwrap_or(0);
    let batches = (0..most).map(|batch| batch.to_string());
    let columns = std::iter::once("mean loss (nats) of batch".to_owned()).chain(batches);
    let mut table = Table::new("batch-losses", Column::all(columns));
    for batched in found {
        let mean = |batch: usize| crate::stats::mean(batched.batches.get(batch)?);
        table.push(batched.label(), (0..most).map(|batch| Cell::or_missing(mean(batch).map(loss_cell))));
    }
    table
}

fn loss_cell(loss: f64) -> Cell {
    Cell::text(number(loss))
}

/// Three digits: `1.23`, `0.0123`, `1.23e-5`.
fn number(loss: f64) -> String {
    match loss.abs() {
        0.0 => "0".into(),
        size if size < 1e-3 => format!("{loss:.2e}"),
        size => format!("{loss:.*}", (2.0 - size.log10().floor()).clamp(0.0, 5.0) as usize),
    }
}

#[cfg(test)]
mod tests;
