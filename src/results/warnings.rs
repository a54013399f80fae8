//! What is missing from records, or was not made alike.

use std::collections::{BTreeMap, BTreeSet};

use super::Results;
use crate::spec::Trial;
use crate::store::Session;

/// A line for each kind of thing.
pub(super) fn warnings(results: &Results) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(trials(results));
    found.extend(series(results));
    found.extend(manifest(results));
    found
}

/// Trials without records, and trials that end early.
fn trials(results: &Results) -> Vec<String> {
    let spec = &results.spec;
    let mut finished: BTreeMap<(&str, u64), BTreeSet<usize>> = BTreeMap::new();
    for row in results.records.rows.iter().filter(|row| row.error.is_empty()) {
        finished.entry((&row.sampler, row.seed)).or_default().insert(row.round);
    }
    let trials = spec.trials();
    let of = |trial: &Trial| finished.get(&(trial.label().as_str(), trial.seed)).cloned().unwrap_or_default();
    let (mut absent, mut short) = (Vec::new(), Vec::new());
    for trial in &trials {
        let rounds = of(trial);
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
            "{} of {} trials are not complete, so that means of different rounds are over different seeds: {}.",
            short.len(),
            trials.len(),
            listed(short)
        ));
    }
    found
}

/// Values that some finished rounds of an arm have and others lack, in what the task is judged by.
fn series(results: &Results) -> Option<String> {
    let metric = results.spec.dataset.task().metrics()[0].name;
    let mut lacking = Vec::new();
    let mut rounds: BTreeMap<(&str, u64), BTreeSet<usize>> = BTreeMap::new();
    for row in results.records.rows.iter().filter(|row| row.error.is_empty()) {
        rounds.entry((&row.sampler, row.seed)).or_default().insert(row.round);
    }
    for arm in results.arms() {
        for rule in &arm.protocol.train.select.record {
            let trials = results.trials(&arm.label, metric, rule.name());
            if trials.is_empty() && *rule != arm.protocol.train.select.query {
                continue;
            }
            for &seed in &results.spec.seeds {
                let Some(finished) = rounds.get(&(arm.label.as_str(), seed)) else { continue };
                let has = trials.get(&seed);
                if finished.iter().any(|round| has.is_none_or(|has| !has.contains_key(round))) {
                    lacking.push(format!("{}-seed{seed} ({})", arm.label, rule.name()));
                }
            }
        }
    }
    (!lacking.is_empty()).then(|| format!("Finished rounds without a value of {metric}: {}.", listed(lacking)))
}

/// Sessions that were not alike, or a manifest that is of something else.
fn manifest(results: &Results) -> Vec<String> {
    let Some(manifest) = &results.manifest else {
        return vec!["There is no manifest.json: where and on which data this ran is not known.".into()];
    };
    let mut found = Vec::new();
    let (is, was) = (results.spec.hash(), &manifest.spec_hash);
    if is != *was {
        found
            .push(format!("manifest.json is of the protocol {was}, spec.toml of {is}: one of them is from elsewhere."));
    }
    let sessions = &manifest.sessions;
    let mut differing = Vec::new();
    for (what, of) in [
        ("devices", device as fn(&Session) -> String),
        ("processors", |s| s.cpu.clone()),
        ("revisions", |s| s.revision.clone()),
        ("versions of libtorch", |s| s.libtorch.clone()),
        ("numbers of threads", |s| s.threads.to_string()),
    ] {
        let values: BTreeSet<String> = sessions.iter().map(of).filter(|value| !value.is_empty()).collect();
        if values.len() > 1 {
            differing.push(format!("{} {what} ({})", values.len(), listed(values.into_iter().collect())));
        }
    }
    if !differing.is_empty() {
        found.push(format!("The sessions that made these results had {}.", differing.join("; ")));
    }
    if sessions.iter().any(|session| session.dirty) {
        found.push("The program was built with local changes that no revision names.".into());
    }
    found
}

fn device(session: &Session) -> String {
    session.device.clone()
}

/// As many as a line holds.
fn listed(mut items: Vec<String>) -> String {
    const MOST: usize = 6;
    let more = items.len().saturating_sub(MOST);
    items.truncate(MOST);
    let shown = items.join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
