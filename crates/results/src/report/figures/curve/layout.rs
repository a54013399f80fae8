//! Where everything goes, in shown pixels.

use super::style::Style;
use super::{Plot, Point};
use crate::report::figures::picture::{Axis, LINE, Line, MARGIN, TICK, heading, width, wrap};
use crate::words::thousands;

const LEGEND: f64 = 15.0;
const SOURCE: f64 = 13.0;

/// The axes with their area of labels.
const CHART: (f64, f64) = (720.0, 480.0);
/// Room for the sample of a line before the text of the legend.
pub(crate) const SAMPLE: f64 = 46.0;
const GAP: f64 = 20.0;
const LEGEND_TEXT: (f64, f64) = (120.0, 270.0);
/// Labels of arms with their variants have no space to be broken at.
const LEGEND_ARM: f64 = 420.0;

/// The picture's parts.
pub(crate) struct Layout {
    /// Width and height of the picture, whole.
    pub picture: (f64, f64),
    pub title: Vec<Line>,
    /// Left, top, width, height of the axes with their labels.
    pub chart: (f64, f64, f64, f64),
    pub legend: Vec<Entry>,
    pub x: Axis,
    pub y: Axis,
}

/// An entry of the legend: a sample of a curve with its name, or a heading.
pub(crate) struct Entry {
    pub style: Option<Style>,
    /// Whether the sample is only a marker, without a line.
    pub single: bool,
    pub lines: Vec<Line>,
}

impl Layout {
    pub fn of(plot: &Plot) -> Self {
        let widest = |names: &mut dyn Iterator<Item = &str>, size| names.map(|n| width(n, size)).fold(0.0, f64::max);
        let ours = widest(&mut plot.ours.iter().map(|s| s.name.as_str()), LEGEND);
        let published = widest(&mut plot.published.iter().map(|s| s.name.as_str()), SOURCE);
        let above = width(&plot.published_heading, SOURCE) - SAMPLE;
        let sources = published.max(above).clamp(LEGEND_TEXT.0, LEGEND_TEXT.1);
        let text = sources.max(ours.min(LEGEND_ARM)) + 1.0;
        let picture_width = MARGIN + CHART.0 + GAP + SAMPLE + text + MARGIN;

        let (title, top) = heading(&plot.title, &plot.subtitle, picture_width);
        let left = MARGIN + CHART.0 + GAP;
        let (legend, bottom) = legend(plot, left, top + 8.0, text);
        let height = CHART.1.max(bottom - top);
        Self {
            picture: (picture_width.ceil(), (top + height + MARGIN).ceil()),
            title,
            chart: (MARGIN, top, CHART.0, height),
            legend,
            x: labels_axis(plot),
            y: value_axis(plot.points(), plot.possible),
        }
    }
}

/// The legend in a column at `left` from `top` on, and where it ends.
fn legend(plot: &Plot, left: f64, mut top: f64, text: f64) -> (Vec<Entry>, f64) {
    let mut entries = Vec::new();
    let mut push = |name: &str, size: f64, style: Option<Style>, single: bool| {
        let (left, limit) = if style.is_some() { (left + SAMPLE, text) } else { (left, text + SAMPLE) };
        let mut lines = Vec::new();
        for line in wrap(name, size, limit, 4) {
            lines.push(Line { text: line, size, left, middle: top + size * LINE / 2.0 });
            top += size * LINE;
        }
        top += 5.0;
        entries.push(Entry { style, single, lines });
    };
    for (i, series) in plot.ours.iter().enumerate() {
        push(&series.name, LEGEND, Some(Style::ours(i)), false);
    }
    if !plot.published.is_empty() {
        // An empty line.
        push("", SOURCE / 2.0, None, false);
        push(&plot.published_heading, SOURCE, None, false);
    }
    for (i, series) in plot.published.iter().enumerate() {
        push(&series.name, SOURCE, Some(Style::published(i)), series.is_single());
    }
    (entries, top)
}

/// Our numbers of labels, as many of them as there is room for.
fn labels_axis(plot: &Plot) -> Axis {
    let mut at: Vec<f64> = plot.ours.iter().flat_map(|s| &s.points).map(|p| p.labeled).collect();
    at.sort_by(f64::total_cmp);
    at.dedup();
    let (low, high) = padded(at.first().copied().unwrap_or(0.0), at.last().copied().unwrap_or(1.0), 0.05);
    let pixel = |x: f64| (x - low) / (high - low) * (CHART.0 - 70.0);
    let mut ticks = Vec::new();
    let mut end = f64::NEG_INFINITY;
    for x in at {
        let half = width(&thousands(x as usize), TICK) / 2.0;
        if pixel(x) - half >= end {
            end = pixel(x) + half + 10.0;
            ticks.push(x);
        }
    }
    Axis { low, high, ticks }
}

/// A range that holds all values, with round ticks. Intervals may take as much room beside the values as those take
/// themselves, or as half of the intervals take, and none beyond what is possible: those of two seeds can be many times
/// as long as a curve is high.
fn value_axis<'a>(points: impl Iterator<Item = &'a Point> + Clone, possible: (f64, f64)) -> Axis {
    let intervals = points.clone().filter_map(|p| p.interval);
    let span = |values: &mut dyn Iterator<Item = (f64, f64)>| {
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (a, b)| (low.min(a), high.max(b)))
    };
    let (low, high) = span(&mut points.map(|p| (p.value, p.value)));
    let outer = span(&mut intervals.clone().map(|(a, b)| (a.max(possible.0), b.min(possible.1))));
    let mut halves: Vec<f64> = intervals.map(|(a, b)| (b - a) / 2.0).collect();
    halves.sort_by(f64::total_cmp);
    let room = halves.get(halves.len() / 2).map_or(0.0, |half| half.max(high - low));
    let (low, high) = padded(low.min(outer.0.max(low - room)), high.max(outer.1.min(high + room)), 0.05);
    let rough = (high - low) / 8.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(10.0 * power);
    // Counted in whole steps, so that no error adds up; the range is finite and holds at most 8 steps.
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    Axis { low, high, ticks: (first..=last).map(|k| k as f64 * step).collect() }
}

/// `low..high` with a margin that is `part` of it; a range of no width gets one about its value.
fn padded(low: f64, high: f64, part: f64) -> (f64, f64) {
    let margin = if high > low { (high - low) * part } else { (0.02 * low.abs()).max(1.0) };
    (low - margin, high + margin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(values: &[f64]) -> Axis {
        let points: Vec<Point> = values.iter().map(|&value| Point { labeled: 1.0, value, interval: None }).collect();
        value_axis(points.iter(), (0.0, 100.0))
    }

    #[test]
    fn the_axis_of_values_fits_them_with_a_margin_and_has_round_ticks() {
        let axis = values(&[40.0, 80.0]);
        assert_eq!((axis.low, axis.high), (38.0, 82.0));
        assert_eq!(axis.ticks, [40.0, 50.0, 60.0, 70.0, 80.0]);
        let narrow = values(&[90.01, 90.07]);
        assert!((4..=8).contains(&narrow.ticks.len()), "{narrow:?}");
        let constant = values(&[50.0, 50.0]);
        assert!(constant.low < 50.0 && constant.high > 50.0 && constant.ticks.contains(&50.0), "{constant:?}");
    }

    #[test]
    fn the_legend_of_sixteen_arms_of_variants_is_beside_the_chart_and_breaks_no_label() {
        crate::report::figures::picture::register_font().unwrap();
        let point = Point { labeled: 1.0, value: 1.0, interval: None };
        let label = |i: usize| format!("pretext-batch-class-balanced@string-sort-{i:02}");
        let series = |i| super::super::Series { name: format!("{} [TRAIN images]", label(i)), points: vec![point; 2] };
        let plot = Plot {
            title: "t".into(),
            subtitle: "s".into(),
            badge: String::new(),
            x_label: "x".into(),
            y_label: "y".into(),
            ours: (0..16).map(series).collect(),
            published: Vec::new(),
            published_heading: String::new(),
            possible: (0.0, 100.0),
        };
        let layout = Layout::of(&plot);
        for (i, entry) in layout.legend.iter().enumerate() {
            assert_eq!(entry.lines[0].text.split(' ').next(), Some(label(i).as_str()));
            for line in &entry.lines {
                assert!(line.left + width(&line.text, line.size) <= layout.picture.0 && line.middle < layout.picture.1);
            }
        }
    }

    #[test]
    fn intervals_fit_unless_they_would_press_the_curves_flat() {
        let axis = |values: &[(f64, f64)]| {
            let point = |&(value, half)| Point { labeled: 1.0, value, interval: Some((value - half, value + half)) };
            let points: Vec<Point> = values.iter().map(point).collect();
            let axis = value_axis(points.iter(), (0.0, 100.0));
            (axis.low.round(), axis.high.round())
        };
        assert_eq!(axis(&[(50.0, 20.0)]), (28.0, 72.0));
        assert_eq!(axis(&[(40.0, 5.0), (60.0, 15.0)]), (33.0, 77.0));
        // One interval is of another size than the rest, and one leaves what is possible.
        assert_eq!(axis(&[(20.0, 3.0), (25.0, 2.0), (30.0, 60.0)]), (9.0, 42.0));
        assert_eq!(axis(&[(10.0, 30.0), (90.0, 30.0)]), (-5.0, 105.0));
    }
}
