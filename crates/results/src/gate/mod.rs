//! The gate: whole learning curves of one results folder against those of another, the baseline. Reads [`Results`]
//! alone; the test is [`crate::stats::rotation`]'s.
//!
//! Compared is what the task is judged by, its first metric, of every arm that both have: its values under the rule that
//! it queries with, after each round, the area under each curve, and the mean of the areas, at one level for all of them
//! together. Other metrics that are recorded are not tested, nor are other rules. What may not be compared is told apart
//! from what moved: other protocols, other data, samplers that are gone, too few seeds.

pub mod baseline;
mod cells;
mod claims;
mod junit;
mod page;
mod protocol;
#[cfg(test)]
mod testing;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub use cells::{Cell, Place, Tested, Verdict};
pub use claims::{Claims, claims};
pub use junit::junit;
pub use protocol::{Allowed, Difference};

use crate::results::Results;

/// What came of holding results against a baseline.
#[derive(Clone, Debug)]
pub struct Check {
    /// The folder that was checked.
    pub current: PathBuf,
    pub baseline: PathBuf,
    /// What they differ in besides their values, and may: of other things nothing is compared.
    pub differences: Vec<Difference>,
    /// What else is not the same, and says nothing about what was run: machines, versions, names; a line each.
    pub notes: Vec<String>,
    /// A line each.
    pub warnings: Vec<String>,
    /// What became of the claims of the spec that was checked; none where it makes none. It has no part in the outcome.
    pub claims: Option<Claims>,
    /// What was found, or why nothing was compared and what to do about it, in one line.
    pub outcome: Result<Tested, String>,
}

impl Check {
    /// Reads both folders and holds one against the other.
    pub fn of_folders(current: &Path, baseline: &Path, allowed: &Allowed) -> Self {
        // The baseline first: without it the rest is of no interest.
        let read = || -> Result<(Results, Results)> { Ok((Results::read(baseline)?, Results::read(current)?)) };
        match read() {
            Ok((baseline, current)) => Self::of(&current, &baseline, allowed),
            Err(error) => Self {
                current: current.to_owned(),
                baseline: baseline.to_owned(),
                differences: Vec::new(),
                notes: Vec::new(),
                warnings: Vec::new(),
                claims: None,
                outcome: Err(format!("{error:#}").replace('\n', " ")),
            },
        }
    }

    /// Holds results against others.
    pub fn of(current: &Results, baseline: &Results, allowed: &Allowed) -> Self {
        let differences = protocol::differences(baseline, current, allowed);
        let mut check = Self {
            current: current.folder.clone(),
            baseline: baseline.folder.clone(),
            notes: protocol::notes(baseline, current),
            warnings: protocol::warnings(baseline, current, allowed, &differences),
            claims: (!current.spec.expect.is_empty()).then(|| claims(current)),
            outcome: Err(String::new()),
            differences,
        };
        check.outcome = match protocol::refusal(&check.differences) {
            Some(why) => Err(why),
            None => {
                let (outcome, left_out) = cells::tested(baseline, current);
                check.warnings.extend(left_out);
                outcome
            }
        };
        check
    }

    /// 0 if the curves held, 1 if any moved, 2 if they could not be compared.
    pub fn code(&self) -> i32 {
        match &self.outcome {
            Ok(tested) => i32::from(tested.moved().next().is_some()),
            Err(_) => 2,
        }
    }

    /// `held: ...`, `moved: ...` or `could not compare: ...`.
    pub fn summary(&self) -> String {
        page::summary(self)
    }

    /// The tables and the summary, for a terminal; they are Markdown, too.
    pub fn text(&self) -> String {
        page::text(self)
    }

    /// A page of its own, with every cell.
    pub fn markdown(&self) -> String {
        page::page(self).markdown()
    }
}
