//! Markdown to HTML.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

use super::figure::inline;
use crate::findings::Verdict;
use crate::report::page::Figure;

pub(super) const OUTCOMES: [Verdict; 4] =
    [Verdict::Held, Verdict::DidNotHold, Verdict::Undecided, Verdict::NotMeasured];

/// The class of the document's elements that say an outcome.
pub(super) fn class(outcome: Verdict) -> &'static str {
    match outcome {
        Verdict::Held => "held",
        Verdict::DidNotHold => "failed",
        Verdict::Undecided => "undecided",
        Verdict::NotMeasured => "unmeasured",
    }
}

/// Counts figures, so that no two of the document share an id.
#[derive(Debug, Default)]
pub(super) struct Inliner {
    figures: usize,
}

impl Inliner {
    fn inline(&mut self, figure: &Figure) -> String {
        self.figures += 1;
        let svg = inline(&figure.svg, &figure.alt, &format!("f{}-", self.figures));
        format!("<span class=\"picture\" tabindex=\"0\">{svg}</span>")
    }
}

/// Text in which no markup is left, for contents and for attributes in double quotes.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The Markdown of a section: raw HTML as the text that it is, the figures inside it, outcomes and warnings with classes
/// of their own, tables in containers that scroll.
pub(super) fn html_of(text: &str, figures: &[Figure], inliner: &mut Inliner) -> String {
    let events: Vec<Event> = Parser::new_ext(text, Options::ENABLE_TABLES).map(without_html).collect();
    let mut out = Vec::with_capacity(events.len());
    let mut quoted = 0_usize;
    let mut i = 0;
    while i < events.len() {
        let event = &events[i];
        match event {
            Event::Start(Tag::Image { dest_url, .. }) => {
                let end = end_of(&events, i, |tag| matches!(tag, TagEnd::Image));
                match figures.iter().find(|figure| figure.file == **dest_url) {
                    Some(figure) => out.push(raw(inliner.inline(figure))),
                    None => {
                        let alt = escape(&plain(&events[i..end]));
                        out.push(raw(if is_harmless(dest_url) {
                            format!("<a href=\"{}\">{alt}</a>", escape(dest_url))
                        } else {
                            alt
                        }));
                    }
                }
                i = end;
            }
            Event::Start(Tag::Link { dest_url, .. }) if !is_harmless(dest_url) => {
                let end = end_of(&events, i, |tag| matches!(tag, TagEnd::Link));
                out.push(Event::Text(plain(&events[i..end]).into()));
                i = end;
            }
            Event::Start(Tag::Table(_)) => {
                let end = end_of(&events, i, |tag| matches!(tag, TagEnd::Table));
                let of = &events[i..end];
                let is_verdict = of.windows(2).any(|pair| outcome(pair).is_some());
                let class = if is_verdict { "table verdict" } else { "table" };
                out.push(raw(format!("<div class=\"{class}\" role=\"region\" aria-label=\"Table\" tabindex=\"0\">")));
                out.push(event.clone());
            }
            Event::End(TagEnd::Table) => {
                out.push(event.clone());
                out.push(raw("</div>\n".into()));
            }
            Event::Start(Tag::BlockQuote(_)) => {
                quoted += 1;
                out.push(raw("<blockquote class=\"warning\">\n".into()));
            }
            Event::End(TagEnd::BlockQuote(_)) => {
                quoted -= 1;
                out.push(raw("</blockquote>\n".into()));
            }
            Event::Start(Tag::Strong) => match outcome(&events[i..]) {
                Some(outcome) => {
                    out.push(raw(format!(
                        "<strong class=\"outcome {}\">{}</strong>",
                        class(outcome),
                        outcome.in_words()
                    )));
                    i = end_of(&events, i, |tag| matches!(tag, TagEnd::Strong));
                }
                None => out.push(event.clone()),
            },
            // A paragraph that is bold from end to end is what a table goes by.
            Event::Start(Tag::Paragraph) if quoted == 0 && is_heading(&events[i..]) => {
                let end = end_of(&events, i, |tag| matches!(tag, TagEnd::Paragraph));
                out.push(raw("<h3>".into()));
                out.extend_from_slice(&events[i + 2..end - 1]);
                out.push(raw("</h3>\n".into()));
                i = end;
            }
            other => out.push(other.clone()),
        }
        i += 1;
    }
    let mut page = String::new();
    html::push_html(&mut page, out.into_iter());
    page
}

fn raw(html: String) -> Event<'static> {
    Event::Html(html.into())
}

/// Markup in the Markdown is text: titles and claims are anybody's.
fn without_html(event: Event) -> Event {
    match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        Event::Start(Tag::HtmlBlock) => Event::Start(Tag::Paragraph),
        Event::End(TagEnd::HtmlBlock) => Event::End(TagEnd::Paragraph),
        // The report's lines are not wrapped: each is one on purpose.
        Event::SoftBreak => Event::HardBreak,
        other => other,
    }
}

/// The place of the first end after `start` that is one; none of what is looked for holds another of its kind.
fn end_of(events: &[Event], start: usize, is_one: fn(&TagEnd) -> bool) -> usize {
    let ends = |event: &Event| matches!(event, Event::End(tag) if is_one(tag));
    events[start..].iter().position(ends).map_or(events.len() - 1, |n| start + n)
}

/// What a bold text at the start of `events` says, where that is an outcome and nothing else.
fn outcome(events: &[Event]) -> Option<Verdict> {
    match events {
        [Event::Start(Tag::Strong), Event::Text(text), ..] => OUTCOMES.into_iter().find(|o| **text == *o.in_words()),
        _ => None,
    }
}

/// Whether a paragraph at the start of `events` is one bold text and no more.
fn is_heading(events: &[Event]) -> bool {
    let end = end_of(events, 0, |tag| matches!(tag, TagEnd::Paragraph));
    let bold = end_of(events, 0, |tag| matches!(tag, TagEnd::Strong));
    matches!(events.get(1), Some(Event::Start(Tag::Strong))) && bold + 1 == end
}

/// The text of `events` without marks.
fn plain(events: &[Event]) -> String {
    let text = |event: &Event| match event {
        Event::Text(text) | Event::Code(text) => text.to_string(),
        Event::SoftBreak | Event::HardBreak => " ".into(),
        _ => String::new(),
    };
    events.iter().map(text).collect()
}

/// Whether a link leads to a file beside the page or to a place on the web: no other scheme, `javascript:` above all.
fn is_harmless(url: &str) -> bool {
    let before = url.split(['/', '?', '#']).next().unwrap_or_default();
    !before.contains(':') || ["http:", "https:", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
}
