//! The gate: tests whether the learning curves of one results folder moved from those of another, the baseline. It
//! reads only [`Results`]; the test is in [`crate::stats::rotation`].
//!
//! The gate compares the primary metric of every arm that both folders have, under the selection rule that the arm
//! queries with: its value after each round, the area under its curve, and the mean area over arms, at one level for
//! all cells together. Other metrics and selection rules are not tested. Results that cannot be compared (other
//! protocols, other data, samplers that are gone, too few seeds) are an error with its own exit code; they do not count
//! as moved.

pub mod baseline;
mod cells;
mod claims;
mod document;
mod junit;
mod page;
mod protocol;
#[cfg(test)]
mod testing;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub use cells::{Cell, CellState, Place, Tested};
pub use claims::{Claims, claims};
pub use junit::junit;
pub use protocol::{Allowed, Difference};

use crate::report::{Badge, scale_badge};
use crate::results::Results;

/// The comparison of results with a baseline.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The folder with the results.
    pub current: PathBuf,
    /// The folder with the baseline.
    pub baseline: PathBuf,
    /// Differences in protocol, data and trials. Nothing is compared unless all of them are allowed.
    pub differences: Vec<Difference>,
    /// Other differences, which never prevent a comparison: machines, versions, names; one line each.
    pub notes: Vec<String>,
    /// Warnings, one line each.
    pub warnings: Vec<String>,
    /// The claims of the results' spec; `None` if it makes none. They do not affect the outcome.
    pub claims: Option<Claims>,
    /// The tested cells, or one line that says why nothing was compared and what to do.
    pub outcome: Result<Tested, String>,
    /// The scale of the results.
    badge: Badge,
}

impl Gate {
    /// Reads both folders and compares them. If a folder cannot be read, [`Gate::outcome`] says why.
    pub fn of_folders(current: &Path, baseline: &Path, allowed: &Allowed) -> Self {
        // The baseline is read first: without it nothing can be compared.
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
                badge: Badge::default(),
            },
        }
    }

    /// Compares results with a baseline.
    pub fn of(current: &Results, baseline: &Results, allowed: &Allowed) -> Self {
        let differences = protocol::differences(baseline, current, allowed);
        let mut gate = Self {
            current: current.folder.clone(),
            baseline: baseline.folder.clone(),
            notes: protocol::notes(baseline, current),
            warnings: protocol::warnings(baseline, current, allowed, &differences),
            claims: (!current.spec.expect.is_empty()).then(|| claims(current)),
            outcome: Err(String::new()),
            badge: Badge::default(),
            differences,
        };
        gate.outcome = match protocol::refusal(&gate.differences) {
            Some(why) => Err(why),
            None => {
                let (outcome, left_out) = cells::tested(baseline, current);
                gate.warnings.extend(left_out);
                outcome
            }
        };
        let seeds = gate.outcome.as_ref().ok().map(|tested| tested.seeds[1].len());
        gate.badge =
            scale_badge(&current.spec, current.manifest.as_ref(), &current.devices, seeds.map(|seeds| (seeds, seeds)));
        gate
    }

    /// The exit code: 0 if all cells held, 1 if any moved, 2 if they could not be compared.
    pub fn code(&self) -> i32 {
        match &self.outcome {
            Ok(tested) => i32::from(tested.moved().next().is_some()),
            Err(_) => 2,
        }
    }

    /// One line: `held: ...`, `moved: ...` or `could not compare: ...`.
    pub fn summary(&self) -> String {
        page::summary(self)
    }

    /// The tables and the summary for a terminal, as Markdown.
    pub fn text(&self) -> String {
        page::text(self)
    }
}
