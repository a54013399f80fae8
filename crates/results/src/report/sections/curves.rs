//! The learning curves.

use crate::report::figures::curve::Plot;
use crate::report::findings::Findings;
use crate::report::page::{Block, Curves, Figure, Fold, Section, Text};

const HEADING: &str = "Learning curves";

/// The figures with how to read them, which the browser's chart does not need; empty without figures.
pub(crate) fn blocks(findings: &Findings, figures: Vec<Figure>) -> Vec<Block> {
    let note = || Some(Plot::of(findings, findings.primary_metric(), findings.rule())?.note());
    match figures.is_empty() {
        true => Vec::new(),
        false => {
            let note = note().filter(|note| !note.is_empty()).map(Text::from);
            vec![Block::Curves(Curves { figures, note })]
        }
    }
}

/// The curves under a heading of their own, on a page that opens on another picture.
pub(crate) fn section(blocks: Vec<Block>) -> Section {
    Section::new(HEADING, blocks).with_fold(Fold::Never)
}

/// The figures of several experiments.
pub(crate) fn of_several(figures: Vec<Figure>) -> Vec<Block> {
    match figures.is_empty() {
        true => Vec::new(),
        false => vec![Block::Curves(Curves { figures, note: None })],
    }
}
