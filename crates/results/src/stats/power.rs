//! The power of the paired t-test: which differences a number of seeds can detect.

use std::f64::consts::FRAC_1_SQRT_2;

use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::{erf::erfc, gamma::ln_gamma};

use super::LEAST_PAIRS;

/// The least level that is supported; below it the integral takes too long.
const LEAST_LEVEL: f64 = 1e-6;

/// The true mean difference, in the unit of `sd`, that the two-sided paired t-test at `level` detects with probability
/// `power`, from `n` pairs whose differences are normal with the standard deviation `sd`. For the strictest of m tests
/// under Holm's or Bonferroni's correction, `level` is 0.05 / m. A true difference of half that size is more likely
/// missed than found.
///
/// Returns `None` below [`LEAST_PAIRS`] pairs, if `sd` is not positive and finite, if `level` is not in [1e-6, 1), and
/// if `power` is not between `level` (the power at a difference of 0) and 1.
pub fn detectable(sd: f64, n: usize, level: f64, power: f64) -> Option<f64> {
    let is_possible = (LEAST_LEVEL..1.0).contains(&level) && power > level && power < 1.0;
    if !is_possible || n < LEAST_PAIRS || !(sd > 0.0 && sd.is_finite()) {
        return None;
    }
    let test = PowerOfT::new(n - 1, level)?;
    let mut above = 1.0;
    while test.at(above) < power {
        above *= 2.0;
        if above > 1e9 {
            // Rounding keeps a power this close to 1 out of reach.
            return None;
        }
    }
    let mut below = 0.0;
    // 48 bisections leave both ends equal but for the last few digits.
    for _ in 0..48 {
        let middle = (below + above) / 2.0;
        if test.at(middle) < power { below = middle } else { above = middle }
    }
    Some((below + above) / 2.0 * sd / (n as f64).sqrt()).filter(|difference| difference.is_finite())
}

/// The power of a two-sided t-test, as a function of the noncentrality.
struct PowerOfT {
    /// The test is significant if |t| exceeds this.
    critical: f64,
    /// (s, weight): s is a sample standard deviation in units of the true one, and the weight is its probability. The
    /// weights sum to 1.
    deviations: Vec<(f64, f64)>,
}

impl PowerOfT {
    fn new(degrees_of_freedom: usize, level: f64) -> Option<Self> {
        let nu = degrees_of_freedom as f64;
        let critical = StudentsT::new(0.0, 1.0, nu).ok()?.inverse_cdf(1.0 - level / 2.0);
        // s^2 nu is chi-square: s has a mean near 1 and a spread of 1 / sqrt(2 nu); beyond 12 spreads its probability
        // is negligible.
        let spread = (2.0 * nu).sqrt().recip();
        let (low, high) = ((1.0 - 12.0 * spread).max(0.0), 1.0 + 12.0 * spread);
        // The power falls from 1 to 0 over 1 / critical: at least 8 steps for that, and 80 for a spread.
        let steps = 2 * ((high - low) * (4.0 * critical).max(40.0 / spread)).ceil() as usize;
        let width = (high - low) / steps as f64;
        let log_scale = 2f64.ln() + nu / 2.0 * (nu / 2.0).ln() - ln_gamma(nu / 2.0);
        let density = |s: f64| (log_scale + (nu - 1.0) * s.ln() - nu * s * s / 2.0).exp();
        let simpson = |i: usize| if i == 0 || i == steps { 1.0 } else { 2.0 + 2.0 * (i % 2) as f64 };
        let deviation = |i: usize| {
            let s = low + width * i as f64;
            (s, density(s) * simpson(i) * width / 3.0)
        };
        Some(Self { critical, deviations: (0..=steps).map(deviation).collect() })
    }

    /// The probability of |t| > critical, where t is (z + noncentrality) / s for a standard normal z. Given s, it has a
    /// closed form.
    fn at(&self, noncentrality: f64) -> f64 {
        let beyond =
            |s: f64| normal_cdf(noncentrality - self.critical * s) + normal_cdf(-noncentrality - self.critical * s);
        self.deviations.iter().map(|&(s, weight)| weight * beyond(s)).sum()
    }
}

fn normal_cdf(z: f64) -> f64 {
    erfc(-z * FRAC_1_SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, stream};
    use crate::stats::{interval_95, normal};
    use proptest::prelude::{ProptestConfig, prop_assert, proptest};

    /// Pairs, level, power, and the expected difference, from `scipy.stats` 1.17.1 and `scipy.optimize.brentq`: the root
    /// in d of `nct.sf(t, n - 1, d) + nct.cdf(-t, n - 1, d) - power`, over sqrt(n), with
    /// t = `t.ppf(1 - level / 2, n - 1)`.
    const OF_SCIPY: [(usize, f64, f64, f64); 24] = [
        (3, 0.05, 0.8, 3.264043549699572),
        (4, 0.05, 0.8, 2.127949343257801),
        (5, 0.05, 0.8, 1.681996965955554),
        (10, 0.05, 0.8, 0.9960013714554448),
        (20, 0.05, 0.8, 0.6604416546230334),
        (100, 0.05, 0.8, 0.28291263278138656),
        (3, 0.05, 0.9, 3.9234485080857073),
        (4, 0.05, 0.9, 2.506895317523399),
        (5, 0.05, 0.9, 1.9658888236060108),
        (10, 0.05, 0.9, 1.1545649888852991),
        (20, 0.05, 0.9, 0.7644579021777316),
        (100, 0.05, 0.9, 0.3273431403832169),
        (3, 0.05 / 6.0, 0.8, 8.019398229317382),
        (4, 0.05 / 6.0, 0.8, 3.958060081842299),
        (5, 0.05 / 6.0, 0.8, 2.7592626370242086),
        (10, 0.05 / 6.0, 0.8, 1.3714409758200417),
        (20, 0.05 / 6.0, 0.8, 0.8578076027216075),
        (100, 0.05 / 6.0, 0.8, 0.3542342272302088),
        (3, 0.05 / 6.0, 0.9, 9.599616819389418),
        (4, 0.05 / 6.0, 0.9, 4.612674531678431),
        (5, 0.05 / 6.0, 0.9, 3.1740687111232115),
        (10, 0.05 / 6.0, 0.9, 1.5516701466966962),
        (20, 0.05 / 6.0, 0.9, 0.9671929356804704),
        (100, 0.05 / 6.0, 0.9, 0.399030773068886),
    ];

    #[test]
    fn the_difference_agrees_with_scipy() {
        for (n, level, power, expected) in OF_SCIPY {
            let got = detectable(1.0, n, level, power).unwrap();
            assert!((got / expected - 1.0).abs() < 1e-8, "{n} {level} {power}: {got} is not {expected}");
        }
    }

    /// With four pairs, 80 % of 4,000 simulated comparisons must be significant, ± 3 standard errors.
    #[test]
    fn the_difference_is_detected_as_often_as_the_power_says() {
        let mut luck = stream(0, Purpose::Query, &[]);
        let difference = detectable(0.02, 4, 0.05, 0.8).unwrap();
        let mut found = 0;
        for _ in 0..4000 {
            let values: Vec<f64> = (0..4).map(|_| difference + 0.02 * normal(&mut luck)).collect();
            let (low, high) = interval_95(&values).unwrap();
            found += usize::from(low > 0.0 || high < 0.0);
        }
        assert!((found as f64 / 4000.0 - 0.8).abs() < 0.019, "{found} of 4000");
    }

    #[test]
    fn impossible_arguments_have_no_answer() {
        for (sd, n, level, power) in [
            (1.0, 2, 0.05, 0.8),
            (1.0, 0, 0.05, 0.8),
            (0.0, 5, 0.05, 0.8),
            (-1.0, 5, 0.05, 0.8),
            (f64::NAN, 5, 0.05, 0.8),
            (f64::INFINITY, 5, 0.05, 0.8),
            (f64::MAX, 3, 0.05, 0.8),
            (1.0, 5, 0.0, 0.8),
            (1.0, 5, 1e-9, 0.8),
            (1.0, 5, f64::NAN, 0.8),
            (1.0, 5, 1.0, 0.8),
            (1.0, 5, 0.05, 0.05),
            (1.0, 5, 0.05, 1.0),
            (1.0, 5, 0.05, f64::NAN),
        ] {
            assert_eq!(detectable(sd, n, level, power), None, "{sd} {n} {level} {power}");
        }
    }

    /// With 10,000 pairs t is normal, and the difference is (1.96 + 0.8416) / 100. With three pairs s^2 is exponential,
    /// which gives a closed form: a critical t^2 of 2 q^2 / (1 - q^2), q = 1 - level, and the power
    /// 1 - exp(-d^2 / (t^2 + 2)) / sqrt(1 + 2 / t^2).
    #[test]
    fn many_pairs_and_three_pairs_agree_with_closed_forms() {
        let many = detectable(1.0, 10_000, 0.05, 0.8).unwrap();
        assert!((many - 0.028016).abs() < 1e-5, "{many}");
        for level in [1e-6, 1e-3, 0.05, 0.5] {
            let t2 = 2.0 * (1.0f64 - level).powi(2) / (level * (2.0 - level));
            let expected = ((t2 + 2.0) * (10f64.ln() - (1.0 + 2.0 / t2).ln() / 2.0) / 3.0).sqrt();
            let got = detectable(1.0, 3, level, 0.9).unwrap();
            assert!((got / expected - 1.0).abs() < 1e-8, "{level}: {got} is not {expected}");
        }
    }

    proptest! {
        // Few cases: each calls `detectable` seven times, and each call evaluates an integral some fifty times.
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn more_pairs_detect_smaller_differences_and_more_power_needs_larger_ones(n in 3usize..30, level in 0.001f64..0.1, power in 0.2f64..0.95) {
            let difference = |n, level, power| detectable(1.0, n, level, power).unwrap();
            prop_assert!(difference(n + 1, level, power) < difference(n, level, power));
            prop_assert!(difference(n, level / 2.0, power) > difference(n, level, power));
            prop_assert!(difference(n, level, power + 0.02) > difference(n, level, power));
            prop_assert!((detectable(0.3, n, level, power).unwrap() / difference(n, level, power) - 0.3).abs() < 1e-12);
        }
    }
}
