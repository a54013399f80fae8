//! Tables as LaTeX: `tabular` with the rules of booktabs.

use pulldown_cmark::{Event, Tag, TagEnd};

use super::inline::events;
use super::table::{Cell, Column, End, Number, Spread, Table};
use super::text::{Span, Text};
use super::{Page, full_name};

/// `tables.tex`: each table behind a comment with its name.
pub(super) fn tables(page: &Page) -> String {
    let title = page.title.replace(char::is_control, " ");
    let mut out =
        format!("% Tables of: {title}\n% They need \\usepackage{{booktabs}}. Made together with README.md.\n");
    for (section, table) in page.tables() {
        out += &format!("\n% {}\n{}", full_name(&section, table), tabular(table));
    }
    out
}

/// A table alone.
pub(super) fn tabular(table: &Table) -> String {
    let columns = format!("l{}", "r".repeat(table.columns.len().saturating_sub(1)));
    let head = row(table.columns.iter().map(heading));
    let rows: String = table.rows.iter().map(|cells| row(cells.iter().map(cell))).collect();
    format!("\\begin{{tabular}}{{{columns}}}\n\\toprule\n{head}\\midrule\n{rows}\\bottomrule\n\\end{{tabular}}\n")
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("{} \\\\\n", cells.collect::<Vec<_>>().join(" & "))
}

fn heading(column: &Column) -> String {
    escape(&column.markdown())
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => self::text(text),
        Cell::Number(number) => self::number(number),
        Cell::Missing => "--".into(),
        other => escape(&other.plain()),
    }
}

/// `$+1.2 \pm 0.5^{*}$ (n=3)`.
fn number(number: &Number) -> String {
    let math = |text: String| text.replace(',', "{,}");
    let end = |end: End| match end {
        End::Below(value) => format!("<{}", math(number.digits(value))),
        End::At(value) => math(number.digits(value)),
        End::Beyond(value) => format!(">{}", math(number.digits(value))),
    };
    let mut inside = end(number.value);
    match number.spread {
        Spread::Unknown => {}
        Spread::Half(half) => inside += &format!(" \\pm {half:.*}", number.decimals),
        Spread::Ends(low, high) => inside += &format!("\\ [{}, {}]", end(low), end(high)),
    }
    if number.significant {
        inside += "^{*}";
    }
    let mut text = format!("${inside}$");
    if let Some(n) = number.n {
        text += &format!(" ($n={n}$)");
    }
    number.unit.iter().chain(&number.word).for_each(|word| text += &format!(" {}", escape(word)));
    text
}

fn text(text: &Text) -> String {
    let span = |span: &Span| match span {
        Span::Prose(markdown) => prose(&markdown.replace(char::is_control, " ")),
        Span::Verdict(_, words) => escape(words),
    };
    text.spans().iter().map(span).collect()
}

/// Links are their text: an address has no room in a table.
fn prose(markdown: &str) -> String {
    let event = |event: Event| match event {
        Event::Text(text) => escape(&text),
        Event::Code(code) => format!("\\texttt{{{}}}", escape(&code)),
        Event::Start(Tag::Strong) => "\\textbf{".into(),
        Event::Start(Tag::Emphasis) => "\\emph{".into(),
        Event::End(TagEnd::Strong | TagEnd::Emphasis) => "}".into(),
        _ => String::new(),
    };
    events(markdown).into_iter().map(event).collect()
}

/// Text in which no character has a meaning to LaTeX.
fn escape(text: &str) -> String {
    let escaped = |c: char| match c {
        '\\' => "\\textbackslash{}".into(),
        '~' => "\\textasciitilde{}".into(),
        '^' => "\\textasciicircum{}".into(),
        '&' | '%' | '$' | '#' | '_' | '{' | '}' => format!("\\{c}"),
        '<' | '>' | '|' => format!("${c}$"),
        '±' => "$\\pm$".into(),
        '†' => "$\\dagger$".into(),
        c if c.is_control() => " ".into(),
        c => c.to_string(),
    };
    // At the start of a row, `[` would be read as the length that `\\` may take.
    let text: String = text.chars().map(escaped).collect();
    if text.starts_with('[') { format!("{{}}{text}") } else { text }
}
