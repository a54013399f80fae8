//! Histograms of losses in which every bar shows what it has of each batch.

use anyhow::Result;
use plotters::prelude::{Color, DrawingBackend, PathElement, Rectangle};
use plotters::style::RGBColor;

use crate::report::figures::picture::{
    Anchor, Area, Axes, Axis, Drawn, FAINT_INK, FINE, INK, LINE, Line, MARGIN, Picture, axes, fine, heading,
    register_font, sequence, text, text_at, width, wrap,
};

const LABEL: f64 = 13.0;
const BINS: usize = 50;
/// A panel's axes with their labels.
const CHART: (f64, f64) = (520.0, 250.0);
const GAP: f64 = 18.0;
/// The colour scale of batches.
const SCALE: (f64, f64) = (180.0, 14.0);

/// Losses that were cut into batches.
pub(crate) struct Batches {
    pub label: String,
    /// The losses of each batch.
    pub batches: Vec<Vec<f64>>,
    /// Whether each batch is a range of losses, so that there are bounds between them.
    pub are_ranges: bool,
}

impl Batches {
    /// All losses, ascending.
    pub fn sorted(&self) -> Vec<f64> {
        let mut all = self.batches.concat();
        all.sort_by(f64::total_cmp);
        all
    }
}

/// Panels that are laid out: one for each way of cutting losses into batches.
pub(crate) struct Histograms {
    head: Vec<Line>,
    panels: Vec<Panel>,
    /// The last batch's number of the panel that has the most.
    last: usize,
    size: (f64, f64),
}

struct Panel {
    label: Vec<String>,
    left: f64,
    top: f64,
    is_logarithmic: bool,
    x: Axis,
    y: Axis,
    /// Images by bin and batch.
    bins: Vec<Vec<usize>>,
    /// Where one batch ends and the next begins, in the unit of x; none where batches are no ranges of losses.
    bounds: Vec<f64>,
}

impl Histograms {
    /// # Errors
    /// If the font, by which text is measured, cannot be read.
    pub fn of(title: &str, seed: u64, found: &[Batches]) -> Result<Self> {
        register_font()?;
        let columns = found.len().clamp(1, 2);
        let picture = 2.0 * MARGIN + columns as f64 * (CHART.0 + GAP) - GAP;
        let subtitle =
            format!("Pretext losses of seed {seed}, coloured by pretext batch; lines between batches that are ranges");
        let (head, top) = heading(title, &subtitle, picture);
        // A line for the scale of colours.
        let top = top + SCALE.1 + GAP;
        let labels: Vec<Vec<String>> = found.iter().map(|b| wrap(&b.label, LABEL, CHART.0 - 64.0, 2)).collect();
        let above = LABEL * LINE * labels.iter().map(Vec::len).max().unwrap_or(1) as f64 + 6.0 + LABEL * LINE;
        let row = above + CHART.1 + GAP;
        let place = |i: usize| (MARGIN + (i % columns) as f64 * (CHART.0 + GAP), top + (i / columns) as f64 * row);
        let panels = found.iter().zip(labels).enumerate().map(|(i, (batched, label))| {
            let (left, top) = place(i);
            Panel::of(batched, label, left, top + above)
        });
        let height = top + found.len().div_ceil(columns) as f64 * row - GAP + MARGIN;
        let last = found.iter().map(|b| b.batches.len()).max().unwrap_or(1) - 1;
        Ok(Self { head, panels: panels.collect(), last, size: (picture.ceil(), height.ceil()) })
    }
}

impl Panel {
    fn of(batched: &Batches, label: Vec<String>, left: f64, top: f64) -> Self {
        let sorted = batched.sorted();
        let (least, most) = (sorted.first().copied().unwrap_or(0.0), sorted.last().copied().unwrap_or(1.0));
        let is_logarithmic = least > 0.0 && most / least > 100.0;
        let scaled = |loss: f64| if is_logarithmic { loss.log10() } else { loss };
        let (low, high) = (scaled(least), scaled(most));
        let (low, high) = if high > low { (low, high) } else { (low - 0.5, high + 0.5) };
        let mut bins = vec![vec![0; batched.batches.len()]; BINS];
        for (batch, losses) in batched.batches.iter().enumerate() {
            for loss in losses {
                let at = (scaled(*loss) - low) / (high - low) * BINS as f64;
                bins[(at as usize).min(BINS - 1)][batch] += 1;
            }
        }
        let ends = |batch: &Vec<f64>| {
            let all = || batch.iter().copied();
            Some((all().reduce(f64::min)?, all().reduce(f64::max)?))
        };
        let bound = |pair: &[Vec<f64>]| {
            let ((a, b), (c, d)) = (ends(&pair[0])?, ends(&pair[1])?);
            // The higher one of the two may come first.
            Some(if a >= d { scaled((a + d) / 2.0) } else { scaled((b + c) / 2.0) })
        };
        let bounds = match batched.are_ranges {
            true => batched.batches.windows(2).filter_map(bound).collect(),
            false => Vec::new(),
        };
        let highest = bins.iter().map(|bin| bin.iter().sum::<usize>()).max().unwrap_or(1).max(1) as f64;
        Self {
            label,
            left,
            top,
            is_logarithmic,
            x: Axis { low, high, ticks: ticks(low, high, is_logarithmic) },
            y: Axis { low: 0.0, high: 1.05 * highest, ticks: ticks(0.0, 1.05 * highest, false) },
            bins,
            bounds,
        }
    }

    fn tick(&self, x: f64) -> String {
        match (self.is_logarithmic, x.round() as i32) {
            (true, power @ -2..=3) => format!("{:.*}", (-power).max(0) as usize, 10f64.powi(power)),
            (true, power) => format!("1e{power}"),
            (false, _) => self.x.label(x),
        }
    }
}

/// Round numbers in a range, at most 8; whole powers of 10 if the range is logarithmic.
fn ticks(low: f64, high: f64, is_logarithmic: bool) -> Vec<f64> {
    spaced((low, high), 7.0, is_logarithmic)
}

/// Round numbers in a range, with at most so many steps between them; whole powers of 10 if the range is logarithmic.
pub(super) fn spaced((low, high): (f64, f64), steps: f64, is_logarithmic: bool) -> Vec<f64> {
    let rough = (high - low) / steps;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|s| *s >= rough).unwrap_or(10.0 * power);
    let step = if is_logarithmic { rough.ceil().max(1.0) } else { step };
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|k| k as f64 * step).collect()
}

impl Picture for Histograms {
    fn size(&self) -> (f64, f64) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        root.fill(&plotters::style::WHITE)?;
        self.head.iter().try_for_each(|line| text(root, line, INK))?;
        self.scale(root)?;
        self.panels.iter().try_for_each(|panel| self.panel(root, panel))?;
        root.present()
    }
}

impl Histograms {
    fn color(&self, batch: usize) -> RGBColor {
        sequence(batch as f64 / self.last.max(1) as f64)
    }

    /// `batch 0 [colours] 9`.
    fn scale<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        let after = self.head.last().map_or(MARGIN, |line| line.middle + line.size * LINE / 2.0 + 10.0);
        let middle = after + SCALE.1 / 2.0;
        let left = MARGIN + width("batch 0", LABEL) + 8.0;
        let step = SCALE.0 / (self.last + 1) as f64;
        for batch in 0..=self.last {
            let from = left + batch as f64 * step;
            rectangle(root, (from, after), (from + step, after + SCALE.1), self.color(batch))?;
        }
        text_at(root, ("batch 0", LABEL), (MARGIN, middle), Anchor::Left, INK)?;
        text_at(root, (&self.last.to_string(), LABEL), (left + SCALE.0 + 8.0, middle), Anchor::Left, INK)
    }

    fn panel<DB: DrawingBackend>(&self, root: &Area<DB>, panel: &Panel) -> Drawn<DB> {
        // Flush with the axis.
        let left = panel.left + 64.0;
        let first = panel.top - LABEL * LINE * (panel.label.len() as f64 + 1.0) - 6.0;
        for (i, line) in panel.label.iter().enumerate() {
            text_at(root, (line, LABEL), (left, first + (i as f64 + 0.5) * LABEL * LINE), Anchor::Left, INK)?;
        }
        let chart = axes(
            root,
            &Axes {
                place: (panel.left, panel.top, CHART.0, CHART.1),
                x: &panel.x,
                y: &panel.y,
                x_label: if panel.is_logarithmic { "loss (nats, logarithmic)" } else { "loss (nats)" },
                y_label: "images",
                x_tick: &|x| panel.tick(x),
            },
        )?;
        let step = (panel.x.high - panel.x.low) / BINS as f64;
        for (i, bin) in panel.bins.iter().enumerate() {
            let (from, to) = (panel.x.low + i as f64 * step, panel.x.low + (i + 1) as f64 * step);
            let mut below = 0;
            for (batch, &images) in bin.iter().enumerate().filter(|(_, images)| **images > 0) {
                let corner = |x: f64, y: usize| chart.backend_coord(&(x, y as f64));
                let (a, b) = (corner(from, below), corner(to, below + images));
                root.draw(&Rectangle::new([a, b], self.color(batch).filled()))?;
                below += images;
            }
        }
        let pixel = |x: f64| f64::from(chart.backend_coord(&(x, 0.0)).0) / f64::from(FINE);
        let (top, bottom) = (panel.top, f64::from(chart.backend_coord(&(panel.x.low, 0.0)).1) / f64::from(FINE));
        for &bound in &panel.bounds {
            let x = fine(pixel(bound));
            let line = [(x, fine(top)), (x, fine(bottom))];
            root.draw(&PathElement::new(line, FAINT_INK.stroke_width(FINE)))?;
        }
        // Numbers between the lines, as far as there is room.
        let mut ends = vec![panel.x.low, panel.x.high];
        ends.extend(&panel.bounds);
        ends.sort_by(f64::total_cmp);
        let descends = panel.bounds.first() > panel.bounds.last();
        for (i, pair) in ends.windows(2).enumerate().filter(|_| !panel.bounds.is_empty()) {
            let batch = if descends || panel.bounds.len() == 1 { panel.bounds.len() - i } else { i };
            let label = batch.to_string();
            let (from, to) = (pixel(pair[0]), pixel(pair[1]));
            if to - from > width(&label, LABEL) + 2.0 {
                let center = ((from + to) / 2.0, top - LABEL * LINE / 2.0);
                text_at(root, (&label, LABEL), center, Anchor::Center, FAINT_INK)?;
            }
        }
        Ok(())
    }
}

fn rectangle<DB: DrawingBackend>(root: &Area<DB>, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Drawn<DB> {
    root.draw(&Rectangle::new([(fine(from.0), fine(from.1)), (fine(to.0), fine(to.1))], color.filled()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn panel(are_ranges: bool, batches: &[&[f64]]) -> Panel {
        let batches = batches.iter().map(|batch| batch.to_vec()).collect();
        Panel::of(&Batches { label: String::new(), batches, are_ranges }, vec!["p".into()], 0.0, 0.0)
    }

    #[test]
    fn bounds_lie_between_batches_that_are_ranges_in_either_order() {
        let linear = panel(true, &[&[4.0, 3.0], &[2.0, 1.5]]);
        assert_eq!((linear.bounds.as_slice(), linear.is_logarithmic), ([2.5].as_slice(), false));
        assert_eq!(panel(true, &[&[1.5, 2.0], &[3.0, 4.0]]).bounds, [2.5]);
        assert!(panel(false, &[&[9e-5, 9.0], &[1.0, 0.5]]).bounds.is_empty());
        // Equal losses on both sides.
        assert_eq!(panel(true, &[&[4.0, 3.0], &[3.0, 1.5]]).bounds, [3.0]);
    }

    #[test]
    fn more_than_two_decades_of_positive_losses_are_logarithmic() {
        let wide = panel(true, &[&[10.0, 1.0], &[1e-3, 1e-4]]);
        assert!(wide.is_logarithmic);
        assert_eq!((wide.x.low, wide.x.high), (-4.0, 1.0));
        assert_eq!(wide.x.ticks, [-4.0, -3.0, -2.0, -1.0, 0.0, 1.0]);
        let shown: Vec<String> = wide.x.ticks.iter().map(|&x| wide.tick(x)).collect();
        assert_eq!(shown, ["1e-4", "1e-3", "0.01", "0.1", "1", "10"]);
        // One lies in the first bin, one in the last.
        assert_eq!((&wide.bins[0], &wide.bins[BINS - 1]), (&vec![0, 1], &vec![1, 0]));
        assert!(!panel(true, &[&[10.0], &[0.0]]).is_logarithmic);
        let equal = panel(true, &[&[1.0], &[1.0]]);
        assert!(equal.x.low < 1.0 && equal.x.high > 1.0);
    }
}
