//! Where everything goes, in shown pixels.

use anyhow::Result;

use super::{Effect, Effects};
use crate::report::figures::picture::{LINE, Line, MARGIN, heading, register_font, width, wrap};

/// The size of all text but the title's.
pub(super) const TEXT: f64 = 15.5;
const HEADING: f64 = 17.0;
/// The least width of a picture, and of its axis. The page shows pictures 830 pixels wide, where text has to be readable.
const LEAST_WIDTH: f64 = 880.0;
const LEAST_AXIS: f64 = 300.0;
/// The widest name on one line.
const NAME: f64 = 390.0;
const GAP: f64 = 16.0;
/// Between two rows, beside the height of their text.
const APART: f64 = 8.0;

/// A forest plot that is laid out.
pub(crate) struct Forest {
    pub effects: Effects,
    pub head: Vec<Line>,
    pub headings: Vec<Line>,
    pub rows: Vec<Row>,
    /// Left and width of the axis.
    pub axis: (f64, f64),
    /// Where the lines of the ticks start and end.
    pub lines: (f64, f64),
    /// Where the numbers start.
    pub numbers: f64,
    /// The middle of what the two markers mean.
    pub legend: f64,
    pub caption: Vec<Line>,
    pub size: (f64, f64),
}

/// A difference at its place.
pub(crate) struct Row {
    pub effect: Effect,
    pub name: Vec<Line>,
    pub middle: f64,
}

impl Forest {
    /// Lays out the differences: the rows of a group by their means, greatest first.
    ///
    /// # Errors
    /// If the font, by which text is measured, cannot be read.
    pub fn of(effects: Effects) -> Result<Self> {
        register_font()?;
        let all = || effects.groups.iter().flat_map(|group| &group.rows);
        let parts = all().flat_map(name);
        let names = parts.map(|part| width(&part, TEXT)).fold(0.0, f64::max).min(NAME) + 1.0;
        let numbers = all().map(|row| width(&row.shown, TEXT)).fold(0.0, f64::max);
        let beside = 2.0 * MARGIN + names + numbers + 2.0 * GAP;
        let picture = (beside + LEAST_AXIS).max(LEAST_WIDTH).ceil();
        let inside = picture - 2.0 * MARGIN;
        let (mut head, mut top) = heading(&effects.title, &effects.subtitle, picture);
        if !effects.badge.is_empty() {
            push(&mut head, &mut top, (&effects.badge, TEXT), (MARGIN, inside));
        }
        let first = top;
        let (mut headings, mut rows) = (Vec::new(), Vec::new());
        for group in &effects.groups {
            top += 1.5 * APART;
            push(&mut headings, &mut top, (&group.heading, HEADING), (MARGIN, inside));
            top += APART / 2.0;
            let mut sorted: Vec<&Effect> = group.rows.iter().collect();
            sorted.sort_by(|a, b| b.mean.total_cmp(&a.mean));
            for effect in sorted {
                let (mut lines, start) = (Vec::new(), top);
                name(effect).iter().for_each(|part| push(&mut lines, &mut top, (part, TEXT), (MARGIN, names)));
                rows.push(Row { effect: effect.clone(), name: lines, middle: (start + top) / 2.0 });
                top += APART;
            }
        }
        let bottom = top;
        // The labels of the ticks, and the label of the axis.
        top += 2.0 * (TEXT * LINE) + GAP;
        let legend = top + TEXT * LINE / 2.0;
        top += TEXT * LINE + APART / 2.0;
        let mut caption = Vec::new();
        push(&mut caption, &mut top, (&effects.caption, TEXT), (MARGIN, inside));
        Ok(Self {
            head,
            headings,
            rows,
            axis: (MARGIN + names + GAP, picture - beside),
            lines: (first, bottom),
            numbers: picture - MARGIN - numbers,
            legend,
            caption,
            size: (picture, (top + MARGIN).ceil()),
            effects,
        })
    }

    /// The place of a value on the axis.
    pub fn x(&self, value: f64) -> f64 {
        let (low, high) = self.effects.axis;
        self.axis.0 + (value - low) / (high - low) * self.axis.1
    }
}

/// The name with its mark: on one line, or else the sampler, its variant and the mark on lines of their own.
fn name(effect: &Effect) -> Vec<String> {
    let whole = format!("{} {}", effect.name, effect.mark).trim_end().to_owned();
    if width(&whole, TEXT) <= NAME {
        return vec![whole];
    }
    let named = effect.name.split_inclusive('@').map(str::to_owned);
    named.chain((!effect.mark.is_empty()).then(|| effect.mark.to_owned())).collect()
}

/// Adds a text in as many lines as it needs from `top` on, and moves `top` below it.
fn push(lines: &mut Vec<Line>, top: &mut f64, (text, size): (&str, f64), (left, limit): (f64, f64)) {
    for line in wrap(text, size, limit, 8) {
        lines.push(Line { text: line, size, left, middle: *top + size * LINE / 2.0 });
        *top += size * LINE;
    }
}
