//! Core-set selection by k-center greedy (Sener and Savarese, ICLR 2018, algorithm 1).

use anyhow::Result;
use tch::Tensor;

use super::{PoolView, Sampler, by_tie_rank, in_order};
use pt4al_results::seed::Stream;

/// Each pick is the image farthest, in the features before the head (L2), from all labels and picks so far; of equally
/// far ones the first by [`PoolView::tie_rank`].
pub(super) struct CoreSet;

impl Sampler for CoreSet {
    fn query(&self, pool: &dyn PoolView, n: usize, _: &mut Stream) -> Result<Vec<usize>> {
        let unlabeled = pool.unlabeled();
        let rows = by_tie_rank(pool, unlabeled);
        let candidates = in_order(&pool.features(unlabeled)?, &rows);
        let centers = pool.features(pool.labeled())?;
        Ok(k_center_greedy(&candidates, &centers, n).into_iter().map(|at| unlabeled[rows[at]]).collect())
    }
}

/// Rows of `candidates` (`[n, d]`) in the order of picking, `picks` at most, given `centers` (`[m, d]`). Of equally far
/// rows the first is picked.
///
/// Keeps each row's distance to its nearest center and lowers it after every pick: one pass over `candidates` a pick,
/// and memory in O(n d).
pub fn k_center_greedy(candidates: &Tensor, centers: &Tensor, picks: usize) -> Vec<usize> {
    tch::no_grad(|| {
        let n = candidates.size()[0] as usize;
        let squares = (candidates * candidates).sum_dim_intlist([1i64].as_slice(), false, None);
        let mut nearest = initial_distances(candidates, centers, &squares);
        let mut picked = Vec::with_capacity(picks.min(n));
        while picked.len() < picks.min(n) {
            let row = nearest.argmax(0, false).int64_value(&[]);
            picked.push(row as usize);
            let center = candidates.get(row);
            let distances = &squares - candidates.mv(&center) * 2.0 + squares.get(row);
            nearest = nearest.minimum(&distances.clamp_min(0.0));
            // Below every distance, and minimum() keeps it there: equal images too are picked once each.
            let _ = nearest.get(row).fill_(-1.0);
        }
        picked
    })
}

/// The squared distance of each candidate to its nearest center; infinite without centers.
fn initial_distances(candidates: &Tensor, centers: &Tensor, squares: &Tensor) -> Tensor {
    let mut nearest = squares.full_like(f64::INFINITY);
    if centers.size()[0] == 0 {
        return nearest;
    }
    // As many centers at a time as there are features: the products then take no more memory than the candidates.
    for part in centers.split(candidates.size()[1].max(1), 0) {
        let norms = (&part * &part).sum_dim_intlist([1i64].as_slice(), false, None);
        let distances = norms.unsqueeze(0) - candidates.matmul(&part.transpose(0, 1)) * 2.0;
        let distances = distances.amin([1i64].as_slice(), false) + squares;
        nearest = nearest.minimum(&distances.clamp_min(0.0));
    }
    nearest
}
