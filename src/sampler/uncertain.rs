//! Uncertainty sampling (Lewis and Gale, SIGIR 1994) over the whole pool.

use anyhow::Result;

use super::{PoolView, Sampler};
use crate::seed::Stream;
use crate::spec::Uncertainty;

/// The images that the task model is least sure of.
pub(super) struct Uncertain(pub Uncertainty);

impl Sampler for Uncertain {
    fn query(&self, pool: &dyn PoolView, n: usize, _: &mut Stream) -> Result<Vec<usize>> {
        most_uncertain(pool, self.0, pool.unlabeled(), n)
    }
}

/// The `n` of `candidates` with the highest uncertainty; ties go to the lower position.
pub(super) fn most_uncertain(
    pool: &dyn PoolView,
    kind: Uncertainty,
    candidates: &[usize],
    n: usize,
) -> Result<Vec<usize>> {
    let scores = pool.uncertainty(kind, candidates)?;
    let mut ranked: Vec<(f64, usize)> = scores.into_iter().zip(candidates.iter().copied()).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    Ok(ranked.into_iter().take(n).map(|(_, position)| position).collect())
}
