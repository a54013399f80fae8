//! Trainings epoch by epoch: panels with a line for each arm, one beneath the other.

use anyhow::Result;
use plotters::prelude::DrawingBackend;

use super::curve::{Style, stroke};
use crate::report::figures::picture::{
    Area, Axes, Axis, Drawn, INK, LINE, Line, MARGIN, Picture, axes, fine, heading, register_font, text, width, wrap,
};
use crate::words::thousands;

/// The width of a panel's axes with their labels.
const WIDTH: f64 = 620.0;
const LEGEND: f64 = 15.0;
/// Room for the sample of a line before the text of the legend.
const SAMPLE: f64 = 46.0;
const GAP: f64 = 20.0;
/// The narrowest and the widest text of the legend.
const LEGEND_TEXT: (f64, f64) = (120.0, 420.0);
/// The largest number of ticks of an axis.
const TICKS: usize = 8;

/// One quantity over the epochs.
pub(crate) struct Panel {
    /// The label of the axis, with the unit.
    pub label: String,
    pub height: f64,
    /// Whether a value holds from its epoch to the next, as learning rates do.
    pub is_stepped: bool,
    /// Epochs (from 1) and values of each arm, in the order of the arms; finite. An arm may have none.
    pub lines: Vec<Vec<(f64, f64)>>,
}

/// A figure that is laid out.
pub(crate) struct Trainings {
    head: Vec<Line>,
    legend: Vec<Vec<Line>>,
    panels: Vec<(Panel, Axis, f64)>,
    epochs: Axis,
    size: (f64, f64),
}

impl Trainings {
    /// Lays out panels about `arms`; at least one panel has a value.
    ///
    /// # Errors
    /// If the font, by which text is measured, cannot be read.
    pub fn of(title: &str, subtitle: &str, arms: &[String], panels: Vec<Panel>) -> Result<Self> {
        register_font()?;
        let widest = arms.iter().map(|arm| width(arm, LEGEND)).fold(0.0, f64::max);
        let room = widest.clamp(LEGEND_TEXT.0, LEGEND_TEXT.1) + 1.0;
        let picture = MARGIN + WIDTH + GAP + SAMPLE + room + MARGIN;
        let (head, top) = heading(title, subtitle, picture);
        let (mut legend, mut below) = (Vec::new(), top + 8.0);
        for arm in arms {
            let line = |(i, text): (usize, String)| Line {
                text,
                size: LEGEND,
                left: MARGIN + WIDTH + GAP + SAMPLE,
                middle: below + (i as f64 + 0.5) * LEGEND * LINE,
            };
            let lines: Vec<Line> = wrap(arm, LEGEND, room, 4).into_iter().enumerate().map(line).collect();
            below += lines.len() as f64 * LEGEND * LINE + 5.0;
            legend.push(lines);
        }
        let points = || panels.iter().flat_map(|panel| &panel.lines).flatten();
        let last = points().map(|point| point.0).fold(1.0, f64::max);
        let epochs = Axis::spanning(0.0, last, TICKS);
        let mut bottom = top;
        let placed = panels.into_iter().map(|panel| {
            let values = || panel.lines.iter().flatten().map(|point| point.1);
            let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
            let margin = if high > low { 0.05 * (high - low) } else { (0.05 * high.abs()).max(1e-6) };
            // Losses and rates that come close to 0 are shown above it.
            let low = if low >= 0.0 && low < 0.3 * high { 0.0 } else { low - margin };
            let axis = Axis::spanning(low, high + margin, (TICKS as f64 * panel.height / 300.0) as usize);
            let at = bottom;
            bottom += panel.height;
            (panel, axis, at)
        });
        let panels: Vec<_> = placed.collect();
        let size = (picture.ceil(), (bottom.max(below) + MARGIN).ceil());
        Ok(Self { head, legend, panels, epochs, size })
    }
}

/// The corners of a line; one that is stepped goes on for a whole epoch after its last value.
fn corners(points: &[(f64, f64)], is_stepped: bool) -> Vec<(f64, f64)> {
    if !is_stepped {
        return points.to_vec();
    }
    // The steps of epoch e lie between e - 1 and e.
    points.iter().flat_map(|&(epoch, value)| [(epoch - 1.0, value), (epoch, value)]).collect()
}

impl Picture for Trainings {
    fn size(&self) -> (f64, f64) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        root.fill(&plotters::style::WHITE)?;
        self.head.iter().chain(self.legend.iter().flatten()).try_for_each(|line| text(root, line, INK))?;
        for (i, line) in self.legend.iter().enumerate().filter_map(|(i, lines)| Some((i, lines.first()?))) {
            // The backends do not agree on the middle of a line of text; this lies between.
            let at = |x: f64| (fine(x), fine(line.middle - 0.06 * line.size));
            stroke(root, &[at(line.left - SAMPLE), at(line.left - 8.0)], &Style::ours(i))?;
        }
        for (panel, axis, top) in &self.panels {
            let chart = axes(
                root,
                &Axes {
                    place: (MARGIN, *top, WIDTH, panel.height),
                    x: &self.epochs,
                    y: axis,
                    x_label: "epoch",
                    y_label: &panel.label,
                    x_tick: &|x| thousands(x as usize),
                },
            )?;
            for (i, points) in panel.lines.iter().enumerate() {
                let corners = corners(points, panel.is_stepped);
                let pixels: Vec<(i32, i32)> = corners.iter().map(|point| chart.backend_coord(point)).collect();
                stroke(root, &pixels, &Style::ours(i))?;
            }
        }
        root.present()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_hold_for_the_steps_of_their_epoch_and_losses_are_of_its_end() {
        let points = [(1.0, 0.1), (2.0, 0.05)];
        assert_eq!(corners(&points, true), [(0.0, 0.1), (1.0, 0.1), (1.0, 0.05), (2.0, 0.05)]);
        assert_eq!(corners(&points, false), points);
    }

    #[test]
    fn panels_lie_beneath_each_other_and_hold_their_values() {
        let panel = |height, lines| Panel { label: "loss (nats)".into(), height, is_stepped: false, lines };
        let lines = vec![vec![(1.0, 2.3), (20.0, 0.1)], Vec::new(), vec![(1.0, 2.0), (2.0, 1.0)]];
        let arms = ["random", "core-set", "a-third"].map(str::to_owned);
        let constant = panel(200.0, vec![vec![(1.0, 0.1), (2.0, 0.1)]]);
        let figure = Trainings::of("Title", "Subtitle", &arms, vec![panel(300.0, lines), constant]).unwrap();
        let [(first, axis, top), (_, other, below)] = &figure.panels[..] else { panic!("two panels") };
        assert_eq!(*below, top + first.height);
        assert!(axis.low == 0.0 && axis.high > 2.3 && other.low < 0.1 && other.high > 0.1, "{axis:?} {other:?}");
        assert_eq!((figure.epochs.low, figure.epochs.high), (0.0, 20.0));
        let svg = crate::report::figures::picture::svg(&figure).unwrap();
        crate::report::testing::assert_well_formed(&svg);
        // Three samples of the legend and the three lines that have points; dashes are lines of their own.
        assert!(svg.matches("<polyline").count() >= 6, "{svg}");
    }
}
