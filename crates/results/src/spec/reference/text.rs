//! The reference as text for a terminal.

use textwrap::{Options, fill};

use super::{Entry, NamedValue, all};

const WIDTH: usize = 100;

/// Lists the top-level keys, each with the first sentence of its meaning.
pub(super) fn overview() -> String {
    let lines = key_lines(&all());
    format!(
        "The keys of a spec; `pt4al explain KEY` explains one, for instance `pt4al explain train.schedule`.\n\n{lines}"
    )
}

/// Explains a key.
pub(super) fn entry(entry: &Entry) -> String {
    let mut parts = vec![format!("{}: {}", entry.path, entry.kind), paragraphs(&entry.meaning, "  ")];
    let mut facts: Vec<String> = entry.default.iter().map(|default| format!("Default: {default}")).collect();
    facts.extend(entry.example.as_ref().map(|example| format!("Example: {example}")));
    facts.extend(entry.source.as_ref().map(|source| format!("Source:  {source}")));
    let facts: Vec<String> = facts.iter().map(|fact| indented(fact, "  ", "           ")).collect();
    parts.push(facts.join("\n"));
    if !entry.values.is_empty() {
        let values: Vec<String> = entry.values.iter().map(value).collect();
        parts.push(format!("Values:\n\n{}", values.join("\n\n")));
    }
    if !entry.keys.is_empty() {
        parts.push(format!("Keys:\n\n{}", key_lines(&entry.keys)));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn value(value: &NamedValue) -> String {
    let mut parts = vec![format!("  {}", value.written), paragraphs(&value.meaning, "      ")];
    parts
        .extend(value.source.as_ref().map(|source| indented(&format!("Source: {source}"), "      ", "              ")));
    parts.extend((!value.options.is_empty()).then(|| lines_of_keys(&value.options, "      ")));
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

fn key_lines(entries: &[Entry]) -> String {
    lines_of_keys(entries, "  ")
}

/// Writes a line for each key: its path and the first sentence of its meaning.
fn lines_of_keys(entries: &[Entry], indent: &str) -> String {
    let longest = entries.iter().map(|entry| entry.path.len()).max().unwrap_or(0);
    let further = format!("{indent}{}", " ".repeat(longest + 2));
    let line = |entry: &Entry| {
        let path = format!("{:longest$}", entry.path);
        indented(&format!("{path}  {}", first_sentence(&entry.meaning)), indent, &further)
    };
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn first_sentence(paragraphs: &[String]) -> &str {
    let first = paragraphs.first().map_or("", String::as_str);
    first.find(". ").map_or(first, |end| &first[..=end])
}

fn paragraphs(paragraphs: &[String], indent: &str) -> String {
    paragraphs.iter().map(|paragraph| indented(paragraph, indent, indent)).collect::<Vec<_>>().join("\n\n")
}

fn indented(text: &str, first: &str, further: &str) -> String {
    fill(text, Options::new(WIDTH).initial_indent(first).subsequent_indent(further))
}
