//! Where a key was written, and what to say of it.

use anyhow::anyhow;
use serde_path_to_error::Segment;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::Source;
use super::expected::{self, Expected, Read};
use crate::spec::variant::OF_THE_EXPERIMENT;

/// Where a key was written.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    pub text: &'a str,
    pub source: &'a Source,
    /// The variant whose changes are looked at first.
    pub variant: Option<&'a str>,
}

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

pub(super) fn step(segment: &Segment) -> Option<Step> {
    match segment {
        Segment::Map { key } => Some(Step::Key(key.clone())),
        Segment::Enum { variant } => Some(Step::Key(variant.clone())),
        Segment::Seq { index } => Some(Step::Index(*index)),
        Segment::Unknown => None,
    }
}

fn dotted(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Key(key) if out.is_empty() => out.push_str(key),
            Step::Key(key) => out.push_str(&format!(".{key}")),
            Step::Index(index) => out.push_str(&format!("[{index}]")),
        }
    }
    out
}

impl Origin<'_> {
    /// serde's message in plain words, with the file, the line, the key, and the nearest valid name. `table` is what could
    /// not be read, and `read` reads another.
    pub fn explain(&self, mut path: Vec<Step>, message: &str, table: &Table, read: &Read) -> anyhow::Error {
        let inside = expected::without_list_for_table(table, &path, read);
        if inside.len() < path.len() {
            return self.explain_type(inside, table, read);
        }
        let mut names: Vec<&str> = expected::quoted(message).collect();
        // Nobody writes these two by hand.
        names.retain(|name| !["resolved", "replay"].contains(name) || message.starts_with("missing field"));
        if message.starts_with("unknown field") {
            let unknown = names[0];
            if path.last() != Some(&Step::Key(unknown.into())) {
                path.push(Step::Key(unknown.into()));
            }
            if self.variant.is_some() && path.len() == 1 {
                names.retain(|name| *name == unknown || !OF_THE_EXPERIMENT.contains(name));
            }
            let remedy = remedy(unknown, &names[1..]);
            return anyhow!("{}: unknown key `{}`; {remedy}", self.place(&path), dotted(&path));
        }
        if message.starts_with("unknown variant") {
            let remedy = remedy(names[0], &names[1..]);
            // The path may already end in the name that is not known.
            if path.last() == Some(&Step::Key(names[0].into())) {
                path.pop();
            }
            return anyhow!("{}: `{}` cannot be \"{}\"; {remedy}", self.place(&path), dotted(&path), names[0]);
        }
        if message.starts_with("missing field") {
            path.push(Step::Key(names[0].into()));
            return anyhow!("{}: `{}` is missing; add it", self.place(&path[..path.len() - 1]), dotted(&path));
        }
        let foreign = ["invalid ", "wanted ", "expected "].iter().any(|start| message.starts_with(start));
        if foreign {
            return self.explain_type(&path, table, read);
        }
        anyhow!("{}: `{}`: {}", self.place(&path), dotted(&path), message.trim().replace('\n', ", "))
    }

    /// What a value is that is of the wrong type, and what it must be.
    pub fn explain_type(&self, path: &[Step], table: &Table, read: &Read) -> anyhow::Error {
        let mut copy = table.clone();
        // serde's path may end in a name that was written as text: `schedule = "steps"`.
        let mut path = path;
        while expected::descend(&mut copy, path).is_none() && path.len() > 1 {
            path = &path[..path.len() - 1];
        }
        let (place, key) = (self.place(path), dotted(path));
        let Some(value) = expected::descend(&mut copy, path) else {
            return anyhow!("{place}: `{key}` is not what it must be; compare it with a file of experiments/");
        };
        match (expected::expected(table, path, read), value) {
            (Some(Expected::Name(names)), Value::String(name)) if names.contains(name) => {
                let example = expected::with_options(name, table, path, read);
                anyhow!("{place}: `{key}` is \"{name}\", which needs options; write {example}")
            }
            (Some(Expected::NoOptions), _) => {
                let (above, name) = (dotted(&path[..path.len() - 1]), path.last());
                let name = name.map_or(String::new(), |name| dotted(std::slice::from_ref(name)));
                anyhow!("{place}: `{above}` has no options where it is {name}; write \"{name}\"")
            }
            (Some(wanted), value) => {
                let (is, must) = (expected::given(value), wanted.describe(table, path, read));
                anyhow!("{place}: `{key}` is {is}; it must be {must}")
            }
            (None, value) => {
                let is = expected::given(value);
                anyhow!("{place}: `{key}` cannot be {is}; compare it with a file of experiments/")
            }
        }
    }

    /// A rule's message, which opens with its key in backticks, with the file and the line of that key.
    pub fn at_named_key(&self, message: &str) -> anyhow::Error {
        let key = message.split('`').nth(1).unwrap_or_default();
        let path: Vec<Step> = key.split('.').map(|k| Step::Key(k.to_owned())).collect();
        anyhow!("{}: {message}", self.place(&path))
    }

    /// The last `--set` that wrote `key`, or a table that it is in.
    fn set_of(&self, key: &str) -> Option<&String> {
        let of_set = |set: &&String| {
            let rest = set.split('=').next().and_then(|k| key.strip_prefix(k.trim()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.source.sets.iter().rev().find(of_set)
    }

    /// The last `--set` that wrote a key below `key`, of a table that is nowhere else.
    fn set_inside(&self, key: &str) -> Option<&String> {
        let in_variant = self.variant.map(|name| format!("variant.{name}.{key}."));
        let inside = |set: &&String| {
            let written = set.split('=').next().unwrap_or_default().trim();
            written.starts_with(&format!("{key}.")) || in_variant.as_ref().is_some_and(|key| written.starts_with(key))
        };
        self.source.sets.iter().rev().find(inside).filter(|_| !key.is_empty())
    }

    /// `--set ...`, or `file:line` of the deepest part of `path` that was written, the profile's first.
    pub fn place(&self, path: &[Step]) -> String {
        let in_variant = self.variant.map(|name| format!("variant.{name}.{}", dotted(path)));
        if let Some(set) = in_variant.and_then(|key| self.set_of(&key)) {
            return format!("--set {set}");
        }
        let Ok(document) = DeTable::parse(self.text) else { return self.source.path.display().to_string() };
        let of_variant = self.variant.map(|name| [Step::Key("variant".into()), Step::Key(name.into())]);
        let written = of_variant.is_some_and(|outer| {
            let full: Vec<Step> = outer.into_iter().chain(path.iter().cloned()).collect();
            descend(document.get_ref(), &full).1 == full.len()
        });
        if let Some(set) = self.set_of(&dotted(path)).filter(|_| !written) {
            return format!("--set {set}");
        }
        let file = self.source.path.display();
        let profiles: Vec<[&str; 2]> = self.source.profile_names().map(|name| ["profile", name]).collect();
        let variant: Vec<&str> = self.variant.iter().flat_map(|name| ["variant", *name]).collect();
        // Where a key may have been written, the one that counts last: variants lie over all else, and profiles over the
        // file, the last on top.
        let file_then_profiles = |inner: &[&'_ str]| -> Vec<Vec<String>> {
            let outer = std::iter::once(&[][..]).chain(profiles.iter().map(|p| &p[..]));
            outer.map(|outer| outer.iter().chain(inner).map(|key| (*key).to_owned()).collect()).collect()
        };
        let mut places = file_then_profiles(&[]);
        if !variant.is_empty() {
            places.extend(file_then_profiles(&variant));
        }
        let found = places.iter().filter_map(|outer| {
            let full: Vec<Step> = outer.iter().cloned().map(Step::Key).chain(path.iter().cloned()).collect();
            let (offset, depth) = descend(document.get_ref(), &full);
            let of_variant = !variant.is_empty() && outer.ends_with(&[variant[0].to_owned(), variant[1].to_owned()]);
            // A variant that does not have the key is still a place, for what concerns all of it.
            let deep = depth.checked_sub(outer.len()).filter(|inner| *inner > 0 || of_variant && path.is_empty());
            deep.map(|inner| (offset, inner))
        });
        // max_by_key takes the last of equals.
        let deepest = found.max_by_key(|found| found.1);
        if deepest.is_none_or(|found| found.1 < path.len())
            && let Some(set) = self.set_inside(&dotted(path))
        {
            return format!("--set {set}");
        }
        match deepest {
            Some((offset, _)) => format!("{file}:{}", line_of(self.text, offset)),
            None => file.to_string(),
        }
    }
}

/// The nearest valid name, if one is near, and all of them.
fn remedy(given: &str, known: &[&str]) -> String {
    // Jaro-Winkler favours equal beginnings, Damerau-Levenshtein swapped letters.
    let near =
        |name: &&&str| strsim::jaro_winkler(given, name).max(strsim::normalized_damerau_levenshtein(given, name));
    let nearest = known.iter().max_by(|a, b| near(a).total_cmp(&near(b))).filter(|name| near(name) > 0.65);
    // A letter is near to whatever begins with it.
    let nearest = nearest.filter(|_| given.len() > 1);
    let known = format!("known: {}", known.join(", "));
    nearest.map_or(known.clone(), |name| format!("did you mean `{name}`? ({known})"))
}

/// The offset of the deepest key of `path` that `table` holds, and how deep that is.
fn descend(table: &DeTable, path: &[Step]) -> (usize, usize) {
    let mut found = (0, 0);
    let mut here: Option<&Spanned<DeValue>> = None;
    for (depth, step) in path.iter().enumerate() {
        let next = match step {
            Step::Key(key) => {
                let inside = match here.map(Spanned::get_ref) {
                    None if depth == 0 => Some(table),
                    Some(DeValue::Table(inside)) => Some(inside),
                    _ => None,
                };
                let Some((name, value)) = inside.and_then(|t| t.iter().find(|(name, _)| name.get_ref() == key)) else {
                    break;
                };
                found = (name.span().start, depth + 1);
                value
            }
            Step::Index(index) => {
                let Some(DeValue::Array(items)) = here.map(Spanned::get_ref) else { break };
                let Some(value) = items.get(*index) else { break };
                found = (value.span().start, depth + 1);
                value
            }
        };
        here = Some(next);
    }
    found
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}
