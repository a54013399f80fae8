//! Images by the ranks of their two losses.

use anyhow::Result;
use plotters::prelude::{Circle, Color, DrawingBackend};

use super::picture::{
    Area, Axes, Axis, COLORS, Drawn, INK, Line, MARGIN, Picture, axes, fine, heading, register_font, text,
};
use crate::stats::average_ranks;

/// The axes with their labels, so that a unit of x is as long as one of y.
const CHART: (f64, f64) = (632.0, 620.0);
/// The radius of a point in shown pixels.
const POINT: f64 = 3.2;
/// The opacity of one point; several over each other are darker.
const OPACITY: f64 = 0.45;

/// A scatter plot that is laid out.
pub(crate) struct Scatter {
    head: Vec<Line>,
    top: f64,
    y_label: &'static str,
    /// (normalised rank of the pretext loss, that of the task loss).
    points: Vec<(f64, f64)>,
}

impl Scatter {
    /// Shows the images `shown` of two lists of losses. Ranks are those among all images, from 0 for the least loss to
    /// 1 for the greatest. All losses are finite.
    ///
    /// # Errors
    /// If the font, by which text is measured, cannot be read.
    pub fn of(
        title: &str,
        subtitle: &str,
        y_label: &'static str,
        losses: [&[f64]; 2],
        shown: &[usize],
    ) -> Result<Self> {
        register_font()?;
        let [x, y] = losses.map(normalised_ranks);
        let (head, top) = heading(title, subtitle, CHART.0 + 2.0 * MARGIN);
        Ok(Self { head, top, y_label, points: shown.iter().map(|&i| (x[i], y[i])).collect() })
    }
}

/// Average ranks, from 0 for the least to 1 for the greatest of values that are all different.
fn normalised_ranks(values: &[f64]) -> Vec<f64> {
    let ranks = average_ranks(values).expect("the losses are checked");
    ranks.into_iter().map(|rank| (rank - 1.0) / (values.len() as f64 - 1.0).max(1.0)).collect()
}

impl Picture for Scatter {
    fn size(&self) -> (f64, f64) {
        (CHART.0 + 2.0 * MARGIN, (self.top + CHART.1 + MARGIN).ceil())
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        root.fill(&plotters::style::WHITE)?;
        self.head.iter().try_for_each(|line| text(root, line, INK))?;
        // Room for half a point at the ends.
        let axis = Axis { low: -0.015, high: 1.015, ticks: (0..=5).map(|i| f64::from(i) / 5.0).collect() };
        let chart = axes(
            root,
            &Axes {
                place: (MARGIN, self.top, CHART.0, CHART.1),
                x: &axis,
                y: &axis,
                x_label: "normalised rank of the pretext loss",
                y_label: self.y_label,
                x_tick: &|x| axis.label(x),
            },
        )?;
        let color = COLORS[0].mix(OPACITY).filled();
        for point in &self.points {
            root.draw(&Circle::new(chart.backend_coord(point), fine(POINT), color))?;
        }
        root.present()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_go_from_0_to_1_and_ties_share_theirs() {
        assert_eq!(normalised_ranks(&[5.0, 1.0, 9.0, 5.0, 7.0]), [0.375, 0.0, 1.0, 0.375, 0.75]);
        assert_eq!(normalised_ranks(&[2.0]), [0.0]);
    }
}
