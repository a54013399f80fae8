//! PT4AL: the most uncertain images of the round's pretext batch (paper, section 3.3).

use std::collections::HashSet;

use anyhow::Result;

use super::uncertain::most_uncertain;
use super::{Initial, PoolView, Sampler};
use crate::seed::Stream;
use crate::spec::Uncertainty;

/// Queries round i from pretext batch i alone; round 0 takes even strides of batch 0.
pub(super) struct PretextBatch {
    pub within: Uncertainty,
}

impl Sampler for PretextBatch {
    fn query(&self, pool: &dyn PoolView, n: usize, _: &mut Stream) -> Result<Vec<usize>> {
        // Batches do not overlap, so a batch has no labels before its round, unless the initial labels were chosen
        // another way.
        let labeled: HashSet<usize> = pool.labeled().iter().copied().collect();
        let batch = pool.pretext_batch(pool.round())?;
        let candidates: Vec<usize> = batch.iter().copied().filter(|position| !labeled.contains(position)).collect();
        most_uncertain(pool, self.within, &candidates, n)
    }

    fn initial(&self) -> Initial {
        Initial::PretextStride
    }
}
