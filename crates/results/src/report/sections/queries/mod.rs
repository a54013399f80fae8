//! The queried images: their classes, how far samplers query the same ones, and thumbnails of some.

mod balance;
mod overlap;
mod thumbnails;

use std::collections::BTreeMap;

use anyhow::Result;
use rayon::prelude::*;

use self::balance::Balance;
use crate::report::findings::Findings;
use crate::report::page::{Block, Section};
use crate::spec::{Spec, Trial};
use crate::store::{QueriedImages, Queries, TrialFiles};

/// The queries of each arm by seed, in the spec's order; arms without queries are left out.
struct ArmQueries {
    arms: Vec<(String, BTreeMap<u64, Queries>)>,
    /// The names of trials that are left out: they have records, but their queries are missing or not as many as the
    /// spec says.
    odd: Vec<String>,
}

impl ArmQueries {
    /// Reads `queries/` of the results folder.
    ///
    /// # Errors
    /// If a file is damaged.
    fn read(findings: &Findings) -> Result<Self> {
        let results = &findings.results;
        let mut arms: Vec<(String, BTreeMap<u64, Queries>)> =
            results.arms().into_iter().map(|arm| (arm.label, BTreeMap::new())).collect();
        let trials = results.spec.trials();
        let read = |trial: &Trial| TrialFiles::below(&results.folder, trial).all_queries();
        let queries: Vec<Queries> = trials.par_iter().map(read).collect::<Result<_>>()?;
        let finished = results.finished();
        let mut odd = Vec::new();
        for (trial, queries) in trials.into_iter().zip(queries) {
            let label = trial.label();
            let last = finished.get(&(label.as_str(), trial.seed)).and_then(|rounds| rounds.last());
            let rounds = last.map_or(0, |last| last + 1);
            if !fits(&queries, rounds, &results.spec) {
                odd.push(trial.key());
                continue;
            }
            if let Some((_, by_seed)) = arms.iter_mut().find(|(arm, _)| *arm == label)
                && !queries.rounds.is_empty()
            {
                by_seed.insert(trial.seed, queries);
            }
        }
        arms.retain(|(_, by_seed)| !by_seed.is_empty());
        Ok(Self { arms, odd })
    }
}

/// Whether queries are of all the `finished` rounds, with as many images in each as the spec says. Recorded queries
/// that are replayed may have other numbers.
fn fits(queries: &Queries, finished: usize, spec: &Spec) -> bool {
    let size = |round: usize| if round == 0 { spec.rounds.initial } else { spec.rounds.query };
    let is_whole = |(round, images): (usize, &Vec<usize>)| spec.replay.is_some() || images.len() == size(round);
    queries.rounds.len() >= finished
        && queries.rounds.len() <= spec.rounds.count
        && queries.rounds.iter().enumerate().all(is_whole)
}

/// Empty before the first finished round.
///
/// # Errors
/// If a file of `queries/` or `queried/` is damaged, or a picture cannot be drawn; one line.
pub(super) fn section(findings: &Findings) -> Result<Section> {
    let heading = "Queries";
    if findings.rows.is_empty() {
        return Ok(Section::new(heading, Vec::new()));
    }
    let queried = ArmQueries::read(findings)?;
    if queried.arms.is_empty() {
        let unknown = "The queried images are not known: the folder has no `queries/`.";
        return Ok(Section::new(heading, vec![Block::paragraph(unknown)]));
    }
    let shown = QueriedImages::read(&findings.results.folder)?;
    let mut blocks = Vec::new();
    if !queried.odd.is_empty() {
        blocks.push(Block::warning(format!(
            "queries that are missing, or not as many as the spec says, are left out here: those of {}.",
            queried.odd.join(", ")
        )));
    }
    match shown.as_ref().and_then(|shown| Balance::of(findings, &queried, shown)) {
        Some(balance) => blocks.extend(balance.blocks(findings)?),
        None => blocks.push(Block::paragraph(
            "Classes and thumbnails of the queried images are not in the folder (`queried/`). Run the same `pt4al run` \
             command again with the data at hand: it adds them and trains nothing again.",
        )),
    }
    blocks.extend(overlap::blocks(findings, &queried)?);
    match shown.as_ref().map(|shown| (shown, shown.sheet.as_ref())) {
        Some((images, Some(sheet))) => {
            blocks.extend(thumbnails::thumbnails(findings, &queried, images, sheet)?.map(Block::Thumbnails));
        }
        Some((_, None)) => blocks.push(Block::paragraph(
            "Thumbnails of the queried images are not in the folder. The same `pt4al run` command makes them from the data.",
        )),
        None => {}
    }
    Ok(Section::new(heading, blocks))
}

#[cfg(test)]
mod tests;
