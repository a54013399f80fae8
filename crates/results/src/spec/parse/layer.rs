//! A spec file and the files that it is based on.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail, ensure};
use toml::de::DeTable;
use toml::{Table, Value};

use super::expected::given;
use super::merge::visit;
use super::origin::{self, Step, line_of};
use super::{shown, syntax_error};
use crate::spec::schema::Node;

/// One file of a spec.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub path: PathBuf,
    pub text: String,
    /// The file's keys, without its profiles.
    pub table: Table,
    pub profiles: Table,
    /// Keys of this file that the files based on it do not take over.
    dropped: Vec<Vec<String>>,
}

impl Layer {
    /// Reads a file that is based on no other, without interpreting it.
    pub fn new(path: &Path, text: String) -> Result<Self> {
        let table = text.parse().map_err(|e| syntax_error(path, &text, &e))?;
        Ok(Self { path: path.to_owned(), text, table, profiles: Table::new(), dropped: Vec::new() })
    }

    /// Returns the offset of the deepest key of `path` in the file, and its depth. Keys that are not taken over are not found.
    pub fn descend(&self, path: &[Step]) -> (usize, usize) {
        let Ok(document) = DeTable::parse(&self.text) else { return (0, 0) };
        let is_dropped = |key: &[String]| starts_with(path, key) || starts_with(in_protocol(path), key);
        let deepest = self.dropped.iter().filter(|key| is_dropped(key)).map(|_| path.len().saturating_sub(1)).min();
        origin::descend(document.get_ref(), &path[..deepest.unwrap_or(path.len())])
    }

    /// Returns `file:line` of a top-level key.
    fn place(&self, key: &str) -> String {
        let (offset, _) = self.descend(&[Step::Key(key.to_owned())]);
        format!("{}:{}", shown(&self.path), line_of(&self.text, offset))
    }

    /// Takes `base` out of the file.
    fn take_base(&mut self) -> Result<Option<PathBuf>> {
        match self.table.remove("base") {
            None => Ok(None),
            Some(Value::String(name)) if !name.trim().is_empty() => Ok(Some(self.folder().join(name))),
            Some(other) => bail!(
                "{}: `base` is {}; it must be a spec file, relative to this one, for instance \"cifar10.toml\"",
                self.place("base"),
                given(&other)
            ),
        }
    }

    /// Takes `without` out of the file: keys of its base that it does not take over.
    fn take_without(&mut self) -> Result<Vec<String>> {
        let wrong = |value: &Value| {
            anyhow!(
                "{}: `without` is {}; it must be a list of keys of the base, for instance [\"correlation\", \"profile.cpu\"]",
                self.place("without"),
                given(value)
            )
        };
        match self.table.get("without").cloned() {
            None => Ok(Vec::new()),
            Some(value) => {
                let keys =
                    value.as_array().and_then(|keys| keys.iter().map(Value::as_str).collect::<Option<Vec<&str>>>());
                let keys = keys.ok_or_else(|| wrong(&value))?.into_iter().map(str::to_owned).collect();
                self.table.remove("without");
                Ok(keys)
            }
        }
    }

    fn take_profiles(&mut self) -> Result<()> {
        let file = shown(&self.path);
        match self.table.remove("profile") {
            None => {}
            Some(Value::Table(profiles)) => self.profiles = profiles,
            Some(_) => bail!("{file}: `profile` is not a table; write [profile.<name>]"),
        }
        ensure!(
            !self.table.contains_key("resolved"),
            "{file}: this is the resolved spec of a results folder; name the experiment's own file"
        );
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Makes paths that are relative to this file's folder relative to `folder`, or absolute.
    fn move_paths(&mut self, folder: &Path) -> Result<()> {
        let from = self.folder().to_owned();
        if from == folder {
            return Ok(());
        }
        let from = std::path::absolute(&from).map_err(|e| anyhow!("{}: {e}", from.display()))?;
        let mut tables = [std::mem::take(&mut self.table), std::mem::take(&mut self.profiles)].map(Value::Table);
        let nodes = [Some(Node::root()), Node::root().key("profile")];
        for (table, node) in tables.iter_mut().zip(nodes) {
            visit(table, node, &mut |value, node| {
                // Files of a command are relative to its folder.
                if let (Value::Table(command), Some(key)) = (&mut *value, node.runs_in()) {
                    command.entry(key).or_insert(Value::String(".".into()));
                }
                if let Value::String(path) = value
                    && node.is_path()
                {
                    *path = from.join(&*path).to_string_lossy().into_owned();
                }
            });
        }
        let [Value::Table(table), Value::Table(profiles)] = tables else { unreachable!("made above") };
        (self.table, self.profiles) = (table, profiles);
        Ok(())
    }
}

/// Reads a spec file and the files that it is based on, the base first.
///
/// # Errors
/// One line that names the file and, for a base, the line that names it.
pub(super) fn read(path: &Path) -> Result<Vec<Layer>> {
    let mut layers = vec![read_file(path).map_err(|e| match e {
        Unreadable::NoText => anyhow!("{}: not a text in UTF-8, so no spec; name a .toml file", shown(path)),
        Unreadable::Io(e) => anyhow!("{}: cannot read the spec ({e}); `pt4al list` shows those there are", shown(path)),
        Unreadable::Syntax(e) => e,
    })?];
    let mut not_taken = Vec::new();
    loop {
        let layer = layers.last_mut().expect("there is one");
        let (base, without) = (layer.take_base()?, layer.take_without()?);
        layer.take_profiles()?;
        let Some(base) = base else {
            ensure!(
                without.is_empty(),
                "{}: `without` names keys of a base, but the file has no `base`; remove it",
                layer.place("without")
            );
            break;
        };
        let layer = &layers[layers.len() - 1];
        let place = layer.place("base");
        if layers.iter().any(|layer| is_same_file(&layer.path, &base)) {
            bail!("{place}: `base` leads back to {}, so the file would be based on itself; name another", shown(&base));
        }
        not_taken.extend(without.into_iter().map(|key| (key, layer.place("without"), layers.len())));
        // Reading a pipe could wait forever.
        let is_file = std::fs::metadata(&base).map(|meta| meta.is_file());
        ensure!(
            is_file.unwrap_or(true),
            "{place}: `base`: {} is no file; name a spec file, relative to this one",
            shown(&base)
        );
        layers.push(read_file(&base).map_err(|e| match e {
            Unreadable::NoText => anyhow!("{place}: `base`: {} is not a text in UTF-8; name a spec file", shown(&base)),
            Unreadable::Io(e) => {
                anyhow!(
                    "{place}: `base`: {} cannot be read ({e}); name a spec file, relative to this one",
                    shown(&base)
                )
            }
            Unreadable::Syntax(e) => e,
        })?);
    }
    for (key, place, from) in not_taken {
        let steps: Vec<String> = key.split('.').map(|step| step.trim().to_owned()).collect();
        let mut found = false;
        for layer in &mut layers[from..] {
            found |= layer.drop_key(&steps);
        }
        ensure!(found, "{place}: `without` names `{key}`, which the base does not have; correct or remove it");
    }
    let folder = layers[0].folder().to_owned();
    layers[1..].iter_mut().try_for_each(|layer| layer.move_paths(&folder))?;
    layers.reverse();
    Ok(layers)
}

impl Layer {
    /// Removes a key from the file, its profiles and its variants. Returns whether it was there.
    fn drop_key(&mut self, key: &[String]) -> bool {
        let found = match key.split_first() {
            Some((first, rest)) if first == "profile" => match rest {
                [] => !std::mem::take(&mut self.profiles).is_empty(),
                rest => remove(&mut self.profiles, rest),
            },
            _ => {
                let profiles = self.profiles.iter_mut().filter_map(|(_, profile)| profile.as_table_mut());
                let removed =
                    profiles.map(|profile| remove_from_protocols(profile, key)).collect::<Vec<_>>().contains(&true);
                remove_from_protocols(&mut self.table, key) || removed
            }
        };
        self.dropped.extend(found.then(|| key.to_vec()));
        found
    }
}

/// Removes a key from a table and from its variants. Returns whether it was there.
fn remove_from_protocols(table: &mut Table, key: &[String]) -> bool {
    let variants = table.get_mut("variant").and_then(Value::as_table_mut);
    let variants = variants.into_iter().flat_map(Table::iter_mut).filter_map(|(_, variant)| variant.as_table_mut());
    let removed = variants.map(|variant| remove(variant, key)).collect::<Vec<_>>().contains(&true);
    remove(table, key) || removed
}

/// Removes the value at a path of keys. Returns whether it was there.
fn remove(table: &mut Table, key: &[String]) -> bool {
    match key {
        [] => false,
        [last] => table.remove(last).is_some(),
        [first, rest @ ..] => {
            table.get_mut(first).and_then(Value::as_table_mut).is_some_and(|inside| remove(inside, rest))
        }
    }
}

enum Unreadable {
    NoText,
    Io(std::io::Error),
    Syntax(anyhow::Error),
}

fn read_file(path: &Path) -> Result<Layer, Unreadable> {
    let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => Unreadable::NoText,
        _ => Unreadable::Io(e),
    })?;
    Layer::new(path, text).map_err(Unreadable::Syntax)
}

fn is_same_file(a: &Path, b: &Path) -> bool {
    match (a.canonicalize(), b.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => a == b,
    }
}

/// Whether a path of keys begins with `key`.
fn starts_with(path: &[Step], key: &[String]) -> bool {
    path.len() >= key.len() && path.iter().zip(key).all(|(step, key)| matches!(step, Step::Key(name) if name == key))
}

/// Returns the part of a path after `profile.<name>` and `variant.<name>`.
fn in_protocol(mut path: &[Step]) -> &[Step] {
    for outer in ["profile", "variant"] {
        if path.len() >= 2 && path[0] == Step::Key(outer.to_owned()) {
            path = &path[2..];
        }
    }
    path
}
