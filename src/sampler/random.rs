//! The baseline.

use anyhow::Result;

use super::{PoolView, Sampler};
use crate::seed::{self, Stream};

/// Uniformly at random.
pub(super) struct Random;

impl Sampler for Random {
    fn query(&self, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
        Ok(seed::sample(pool.unlabeled(), n, stream))
    }
}
