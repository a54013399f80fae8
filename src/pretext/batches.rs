//! Losses to pretext batches.

use crate::spec::LossOrder;
use crate::store::Losses;

/// Sorts the pool by loss and splits it into `count` batches whose sizes differ by one at most, the larger ones first
/// (the paper's numbers divide evenly). Together the batches hold every image once.
pub fn split_into_batches(losses: &Losses, order: LossOrder, count: usize) -> Vec<Vec<usize>> {
    let mut sorted = losses.rows.clone();
    match order {
        LossOrder::Loss => sorted.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0))),
    }
    let (size, larger) = (sorted.len() / count, sorted.len() % count);
    let mut rest = sorted.iter().map(|&(index, _)| index);
    (0..count).map(|batch| rest.by_ref().take(size + usize::from(batch < larger)).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn highest_loss_first_and_ties_by_index() {
        let losses = Losses { rows: vec![(0, 0.5), (1, 2.0), (2, 0.5), (3, 9.99e-5), (4, 1.0)] };
        assert_eq!(split_into_batches(&losses, LossOrder::Loss, 2), [vec![1, 4, 0], vec![2, 3]]);
    }

    proptest! {
        #[test]
        fn batches_partition_the_pool_in_order(values in prop::collection::vec(0f64..10.0, 1..200), count in 1usize..12) {
            let losses = Losses { rows: values.iter().copied().enumerate().collect() };
            let batches = split_into_batches(&losses, LossOrder::Loss, count);
            prop_assert_eq!(batches.len(), count);
            let sizes: Vec<usize> = batches.iter().map(Vec::len).collect();
            prop_assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1);
            let flat: Vec<usize> = batches.concat();
            prop_assert!(flat.windows(2).all(|w| values[w[0]] >= values[w[1]]));
            let mut sorted = flat;
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..values.len()).collect::<Vec<_>>());
        }
    }
}
