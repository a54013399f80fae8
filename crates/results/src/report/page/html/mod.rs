//! A page as one HTML file that loads nothing from a network.
//!
//! Figures are images inside the file, tables sort and scroll, and both can be downloaded. In place of the learning curves and of the forest plot there are interactive ones;
//! readers without JavaScript see the figures.

pub(crate) mod live;
mod media;
mod table;

use super::inline::events;
use super::text::{Span, Text};
use super::{Badge, Block, ClaimLine, Curves, Fold, Forest, Item, Page, Section, Sentence};
use crate::findings::Verdict;

/// The parts of `report.html` that are not blocks of [`Page`].
#[derive(Debug, Default)]
pub(crate) struct Extras {
    /// The data of the chart as JSON; without it the figures of the curves are shown.
    pub chart: Option<String>,
    /// Behind the sections of the page.
    pub sections: Vec<Section>,
    /// How far the run is that works on the results, or why it stopped; on the page of a finished run there is nothing.
    pub live: Option<live::Banner>,
}

/// The document.
pub(crate) fn document(page: &Page, extras: &Extras) -> String {
    let sections: Vec<&Section> = page.shown().chain(&extras.sections).collect();
    let title = escape(&page.title.replace(['\n', '\r'], " "));
    let entry = |s: &&Section| format!("<li><a href=\"#{}\">{}</a></li>\n", anchor(s), escape(&s.heading));
    let contents: String = sections.iter().map(entry).collect();
    let (badge, opening) = (badge(&page.badge), opening(page, extras));
    let sections: String = sections.into_iter().map(|section| self::section(section, extras)).collect();
    let live = live::Parts::of(extras.live.as_ref());
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\">\n{refresh}<style>\n{css}{live_css}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<h1>{title}</h1>\n\
         <button id=\"theme\" type=\"button\" hidden></button>\n{badge}{banner}</header>\n\
         <nav aria-label=\"Sections\">\n<ol>\n{contents}</ol>\n</nav>\n<main id=\"main\">\n{opening}{sections}</main>\n\
         <script>\n{js}{live_js}</script>\n</body>\n</html>\n",
        refresh = live.refresh,
        banner = live.banner,
        live_css = live.css,
        live_js = live.js,
        css = concat!(
            include_str!("chart.css"),
            include_str!("page.css"),
            include_str!("opening.css"),
            include_str!("table.css"),
            include_str!("media.css"),
            include_str!("forest.css"),
            include_str!("print.css"),
        ),
        js = concat!(
            include_str!("page.js"),
            include_str!("elements.js"),
            include_str!("save.js"),
            include_str!("table.js"),
            include_str!("media.js"),
            include_str!("chart/elements.js"),
            include_str!("chart/model.js"),
            include_str!("chart/scales.js"),
            include_str!("chart/marks.js"),
            include_str!("chart/lines.js"),
            include_str!("chart/rows.js"),
            include_str!("chart/controls.js"),
            include_str!("chart/legend.js"),
            include_str!("chart/reader.js"),
            include_str!("chart/save.js"),
            include_str!("chart/kept.js"),
            include_str!("chart/chart.js"),
            include_str!("forest.js"),
        ),
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
    let chart = extras.chart.as_deref();
    let part = |class, inside: String| match inside.as_str() {
        "" => String::new(),
        inside => format!("<div class=\"{class}\">\n{inside}</div>\n"),
    };
    let (lead, picture) = (part("lead", lead(&page.lead, chart)), part("shown", blocks(&page.picture, chart)));
    // Heads of what follows are one level below it.
    format!("<div class=\"opening\">\n<h2 class=\"unseen\">What was found</h2>\n{lead}{picture}</div>\n")
}

/// Several warnings are one fold, which a phone closes: the picture shall be on its first screen.
fn lead(lead: &[Block], chart: Option<&str>) -> String {
    let is_warning = |block: &&Block| matches!(block, Block::Warning(_));
    let (warnings, rest): (Vec<&Block>, Vec<&Block>) = lead.iter().partition(is_warning);
    if warnings.len() < 2 {
        return blocks(lead, chart);
    }
    let rest: String = rest.into_iter().map(|block| self::block(block, chart)).collect();
    let item = |block: &&Block| match block {
        Block::Warning(text) => format!("<p>{}</p>\n", self::text(text)),
        _ => String::new(),
    };
    let items: String = warnings.iter().map(item).collect();
    let count = warnings.len();
    format!(
        "{rest}<div class=\"warning\" role=\"note\"><details open>\n<summary><strong>{count} warnings</strong></summary>\n\
         {items}</details></div>\n"
    )
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
        Block::Table(table) => table::table(table),
        Block::Warning(text) => {
            format!(
                "<div class=\"warning\" role=\"note\"><p><strong>Warning:</strong> {}</p></div>\n",
                self::text(text)
            )
        }
        Block::Code(code) => format!("<pre tabindex=\"0\"><code>{}</code></pre>\n", escape(&code.text)),
        Block::Figure(figure) => media::figure(figure),
        Block::Curves(curves) => self::curves(curves, chart),
        Block::Forest(forest) => self::forest(forest),
        Block::Thumbnails(thumbnails) => media::thumbnails(thumbnails),
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

fn curves(curves: &Curves, chart: Option<&str>) -> String {
    let note = curves.note.iter().map(|note| format!("<p>{}</p>\n", text(note)));
    let figures: String = curves.figures.iter().map(media::figure).chain(note).collect();
    match chart {
        None => figures,
        Some(data) => format!(
            "<div id=\"chart\"></div>\n<script type=\"application/json\" id=\"chart-data\">{data}</script>\n\
             <noscript>\n{figures}</noscript>\n"
        ),
    }
}

fn forest(forest: &Forest) -> String {
    format!(
        "<div class=\"forest\">\n<script type=\"application/json\">{}</script>\n<noscript>\n{}</noscript>\n</div>\n",
        forest.data,
        media::figure(&forest.figure)
    )
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
