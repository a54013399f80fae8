//! Independent random streams, named by purpose and derived from one seed.
//!
//! All randomness of the project comes from here, from a counter-based generator (ChaCha) on the CPU; torch's global
//! generator is not used. A stream is identified by its purpose and its place (round, epoch, ...), never by how much
//! was drawn before. A resumed trial therefore draws the same numbers as an uninterrupted one, and two samplers with
//! the same seed share their initial labels, their weights and their minibatch order.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// The generator behind every stream.
pub type Stream = ChaCha8Rng;

/// What a stream is drawn for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Which images form the pool, if the spec uses a part of the train split.
    PoolSubset,
    /// The initial labels of round 0.
    InitialLabels,
    /// The weights of the task model.
    Weights,
    /// The order of the minibatches.
    Order,
    /// Crop offsets and flips.
    Augmentation,
    /// Random choices of a sampler.
    Query,
    /// The order in which images with equal scores are queried.
    Ties,
    /// Which labeled images are held out of training to select its epoch.
    HeldOut,
    /// The weights of the pretext learner.
    PretextWeights,
    /// The order of the pretext learner's minibatches.
    PretextOrder,
    /// Which part of the pool is held out of which model, when losses of held-out images are measured.
    Folds,
    /// Crops, flips and colours of the pretext learner's training images.
    PretextAugmentation,
    /// Crops, flips and colours when the pool is scored: the views that SimSiam compares.
    PretextViews,
    /// Rotations or permutations that the pretext task applies to its images.
    PretextTransformations,
    /// The generated data set.
    Shapes,
    /// Which images of a class are kept when a class imbalance is created.
    Imbalance,
    /// Which images form the test split, if a data set has no split of its own.
    Split,
    /// Which values a bootstrap resample draws.
    Bootstrap,
    /// The random directions of the rotation test of curves.
    RotationTest,
    /// Which images a scatter plot shows.
    ScatterPlot,
}

impl Purpose {
    /// The name that enters the key of the stream. Changing a name changes every result.
    fn name(self) -> &'static str {
        match self {
            Self::PoolSubset => "pool-subset",
            Self::InitialLabels => "initial-labels",
            Self::Weights => "weights",
            Self::Order => "order",
            Self::Augmentation => "augmentation",
            Self::Query => "query",
            Self::Ties => "ties",
            Self::HeldOut => "held-out",
            Self::PretextWeights => "pretext-weights",
            Self::PretextOrder => "pretext-order",
            Self::Folds => "folds",
            Self::PretextAugmentation => "pretext-augmentation",
            Self::PretextViews => "pretext-views",
            Self::PretextTransformations => "pretext-transformations",
            Self::Shapes => "shapes",
            Self::Imbalance => "imbalance",
            Self::Split => "split",
            Self::Bootstrap => "bootstrap",
            Self::RotationTest => "rotation-test",
            Self::ScatterPlot => "scatter-plot",
        }
    }
}

/// The stream of `seed` for `purpose` at `place` (round, epoch, ...). Equal arguments give equal streams; different
/// arguments give independent streams.
pub fn stream(seed: u64, purpose: Purpose, place: &[u64]) -> Stream {
    let mut key = b"pt4al/1/".to_vec();
    key.extend_from_slice(purpose.name().as_bytes());
    key.extend_from_slice(&seed.to_le_bytes());
    key.extend_from_slice(&(place.len() as u64).to_le_bytes());
    for part in place {
        key.extend_from_slice(&part.to_le_bytes());
    }
    Stream::from_seed(Sha256::digest(&key).into())
}

/// Returns `0..n` in random order.
pub fn permutation(n: usize, stream: &mut Stream) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.shuffle(stream);
    order
}

/// Draws `n` of `items` without replacement, in random order; returns all of them if there are fewer.
pub fn sample(items: &[usize], n: usize, stream: &mut Stream) -> Vec<usize> {
    let mut items = items.to_vec();
    items.shuffle(stream);
    items.truncate(n);
    items
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngCore;

    #[test]
    fn equal_arguments_give_equal_streams_and_different_arguments_others() {
        let first = |seed, purpose, place: &[u64]| stream(seed, purpose, place).next_u64();
        let base = first(1, Purpose::Order, &[2, 3]);
        assert_eq!(base, first(1, Purpose::Order, &[2, 3]));
        let others = [
            first(2, Purpose::Order, &[2, 3]),
            first(1, Purpose::Query, &[2, 3]),
            first(1, Purpose::Order, &[3, 2]),
            first(1, Purpose::Order, &[2]),
            first(1, Purpose::Order, &[2, 3, 0]),
        ];
        assert!(others.iter().all(|&other| other != base));
    }

    /// A new version of the generator would silently change every stored result.
    #[test]
    fn the_streams_are_those_of_the_stored_results() {
        assert_eq!(permutation(8, &mut stream(0, Purpose::InitialLabels, &[])), [2, 7, 0, 6, 4, 5, 3, 1]);
        assert_eq!(permutation(8, &mut stream(0, Purpose::Ties, &[])), [6, 0, 4, 7, 1, 2, 5, 3]);
    }

    #[test]
    fn a_sample_has_no_repeats() {
        let items: Vec<usize> = (10..40).collect();
        let mut got = sample(&items, 20, &mut stream(5, Purpose::Query, &[]));
        got.sort_unstable();
        got.dedup();
        assert_eq!(got.len(), 20);
        assert!(got.iter().all(|i| items.contains(i)));
    }
}
