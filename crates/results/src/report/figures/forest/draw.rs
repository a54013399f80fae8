//! Draws a forest plot on any backend.

use plotters::prelude::{Circle, Color, DrawingBackend, PathElement, Polygon};
use plotters::style::{RGBColor, WHITE};

use super::layout::{Forest, Row, TEXT};
use crate::report::figures::picture::{
    Anchor, Area, COLORS, Drawn, FAINT_INK, FINE, INK, LINE, MARGIN, Picture, fine, text, text_at, width,
};

const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);
const COLOR: RGBColor = COLORS[0];
/// The radius of a marker, and the width of its line.
const MARKER: (f64, f64) = (5.0, 2.0);
/// Half the height of the cap of a whisker, and of the arrow of one that goes on.
const CAP: f64 = 4.0;

impl Picture for Forest {
    fn size(&self) -> (f64, f64) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        root.fill(&WHITE)?;
        self.head.iter().chain(&self.caption).try_for_each(|line| text(root, line, INK))?;
        let (top, bottom) = self.lines;
        let label = bottom + TEXT * LINE / 2.0 + 4.0;
        for (tick, words) in &self.effects.ticks {
            let x = self.x(*tick);
            stroke(root, &[(x, top), (x, bottom)], GRID, 1.0)?;
            text_at(root, (words, TEXT), (x, label), Anchor::Center, FAINT_INK)?;
        }
        stroke(root, &[(self.x(0.0), top), (self.x(0.0), bottom)], INK, 1.5)?;
        // Centred on the axis, but inside the picture.
        let (words, half) = (&self.effects.x_label, width(&self.effects.x_label, TEXT) / 2.0);
        let center = (self.axis.0 + self.axis.1 / 2.0).min(self.size.0 - MARGIN - half);
        text_at(root, (words, TEXT), (center, label + TEXT * LINE), Anchor::Center, INK)?;
        // A heading is wider than the names, and may cross the lines.
        for line in &self.headings {
            let (from, to) = (line.middle - line.size * LINE / 2.0, line.middle + line.size * LINE / 2.0);
            let right = line.left + width(&line.text, line.size);
            root.draw(&Polygon::new(
                corners(&[(line.left, from), (right, from), (right, to), (line.left, to)]),
                WHITE.filled(),
            ))?;
            text(root, line, INK)?;
        }
        self.rows.iter().try_for_each(|row| self.row(root, row))?;
        self.legend(root)?;
        root.present()
    }
}

impl Forest {
    fn row<DB: DrawingBackend>(&self, root: &Area<DB>, row: &Row) -> Drawn<DB> {
        row.name.iter().try_for_each(|line| text(root, line, INK))?;
        let (effect, y) = (&row.effect, row.middle);
        if let Some((low, high)) = effect.interval {
            let (least, most) = self.effects.axis;
            let (from, to) = (self.x(low.max(least)), self.x(high.min(most)));
            stroke(root, &[(from, y), (to, y)], COLOR, MARKER.1)?;
            for (x, goes_on, side) in [(from, low < least, 1.0), (to, high > most, -1.0)] {
                if goes_on {
                    let base = x + side * 2.0 * CAP;
                    let arrow = corners(&[(x, y), (base, y - CAP), (base, y + CAP)]);
                    root.draw(&Polygon::new(arrow, COLOR.filled()))?;
                } else {
                    stroke(root, &[(x, y - CAP), (x, y + CAP)], COLOR, MARKER.1)?;
                }
            }
        }
        marker(root, (self.x(effect.mean), y), effect.significant)?;
        text_at(root, (&effect.shown, TEXT), (self.numbers, y), Anchor::Left, INK)
    }

    /// What a filled and a hollow marker mean, side by side.
    fn legend<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        let mut left = MARGIN;
        for (filled, words) in [(true, FILLED), (false, HOLLOW)] {
            marker(root, (left + MARKER.0 + 1.0, self.legend), filled)?;
            left += 2.0 * MARKER.0 + 10.0;
            text_at(root, (words, TEXT), (left, self.legend), Anchor::Left, INK)?;
            left += width(words, TEXT) + 24.0;
        }
        Ok(())
    }
}

const FILLED: &str = "significant after Holm's correction (*)";
const HOLLOW: &str = "not significant, or not tested";

fn marker<DB: DrawingBackend>(root: &Area<DB>, (x, y): (f64, f64), filled: bool) -> Drawn<DB> {
    let place = (fine(x), fine(y));
    root.draw(&Circle::new(place, fine(MARKER.0 + MARKER.1 / 2.0), COLOR.filled()))?;
    match filled {
        true => Ok(()),
        false => root.draw(&Circle::new(place, fine(MARKER.0 - MARKER.1 / 2.0), WHITE.filled())),
    }
}

fn corners(points: &[(f64, f64)]) -> Vec<(i32, i32)> {
    points.iter().map(|&(x, y)| (fine(x), fine(y))).collect()
}

fn stroke<DB: DrawingBackend>(root: &Area<DB>, points: &[(f64, f64)], color: RGBColor, wide: f64) -> Drawn<DB> {
    let style = color.stroke_width((wide * f64::from(FINE)).round() as u32);
    root.draw(&PathElement::new(corners(points), style))
}
