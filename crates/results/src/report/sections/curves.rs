//! The learning curves.

use crate::report::page::{Block, Curves, Fold, Section};

const HEADING: &str = "Learning curves";

/// The curves as a block; empty without figures.
pub(crate) fn blocks(curves: Curves) -> Vec<Block> {
    if curves.figures.is_empty() { Vec::new() } else { vec![Block::Curves(curves)] }
}

/// The curves under a heading of their own, on a page that opens on another picture.
pub(crate) fn section(blocks: Vec<Block>) -> Section {
    Section::new(HEADING, blocks).with_fold(Fold::Never)
}
