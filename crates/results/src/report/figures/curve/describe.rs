//! A plot in words: for readers who do not see it, and for those who read it for the first time.

use super::{Plot, Point, Series};
use crate::report::words::capitalised;
use crate::words::{counted, thousands};

/// What the picture shows, with the values at the ends of its curves.
pub(super) fn alt(plot: &Plot) -> String {
    let shown = match plot.single_labeled() {
        Some(labeled) => {
            let values: Vec<String> =
                plot.ours.iter().map(|series| format!("{} {}", series.name, value(&series.points[0]))).collect();
            let labels = counted(labeled as usize, "label");
            format!("{} with {labels}: {}.", capitalised(&plot.y_label), values.join(", "))
        }
        None => format!("Learning curves, {}: {}.", plot.y_label, ends(plot)),
    };
    format!("{shown}{}", published(plot))
}

/// `random ends at 42.7, pretext-batch at 43.3 with 1,000 labels`
fn ends(plot: &Plot) -> String {
    let last_of = |series: &Series| series.points.last().map_or(0.0, |point| point.labeled);
    let most = plot.ours.iter().map(last_of).fold(0.0, f64::max);
    let end = |series: &Series| {
        let value = series.points.last().map_or(0.0, |point| point.value);
        let early = Some(last_of(series)).filter(|labeled| *labeled < most);
        // A trial that still runs, or that failed.
        let early = early.map_or(String::new(), |labeled| format!(" ({})", counted(labeled as usize, "label")));
        format!("at {value:.1}{early}")
    };
    let mut text = String::new();
    for (i, (_, series)) in plot.chosen().enumerate() {
        let before = if i == 0 { "" } else { ", " };
        let verb = if i == 0 { " ends" } else { "" };
        text += &format!("{before}{}{verb} {}", series.name, end(series));
    }
    let grey: Vec<&Series> = plot.ours.iter().filter(|series| !series.is_chosen).collect();
    if !grey.is_empty() {
        let values = grey.iter().flat_map(|series| series.points.last()).map(|point| point.value);
        let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
        text += &format!(", {} from {low:.1} to {high:.1}", counted(grey.len(), "other arm"));
    }
    format!("{text} with {} labels", thousands(most as usize))
}

/// `86.7 ± 1.9`; the mean alone without an interval.
pub(super) fn value(point: &Point) -> String {
    let half_width = point.interval.map(|(low, high)| format!(" ± {:.1}", (high - low) / 2.0)).unwrap_or_default();
    format!("{:.1}{half_width}", point.value)
}

/// ` Beside them: 13 published numbers, 88.5 to 93.5.`
fn published(plot: &Plot) -> String {
    let values = plot.published.iter().flat_map(|published| &published.points).map(|(_, value)| *value);
    match values.clone().count() {
        0 => String::new(),
        1 => format!(" Beside them: a published number, {:.1}.", values.sum::<f64>()),
        n => {
            let (low, high) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(f64::NEG_INFINITY, f64::max));
            format!(" Beside them: {n} published numbers, {low:.1} to {high:.1}.")
        }
    }
}

/// How to read the picture, in sentences; may be empty.
pub(super) fn note(plot: &Plot) -> String {
    let is_single = plot.single_labeled().is_some();
    let points = || plot.chosen().flat_map(|(_, series)| &series.points);
    let mut notes = Vec::new();
    if points().any(|point| point.interval.is_some()) {
        notes.push(if plot.has_bands() {
            "Bands are 95 % intervals of the mean."
        } else {
            "Bars are 95 % intervals of the mean; a bar without a cap extends beyond the picture."
        });
    }
    if is_single && points().any(|point| point.trials.len() > 1) {
        notes.push("Small dots are single trials.");
    }
    if points().any(|point| !point.lone_trials().is_empty()) {
        notes.push(if is_single {
            "Two trials have no interval: it would be 12.7 standard errors to each side."
        } else {
            "Small dots are the two trials of a mean; its 95 % interval would be 12.7 standard errors to each side."
        });
    }
    if plot.has_grey_arms() && !is_single {
        notes.push(
            "Coloured, at most six: the first arm, the arms that claims name, and those of the largest significant \
             differences.",
        );
    }
    if !plot.crowds().is_empty() && !is_single {
        notes.push("Short grey lines are published numbers that are too many for a marker each.");
    }
    notes.join(" ")
}
