//! What was asked for: its classes, how much samplers ask for the same, and pictures of some.

mod balance;
mod bars;
mod overlap;
mod thumbnails;

use std::collections::BTreeMap;

use anyhow::Result;
use rayon::prelude::*;

use self::balance::Balance;
use super::Findings;
use super::page::Section;
use crate::spec::{Spec, Trial};
use crate::store::{QueriedImages, Queries, TrialFiles};

/// The queries of each arm by seed, in the spec's order; arms without any are left out.
struct Asked {
    arms: Vec<(String, BTreeMap<u64, Queries>)>,
    /// Trials with records whose queries are not there, or not as many as the spec asks for, and are left out; by name.
    odd: Vec<String>,
}

impl Asked {
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

/// Whether they are of all the `finished` rounds, and as many in each as the spec asks for. Recorded queries that are
/// replayed may be others.
fn fits(queries: &Queries, finished: usize, spec: &Spec) -> bool {
    let asked = |round: usize| if round == 0 { spec.rounds.initial } else { spec.rounds.query };
    let right = |(round, chosen): (usize, &Vec<usize>)| spec.replay.is_some() || chosen.len() == asked(round);
    queries.rounds.len() >= finished
        && queries.rounds.len() <= spec.rounds.count
        && queries.rounds.iter().enumerate().all(right)
}

/// Empty before the first finished round.
///
/// # Errors
/// If a file of `queries/` or `queried/` is damaged, or a picture cannot be drawn; one line.
pub(super) fn section(findings: &Findings) -> Result<Section> {
    let mut section = Section::of("Queries", String::new());
    if findings.rows.is_empty() {
        return Ok(section);
    }
    let asked = Asked::read(findings)?;
    if asked.arms.is_empty() {
        section.text = "What was asked for is not known: the folder has no `queries/`.\n".into();
        return Ok(section);
    }
    let queried = QueriedImages::read(&findings.results.folder)?;
    if !asked.odd.is_empty() {
        section.text = format!(
            "> **Warning:** queries that are not there, or not as many as the spec asks for, are left out here: those of {}.\n\n",
            asked.odd.join(", ")
        );
    }
    match queried.as_ref().and_then(|queried| Balance::of(findings, &asked, queried)) {
        Some(balance) => balance.show(findings, &mut section)?,
        None => {
            section.text += "Classes and pictures of what was asked for are not in the folder (`queried/`): the same `pt4al run` \
                            command, once more with the data at hand, fills them in and trains nothing again.\n";
        }
    }
    overlap::show(findings, &asked, &mut section)?;
    if let Some(sheet) = queried.as_ref().and_then(|queried| queried.sheet.as_ref()) {
        thumbnails::show(findings, &asked, sheet, &mut section)?;
    }
    Ok(section)
}

#[cfg(test)]
mod tests;
