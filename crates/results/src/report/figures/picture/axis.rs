//! Axes with ticks of our choice.

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint};
use plotters::prelude::*;

use super::text::FONT;
use super::{Area, Drawn, FAINT_INK, FINE, INK, fine, scaled};

/// The size of a tick's label in shown pixels.
pub(crate) const TICK: f64 = 15.0;
/// The size of an axis's label in shown pixels.
const AXIS: f64 = 16.0;
const GRID: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);

/// The range of an axis and its ticks: linear (plotters' own such axis cannot draw its labels).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        from + ((value - self.low) / (self.high - self.low) * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks.clone() }
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.low..self.high
    }
}

impl Axis {
    /// An axis from `low` to `high`, which is greater, with at most `most` steps between round ticks.
    pub fn spanning(low: f64, high: f64, most: usize) -> Self {
        let rough = (high - low) / most.max(1) as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(10.0 * power);
        // Counted in whole steps, so that no error adds up.
        let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
        Self { low, high, ticks: (first..=last).map(|k| k as f64 * step).collect() }
    }

    /// The label of a tick, with the digits after the point that tell it from the others.
    pub fn label(&self, tick: f64) -> String {
        format!("{tick:.*}", decimals(self))
    }
}

/// Digits after the point that tell the ticks apart.
fn decimals(axis: &Axis) -> usize {
    let step = axis.ticks.windows(2).map(|w| w[1] - w[0]).fold(f64::INFINITY, f64::min);
    // A little more than the step: 0.1 may have come out as 0.0999.
    if step.is_finite() { (-(step * 1.001).log10().floor()).clamp(0.0, 9.0) as usize } else { 0 }
}

/// Where the axes are, in shown pixels, and what they are.
pub(crate) struct Axes<'a> {
    /// Left, top, width, height of the axes with their labels.
    pub place: (f64, f64, f64, f64),
    pub x: &'a Axis,
    pub y: &'a Axis,
    pub x_label: &'a str,
    pub y_label: &'a str,
    /// The label of a tick of x.
    pub x_tick: &'a dyn Fn(f64) -> String,
}

/// Draws axes with their grid. What comes back places points on them.
pub(crate) fn axes<'a, DB: DrawingBackend>(
    root: &Area<DB>,
    axes: &Axes,
) -> Drawn<DB, ChartContext<'a, DB, Cartesian2d<Axis, Axis>>> {
    let (left, top, width, height) = axes.place;
    let area = root.clone().shrink((fine(left), fine(top)), (fine(width), fine(height)));
    let mut chart = ChartBuilder::on(&area)
        .margin_top(fine(8.0))
        .margin_right(fine(8.0))
        .x_label_area_size(fine(52.0))
        .y_label_area_size(fine(64.0))
        .build_cartesian_2d(axes.x.clone(), axes.y.clone())?;
    chart
        .configure_mesh()
        .axis_style(FAINT_INK.stroke_width(FINE))
        .bold_line_style(GRID.stroke_width(FINE))
        .set_all_tick_mark_size(fine(5.0))
        .label_style((FONT, scaled(TICK)).into_font().color(&INK))
        .axis_desc_style((FONT, scaled(AXIS)).into_font().color(&INK))
        .x_desc(axes.x_label)
        .y_desc(axes.y_label)
        .x_label_formatter(&|x| (axes.x_tick)(*x))
        .y_label_formatter(&|y| axes.y.label(*y))
        .draw()?;
    Ok(chart)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_ticks_within_its_range() {
        assert_eq!(Axis::spanning(0.0, 20.0, 8).ticks, [0.0, 5.0, 10.0, 15.0, 20.0]);
        let narrow = Axis::spanning(0.25, 0.75, 8);
        let labels: Vec<String> = narrow.ticks.iter().map(|&tick| narrow.label(tick)).collect();
        assert_eq!(labels, ["0.3", "0.4", "0.5", "0.6", "0.7"]);
        assert!(Axis::spanning(-1.0, 1.0, 0).ticks.contains(&0.0));
    }

    #[test]
    fn ticks_show_the_digits_that_tell_them_apart() {
        let digits = |ticks: &[f64]| decimals(&Axis { low: 0.0, high: 1.0, ticks: ticks.to_vec() });
        assert_eq!([digits(&[40.0, 50.0]), digits(&[1.0, 2.0]), digits(&[0.5]), digits(&[])], [0, 0, 0, 0]);
        assert_eq!([digits(&[0.5, 1.0]), digits(&[0.1, 0.2]), digits(&[0.02, 0.04])], [1, 1, 2]);
    }
}
