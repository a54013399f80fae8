//! Statistics over seeds, labels and images. Pure functions: no files, and no randomness but from a seed that is an
//! argument.
//!
//! Values keep their unit: where accuracies go from 0 to 1, so do their means, intervals and differences. A function
//! returns `None` where its value is not defined, and documents when.

mod area;
mod bootstrap;
mod efficiency;
mod paired;
mod penalty;
mod power;
mod rank;
pub mod rotation;
mod welch;

pub use area::area;
pub use bootstrap::{Estimate, LEAST_TRIALS, interquartile_mean, probability_of_improvement, quantile};
pub use efficiency::{LabelsToReach, Reach, labels_to_reach};
pub use paired::{LEAST_PAIRS, Paired, holm, paired};
pub use penalty::{Penalties, penalties};
pub use power::detectable;
pub use rank::{average_ranks, bootstrap_95, spearman};
pub use welch::{Welch, WelchTest, welch};

use std::collections::BTreeMap;

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Summarises a value that was measured once per seed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The number of seeds.
    pub n: usize,
    /// The mean over seeds. This and the next three fields have the unit of the values.
    pub mean: f64,
    /// Sample standard deviation (divisor n - 1); `None` for one seed.
    pub sd: Option<f64>,
    /// Lower end of the 95 % interval of the mean; `None` for one seed.
    pub low: Option<f64>,
    /// Upper end of that interval.
    pub high: Option<f64>,
}

impl Summary {
    /// Summarises one value per seed; returns `None` without values.
    pub fn of(values: &[f64]) -> Option<Self> {
        let interval = interval_95(values);
        Some(Self {
            n: values.len(),
            mean: mean(values)?,
            sd: sample_sd(values),
            low: interval.map(|i| i.0),
            high: interval.map(|i| i.1),
        })
    }

    /// Summarises the differences `a - b`, one for each seed that both have; returns `None` if they share no seed. What
    /// the values of a seed have in common cancels, so the interval is often far narrower than those of `a` and `b`.
    pub fn of_differences(a: &BTreeMap<u64, f64>, b: &BTreeMap<u64, f64>) -> Option<Self> {
        let differences: Vec<f64> = a.iter().filter_map(|(seed, a)| b.get(seed).map(|b| a - b)).collect();
        Self::of(&differences)
    }

    /// Half the width of the 95 % interval; `None` for one seed.
    pub fn half_width(&self) -> Option<f64> {
        Some((self.high? - self.low?) / 2.0)
    }
}

/// The arithmetic mean; `None` without values.
pub fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The sample standard deviation (divisor n - 1); `None` below two values.
pub fn sample_sd(values: &[f64]) -> Option<f64> {
    if values.len() < 2 {
        return None;
    }
    let mean = mean(values)?;
    // Two passes: in a single pass, values near 1 that differ in the fourth digit would lose most digits to
    // cancellation.
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    Some((squares / (values.len() - 1) as f64).sqrt())
}

/// The two-sided 95 % interval of the mean, `mean ± t(0.975, n - 1) sd / sqrt(n)` with Student's t. It is exact for any
/// n if the values of the seeds are normally distributed. Returns `None` below two values.
pub fn interval_95(values: &[f64]) -> Option<(f64, f64)> {
    let (mean, sd) = (mean(values)?, sample_sd(values)?);
    let n = values.len() as f64;
    let half = t_quantile_975(values.len() - 1)? * sd / n.sqrt();
    Some((mean - half, mean + half))
}

/// The 0.975 quantile of Student's t; `None` at 0 degrees of freedom.
fn t_quantile_975(degrees_of_freedom: usize) -> Option<f64> {
    Some(StudentsT::new(0.0, 1.0, degrees_of_freedom as f64).ok()?.inverse_cdf(0.975))
}

/// Draws a standard normal number (Box and Muller, 1958), for simulations.
#[cfg(test)]
fn normal(stream: &mut crate::seed::Stream) -> f64 {
    use rand::Rng;
    let radius = (-2.0 * (1.0 - stream.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * stream.random::<f64>()).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(got: Option<f64>, expected: f64) {
        let got = got.expect("a value");
        assert!((got - expected).abs() <= 1e-10 * expected.abs().max(1.0), "{got} is not {expected}");
    }

    /// The values of printed tables, to all digits, from SciPy.
    #[test]
    fn the_quantiles_are_those_of_the_t_tables() {
        near(t_quantile_975(1), 12.706204736432095);
        near(t_quantile_975(2), 4.302652729911275);
        near(t_quantile_975(4), 2.7764451051977987);
        near(t_quantile_975(9), 2.2621571627409915);
        near(t_quantile_975(99), 1.9842169515086827);
        assert_eq!(t_quantile_975(0), None);
    }

    /// 1, 2, 3: sd 1, half width 4.302652729911275 / sqrt(3).
    #[test]
    fn three_seeds_give_the_values_computed_by_hand() {
        let s = Summary::of(&[1.0, 2.0, 3.0]).unwrap();
        assert_eq!((s.n, s.mean, s.sd), (3, 2.0, Some(1.0)));
        near(s.half_width(), 2.484137711843754);
        near(s.low, 2.0 - 2.484137711843754);
        near(s.high, 2.0 + 2.484137711843754);
    }

    /// 2, 4, 4, 4, 6: sd sqrt(2), half width 2.7764451051977987 * sqrt(2 / 5).
    #[test]
    fn five_seeds_give_the_values_computed_by_hand() {
        let s = Summary::of(&[2.0, 4.0, 4.0, 4.0, 6.0]).unwrap();
        assert_eq!((s.n, s.mean), (5, 4.0));
        near(s.sd, std::f64::consts::SQRT_2);
        near(s.half_width(), 1.755978066170169);
    }

    #[test]
    fn one_seed_has_no_interval_and_no_seed_has_no_summary() {
        assert_eq!(Summary::of(&[0.5]), Some(Summary { n: 1, mean: 0.5, sd: None, low: None, high: None }));
        assert_eq!(Summary::of(&[]), None);
    }

    /// Seeds 1, 2 and 4 are shared: differences 1, 2, 3, although the values themselves are far apart.
    #[test]
    fn differences_use_only_the_seeds_that_both_have() {
        let a = BTreeMap::from([(0, 7.0), (1, 11.0), (2, 102.0), (4, 1003.0)]);
        let b = BTreeMap::from([(1, 10.0), (2, 100.0), (3, 5.0), (4, 1000.0)]);
        let s = Summary::of_differences(&a, &b).unwrap();
        assert_eq!((s.n, s.mean, s.sd), (3, 2.0, Some(1.0)));
        near(s.half_width(), 2.484137711843754);
        assert_eq!(Summary::of_differences(&b, &a).unwrap().mean, -2.0);
        assert_eq!(Summary::of_differences(&a, &BTreeMap::from([(9, 1.0)])), None);
    }

    #[test]
    fn equal_values_have_an_interval_of_zero_width() {
        let s = Summary::of(&[0.25; 4]).unwrap();
        assert_eq!((s.sd, s.low, s.high), (Some(0.0), Some(0.25), Some(0.25)));
    }
}
