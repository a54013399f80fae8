//! The initial labels (round 0), as far as they are chosen without knowing classes. The trial draws class-balanced ones.

use anyhow::{Result, ensure};
use tch::Tensor;

use super::pool::{PoolView, by_tie_rank, in_order};
use super::{core_set, typical};
use pt4al_results::seed::{self, Stream};
use pt4al_results::spec::{InitialSet, PretextStride};

/// Returns the indices of the `n` images of an unlabeled pool that `set` chooses, the first choice first.
///
/// # Errors
/// If `set` needs pretext batches or features and there are none or too few, or if it is [`InitialSet::ClassBalanced`], which
/// needs classes.
pub fn initial_labels(set: InitialSet, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
    match set {
        InitialSet::Random => Ok(seed::sample(pool.unlabeled(), n, stream)),
        InitialSet::ClassBalanced => {
            anyhow::bail!("class-balanced labels cannot be chosen without classes; report this bug")
        }
        InitialSet::PretextStride(PretextStride { batch, stride }) => {
            let batch = pool.pretext_batch(batch)?;
            match stride {
                None => Ok(even_strides(batch, n)),
                Some(stride) => {
                    let chosen: Vec<usize> = batch.iter().copied().step_by(stride).take(n).collect();
                    ensure!(
                        chosen.len() == n,
                        "a stride of {stride} over a pretext batch of {} images gives {} images, not {n}; lower \
                         `rounds.initial` or `initial-set.pretext-stride.stride`",
                        batch.len(),
                        chosen.len()
                    );
                    Ok(chosen)
                }
            }
        }
        InitialSet::CoreSet => by_features(pool, &mut |features| from_the_mean(features, n)),
        InitialSet::Typical(options) => {
            by_features(pool, &mut |features| typical::choose(features, n, options, stream))
        }
    }
}

/// Returns the indices of the images that `choose` takes. It gets the pretext features of the pool, float `[n, d]`, with the rows
/// in the order of [`PoolView::tie_rank`], and returns rows.
fn by_features(pool: &dyn PoolView, choose: &mut dyn FnMut(&Tensor) -> Vec<usize>) -> Result<Vec<usize>> {
    let unlabeled = pool.unlabeled();
    let rows = by_tie_rank(pool, unlabeled);
    let chosen = choose(&in_order(&pool.pretext_features(unlabeled)?, &rows));
    Ok(chosen.into_iter().map(|row| unlabeled[rows[row]]).collect())
}

/// Returns `n` of `items` at even intervals, starting with the first: every fifth of 5,000 items for n = 1,000.
pub(super) fn even_strides(items: &[usize], n: usize) -> Vec<usize> {
    let n = n.min(items.len());
    (0..n).map(|i| items[i * items.len() / n]).collect()
}

/// Picks `n` rows of `features` (`[m, d]`) by k-center greedy, starting with the row nearest to the mean of all rows.
fn from_the_mean(features: &Tensor, n: usize) -> Vec<usize> {
    let rest = features - features.mean_dim([0i64].as_slice(), true, None);
    let first = (&rest * &rest).sum_dim_intlist([1i64].as_slice(), false, None).argmin(0, false);
    let first = first.int64_value(&[]);
    let center = features.narrow(0, first, 1);
    // The first row has the distance 0 from itself, so it is picked again only after all rows that differ from it.
    let others = core_set::k_center_greedy(features, &center, n);
    let others = others.into_iter().filter(|&row| row as i64 != first);
    std::iter::once(first as usize).chain(others).take(n).collect()
}
