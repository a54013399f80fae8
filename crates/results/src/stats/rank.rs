//! Rank correlation, and how sure one can be of it.

use rayon::prelude::*;

use super::bootstrap::{draw, quantile};
use crate::seed::{Purpose, stream};

/// The rank of each value, 1 for the least; values that are equal share the mean of their ranks. None if one is not a
/// number.
pub fn average_ranks(values: &[f64]) -> Option<Vec<f64>> {
    let levels = Levels::of(values)?;
    let mut ranks = vec![0; levels.count];
    levels.of.iter().for_each(|&level| ranks[level] += 1);
    centre(&mut ranks, values.len());
    let middle = (values.len() + 1) as f64;
    Some(levels.of.iter().map(|&level| (ranks[level] as f64 + middle) / 2.0).collect())
}

/// Spearman's rho of pairs: Pearson's correlation of their average ranks, from -1 to 1. None where it is not defined:
/// below two pairs, where all values of one kind are equal, for a value that is not a number, and for slices of
/// different lengths.
pub fn spearman(x: &[f64], y: &[f64]) -> Option<f64> {
    Pairs::of(x, y)?.rho(0..x.len(), &mut Scratch::default())
}

/// The 95 % percentile interval of Spearman's rho over pairs (Efron and Tibshirani, "An Introduction to the Bootstrap",
/// 1993, chapter 13): the pairs are drawn with replacement `resamples` times, as many as there are, and ranked anew
/// each time; the ends are the 0.025 and 0.975 quantiles of the rhos. Resamples that have none (all values of one kind are
/// equal) are left out.
///
/// The same `seed` draws the same pairs for any values, so that intervals of two kinds of values are of the same
/// resamples. None where [`spearman`] has none, and without resamples.
///
/// Time goes with n x `resamples`: the order is known, so a resample is ranked by counting.
pub fn bootstrap_95(x: &[f64], y: &[f64], resamples: usize, seed: u64) -> Option<(f64, f64)> {
    let pairs = Pairs::of(x, y)?;
    let one = |scratch: &mut Scratch, resample: usize| {
        let mut chosen = std::mem::take(&mut scratch.chosen);
        draw(x.len(), &mut stream(seed, Purpose::Bootstrap, &[resample as u64]), &mut chosen);
        let rho = pairs.rho(chosen.iter().copied(), scratch);
        scratch.chosen = chosen;
        rho
    };
    // In order, whichever thread has which.
    let rhos: Vec<Option<f64>> = (0..resamples).into_par_iter().map_init(Scratch::default, one).collect();
    let mut rhos: Vec<f64> = rhos.into_iter().flatten().collect();
    rhos.sort_by(f64::total_cmp);
    Some((quantile(&rhos, 0.025)?, quantile(&rhos, 0.975)?))
}

/// Which of the different values each value is, counted from 0 for the least.
struct Levels {
    of: Vec<usize>,
    /// Different values.
    count: usize,
}

impl Levels {
    /// None if a value is not a number.
    fn of(values: &[f64]) -> Option<Self> {
        if values.iter().any(|v| v.is_nan()) {
            return None;
        }
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_unstable_by(|&a, &b| values[a].total_cmp(&values[b]));
        let mut of = vec![0; values.len()];
        let mut level = 0;
        for pair in order.windows(2) {
            level += usize::from(values[pair[0]] != values[pair[1]]);
            of[pair[1]] = level;
        }
        Some(Self { of, count: if values.is_empty() { 0 } else { level + 1 } })
    }
}

/// Pairs of values whose order is known.
struct Pairs {
    x: Levels,
    y: Levels,
}

/// What a resample is worked out in, kept from one to the next.
#[derive(Default)]
struct Scratch {
    chosen: Vec<usize>,
    /// By level: how often it was chosen, and then its centred rank.
    x: Vec<i64>,
    y: Vec<i64>,
}

impl Pairs {
    /// None for slices of different lengths, and if a value is not a number.
    fn of(x: &[f64], y: &[f64]) -> Option<Self> {
        (x.len() == y.len()).then_some(())?;
        Some(Self { x: Levels::of(x)?, y: Levels::of(y)? })
    }

    /// Spearman's rho of the pairs at `chosen`, where a pair may come again; None below two, or without spread.
    fn rho(&self, chosen: impl ExactSizeIterator<Item = usize> + Clone, scratch: &mut Scratch) -> Option<f64> {
        for (ranks, levels) in [(&mut scratch.x, &self.x), (&mut scratch.y, &self.y)] {
            ranks.clear();
            ranks.resize(levels.count, 0);
            chosen.clone().for_each(|i| ranks[levels.of[i]] += 1);
            centre(ranks, chosen.len());
        }
        let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
        for i in chosen {
            // Whole numbers: the sums are exact up to 300,000 pairs, and their order matters little beyond.
            let (x, y) = (scratch.x[self.x.of[i]] as f64, scratch.y[self.y.of[i]] as f64);
            xy += x * y;
            xx += x * x;
            yy += y * y;
        }
        (xx > 0.0 && yy > 0.0).then(|| (xy / (xx * yy).sqrt()).clamp(-1.0, 1.0))
    }
}

/// From how often each level comes among `n` values to twice its average rank less `n + 1`: a whole number, and 0 in
/// the mean over the values.
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

    /// A rank is the number of lesser values, and half of the equal ones: no sorting.
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

    /// Without ties rho is 1 - 6 sum d^2 / (n (n^2 - 1)): ranks 1, 2, 3, 4 beside 2, 1, 4, 3 have d^2 = 1 four times,
    /// so 1 - 24 / 60. With ties, 1, 2.5, 2.5, 4 beside 1, 2, 3, 4: sums 4.5 and 4.5, 5, so 4.5 / sqrt(22.5).
    #[test]
    fn small_examples_by_hand() {
        near(spearman(&[1.0, 5.0, 6.0, 9.0], &[0.2, 0.1, 0.4, 0.3]), 0.6);
        near(spearman(&[1.0, 2.0, 2.0, 3.0], &[10.0, 20.0, 30.0, 1e9]), 4.5 / 22.5f64.sqrt());
        assert_eq!(spearman(&[1.0, 2.0, 4.0], &[3.0, 30.0, 31.0]), Some(1.0));
        assert_eq!(spearman(&[1.0, 2.0], &[3.0, -3.0]), Some(-1.0));
    }

    #[test]
    fn where_there_is_no_rho() {
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

    /// Numbers with ties in both, from `scipy.stats` 1.17.1 (`rankdata`, `spearmanr`).
    #[test]
    fn as_scipy_has_it() {
        let x = [2.5, 0.1, 0.1, 3.75, 1.0, 1.0, 1.0, 7.25, 0.0, 5.5];
        let y = [1.5, 0.2, 0.4, 0.4, 2.0, 0.9, 2.0, 3.0, 0.1, 0.4];
        assert_eq!(average_ranks(&x).unwrap(), [7.0, 2.5, 2.5, 8.0, 5.0, 5.0, 5.0, 10.0, 1.0, 9.0]);
        assert_eq!(average_ranks(&y).unwrap(), [7.0, 2.0, 4.0, 4.0, 8.5, 6.0, 8.5, 10.0, 1.0, 4.0]);
        near(spearman(&x, &y), 0.56875);
        let of = |f: &dyn Fn(u32) -> u32| (0..60).map(|i| f64::from(f(i))).collect::<Vec<_>>();
        near(spearman(&of(&|i| i * 37 % 101), &of(&|i| i * i * 13 % 17)), -0.09110670287413279);
    }

    /// `scipy.stats.bootstrap(..., paired=True, method='percentile')` has [0.7781, 0.9103] with 20,000 resamples, and
    /// rho 0.8631690155029725. Other draws, so near it alone: the error of an end is about 0.002.
    #[test]
    fn the_interval_is_near_that_of_scipy() {
        let x: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 101)).collect();
        let y: Vec<f64> = (0..60).zip(&x).map(|(i, x)| x + f64::from(i * i * 13 % 67)).collect();
        near(spearman(&x, &y), 0.8631690155029725);
        let (low, high) = bootstrap_95(&x, &y, 4000, 0).unwrap();
        assert!((low - 0.7781).abs() < 0.01 && (high - 0.9103).abs() < 0.01, "{low} {high}");
        // A seed names the draws, however many threads there are.
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(alone.install(|| bootstrap_95(&x, &y, 4000, 0)), Some((low, high)));
        assert_ne!(bootstrap_95(&x, &y, 4000, 1), Some((low, high)));
    }

    /// Of two normal variables with correlation r, Spearman's rho is 6 / pi arcsin(r / 2) (Pearson, 1907). Of 100
    /// intervals that hold it with a probability of 0.95, fewer than 85 or all 100 do so once in a hundred times; the
    /// seed is fixed, and intervals of half the width hold it in some 67.
    #[test]
    fn the_interval_holds_the_truth_as_often_as_it_says() {
        let correlation = 0.6f64;
        let truth = 6.0 / std::f64::consts::PI * (correlation / 2.0).asin();
        let mut stream = stream(0, Purpose::Query, &[]);
        let mut held = 0;
        for repeat in 0..100 {
            let (mut x, mut y) = (Vec::new(), Vec::new());
            for _ in 0..100 {
                // Box and Muller: two independent normal numbers.
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
        fn counting_gives_what_ranking_anew_gives(
            // Few different values: many ties.
            pairs in prop::collection::vec((0u8..12, 0u8..40), 1..40),
            seed in 0u64..1000,
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().map(|&(x, y)| (f64::from(x) / 3.0, f64::from(y))).unzip();
            prop_assert_eq!(average_ranks(&x).unwrap(), plain_ranks(&x));
            let levels = Pairs::of(&x, &y).unwrap();
            let (mut scratch, mut chosen) = (Scratch::default(), Vec::new());
            for resample in 0..4 {
                draw(x.len(), &mut stream(seed, Purpose::Bootstrap, &[resample]), &mut chosen);
                let of = |values: &[f64]| plain_ranks(&chosen.iter().map(|&i| values[i]).collect::<Vec<_>>());
                let (counted, plain) = (levels.rho(chosen.iter().copied(), &mut scratch), pearson(&of(&x), &of(&y)));
                prop_assert_eq!(counted.is_some(), plain.is_some());
                prop_assert!((counted.unwrap_or(0.0) - plain.unwrap_or(0.0)).abs() < 1e-12);
            }
        }
    }
}
