//! The font, lines of text, and how much room they take.

use std::sync::OnceLock;

use anyhow::{Result, ensure};
use plotters::prelude::{DrawingBackend, RGBColor, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontStyle, FontTransform, IntoFont, register_font as register};

use super::{Area, Drawn, MARGIN, fine, scaled};

/// The font's name: viewers of the SVG use their own font of this name, and the built-in font is registered under it.
pub(crate) const FONT: &str = "sans-serif";

/// Height of a line of text to its size.
pub(crate) const LINE: f64 = 1.25;

const TITLE: f64 = 21.0;
const SUBTITLE: f64 = 15.0;

/// A line of text that starts at `left` and is centred on `middle`, in shown pixels.
pub(crate) struct Line {
    pub text: String,
    pub size: f64,
    pub left: f64,
    pub middle: f64,
}

/// Registers the built-in font, once a process: the PNG is the same on a machine without fonts.
///
/// # Errors
/// If the font is damaged, which a build cannot have.
pub(crate) fn register_font() -> Result<()> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = DONE.get_or_init(|| register(FONT, FontStyle::Normal, dejavu::sans::regular()).is_ok());
    ensure!(*done, "the built-in font cannot be read; build pt4al again");
    Ok(())
}

/// The width of a line of text in the unit of `size`. DejaVu runs wide: what viewers show in its place is narrower.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    // The measure comes in whole pixels.
    const FINER: f64 = 16.0;
    let measured = (FONT, size * FINER).into_font().box_size(text);
    // Without the font (never registered), a rough guess.
    measured.map_or(0.6 * size * text.chars().count() as f64, |(w, _)| f64::from(w) / FINER)
}

/// `text` in at most `most` lines no wider than `limit`, broken between words, or inside one that is too long; what
/// does not fit ends in an ellipsis. At least one line.
pub(crate) fn wrap(text: &str, size: f64, limit: f64, most: usize) -> Vec<String> {
    let fits = |line: &str| width(line, size) <= limit;
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.len() - 1;
        let longer = if lines[line].is_empty() { word.to_owned() } else { format!("{} {word}", lines[line]) };
        if fits(&longer) {
            lines[line] = longer;
            continue;
        }
        if !lines[line].is_empty() {
            lines.push(String::new());
        }
        for c in word.chars() {
            let line = lines.len() - 1;
            let longer = format!("{}{c}", lines[line]);
            if fits(&longer) || lines[line].is_empty() {
                lines[line] = longer;
            } else {
                lines.push(c.to_string());
            }
        }
    }
    if lines.len() > most.max(1) {
        lines.truncate(most.max(1));
        if let Some(last) = lines.last_mut() {
            while !last.is_empty() && !fits(&format!("{last}…")) {
                last.pop();
            }
            last.push('…');
        }
    }
    lines
}

/// Title and subtitle at the head of a picture of this width, and where what follows starts.
pub(crate) fn heading(title: &str, subtitle: &str, width: f64) -> (Vec<Line>, f64) {
    let mut lines = Vec::new();
    let mut top = MARGIN;
    for (content, size, most) in [(title, TITLE, 3), (subtitle, SUBTITLE, 2)] {
        for line in wrap(content, size, width - 2.0 * MARGIN, most) {
            lines.push(Line { text: line, size, left: MARGIN, middle: top + size * LINE / 2.0 });
            top += size * LINE;
        }
    }
    (lines, top + 12.0)
}

/// Draws a line of text.
pub(crate) fn text<DB: DrawingBackend>(root: &Area<DB>, line: &Line, color: RGBColor) -> Drawn<DB> {
    let style = (FONT, scaled(line.size)).into_font().color(&color).pos(Pos::new(HPos::Left, VPos::Center));
    root.draw(&Text::new(line.text.as_str(), (fine(line.left), fine(line.middle)), style))
}

/// Where a line of text has the point that it is drawn at: viewers show another font than the one it is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Left,
    Center,
    Right,
    /// At its foot; it is read from below.
    Upright,
}

/// Draws a line of text of this size about a point, in shown pixels.
pub(crate) fn text_at<DB: DrawingBackend>(
    root: &Area<DB>,
    (content, size): (&str, f64),
    (x, y): (f64, f64),
    anchor: Anchor,
    color: RGBColor,
) -> Drawn<DB> {
    let (side, turned) = match anchor {
        Anchor::Left => (HPos::Left, FontTransform::None),
        Anchor::Center => (HPos::Center, FontTransform::None),
        Anchor::Right => (HPos::Right, FontTransform::None),
        Anchor::Upright => (HPos::Left, FontTransform::Rotate270),
    };
    let style = (FONT, scaled(size)).into_font().transform(turned).color(&color).pos(Pos::new(side, VPos::Center));
    root.draw(&Text::new(content, (fine(x), fine(y)), style))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_wrapped_between_words_and_inside_long_ones() {
        register_font().unwrap();
        assert_eq!(wrap("short", 12.0, 200.0, 3), ["short"]);
        assert_eq!(wrap("", 12.0, 200.0, 3), [""]);
        let long = "words that do not fit on one line and a-word-that-is-very-very-long-and-has-no-space-at-all";
        let lines = wrap(long, 12.0, 150.0, 9);
        assert!(lines.len() > 3 && lines.iter().all(|l| width(l, 12.0) <= 150.0), "{lines:?}");
        assert_eq!(lines.concat().replace(' ', ""), long.replace(' ', ""));
        let cut = wrap(long, 12.0, 150.0, 2);
        assert!(cut.len() == 2 && cut[1].ends_with('…') && width(&cut[1], 12.0) <= 150.0, "{cut:?}");
        // Narrower than a letter: no endless loop, nothing lost.
        assert_eq!(wrap("abc", 12.0, 1.0, 9), ["a", "b", "c"]);
    }
}
