//! PT4AL: images of the round's pretext batch (paper, section 3.3).

use std::collections::HashSet;

use anyhow::Result;

use super::initial::even_strides;
use super::uncertain::most_uncertain;
use super::{PoolView, Sampler};
use pt4al_results::seed::{self, Stream};
use pt4al_results::spec::{Uncertainty, Within};

/// Queries a round from its pretext batch. What that has too few unlabeled images for comes from the next batches in
/// turn, from batch 0 after the last; [`pt4al_results::spec::ShortBatch`] says when that may be.
pub(super) struct PretextBatch {
    pub within: Within,
}

impl Sampler for PretextBatch {
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
        // A batch has labels before its round where rounds share it, or where the initial labels were chosen another
        // way.
        let labeled: HashSet<usize> = pool.labeled().iter().copied().collect();
        let (first, batches) = (pool.batch_of_round(), pool.pretext_batches());
        let mut asked = Vec::with_capacity(n);
        for batch in (first..batches).chain(0..first) {
            let batch = pool.pretext_batch(batch)?.iter().copied();
            let candidates: Vec<usize> = batch.filter(|position| !labeled.contains(position)).collect();
            asked.extend(self.query_batch(pool, &candidates, n - asked.len(), stream)?);
            if asked.len() == n {
                break;
            }
        }
        Ok(asked)
    }
}

impl PretextBatch {
    /// `n` of the `candidates` in one batch; all of them if there are fewer.
    fn query_batch(
        &self,
        pool: &dyn PoolView,
        candidates: &[usize],
        n: usize,
        stream: &mut Stream,
    ) -> Result<Vec<usize>> {
        match self.within {
            Within::LeastConfidence => most_uncertain(pool, Uncertainty::LeastConfidence, candidates, n),
            Within::Entropy => most_uncertain(pool, Uncertainty::Entropy, candidates, n),
            Within::Margin => most_uncertain(pool, Uncertainty::Margin, candidates, n),
            Within::ClassBalanced => class_balanced(pool, candidates, n),
            Within::Interval => Ok(even_strides(candidates, n)),
            Within::Random => Ok(seed::sample(candidates, n, stream)),
        }
    }
}

/// The first `n / classes` of each predicted class in the order of `candidates` (one more of the first classes, where
/// that leaves a rest); a class that has fewer is filled from the others' surplus in the same order. The official code's
/// `get_plabels`, which has 10 classes and 1,000 labels.
fn class_balanced(pool: &dyn PoolView, candidates: &[usize], n: usize) -> Result<Vec<usize>> {
    let classes = pool.classes();
    let quota = |class: usize| n / classes + usize::from(class < n % classes);
    let mut taken = vec![Vec::new(); classes];
    let mut surplus = Vec::new();
    for (position, class) in candidates.iter().copied().zip(pool.predicted(candidates)?) {
        if taken[class].len() < quota(class) { taken[class].push(position) } else { surplus.push(position) }
    }
    let mut surplus = surplus.into_iter();
    let mut chosen = Vec::with_capacity(n);
    for (class, positions) in taken.into_iter().enumerate() {
        let missing = quota(class) - positions.len();
        chosen.extend(positions);
        chosen.extend(surplus.by_ref().take(missing));
    }
    Ok(chosen)
}
