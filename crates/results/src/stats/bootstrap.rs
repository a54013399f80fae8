//! Aggregates over several experiments, with intervals from the stratified bootstrap of rliable.
//!
//! Source: Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS 2021, and
//! their code, `rliable`. A stratum is an experiment (data set, budget); its values are those of its trials.

use rand::Rng;
use rayon::prelude::*;

use super::mean;
use crate::seed::{Purpose, Stream, stream};

/// The fewest trials per stratum that give an interval: resamples of fewer values are too similar.
pub const LEAST_TRIALS: usize = 5;

/// An aggregate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The aggregate.
    pub value: f64,
    /// Lower end of the interval; `None` if a stratum has fewer than [`LEAST_TRIALS`] values, and without resamples.
    pub low: Option<f64>,
    /// Upper end of the interval.
    pub high: Option<f64>,
}

/// The interquartile mean: the mean of the middle half of all values of all strata, in their unit
/// (`scipy.stats.trim_mean(values, 0.25)`). A failed trial moves it less than the mean, and it is less noisy than the
/// median. Returns `None` without strata, if a stratum is empty, and if a value is not finite.
///
/// The interval is the percentile interval of `resamples` resamples. Each resample draws as many values as there are,
/// with replacement, within each stratum. It covers other trials of the same experiments, not other experiments. The
/// same `seed` draws the same entries of the strata.
///
/// The interval is too narrow for few trials. Of 4,000 simulated intervals (standard normal values, 1,000 resamples
/// each), 89.0 % contained the truth with 5 values in one stratum, 93.4 % with 10 and 93.3 % with 20; with four strata
/// 91.1 % with 5 values each, 93.0 % with 10 and 94.1 % with 20.
pub fn interquartile_mean(strata: &[Vec<f64>], resamples: usize, seed: u64) -> Option<Estimate> {
    let sides: Vec<&[f64]> = strata.iter().map(Vec::as_slice).collect();
    estimate(&sides, resamples, seed, |sides| trimmed_mean(&sides.concat()))
}

/// The probability of improvement: how often a trial of the first sampler exceeds a trial of the second, from 0 to 1.
/// It is P(X > Y) + P(X = Y) / 2 over all pairs of a stratum (the Mann-Whitney U over n m), averaged over `strata` of
/// (X, Y). It is 0.5 if neither is better. It is a probability and says nothing about the size of a difference. Returns
/// `None` as [`interquartile_mean`] does.
///
/// The interval is a percentile interval as in [`interquartile_mean`], with X and Y drawn independently of each other,
/// as in rliable. It does not use that trials of X and Y share seeds: if pairs are correlated, the interval is wider
/// than necessary, and [`paired`](super::paired) is more sensitive. In the same simulation, with independent X and Y,
/// it contained the truth, 0.5, in 90.4 % (5 and 5 values in one stratum), 94.0 % (10) and 94.2 % (20); with four
/// strata in 94.1 % (5 each) and 94.2 % (10).
pub fn probability_of_improvement(strata: &[(Vec<f64>, Vec<f64>)], resamples: usize, seed: u64) -> Option<Estimate> {
    let sides: Vec<&[f64]> = strata.iter().flat_map(|(x, y)| [x.as_slice(), y.as_slice()]).collect();
    estimate(&sides, resamples, seed, |sides| {
        mean(&sides.chunks(2).map(|pair| fraction_exceeding(&pair[0], &pair[1])).collect::<Vec<f64>>())
    })
}

/// Computes `statistic` of the sides, and its percentile interval over resamples within each side.
fn estimate(
    sides: &[&[f64]],
    resamples: usize,
    seed: u64,
    statistic: impl Fn(&[Vec<f64>]) -> Option<f64> + Sync,
) -> Option<Estimate> {
    if sides.iter().any(|side| side.is_empty() || side.iter().any(|value| !value.is_finite())) {
        return None;
    }
    let value = statistic(&sides.iter().map(|side| side.to_vec()).collect::<Vec<_>>()).filter(|v| v.is_finite())?;
    if sides.iter().any(|side| side.len() < LEAST_TRIALS) {
        return Some(Estimate { value, low: None, high: None });
    }
    let resampled_statistic = |chosen: &mut Vec<usize>, resample: usize| {
        let mut stream = stream(seed, Purpose::Bootstrap, &[resample as u64]);
        let resampled = |side: &&[f64]| {
            draw(side.len(), &mut stream, chosen);
            chosen.iter().map(|&i| side[i]).collect()
        };
        statistic(&sides.iter().map(resampled).collect::<Vec<Vec<f64>>>())
    };
    // The order does not depend on the threads.
    let values: Vec<Option<f64>> = (0..resamples).into_par_iter().map_init(Vec::new, resampled_statistic).collect();
    let mut values: Vec<f64> = values.into_iter().flatten().collect();
    values.sort_by(f64::total_cmp);
    Some(Estimate { value, low: quantile(&values, 0.025), high: quantile(&values, 0.975) })
}

/// The mean without the lowest and the highest quarter of the values (rounded down to whole values); `None` without
/// values.
fn trimmed_mean(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let cut = sorted.len() / 4;
    mean(&sorted[cut..sorted.len() - cut])
}

/// The fraction of all pairs in which the value of `x` exceeds that of `y`; ties count half.
fn fraction_exceeding(x: &[f64], y: &[f64]) -> f64 {
    let mut halves = 0;
    // Nested loops: most of the time of a report goes into this one.
    for &x in x {
        for &y in y {
            halves += usize::from(x > y) + usize::from(x >= y);
        }
    }
    halves as f64 / (2 * x.len() * y.len()) as f64
}

/// Draws `n` numbers of `0..n` with replacement into `chosen`.
pub(super) fn draw(n: usize, stream: &mut Stream, chosen: &mut Vec<usize>) {
    chosen.clear();
    chosen.extend((0..n).map(|_| stream.random_range(0..n)));
}

/// The quantile of sorted values at `fraction` (0 to 1), interpolated linearly (NumPy's `linear`); `None` without
/// values.
pub fn quantile(sorted: &[f64], fraction: f64) -> Option<f64> {
    let at = fraction * sorted.len().checked_sub(1)? as f64;
    let (low, high) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    Some(low + (high - low) * at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::normal;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    const X: [f64; 5] = [0.31, 0.42, 0.29, 0.55, 0.47];
    const Y: [f64; 5] = [0.38, 0.42, 0.36, 0.41, 0.6];
    const Z: [f64; 7] = [0.31, 0.42, 0.29, 0.55, 0.47, 0.7, 0.2];

    fn near(got: Option<f64>, expected: f64, by: f64) {
        let got = got.expect("a value");
        assert!((got - expected).abs() < by, "{got} is not {expected}");
    }

    /// Expected values: `numpy.quantile` 2.4.6.
    #[test]
    fn quantiles_are_interpolated_linearly_as_in_numpy() {
        near(quantile(&[1.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 9.0], 0.975), 8.475, 1e-12);
        assert_eq!(quantile(&[7.0], 0.025), Some(7.0));
        assert_eq!(quantile(&[], 0.5), None);
    }

    /// Expected values: `scipy.stats.trim_mean(x, 0.25)` 1.17.1 of all 17 values; the ends are quantiles of 2,000,000
    /// stratified resamples in NumPy, whose draws differ, so that they agree only approximately.
    #[test]
    fn the_interquartile_mean_agrees_with_scipy() {
        let strata = [X.to_vec(), Y.to_vec(), Z.to_vec()];
        let got = interquartile_mean(&strata, 20_000, 0).unwrap();
        near(Some(got.value), 0.4066666666666667, 1e-15);
        near(got.low, 0.35, 0.004);
        near(got.high, 0.47888889, 0.004);
        // The draws depend on the seed, not on the number of threads.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(alone.install(|| interquartile_mean(&strata, 20_000, 0)), Some(got));
        // Only few ends are possible, so two seeds may agree.
        let others: Vec<_> = (0..10).map(|seed| interquartile_mean(&strata, 50, seed)).collect();
        assert!(others.iter().any(|other| *other != others[0]));
    }

    /// Expected values: U = 11.5 of 25 and 21.5 of 30 pairs (`scipy.stats.mannwhitneyu` 1.17.1); the ends are quantiles
    /// of 400,000 resamples in NumPy.
    #[test]
    fn the_probability_of_improvement_is_u_over_all_pairs() {
        let second = (vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], vec![0.0, 1.0, 1.0, 2.0, 7.0]);
        let strata = [(X.to_vec(), Y.to_vec()), second];
        let got = probability_of_improvement(&strata, 20_000, 0).unwrap();
        near(Some(got.value), (11.5 / 25.0 + 21.5 / 30.0) / 2.0, 1e-15);
        near(got.low, 0.325, 0.01);
        near(got.high, 0.85666667, 0.01);
        let better = probability_of_improvement(&[(vec![2.0; 5], vec![1.0; 5])], 10, 0).unwrap();
        assert_eq!(better, Estimate { value: 1.0, low: Some(1.0), high: Some(1.0) });
    }

    #[test]
    fn four_trials_give_a_value_but_no_interval() {
        let four = interquartile_mean(&[vec![1.0, 2.0, 4.0, 9.0], X.to_vec()], 100, 0).unwrap();
        assert_eq!((four.low, four.high), (None, None));
        let four = probability_of_improvement(&[(X.to_vec(), vec![0.0; 4])], 100, 0).unwrap();
        assert_eq!(four, Estimate { value: 1.0, low: None, high: None });
        assert_eq!(interquartile_mean(&[X.to_vec()], 0, 0).unwrap().low, None);
    }

    #[test]
    fn without_finite_values_in_each_stratum_there_is_no_estimate() {
        assert_eq!(interquartile_mean(&[], 10, 0), None);
        assert_eq!(probability_of_improvement(&[], 10, 0), None);
        for odd in [vec![], vec![f64::NAN; 5], vec![f64::INFINITY; 5], vec![f64::MAX; 5]] {
            assert_eq!(interquartile_mean(&[X.to_vec(), odd.clone()], 10, 0).filter(|e| e.value.is_finite()), None);
            if odd.first() != Some(&f64::MAX) {
                assert_eq!(probability_of_improvement(&[(odd.clone(), X.to_vec())], 10, 0), None);
                assert_eq!(probability_of_improvement(&[(X.to_vec(), odd)], 10, 0), None);
            }
        }
    }

    /// Simulates 400 intervals of n normal values. The bounds are the documented coverage ± 3 standard errors of this
    /// simulation (0.015 each).
    #[test]
    fn the_intervals_contain_the_truth_as_often_as_documented() {
        let mut luck = stream(0, Purpose::Query, &[]);
        for (n, iqm, improvement) in COVERAGE {
            let mut held = (0, 0);
            for repeat in 0..400 {
                let mut values = || (0..n).map(|_| normal(&mut luck)).collect::<Vec<f64>>();
                let (x, y) = (values(), values());
                let holds = |e: Estimate, truth| usize::from((e.low.unwrap()..=e.high.unwrap()).contains(&truth));
                held.0 += holds(interquartile_mean(std::slice::from_ref(&x), 300, repeat).unwrap(), 0.0);
                held.1 += holds(probability_of_improvement(&[(x, y)], 300, repeat).unwrap(), 0.5);
            }
            near(Some(held.0 as f64 / 400.0), iqm, 0.045);
            near(Some(held.1 as f64 / 400.0), improvement, 0.045);
        }
    }

    /// The number of values in one stratum, and how often the intervals of the interquartile mean and of the
    /// probability of improvement contain the truth.
    const COVERAGE: [(usize, f64, f64); 3] = [(5, 0.890, 0.904), (10, 0.934, 0.940), (20, 0.933, 0.942)];

    proptest! {
        #[test]
        fn a_probability_and_its_complement_add_up_to_one(
            // Few different values make ties.
            x in prop::collection::vec(0u8..6, 1..12),
            y in prop::collection::vec(0u8..6, 1..12),
        ) {
            let [x, y] = [x, y].map(|values| values.into_iter().map(f64::from).collect::<Vec<_>>());
            let one = probability_of_improvement(&[(x.clone(), y.clone())], 20, 0).unwrap();
            let other = probability_of_improvement(&[(y, x.clone())], 20, 0).unwrap();
            prop_assert!((one.value + other.value - 1.0).abs() < 1e-12);
            prop_assert_eq!(one.low.is_some(), other.low.is_some());
            let iqm = interquartile_mean(std::slice::from_ref(&x), 20, 0).unwrap();
            let (least, greatest) = x.iter().fold((6.0f64, 0.0f64), |(l, g), v| (l.min(*v), g.max(*v)));
            for value in [Some(iqm.value), iqm.low, iqm.high].into_iter().flatten() {
                prop_assert!((least - 1e-12..=greatest + 1e-12).contains(&value));
            }
        }
    }
}
