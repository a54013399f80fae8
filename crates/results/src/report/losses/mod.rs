//! The pretext losses and how they were cut into batches.

mod histogram;

use anyhow::Result;

use self::histogram::Histograms;
use super::Findings;
use super::page::{Figure, Section};
use super::table::aligned;
use super::value::value;
use crate::batches::split_into_batches;
use crate::spec::LossOrder;
use crate::store::{Losses, losses_path};
use crate::words::thousands;

/// Losses below this are printed with an exponent, and sort as strings where they do not belong.
const SMALL: f64 = 1e-4;

/// Losses of the first seed, as protocols that differ in them or in their batches have them.
struct Batched {
    /// What has them: the experiment, and variants by name.
    protocols: Vec<String>,
    /// Which file, and how it is cut: what tells one from the others.
    file: Option<String>,
    order: LossOrder,
    /// By batch, the first one asked first.
    batches: Vec<Vec<f64>>,
}

impl Batched {
    fn label(&self) -> String {
        format!("{} ({})", self.protocols.join(", "), value(&self.order).trim_matches('"'))
    }

    /// All of them, ascending.
    fn sorted(&self) -> Vec<f64> {
        let mut all = self.batches.concat();
        all.sort_by(f64::total_cmp);
        all
    }
}

/// Empty where no sampler and no initial set reads pretext losses, and before the first finished round.
///
/// # Errors
/// If a file of losses is damaged, or the picture cannot be drawn; one line.
pub(super) fn section(findings: &Findings) -> Result<Section> {
    let mut section = Section::of("Pretext losses", String::new());
    if findings.rows.is_empty() {
        return Ok(section);
    }
    let (found, missing) = batched(findings)?;
    let seed = findings.spec().seeds[0];
    if !found.is_empty() {
        let pictures = Histograms::of(&findings.spec().title, seed, &found)?;
        section.push(Figure::of("losses.svg", "Histogram of the pretext losses with the pretext batches", &pictures)?);
        section.text += &format!("\n{}\n{}", quantiles(&found, seed), means(&found));
    }
    let pool = findings.manifest().map(|manifest| manifest.data.pool);
    let images = |batched: &Batched| batched.batches.iter().map(Vec::len).sum::<usize>();
    if let Some(odd) = found.iter().map(images).find(|&images| pool.is_some_and(|pool| pool != images)) {
        section.text += &format!(
            "\n> **Warning:** these are losses of {} images, but the pool has {}: the file is not whole, or of other data.\n",
            thousands(odd),
            thousands(pool.unwrap_or(0))
        );
    }
    if !missing.is_empty() {
        section.text += &format!(
            "{}The losses of seed {seed} are not in the folder: {}.\n",
            if found.is_empty() { "" } else { "\n" },
            missing.join(", ")
        );
    }
    Ok(section)
}

/// Those whose files are there, and the files that are not.
fn batched(findings: &Findings) -> Result<(Vec<Batched>, Vec<String>)> {
    let spec = findings.spec();
    let (mut found, mut missing): (Vec<Batched>, Vec<String>) = (Vec::new(), Vec::new());
    for (variant, protocol) in spec.protocols() {
        let reads = |s: &crate::spec::SamplerSpec| s.needs_pretext() || protocol.initial_set(s).needs_losses();
        let Some(pretext) = protocol.pretext.as_ref().filter(|_| protocol.samplers.iter().any(reads)) else { continue };
        if spec.replay.is_some() {
            continue;
        }
        let name = variant.unwrap_or("experiment").to_owned();
        let file = spec.losses_of(variant).map(str::to_owned);
        let count = protocol.pretext_batches();
        let same = |b: &&mut Batched| b.file == file && b.order == pretext.order && b.batches.len() == count;
        if let Some(known) = found.iter_mut().find(same) {
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

/// A row per file of losses: its quantiles, and how many would be out of place as strings.
fn quantiles(found: &[Batched], seed: u64) -> String {
    const PARTS: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];
    let names = ["least", "5 %", "25 %", "median", "75 %", "95 %", "greatest"];
    let mut grid = vec![
        std::iter::once("quantiles")
            .chain(names)
            .chain(["under 1e-4", "images"])
            .map(str::to_owned)
            .collect::<Vec<_>>(),
    ];
    let mut seen: Vec<&Option<String>> = Vec::new();
    for batched in found {
        if seen.contains(&&batched.file) {
            continue;
        }
        seen.push(&batched.file);
        let sorted = batched.sorted();
        let at = |part: f64| sorted.get((part * sorted.len().saturating_sub(1) as f64).round() as usize);
        let small = sorted.iter().filter(|loss| **loss < SMALL).count();
        let name = batched.file.clone().unwrap_or_else(|| "experiment".into());
        let shown = PARTS.into_iter().map(|part| at(part).map_or("-".into(), |loss| number(*loss)));
        let counts = [thousands(small), thousands(sorted.len())];
        grid.push(std::iter::once(name).chain(shown).chain(counts).collect());
    }
    format!(
        "{}\nLosses of seed {seed}, in nats. Those under 1e-4 are printed with an exponent: sorted as strings, they lie among those of 1 to \
         9.\n",
        aligned(&grid)
    )
}

/// A row per way of cutting: the mean loss of each batch.
fn means(found: &[Batched]) -> String {
    let most = found.iter().map(|b| b.batches.len()).max().unwrap_or(0);
    let header = (0..most).map(|batch| batch.to_string());
    let mut grid = vec![std::iter::once("mean loss (nats) of batch".to_owned()).chain(header).collect::<Vec<_>>()];
    for batched in found {
        let mean = |batch: usize| crate::stats::mean(batched.batches.get(batch)?);
        let cells = (0..most).map(|batch| mean(batch).map_or("-".into(), number));
        grid.push(std::iter::once(batched.label()).chain(cells).collect());
    }
    aligned(&grid)
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
