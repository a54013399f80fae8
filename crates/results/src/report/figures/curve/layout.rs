//! Where everything goes, in shown pixels.

use super::Plot;
use super::legend::{self, Entry, NAME, SAMPLE};
use super::range::{labels_axis, value_axis};
use crate::report::figures::picture::{Axis, LINE, Line, MARGIN, heading, width, wrap};

/// The width of a picture. A README on GitHub shows it 830 pixels wide, where the least text (15, which backends show as
/// 15 / 1.24) is still 11 pixels high.
pub(super) const WIDTH: f64 = 900.0;
/// The height of the axes with their labels.
const HEIGHT: f64 = 460.0;
/// The least width of the axes with their labels; long names may make the picture wider.
const LEAST: f64 = 400.0;
/// Between the axes and what is to the right of them.
const GAP: f64 = 20.0;
/// The widest text at the end of a curve, and in the legend: names of variants have no space to be broken at.
const END_TEXT: f64 = 260.0;
const LEGEND_TEXT: f64 = 398.0;

/// The picture's parts.
pub(super) struct Layout {
    /// Width and height of the picture, whole.
    pub picture: (f64, f64),
    pub title: Vec<Line>,
    /// Left, top, width, height of the axes with their labels.
    pub chart: (f64, f64, f64, f64),
    pub legend: Vec<Entry>,
    /// The names at the ends of our curves, in their order; empty where they are in the legend.
    pub ends: Vec<End>,
    /// Where the names at the ends start.
    pub ends_left: f64,
    pub x: Axis,
    pub y: Axis,
}

/// A name at the end of a curve.
pub(super) struct End {
    pub lines: Vec<String>,
}

impl End {
    pub fn height(&self) -> f64 {
        self.lines.len() as f64 * NAME * LINE + 1.0
    }
}

impl Layout {
    pub fn of(plot: &Plot) -> Self {
        let (ends, column) = if plot.has_ends() {
            let end = |name: &str| End { lines: wrap(name, NAME, END_TEXT, 3) };
            let ends: Vec<End> = plot.ours.iter().map(|series| end(&series.name)).collect();
            let text = ends.iter().flat_map(|end| &end.lines).map(|line| width(line, NAME)).fold(0.0, f64::max);
            (ends, GAP + text)
        } else {
            (Vec::new(), GAP + SAMPLE + legend::arms_width(plot).min(LEGEND_TEXT) + 1.0)
        };
        let chart_width = (WIDTH - 2.0 * MARGIN - column).max(LEAST);
        let picture = (chart_width + column + 2.0 * MARGIN).ceil();
        let (title, top) = heading(&plot.title, &plot.subtitle, picture);
        let right = MARGIN + chart_width + GAP;
        let (mut entries, bottom) = match plot.has_ends() {
            true => (Vec::new(), top),
            false => legend::arms(plot, (right, top + 8.0), column - GAP),
        };
        let bottom = bottom.max(top + HEIGHT);
        let (published, end) = legend::published(plot, bottom + 8.0, picture);
        entries.extend(published);
        let at = plot.ours.iter().flat_map(|series| &series.points).map(|point| point.labeled).collect();
        // The axes lose some room to their labels.
        let x = labels_axis(at, chart_width - 72.0, (0.05, if plot.has_ends() { 0.02 } else { 0.05 }));
        Self {
            picture: (picture, (if end > bottom + 8.0 { end } else { bottom } + MARGIN).ceil()),
            title,
            chart: (MARGIN, top, chart_width, HEIGHT),
            legend: entries,
            ends,
            ends_left: right,
            x,
            y: y_axis(plot),
        }
    }
}

/// The range of everything that is drawn. Grey arms have no intervals.
fn y_axis(plot: &Plot) -> Axis {
    let ours = plot.ours.iter().flat_map(|series| &series.points);
    let published = plot.published.iter().flat_map(|published| &published.points).map(|(_, value)| *value);
    let trials = plot.chosen().flat_map(|(_, series)| &series.points).flat_map(|point| point.lone_trials());
    let values: Vec<f64> = ours.map(|point| point.value).chain(published).chain(trials.copied()).collect();
    let intervals: Vec<(f64, f64)> =
        plot.chosen().flat_map(|(_, series)| &series.points).filter_map(|point| point.interval).collect();
    value_axis(&values, &intervals, plot.possible)
}
