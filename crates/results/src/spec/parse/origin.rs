//! Where a key was written, and errors about it.

use anyhow::anyhow;
use serde_path_to_error::Segment;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::Source;
use super::expected::{self, Expected};
use super::layer::Layer;
use crate::spec::schema::Node;
use crate::words::nearest;

/// Where a key was written.
#[derive(Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The spec's files, the base first.
    pub layers: &'a [Layer],
    pub source: &'a Source,
    /// The variant whose changes are searched first.
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
    /// Says serde's message in plain words, with the file, the line, the key, and the nearest valid name. `table` is what serde could
    /// not read.
    pub fn explain(&self, mut path: Vec<Step>, message: &str, table: &Table) -> anyhow::Error {
        let inside = expected::without_list_for_table(&path);
        if inside.len() < path.len() {
            return self.explain_type(inside, table);
        }
        let mut names: Vec<&str> = expected::quoted(message).collect();
        if path.len() <= 1 && !message.starts_with("missing field") {
            // The first name is what was written, which may be called like such a key.
            let mut is_written = true;
            let is_generated = |name: &str| Node::root().key(name).is_some_and(Node::is_generated);
            names.retain(|name| std::mem::take(&mut is_written) || !is_generated(name));
        }
        if message.starts_with("unknown field") {
            let unknown = names[0];
            if path.last() != Some(&Step::Key(unknown.into())) {
                path.push(Step::Key(unknown.into()));
            }
            if self.variant.is_some() && path.len() == 1 {
                names.retain(|name| *name == unknown || !Node::root().key(name).is_some_and(Node::is_shared));
            }
            if self.variant.is_none() && path.len() == 1 {
                names.extend(Node::root().keys().iter().filter(|(_, node)| node.is_of_file()).map(|(key, _)| *key));
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
            return self.explain_type(&path, table);
        }
        anyhow!("{}: `{}`: {}", self.place(&path), dotted(&path), message.trim().replace('\n', ", "))
    }

    /// Says what a value of the wrong type is, and what it must be.
    pub fn explain_type(&self, path: &[Step], table: &Table) -> anyhow::Error {
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
        match (expected::expected(path), value) {
            (Some(Expected::Name(names)), Value::String(name)) if names.contains(&name.as_str()) => {
                let example = expected::with_options(name, path);
                anyhow!("{place}: `{key}` is \"{name}\", which needs options; write {example}")
            }
            (Some(Expected::NoOptions), _) => {
                let (above, name) = (dotted(&path[..path.len() - 1]), path.last());
                let name = name.map_or(String::new(), |name| dotted(std::slice::from_ref(name)));
                anyhow!("{place}: `{above}` has no options where it is {name}; write \"{name}\"")
            }
            (Some(wanted), value) => {
                let (is, must) = (expected::given(value), wanted.describe(path));
                anyhow!("{place}: `{key}` is {is}; it must be {must}")
            }
            (None, value) => {
                let is = expected::given(value);
                anyhow!("{place}: `{key}` cannot be {is}; compare it with a file of experiments/")
            }
        }
    }

    /// Adds the file and the line to a rule's message, which opens with its key in backticks.
    pub fn at_named_key(&self, message: &str) -> anyhow::Error {
        let key = message.split('`').nth(1).unwrap_or_default();
        let path: Vec<Step> = key.split('.').map(|k| Step::Key(k.to_owned())).collect();
        anyhow!("{}: {message}", self.place(&path))
    }

    /// Returns the last `--set` that wrote `key`, or a table that it is in.
    fn set_of(&self, key: &str) -> Option<&String> {
        let of_set = |set: &&String| {
            let rest = set.split('=').next().and_then(|k| key.strip_prefix(k.trim()));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.source.sets.iter().rev().find(of_set)
    }

    /// Returns the last `--set` that wrote a key below `key`, of a table that is nowhere else.
    fn set_inside(&self, key: &str) -> Option<&String> {
        let in_variant = self.variant.map(|name| format!("variant.{name}.{key}."));
        let inside = |set: &&String| {
            let written = set.split('=').next().unwrap_or_default().trim();
            written.starts_with(&format!("{key}.")) || in_variant.as_ref().is_some_and(|key| written.starts_with(key))
        };
        self.source.sets.iter().rev().find(inside).filter(|_| !key.is_empty())
    }

    /// Returns `--set ...`, or `file:line` of the deepest part of `path` that was written. Of equally deep ones it is the one that
    /// counts: a variant's over the experiment's, a profile's over the file's, the file's over its base's.
    pub fn place(&self, path: &[Step]) -> String {
        let in_variant = self.variant.map(|name| format!("variant.{name}.{}", dotted(path)));
        if let Some(set) = in_variant.and_then(|key| self.set_of(&key)) {
            return format!("--set {set}");
        }
        let variant: Vec<Step> = self.variant.iter().flat_map(|name| keys(&["variant", name])).collect();
        let in_variant: Vec<Step> = variant.iter().chain(path).cloned().collect();
        let written =
            self.variant.is_some() && self.layers.iter().any(|layer| layer.descend(&in_variant).1 == in_variant.len());
        if let Some(set) = self.set_of(&dotted(path)).filter(|_| !written) {
            return format!("--set {set}");
        }
        let mut places = self.places(&[], path);
        if self.variant.is_some() {
            places.extend(self.places(&variant, path));
        }
        // max_by_key takes the last of equals.
        let deepest = places.into_iter().max_by_key(|place| place.depth);
        if deepest.as_ref().is_none_or(|place| place.depth < path.len())
            && let Some(set) = self.set_inside(&dotted(path))
        {
            return format!("--set {set}");
        }
        match deepest {
            Some(Place { layer, offset, .. }) => format!("{}:{}", layer.path.display(), line_of(&layer.text, offset)),
            None => self.source.path.display().to_string(),
        }
    }

    /// Returns where `path` may have been written below `variant`, the place that counts last: in the files, then in their profiles.
    fn places(&self, variant: &[Step], path: &[Step]) -> Vec<Place<'_>> {
        let profiles = self.source.profile_names().map(|name| keys(&["profile", name]));
        let outer = std::iter::once(Vec::new()).chain(profiles);
        let mut places = Vec::new();
        for outer in outer {
            let above = outer.len() + variant.len();
            let full: Vec<Step> = outer.iter().chain(variant).chain(path).cloned().collect();
            for layer in self.layers {
                let (offset, depth) = layer.descend(&full);
                // A variant without the key is still a place, for what concerns all of the variant.
                let whole_variant = !variant.is_empty() && path.is_empty();
                let depth = depth.checked_sub(above).filter(|depth| *depth > 0 || whole_variant);
                places.extend(depth.map(|depth| Place { layer, offset, depth }));
            }
        }
        places
    }
}

/// Where a part of a path was written.
struct Place<'a> {
    layer: &'a Layer,
    offset: usize,
    /// How many steps of the path are written there.
    depth: usize,
}

fn keys(names: &[&str]) -> Vec<Step> {
    names.iter().map(|name| Step::Key((*name).to_owned())).collect()
}

/// Names the nearest valid name, if one is near, and all of them.
fn remedy(given: &str, known: &[&str]) -> String {
    let nearest = nearest(given, known.iter().copied());
    let known = format!("known: {}", known.join(", "));
    nearest.map_or(known.clone(), |name| format!("did you mean `{name}`? ({known})"))
}

/// Returns the offset of the deepest key of `path` that `table` holds, and its depth.
pub(super) fn descend(table: &DeTable, path: &[Step]) -> (usize, usize) {
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

/// Returns the number of the line at `offset`, which may be anywhere, also inside a character.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
}
