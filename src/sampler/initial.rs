//! The labels of round 0 that are chosen without labels. (Class-balanced ones ask the oracle: the trial draws those.)

use anyhow::{Result, ensure};
use tch::Tensor;

use super::{PoolView, by_tie_rank, core_set, in_order, typical};
use pt4al_results::seed::{self, Stream};
use pt4al_results::spec::{InitialSet, PretextStride};

/// `n` different positions of the pool.
///
/// # Errors
/// If pretext losses or features are needed and there are none, or the set asks the oracle.
pub fn initial_labels(set: InitialSet, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
    match set {
        InitialSet::Random => Ok(seed::sample(pool.unlabeled(), n, stream)),
        InitialSet::ClassBalanced => anyhow::bail!("a sampler cannot see classes; report this fault"),
        InitialSet::PretextStride(PretextStride { batch, stride }) => {
            let batch = pool.pretext_batch(batch)?;
            match stride {
                None => Ok(even_strides(batch, n)),
                Some(stride) => {
                    let chosen: Vec<usize> = batch.iter().copied().step_by(stride).take(n).collect();
                    ensure!(
                        chosen.len() == n,
                        "one in {stride} of a pretext batch of {} images are {}, not {n}; lower `rounds.initial` or \
                         `initial-set.pretext-stride.stride`",
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

/// The positions of the rows that `choose` takes of the pretext features, which it sees in the order of
/// [`PoolView::tie_rank`]: of equal rows it takes the first.
fn by_features(pool: &dyn PoolView, choose: &mut dyn FnMut(&Tensor) -> Vec<usize>) -> Result<Vec<usize>> {
    let unlabeled = pool.unlabeled();
    let rows = by_tie_rank(pool, unlabeled);
    let chosen = choose(&in_order(&pool.pretext_features()?, &rows));
    Ok(chosen.into_iter().map(|at| unlabeled[rows[at]]).collect())
}

/// `n` of `items` at even intervals, the first among them: with 5,000 items and n = 1,000 every fifth.
pub(super) fn even_strides(items: &[usize], n: usize) -> Vec<usize> {
    let n = n.min(items.len());
    (0..n).map(|i| items[i * items.len() / n]).collect()
}

/// k-center greedy that starts from the row nearest to the mean of all.
fn from_the_mean(features: &Tensor, n: usize) -> Vec<usize> {
    let rest = features - features.mean_dim([0i64].as_slice(), true, None);
    let first = (&rest * &rest).sum_dim_intlist([1i64].as_slice(), false, None).argmin(0, false);
    let first = first.int64_value(&[]);
    let center = features.narrow(0, first, 1);
    // The first is at the distance 0 of itself, so it is picked again only after all that differ from it.
    let others = core_set::k_center_greedy(features, &center, n);
    let others = others.into_iter().filter(|&row| row as i64 != first);
    std::iter::once(first as usize).chain(others).take(n).collect()
}
