//! The labels of round 0.

use anyhow::{Result, ensure};

use super::view::Pool;
use crate::data::Data;
use crate::sampler::initial_labels;
use crate::seed::{self, Purpose, Stream};
use crate::spec::{Cut, InitialSet, Spec, Trial};

/// The labels of round 0 of a trial; the same for all samplers of a seed that start the same way.
///
/// # Errors
/// If what they are chosen by is not there, or images cannot be read any more.
pub(super) fn labels(spec: &Spec, trial: &Trial, data: &Data, pool: &Pool) -> Result<Vec<usize>> {
    let (set, n) = (spec.initial_set(&trial.sampler), spec.rounds.initial);
    let mut stream = seed::stream(trial.seed, Purpose::InitialLabels, &[]);
    match set {
        InitialSet::ClassBalanced => class_balanced(&classes_of_pool(data)?, data.classes.len(), n, &mut stream),
        _ => initial_labels(set, pool, n, &mut stream),
    }
}

/// Position and class of each pool image: what only the oracle knows.
fn classes_of_pool(data: &Data) -> Result<Vec<(usize, usize)>> {
    let mut classes = Vec::with_capacity(data.pool.len());
    for minibatch in data.train.minibatches(&data.pool, Cut::of(1000)) {
        let targets = minibatch?.targets;
        ensure!(targets.dim() == 1, "`initial-set` is \"class-balanced\", but pixels have the classes; choose another");
        classes.extend(Vec::<i64>::try_from(targets)?.into_iter().map(|class| class as usize));
    }
    Ok(data.pool.iter().copied().zip(classes).collect())
}

/// `n` images at random, as many of each class as can be: one of each class in turn, classes in random order, until a
/// class has no more.
fn class_balanced(pool: &[(usize, usize)], classes: usize, n: usize, stream: &mut Stream) -> Result<Vec<usize>> {
    let mut of_class = vec![Vec::new(); classes];
    for row in seed::permutation(pool.len(), stream) {
        let (position, class) = pool[row];
        of_class[class].push(position);
    }
    let mut chosen = Vec::with_capacity(n);
    while chosen.len() < n && of_class.iter().any(|positions| !positions.is_empty()) {
        for class in seed::permutation(classes, stream) {
            if chosen.len() < n {
                chosen.extend(of_class[class].pop());
            }
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_balanced_labels_are_as_many_of_each_class_as_there_are() {
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
}
