//! Inline Markdown as events that HTML and LaTeX are written from.

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Keeps the parser inside a paragraph: whatever a line begins with, it starts no block.
const BEFORE: &str = "x ";

/// The events of one line. Raw HTML is text; a link that does not lead to a file or to the web is its text, and an
/// image is a link.
pub(super) fn events(line: &str) -> Vec<Event<'static>> {
    let text = format!("{BEFORE}{line}");
    let mut events: Vec<Event> = Vec::new();
    let mut links: Vec<bool> = Vec::new();
    for event in Parser::new_ext(&text, Options::empty()) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => events.push(Event::Text(text.into_string().into())),
            Event::Start(Tag::Link { ref dest_url, .. } | Tag::Image { ref dest_url, .. }) => {
                links.push(is_harmless(dest_url));
                if links.last() == Some(&true) {
                    events.push(Event::Start(Tag::Link {
                        link_type: pulldown_cmark::LinkType::Inline,
                        dest_url: dest_url.to_string().into(),
                        title: "".into(),
                        id: "".into(),
                    }));
                }
            }
            Event::End(TagEnd::Link | TagEnd::Image) => {
                let is_link = links.pop() == Some(true);
                events.extend(is_link.then_some(Event::End(TagEnd::Link)));
            }
            Event::Start(Tag::Strong | Tag::Emphasis)
            | Event::End(TagEnd::Strong | TagEnd::Emphasis)
            | Event::Text(_)
            | Event::Code(_) => events.push(event.into_static()),
            _ => {}
        }
    }
    without_start(events)
}

fn without_start(mut events: Vec<Event<'static>>) -> Vec<Event<'static>> {
    if let Some(Event::Text(text)) = events.first() {
        let rest = text.strip_prefix(BEFORE).unwrap_or_default().to_owned();
        events[0] = Event::Text(rest.into());
    }
    events
}

/// Whether a link leads to a file beside the page or to a place on the web: no other scheme, `javascript:` above all.
fn is_harmless(url: &str) -> bool {
    let before = url.split(['/', '?', '#']).next().unwrap_or_default();
    !before.contains(':') || ["http:", "https:", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
}
