//! Compares two samplers seed by seed.

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Summary;

/// The fewest pairs that are tested: two differences may agree by chance.
pub const LEAST_PAIRS: usize = 3;

/// How much the values of one sampler exceed those of another, over the seeds that both have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// The number of seeds that both have.
    pub n: usize,
    /// The mean difference. This and the next three fields have the unit of the values.
    pub mean: f64,
    /// Sample standard deviation of the differences; `None` for one seed.
    pub sd: Option<f64>,
    /// Lower end of the 95 % interval of the mean difference; `None` for one seed.
    pub low: Option<f64>,
    /// Upper end of that interval.
    pub high: Option<f64>,
    /// Student's t of the differences, with n - 1 degrees of freedom; `None` below [`LEAST_PAIRS`] seeds, and if the
    /// differences do not vary.
    pub t: Option<f64>,
    /// The two-sided p value of `t`. It is not corrected for multiple comparisons: see [`holm`].
    pub p: Option<f64>,
}

/// The paired t-test of `a - b`, with one difference for each seed that both have. Returns `None` if they share no
/// seed, or if a shared value is not finite. The test is exact if the differences are normally distributed; the values
/// themselves need not be.
///
/// Differences that are equal in all seeds, up to rounding, have no t and no p: a t of 1e14 would describe how numbers
/// are stored, not the samplers.
pub fn paired(a: &BTreeMap<u64, f64>, b: &BTreeMap<u64, f64>) -> Option<Paired> {
    let Summary { n, mean, sd, low, high } = Summary::of_differences(a, b)?;
    let finite = |value: Option<f64>| value.is_none_or(f64::is_finite);
    if !(mean.is_finite() && finite(sd) && finite(low) && finite(high)) {
        return None;
    }
    let t = sd.filter(|&sd| n >= LEAST_PAIRS && sd > rounding(a, b)).map(|sd| mean / (sd / (n as f64).sqrt()));
    Some(Paired { n, mean, sd, low, high, t, p: t.and_then(|t| two_sided(t, (n - 1) as f64)) })
}

/// By how much equal differences of shared values may vary through rounding alone: two differences have four rounded
/// values.
fn rounding(a: &BTreeMap<u64, f64>, b: &BTreeMap<u64, f64>) -> f64 {
    let shared = a.iter().filter_map(|(seed, a)| b.get(seed).map(|b| a.abs().max(b.abs())));
    4.0 * f64::EPSILON * shared.fold(0.0, f64::max)
}

/// The two-sided p value of `t`: the probability that Student's t is at least that far from 0.
pub(super) fn two_sided(t: f64, degrees_of_freedom: f64) -> Option<f64> {
    let distribution = StudentsT::new(0.0, 1.0, degrees_of_freedom).ok()?;
    Some((2.0 * distribution.sf(t.abs())).min(1.0))
}

/// Holm's correction ("A Simple Sequentially Rejective Multiple Test Procedure", Scandinavian Journal of Statistics 6,
/// 1979). If corrected values below 0.05 are called significant, the probability of even one false positive in the
/// family is at most 0.05, however the tests depend on each other. The k-th least of m p values, counted from 0, is
/// multiplied by m - k; the result is at least the one before it and at most 1.
///
/// Returns the corrected values in the order of `p`. The family is every test with a p value from 0 to 1; other entries
/// become `None` and do not count.
pub fn holm(p: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut family: Vec<(usize, f64)> =
        p.iter().enumerate().filter_map(|(i, p)| p.filter(|p| (0.0..=1.0).contains(p)).map(|p| (i, p))).collect();
    family.sort_by(|a, b| a.1.total_cmp(&b.1));
    let mut adjusted = vec![None; p.len()];
    let mut least = 0.0f64;
    for (k, &(i, p)) in family.iter().enumerate() {
        least = least.max((family.len() - k) as f64 * p).min(1.0);
        adjusted[i] = Some(least);
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    fn by_seed(values: &[f64]) -> BTreeMap<u64, f64> {
        (0..).zip(values.iter().copied()).collect()
    }

    fn near(got: Option<f64>, expected: f64) {
        let got = got.expect("a value");
        assert!((got - expected).abs() < 1e-10, "{got} is not {expected}");
    }

    /// Expected values: `scipy.stats.ttest_rel` 1.17.1 for all five seeds and for the first three, and its
    /// `confidence_interval()`.
    #[test]
    fn the_test_agrees_with_scipy() {
        let a = by_seed(&[0.612, 0.634, 0.598, 0.641, 0.607]);
        let b = by_seed(&[0.597, 0.611, 0.601, 0.622, 0.586]);
        let five = paired(&a, &b).unwrap();
        assert_eq!(five.n, 5);
        near(Some(five.mean), 0.015);
        near(five.sd, 0.010488088481701524);
        near(five.low, 0.0019773181222956532);
        near(five.high, 0.028022681877704375);
        near(five.t, 3.198010745334157);
        near(five.p, 0.03296327206188303);
        let first = |values: &BTreeMap<u64, f64>| values.range(..3).map(|(s, v)| (*s, *v)).collect();
        let three = paired(&first(&a), &first(&b)).unwrap();
        near(three.t, 1.51744244666721);
        near(three.p, 0.26844809089261856);
    }

    /// Seeds 1, 2 and 4 are shared: differences 1, 2, 3, so t = 2 sqrt(3); with 2 degrees of freedom p is
    /// 1 - t / sqrt(2 + t^2).
    #[test]
    fn pairs_use_only_the_seeds_that_both_have() {
        let a = BTreeMap::from([(0, f64::NAN), (1, 11.0), (2, 102.0), (4, 1003.0)]);
        let b = BTreeMap::from([(1, 10.0), (2, 100.0), (3, 5.0), (4, 1000.0)]);
        let got = paired(&a, &b).unwrap();
        assert_eq!((got.n, got.mean, got.sd), (3, 2.0, Some(1.0)));
        near(got.t, 12f64.sqrt());
        near(got.p, 1.0 - (12.0f64 / 14.0).sqrt());
        assert_eq!(paired(&a, &BTreeMap::from([(9, 1.0)])), None);
        assert_eq!(paired(&a, &BTreeMap::from([(0, 1.0), (1, 1.0)])), None);
    }

    #[test]
    fn two_pairs_have_an_interval_and_no_test() {
        let got = paired(&by_seed(&[0.5, 0.6]), &by_seed(&[0.4, 0.4])).unwrap();
        assert!(got.low.is_some() && got.t.is_none() && got.p.is_none(), "{got:?}");
        let one = paired(&by_seed(&[0.5]), &by_seed(&[0.25])).unwrap();
        assert_eq!(one, Paired { n: 1, mean: 0.25, sd: None, low: None, high: None, t: None, p: None });
    }

    /// 0.3 - 0.2, 0.4 - 0.3, ... differ only in their last digits.
    #[test]
    fn differences_that_do_not_vary_have_no_test() {
        let a: Vec<f64> = (0..5).map(|i| 0.3 + f64::from(i) / 10.0).collect();
        let b: Vec<f64> = (0..5).map(|i| 0.2 + f64::from(i) / 10.0).collect();
        let got = paired(&by_seed(&a), &by_seed(&b)).unwrap();
        assert!(got.sd.unwrap() > 0.0 && got.t.is_none() && got.p.is_none(), "{got:?}");
        let same = paired(&by_seed(&a), &by_seed(&a)).unwrap();
        assert_eq!((same.mean, same.sd, same.p), (0.0, Some(0.0), None));
    }

    #[test]
    fn values_that_are_not_finite_are_not_compared() {
        for odd in [f64::NAN, f64::INFINITY, f64::MAX] {
            let (a, b) = (by_seed(&[odd, 0.5, 0.25]), by_seed(&[-0.5, -odd, 0.5]));
            assert_eq!(paired(&a, &b), None, "{odd}");
        }
    }

    /// By hand: 4 x 0.01; 3 x 0.02 = 0.06; 2 x 0.025 = 0.05 is below the one before, so 0.06; 1 x 0.5.
    #[test]
    fn four_tests_are_corrected_as_by_hand() {
        let got = holm(&[Some(0.025), None, Some(0.01), Some(0.5), Some(0.02), Some(f64::NAN)]);
        assert!((got[0].unwrap() - 0.06).abs() < 1e-15 && (got[4].unwrap() - 0.06).abs() < 1e-15, "{got:?}");
        assert_eq!((got[1], got[2], got[3], got[5]), (None, Some(0.04), Some(0.5), None));
        assert_eq!(holm(&[Some(0.6), Some(0.7)]), [Some(1.0), Some(1.0)]);
        assert_eq!(holm(&[]), []);
    }

    proptest! {
        #[test]
        fn holm_keeps_the_order_and_only_raises(p in prop::collection::vec(prop::option::of(0.0f64..=1.0), 0..12)) {
            let adjusted = holm(&p);
            let family = p.iter().flatten().count() as f64;
            for (before, after) in p.iter().zip(&adjusted) {
                prop_assert_eq!(before.is_some(), after.is_some());
                let (Some(before), Some(after)) = (*before, *after) else { continue };
                prop_assert!(before <= after && after <= (family * before).min(1.0));
                for (other, adjusted) in p.iter().zip(&adjusted) {
                    prop_assert!(other.is_none_or(|other| other < before) || *adjusted >= Some(after));
                }
            }
        }

        #[test]
        fn the_order_of_seeds_changes_nothing_and_the_order_of_samplers_only_the_sign(
            rows in prop::collection::vec((0u64..20, 0.0f64..1.0, 0.0f64..1.0), 1..12),
        ) {
            let rows: BTreeMap<u64, (f64, f64)> = rows.into_iter().map(|(seed, a, b)| (seed, (a, b))).collect();
            let a: BTreeMap<u64, f64> = rows.iter().map(|(s, v)| (*s, v.0)).collect();
            let b: BTreeMap<u64, f64> = rows.iter().map(|(s, v)| (*s, v.1)).collect();
            let backwards = rows.iter().rev().map(|(s, v)| (*s, v.0)).collect();
            let got = paired(&a, &b).unwrap();
            prop_assert_eq!(paired(&backwards, &b), Some(got));
            let turned = paired(&b, &a).unwrap();
            prop_assert_eq!((turned.mean, turned.t.map(|t| -t), turned.p), (-got.mean, got.t, got.p));
            prop_assert!(got.p.is_none_or(|p| (0.0..=1.0).contains(&p)));
            // The test and the interval agree.
            if let (Some(p), Some(low), Some(high)) = (got.p, got.low, got.high) {
                prop_assert!((p - 0.05).abs() < 1e-9 || (p < 0.05) == (low > 0.0 || high < 0.0));
            }
        }
    }
}
