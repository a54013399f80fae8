//! Chooses the queried images to show.

use std::collections::BTreeSet;

use pt4al_results::store::Queries;

/// The most images of each arm and round: one row of them.
const MOST_EACH: usize = 8;
/// The most images in all, except that each arm and round always shows one.
const MOST: usize = 600;

/// The indices of the first images of each arm's query in each round, as many of each as fit into [`MOST`]; ascending,
/// each once.
pub(super) fn first_of_each(arms: &[&Queries]) -> Vec<usize> {
    let first = |each: usize| -> BTreeSet<usize> {
        arms.iter().flat_map(|queries| &queries.rounds).flat_map(|query| query.iter().take(each).copied()).collect()
    };
    let fits = (2..=MOST_EACH).rev().map(first).find(|chosen| chosen.len() <= MOST);
    fits.unwrap_or_else(|| first(1)).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `rounds` rounds of `each` images with ascending indices from `from`.
    fn arm(from: usize, rounds: usize, each: usize) -> Queries {
        let round = |r: usize| (0..each).map(|rank| from + r * each + rank).collect();
        Queries::of_rounds((0..rounds).map(round).collect())
    }

    fn chosen(arms: &[Queries]) -> Vec<usize> {
        first_of_each(&arms.iter().collect::<Vec<_>>())
    }

    #[test]
    fn the_first_images_of_each_arm_and_round_are_shown_once_each() {
        let descending = Queries::of_rounds(vec![(0..20).rev().collect(), vec![50], vec![]]);
        assert_eq!(chosen(std::slice::from_ref(&descending)), [&(12..20).collect::<Vec<_>>()[..], &[50]].concat());
        // The second arm starts from the same labels.
        let other = Queries::of_rounds(vec![(0..20).rev().collect(), vec![7, 60]]);
        assert_eq!(chosen(&[descending, other]), [&[7], &(12..20).collect::<Vec<_>>()[..], &[50, 60]].concat());
        assert_eq!(chosen(&[]), Vec::<usize>::new());
    }

    #[test]
    fn with_many_arms_and_rounds_each_shows_fewer_images_and_at_least_one() {
        // 4 arms x 10 rounds x 8, the paper's experiment, and 75 x 8 fit; 76 x 8 do not.
        assert_eq!(chosen(&(0..4).map(|a| arm(a * 1000, 10, 100)).collect::<Vec<_>>()).len(), 320);
        assert_eq!(chosen(&[arm(0, 75, 10)]).len(), 600);
        assert_eq!(chosen(&[arm(0, 76, 10)]).len(), 7 * 76);
        assert_eq!(chosen(&[arm(0, 301, 10)]).len(), 301);
        assert_eq!(chosen(&[arm(0, 700, 10)]), (0..700).map(|round| 10 * round).collect::<Vec<_>>());
        // Arms that query the same images leave room for more of them.
        assert_eq!(chosen(&vec![arm(0, 75, 10); 9]).len(), 600);
    }
}
