//! The first images that each arm queried: parts of one JPEG in one SVG, which plotters cannot draw.

use std::fmt::Write;

use anyhow::Result;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::picture::{LINE, Line, MARGIN, heading, register_font, width, wrap};
use crate::report::page::Badge;
use crate::store::{Sheet, Thumbnail};

const LABEL: f64 = 13.0;
/// The side of a picture, of its longer one.
const TILE: f64 = 36.0;
const BETWEEN: f64 = 2.0;
const GAP: f64 = 26.0;
/// The widest picture.
const MOST: f64 = 1100.0;
const LEAST: f64 = 520.0;

/// The images of an arm that are on the sheet, by round, in the order in which they were queried.
pub(crate) struct Block<'a> {
    pub label: &'a str,
    pub rounds: Vec<Vec<&'a Thumbnail>>,
}

/// Blocks in a grid, as an SVG document.
///
/// # Errors
/// If the font, by which text is measured, cannot be read.
pub(crate) fn svg(blocks: &[Block], sheet: &Sheet, (title, subtitle): (&str, &str), badge: &Badge) -> Result<String> {
    register_font()?;
    let longest = sheet.tiles.iter().map(|t| t.width.max(t.height)).max().unwrap_or(1) as f64;
    let side = |of: fn(&Thumbnail) -> usize| sheet.tiles.iter().map(of).max().unwrap_or(1) as f64 * TILE / longest;
    let (tile_width, tile_height) = (side(|t| t.width), side(|t| t.height));
    let rounds = blocks.iter().map(|block| block.rounds.len()).max().unwrap_or(0);
    let most = blocks.iter().flat_map(|block| &block.rounds).map(Vec::len).max().unwrap_or(0) as f64;
    let number = width(&rounds.to_string(), LABEL) + 8.0;
    let labels = blocks.iter().map(|block| width(block.label, LABEL)).fold(0.0, f64::max);
    let block_width = (number + most * (tile_width + BETWEEN)).max(labels);
    // At least a line of text, or round numbers would run into each other.
    let row = (tile_height + BETWEEN).max(LABEL * LINE);
    let title_height = LABEL * LINE + 4.0;
    let columns = (((MOST - 2.0 * MARGIN + GAP) / (block_width + GAP)) as usize).clamp(1, blocks.len());
    // As many in each row as can be.
    let columns = blocks.len().div_ceil(blocks.len().div_ceil(columns));
    let picture = (2.0 * MARGIN + columns as f64 * (block_width + GAP) - GAP).max(LEAST).ceil();
    let (head, top) = heading(title, subtitle, picture);
    let block_height = title_height + rounds as f64 * row + GAP;
    let mut height = top + blocks.len().div_ceil(columns) as f64 * block_height - GAP + MARGIN;
    let foot: Vec<Line> = wrap(&badge.line(), LABEL, picture - 2.0 * MARGIN, 3)
        .into_iter()
        .map(|text| {
            height += LABEL * LINE;
            Line { text, size: LABEL, left: MARGIN, middle: height - MARGIN - LABEL * LINE / 2.0 }
        })
        .collect();
    let height = height.ceil();
    let mut out = format!(
        "<svg width=\"{picture}\" height=\"{height}\" viewBox=\"0 0 {picture} {height}\" \
         xmlns=\"http://www.w3.org/2000/svg\">\n\
         <defs>\n<image id=\"queried-sheet\" width=\"{}\" height=\"{}\" style=\"image-rendering: pixelated\" \
         href=\"data:image/jpeg;base64,{}\"/>\n</defs>\n\
         <rect x=\"0\" y=\"0\" width=\"{picture}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n",
        sheet.width,
        sheet.height,
        STANDARD.encode(&sheet.jpeg)
    );
    head.iter().for_each(|line| write_text(&mut out, line, "#222222"));
    foot.iter().for_each(|line| write_text(&mut out, line, "#555555"));
    for (i, block) in blocks.iter().enumerate() {
        let left = MARGIN + (i % columns) as f64 * (block_width + GAP);
        let top = top + (i / columns) as f64 * block_height;
        let text = |text: &str, left, middle| Line { text: text.into(), size: LABEL, left, middle };
        let label = wrap(block.label, LABEL, block_width, 1).concat();
        write_text(&mut out, &text(&label, left, top + LABEL * LINE / 2.0), "#222222");
        for (round, tiles) in block.rounds.iter().enumerate() {
            let y = top + title_height + round as f64 * row;
            write_text(&mut out, &text(&round.to_string(), left, y + tile_height / 2.0), "#555555");
            for (rank, tile) in tiles.iter().enumerate() {
                let x = left + number + rank as f64 * (tile_width + BETWEEN);
                let Thumbnail { x: from, y: down, width, height, .. } = tile;
                writeln!(
                    out,
                    "<svg x=\"{x:.2}\" y=\"{y:.2}\" width=\"{tile_width:.2}\" height=\"{tile_height:.2}\" \
                     viewBox=\"{from} {down} \
                     {width} {height}\"><use href=\"#queried-sheet\"/></svg>"
                )
                .expect("a string takes all");
            }
        }
    }
    Ok(out + "</svg>\n")
}

/// Writes a line of text as plotters does, whose font size is the height of a line.
fn write_text(out: &mut String, line: &Line, color: &str) {
    let text = line.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let Line { left, middle, size, .. } = line;
    writeln!(
        out,
        "<text x=\"{left:.2}\" y=\"{middle:.2}\" dy=\"0.5ex\" font-family=\"sans-serif\" font-size=\"{:.2}\" \
         fill=\"{color}\">{text}</text>",
        size / 1.24
    )
    .expect("a string takes all");
}
