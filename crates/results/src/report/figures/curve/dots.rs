//! Results of one number of labels: a row for each arm, with its value on a horizontal axis.

use plotters::prelude::*;

use super::describe::value;
use super::layout::WIDTH;
use super::legend::{NAME, SOURCE};
use super::marks::{CAP, bar, marker, trial};
use super::range::value_axis;
use super::style::Style;
use super::{Marker, Plot, Point};
use crate::report::figures::picture::{
    Anchor, Area, Axis, Drawn, FAINT_INK, FINE, INK, LINE, Line, MARGIN, Picture, TICK, fine, heading, text, text_at,
    width, wrap,
};
use crate::words::counted;

/// The widest names.
const NAMES: f64 = 390.0;
/// Between names, axis and values.
const GAP: f64 = 16.0;
/// The least height of a row of ours, with its trials beneath, and of a published one.
const ROW: (f64, f64) = (34.0, 24.0);
/// How far below its mean a trial is.
const BENEATH: f64 = 10.0;
/// Below the last row: ticks and the axis's label.
const BELOW: f64 = 52.0;
const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

/// A dot plot that is laid out.
pub(super) struct Dots<'a> {
    head: Vec<Line>,
    /// What the axis shows.
    label: String,
    axis: Axis,
    /// Left and right end of the axis, top and bottom of the rows, in shown pixels.
    area: (f64, f64, f64, f64),
    rows: Vec<Row<'a>>,
    /// The heading of the published numbers, below a rule.
    heading: Option<Line>,
    size: (f64, f64),
}

struct Row<'a> {
    name: Vec<Line>,
    middle: f64,
    value: f64,
    /// The value in words.
    text: String,
    style: Style,
    /// Our point; `None` for a published number.
    point: Option<&'a Point>,
}

impl<'a> Dots<'a> {
    /// Lays out the arms of `plot` and its published numbers, all of which have `labeled` labels.
    pub fn of(plot: &'a Plot, labeled: f64) -> Self {
        let (head, top) = heading(&plot.title, &plot.subtitle, WIDTH);
        let ours = plot.ours.iter().enumerate().map(|(i, series)| {
            let point = &series.points[0];
            (series.name.as_str(), NAME, point.value, value(point), Style::ours(i), Some(point))
        });
        // Their names stand beside them, so that they look alike.
        let grey = Style { marker: Marker::Circle, ..Style::published(0) };
        let published = plot.published.iter().map(|published| {
            let value = published.points[0].1;
            (published.name.as_str(), SOURCE, value, value.to_string(), grey, None)
        });
        let all: Vec<_> = ours.chain(published).collect();
        let names = all.iter().map(|(name, size, ..)| width(name, *size)).fold(0.0, f64::max).clamp(60.0, NAMES) + 1.0;
        let values = all.iter().map(|(_, size, _, text, ..)| width(text, *size)).fold(0.0, f64::max);

        let (mut rows, mut heading, mut below) = (Vec::new(), None, top);
        for (name, size, value, text, style, point) in all {
            if point.is_none() && heading.is_none() {
                let middle = below + 8.0 + SOURCE * LINE / 2.0;
                heading = Some(Line { text: plot.published_heading.clone(), size: SOURCE, left: MARGIN, middle });
                below = middle + SOURCE * LINE / 2.0 + 6.0;
            }
            let lines = wrap(name, size, names, 3);
            let least = if point.is_some() { ROW.0 } else { ROW.1 };
            let height = least.max(lines.len() as f64 * size * LINE + 6.0);
            // Trials are beneath their mean, which is therefore a little above the middle of its row.
            let middle = below + height / 2.0 - if point.is_some() { 4.0 } else { 0.0 };
            let first = middle - (lines.len() as f64 - 1.0) / 2.0 * size * LINE;
            let line = |(i, text)| Line { text, size, left: MARGIN, middle: first + i as f64 * size * LINE };
            let name = lines.into_iter().enumerate().map(line).collect();
            rows.push(Row { name, middle, value, text, style, point });
            below += height;
        }
        let left = MARGIN + names + GAP;
        let right = WIDTH - MARGIN - values - GAP;
        let label = format!("{} with {}", plot.y_label, counted(labeled as usize, "label"));
        Self {
            head,
            label,
            axis: axis(plot),
            area: (left, right, top, below),
            rows,
            heading,
            size: (WIDTH, (below + BELOW + MARGIN).ceil()),
        }
    }

    /// Where a value is on the axis, in shown pixels.
    fn x(&self, value: f64) -> f64 {
        let (left, right, ..) = self.area;
        let Axis { low, high, .. } = self.axis;
        left + (value.clamp(low, high) - low) / (high - low) * (right - left)
    }
}

/// The range of all values, trials and intervals.
fn axis(plot: &Plot) -> Axis {
    let points = || plot.ours.iter().flat_map(|series| &series.points);
    let published = plot.published.iter().flat_map(|published| &published.points).map(|(_, value)| *value);
    let ours = points().flat_map(|point| point.trials.iter().copied().chain([point.value]));
    let intervals: Vec<(f64, f64)> = points().filter_map(|point| point.interval).collect();
    value_axis(&ours.chain(published).collect::<Vec<_>>(), &intervals, plot.possible)
}

impl Picture for Dots<'_> {
    fn size(&self) -> (f64, f64) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        root.fill(&WHITE)?;
        self.head.iter().try_for_each(|line| text(root, line, INK))?;
        let (left, right, top, bottom) = self.area;
        let line = |from: (f64, f64), to: (f64, f64), color: RGBColor| {
            let ends = [from, to].map(|(x, y)| (fine(x), fine(y)));
            root.draw(&PathElement::new(ends, color.stroke_width(FINE)))
        };
        for row in &self.rows {
            line((left, row.middle), (right, row.middle), GRID)?;
        }
        for &tick in &self.axis.ticks {
            let x = self.x(tick);
            line((x, top), (x, bottom), GRID)?;
            line((x, bottom), (x, bottom + 5.0), FAINT_INK)?;
            let at = (x, bottom + 7.0 + TICK * LINE / 2.0);
            text_at(root, (&self.axis.label(tick), TICK), at, Anchor::Center, INK)?;
        }
        line((left, bottom), (right, bottom), FAINT_INK)?;
        let label = ((left + right) / 2.0, bottom + BELOW - NAME * LINE / 2.0);
        text_at(root, (&self.label, NAME), label, Anchor::Center, INK)?;
        if let Some(heading) = &self.heading {
            let above = heading.middle - SOURCE * LINE / 2.0 - 4.0;
            line((MARGIN, above), (WIDTH - MARGIN, above), FAINT_INK)?;
            text(root, heading, FAINT_INK)?;
        }
        self.rows.iter().try_for_each(|row| self.row(root, row))?;
        root.present()
    }
}

impl Dots<'_> {
    fn row<DB: DrawingBackend>(&self, root: &Area<DB>, row: &Row) -> Drawn<DB> {
        let ink = if row.point.is_some() { INK } else { FAINT_INK };
        row.name.iter().try_for_each(|line| text(root, line, ink))?;
        let size = row.name.first().map_or(NAME, |line| line.size);
        text_at(root, (&row.text, size), (self.area.1 + GAP, row.middle), Anchor::Left, ink)?;
        let at = |value: f64, y: f64| (fine(self.x(value)), fine(y));
        if let Some(point) = row.point {
            if let Some((low, high)) = point.interval {
                let ends =
                    [low, high].map(|end| (at(end, row.middle), !(self.axis.low..=self.axis.high).contains(&end)));
                bar(root, ends, CAP + 1.0, row.style.color)?;
            }
            for &value in point.trials.iter().filter(|_| point.trials.len() > 1) {
                trial(root, at(value, row.middle + BENEATH), row.style.color)?;
            }
        }
        marker(root, at(row.value, row.middle), &row.style)
    }
}
