//! Tables that scroll by themselves, sort, and leave as CSV and LaTeX.

use super::super::latex::tabular;
use super::super::table::{Cell, End, Table};
use super::{escape, text, verdict_chip};

/// A table in a container that scrolls, and the same as LaTeX for who copies it. One with verdicts becomes a list of
/// cards on a phone, whose cells need the names of their columns.
pub(super) fn table(table: &Table) -> String {
    let has_cards = table.has_verdict();
    let class = if has_cards { "table verdicts" } else { "table" };
    let headings: Vec<String> = table.columns.iter().map(|column| escape(&column.markdown())).collect();
    let head: String = headings.iter().map(|heading| format!("<th scope=\"col\">{heading}</th>")).collect();
    let row = |cells: &Vec<Cell>| {
        let mut row = String::new();
        for (i, (cell, heading)) in cells.iter().zip(&headings).enumerate() {
            let inside = self::cell(cell);
            if i == 0 {
                row += &format!("<th scope=\"row\"><span>{}</span></th>", breaking(&inside));
                continue;
            }
            let column = if has_cards { format!(" data-column=\"{heading}\"") } else { String::new() };
            let value = value(cell).map(|value| format!(" data-value=\"{value}\"")).unwrap_or_default();
            row += &format!("<td{column}{value}>{inside}</td>");
        }
        format!("<tr>{row}</tr>\n")
    };
    let rows: String = table.rows.iter().map(row).collect();
    let (name, latex) = (escape(&table.name), escape(&tabular(table)));
    let words = name.replace('-', " ");
    format!(
        "<div class=\"{class}\" role=\"group\" aria-label=\"Table: {words}\" tabindex=\"0\">\
         <table data-name=\"{name}\">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table>\
         <template>{latex}</template></div>\n"
    )
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => self::text(text),
        Cell::Verdict(verdict, words) => verdict_chip(*verdict, words),
        other => escape(&other.plain()),
    }
}

/// The number by which a cell is sorted: a bound counts as the number that it is.
fn value(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Number(number) => {
            let (End::Below(value) | End::At(value) | End::Beyond(value)) = number.value;
            // Two digits more than the table shows are enough to sort by.
            let factor = 10f64.powi(number.decimals as i32 + 2);
            Some((value * factor).round() / factor)
        }
        Cell::Count(count) => Some(*count as f64),
        Cell::P(p) => Some(*p),
        Cell::Text(_) | Cell::Verdict(..) | Cell::Missing => None,
    }
}

/// HTML in which a name may be broken at its joints, `pretext-batch@other`, and nowhere else.
fn breaking(html: &str) -> String {
    let (mut out, mut is_tag) = (String::new(), false);
    for (at, c) in html.char_indices() {
        out.push(c);
        is_tag = c == '<' || (is_tag && c != '>');
        let goes_on = html[at + c.len_utf8()..].starts_with(char::is_alphanumeric);
        if !is_tag && matches!(c, '@' | '-' | '/' | '_') && goes_on {
            out += "<wbr>";
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::{Column, Number};
    use super::*;
    use crate::findings::Verdict;

    #[test]
    fn names_break_at_their_joints_and_never_in_a_tag() {
        assert_eq!(breaking("pretext-batch@other"), "pretext-<wbr>batch@<wbr>other");
        assert_eq!(breaking("<a href=\"a-b\">a-b</a> - c"), "<a href=\"a-b\">a-<wbr>b</a> - c");
    }

    #[test]
    fn rows_have_heads_numbers_their_value_and_the_table_its_latex() {
        let mut all = Table::new("last-round", Column::all(["arm", "value", "n"]));
        all.push("core-set", [Number::mean(45.6789, Some(1.0)).into(), Cell::Count(1240)]);
        all.push("a & b", [Cell::Missing, Cell::P(0.0001)]);
        let html = table(&all);
        for part in [
            "<div class=\"table\" role=\"group\" aria-label=\"Table: last round\" tabindex=\"0\">",
            "<table data-name=\"last-round\">\n<thead><tr><th scope=\"col\">arm</th>",
            "<tr><th scope=\"row\"><span>core-<wbr>set</span></th><td data-value=\"45.679\">45.7 ± 1.0</td>\
             <td data-value=\"1240\">1,240</td></tr>",
            "<td>-</td><td data-value=\"0.0001\">&lt; 0.001</td>",
            "<template>\\begin{tabular}{lrr}",
            "a \\&amp; b &amp; -- &amp; $&lt;$ 0.001",
        ] {
            assert!(html.contains(part), "{part:?} is not in {html}");
        }
        assert!(!html.contains("data-column"));
    }

    #[test]
    fn a_table_of_verdicts_becomes_cards_whose_cells_name_their_columns() {
        let mut all = Table::new("t", Column::all(["claim", "n", "verdict"]));
        all.push("a", [Cell::Count(3), Cell::Verdict(Verdict::DidNotHold, "did not hold".into())]);
        let html = table(&all);
        for part in [
            "<div class=\"table verdicts\" role=\"group\"",
            "<td data-column=\"n\" data-value=\"3\">3</td>",
            "<td data-column=\"verdict\"><strong class=\"verdict failed\">did not hold</strong></td>",
        ] {
            assert!(html.contains(part), "{part:?} is not in {html}");
        }
    }
}
