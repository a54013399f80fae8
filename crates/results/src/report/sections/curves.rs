//! The learning curves.

use crate::report::page::{Block, Curves, Figure, Text};

/// How to read the figures; the browser's chart does not need it.
const NOTE: &str = "\
Bars are 95 % intervals of the mean. Bars and single published numbers are shifted sideways by a few pixels, so that \
they do not hide each other. A bar without a cap extends beyond the picture.";

/// The figures with how to read them; empty without figures.
pub(crate) fn blocks(figures: Vec<Figure>) -> Vec<Block> {
    match figures.is_empty() {
        true => Vec::new(),
        false => vec![Block::Curves(Curves { figures, note: Some(Text::from(NOTE)) })],
    }
}

/// The figures of several experiments.
pub(crate) fn of_several(figures: Vec<Figure>) -> Vec<Block> {
    match figures.is_empty() {
        true => Vec::new(),
        false => vec![Block::Curves(Curves { figures, note: None })],
    }
}
