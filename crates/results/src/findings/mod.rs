//! What results say: arms against each other, claims against what was measured, and what so many seeds cannot tell.
//! Reads [`Results`] alone; every number is of `stats`.

mod claimed;
mod comparison;
mod efficiency;
mod expectation;

pub use claimed::UnderOwnRule;
pub use comparison::{Comparison, DetectableDifference, What, comparisons, detectable_difference, penalties_of};
pub use efficiency::{Efficiency, efficiencies};
pub use expectation::{JudgedClaim, Verdict, judged_claims};

/// The level of every test, and 1 less that of every interval.
pub const LEVEL: f64 = 0.05;

/// How often a difference that "can be seen" is found.
pub const POWER: f64 = 0.9;

/// Bootstrap resamples.
pub const RESAMPLES: usize = 2000;

/// `p = 0.012`, or `p < 0.001`.
pub(crate) fn p_in_words(p: f64) -> String {
    let value = p_value(p);
    if value.starts_with('<') { format!("p {value}") } else { format!("p = {value}") }
}

/// `0.012`, or `< 0.001`, for a table that says which p it is.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("{p:.3}") }
}

#[cfg(test)]
mod tests;
