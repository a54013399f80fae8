//! The legend: our arms beside the chart, published numbers below it.

use plotters::style::RGBColor;

use super::Plot;
use super::style::Style;
use crate::report::figures::picture::{LINE, Line, MARGIN, width, wrap};
use crate::words::counted;

/// The size of our arms' names.
pub(super) const NAME: f64 = 16.0;
/// The size of published sources.
pub(super) const SOURCE: f64 = 15.0;
/// Room for the sample of a line before its text.
pub(super) const SAMPLE: f64 = 46.0;
/// Between an entry and the next.
const APART: f64 = 5.0;

/// An entry of the legend.
pub(super) struct Entry {
    pub sample: Sample,
    pub lines: Vec<Line>,
}

/// What stands before the text of an entry.
pub(super) enum Sample {
    /// A heading has none.
    None,
    Curve(Style),
    /// A marker without a line.
    Marker(Style),
    /// A line without a marker.
    Line(RGBColor),
    /// The tick of a crowd.
    Tick,
}

/// An entry at a place, and the height that it takes.
fn entry(text: &str, size: f64, sample: Sample, (left, top): (f64, f64), room: f64) -> (Entry, f64) {
    let indent = if matches!(sample, Sample::None) { 0.0 } else { SAMPLE };
    let line = |(i, text): (usize, String)| {
        let middle = top + (i as f64 + 0.5) * size * LINE;
        Line { text, size, left: left + indent, middle }
    };
    let lines: Vec<Line> = wrap(text, size, room - indent, 4).into_iter().enumerate().map(line).collect();
    let height = lines.len() as f64 * size * LINE + APART;
    (Entry { sample, lines }, height)
}

/// The text behind the coloured arms.
pub(super) fn others(plot: &Plot) -> Option<String> {
    let grey = plot.ours.iter().filter(|series| !series.is_chosen).count();
    (grey > 0).then(|| format!("{}, grey", counted(grey, "other arm")))
}

/// The width of the text of [`arms`], without a break.
pub(super) fn arms_width(plot: &Plot) -> f64 {
    let names = plot.chosen().map(|(_, series)| series.name.clone()).chain(others(plot));
    names.map(|name| width(&name, NAME)).fold(0.0, f64::max)
}

/// Our arms in a column of this width from a place on, and where it ends.
pub(super) fn arms(plot: &Plot, (left, mut top): (f64, f64), room: f64) -> (Vec<Entry>, f64) {
    let mut entries = Vec::new();
    let styles = plot.styles();
    let named = plot.chosen().map(|(i, series)| (series.name.clone(), Sample::Curve(styles[i])));
    for (name, sample) in named.chain(others(plot).map(|text| (text, Sample::Line(Style::grey().color)))) {
        let (entry, height) = entry(&name, NAME, sample, (left, top), room);
        entries.push(entry);
        top += height;
    }
    (entries, top)
}

/// The published numbers in two columns below the chart of a picture of this width, and where they end.
pub(super) fn published(plot: &Plot, mut top: f64, picture: f64) -> (Vec<Entry>, f64) {
    if plot.published.is_empty() {
        return (Vec::new(), top);
    }
    let room = picture - 2.0 * MARGIN;
    let (heading, height) = entry(&plot.published_heading, SOURCE, Sample::None, (MARGIN, top), room);
    let mut entries = vec![heading];
    top += height + 3.0;
    for crowd in plot.crowds() {
        let text = format!("{}. Sources: {}", crowd.label(), crowd.sources.join("; "));
        let (entry, height) = entry(&text, SOURCE, Sample::Tick, (MARGIN, top), room);
        entries.push(entry);
        top += height;
    }
    let column = (room - 20.0) / 2.0;
    let marked: Vec<_> = plot.marked_published().collect();
    for pair in marked.chunks(2) {
        let mut tallest = 0.0f64;
        for ((i, published), left) in pair.iter().zip([MARGIN, MARGIN + column + 20.0]) {
            let style = Style::published(*i);
            let sample = if published.is_single() { Sample::Marker(style) } else { Sample::Curve(style) };
            let (entry, height) = entry(&published.name, SOURCE, sample, (left, top), column);
            entries.push(entry);
            tallest = tallest.max(height);
        }
        top += tallest;
    }
    (entries, top)
}
