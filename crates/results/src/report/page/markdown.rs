//! Blocks as Markdown that also reads well on a terminal.

use super::table::{Column, Table};
use super::{Block, ClaimLine, Curves, Figure, Forest, Item, Sentence, Thumbnails};

/// Blocks with an empty line between them; ends with a line break.
pub(crate) fn markdown(blocks: &[Block]) -> String {
    blocks.iter().map(block).collect::<Vec<_>>().join("\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(text) => format!("**{}**\n", text.markdown()),
        Block::Paragraph(text) => format!("{}\n", text.markdown()),
        Block::List(items) => items.iter().map(item).collect(),
        Block::Claims(claims) => claims.claims.iter().map(claim).collect(),
        Block::Sentences(sentences) => sentences.iter().map(sentence).collect(),
        Block::Table(table) => table.markdown(),
        Block::Warning(text) => format!("> **Warning:** {}\n", text.markdown()),
        Block::Code(code) => {
            let fence = fence(&code.text);
            format!("{fence}{}\n{}{fence}\n", code.language, code.text)
        }
        Block::Figure(figure) | Block::Forest(Forest { figure, .. }) | Block::Thumbnails(Thumbnails { figure, .. }) => {
            self::figure(figure)
        }
        Block::Curves(Curves { figures, note }) => {
            let figures = figures.iter().map(figure);
            figures.chain(note.iter().map(|note| format!("{}\n", note.markdown()))).collect::<Vec<_>>().join("\n")
        }
    }
}

fn item(item: &Item) -> String {
    let below = item.items.iter().map(|text| format!("  - {}\n", text.markdown()));
    format!("- {}\n{}", item.text.markdown(), below.collect::<String>())
}

/// The verdict comes first, as in the other renderers.
fn claim(claim: &ClaimLine) -> String {
    let text = format!("**{}**: {}", claim.words, claim.sentence.markdown());
    item(&Item { text: text.into(), items: claim.details.clone() })
}

fn sentence(sentence: &Sentence) -> String {
    let outcome = sentence.outcome.map(|(_, words)| format!("**{words}**: ")).unwrap_or_default();
    let text = format!("{outcome}{}", sentence.text.markdown());
    item(&Item { text: text.into(), items: sentence.details.clone() })
}

fn figure(figure: &Figure) -> String {
    format!("![{}]({})\n", figure.alt.replace(['[', ']'], ""), figure.file)
}

/// Backticks that are more than any in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}

impl Table {
    /// The columns line up as plain text too.
    pub fn markdown(&self) -> String {
        let headings: Vec<String> = self.columns.iter().map(Column::markdown).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(super::Cell::markdown).collect());
        let grid: Vec<Vec<String>> = std::iter::once(headings).chain(rows).collect();
        aligned(&grid)
    }
}

/// The first column to the left, the others to the right.
fn aligned(grid: &[Vec<String>]) -> String {
    let escaped: Vec<Vec<String>> = grid.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()).collect();
    let width = |column: usize| escaped.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..grid.first().map_or(0, Vec::len)).map(|c| width(c).unwrap_or(0).max(3)).collect();
    let mut out = String::new();
    for (i, row) in escaped.iter().enumerate() {
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            out += &if column == 0 { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") };
        }
        out += "|\n";
        if i == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width - 1);
                out += &if column == 0 { format!("| :{dashes} ") } else { format!("| {dashes}: ") };
            }
            out += "|\n";
        }
    }
    out
}

/// Text that cannot end a cell or a line.
fn escape(cell: &str) -> String {
    cell.replace('|', "\\|").replace(['\n', '\r'], " ")
}
