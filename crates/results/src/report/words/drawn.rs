//! How images were drawn: which share of a pretext batch a query labels, and what was drawn once for all seeds.

use crate::spec::{FirstQuery, InitialSet, SamplerSpec, Spec};
use crate::words::{code, listed, thousands};

/// From this share on, a query takes most of its pretext batch, whatever the task model's uncertainty is.
const MOST: f64 = 0.5;
/// The share in the official code: 1,000 labels of 5,000 images.
const OFFICIAL: f64 = 0.2;

/// Lines on the pretext batches that are queried, for a pool of so many images; empty if no sampler queries any.
pub(crate) fn batches(spec: &Spec, pool: usize) -> Vec<String> {
    if spec.replay.is_some() || spec.rounds.count < 2 {
        return Vec::new();
    }
    // Protocols by what is said of them.
    let mut shares: Vec<(String, Vec<&str>)> = Vec::new();
    let mut never: Vec<&str> = Vec::new();
    let mut highest: f64 = 0.0;
    for (variant, protocol) in spec.protocols() {
        let queries_batches = |sampler: &&SamplerSpec| sampler.queries_pretext_batches();
        let Some(sampler) = protocol.samplers.iter().find(queries_batches) else { continue };
        let name = variant.unwrap_or("experiment");
        let share = protocol.share_of_batch(pool);
        highest = highest.max(share);
        let size = thousands(pool / protocol.pretext_batches().max(1));
        let text = format!("{:.0} % ({} of {size} images)", 100.0 * share, thousands(protocol.rounds.query));
        match shares.iter_mut().find(|(known, _)| *known == text) {
            Some((_, protocols)) => protocols.push(name),
            None => shares.push((text, vec![name])),
        }
        let starts_from_0 = matches!(protocol.initial_set(sampler), InitialSet::PretextStride(of) if of.batch == 0);
        let first = protocol.pretext.as_ref().map(|pretext| pretext.first_query).unwrap_or_default();
        if !starts_from_0 && first == FirstQuery::Batch1 && protocol.pretext_batch_of(1) > 0 {
            never.push(name);
        }
    }
    if shares.is_empty() {
        return Vec::new();
    }
    let named = |protocols: &[&str]| protocols.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ");
    let shown: Vec<String> = match shares.as_slice() {
        [(share, _)] => vec![share.clone()],
        several => several.iter().map(|(share, protocols)| format!("{share} in {}", named(protocols))).collect(),
    };
    let meaning = if highest >= MOST {
        " If a query takes most of its batch, the order of the batches matters more than the task model's uncertainty."
    } else {
        ""
    };
    let mut lines = vec![format!(
        "Share of a pretext batch that a query labels: {}; {:.0} % in the official code.{meaning}",
        shown.join("; "),
        100.0 * OFFICIAL
    )];
    if !never.is_empty() {
        lines.push(format!(
            "Pretext batch 0 is never queried in {}: round 1 queries batch 1 (`pretext.first-query`), and the initial \
             labels are not chosen from batch 0.",
            named(&never)
        ));
    }
    lines
}

/// What was drawn once for all seeds, so that no interval covers its variation. Returns `None` if nothing is drawn.
pub(crate) fn shared(spec: &Spec) -> Option<String> {
    let mut drawn = Vec::new();
    if spec.dataset.pool().is_some() {
        drawn.push(format!("the part of the images that is the pool (`pool-seed` {})", spec.dataset.pool_seed()));
    }
    drawn.extend(spec.dataset.options().drawn_once());
    drawn.extend(
        spec.imbalance
            .as_ref()
            .map(crate::spec::Imbalance::seed)
            .map(|seed| format!("the images that the imbalance keeps (`seed` {seed})")),
    );
    if drawn.is_empty() {
        return None;
    }
    Some(format!(
        "Drawn once for all seeds: {}. The intervals are over seeds, so they do not cover the variation between draws.",
        listed(&drawn)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(experiment: &str, profile: Option<&str>, sets: &[&str]) -> Spec {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/{experiment}.toml"));
        let (profile, sets) = (profile.map(str::to_owned), sets.iter().map(|&set| set.to_owned()).collect());
        crate::spec::load(&crate::spec::Source { path, profile, sets }).unwrap()
    }

    #[test]
    fn the_share_of_a_batch_is_told_and_what_a_large_one_means() {
        let paper = batches(&spec("cifar10", None, &[]), 50_000);
        assert_eq!(
            paper,
            ["Share of a pretext batch that a query labels: 20 % (1,000 of 5,000 images); 20 % in the official code."]
        );
        let large = batches(&spec("cifar10", None, &["rounds.query=4000"]), 50_000);
        assert!(
            large[0].contains("80 % (4,000 of 5,000 images)") && large[0].contains("order of the batches"),
            "{large:?}"
        );
        assert!(batches(&spec("cifar10", None, &["samplers=['random']"]), 50_000).is_empty());
        let ablation = batches(&spec("sampler-ablation", None, &[]), 50_000);
        assert!(ablation[0].contains("20 % (1,000 of 5,000 images) in `experiment`; 2 %"), "{ablation:?}");
    }

    #[test]
    fn a_batch_that_is_never_queried_is_told() {
        let never = |sets: &[&str]| batches(&spec("cifar10", None, sets), 50_000).len() == 2;
        assert!(never(&["initial-set='random'"]));
        assert!(!never(&["initial-set='random'", "pretext.first-query='batch-0'"]));
        assert!(!never(&["initial-set={pretext-stride={batch=0}}"]));
        assert!(never(&["initial-set={pretext-stride={batch=5}}"]));
    }

    #[test]
    fn what_all_seeds_share_is_told() {
        assert_eq!(shared(&spec("cifar10", None, &[])), None);
        let cpu = shared(&spec("cifar10", Some("cpu"), &["dataset.cifar10.pool-seed=3"])).unwrap();
        assert!(cpu.contains("(`pool-seed` 3)") && cpu.contains("over seeds"), "{cpu}");
        let tail = shared(&spec("cifar10-imbalanced", Some("cpu"), &[])).unwrap();
        assert!(
            tail.contains("is the pool") && tail.contains(" and the images that the imbalance keeps (`seed` 0)"),
            "{tail}"
        );
        assert!(shared(&spec("caltech101", None, &[])).unwrap().contains("test split (`split-seed` 0)"));
        assert!(shared(&crate::report::testing::spec()).is_some());
    }
}
