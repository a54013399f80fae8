//! A page as one HTML file that loads nothing from a network.
//!
//! Figures are images inside the file. In place of the learning curves there is an interactive chart; readers without
//! JavaScript see the figures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::inline::events;
use super::table::{Cell, Table};
use super::text::{Span, Text};
use super::{Badge, Block, ClaimLine, Curves, Figure, Fold, Item, Page, Section, Sentence};
use crate::findings::Verdict;

/// The parts of `report.html` that are not blocks of [`Page`].
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// The data of the chart as JSON; without it the figures of the curves are shown.
    pub chart: Option<String>,
    /// Behind the sections of the page.
    pub sections: Vec<Section>,
}

/// The document.
pub(crate) fn document(page: &Page, extras: &Extras) -> String {
    let sections: Vec<&Section> = page.shown().chain(&extras.sections).collect();
    let title = escape(&page.title.replace(['\n', '\r'], " "));
    let entry = |s: &&Section| format!("<li><a href=\"#{}\">{}</a></li>\n", anchor(s), escape(&s.heading));
    let contents: String = sections.iter().map(entry).collect();
    let (badge, opening) = (badge(&page.badge), opening(page, extras));
    let sections: String = sections.into_iter().map(|section| self::section(section, extras)).collect();
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n<style>\n{css}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<h1>{title}</h1>\n\
         <button id=\"theme\" type=\"button\" hidden></button>\n{badge}</header>\n\
         <nav aria-label=\"Sections\">\n<ol>\n{contents}</ol>\n</nav>\n<main id=\"main\">\n{opening}{sections}</main>\n\
         <script>\n{js}</script>\n</body>\n</html>\n",
        css = include_str!("page.css"),
        js = concat!(include_str!("page.js"), include_str!("chart.js")),
    )
}

fn badge(badge: &Badge) -> String {
    let facts: String = badge.facts().iter().map(|fact| format!("<li>{}</li>\n", escape(fact))).collect();
    if facts.is_empty() { facts } else { format!("<ul class=\"badge\" aria-label=\"Scale\">\n{facts}</ul>\n") }
}

/// The lead beside the picture, on the first screen.
fn opening(page: &Page, extras: &Extras) -> String {
    if page.lead.is_empty() && page.picture.is_empty() {
        return String::new();
    }
    let part = |class, blocks: &[Block]| match blocks {
        [] => String::new(),
        blocks => format!("<div class=\"{class}\">\n{}</div>\n", self::blocks(blocks, extras.chart.as_deref())),
    };
    format!("<div class=\"opening\">\n{}{}</div>\n", part("lead", &page.lead), part("shown", &page.picture))
}

/// The id of a section. A prefix keeps headings apart from the page's own ids.
fn anchor(section: &Section) -> String {
    format!("s-{}", section.id())
}

fn section(section: &Section, extras: &Extras) -> String {
    let (id, heading) = (anchor(section), escape(&section.heading));
    let body = blocks(&section.blocks, extras.chart.as_deref());
    let inside = match section.fold {
        Fold::Never => format!("<h2>{heading}</h2>\n{body}"),
        Fold::Open => format!("<details open>\n<summary><h2>{heading}</h2></summary>\n{body}</details>\n"),
        Fold::Closed => format!("<details>\n<summary><h2>{heading}</h2></summary>\n{body}</details>\n"),
    };
    format!("<section id=\"{id}\">\n{inside}</section>\n")
}

pub(super) fn blocks(blocks: &[Block], chart: Option<&str>) -> String {
    blocks.iter().map(|block| self::block(block, chart)).collect()
}

fn block(block: &Block, chart: Option<&str>) -> String {
    match block {
        Block::Heading(text) => format!("<h3>{}</h3>\n", self::text(text)),
        Block::Paragraph(text) => format!("<p>{}</p>\n", self::text(text)),
        Block::List(items) => format!("<ul>\n{}</ul>\n", items.iter().map(item).collect::<String>()),
        Block::Claims(claims) => {
            format!("<ul class=\"claims\">\n{}</ul>\n", claims.claims.iter().map(claim).collect::<String>())
        }
        Block::Sentences(sentences) => {
            format!("<ul class=\"claims\">\n{}</ul>\n", sentences.iter().map(sentence).collect::<String>())
        }
        Block::Table(table) => self::table(table),
        Block::Warning(text) => {
            format!(
                "<div class=\"warning\" role=\"note\"><p><strong>Warning:</strong> {}</p></div>\n",
                self::text(text)
            )
        }
        Block::Code(code) => format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&code.text)),
        Block::Figure(figure) => self::figure(figure),
        Block::Curves(curves) => self::curves(curves, chart),
    }
}

fn claim(claim: &ClaimLine) -> String {
    folding(&format!("{} ", verdict_chip(claim.verdict, &claim.words)), &claim.sentence, &claim.details)
}

fn sentence(sentence: &Sentence) -> String {
    let outcome = sentence.outcome.map(|(verdict, words)| format!("{} ", verdict_chip(verdict, words)));
    folding(&outcome.unwrap_or_default(), &sentence.text, &sentence.details)
}

/// A sentence behind its chip; one with details is a fold.
fn folding(chip: &str, sentence: &Text, details: &[Text]) -> String {
    let sentence = format!("{chip}<span>{}</span>", text(sentence));
    let details: String = details.iter().map(|detail| format!("<p>{}</p>\n", text(detail))).collect();
    if details.is_empty() {
        return format!("<li>{sentence}</li>\n");
    }
    format!("<li><details>\n<summary>{sentence}</summary>\n{details}</details></li>\n")
}

fn item(item: &Item) -> String {
    let below: String = item.items.iter().map(|text| format!("<li>{}</li>\n", self::text(text))).collect();
    let below = if below.is_empty() { below } else { format!("\n<ul>\n{below}</ul>\n") };
    format!("<li>{}{below}</li>\n", self::text(&item.text))
}

/// A table in a container that scrolls. One with verdicts becomes a list of cards on a phone, whose cells need the
/// names of their columns.
fn table(table: &Table) -> String {
    let class = if table.has_verdict() { "table verdicts" } else { "table" };
    let headings: Vec<String> = table.columns.iter().map(|column| escape(&column.markdown())).collect();
    let head: String = headings.iter().map(|heading| format!("<th>{heading}</th>")).collect();
    let row = |cells: &Vec<Cell>| {
        let cells = cells.iter().zip(&headings);
        let cells = cells.map(|(cell, heading)| format!("<td data-column=\"{heading}\">{}</td>", self::cell(cell)));
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let rows: String = table.rows.iter().map(row).collect();
    format!(
        "<div class=\"{class}\" role=\"region\" aria-label=\"Table\" tabindex=\"0\"><table>\n<thead><tr>{head}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}

fn cell(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => self::text(text),
        Cell::Verdict(verdict, words) => verdict_chip(*verdict, words),
        other => escape(&other.plain()),
    }
}

fn figure(figure: &Figure) -> String {
    format!(
        "<div class=\"picture\" tabindex=\"0\"><img alt=\"{}\" src=\"data:image/svg+xml;base64,{}\"></div>\n",
        escape(&figure.alt),
        STANDARD.encode(&figure.svg)
    )
}

fn curves(curves: &Curves, chart: Option<&str>) -> String {
    let note = curves.note.iter().map(|note| format!("<p>{}</p>\n", text(note)));
    let figures: String = curves.figures.iter().map(figure).chain(note).collect();
    match chart {
        None => figures,
        Some(data) => format!(
            "<div id=\"chart\"></div>\n<script type=\"application/json\" id=\"chart-data\">{data}</script>\n\
             <noscript>\n{figures}</noscript>\n"
        ),
    }
}

/// Line breaks of a text stay: each is one on purpose.
fn text(text: &Text) -> String {
    let span = |span: &Span| match span {
        Span::Prose(markdown) => markdown.split('\n').map(prose).collect::<Vec<_>>().join("<br>\n"),
        Span::Verdict(verdict, words) => verdict_chip(*verdict, words),
    };
    text.spans().iter().map(span).collect()
}

fn prose(line: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events(line).into_iter());
    html
}

fn verdict_chip(verdict: Verdict, words: &str) -> String {
    let class = match verdict {
        Verdict::Held => "held",
        Verdict::DidNotHold => "failed",
        Verdict::Undecided => "undecided",
        Verdict::NotMeasured => "unmeasured",
    };
    format!("<strong class=\"verdict {class}\">{}</strong>", escape(words))
}

/// Text in which no markup is left, for contents and for attributes in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests;
