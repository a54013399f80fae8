//! Two groups of independent trials.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::paired::two_sided;
use super::{LEAST_PAIRS, mean, sample_sd};

/// The difference of the means of two groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// Values of each group.
    pub n: (usize, usize),
    /// The first group's mean less the second's.
    pub mean: f64,
    /// Ends of its 95 % interval, Welch's t statistic, and its two-sided p value; none where a group has fewer than three
    /// values or neither group varies.
    pub test: Option<WelchTest>,
}

/// What is known of the difference where both groups are large enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WelchTest {
    pub low: f64,
    pub high: f64,
    pub t: f64,
    pub p: f64,
}

/// Welch's unequal variances t-test (Welch, Biometrika 1947; degrees of freedom as Satterthwaite has them). None for a
/// group without values or with one that is not finite.
pub fn welch(a: &[f64], b: &[f64]) -> Option<Welch> {
    if a.iter().chain(b).any(|v| !v.is_finite()) {
        return None;
    }
    let difference = mean(a)? - mean(b)?;
    Some(Welch { n: (a.len(), b.len()), mean: difference, test: test(a, b, difference) })
}

fn test(a: &[f64], b: &[f64], difference: f64) -> Option<WelchTest> {
    if a.len().min(b.len()) < LEAST_PAIRS {
        return None;
    }
    let part = |values: &[f64]| Some(sample_sd(values)?.powi(2) / values.len() as f64);
    let (of_a, of_b) = (part(a)?, part(b)?);
    let error = (of_a + of_b).sqrt();
    if error == 0.0 {
        return None;
    }
    let freedom = |part: f64, n: usize| part.powi(2) / (n - 1) as f64;
    let df = (of_a + of_b).powi(2) / (freedom(of_a, a.len()) + freedom(of_b, b.len()));
    let student = StudentsT::new(0.0, 1.0, df).ok()?;
    let t = difference / error;
    let half = student.inverse_cdf(0.975) * error;
    Some(WelchTest { low: difference - half, high: difference + half, t, p: two_sided(t, df)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By `scipy.stats.ttest_ind(a, b, equal_var=False)` and its `confidence_interval`, SciPy 1.17.1.
    #[test]
    fn as_scipy_has_it() {
        let (a, b) = ([0.612, 0.598, 0.631, 0.607], [0.641, 0.622, 0.668, 0.655, 0.629]);
        let found = welch(&a, &b).unwrap();
        let test = found.test.unwrap();
        assert_eq!(found.n, (4, 5));
        for (got, expected) in [
            (found.mean, -0.031),
            (test.t, -2.8417653407874552),
            (test.p, 0.025028937129594888),
            (test.low, -0.05680443207266469),
            (test.high, -0.005195567927335366),
        ] {
            assert!((got - expected).abs() < 1e-9, "{got} is not {expected}");
        }
    }

    #[test]
    fn two_values_or_no_spread_are_not_tested() {
        assert_eq!(welch(&[0.5, 0.75], &[0.25, 0.25, 0.25]).unwrap().test, None);
        assert_eq!(welch(&[0.5; 3], &[0.25; 4]), Some(Welch { n: (3, 4), mean: 0.25, test: None }));
        assert_eq!(welch(&[], &[1.0]), None);
        assert_eq!(welch(&[f64::NAN, 1.0, 2.0], &[1.0]), None);
    }
}
