//! Paired differences as a forest plot: a point with its interval for each, beside a line at zero.
//!
//! [`Effects`] is what to draw: the browser gets the same as JSON, so that no number is computed twice.

mod draw;
mod layout;

use serde::Serialize;

pub(crate) use self::layout::Forest;
use super::histogram::spaced;
use super::picture::Axis;
use crate::stats::LEAST_PAIRS;

/// Differences in one measure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Effects {
    /// The measure as a file name has it: `area`, `last-round`, `first-round`.
    pub measure: &'static str,
    /// The measure on the button that chooses it.
    pub label: String,
    pub title: String,
    pub subtitle: String,
    /// The scale of the experiment in a line; empty if there is none.
    pub badge: String,
    pub x_label: String,
    /// At least one, each with at least one row.
    pub groups: Vec<Group>,
    /// The least and the greatest value on the axis, and its ticks with their labels.
    pub axis: (f64, f64),
    pub ticks: Vec<(f64, String)>,
    /// What the marks and the intervals mean.
    pub caption: String,
}

/// Differences that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Group {
    pub heading: String,
    /// In the order of the spec.
    pub rows: Vec<Effect>,
}

/// The mean difference between two arms, in points.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Effect {
    /// What the heading does not say.
    pub name: String,
    /// The mark of values of train images beside others of test images; empty without one.
    pub mark: &'static str,
    pub arm: String,
    pub versus: String,
    /// The mean of `arm - versus`.
    pub mean: f64,
    /// The ends of its 95 % interval; `None` for one pair.
    pub interval: Option<(f64, f64)>,
    /// The number of pairs.
    pub n: usize,
    /// The p value after Holm's correction; `None` if the difference was not tested.
    pub p: Option<f64>,
    pub significant: bool,
    /// The number beside the row: `+1.2 ± 0.5*`.
    pub shown: String,
    /// All that is known of the difference, a line each.
    pub words: Vec<String>,
}

/// How much room intervals may take beside the means, as a part of what the means and zero take.
const ROOM: f64 = 1.5;

/// The axis of these differences. It holds zero, all means, and the intervals as far as they leave the means apart: those
/// of two pairs can be many times as long.
pub(crate) fn axis(rows: &[&Effect]) -> Axis {
    let span = |(low, high): (f64, f64), (a, b): (f64, f64)| (low.min(a), high.max(b));
    let means = rows.iter().map(|row| (row.mean, row.mean)).fold((0.0, 0.0), span);
    let outer = rows.iter().filter_map(|row| row.interval).fold(means, span);
    let halves = |least: usize| {
        let halves = rows.iter().filter(|row| row.n >= least).filter_map(|row| row.interval);
        let mut halves: Vec<f64> = halves.map(|(low, high)| (high - low) / 2.0).collect();
        halves.sort_by(f64::total_cmp);
        halves.get(halves.len() / 2).copied().unwrap_or(0.0)
    };
    // Half of the intervals fit in any case, unless they are of too few pairs to be of use.
    let mut room = (ROOM * (means.1 - means.0)).max(halves(LEAST_PAIRS));
    if room == 0.0 {
        room = halves(0);
    }
    let (low, high) = (outer.0.max(means.0 - room), outer.1.min(means.1 + room));
    let margin = if high > low { 0.04 * (high - low) } else { 1.0 };
    let (low, high) = (low - margin, high + margin);
    Axis { low, high, ticks: spaced((low, high), 10.0, false) }
}

#[cfg(test)]
mod tests;
