//! Random sampling, the baseline of the other samplers.

use anyhow::Result;

use super::pool::{PoolView, Sampler};
use pt4al_results::seed::{self, Stream};

/// Queries images of the pool uniformly at random.
pub(super) struct Random;

impl Sampler for Random {
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
        Ok(seed::sample(pool.unlabeled(), n, stream))
    }
}
