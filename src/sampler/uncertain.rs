//! Uncertainty sampling (Lewis and Gale, SIGIR 1994) over the whole pool.

use anyhow::Result;

use super::pool::{PoolView, Sampler, by_tie_rank};
use pt4al_results::seed::Stream;
use pt4al_results::spec::Uncertainty;

/// Queries the images that the task model is least sure of.
pub(super) struct Uncertain(pub Uncertainty);

impl Sampler for Uncertain {
    fn query(&self, pool: &dyn PoolView, n: usize, _: &mut Stream) -> Result<Vec<usize>> {
        most_uncertain(pool, self.0, pool.unlabeled(), n)
    }
}

/// Returns the `n` images of `candidates` with the highest uncertainty, highest first. Images with equal uncertainty are in the
/// order of [`PoolView::tie_rank`].
pub(super) fn most_uncertain(
    pool: &dyn PoolView,
    kind: Uncertainty,
    candidates: &[usize],
    n: usize,
) -> Result<Vec<usize>> {
    let scores = pool.uncertainty(kind, candidates)?;
    let mut rows = by_tie_rank(pool, candidates);
    rows.sort_by(|&a, &b| scores[b].total_cmp(&scores[a]));
    Ok(rows.into_iter().take(n).map(|row| candidates[row]).collect())
}
