//! The pairwise penalty matrix: in how many rounds each arm beats each other arm.

use std::collections::BTreeMap;

use super::{LEAST_PAIRS, mean, paired};

/// Below this two-sided p value, the better of a pair beats the other, as in the paper.
const LEVEL: f64 = 0.05;

/// Which arm beats which, as a fraction of the rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct Penalties {
    /// Arms x arms: `[i][j]` is the fraction of the rounds, from 0 to 1, in which `i` beats `j`. `None` on the
    /// diagonal, and if no round can be compared.
    pub matrix: Vec<Vec<Option<f64>>>,
    /// By arm: the mean of its column, that is how often the others beat it; lower is better. `None` if its column has
    /// no number.
    pub means: Vec<Option<f64>>,
}

/// The penalty matrix of Ash et al. ("Deep Batch Active Learning by Diverse, Uncertain Gradient Lower Bounds", ICLR
/// 2020, section 4) of one experiment. In each round, `i` beats `j` if its mean is higher and the paired t-test over
/// seeds is significant (p < 0.05, two-sided; |t| > 2.776 with the paper's five seeds); it gets 1 / rounds for that.
/// The paper adds up the matrices of several experiments; a caller may do the same. `arms[i][round]` holds values by
/// seed. More must be better: negate errors.
///
/// Only rounds in which both arms share at least [`LEAST_PAIRS`] seeds are compared and counted. A round whose
/// differences do not vary counts, but no arm wins it, even if the differences are not 0: they cannot be tested (see
/// [`paired`]). The first round is such a round where arms share their initial labels; it lowers all numbers, so leave
/// it out if that is not wanted. The p values are not corrected for the number of comparisons, nor are those of the
/// paper: of two arms that do not differ, each beats the other in 2.5 % of the rounds by chance.
///
/// Returns `None` below two arms, and if a value is not finite.
pub fn penalties(arms: &[Vec<BTreeMap<u64, f64>>]) -> Option<Penalties> {
    if arms.len() < 2 || arms.iter().flatten().flat_map(BTreeMap::values).any(|value| !value.is_finite()) {
        return None;
    }
    let entry = |i: usize, j: usize| if i == j { None } else { fraction_won(&arms[i], &arms[j]) };
    let matrix: Vec<Vec<Option<f64>>> =
        (0..arms.len()).map(|i| (0..arms.len()).map(|j| entry(i, j)).collect()).collect();
    let column = |j: usize| matrix.iter().filter_map(|row| row[j]).collect::<Vec<f64>>();
    let means = (0..arms.len()).map(|j| mean(&column(j))).collect();
    Some(Penalties { matrix, means })
}

/// The fraction of the comparable rounds in which `a` beats `b`; `None` if no round can be compared.
fn fraction_won(a: &[BTreeMap<u64, f64>], b: &[BTreeMap<u64, f64>]) -> Option<f64> {
    let compared = a.iter().zip(b).filter_map(|(a, b)| paired(a, b)).filter(|round| round.n >= LEAST_PAIRS);
    let won: Vec<f64> = compared.map(|r| f64::from(r.mean > 0.0 && r.p.is_some_and(|p| p < LEVEL))).collect();
    mean(&won)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    fn by_seed(values: &[f64]) -> BTreeMap<u64, f64> {
        (0..).zip(values.iter().copied()).collect()
    }

    /// Differences of 1, 2, 3, 4 and x in five seeds have a t above 2.776 for x = 5 (4.24) and below it for x = -2
    /// (1.57). Three rounds: a beats b in the second and ties in the third; c has two rounds and loses the second to
    /// both.
    #[test]
    fn three_arms_give_the_matrix_computed_by_hand() {
        let zero = by_seed(&[0.0; 5]);
        let a = vec![zero.clone(), by_seed(&[1.0, 2.0, 3.0, 4.0, 5.0]), by_seed(&[1.0, 2.0, 3.0, 4.0, -2.0])];
        let b = vec![zero.clone(), zero.clone(), zero.clone()];
        let c = vec![zero, by_seed(&[-4.0, -6.0, -5.0, -5.0, -4.5])];
        let got = penalties(&[a, b, c]).unwrap();
        let third = 1.0 / 3.0;
        assert_eq!(got.matrix[0], [None, Some(third), Some(0.5)]);
        assert_eq!(got.matrix[1], [Some(0.0), None, Some(0.5)]);
        assert_eq!(got.matrix[2], [Some(0.0), Some(0.0), None]);
        assert_eq!(got.means, [Some(0.0), Some(third / 2.0), Some(0.5)]);
    }

    /// Values of t on either side of the paper's 2.776.
    #[test]
    fn with_five_seeds_the_critical_value_is_the_papers() {
        let zero = vec![by_seed(&[0.0; 5])];
        // Deviations -2 .. 2 have the standard error sqrt(2.5 / 5), so a mean of t sqrt(0.5) has that t.
        for (t, beaten) in [(2.77, 0.0), (2.78, 1.0)] {
            let values: Vec<f64> = (-2..=2).map(|d| f64::from(d) + t * 0.5f64.sqrt()).collect();
            let got = penalties(&[vec![by_seed(&values)], zero.clone()]).unwrap();
            assert_eq!(got.matrix[0][1], Some(beaten), "{t}");
            assert_eq!(got.matrix[1][0], Some(0.0), "{t}");
        }
    }

    #[test]
    fn two_seeds_or_differences_that_do_not_vary_win_no_round() {
        let arms = |n: usize| [vec![by_seed(&vec![1.0; n])], vec![by_seed(&vec![0.0; n])]];
        let two = penalties(&arms(2)).unwrap();
        assert_eq!((two.matrix[0][1], two.means), (None, vec![None, None]));
        let five = penalties(&arms(5)).unwrap();
        assert_eq!((five.matrix[0][1], five.means), (Some(0.0), vec![Some(0.0), Some(0.0)]));
    }

    #[test]
    fn one_arm_or_values_that_are_not_finite_have_no_matrix() {
        let arm = vec![by_seed(&[0.1, 0.2, 0.3])];
        assert_eq!(penalties(&[]), None);
        assert_eq!(penalties(std::slice::from_ref(&arm)), None);
        assert_eq!(penalties(&[arm.clone(), vec![by_seed(&[f64::NAN])]]), None);
        assert_eq!(penalties(&[arm, vec![]]).unwrap().matrix, [[None, None], [None, None]]);
    }

    proptest! {
        #[test]
        fn in_each_round_at_most_one_of_two_arms_beats_the_other(
            // Three arms of four rounds of four seeds.
            values in prop::collection::vec(0.0f64..1.0, 48),
            lift in 0.0f64..2.0,
        ) {
            let arm = |i: usize| -> Vec<BTreeMap<u64, f64>> {
                let seeds = |round: usize| values[16 * i + 4 * round..][..4].iter().map(|v| v + lift * i as f64);
                (0..4).map(|round| (0..).zip(seeds(round)).collect()).collect()
            };
            let got = penalties(&[arm(0), arm(1), arm(2)]).unwrap();
            for i in 0..3 {
                prop_assert_eq!(got.matrix[i][i], None);
                for j in (0..3).filter(|&j| j != i) {
                    let (one, other) = (got.matrix[i][j].unwrap(), got.matrix[j][i].unwrap());
                    prop_assert!(one + other <= 1.0 && one * 4.0 == (one * 4.0).round());
                }
            }
            // Reordering the arms reorders the numbers.
            let turned = penalties(&[arm(2), arm(0), arm(1)]).unwrap();
            prop_assert_eq!(turned.matrix[1][0], got.matrix[0][2]);
            prop_assert_eq!(turned.means[2], got.means[1]);
        }
    }
}
