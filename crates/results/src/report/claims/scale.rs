//! The scale of an experiment, compared with the scale of a claim's source.

use super::published::PublishedClaim;
use crate::report::words::arm::protocol_of;
use crate::report::words::protocol::{imbalance, model};
use crate::results::Results;
use crate::spec::{At, Expectation, Spec};
use crate::store::Manifest;
use crate::words::{counted, thousands};

/// Marks data that have a note.
pub(super) const DATA_MARK: &str = "†";

/// Whether results have the scale of a claim's source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Against {
    Same,
    Other,
    /// The scale of the source is not known here.
    Unknown,
}

impl Against {
    /// In a table that asks for it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Same => "yes",
            Self::Other => "no",
            Self::Unknown => "not known",
        }
    }
}

/// Compares the scale of results with the source's scale on their data set: pool, labels, rounds, width and epochs, as
/// far as the source states them.
pub(super) fn against(results: &Results, expected: &Expectation, published: &[&PublishedClaim]) -> Against {
    let spec = &results.spec;
    let Some(source) = published.iter().find(|claim| claim.dataset == spec.dataset.name()) else {
        return Against::Unknown;
    };
    let protocol = protocol_of(spec, &expected.sampler);
    let last = spec.rounds.labeled(spec.rounds.count.saturating_sub(1));
    let labeled = match expected.at {
        At::FirstRound => spec.rounds.initial,
        at => at.round(spec).map_or(last, |round| spec.rounds.labeled(round)),
    };
    let pool = results.manifest.as_ref().map(|manifest| manifest.data.pool).or(spec.dataset.pool());
    let width = protocol.model.network().map(|network| network.width);
    let ours = [pool, Some(labeled), Some(spec.rounds.count), width, Some(protocol.train.epochs)];
    // None if our side is not known.
    let same: Vec<Option<bool>> = source
        .scale()
        .into_iter()
        .zip(ours)
        .filter_map(|(theirs, ours)| Some((theirs?, ours)))
        .map(|(theirs, ours)| Some(ours? == theirs))
        .collect();
    match same.as_slice() {
        parts if parts.contains(&Some(false)) => Against::Other,
        [] => Against::Unknown,
        parts if parts.contains(&None) => Against::Unknown,
        _ => Against::Same,
    }
}

/// `cifar10; pool of 10,000 images; 200 to 1,000 labels; resnet18 of width 8; 30 epochs a round`.
pub(super) fn in_words(spec: &Spec, arm: &str, manifest: Option<&Manifest>) -> String {
    let protocol = protocol_of(spec, arm);
    let rounds = &spec.rounds;
    let labels = match rounds.count {
        0 | 1 => format!("{} labels", thousands(rounds.initial)),
        count => format!("{} to {} labels", thousands(rounds.initial), thousands(rounds.labeled(count - 1))),
    };
    let mut parts = data_in_words(spec, manifest);
    parts.push(labels);
    parts.push(network_in_words(protocol));
    parts.push(format!("{} a round", counted(protocol.train.epochs, "epoch")));
    parts.join("; ")
}

/// The data set with its mark, and its pool.
pub(super) fn data_in_words(spec: &Spec, manifest: Option<&Manifest>) -> Vec<String> {
    let mark = if manifest.is_some_and(|m| !m.data.note.trim().is_empty()) { DATA_MARK } else { "" };
    let cut = spec.imbalance.as_ref().map(imbalance).unwrap_or_default();
    let cut = cut.trim_start_matches("Imbalance: ").trim_end_matches('.');
    let cut = if cut.is_empty() { String::new() } else { format!(", {cut}") };
    let pool = manifest.map(|m| m.data.pool).or(spec.dataset.pool());
    let pool = pool.map(|pool| format!("pool of {} images{cut}", thousands(pool)));
    std::iter::once(format!("{}{mark}", spec.dataset.name())).chain(pool).collect()
}

/// `resnet18 of width 8`.
pub(super) fn network_in_words(protocol: &Spec) -> String {
    model(&protocol.model)
}
