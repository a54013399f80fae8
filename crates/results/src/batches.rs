//! Splits the pool into pretext batches by pretext loss.

use std::cmp::Reverse;

use crate::spec::LossOrder;
use crate::store::Losses;

/// Sorts the pool by loss and splits it into `count` pretext batches of indices. Their sizes differ by at most one,
/// larger ones first (the paper's numbers divide evenly). Every image is in exactly one batch.
///
/// Images with equal losses are ordered by index, ascending; in the official code's reversed order of strings,
/// descending. The official code (`make_batches.py`) uses an unstable sort on lines whose order is that of a directory
/// listing, so its ties cannot be reproduced: of the 50,000 places in its published batches, 49,963 agree, and the
/// other 37 hold different images with equal losses.
pub fn split_into_batches(losses: &Losses, order: LossOrder, count: usize) -> Vec<Vec<usize>> {
    // Sorted by index first, so that the stable sorts below leave ties in that order.
    let mut sorted = losses.rows.clone();
    sorted.sort_by_key(|row| row.0);
    match order {
        LossOrder::Loss => sorted.sort_by(|a, b| b.1.total_cmp(&a.1)),
        LossOrder::LossLowFirst => sorted.sort_by(|a, b| a.1.total_cmp(&b.1)),
        LossOrder::PublishedStringSort => sorted.sort_by_cached_key(|row| Reverse((python_float(row.1), row.0))),
        LossOrder::PublishedStringSortLowFirst => sorted.sort_by_cached_key(|row| python_float(row.1)),
    }
    let (size, larger) = (sorted.len() / count, sorted.len() % count);
    let mut rest = sorted.iter().map(|&(index, _)| index);
    (0..count).map(|batch| rest.by_ref().take(size + usize::from(batch < larger)).collect()).collect()
}

/// Formats a finite number as Python's `str(float)` does: the shortest digits that parse to the same double, with an
/// exponent of at least two digits below 1e-4 and from 1e16 on. NumPy sorts such strings by character, as Rust does.
fn python_float(value: f64) -> String {
    // For instance 1.25e-5.
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').expect("an exponent was asked for");
    let exponent: i32 = exponent.parse().expect("an exponent is a number");
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.abs());
    }
    let plain = value.to_string();
    if plain.contains('.') { plain } else { plain + ".0" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted(values: &[f64], order: LossOrder) -> Vec<usize> {
        let losses = Losses { rows: values.iter().copied().enumerate().collect() };
        split_into_batches(&losses, order, 1).remove(0)
    }

    #[test]
    fn highest_loss_first_and_ties_by_index() {
        let losses = Losses { rows: vec![(0, 0.5), (1, 2.0), (2, 0.5), (3, 9.99e-5), (4, 1.0)] };
        assert_eq!(split_into_batches(&losses, LossOrder::Loss, 2), [vec![1, 4, 0], vec![2, 3]]);
    }

    /// A departure of the official code from the paper: losses are sorted as strings. 9.99e-05 is the easiest image and
    /// comes first; 10.5 comes after 2.0.
    #[test]
    fn losses_can_be_sorted_as_strings() {
        let values = [0.5, 2.0, 9.99e-5, 10.5, 0.05, 0.0001];
        assert_eq!(sorted(&values, LossOrder::Loss), [3, 1, 0, 4, 5, 2]);
        // "9.99e-05" > "2.0" > "10.5" > "0.5" > "0.05" > "0.0001"
        assert_eq!(sorted(&values, LossOrder::PublishedStringSort), [2, 1, 3, 0, 4, 5]);
        // The longer of two strings with a common beginning is larger: "1.5e-05" > "1.5" > "1.25". The order is
        // reversed, also among equal strings.
        assert_eq!(sorted(&[1.5, 1.5e-5, 1.25, 1.5], LossOrder::PublishedStringSort), [1, 3, 0, 2]);
    }

    /// A departure of the first public code: strings are sorted lowest first, so losses below 1e-4 come last.
    #[test]
    fn losses_can_be_sorted_as_strings_low_to_high() {
        let values = [0.5, 2.0, 9.99e-5, 10.5, 0.05, 0.0001, 0.5];
        assert_eq!(sorted(&values, LossOrder::PublishedStringSortLowFirst), [5, 4, 0, 6, 3, 1, 2]);
        let mut reversed = sorted(&values, LossOrder::PublishedStringSort);
        reversed.reverse();
        assert_eq!(reversed, sorted(&values, LossOrder::PublishedStringSortLowFirst));
    }

    #[test]
    fn losses_can_be_sorted_low_to_high() {
        assert_eq!(sorted(&[0.5, 2.0, 0.5, 9.99e-5], LossOrder::LossLowFirst), [3, 0, 2, 1]);
    }

    /// Expected strings were printed by Python 3.
    #[test]
    fn numbers_are_formatted_as_python_formats_them() {
        for (value, printed) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e-4, "0.0001"),
            (0.000_123_4, "0.0001234"),
            (9.99e-5, "9.99e-05"),
            (1e-5, "1e-05"),
            (1.5e-10, "1.5e-10"),
            (2.5e-100, "2.5e-100"),
            (5e-324, "5e-324"),
            (123_456.789, "123456.789"),
            (1e15, "1000000000000000.0"),
            (9_007_199_254_740_993.0, "9007199254740992.0"),
            (1e16, "1e+16"),
            (1.25e22, "1.25e+22"),
            // Losses are float32 numbers, such as 0.1 and 1.7.
            (f64::from(0.1f32), "0.10000000149011612"),
            (f64::from(1.7f32), "1.7000000476837158"),
            (f64::from(7.152_555_6e-7f32), "7.152555667744309e-07"),
        ] {
            assert_eq!(python_float(value), printed);
        }
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
