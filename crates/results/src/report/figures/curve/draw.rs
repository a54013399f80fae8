//! Drawing a plot on any backend of plotters, in fine pixels.

use plotters::prelude::*;

use super::layout::{Layout, SAMPLE};
use super::style::Style;
use super::{Plot, Series};
use crate::report::figures::picture::{Area, Axes, Drawn, FAINT_INK, INK, Line, axes, fine, scaled, text};
use crate::words::thousands;

type Pixel = (i32, i32);

/// The size of a marker (the radius of the circle) in shown pixels.
const MARKER: f64 = 4.6;

/// Draws `plot` where `layout` puts it.
pub(crate) fn draw<DB: DrawingBackend>(root: &Area<DB>, plot: &Plot, layout: &Layout) -> Drawn<DB> {
    root.fill(&WHITE)?;
    for line in &layout.title {
        text(root, line, INK)?;
    }
    for entry in &layout.legend {
        for line in &entry.lines {
            text(root, line, if entry.style.is_some_and(|s| !s.hollow) { INK } else { FAINT_INK })?;
        }
        if let (Some(style), Some(line)) = (entry.style, entry.lines.first()) {
            sample(root, &style, line, entry.single)?;
        }
    }

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

    let pixels = |series: &Series| -> Vec<Pixel> {
        series.points.iter().map(|p| chart.backend_coord(&(p.labeled, p.value))).collect()
    };
    for (i, series) in plot.published.iter().enumerate().filter(|(_, s)| !s.is_single()) {
        curve(root, &pixels(series), &Style::published(i))?;
    }
    // Under the curves: a bar that a marker hides is no longer than the marker.
    let shifts = shifts(plot, |x| chart.backend_coord(&(x, layout.y.low)).0);
    for (i, (series, shift)) in plot.ours.iter().zip(&shifts).enumerate() {
        for point in &series.points {
            let Some((low, high)) = point.interval else { continue };
            // What goes beyond the picture has no cap.
            let cut = (low < layout.y.low, high > layout.y.high);
            let (x, from) = chart.backend_coord(&(point.labeled, low.max(layout.y.low)));
            let (_, to) = chart.backend_coord(&(point.labeled, high.min(layout.y.high)));
            bar(root, x + shift, [(from, cut.0), (to, cut.1)], Style::ours(i).color)?;
        }
    }
    for (i, series) in plot.ours.iter().enumerate() {
        curve(root, &pixels(series), &Style::ours(i))?;
    }
    // Single published numbers stand to the right of ours, in three columns, as they tend to be close to each other.
    let right = shifts.last().copied().unwrap_or(0);
    let singles = plot.published.iter().enumerate().filter(|(_, s)| s.is_single());
    for (nth, (i, series)) in singles.enumerate() {
        for (x, y) in pixels(series) {
            marker(root, (x + right + fine(9.0 + 9.0 * (nth % 3) as f64), y), &Style::published(i))?;
        }
    }
    root.present()
}

/// A sideways shift of the bars, in fine pixels for each of our curves, so that bars do not hide each other. The curves
/// are not shifted: on a rising curve, a point further to the left looks better.
fn shifts(plot: &Plot, x: impl Fn(f64) -> i32) -> Vec<i32> {
    let n = plot.ours.len();
    let mut at: Vec<i32> = plot.ours.iter().flat_map(|s| &s.points).map(|p| x(p.labeled)).collect();
    at.sort_unstable();
    at.dedup();
    let room = at.windows(2).map(|w| w[1] - w[0]).min().unwrap_or(i32::MAX);
    let apart = scaled(3.0).min(0.6 * f64::from(room) / n as f64);
    (0..n).map(|i| (apart * (i as f64 - (n as f64 - 1.0) / 2.0)).round() as i32).collect()
}

/// The sample of a curve, or of a single point, before the first line of its name.
fn sample<DB: DrawingBackend>(root: &Area<DB>, style: &Style, line: &Line, single: bool) -> Drawn<DB> {
    let (left, right) = (line.left - SAMPLE, line.left - 8.0);
    // The backends do not agree on the middle of a line of text; this lies between.
    let at = |x: f64| (fine(x), fine(line.middle - 0.06 * line.size));
    if !single {
        stroke(root, &[at(left), at(right)], style)?;
    }
    marker(root, at((left + right) / 2.0), style)
}

fn curve<DB: DrawingBackend>(root: &Area<DB>, points: &[Pixel], style: &Style) -> Drawn<DB> {
    stroke(root, points, style)?;
    points.iter().try_for_each(|&p| marker(root, p, style))
}

/// A bar between two ends, each with a cap unless it is cut there.
fn bar<DB: DrawingBackend>(root: &Area<DB>, x: i32, ends: [(i32, bool); 2], color: RGBColor) -> Drawn<DB> {
    let style = color.stroke_width(fine(1.2) as u32);
    let cap = fine(2.5);
    root.draw(&PathElement::new(ends.map(|(y, _)| (x, y)), style))?;
    let mut capped = ends.into_iter().filter(|(_, cut)| !cut);
    capped.try_for_each(|(y, _)| root.draw(&PathElement::new([(x - cap, y), (x + cap, y)], style)))
}

fn marker<DB: DrawingBackend>(root: &Area<DB>, (x, y): Pixel, style: &Style) -> Drawn<DB> {
    let shape = |size: f64, color: RGBColor| {
        let corner = |(dx, dy): (f64, f64)| (x + fine(size * dx), y + fine(size * dy));
        Polygon::new(style.marker.corners().into_iter().map(corner).collect::<Vec<_>>(), color.filled())
    };
    if style.hollow && style.marker.has_inside() {
        root.draw(&shape(MARKER, style.color))?;
        root.draw(&shape(MARKER - 1.6, WHITE))
    } else {
        // A white rim keeps markers apart that lie over lines.
        root.draw(&shape(MARKER + 1.2, WHITE))?;
        root.draw(&shape(MARKER, style.color))
    }
}

/// A line through `points`, in fine pixels, in the style's dashes.
pub(crate) fn stroke<DB: DrawingBackend>(root: &Area<DB>, points: &[Pixel], style: &Style) -> Drawn<DB> {
    let line = style.color.stroke_width(fine(style.width) as u32);
    for part in dashed(points, style.dashes) {
        root.draw(&PathElement::new(part, line))?;
    }
    Ok(())
}

/// The dashes of a line through `points`, lengths in shown pixels; the line itself when there are none.
fn dashed(points: &[Pixel], lengths: &[f64]) -> Vec<Vec<Pixel>> {
    if lengths.is_empty() || points.len() < 2 {
        return if points.len() < 2 { Vec::new() } else { vec![points.to_vec()] };
    }
    let mut parts = Vec::new();
    let mut part = vec![points[0]];
    let (mut turn, mut left) = (0, scaled(lengths[0]));
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let (dx, dy) = (f64::from(to.0 - from.0), f64::from(to.1 - from.1));
        let length = dx.hypot(dy);
        let mut done = 0.0;
        while length - done > left {
            done += left;
            let at = done / length;
            let here = (from.0 + (at * dx).round() as i32, from.1 + (at * dy).round() as i32);
            part.push(here);
            // Even turns are dashes, odd ones gaps.
            if turn % 2 == 0 {
                parts.push(std::mem::take(&mut part));
            }
            part = vec![here];
            turn = (turn + 1) % lengths.len();
            left = scaled(lengths[turn]);
        }
        left -= length - done;
        part.push(to);
    }
    if turn % 2 == 0 && part.len() > 1 {
        parts.push(part);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::figures::picture::FINE;

    #[test]
    fn dashes_go_round_corners_and_cover_their_part_of_the_line() {
        let at = |x: i32| x * FINE as i32;
        // 20 along, 20 down, in dashes of 6 and gaps of 4: dashes at 0-6, 10-16, 20-26 and 30-36.
        let line = [(0, 0), (at(20), 0), (at(20), at(20))];
        let parts = dashed(&line, &[6.0, 4.0]);
        let ends: Vec<(Pixel, Pixel)> = parts.iter().map(|p| (p[0], *p.last().unwrap())).collect();
        let expected = [
            ((0, 0), (at(6), 0)),
            ((at(10), 0), (at(16), 0)),
            ((at(20), 0), (at(20), at(6))),
            ((at(20), at(10)), (at(20), at(16))),
        ];
        assert_eq!(ends, expected);
        assert_eq!(dashed(&line, &[]), [line.to_vec()]);
        assert!(dashed(&line[..1], &[6.0, 4.0]).is_empty());
    }
}
