//! Chooses the labels of round 0.

use anyhow::{Result, ensure};

use super::view::Pool;
use crate::dataset::Data;
use crate::sampler::initial_labels;
use pt4al_results::seed::{self, Purpose, Stream};
use pt4al_results::spec::{Cut, InitialSet, Spec, Trial};

/// The indices of the `n` labels of round 0 of a trial. Samplers of a seed that have the same initial set get the same labels.
///
/// # Errors
/// If pretext losses or features are missing, or images can no longer be read.
pub(super) fn labels(spec: &Spec, trial: &Trial, data: &Data, pool: &Pool, n: usize) -> Result<Vec<usize>> {
    let set = spec.initial_set(&trial.sampler);
    let mut stream = seed::stream(trial.seed, Purpose::InitialLabels, &[]);
    match set {
        InitialSet::ClassBalanced => class_balanced(&classes_of_pool(data)?, data.classes.len(), n, &mut stream),
        _ => initial_labels(set, pool, n, &mut stream),
    }
}

/// Index and class of each image in the pool. Only the oracle knows these.
fn classes_of_pool(data: &Data) -> Result<Vec<(usize, usize)>> {
    let mut classes = Vec::with_capacity(data.pool.len());
    for minibatch in data.train.minibatches(&data.pool, Cut::of(1000)) {
        let targets = minibatch?.targets;
        ensure!(
            targets.dim() == 1,
            "`initial-set` is \"class-balanced\", but in this data set pixels have classes, not images; choose another"
        );
        classes.extend(Vec::<i64>::try_from(targets)?.into_iter().map(|class| class as usize));
    }
    Ok(data.pool.iter().copied().zip(classes).collect())
}

/// The indices of `n` random images with class counts as equal as possible: one image of each class in turn, with the classes
/// in random order, until a class has no more. The images of a class are taken in the order of the permutation whose first `n`
/// images are the random labels of the same seed, so that the two sets share as many images as possible.
///
/// `pool` holds index and class of each image.
fn class_balanced(pool: &[(usize, usize)], classes: usize, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
    let mut of_class = vec![Vec::new(); classes];
    for row in seed::permutation(pool.len(), stream) {
        let (index, class) = pool[row];
        of_class[class].push(index);
    }
    let mut of_class: Vec<_> = of_class.into_iter().map(Vec::into_iter).collect();
    let mut chosen = Vec::with_capacity(n);
    while chosen.len() < n && of_class.iter().any(|images| images.len() > 0) {
        for class in seed::permutation(classes, stream) {
            if chosen.len() < n {
                chosen.extend(of_class[class].next());
            }
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_balanced_labels_are_equally_many_of_each_class_as_far_as_it_has_images() {
        // 40 images of class 0, 5 of class 1, 2 of class 2, none of class 3.
        let class_of = |i| {
            if i < 40 {
                0
            } else if i < 45 {
                1
            } else {
                2
            }
        };
        let pool: Vec<(usize, usize)> = (0..47).map(|i| (100 + i, class_of(i))).collect();
        let counts = |n, seed| {
            let mut stream = seed::stream(seed, Purpose::InitialLabels, &[]);
            let mut chosen = class_balanced(&pool, 4, n, &mut stream).unwrap();
            let counts = [0, 1, 2].map(|class| chosen.iter().filter(|&&i| class_of(i - 100) == class).count());
            chosen.sort_unstable();
            chosen.dedup();
            assert_eq!(chosen.len(), n);
            (counts, chosen)
        };
        assert_eq!(counts(6, 0).0, [2, 2, 2]);
        assert_eq!(counts(12, 0).0, [5, 5, 2]);
        assert_eq!(counts(47, 0).0, [40, 5, 2]);
        assert_ne!(counts(6, 0).1, counts(6, 1).1);
    }

    /// The random labels of a seed are the first images of the same permutation, so the sets share most images.
    #[test]
    fn class_balanced_labels_are_mostly_the_random_labels_of_their_seed() {
        let pool: Vec<(usize, usize)> = (0..1000).map(|i| (i, i % 10)).collect();
        let mut shared = 0;
        for seed in 0..5 {
            let stream = || seed::stream(seed, Purpose::InitialLabels, &[]);
            let balanced = class_balanced(&pool, 10, 100, &mut stream()).unwrap();
            let indices: Vec<usize> = pool.iter().map(|image| image.0).collect();
            let random = seed::sample(&indices, 100, &mut stream());
            shared += balanced.iter().filter(|index| random.contains(index)).count();
        }
        // A class has about 10 +- 3 of 100 random labels, and the balanced set has the first 10 images of each class.
        assert!(shared > 5 * 80, "{shared}");
    }
}
