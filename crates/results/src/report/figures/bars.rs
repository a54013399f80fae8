//! Classes by round as stacked bars: a panel for each arm.

use anyhow::Result;
use plotters::prelude::{Color, DrawingBackend, PathElement, Rectangle};
use plotters::style::RGBColor;

use crate::report::figures::picture::{
    Anchor, Area, Drawn, FAINT_INK, FINE, INK, LINE, Line, MARGIN, Picture, category, fine, heading, register_font,
    text, text_at, width, wrap,
};

const LABEL: f64 = 13.0;
/// Height of the bars: the least, and the most where the legend is longer.
const HEIGHT: (f64, f64) = (130.0, 300.0);
/// Width of the bars of a panel: widest labels may make it wider.
const PANEL: (f64, f64) = (150.0, 230.0);
const GAP: f64 = 22.0;
/// Before the first panel of a row: shares.
const SHARES: f64 = 46.0;
/// The widest picture, but for the legend.
const MOST: f64 = 860.0;
/// The legend's squares, and its widest text.
const SWATCH: f64 = 13.0;
const LEGEND: f64 = 190.0;

/// The shares of the classes in each round of an arm.
pub(crate) struct Stacks {
    /// The arm.
    pub label: String,
    /// By round: shares that add up to 1, from the first class on; none for a round without classes.
    pub rounds: Vec<Option<Vec<f64>>>,
}

/// Panels that are laid out.
pub(crate) struct Bars {
    head: Vec<Line>,
    panels: Vec<Panel>,
    legend: Vec<Line>,
    /// Where the legend's squares start.
    legend_left: f64,
    panel: f64,
    /// Height of the bars.
    height: f64,
    size: (f64, f64),
    has_pool: bool,
}

struct Panel {
    label: String,
    left: f64,
    top: f64,
    /// Whether it is the first of its row.
    first: bool,
    /// Shares by bar, from the first class on; none where a round has no classes. The pool comes first.
    bars: Vec<Option<Vec<f64>>>,
}

impl Bars {
    /// # Errors
    /// If the font, by which text is measured, cannot be read.
    pub fn of(title: &str, subtitle: &str, classes: &[String], pool: Option<&[f64]>, arms: &[Stacks]) -> Result<Self> {
        register_font()?;
        let widest = arms.iter().map(|arm| width(&arm.label, LABEL)).fold(0.0, f64::max);
        let panel = widest.clamp(PANEL.0, PANEL.1);
        let columns = (((MOST - SHARES + GAP) / (panel + GAP)) as usize).clamp(1, arms.len().max(1));
        // As many in each row as can be.
        let columns = arms.len().div_ceil(arms.len().div_ceil(columns).max(1)).max(1);
        let rows = arms.len().div_ceil(columns);
        let legend_left = MARGIN + SHARES + columns as f64 * (panel + GAP);
        let names = classes.iter().map(|class| width(class, LABEL)).fold(0.0, f64::max).min(LEGEND);
        let picture = (legend_left + SWATCH + 8.0 + names + MARGIN).max(560.0).ceil();
        let (head, top) = heading(title, subtitle, picture);
        let beside = 2.0 * LABEL * LINE + 6.0 + GAP;
        let bars = (classes.len() as f64 * LABEL * 1.5 / rows as f64 - beside).clamp(HEIGHT.0, HEIGHT.1);
        let row_height = beside + bars;
        let place = |i: usize| {
            (MARGIN + SHARES + (i % columns) as f64 * (panel + GAP), top + (i / columns) as f64 * row_height)
        };
        let panels = arms.iter().enumerate().map(|(i, arm)| {
            let (left, top) = place(i);
            let all = pool.map(|pool| Some(pool.to_vec())).into_iter().chain(arm.rounds.iter().cloned()).collect();
            let label = wrap(&arm.label, LABEL, panel, 1).concat();
            Panel { label, left, top: top + LABEL * LINE + 6.0, first: i % columns == 0, bars: all }
        });
        // From the top down, as the bars are stacked.
        let line = |(i, class): (usize, &String)| {
            let middle = top + LABEL * LINE + 6.0 + (i as f64 + 0.5) * LABEL * 1.5;
            let text = wrap(class, LABEL, LEGEND, 1).concat();
            Line { text, size: LABEL, left: legend_left + SWATCH + 8.0, middle }
        };
        let legend: Vec<Line> = classes.iter().enumerate().map(line).collect();
        let bottom = legend.last().map_or(top, |line| line.middle + LABEL);
        let height = bottom.max(top + rows as f64 * row_height - GAP) + MARGIN;
        let size = (picture, height.ceil());
        Ok(Self {
            head,
            panels: panels.collect(),
            legend,
            legend_left,
            panel,
            height: bars,
            size,
            has_pool: pool.is_some(),
        })
    }
}

impl Picture for Bars {
    fn size(&self) -> (f64, f64) {
        self.size
    }

    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB> {
        root.fill(&plotters::style::WHITE)?;
        self.head.iter().try_for_each(|line| text(root, line, INK))?;
        for (i, line) in self.legend.iter().enumerate() {
            text(root, line, INK)?;
            let top = line.middle - SWATCH / 2.0;
            rectangle(root, (self.legend_left, top), (self.legend_left + SWATCH, top + SWATCH), category(i))?;
        }
        self.panels.iter().try_for_each(|panel| self.panel(root, panel))?;
        root.present()
    }
}

impl Bars {
    fn panel<DB: DrawingBackend>(&self, root: &Area<DB>, panel: &Panel) -> Drawn<DB> {
        let (left, top) = (panel.left, panel.top);
        text_at(root, (&panel.label, LABEL), (left, top - 6.0 - LABEL * LINE / 2.0), Anchor::Left, INK)?;
        if panel.first {
            for part in [0.0, 0.5, 1.0] {
                let middle = top + (1.0 - part) * self.height;
                let share = format!("{:.0} %", 100.0 * part);
                text_at(root, (&share, LABEL), (left - 8.0, middle), Anchor::Right, FAINT_INK)?;
                let tick = [(fine(left - 5.0), fine(middle)), (fine(left - 1.0), fine(middle))];
                root.draw(&PathElement::new(tick, FAINT_INK.stroke_width(FINE)))?;
            }
        }
        // The pool stands apart, by as much as half a bar.
        let apart = if self.has_pool { 0.5 } else { 0.0 };
        let step = self.panel / (panel.bars.len() as f64 + apart).max(1.0);
        let mut end = f64::NEG_INFINITY;
        for (i, bar) in panel.bars.iter().enumerate() {
            let is_pool = self.has_pool && i == 0;
            let from = left + step * (i as f64 + if is_pool { 0.0 } else { apart });
            let (from, to) = (from + 0.08 * step, from + 0.92 * step);
            let mut above = 0.0;
            for (class, share) in bar.iter().flatten().enumerate() {
                let (high, low) = (top + above * self.height, top + (above + share) * self.height);
                rectangle(root, (from, high), (to, low), category(class))?;
                above += share;
            }
            let label = if is_pool { "pool".into() } else { (i - usize::from(self.has_pool)).to_string() };
            let half = width(&label, LABEL) / 2.0;
            let center = ((from + to) / 2.0).max(left + if is_pool { half } else { 0.0 });
            if center - half > end {
                end = center + half + 4.0;
                text_at(
                    root,
                    (&label, LABEL),
                    (center, top + self.height + LABEL * LINE / 2.0 + 3.0),
                    Anchor::Center,
                    INK,
                )?;
            }
        }
        Ok(())
    }
}

fn rectangle<DB: DrawingBackend>(root: &Area<DB>, from: (f64, f64), to: (f64, f64), color: RGBColor) -> Drawn<DB> {
    root.draw(&Rectangle::new([(fine(from.0), fine(from.1)), (fine(to.0), fine(to.1))], color.filled()))
}
