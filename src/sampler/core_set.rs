//! Core-set selection by k-center greedy (Sener and Savarese, ICLR 2018, algorithm 1).

use anyhow::Result;
use tch::Tensor;

use super::pool::{PoolView, Sampler, by_tie_rank, in_order};
use pt4al_results::seed::Stream;

/// Queries, one after the other, the image whose features before the head are farthest (L2) from all labeled and queried
/// images. Of equally far images it takes the first by [`PoolView::tie_rank`].
pub(super) struct CoreSet;

impl Sampler for CoreSet {
    fn query(&self, pool: &dyn PoolView, n: usize, _: &mut Stream) -> Result<Vec<usize>> {
        let unlabeled = pool.unlabeled();
        let rows = by_tie_rank(pool, unlabeled);
        let candidates = in_order(&pool.features(unlabeled)?, &rows);
        let centers = pool.features(pool.labeled())?;
        Ok(k_center_greedy(&candidates, &centers, n).into_iter().map(|row| unlabeled[rows[row]]).collect())
    }
}

/// Picks at most `picks` rows of `candidates` (`[n, d]`), given `centers` (`[m, d]`), and returns them in the order of picking.
/// Each pick is the row farthest from all centers and earlier picks; of equally far rows it is the first.
///
/// The function keeps each row's distance to its nearest center and lowers it after every pick. Each pick takes one pass over
/// `candidates`; memory is in O(n d).
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
            // Less than every distance, and minimum() keeps it so: rows that equal a pick are still picked once each.
            let _ = nearest.get(row).fill_(-1.0);
        }
        picked
    })
}

/// Returns the squared distance of each candidate to its nearest center, `[n]`; infinity without centers.
fn initial_distances(candidates: &Tensor, centers: &Tensor, squares: &Tensor) -> Tensor {
    let mut nearest = squares.full_like(f64::INFINITY);
    if centers.size()[0] == 0 {
        return nearest;
    }
    // `d` centers at a time, so that the products take no more memory than the candidates.
    for part in centers.split(candidates.size()[1].max(1), 0) {
        let norms = (&part * &part).sum_dim_intlist([1i64].as_slice(), false, None);
        let distances = norms.unsqueeze(0) - candidates.matmul(&part.transpose(0, 1)) * 2.0;
        let distances = distances.amin([1i64].as_slice(), false) + squares;
        nearest = nearest.minimum(&distances.clamp_min(0.0));
    }
    nearest
}
