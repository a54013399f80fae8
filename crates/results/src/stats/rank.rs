//! Rank correlation, with a bootstrap interval.

use rayon::prelude::*;

use super::bootstrap::{draw, quantile};
use crate::seed::{Purpose, stream};

/// The rank of each value, from 1 for the least; equal values share the mean of their ranks. Returns `None` if a value
/// is NaN.
pub fn average_ranks(values: &[f64]) -> Option<Vec<f64>> {
    let levels = Levels::of(values)?;
    let mut ranks = vec![0; levels.count];
    levels.by_value.iter().for_each(|&level| ranks[level] += 1);
    centre(&mut ranks, values.len());
    let middle = (values.len() + 1) as f64;
    Some(levels.by_value.iter().map(|&level| (ranks[level] as f64 + middle) / 2.0).collect())
}

/// Spearman's rho: Pearson's correlation of the average ranks of `x` and `y`, from -1 to 1. Returns `None` where it is
/// not defined: below two pairs, if all `x` or all `y` are equal, if a value is NaN, and for slices of different
/// lengths.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    Pairs::of(x, y)?.rho(0..x.len(), &mut Scratch::default())
}

/// The 95 % percentile interval of Spearman's rho over pairs (Efron and Tibshirani, "An Introduction to the Bootstrap",
/// 1993, chapter 13). Each of `resamples` resamples draws as many pairs as there are, with replacement, and ranks them
/// anew; the ends are the 0.025 and 0.975 quantiles of their rhos. Resamples without a rho (all `x` or all `y` are
/// equal) are left out.
///
/// The same `seed` draws the same pairs whatever the values are, so two intervals can be of the same resamples. Returns
/// `None` if [`spearman`] does, and without resamples.
///
/// Time is proportional to n x `resamples`: the values are sorted once, and each resample is ranked by counting.
pub fn bootstrap_95(x: &[f64], y: &[f64], resamples: usize, seed: u64) -> Option<(f64, f64)> {
    let pairs = Pairs::of(x, y)?;
    let rho_of_resample = |scratch: &mut Scratch, resample: usize| {
        let mut chosen = std::mem::take(&mut scratch.chosen);
        draw(x.len(), &mut stream(seed, Purpose::Bootstrap, &[resample as u64]), &mut chosen);
        let rho = pairs.rho(chosen.iter().copied(), scratch);
        scratch.chosen = chosen;
        rho
    };
    // The order does not depend on the threads.
    let rhos: Vec<Option<f64>> = (0..resamples).into_par_iter().map_init(Scratch::default, rho_of_resample).collect();
    let mut rhos: Vec<f64> = rhos.into_iter().flatten().collect();
    rhos.sort_by(f64::total_cmp);
    Some((quantile(&rhos, 0.025)?, quantile(&rhos, 0.975)?))
}

/// The distinct values, numbered from 0 for the least.
struct Levels {
    /// The level of each value, in the order of the values.
    by_value: Vec<usize>,
    /// The number of distinct values.
    count: usize,
}

impl Levels {
    /// Returns `None` if a value is NaN.
    fn of(values: &[f64]) -> Option<Self> {
        if values.iter().any(|v| v.is_nan()) {
            return None;
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut by_value = vec![0; values.len()];
        let mut level = 0;
        for pair in order.windows(2) {
            level += usize::from(values[pair[0]] != values[pair[1]]);
            by_value[pair[1]] = level;
        }
        Some(Self { by_value, count: if values.is_empty() { 0 } else { level + 1 } })
    }
}

/// Pairs of values, sorted once.
struct Pairs {
    x: Levels,
    y: Levels,
}

/// Memory that resamples reuse.
#[derive(Default)]
struct Scratch {
    chosen: Vec<usize>,
    /// By level of `x`: first how often it was chosen, then its centred rank.
    x: Vec<i64>,
    /// The same by level of `y`.
    y: Vec<i64>,
}

impl Pairs {
    /// Returns `None` for slices of different lengths, and if a value is NaN.
    fn of(x: &[f64], y: &[f64]) -> Option<Self> {
        (x.len() == y.len()).then_some(())?;
        Some(Self { x: Levels::of(x)?, y: Levels::of(y)? })
    }

    /// Spearman's rho of the pairs numbered `chosen`, with repetitions; `None` below two pairs, or without spread.
    fn rho(&self, chosen: impl ExactSizeIterator<Item = usize> + Clone, scratch: &mut Scratch) -> Option<f64> {
        for (ranks, levels) in [(&mut scratch.x, &self.x), (&mut scratch.y, &self.y)] {
            ranks.clear();
            ranks.resize(levels.count, 0);
            chosen.clone().for_each(|i| ranks[levels.by_value[i]] += 1);
            centre(ranks, chosen.len());
        }
        let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
        for i in chosen {
            // Whole numbers: the sums are exact up to 300,000 pairs; beyond, their order matters little.
            let (x, y) = (scratch.x[self.x.by_value[i]] as f64, scratch.y[self.y.by_value[i]] as f64);
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
        (xx > 0.0 && yy > 0.0).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
    }
}

/// Replaces each level's count among `n` values with twice its average rank less `n + 1`: a whole number whose mean
/// over the values is 0.
fn centre(counts: &mut [i64], n: usize) {
    let mut below = 0;
    for count in counts {
        let here = *count;
        *count = 2 * below + here - n as i64;
        below += here;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};
    use rand::Rng;

    /// Pearson's correlation, by its definition.
    fn pearson(x: &[f64], y: &[f64]) -> Option<f64> {
        let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
        let (mx, my) = (mean(x), mean(y));
        let sum = |f: &dyn Fn(f64, f64) -> f64| x.iter().zip(y).map(|(a, b)| f(a - mx, b - my)).sum::<f64>();
        let (xx, yy) = (sum(&|a, _| a * a), sum(&|_, b| b * b));
        (xx > 0.0 && yy > 0.0).then(|| sum(&|a, b| a * b) / (xx * yy).sqrt())
    }

    /// Ranks without sorting: the number of lesser values plus half of (1 + the number of equal ones).
    fn plain_ranks(values: &[f64]) -> Vec<f64> {
        let count = |test: &dyn Fn(f64) -> bool| values.iter().filter(|v| test(**v)).count() as f64;
        values.iter().map(|&v| count(&|w| w < v) + (count(&|w| w == v) + 1.0) / 2.0).collect()
    }

    fn near(got: Option<f64>, expected: f64) {
        let got = got.expect("a value");
        assert!((got - expected).abs() < 1e-12, "{got} is not {expected}");
    }

    /// 10 < 20 = 20 < 30: ranks 1, 2.5, 2.5, 4.
    #[test]
    fn equal_values_share_the_mean_of_their_ranks() {
        assert_eq!(average_ranks(&[30.0, 20.0, 10.0, 20.0]).unwrap(), [4.0, 2.5, 1.0, 2.5]);
        assert_eq!(average_ranks(&[0.0, -0.0, 1.0]).unwrap(), [1.5, 1.5, 3.0]);
        assert_eq!(average_ranks(&[7.0; 3]).unwrap(), [2.0; 3]);
        assert_eq!(average_ranks(&[]).unwrap(), [0.0; 0]);
        assert_eq!(average_ranks(&[1.0, f64::NAN]), None);
    }

    /// Without ties rho is 1 - 6 sum d^2 / (n (n^2 - 1)): the ranks 1, 2, 3, 4 and 2, 1, 4, 3 have d^2 = 1 four times,
    /// so 1 - 24 / 60. With ties, 1, 2.5, 2.5, 4 and 1, 2, 3, 4: the products sum to 4.5, the squares to 4.5 and 5, so
    /// 4.5 / sqrt(22.5).
    #[test]
    fn small_examples_agree_with_rho_computed_by_hand() {
        near(spearman(&[1.0, 5.0, 6.0, 9.0], &[0.2, 0.1, 0.4, 0.3]), 0.6);
        near(spearman(&[1.0, 2.0, 2.0, 3.0], &[10.0, 20.0, 30.0, 1e9]), 4.5 / 22.5f64.sqrt());
        assert_eq!(spearman(&[1.0, 2.0, 4.0], &[3.0, 30.0, 31.0]), Some(1.0));
        assert_eq!(spearman(&[1.0, 2.0], &[3.0, -3.0]), Some(-1.0));
    }

    #[test]
    fn fewer_than_two_pairs_or_no_spread_have_no_rho() {
        for (x, y) in [
            (&[] as &[f64], &[] as &[f64]),
            (&[1.0], &[1.0]),
            (&[1.0, 1.0], &[1.0, 2.0]),
            (&[1.0, 2.0], &[1.0]),
            (&[1.0, f64::NAN], &[1.0, 2.0]),
        ] {
            assert_eq!(spearman(x, y), None, "{x:?} {y:?}");
            assert_eq!(bootstrap_95(x, y, 10, 0), None, "{x:?} {y:?}");
        }
        assert_eq!(bootstrap_95(&[1.0, 2.0], &[1.0, 2.0], 0, 0), None);
    }

    /// Values with ties in both; expected results from `scipy.stats` 1.17.1 (`rankdata`, `spearmanr`).
    #[test]
    fn ranks_and_rho_agree_with_scipy() {
        let x = [2.5, 0.1, 0.1, 3.75, 1.0, 1.0, 1.0, 7.25, 0.0, 5.5];
        let y = [1.5, 0.2, 0.4, 0.4, 2.0, 0.9, 2.0, 3.0, 0.1, 0.4];
        assert_eq!(average_ranks(&x).unwrap(), [7.0, 2.5, 2.5, 8.0, 5.0, 5.0, 5.0, 10.0, 1.0, 9.0]);
        assert_eq!(average_ranks(&y).unwrap(), [7.0, 2.0, 4.0, 4.0, 8.5, 6.0, 8.5, 10.0, 1.0, 4.0]);
        near(spearman(&x, &y), 0.56875);
        let x: Vec<f64> = (0..60u32).map(|i| f64::from(i * 37 % 101)).collect();
        let y: Vec<f64> = (0..60u32).map(|i| f64::from(i * i * 13 % 17)).collect();
        near(spearman(&x, &y), -0.09110670287413279);
    }

    /// Expected: [0.7781, 0.9103] from `scipy.stats.bootstrap(..., paired=True, method='percentile')` with 20,000
    /// resamples, and rho 0.8631690155029725. Its draws differ, so the ends agree approximately: their error is about
    /// 0.002.
    #[test]
    fn the_interval_is_near_that_of_scipy() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 101)).collect();
        let y: Vec<f64> = (0..60).zip(&x).map(|(i, x)| x + f64::from(i * i * 13 % 67)).collect();
        near(spearman(&x, &y), 0.8631690155029725);
        let (low, high) = bootstrap_95(&x, &y, 4000, 0).unwrap();
        assert!((low - 0.7781).abs() < 0.01 && (high - 0.9103).abs() < 0.01, "{low} {high}");
        // The draws depend on the seed, not on the number of threads.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(alone.install(|| bootstrap_95(&x, &y, 4000, 0)), Some((low, high)));
        assert_ne!(bootstrap_95(&x, &y, 4000, 1), Some((low, high)));
    }

    /// Spearman's rho of two normal variables with correlation r is 6 / pi arcsin(r / 2) (Pearson, 1907). If each of
    /// 100 intervals contains it with a probability of 0.95, fewer than 85 or all 100 do so once in a hundred times.
    /// The seed is fixed; intervals of half the width would contain it in about 67.
    #[test]
    fn the_interval_contains_the_truth_as_often_as_it_says() {
        let correlation = 0.6f64;
        let truth = 6.0 / std::f64::consts::PI * (correlation / 2.0).asin();
        let mut stream = stream(0, Purpose::Query, &[]);
        let mut held = 0;
        for repeat in 0..100 {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            for _ in 0..100 {
                // Box and Muller (1958): two independent normal numbers.
                let radius = (-2.0 * (1.0 - stream.random::<f64>()).ln()).sqrt();
                let (sin, cos) = (std::f64::consts::TAU * stream.random::<f64>()).sin_cos();
                x.push(radius * cos);
                y.push(correlation * radius * cos + (1.0 - correlation.powi(2)).sqrt() * radius * sin);
            }
            let (low, high) = bootstrap_95(&x, &y, 400, repeat).unwrap();
            held += usize::from((low..=high).contains(&truth));
        }
        assert!((85..100).contains(&held), "{held} of 100");
    }

    proptest! {
        #[test]
        fn ranking_by_counting_agrees_with_ranking_anew(
            // Few different values make many ties.
            pairs in prop::collection::vec((0u8..12, 0u8..40), 1..40),
            seed in 0u64..1000,
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(x, y)| (f64::from(x) / 3.0, f64::from(y))).unzip();
            prop_assert_eq!(average_ranks(&x).unwrap(), plain_ranks(&x));
            let levels = Pairs::of(&x, &y).unwrap();
            let (mut scratch, mut chosen) = (Scratch::default(), Vec::new());
            for resample in 0..4 {
                draw(x.len(), &mut stream(seed, Purpose::Bootstrap, &[resample]), &mut chosen);
                let [x, y] = [&x, &y].map(|values| plain_ranks(&chosen.iter().map(|&i| values[i]).collect::<Vec<_>>()));
                let (counted, plain) = (levels.rho(chosen.iter().copied(), &mut scratch), pearson(&x, &y));
                prop_assert_eq!(counted.is_some(), plain.is_some());
                prop_assert!((counted.unwrap_or(0.0) - plain.unwrap_or(0.0)).abs() < 1e-12);
            }
        }
    }
}
