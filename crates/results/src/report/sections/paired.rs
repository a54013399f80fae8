//! What tables of paired differences have in common.

use crate::findings::Comparison;
use crate::report::page::{Cell, Number};
use crate::spec::Metric;
use crate::stats::LEAST_PAIRS;

/// `+1.2 ± 0.5*`, and the number of pairs if some are missing.
pub(super) fn difference(comparison: &Comparison, metric: Metric, most: usize) -> Cell {
    let half = comparison.half_width().map(|half| half * metric.factor);
    Number {
        significant: comparison.is_significant(),
        n: Some(comparison.n).filter(|&n| n < most),
        ..Number::difference(comparison.mean * metric.factor, half)
    }
    .into()
}

/// What the numbers of a table of differences mean.
pub(super) fn note(shown: &[&Comparison], most: usize, planned: usize) -> String {
    let mut note = format!("n = {most} {}", if most == 1 { "pair" } else { "pairs" });
    if most < planned {
        note += &format!(" of {planned} so far");
    }
    if shown.iter().any(|d| d.n < most) {
        note += " unless the cell says otherwise";
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
