//! Warns about missing records and about differences between the sessions that made the results.

use std::collections::{BTreeMap, BTreeSet};

use super::circumstance::without_number;
use super::{Circumstance, Results};
use crate::spec::{Trial, trial_key};
use crate::store::{Edit, missing_files};
use crate::words::{code, thousands};

/// The finished rounds of each trial, by arm and seed.
type Finished<'a> = BTreeMap<(&'a str, u64), BTreeSet<usize>>;

/// All warnings, one line each.
pub(super) fn warnings(results: &Results) -> Vec<String> {
    let mut found = Vec::new();
    let finished = results.finished();
    found.extend(trials(results, &finished));
    found.extend(series(results, &finished));
    let devices: BTreeSet<String> = results.devices.iter().map(|device| without_number(device)).collect();
    let is_in_manifest = results.manifest.as_ref().is_some_and(|manifest| Circumstance::Device.of(manifest).len() > 1);
    if devices.len() > 1 && !is_in_manifest {
        let named: Vec<String> = devices.into_iter().collect();
        found.push(format!("Values of {} devices are averaged: {}.", named.len(), named.join(", ")));
    }
    found.extend(manifest(results));
    let missing = missing_files(&results.folder);
    if !missing.is_empty() {
        found.push(format!(
            "Files that belong to these results are missing: {}.",
            listed(missing.iter().map(|file| code(file)).collect())
        ));
    }
    found
}

/// Warns about trials without records and trials that lack rounds.
fn trials(results: &Results, finished: &Finished) -> Vec<String> {
    let spec = &results.spec;
    let trials = spec.trials();
    let rounds_of = |trial: &Trial| finished.get(&(trial.label().as_str(), trial.seed)).cloned().unwrap_or_default();
    let (mut absent, mut short) = (Vec::new(), Vec::new());
    for trial in &trials {
        let rounds = rounds_of(trial);
        if rounds.is_empty() {
            absent.push(trial.key());
        } else if rounds.len() < spec.rounds.count {
            let missing: Vec<String> =
                (0..spec.rounds.count).filter(|round| !rounds.contains(round)).map(|round| round.to_string()).collect();
            let word = if missing.len() == 1 { "round" } else { "rounds" };
            short.push(format!("{} lacks {word} {}", trial.key(), missing.join(", ")));
        }
    }
    let mut found = Vec::new();
    if !absent.is_empty() {
        let n = absent.len();
        found.push(format!("{n} of {} trials have no finished round: {}.", trials.len(), listed(absent)));
    }
    if !short.is_empty() {
        found.push(format!(
            "{} of {} trials are not complete, so means of different rounds are over different seeds: {}.",
            short.len(),
            trials.len(),
            listed(short)
        ));
    }
    found
}

/// Warns about finished rounds without a value of the primary metric, or of any other metric that some round of the
/// same arm has.
fn series(results: &Results, finished: &Finished) -> Vec<String> {
    let primary = results.spec.dataset.task().primary_metric().name;
    let mut lacking: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for arm in results.arms() {
        let of_arm = finished.iter().filter(|((label, _), _)| *label == arm.label);
        let rounds: Vec<(u64, usize)> =
            of_arm.flat_map(|((_, seed), rounds)| rounds.iter().map(|round| (*seed, *round))).collect();
        if rounds.is_empty() {
            continue;
        }
        let mut wanted: BTreeSet<(&str, &str)> = results.recorded(&arm.label).collect();
        wanted.insert((primary, arm.rule()));
        for (metric, select) in wanted {
            let trials = results.trials(&arm.label, metric, select);
            let missing = rounds
                .iter()
                .filter(|(seed, round)| !trials.get(seed).is_some_and(|rounds| rounds.contains_key(round)));
            let places =
                missing.map(|(seed, round)| format!("{} round {round} ({select})", trial_key(&arm.label, *seed)));
            lacking.entry(metric.to_owned()).or_default().extend(places);
        }
    }
    lacking.retain(|_, places| !places.is_empty());
    let line = |(metric, places): (String, Vec<String>)| {
        format!("Finished rounds without a value of {metric}, which means of {metric} leave out: {}.", listed(places))
    };
    lacking.into_iter().map(line).collect()
}

/// Warns about sessions that differ, and about a manifest that does not fit the spec.
fn manifest(results: &Results) -> Vec<String> {
    let Some(manifest) = &results.manifest else {
        return vec!["There is no manifest.json: where and on which data this ran is not known.".into()];
    };
    let mut found = Vec::new();
    let (of_spec, of_manifest) = (results.spec.hash(), &manifest.spec_hash);
    if of_spec != *of_manifest {
        found.push(format!(
            "manifest.json has the protocol {of_manifest}, but spec.toml has {of_spec}: one of them belongs to other results."
        ));
    }
    let (experiment, profile) = results.spec.identity();
    let (was, data) = ((manifest.experiment.as_str(), manifest.profile.as_str()), results.spec.dataset.name());
    if was != (experiment, profile) || manifest.data.name != data {
        found.push(format!(
            "manifest.json has experiment {}, profile {}, on {}, but spec.toml has experiment {}, profile {}, on {data}: one of \
             them belongs to other results.",
            code(was.0),
            profile_in_words(was.1),
            manifest.data.name,
            code(experiment),
            profile_in_words(profile)
        ));
    }
    let last = results.spec.rounds.labeled(results.spec.rounds.count.saturating_sub(1));
    if manifest.data.pool < last {
        found.push(format!(
            "manifest.json has a pool of {} images, but the last round has {} labels.",
            thousands(manifest.data.pool),
            thousands(last)
        ));
    }
    for circumstance in Circumstance::ALL {
        let values = circumstance.of(manifest);
        if values.len() > 1 {
            found.push(format!(
                "The sessions that made these results differ in {} ({}), which can change values: {}.",
                circumstance.in_words(),
                listed(values.into_iter().collect()),
                circumstance.why()
            ));
        }
    }
    for Edit { accepted, reason, files } in &manifest.edits {
        let day = accepted.split('T').next().unwrap_or_default();
        found.push(format!(
            "Files of these results were changed after the run and accepted on {day} ({}): {reason}",
            listed(files.iter().map(|file| code(file)).collect())
        ));
    }
    if manifest.sessions.iter().any(|session| session.dirty) {
        found.push("The program was built with local changes that no revision names.".into());
    }
    found
}

fn profile_in_words(profile: &str) -> String {
    if profile.is_empty() { "none".into() } else { code(profile) }
}

/// Joins the first items, and counts the others.
fn listed(mut items: Vec<String>) -> String {
    const MOST: usize = 6;
    let more = items.len().saturating_sub(MOST);
    items.truncate(MOST);
    let shown = items.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
