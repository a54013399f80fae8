//! The claims of a spec (`[[expect]]`), judged by its results.

use std::collections::BTreeSet;

use crate::findings::{Verdict, judged_claims};
use crate::report::{Block, PLUS_MINUS, claim_blocks, markdown};
use crate::results::Results;

/// The outcomes of all claims.
#[derive(Clone, Debug)]
pub struct Claims {
    /// The claims with their criteria, as Markdown; a sentence if there is no claim.
    pub text: String,
    /// The number of claims.
    pub all: usize,
    /// How many did not hold.
    pub failed: usize,
    pub not_measured: usize,
    pub held: usize,
    /// Arms that claims name and the spec does not have.
    pub unknown: Vec<String>,
}

impl Claims {
    /// The exit code: 1 if any claim failed; 2 if none held, because nothing could be judged then, or if a claim names
    /// an arm that the spec does not have; else 0.
    pub fn code(&self) -> i32 {
        match self {
            _ if self.failed > 0 => 1,
            _ if self.held == 0 || !self.unknown.is_empty() => 2,
            _ => 0,
        }
    }

    /// `2 of 3 claims held, 1 undecided`.
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
    let judged = judged_claims(results);
    let arms = results.arms();
    let named = results.spec.expect.iter().flat_map(|e| std::iter::once(&e.sampler).chain(&e.better_than));
    let unknown: BTreeSet<&String> = named.filter(|label| arms.iter().all(|arm| arm.label != **label)).collect();
    let mut blocks = claim_blocks(&results.spec, &judged);
    if judged.iter().any(|j| j.half_width.is_some()) {
        blocks.push(Block::paragraph(PLUS_MINUS));
    }
    let count = |verdict: Verdict| judged.iter().filter(|j| j.verdict == verdict).count();
    Claims {
        all: judged.len(),
        failed: count(Verdict::DidNotHold),
        not_measured: count(Verdict::NotMeasured),
        held: count(Verdict::Held),
        unknown: unknown.into_iter().cloned().collect(),
        text: markdown(&blocks),
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
        // An undecided claim did not fail, and did not hold.
        assert_eq!(code(&band(0.61, 0.7)), 2);
        assert_eq!(code(&(band(0.61, 0.7) + &band(0.5, 0.7))), 0);
    }

    #[test]
    fn claims_about_an_unknown_arm_do_not_pass() {
        let code_and_unknown = |claims: &str| (claims_of(claims, 0.0).code(), claims_of(claims, 0.0).unknown);
        let absent = band(0.5, 0.7).replace("'random'", "'entropy'");
        let entropy = vec!["entropy".to_owned()];
        assert_eq!(code_and_unknown(&absent), (2, entropy.clone()));
        assert_eq!(code_and_unknown(&(absent.clone() + &band(0.5, 0.7))), (2, entropy.clone()));
        assert_eq!(code_and_unknown(&(absent + &band(0.9, 0.95))), (1, entropy.clone()));
        let better = band(0.5, 0.7).replace("band = [0.5, 0.7]", "better-than = 'entropy'");
        assert_eq!(code_and_unknown(&better), (2, entropy));
    }

    #[test]
    fn claims_are_counted_by_outcome() {
        let found = claims_of(&(band(0.5, 0.7) + &band(0.9, 0.95) + &band(0.61, 0.7)), 0.0);
        assert_eq!(found.summary(), "1 of 3 claims held, 1 did not hold, 1 undecided");
        assert!(
            found.text.contains("- **held**: so much (a paper): ") && found.text.contains("- **did not hold**: "),
            "{}",
            found.text
        );
    }
}
