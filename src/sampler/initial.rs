//! The labels of round 0 that are chosen without labels. (Class-balanced ones ask the oracle: the trial draws those.)

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::{PoolView, core_set, typical};
use crate::seed::{self, Stream};
use crate::spec::{InitialSet, PretextStride};

/// `n` different positions of the pool.
///
/// # Errors
/// If pretext losses or features are needed and there are none, or the set asks the oracle.
pub fn initial_labels(set: InitialSet, pool: &dyn PoolView, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
    let rows_to_positions = |rows: Vec<usize>| rows.into_iter().map(|row| pool.unlabeled()[row]).collect();
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
        InitialSet::CoreSet => Ok(rows_to_positions(from_the_mean(&pool.pretext_features()?, n))),
        InitialSet::Typical(options) => {
            Ok(rows_to_positions(typical::choose(&pool.pretext_features()?, n, options, stream)))
        }
    }
}

/// `n` of `items` at even intervals, the first among them: with 5,000 items and n = 1,000 every fifth.
pub(super) fn even_strides(items: &[usize], n: usize) -> Vec<usize> {
    let n = n.min(items.len());
    (0..n).map(|i| items[i * items.len() / n]).collect()
}

/// k-center greedy that starts from the row nearest to the mean of all.
fn from_the_mean(features: &Tensor, n: usize) -> Vec<usize> {
    let rest = features - features.mean_dim([0i64].as_slice(), true, Kind::Float);
    let first = (&rest * &rest).sum_dim_intlist([1i64].as_slice(), false, Kind::Float).argmin(0, false);
    let first = first.int64_value(&[]);
    let center = features.narrow(0, first, 1);
    // The first is at the distance 0 of itself, so it is picked again only after all that differ from it.
    let others = core_set::k_center_greedy(features, &center, n);
    let others = others.into_iter().filter(|&row| row as i64 != first);
    std::iter::once(first as usize).chain(others).take(n).collect()
}
