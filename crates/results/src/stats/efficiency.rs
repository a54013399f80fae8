//! Label efficiency: how many labels one sampler needs to reach the accuracy of another.

use std::collections::BTreeMap;

use super::{LEAST_PAIRS, mean, t_quantile_975};

/// A number of labels, or the end of the curve beyond which it lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reach {
    /// Fewer labels than the first round has; the value is the first round's number of labels.
    Below(f64),
    /// This many labels, interpolated between rounds.
    At(f64),
    /// More labels than the last round has; the value is the last round's number of labels.
    Beyond(f64),
}

/// How many labels a reference sampler needs to reach a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LabelsToReach {
    /// The number of seeds that the target and every round of the reference have; others are left out.
    pub n: usize,
    /// The labels at which the mean curve of the reference first reaches the mean of the target.
    pub labels: Reach,
    /// Lower end of the 95 % interval; `None` below [`LEAST_PAIRS`] seeds.
    pub low: Option<Reach>,
    /// Upper end of that interval.
    pub high: Option<Reach>,
}

/// How many labels the reference needs to reach the mean of `target`. `reference` holds, for each round, the number of
/// labels and the values by seed; `target` holds the values by seed of another sampler at some budget. Curves are
/// interpolated linearly between rounds. More must be better: negate losses. Returns `None` without rounds or shared
/// seeds, if a number is not finite, and if the labels do not ascend.
///
/// The interval inverts the paired t-test, as Fieller does for a ratio: it spans the labels at which the 95 % interval
/// of reference - target over the shared seeds contains 0. It is open below unless the reference is significantly (p <
/// 0.05) worse than the target in its first round, and open above unless it is significantly better in its last round.
/// If no number of labels within the curve is plausible, both ends lie beyond the same end of the curve. A flat curve
/// has a wide, often an open interval: the data allow no better one. Differences that do not vary give an interval of
/// zero width.
///
/// Simulated coverage, 4,000 intervals each: 95.2 % with 3 seeds and 95.3 % with 5 (normal noise of 0.02 in each value
/// and another 0.02 shared by the values of a seed, on a curve that bends from 0.4 to 0.7, with the truth midway
/// between two rounds). At the truth the test is exact for normal values; labels between two accepted numbers are
/// accepted as well.
pub fn labels_to_reach(reference: &[(f64, BTreeMap<u64, f64>)], target: &BTreeMap<u64, f64>) -> Option<LabelsToReach> {
    let shared: Vec<u64> =
        target.keys().copied().filter(|seed| reference.iter().all(|(_, values)| values.contains_key(seed))).collect();
    let rounds: Vec<Round> = reference
        .iter()
        .map(|(labels, values)| Round::of(*labels, shared.iter().map(|seed| values[seed] - target[seed]).collect()))
        .collect::<Option<_>>()?;
    let (first, last) = (rounds.first()?, rounds.last()?);
    if rounds.windows(2).any(|pair| pair[0].labels >= pair[1].labels) {
        return None;
    }
    let labels = if first.mean > 0.0 {
        Reach::Below(first.labels)
    } else {
        let crossing = rounds.windows(2).find_map(|pair| crossing(&pair[0], &pair[1]));
        let at = if first.mean == 0.0 { Some(first.labels) } else { crossing };
        at.map_or(Reach::Beyond(last.labels), Reach::At)
    };
    let n = shared.len();
    if n < LEAST_PAIRS {
        return Some(LabelsToReach { n, labels, low: None, high: None });
    }
    // The test does not reject where mean^2 <= factor x variance.
    let factor = t_quantile_975(n - 1)?.powi(2) / n as f64;
    let mut accepted: Vec<f64> = rounds.iter().filter(|r| r.excess(r, factor) <= 0.0).map(|r| r.labels).collect();
    accepted.extend(rounds.windows(2).flat_map(|pair| interval_ends(&pair[0], &pair[1], factor)));
    let least = accepted.iter().copied().reduce(f64::min);
    let greatest = accepted.iter().copied().reduce(f64::max);
    let worse_at_first = first.mean < 0.0 && first.excess(first, factor) > 0.0;
    let better_at_last = last.mean > 0.0 && last.excess(last, factor) > 0.0;
    let low =
        if worse_at_first { least.map_or(Reach::Beyond(last.labels), Reach::At) } else { Reach::Below(first.labels) };
    let high = if better_at_last {
        greatest.map_or(Reach::Below(first.labels), Reach::At)
    } else {
        Reach::Beyond(last.labels)
    };
    Some(LabelsToReach { n, labels, low: Some(low), high: Some(high) })
}

/// A round of the reference, compared with the target.
struct Round {
    labels: f64,
    /// The mean of reference - target over the shared seeds.
    mean: f64,
    /// The differences reference - target less their mean, by shared seed.
    deviations: Vec<f64>,
}

impl Round {
    /// Returns `None` without differences, and if a number or its square is not finite.
    fn of(labels: f64, differences: Vec<f64>) -> Option<Self> {
        let mean = mean(&differences)?;
        let deviations: Vec<f64> = differences.iter().map(|d| d - mean).collect();
        let round = Self { labels, mean, deviations };
        let squares = mean * mean + round.deviations.iter().map(|d| d * d).sum::<f64>();
        // The margin leaves room for products of two rounds and the factor.
        (labels.is_finite() && squares < f64::MAX / 1e6).then_some(round)
    }

    /// The product of the two means less `factor` times the covariance. For a round and itself it is positive where the
    /// t-test rejects.
    fn excess(&self, other: &Self, factor: f64) -> f64 {
        let products: f64 = self.deviations.iter().zip(&other.deviations).map(|(a, b)| a * b).sum();
        self.mean * other.mean - factor * products / (self.deviations.len() - 1) as f64
    }
}

/// The labels between two rounds at which the mean rises to 0.
fn crossing(a: &Round, b: &Round) -> Option<f64> {
    (a.mean < 0.0 && b.mean >= 0.0).then(|| between(a, b, a.mean / (a.mean - b.mean)))
}

/// The labels at `fraction` (0 to 1) of the way from one round to the next.
fn between(a: &Round, b: &Round, fraction: f64) -> f64 {
    let span = b.labels - a.labels;
    // Starting from the nearer round makes both ends exact.
    if fraction < 0.5 { a.labels + fraction * span } else { b.labels - (1.0 - fraction) * span }
}

/// The labels between two rounds at which the t-test starts or stops rejecting, and at which the mean is 0.
///
/// At a fraction u of the way each difference is (1 - u) a + u b, so mean^2 - factor x variance is the quadratic (1 -
/// u)^2 aa + 2 u (1 - u) ab + u^2 bb in the three excesses. If the differences do not vary, it only touches 0, which
/// rounding may hide. The zero of the mean, which is always accepted, is therefore added.
fn interval_ends(a: &Round, b: &Round, factor: f64) -> Vec<f64> {
    let (aa, ab, bb) = (a.excess(a, factor), a.excess(b, factor), b.excess(b, factor));
    let (square, half, constant) = (aa - 2.0 * ab + bb, ab - aa, aa);
    let root = (half * half - square * constant).sqrt();
    // The root of larger magnitude avoids cancellation; the only zero of a linear excess is the second quotient.
    let far = -(half + root.copysign(half));
    let fractions = [far / square, constant / far, a.mean / (a.mean - b.mean)];
    fractions.into_iter().filter(|u| (0.0..=1.0).contains(u)).map(|u| between(a, b, u)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, Stream, stream};
    use crate::stats::{normal, paired};
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    fn by_seed(values: &[f64]) -> BTreeMap<u64, f64> {
        (0..).zip(values.iter().copied()).collect()
    }

    fn near(got: Option<Reach>, expected: f64) {
        let Some(Reach::At(got)) = got else { panic!("{got:?} is not {expected}") };
        assert!((got - expected).abs() < 1e-7 * expected, "{got} is not {expected}");
    }

    /// A number for comparisons: -inf below the curve, inf beyond it.
    fn as_number(reach: Option<Reach>) -> f64 {
        match reach.unwrap() {
            Reach::Below(_) => f64::NEG_INFINITY,
            Reach::At(labels) => labels,
            Reach::Beyond(_) => f64::INFINITY,
        }
    }

    fn curve() -> Vec<(f64, BTreeMap<u64, f64>)> {
        vec![
            (100.0, by_seed(&[0.30, 0.31, 0.29, 0.33])),
            (200.0, by_seed(&[0.40, 0.42, 0.41, 0.39])),
            (400.0, by_seed(&[0.52, 0.50, 0.53, 0.51])),
            (800.0, by_seed(&[0.60, 0.61, 0.63, 0.62])),
        ]
    }

    /// Expected ends: the two roots in L of p = 0.05 (`scipy.optimize.brentq`) for `scipy.stats.ttest_rel` 1.17.1 of
    /// each seed's curve at L (`numpy.interp`) and the target. The labels by hand: 200 + 0.065 / 0.11 x 200.
    #[test]
    fn labels_and_interval_agree_with_scipy() {
        let got = labels_to_reach(&curve(), &by_seed(&[0.47, 0.45, 0.46, 0.50])).unwrap();
        assert_eq!(got.n, 4);
        near(Some(got.labels), 200.0 + 0.065 / 0.11 * 200.0);
        near(got.low, 223.96225672919115);
        near(got.high, 391.36360485997346);
    }

    #[test]
    fn ends_beyond_the_curve_are_open() {
        let reach = |values: &[f64]| labels_to_reach(&curve(), &by_seed(values)).unwrap();
        let worse = reach(&[0.1, 0.11, 0.1, 0.12]);
        let (below, beyond) = (Reach::Below(100.0), Reach::Beyond(800.0));
        assert_eq!((worse.labels, worse.low, worse.high), (below, Some(below), Some(below)));
        let better = reach(&[0.9, 0.91, 0.9, 0.92]);
        assert_eq!((better.labels, better.low, better.high), (beyond, Some(beyond), Some(beyond)));
        let noisy = reach(&[0.1, 0.9, 0.2, 0.8]);
        assert_eq!((noisy.low, noisy.high), (Some(below), Some(beyond)));
        // The target is not significantly below the last round's mean: open above, but the labels are a number.
        let high = reach(&[0.60, 0.62, 0.60, 0.62]);
        assert!(matches!(high.labels, Reach::At(labels) if labels > 700.0) && high.high == Some(beyond), "{high:?}");
        assert!(matches!(high.low, Some(Reach::At(labels)) if labels < 800.0), "{high:?}");
    }

    #[test]
    fn differences_that_do_not_vary_have_an_interval_of_zero_width() {
        let flat = |value: f64| by_seed(&[value; 3]);
        let reference = [(100.0, flat(0.25)), (200.0, flat(0.5)), (300.0, flat(0.75))];
        for (target, labels) in [(0.3125, 125.0), (0.5, 200.0), (0.25, 100.0), (0.75, 300.0)] {
            let got = labels_to_reach(&reference, &flat(target)).unwrap();
            assert_eq!(got.labels, Reach::At(labels));
            assert!(as_number(got.low) == labels || labels == 100.0, "{got:?}");
            assert!(as_number(got.high) == labels || labels == 300.0, "{got:?}");
        }
    }

    #[test]
    fn seeds_missing_in_a_round_are_left_out_and_two_have_no_interval() {
        let mut reference = curve();
        reference[1].1.remove(&2);
        let target = BTreeMap::from([(0, 0.5), (1, 0.5), (2, 0.1), (3, 0.5), (9, 0.7)]);
        let got = labels_to_reach(&reference, &target).unwrap();
        assert_eq!(got.n, 3);
        let two = labels_to_reach(&reference, &by_seed(&[0.45, 0.47])).unwrap();
        assert_eq!((two.n, two.low, two.high), (2, None, None));
        assert!(matches!(two.labels, Reach::At(labels) if (labels - 300.0).abs() < 1e-9), "{two:?}");
        let alone = labels_to_reach(&reference[..1], &by_seed(&[0.3, 0.31])).unwrap();
        assert_eq!(alone.labels, Reach::At(100.0));
    }

    #[test]
    fn without_shared_finite_values_and_ascending_labels_there_is_no_answer() {
        let target = by_seed(&[0.5; 4]);
        assert_eq!(labels_to_reach(&[], &target), None);
        assert_eq!(labels_to_reach(&curve(), &BTreeMap::new()), None);
        assert_eq!(labels_to_reach(&curve(), &BTreeMap::from([(9, 0.5)])), None);
        for odd in [f64::NAN, f64::INFINITY, f64::MAX] {
            assert_eq!(labels_to_reach(&curve(), &by_seed(&[0.5, 0.5, 0.5, odd])), None);
            let mut reference = curve();
            reference[2].1.insert(0, odd);
            assert_eq!(labels_to_reach(&reference, &target), None);
        }
        for odd in [f64::NAN, f64::INFINITY, 200.0, 150.0] {
            let mut reference = curve();
            reference[2].0 = odd;
            assert_eq!(labels_to_reach(&reference, &target), None);
        }
    }

    /// The fraction of `repeats` in which the interval over `n` seeds contains the truth. The truth is 300 labels,
    /// where a curve with the means 0.4, 0.5, 0.6, 0.65 and 0.7 at 100, 200, 400, 600 and 800 labels reaches 0.55. The
    /// values of a seed share a part of their noise.
    fn coverage(n: usize, repeats: usize, luck: &mut Stream) -> f64 {
        let means = [(100.0, 0.4), (200.0, 0.5), (400.0, 0.6), (600.0, 0.65), (800.0, 0.7)];
        let mut held = 0;
        for _ in 0..repeats {
            let shared: Vec<f64> = (0..n).map(|_| 0.02 * normal(luck)).collect();
            let mut round = |mean: f64| -> BTreeMap<u64, f64> {
                (0..).zip(shared.iter().map(|s| mean + s + 0.02 * normal(luck))).collect()
            };
            let target = round(0.55);
            let reference: Vec<_> = means.iter().map(|&(labels, mean)| (labels, round(mean))).collect();
            let got = labels_to_reach(&reference, &target).unwrap();
            held += usize::from((as_number(got.low)..=as_number(got.high)).contains(&300.0));
        }
        held as f64 / repeats as f64
    }

    #[test]
    fn the_interval_contains_the_truth_as_often_as_documented() {
        let mut luck = stream(0, Purpose::Query, &[]);
        for n in [3, 5] {
            let held = coverage(n, 4000, &mut luck);
            // At 300 labels the test is exact; 3 standard errors are 0.01.
            assert!((0.94..0.97).contains(&held), "{n} seeds: {held}");
        }
    }

    proptest! {
        #[test]
        fn the_interval_is_the_labels_at_which_the_test_does_not_reject(
            values in prop::collection::vec(0.0f64..1.0, 20),
            target in prop::collection::vec(0.0f64..1.0, 4),
            part in 0.0f64..1.0,
        ) {
            let rise = [0.0, 0.5, 1.0, 1.2, 1.4];
            let rounds: Vec<Vec<f64>> = (0..5).map(|r| (0..4).map(|s| values[4 * r + s] + rise[r]).collect()).collect();
            let reference: Vec<_> = (1..).zip(&rounds).map(|(r, v)| (f64::from(r) * 100.0, by_seed(v))).collect();
            let target: Vec<f64> = target.iter().map(|v| v + 0.7).collect();
            let got = labels_to_reach(&reference, &by_seed(&target)).unwrap();
            let (low, at, high) = (as_number(got.low), as_number(Some(got.labels)), as_number(got.high));
            prop_assert!(low <= at && at <= high, "{:?}", got);
            for r in 0..4 {
                let labels = 100.0 * (r as f64 + 1.0 + part);
                let here: Vec<f64> = (0..4).map(|s| rounds[r][s] * (1.0 - part) + rounds[r + 1][s] * part).collect();
                let p = paired(&by_seed(&here), &by_seed(&target)).unwrap().p.unwrap();
                prop_assert!(p < 0.05 + 1e-9 || (low - 1e-6..=high + 1e-6).contains(&labels), "{} {:?}", labels, got);
            }
            // At an end within the curve, p is 0.05.
            for end in [low, high].into_iter().filter(|end| end.is_finite()) {
                let r = ((end / 100.0).floor() as usize).clamp(1, 4);
                let part = end / 100.0 - r as f64;
                let here: Vec<f64> = (0..4).map(|s| rounds[r - 1][s] * (1.0 - part) + rounds[r][s] * part).collect();
                let p = paired(&by_seed(&here), &by_seed(&target)).unwrap().p.unwrap();
                prop_assert!((p - 0.05).abs() < 1e-6, "{} {}", end, p);
            }
            // The order of the seeds changes nothing.
            let backwards: Vec<(f64, BTreeMap<u64, f64>)> =
                reference.iter().map(|(labels, v)| (*labels, v.iter().rev().map(|(s, v)| (*s, *v)).collect())).collect();
            prop_assert_eq!(labels_to_reach(&backwards, &by_seed(&target)), Some(got));
        }
    }
}
