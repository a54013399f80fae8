//! What tables and figures of paired differences have in common.

use crate::findings::{Comparison, What};
use crate::report::page::{Cell, Number};
use crate::spec::{Metric, Spec};
use crate::stats::LEAST_PAIRS;
use crate::words::thousands;

/// What is compared: the values after the first round, those after the last one, or the areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    FirstRound,
    LastRound,
    Area,
}

impl Measure {
    /// The measures of a spec. One round is compared once.
    pub fn of(spec: &Spec) -> &'static [Self] {
        if spec.rounds.count == 1 { &[Self::LastRound] } else { &[Self::FirstRound, Self::LastRound, Self::Area] }
    }

    pub fn holds(self, comparison: &Comparison) -> bool {
        match self {
            Self::FirstRound => comparison.what == What::Round && comparison.round == Some(0),
            Self::LastRound => comparison.what == What::LastRound,
            Self::Area => comparison.what == What::Area,
        }
    }

    pub fn heading(self, spec: &Spec) -> String {
        let labels = |round| thousands(spec.rounds.labeled(round));
        match self {
            Self::FirstRound => format!("round 0 ({} labels)", labels(0)),
            Self::LastRound => format!("last round ({} labels)", labels(spec.rounds.count - 1)),
            Self::Area => "area".into(),
        }
    }
}

/// `+1.2 ± 0.5*`, and the number of pairs if some are missing.
pub(super) fn difference(comparison: &Comparison, metric: Metric, most: usize) -> Cell {
    number(comparison, metric, most).into()
}

/// The same as a number.
pub(super) fn number(comparison: &Comparison, metric: Metric, most: usize) -> Number {
    let half = comparison.half_width().map(|half| half * metric.factor);
    Number {
        significant: comparison.is_significant(),
        n: Some(comparison.n).filter(|&n| n < most),
        ..Number::difference(comparison.mean * metric.factor, half)
    }
}

/// What the numbers of a table of differences mean.
pub(super) fn note(shown: &[&Comparison], most: usize, planned: usize) -> String {
    note_beside("cell", shown, most, planned)
}

/// The same for numbers that stand in a `cell` or a `row`.
pub(super) fn note_beside(place: &str, shown: &[&Comparison], most: usize, planned: usize) -> String {
    let mut note = format!("n = {most} {}", if most == 1 { "pair" } else { "pairs" });
    if most < planned {
        note += &format!(" of {planned} so far");
    }
    if shown.iter().any(|d| d.n < most) {
        note += &format!(" unless the {place} says otherwise");
    }
    note += ", one for each seed that both have";
    if most > 1 {
        note += "; ± is half the 95 % t interval of the mean paired difference; intervals are not corrected for \
                 multiple comparisons";
    }
    if shown.iter().any(|d| d.n == 1) {
        note += "; one pair has no interval";
    }
    let tested = shown.iter().any(|d| d.p.is_some());
    if !tested && shown.iter().any(|d| d.n < LEAST_PAIRS) {
        note += "; fewer than three pairs cannot be tested";
    }
    if !tested && shown.iter().any(|d| d.n >= LEAST_PAIRS) {
        note += "; differences that do not vary over seeds cannot be tested";
    }
    if tested {
        note += ". * marks differences that are significant at the 5 % level, Holm-corrected over all comparisons of \
                 their kind (areas, last rounds, or all rounds: `comparisons.csv`)";
    }
    note + "."
}
