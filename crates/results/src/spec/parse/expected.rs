//! What a key is to be, in plain words. serde knows it and tells it in words of Rust, so it is asked with values that fit
//! nowhere, and its answers are translated: no second list of keys and types is kept here.

use toml::{Table, Value};

use super::TAKE_OPTIONS;
use super::origin::Step;

/// What the value of a key must be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expected {
    WholeNumber,
    Number,
    Flag,
    Text,
    /// One of these names; some have options.
    Name(Vec<String>),
    /// A table with these keys.
    Table(Vec<String>),
    /// A list of such, of so many where it matters.
    List(Option<Box<Expected>>, Option<usize>),
    /// No value at all: a name that has no options.
    NoOptions,
}

/// Reads a spec from a table, or gives the path of what is wrong and serde's message.
pub(super) type Read<'a> = dyn Fn(&Table) -> Result<(), (Vec<Step>, String)> + 'a;

/// Asks what the value at `path` must be; `None` if the answer is not understood.
pub(super) fn expected(table: &Table, path: &[Step], read: &Read) -> Option<Expected> {
    // Fits no key: a table with a key that is nowhere known.
    let stranger = || Value::Table([("?".to_owned(), Value::Integer(0))].into_iter().collect());
    let mut asked = table.clone();
    *descend(&mut asked, path)? = stranger();
    let (_, message) = read(&asked).err()?;
    let names = || quoted(&message).skip(1).map(str::to_owned).collect();
    if message.starts_with("unknown field") {
        return Some(Expected::Table(names()));
    }
    if message.starts_with("unknown variant") {
        return Some(Expected::Name(names()));
    }
    if message.starts_with("expected empty table") {
        return Some(Expected::NoOptions);
    }
    let list = |length: Option<usize>| {
        let mut asked = table.clone();
        *descend(&mut asked, path)? = Value::Array(vec![stranger()]);
        let inside: Vec<Step> = path.iter().cloned().chain([Step::Index(0)]).collect();
        Some(Expected::List(expected(&asked, &inside, read).map(Box::new), length))
    };
    match message.split_once(", expected ")?.1.trim() {
        "u8" | "u16" | "u32" | "u64" | "usize" => Some(Expected::WholeNumber),
        "f64" => Some(Expected::Number),
        "a boolean" => Some(Expected::Flag),
        "a string" | "path string" => Some(Expected::Text),
        "a sequence" => list(None),
        "unit" | "unit variant" => Some(Expected::NoOptions),
        other => list(Some(other.strip_prefix("an array of length ")?.parse().ok()?)),
    }
}

/// The path without what was looked for inside a list that stands where a table must be: serde takes such a list for the
/// values of the table.
pub(super) fn without_list_for_table<'a>(table: &Table, path: &'a [Step], read: &Read) -> &'a [Step] {
    let is_table = |path: &[Step]| matches!(expected(table, path, read), Some(Expected::Table(_)));
    let wrong = (0..path.len()).find(|&at| matches!(path[at], Step::Index(_)) && is_table(&path[..at]));
    &path[..wrong.unwrap_or(path.len())]
}

/// What stands between backticks.
pub(super) fn quoted(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

/// The value at `path`, if the table has one.
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
    /// For instance `a whole number from 0, for instance 10`. `path` is where it is expected.
    pub fn describe(&self, table: &Table, path: &[Step], read: &Read) -> String {
        match self {
            Self::Name(names) => {
                format!("one of {}, for instance {}", names.join(", "), example_of(names, table, path, read))
            }
            Self::Table(keys) => format!("a table with the keys {}", keys.join(", ")),
            Self::NoOptions => "a name without options".into(),
            Self::List(inner, length) => {
                let of = inner.as_ref().map_or(String::new(), |inner| format!(" of {}", inner.plural()));
                let length = length.map_or(String::new(), |length| format!(" of {length}"));
                let of = if length.is_empty() { of } else { of.replace(" of ", " ") };
                let name = |names: &[String]| {
                    let mut asked = table.clone();
                    let inside: Vec<Step> = path.iter().cloned().chain([Step::Index(0)]).collect();
                    if let Some(value) = descend(&mut asked, path) {
                        *value = Value::Array(vec![Value::Integer(0)]);
                    }
                    example_of(names, &asked, &inside, read)
                };
                let example = match inner.as_deref() {
                    Some(Self::Name(names)) => format!(", for instance [{}]", name(names)),
                    Some(inner) => inner.example().map_or(String::new(), |example| {
                        let times = self.length().unwrap_or(1);
                        format!(", for instance [{}]", vec![example; times].join(", "))
                    }),
                    None => String::new(),
                };
                format!("a list{length}{of}{example}")
            }
            scalar => {
                let example = scalar.example().map_or(String::new(), |example| format!(", for instance {example}"));
                format!("{}{example}", scalar.singular())
            }
        }
    }

    fn length(&self) -> Option<usize> {
        if let Self::List(_, length) = self { *length } else { None }
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

/// A name as it is written: one that needs no options, if there is one.
fn example_of(names: &[String], table: &Table, path: &[Step], read: &Read) -> String {
    let bare = |name: &&String| {
        let mut asked = table.clone();
        let Some(value) = descend(&mut asked, path) else { return false };
        *value = Value::String((*name).clone());
        let needs = |message: &str| message.starts_with("invalid type: unit variant, expected newtype");
        TAKE_OPTIONS.contains(&name.as_str()) || !read(&asked).is_err_and(|(_, message)| needs(&message))
    };
    match (names.iter().find(bare), names.first()) {
        (Some(name), _) => format!("\"{name}\""),
        (None, Some(name)) => with_options(name, table, path, read),
        (None, None) => "a name".into(),
    }
}

/// For instance `{ steps = { at = ..., factor = ... } }`: a name with its options.
pub(super) fn with_options(name: &str, table: &Table, path: &[Step], read: &Read) -> String {
    match options(name, table, path, read) {
        Some(Expected::Table(keys)) => {
            let keys: Vec<String> = keys.iter().map(|key| format!("{key} = ...")).collect();
            format!("{{ {name} = {{ {} }} }}", keys.join(", "))
        }
        _ => format!("{{ {name} = ... }}"),
    }
}

/// What the options of a name are.
fn options(name: &str, table: &Table, path: &[Step], read: &Read) -> Option<Expected> {
    let mut asked = table.clone();
    let inside: Vec<Step> = path.iter().cloned().chain([Step::Key(name.to_owned())]).collect();
    *descend(&mut asked, path)? = Value::Table([(name.to_owned(), Value::Integer(0))].into_iter().collect());
    expected(&asked, &inside, read)
}

/// What stands there instead.
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

/// Where a list was taken for a table: serde takes values in the order of the keys, which no reader knows.
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
        (Value::Array(written), Value::Array(read)) => {
            written.iter().zip(read).enumerate().any(|(i, (written, read))| inside(Step::Index(i), written, read))
        }
        _ => false,
    }
}
