//! The reference of all keys of a spec: meaning, type, default, source, values and an example of each, read from the schema and so
//! from the doc comments of the types.

mod markdown;
#[cfg(test)]
mod tests;
mod text;

use anyhow::{Result, anyhow};
use toml::{Table, Value};

use super::schema::{Alternative, Node};
use crate::words::nearest;

pub use markdown::markdown;

/// Explains a key, for instance `train.schedule`; all top-level keys in one line each for `None`. The key may stand in a profile or a
/// variant (`variant.<name>.train.epochs`).
///
/// # Errors
/// If there is no such key; one line that names the nearest.
pub fn explain(key: Option<&str>) -> Result<String> {
    let Some(key) = key else { return Ok(text::overview()) };
    let steps: Vec<&str> = key.split('.').map(|step| step.split('[').next().unwrap_or_default().trim()).collect();
    find(&steps).map(|entry| text::entry(&entry)).ok_or_else(|| {
        let known = paths();
        match nearest(key, known.iter().map(String::as_str)) {
            Some(nearest) => anyhow!("unknown key `{key}`; did you mean `{nearest}`? (`pt4al explain` lists the keys)"),
            None => anyhow!("unknown key `{key}`; `pt4al explain` lists the keys"),
        }
    })
}

/// What the reference says about a key, or about a name with its options.
struct Entry {
    /// For instance `train.schedule`.
    path: String,
    kind: String,
    /// `None` for a name, which has none.
    default: Option<String>,
    /// Paragraphs.
    meaning: Vec<String>,
    source: Option<String>,
    /// For instance `train.schedule = "cosine"`.
    example: Option<String>,
    values: Vec<NamedValue>,
    keys: Vec<Entry>,
    /// The name of the type that the values or the keys belong to.
    type_name: Option<&'static str>,
}

/// One of the names that a value can be.
struct NamedValue {
    /// As a spec writes it, for instance `"cosine"` or `{ steps = { at = ..., factor = ... } }`.
    written: String,
    meaning: Vec<String>,
    source: Option<String>,
    options: Vec<Entry>,
}

/// A doc comment: paragraphs of meaning, and those that begin with `Default:` and `Source:`.
#[derive(Default)]
struct Documentation {
    meaning: Vec<String>,
    default: Option<String>,
    source: Option<String>,
}

impl Documentation {
    fn parse(text: &str) -> Self {
        let mut parsed = Self::default();
        for paragraph in text.split("\n\n").map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        {
            if let Some(default) = paragraph.strip_prefix("Default: ") {
                parsed.default = Some(default.to_owned());
            } else if let Some(source) = paragraph.strip_prefix("Source: ") {
                parsed.source = Some(source.to_owned());
            } else if !paragraph.is_empty() {
                parsed.meaning.push(paragraph);
            }
        }
        parsed
    }

    /// Adds the documentation of the key's type, without its first sentence, which says what the key's own says.
    fn with_type(mut self, of_type: Option<&str>) -> Self {
        let Some(of_type) = of_type.map(Self::parse) else { return self };
        if self.meaning.is_empty() {
            return of_type;
        }
        let mut paragraphs = of_type.meaning.into_iter();
        let rest = paragraphs.next().and_then(|first| first.split_once(". ").map(|(_, rest)| rest.to_owned()));
        self.meaning.extend(rest.into_iter().chain(paragraphs));
        self.source = self.source.or(of_type.source);
        self
    }
}

impl Entry {
    /// Makes the entry of a key. In an element of a list, the example shows the key without the path to the list.
    fn new(path: String, node: Node, is_required: bool, in_list: bool) -> Self {
        let element = node.items().unwrap_or(node);
        let (is_in_list, in_list) = (in_list, in_list || node.items().is_some());
        let of_type = if node.items().is_some() { Some(element.documentation()) } else { node.documentation_of_type() };
        let Documentation { meaning, default, source } = Documentation::parse(node.documentation()).with_type(of_type);
        let default = match (default, node.default(), is_required) {
            (Some(text), ..) => text,
            (None, _, true) => "none; the key is required.".into(),
            (None, Some(value), false) => {
                toml::Value::try_from(value).map_or_else(|_| "?".into(), |value| format!("`{value}`"))
            }
            (None, None, false) => "none.".into(),
        };
        let inside = if node.is_named_changes() { Vec::new() } else { entries(&path, element, in_list) };
        let in_example = if is_in_list { path.rsplit('.').next().unwrap_or_default() } else { &path };
        Self {
            kind: kind(node),
            default: Some(default),
            meaning,
            source,
            example: example(node).filter(|_| element.keys().is_empty()).map(|value| format!("{in_example} = {value}")),
            values: element.alternatives().into_iter().map(|one| NamedValue::new(&path, one, in_list)).collect(),
            keys: inside,
            type_name: element.type_name(),
            path,
        }
    }
}

impl NamedValue {
    fn new(path: &str, alternative: Alternative, in_list: bool) -> Self {
        let Alternative { name, documentation, options } = alternative;
        let of_type = options.map(Node::documentation);
        let Documentation { meaning, source, .. } = Documentation::parse(documentation).with_type(of_type);
        let written = match options {
            None => format!("\"{name}\""),
            Some(_) if alternative.needs_no_options() => format!("\"{name}\""),
            Some(options) => match example(options) {
                Some(value) => format!("{{ {name} = {value} }}"),
                None => format!("{{ {name} = ... }}"),
            },
        };
        Self {
            written,
            meaning,
            source,
            options: options.map(|options| entries(&format!("{path}.{name}"), options, in_list)).unwrap_or_default(),
        }
    }
}

/// Returns the entries of a table's keys.
fn entries(path: &str, node: Node, in_list: bool) -> Vec<Entry> {
    let required = node.required();
    let above = if path.is_empty() { String::new() } else { format!("{path}.") };
    let keys = node.keys().into_iter();
    keys.map(|(key, node)| Entry::new(format!("{above}{key}"), node, required.contains(&key), in_list)).collect()
}

/// Returns the entries of all top-level keys: those that people write, then those that the program writes.
fn all() -> Vec<Entry> {
    let (mut written, mut generated) = (Vec::new(), Vec::new());
    let required = Node::root().required();
    for (key, node) in Node::root().keys() {
        let entry = Entry::new(key.to_owned(), node, required.contains(&key), false);
        if node.is_generated() { generated.push(entry) } else { written.push(entry) }
    }
    written.extend(generated);
    written
}

/// Finds the entry of a path. A step may be a name with options, and lists are entered.
fn find(steps: &[&str]) -> Option<Entry> {
    let (mut node, mut is_required, mut in_list) = (Node::root(), false, false);
    for (at, step) in steps.iter().enumerate() {
        in_list |= node.items().is_some();
        let table = node.items().unwrap_or(node);
        is_required = table.required().contains(step);
        if let Some(alternative) = table.alternative(step).filter(|_| at + 1 == steps.len()) {
            return Some(entry_of_name(steps, alternative, in_list));
        }
        node = table.inside(step)?;
    }
    Some(Entry::new(steps.join("."), node, is_required, in_list))
}

/// Explains a single name of several as if it were a key.
fn entry_of_name(steps: &[&str], alternative: Alternative, in_list: bool) -> Entry {
    let above = steps[..steps.len() - 1].join(".");
    let value = NamedValue::new(&above, alternative, in_list);
    Entry {
        path: steps.join("."),
        kind: format!("one of the values of {above}"),
        default: None,
        meaning: value.meaning,
        source: value.source,
        example: Some(if in_list {
            format!("{above} = [{}]", value.written)
        } else {
            format!("{above} = {}", value.written)
        }),
        values: Vec::new(),
        keys: value.options,
        type_name: None,
    }
}

/// Lists the paths of all keys, and of names with options.
fn paths() -> Vec<String> {
    fn collect(entries: Vec<Entry>, paths: &mut Vec<String>) {
        for entry in entries {
            paths.push(entry.path);
            collect(entry.keys, paths);
            entry.values.into_iter().for_each(|value| collect(value.options, paths));
        }
    }
    let mut paths = Vec::new();
    collect(all(), &mut paths);
    paths
}

/// Describes the type of a value.
fn kind(node: Node) -> String {
    if node.is_named_changes() {
        return "tables with names of your choice".into();
    }
    match (node.items(), node.length()) {
        (Some(element), Some(length)) => format!("list of {length} {}", words(element, true)),
        (Some(element), None) => format!("list of {}", words(element, true)),
        (None, _) => words(node, false).to_owned(),
    }
}

fn words(node: Node, several: bool) -> &'static str {
    let singular_and_plural = match node.types().first() {
        _ if !node.alternatives().is_empty() => ["one of the values below", "the values below"],
        _ if node.is_path() => ["path", "paths"],
        Some(&"integer") if node.is_count() => ["whole number from 0", "whole numbers from 0"],
        Some(&"integer") => ["whole number", "whole numbers"],
        Some(&"number") => ["number", "numbers"],
        Some(&"boolean") => ["true or false", "true or false"],
        Some(&"string") => ["text", "texts"],
        Some(&"object") => ["table", "tables"],
        _ => ["value", "values"],
    };
    singular_and_plural[usize::from(several)]
}

/// Returns an example of a value: the stated one, the default, or one made of the examples inside it.
fn example(node: Node) -> Option<Value> {
    if node.is_named_changes() {
        return None;
    }
    if let Some(stated) = node.example() {
        return Value::try_from(stated).ok();
    }
    if node.types() == ["boolean"] {
        return Some(Value::Boolean(true));
    }
    if let Some(default) = node.default() {
        return Value::try_from(default).ok();
    }
    let alternatives = node.alternatives();
    if let Some(bare) = alternatives.iter().find(|alternative| alternative.needs_no_options()) {
        return Some(Value::String(bare.name.into()));
    }
    if let Some(Alternative { name, options: Some(options), .. }) = alternatives.first() {
        return Some(Value::Table([((*name).to_owned(), example(*options)?)].into_iter().collect()));
    }
    example_of_table(node)
}

/// Returns a table with an example of each key that it must have; `None` if it is not a table of keys.
fn example_of_table(node: Node) -> Option<Value> {
    let (keys, required) = (node.keys(), node.required());
    if keys.is_empty() {
        return None;
    }
    let required = keys.into_iter().filter(|(key, _)| required.contains(key));
    let table: Option<Table> = required.map(|(key, node)| Some((key.to_owned(), example(node)?))).collect();
    table.map(Value::Table)
}
