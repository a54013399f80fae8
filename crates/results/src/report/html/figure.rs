//! SVG documents as parts of a page.

/// An SVG document as an element of the page: one image with a name, whose ids have a prefix, and what refers to them
/// (`href="#id"`, `url(#id)`) too. What stands before the element (a declaration) is left out.
pub(super) fn inline(svg: &str, name: &str, prefix: &str) -> String {
    let mut rest = svg.find("<svg").map_or(svg, |start| &svg[start..]);
    let mut out = String::with_capacity(rest.len() + rest.len() / 16);
    let mut is_root = true;
    while let Some(start) = rest.find('<') {
        out += &references(&rest[..start], prefix);
        rest = &rest[start..];
        let end = end_of_markup(rest);
        let (markup, after) = rest.split_at(end);
        rest = after;
        if markup.starts_with("<!") || markup.starts_with("</") || markup.starts_with("<?") {
            out += markup;
        } else if is_root {
            is_root = false;
            out += &format!("<svg role=\"img\" aria-label=\"{}\"", super::markdown::escape(name));
            out += &attributes(&markup["<svg".len()..], prefix, &["role", "aria-label", "xmlns"]);
        } else {
            out += &attributes(markup, prefix, &[]);
        }
    }
    out + rest
}

/// The length of the tag, comment or character data that `text` starts with.
fn end_of_markup(text: &str) -> usize {
    for (open, close) in [("<!--", "-->"), ("<![CDATA[", "]]>")] {
        if text.starts_with(open) {
            return text.find(close).map_or(text.len(), |at| at + close.len());
        }
    }
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (None, '>') => return at + 1,
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    text.len()
}

/// A tag with its attributes' ids prefixed, without the attributes that `left_out` names.
fn attributes(tag: &str, prefix: &str, left_out: &[&str]) -> String {
    let mut out = String::with_capacity(tag.len() + 16);
    let mut rest = tag;
    while let Some(equals) = rest.find('=') {
        let before = &rest[..equals];
        let name = before.split_whitespace().next_back().unwrap_or_default();
        let value = rest[equals + 1..].trim_start();
        let Some(quote) = value.chars().next().filter(|c| ['"', '\''].contains(c)) else { break };
        let Some(length) = value[1..].find(quote) else { break };
        let (inside, after) = (&value[1..=length], &value[length + 2..]);
        if left_out.contains(&name) {
            out += before.trim_end().strip_suffix(name).unwrap_or(before).trim_end();
        } else {
            let changed = match name {
                "id" => format!("{prefix}{inside}"),
                "href" | "xlink:href" if inside.starts_with('#') => format!("#{prefix}{}", &inside[1..]),
                // Pixels are long, and refer to nothing.
                "href" | "xlink:href" => inside.to_owned(),
                _ => references(inside, prefix),
            };
            out += &format!("{before}={quote}{changed}{quote}");
        }
        rest = after;
    }
    out + rest
}

/// Every `url(#id)` with the prefix, in an attribute or in the text of a style sheet.
fn references(text: &str, prefix: &str) -> String {
    text.replace("url(#", &format!("url(#{prefix}"))
        .replace("url('#", &format!("url('#{prefix}"))
        .replace("url(\"#", &format!("url(\"#{prefix}"))
}
