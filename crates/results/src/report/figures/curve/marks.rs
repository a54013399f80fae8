//! The marks of a plot, on any backend of plotters, in fine pixels.

use plotters::prelude::*;

use super::style::Style;
use crate::report::figures::picture::{Area, Drawn, fine, scaled};

pub(super) type Pixel = (i32, i32);

/// The size of a marker (the radius of the circle) in shown pixels.
pub(super) const MARKER: f64 = 4.6;
/// The radius of a single trial's dot in shown pixels.
const TRIAL: f64 = 2.6;
/// Half the width of the cap of a bar in shown pixels.
pub(super) const CAP: f64 = 3.0;

/// A bar from one end to the other, each with a cap unless it is cut there. `cap` is half a cap's width in shown
/// pixels.
pub(super) fn bar<DB: DrawingBackend>(
    root: &Area<DB>,
    ends: [(Pixel, bool); 2],
    cap: f64,
    color: RGBColor,
) -> Drawn<DB> {
    let style = color.stroke_width(fine(1.2) as u32);
    let [(from, _), (to, _)] = ends;
    root.draw(&PathElement::new([from, to], style))?;
    // The caps are across the bar.
    let is_upright = from.0 == to.0;
    let (dx, dy) = if is_upright { (fine(cap), 0) } else { (0, fine(cap)) };
    for ((x, y), is_cut) in ends {
        if !is_cut {
            root.draw(&PathElement::new([(x - dx, y - dy), (x + dx, y + dy)], style))?;
        }
    }
    Ok(())
}

pub(super) fn marker<DB: DrawingBackend>(root: &Area<DB>, (x, y): Pixel, style: &Style) -> Drawn<DB> {
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

/// The value of a single trial.
pub(super) fn trial<DB: DrawingBackend>(root: &Area<DB>, at: Pixel, color: RGBColor) -> Drawn<DB> {
    root.draw(&Circle::new(at, fine(TRIAL), color.mix(0.6).filled()))
}

/// A line through `points` in the style's dashes.
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
