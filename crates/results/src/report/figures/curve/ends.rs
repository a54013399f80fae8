//! Labels at the ends of curves, moved apart.

/// The middles of labels of these heights, each as near as can be to where it is wanted, so that none overlaps another.
/// They are between `top` and `bottom`, if they fit there; else the first starts at `top`. Labels that are wanted at the
/// same place keep their order.
pub(crate) fn spread(wanted: &[f64], heights: &[f64], (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // The middle of each label in a pile that starts at 0. Labels overlap nowhere if the starts of their piles never
    // decrease, so that this is a regression: neighbours that would decrease share the mean of their wanted starts.
    let mut pile = vec![0.0; wanted.len()];
    let mut height = 0.0;
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for &i in &order {
        pile[i] = height + heights[i] / 2.0;
        height += heights[i];
        blocks.push((wanted[i] - pile[i], 1));
        while let [.., (before, n), (last, m)] = blocks[..]
            && before > last
        {
            blocks.truncate(blocks.len() - 2);
            blocks.push(((before * n as f64 + last * m as f64) / (n + m) as f64, n + m));
        }
    }
    let starts = blocks.into_iter().flat_map(|(start, n)| std::iter::repeat_n(start, n));
    let mut middles = vec![0.0; wanted.len()];
    for (&i, start) in order.iter().zip(starts) {
        middles[i] = start.min(bottom - height).max(top) + pile[i];
    }
    middles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_are_apart_stay_and_others_move_by_as_little_as_can_be() {
        let twenty = |wanted: &[f64]| spread(wanted, &vec![20.0; wanted.len()], (0.0, 100.0));
        assert_eq!(twenty(&[10.0, 50.0, 30.0]), [10.0, 50.0, 30.0]);
        assert_eq!(twenty(&[50.0, 54.0]), [42.0, 62.0]);
        assert_eq!(twenty(&[54.0, 50.0]), [62.0, 42.0]);
        // The first two need to move, and then the third as well.
        assert_eq!(twenty(&[50.0, 50.0, 65.0]), [35.0, 55.0, 75.0]);
        assert_eq!(twenty(&[]), [0.0; 0]);
    }

    #[test]
    fn labels_stay_inside_and_none_overlaps_another() {
        let heights = [20.0, 40.0, 20.0, 20.0];
        for wanted in
            [[0.0, 0.0, 0.0, 0.0], [100.0, 99.0, 98.0, 97.0], [-50.0, 150.0, 50.0, 50.0], [3.0, 97.0, 40.0, 95.0]]
        {
            let middles = spread(&wanted, &heights, (0.0, 100.0));
            let mut spans: Vec<(f64, f64)> = middles
                .iter()
                .zip(&heights)
                .map(|(middle, height)| (middle - height / 2.0, middle + height / 2.0))
                .collect();
            spans.sort_by(|a, b| a.0.total_cmp(&b.0));
            assert!(spans[0].0 >= 0.0 && spans[3].1 <= 100.0, "{wanted:?}: {spans:?}");
            assert!(spans.windows(2).all(|pair| pair[0].1 <= pair[1].0 + 1e-9), "{wanted:?}: {spans:?}");
        }
        // More than there is room for.
        assert_eq!(spread(&[50.0, 50.0], &[60.0, 60.0], (0.0, 100.0)), [30.0, 90.0]);
    }
}
