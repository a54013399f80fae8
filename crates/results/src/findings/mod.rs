//! Findings: comparisons of arms, label efficiency, the verdicts of claims, and which differences the seeds could
//! detect. Everything is computed from [`Results`](crate::results::Results) with the functions of [`crate::stats`].

mod claimed;
mod comparison;
mod efficiency;
mod expectation;

pub use claimed::UnderOwnRule;
pub use comparison::{Comparison, DetectableDifference, What, comparisons, detectable_difference, penalties_of};
pub use efficiency::{Efficiency, efficiencies};
pub use expectation::{JudgedClaim, Verdict, judged_claims};

/// The significance level of every test. Intervals have a level of 1 - `LEVEL`.
pub const LEVEL: f64 = 0.05;

/// The power for which detectable differences are given.
pub const POWER: f64 = 0.9;

/// The number of bootstrap resamples.
pub const RESAMPLES: usize = 2000;

/// Formats a p value for a sentence: `p = 0.012`, or `p < 0.001`.
pub(crate) fn p_in_words(p: f64) -> String {
    let value = p_value(p);
    if value.starts_with('<') { format!("p {value}") } else { format!("p = {value}") }
}

/// Formats a p value for a table: `0.012`, or `< 0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("{p:.3}") }
}

#[cfg(test)]
mod tests;
