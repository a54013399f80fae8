//! The claims of a spec (`[[expect]]`), held against its results.

use crate::report;
use crate::results::Results;
use crate::verdict::{Outcome, judgements};

/// What became of all claims.
#[derive(Clone, Debug)]
pub struct Claims {
    /// A table and what each claim asks for; a sentence where there is none.
    pub text: String,
    /// How many there are, how many of them did not hold, and how many were not measured.
    pub all: usize,
    pub failed: usize,
    pub not_measured: usize,
    /// How many held.
    pub held: usize,
}

impl Claims {
    /// 0 if none failed, 1 if any did, 2 where there is none to judge or nothing to judge by.
    pub fn code(&self) -> i32 {
        match self {
            _ if self.failed > 0 => 1,
            _ if self.not_measured == self.all => 2,
            _ => 0,
        }
    }

    /// `held: 2 of 3 claims; 1 is undecided`.
    pub fn summary(&self) -> String {
        let Self { all, failed, not_measured, held, .. } = self;
        let undecided = all - failed - not_measured - held;
        let mut parts = vec![format!("{held} of {all} claims held")];
        for (n, words) in [(failed, "did not hold"), (&undecided, "undecided"), (not_measured, "not measured")] {
            if *n > 0 {
                parts.push(format!("{n} {words}"));
            }
        }
        parts.join(", ")
    }
}

/// Judges the claims of a spec.
pub fn claims(results: &Results) -> Claims {
    let judged = judgements(results);
    let count = |outcome: Outcome| judged.iter().filter(|j| j.outcome == outcome).count();
    Claims {
        all: judged.len(),
        failed: count(Outcome::Failed),
        not_measured: count(Outcome::NotMeasured),
        held: count(Outcome::Held),
        text: report::claims(results, judged),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{curves, results, spec_with};
    use super::*;

    fn claims_of(claims: &str, offset: f64) -> Claims {
        super::claims(&results("now", &spec_with(claims), curves(0..5, offset)))
    }

    fn band(low: f64, high: f64) -> String {
        format!(
            "[[expect]]\nclaim = 'so much'\nsource = 'a paper'\nsampler = 'random'\nat = 'last-round'\nband = [{low}, {high}]\n"
        )
    }

    #[test]
    fn the_code_is_that_of_the_worst_claim() {
        let code = |claims: &str| claims_of(claims, 0.0).code();
        assert_eq!(code(""), 2);
        assert_eq!(code(&band(0.5, 0.7)), 0);
        assert_eq!(code(&band(0.9, 0.95)), 1);
        assert_eq!(code(&(band(0.5, 0.7) + &band(0.9, 0.95))), 1);
        // An undecided claim did not fail.
        assert_eq!(code(&band(0.61, 0.7)), 0);
        let absent = band(0.5, 0.7).replace("'random'", "'entropy'");
        assert_eq!(code(&absent), 2);
        assert_eq!(code(&(absent + &band(0.5, 0.7))), 0);
    }

    #[test]
    fn they_are_counted_in_words() {
        let found = claims_of(&(band(0.5, 0.7) + &band(0.9, 0.95) + &band(0.61, 0.7)), 0.0);
        assert_eq!(found.summary(), "1 of 3 claims held, 1 did not hold, 1 undecided");
        assert!(
            found.text.contains("| so much (a paper) |") && found.text.contains("**did not hold**"),
            "{}",
            found.text
        );
    }
}
