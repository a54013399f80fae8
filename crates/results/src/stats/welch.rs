//! Compares two groups of independent trials.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::paired::two_sided;
use super::{LEAST_PAIRS, mean, sample_sd};

/// The difference of the means of two groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welch {
    /// The number of values in each group.
    pub n: (usize, usize),
    /// The first group's mean less the second's.
    pub mean: f64,
    /// The test of that difference; `None` if a group has fewer than three values, or if neither group varies.
    pub test: Option<WelchTest>,
}

/// Welch's test of a difference of means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WelchTest {
    /// Lower end of the 95 % interval of the difference, in the unit of the values.
    pub low: f64,
    /// Upper end of that interval.
    pub high: f64,
    /// Welch's t statistic.
    pub t: f64,
    /// The two-sided p value.
    pub p: f64,
}

/// Welch's t-test for unequal variances (Welch, Biometrika 1947; degrees of freedom after Satterthwaite). Returns
/// `None` if a group is empty or has a value that is not finite.
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
    let squared_error = |values: &[f64]| Some(sample_sd(values)?.powi(2) / values.len() as f64);
    let (error_a, error_b) = (squared_error(a)?, squared_error(b)?);
    let error = (error_a + error_b).sqrt();
    if error == 0.0 {
        return None;
    }
    let df =
        (error_a + error_b).powi(2) / (error_a.powi(2) / (a.len() - 1) as f64 + error_b.powi(2) / (b.len() - 1) as f64);
    let student = StudentsT::new(0.0, 1.0, df).ok()?;
    let t = difference / error;
    let half = student.inverse_cdf(0.975) * error;
    Some(WelchTest { low: difference - half, high: difference + half, t, p: two_sided(t, df)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values: `scipy.stats.ttest_ind(a, b, equal_var=False)` and its `confidence_interval`, SciPy 1.17.1.
    #[test]
    fn the_test_agrees_with_scipy() {
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
