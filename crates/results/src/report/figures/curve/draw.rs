//! Drawing a plot on any backend of plotters.

use plotters::prelude::*;

use super::ends::spread;
use super::layout::Layout;
use super::legend::{Entry, NAME, SAMPLE, SOURCE, Sample};
use super::marks::{CAP, MARKER, Pixel, bar, marker, stroke, trial};
use super::style::Style;
use super::{Crowd, Plot};
use crate::report::figures::picture::{
    Anchor, Area, Axes, Axis, Drawn, FAINT_INK, FINE, INK, LINE, axes, fine, ink_of, text, text_at,
};
use crate::words::thousands;

type Chart<'a, DB> = ChartContext<'a, DB, Cartesian2d<Axis, Axis>>;

/// Half the width of a crowd's tick in shown pixels.
const TICK: f64 = 6.0;

/// Draws `plot` where `layout` puts it.
pub(super) fn draw<DB: DrawingBackend>(root: &Area<DB>, plot: &Plot, layout: &Layout) -> Drawn<DB> {
    root.fill(&WHITE)?;
    layout.title.iter().try_for_each(|line| text(root, line, INK))?;
    layout.legend.iter().try_for_each(|entry| self::entry(root, entry))?;
    let chart = axes(
        root,
        &Axes {
            place: layout.chart,
            x: &layout.x,
            y: &layout.y,
            x_label: &plot.x_label,
            y_label: &plot.y_label,
            x_tick: &|x| thousands(x as usize),
        },
    )?;
    // From the back to the front: what others published, grey arms, spreads, means.
    published(root, plot, &chart)?;
    for series in plot.ours.iter().filter(|series| !series.is_chosen) {
        let points: Vec<Pixel> = series.points.iter().map(|p| chart.backend_coord(&(p.labeled, p.value))).collect();
        stroke(root, &points, &Style::grey())?;
    }
    spreads(root, plot, layout, &chart)?;
    let styles = plot.styles();
    for (i, series) in plot.chosen() {
        let points: Vec<Pixel> = series.points.iter().map(|p| chart.backend_coord(&(p.labeled, p.value))).collect();
        curve(root, &points, &styles[i])?;
    }
    ends(root, plot, layout, &chart)?;
    root.present()
}

fn curve<DB: DrawingBackend>(root: &Area<DB>, points: &[Pixel], style: &Style) -> Drawn<DB> {
    stroke(root, points, style)?;
    points.iter().try_for_each(|&p| marker(root, p, style))
}

/// Published curves and numbers, each at its own number of labels.
fn published<DB: DrawingBackend>(root: &Area<DB>, plot: &Plot, chart: &Chart<DB>) -> Drawn<DB> {
    for (i, published) in plot.marked_published() {
        let points: Vec<Pixel> = published.points.iter().map(|point| chart.backend_coord(point)).collect();
        curve(root, &points, &Style::published(i))?;
    }
    plot.crowds().iter().try_for_each(|crowd| self::crowd(root, crowd, chart))
}

/// A tick for each number, and how many there are.
fn crowd<DB: DrawingBackend>(root: &Area<DB>, crowd: &Crowd, chart: &Chart<DB>) -> Drawn<DB> {
    for &value in &crowd.values {
        tick(root, chart.backend_coord(&(crowd.labeled, value)))?;
    }
    let middle = (crowd.values[0] + crowd.values[crowd.values.len() - 1]) / 2.0;
    let (x, y) = chart.backend_coord(&(crowd.labeled, middle));
    let shown = |fine: i32| f64::from(fine) / f64::from(FINE);
    text_at(root, (&crowd.label(), SOURCE), (shown(x) - TICK - 6.0, shown(y)), Anchor::Right, FAINT_INK)
}

fn tick<DB: DrawingBackend>(root: &Area<DB>, (x, y): Pixel) -> Drawn<DB> {
    let line = Style::published(0).color.stroke_width(fine(1.4) as u32);
    root.draw(&PathElement::new([(x - fine(TICK), y), (x + fine(TICK), y)], line))
}

/// The intervals of the coloured arms, as bands or as bars, and the trials of means of two. All are at the number of
/// labels of their marker.
fn spreads<DB: DrawingBackend>(root: &Area<DB>, plot: &Plot, layout: &Layout, chart: &Chart<DB>) -> Drawn<DB> {
    let (bottom, top) = (layout.y.low, layout.y.high);
    let arms = plot.chosen().count();
    let styles = plot.styles();
    for (nth, (i, series)) in plot.chosen().enumerate() {
        let color = styles[i].color;
        let intervals = series.points.iter().filter_map(|p| p.interval.map(|interval| (p.labeled, interval)));
        if plot.has_bands() {
            let at = |x: f64, value: f64| chart.backend_coord(&(x, value.clamp(bottom, top)));
            let lower: Vec<Pixel> = intervals.clone().map(|(x, (low, _))| at(x, low)).collect();
            let upper: Vec<Pixel> = intervals.map(|(x, (_, high))| at(x, high)).collect();
            let around: Vec<Pixel> = lower.iter().chain(upper.iter().rev()).copied().collect();
            root.draw(&Polygon::new(around, color.mix(0.13).filled()))?;
            // Edges tell bands apart that lie over each other.
            for edge in [lower, upper] {
                root.draw(&PathElement::new(edge, color.mix(0.45).stroke_width(fine(0.6) as u32)))?;
            }
            continue;
        }
        // Bars stand over each other. The first has the widest caps, so that the caps of all can be seen.
        let cap = CAP + (arms - 1 - nth) as f64;
        for (x, (low, high)) in intervals {
            // What goes beyond the picture has no cap.
            let from = (chart.backend_coord(&(x, low.max(bottom))), low < bottom);
            let to = (chart.backend_coord(&(x, high.min(top))), high > top);
            bar(root, [from, to], cap, color)?;
        }
        for point in &series.points {
            for &value in point.lone_trials() {
                trial(root, chart.backend_coord(&(point.labeled, value)), color)?;
            }
        }
    }
    Ok(())
}

/// The names at the ends of the curves, apart from each other. A line leads from the end to a name that had to move.
fn ends<DB: DrawingBackend>(root: &Area<DB>, plot: &Plot, layout: &Layout, chart: &Chart<DB>) -> Drawn<DB> {
    let named: Vec<(usize, Pixel)> = plot
        .chosen()
        .filter(|(i, _)| *i < layout.ends.len())
        .filter_map(|(i, series)| series.points.last().map(|p| (i, chart.backend_coord(&(p.labeled, p.value)))))
        .collect();
    let shown = |fine: i32| f64::from(fine) / f64::from(FINE);
    let wanted: Vec<f64> = named.iter().map(|(_, (_, y))| shown(*y)).collect();
    let heights: Vec<f64> = named.iter().map(|(i, _)| layout.ends[*i].height()).collect();
    let (_, top, _, height) = layout.chart;
    let left = layout.ends_left;
    let styles = plot.styles();
    for ((i, (x, y)), middle) in named.iter().zip(spread(&wanted, &heights, (top, top + height))) {
        let (end, color) = (&layout.ends[*i], styles[*i].color);
        let is_near = (middle - shown(*y)).abs() < 4.0 && left - shown(*x) < 50.0;
        if !is_near {
            let from = (x + fine(MARKER + 3.0), *y);
            let line = [from, (fine(left - 5.0), fine(middle))];
            root.draw(&PathElement::new(line, color.stroke_width(fine(0.8) as u32)))?;
        }
        let first = middle - (end.lines.len() as f64 - 1.0) / 2.0 * NAME * LINE;
        for (nth, line) in end.lines.iter().enumerate() {
            let at = (left, first + nth as f64 * NAME * LINE);
            text_at(root, (line, NAME), at, Anchor::Left, ink_of(color))?;
        }
    }
    Ok(())
}

/// An entry of the legend: its sample before the first line of its text.
fn entry<DB: DrawingBackend>(root: &Area<DB>, entry: &Entry) -> Drawn<DB> {
    let is_ours = matches!(&entry.sample, Sample::Curve(style) if !style.hollow);
    entry.lines.iter().try_for_each(|line| text(root, line, if is_ours { INK } else { FAINT_INK }))?;
    let Some(line) = entry.lines.first() else { return Ok(()) };
    let (left, right) = (line.left - SAMPLE, line.left - 8.0);
    // The backends do not agree on the middle of a line of text; this lies between.
    let at = |x: f64| (fine(x), fine(line.middle - 0.06 * line.size));
    let middle = at((left + right) / 2.0);
    match &entry.sample {
        Sample::None => Ok(()),
        Sample::Marker(style) => marker(root, middle, style),
        Sample::Curve(style) => {
            stroke(root, &[at(left), at(right)], style)?;
            marker(root, middle, style)
        }
        Sample::Line(color) => {
            root.draw(&PathElement::new([at(left), at(right)], color.stroke_width(fine(Style::grey().width) as u32)))
        }
        Sample::Tick => tick(root, middle),
    }
}
