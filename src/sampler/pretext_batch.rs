//! PT4AL: queries from the pretext batch of the round (paper, section 3.3).

use std::collections::HashSet;

use anyhow::Result;

use super::initial::even_strides;
use super::pool::{PoolView, Sampler};
use super::uncertain::most_uncertain;
use pt4al_results::seed::{self, Stream};
use pt4al_results::spec::{Uncertainty, Within};

/// Queries the pretext batch of the round. If that has too few unlabeled images, the rest comes from the next batches in turn,
/// and from batch 0 after the last one. [`pt4al_results::spec::ShortBatch`] says when this is allowed.
pub(super) struct PretextBatch {
    /// The rule that chooses images inside a batch.
    pub within: Within,
}

impl Sampler for PretextBatch {
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
        // Images of a batch are labeled before its round if rounds share the batch, or if the initial labels were not chosen
        // from batch 0.
        let labeled: HashSet<usize> = pool.labeled().iter().copied().collect();
        let (first, batches) = (pool.batch_of_round(), pool.pretext_batches());
        let mut queried = Vec::with_capacity(n);
        for batch in (first..batches).chain(0..first) {
            let batch = pool.pretext_batch(batch)?.iter().copied();
            let candidates: Vec<usize> = batch.filter(|index| !labeled.contains(index)).collect();
            queried.extend(self.query_batch(pool, &candidates, n - queried.len(), stream)?);
            if queried.len() == n {
                break;
            }
        }
        Ok(queried)
    }
}

impl PretextBatch {
    /// Chooses `n` of the `candidates` of one batch; all of them if there are fewer.
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

/// Chooses the first `n / classes` images of each predicted class in the order of `candidates`, and one more of each of the
/// first `n % classes` classes. For a class with too few images it takes surplus images of the other classes in the same
/// order. This is the official code's `get_plabels`, which has 10 classes and 1,000 labels.
fn class_balanced(pool: &dyn PoolView, candidates: &[usize], n: usize) -> Result<Vec<usize>> {
    let classes = pool.classes();
    let quota = |class: usize| n / classes + usize::from(class < n % classes);
    let mut taken = vec![Vec::new(); classes];
    let mut surplus = Vec::new();
    for (index, class) in candidates.iter().copied().zip(pool.predicted(candidates)?) {
        if taken[class].len() < quota(class) { taken[class].push(index) } else { surplus.push(index) }
    }
    let mut surplus = surplus.into_iter();
    let mut chosen = Vec::with_capacity(n);
    for (class, indices) in taken.into_iter().enumerate() {
        let missing = quota(class) - indices.len();
        chosen.extend(indices);
        chosen.extend(surplus.by_ref().take(missing));
    }
    Ok(chosen)
}
