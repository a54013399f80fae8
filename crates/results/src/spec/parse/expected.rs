//! What the value of a key must be, in plain words. The schema of specs says it, so no second list of keys and types is kept here.

use toml::{Table, Value};

use super::origin::Step;
use crate::spec::schema::Node;

/// What the value of a key must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    WholeNumber,
    Number,
    Flag,
    Text,
    /// One of several names; some have options.
    Name(Vec<&'static str>),
    /// A table with these keys.
    Table(Vec<&'static str>),
    /// A list of such values, with a fixed length where it has one.
    List(Option<Box<Expected>>, Option<u64>),
    /// No value at all: a name that has no options.
    NoOptions,
}

/// Returns what the value at `path` must be; `None` if no key is there.
pub(super) fn expected(path: &[Step]) -> Option<Expected> {
    if let Some((Step::Key(name), above)) = path.split_last()
        && node_at(above)?.alternative(name).is_some_and(|alternative| alternative.options.is_none())
    {
        return Some(Expected::NoOptions);
    }
    of_node(node_at(path)?)
}

/// Returns the schema of the value at a path.
fn node_at(path: &[Step]) -> Option<Node> {
    path.iter().try_fold(Node::root(), |node, step| match step {
        Step::Key(key) => node.inside(key),
        Step::Index(_) => node.items(),
    })
}

fn of_node(node: Node) -> Option<Expected> {
    let names: Vec<&str> = node.alternatives().iter().map(|alternative| alternative.name).collect();
    if !names.is_empty() {
        return Some(Expected::Name(names));
    }
    Some(match *node.types().first()? {
        "integer" => Expected::WholeNumber,
        "number" => Expected::Number,
        "boolean" => Expected::Flag,
        "string" => Expected::Text,
        "array" => Expected::List(node.items().and_then(of_node).map(Box::new), node.length()),
        "object" => Expected::Table(node.keys().into_iter().map(|(key, _)| key).collect()),
        _ => return None,
    })
}

/// Cuts a path before the first index into a list that stands where a table must be: serde takes such a list for the values of the
/// table.
pub(super) fn without_list_for_table(path: &[Step]) -> &[Step] {
    let is_table = |path: &[Step]| matches!(expected(path), Some(Expected::Table(_)));
    let wrong = (0..path.len()).find(|&at| matches!(path[at], Step::Index(_)) && is_table(&path[..at]));
    &path[..wrong.unwrap_or(path.len())]
}

/// Returns each text between backticks.
pub(super) fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// Returns the value at `path`, if the table has one.
pub(super) fn descend<'a>(table: &'a mut Table, path: &[Step]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    let Step::Key(first) = first else { return None };
    rest.iter().try_fold(table.get_mut(first)?, |value, step| match (value, step) {
        (Value::Table(inner), Step::Key(key)) => inner.get_mut(key),
        (Value::Array(items), Step::Index(index)) => items.get_mut(*index),
        _ => None,
    })
}

impl Expected {
    /// Describes it, for instance `a whole number from 0, for instance 10`. `path` is where it is expected.
    pub fn describe(&self, path: &[Step]) -> String {
        match self {
            Self::Name(names) => format!("one of {}, for instance {}", names.join(", "), example_of(names, path)),
            Self::Table(keys) => format!("a table with the keys {}", keys.join(", ")),
            Self::NoOptions => "a name without options".into(),
            Self::List(inner, length) => {
                let elements = match (inner, length) {
                    (Some(inner), Some(length)) => format!(" of {length} {}", inner.plural()),
                    (Some(inner), None) => format!(" of {}", inner.plural()),
                    (None, _) => String::new(),
                };
                format!("a list{elements}{}", self.example_of_list(path))
            }
            scalar => {
                let example = scalar.example().map_or(String::new(), |example| format!(", for instance {example}"));
                format!("{}{example}", scalar.singular())
            }
        }
    }

    fn example_of_list(&self, path: &[Step]) -> String {
        let Self::List(Some(inner), length) = self else { return String::new() };
        let example = match inner.as_ref() {
            Self::Name(names) => {
                let inside: Vec<Step> = path.iter().cloned().chain([Step::Index(0)]).collect();
                Some(example_of(names, &inside))
            }
            inner => inner.example().map(str::to_owned),
        };
        let elements = |example: String| vec![example; length.unwrap_or(1) as usize].join(", ");
        example.map_or(String::new(), |example| format!(", for instance [{}]", elements(example)))
    }

    fn singular(&self) -> &'static str {
        match self {
            Self::WholeNumber => "a whole number from 0",
            Self::Number => "a number",
            Self::Flag => "true or false",
            Self::Text => "text in quotes",
            Self::Name(_) => "a name",
            Self::Table(_) => "a table",
            Self::List(..) => "a list",
            Self::NoOptions => "a name without options",
        }
    }

    fn plural(&self) -> String {
        match self {
            Self::WholeNumber => "whole numbers".into(),
            Self::Number => "numbers".into(),
            Self::Flag => "true or false".into(),
            Self::Text => "texts in quotes".into(),
            Self::Name(names) => format!("names ({})", names.join(", ")),
            Self::Table(keys) => format!("tables with the keys {}", keys.join(", ")),
            Self::List(..) => "lists".into(),
            Self::NoOptions => "names without options".into(),
        }
    }

    fn example(&self) -> Option<&'static str> {
        match self {
            Self::WholeNumber => Some("10"),
            Self::Number => Some("0.1"),
            Self::Flag => Some("true"),
            Self::Text => Some("\"some text\""),
            Self::Name(_) | Self::Table(_) | Self::List(..) | Self::NoOptions => None,
        }
    }
}

/// Returns a name as it is written; one that needs no options, if there is one.
fn example_of(names: &[&str], path: &[Step]) -> String {
    let node = node_at(path);
    let is_bare = |name: &&&str| {
        node.and_then(|node| node.alternative(name)).is_some_and(|alternative| alternative.needs_no_options())
    };
    match (names.iter().find(is_bare), names.first()) {
        (Some(name), _) => format!("\"{name}\""),
        (None, Some(name)) => with_options(name, path),
        (None, None) => "a name".into(),
    }
}

/// Returns a name with the options that it must have, for instance `{ steps = { at = ..., factor = ... } }`.
pub(super) fn with_options(name: &str, path: &[Step]) -> String {
    let options = node_at(path).and_then(|node| node.inside(name)).map(Node::required).unwrap_or_default();
    if options.is_empty() {
        return format!("{{ {name} = ... }}");
    }
    let options: Vec<String> = options.iter().map(|key| format!("{key} = ...")).collect();
    format!("{{ {name} = {{ {} }} }}", options.join(", "))
}

/// Describes a value that stands where another is expected.
pub(super) fn given(value: &Value) -> String {
    match value {
        Value::String(text) if text.chars().count() > 40 => "a longer text".into(),
        Value::String(text) => format!("\"{}\"", text.escape_debug()),
        Value::Integer(number) => number.to_string(),
        // With its point: 10.0 is no whole number.
        Value::Float(number) => format!("{number:?}"),
        Value::Boolean(flag) => flag.to_string(),
        Value::Datetime(_) => "a date".into(),
        Value::Array(items) if items.is_empty() => "an empty list".into(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Table(keys) if keys.is_empty() => "an empty table".into(),
        Value::Table(keys) => {
            format!("a table with {}", keys.keys().map(String::as_str).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Finds where serde took a list for a table: it would read values in the order of the keys, which no reader knows.
pub(super) fn list_for_table(written: &Value, read: &Value, path: &mut Vec<Step>) -> bool {
    let mut inside = |step: Step, written: &Value, read: &Value| {
        path.push(step);
        let found = list_for_table(written, read, path);
        if !found {
            path.pop();
        }
        found
    };
    match (written, read) {
        (Value::Array(_), Value::Table(_)) => true,
        (Value::Table(written), Value::Table(read)) => written
            .iter()
            .any(|(key, value)| read.get(key).is_some_and(|read| inside(Step::Key(key.clone()), value, read))),
        // A name whose options are all left out is written bare.
        (Value::Table(written), Value::String(_)) => {
            let list = written.iter().find(|(_, options)| options.is_array());
            path.extend(list.map(|(name, _)| Step::Key(name.clone())));
            list.is_some()
        }
        (Value::Array(written), Value::Array(read)) => {
            written.iter().zip(read).enumerate().any(|(i, (written, read))| inside(Step::Index(i), written, read))
        }
        _ => false,
    }
}
