//! The labels of round 0.

use anyhow::Result;

use super::PoolView;
use crate::seed::{self, Stream};

/// How the first labels are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initial {
    /// At random: the same labels for every sampler of a seed.
    Random,
    /// At even intervals over pretext batch 0 (paper, section 3.2): with 5,000 images and 1,000 labels every fifth.
    PretextStride,
}

impl Initial {
    /// `n` different positions of the pool.
    ///
    /// # Errors
    /// If pretext losses are needed and there are none.
    pub fn choose(self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
        match self {
            Self::Random => Ok(seed::sample(pool.unlabeled(), n, stream)),
            Self::PretextStride => {
                let batch = pool.pretext_batch(0)?;
                Ok((0..n).map(|i| batch[i * batch.len() / n]).collect())
            }
        }
    }
}
