//! TOML on disk to a checked [`Spec`]: the file is applied to its base, profiles and `--set` to both, then the table is
//! deserialised, and an error is traced back to the line that wrote the offending key.

#[cfg(test)]
mod base_tests;
mod expected;
mod layer;
mod merge;
mod origin;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use indexmap::IndexSet;
use toml::{Table, Value};

use self::layer::Layer;
use self::merge::{expand_names, merge};
use self::origin::{Origin, Step, line_of, step};
use super::schema::{self, Node};
use super::variant::Variant;
use super::{LossSource, PretextSpec, Spec, files};
use crate::files::checksums::{Changed, read_checked};
use crate::words::error_on_one_line;

/// What a spec is loaded from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The TOML file.
    pub path: PathBuf,
    /// The profile to apply; several have `+` between them, and the last counts most.
    pub profile: Option<String>,
    /// Keys to change after that, each as `key=value`.
    pub sets: Vec<String>,
}

impl Source {
    fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.profile.iter().flat_map(|names| names.split('+'))
    }
}

/// Returns the name of the experiment that a spec file describes: the file's name without its ending.
///
/// # Errors
/// If the name cannot be that of results: it is not a file name, not UTF-8, or has a line break or another control character.
pub fn experiment_name(path: &Path) -> Result<String> {
    let shown = shown(path);
    let name = path.file_stem().with_context(|| format!("{shown}: not a file name; name a .toml file"))?;
    let Some(name) = name.to_str() else { bail!("{shown}: the file's name is not UTF-8; rename it") };
    ensure!(
        !name.contains(char::is_control),
        "{shown}: the file's name has a line break or another control character, and it names the results; rename it"
    );
    ensure!(
        !name.starts_with('.'),
        "{shown}: the file's name begins with a dot, and it names the results, which would lie elsewhere or be hidden; rename it"
    );
    Ok(name.to_owned())
}

/// Writes a path on one line: a name may have any character.
fn shown(path: &Path) -> String {
    path.display().to_string().replace(char::is_control, "?")
}

/// Checks the name of a profile, which is part of the name of the results folder.
fn check_profile_name(file: &str, name: &str) -> Result<()> {
    ensure!(
        !name.contains(|c: char| c.is_control() || c == '/'),
        "{file}: the profile {name:?} names a folder, so it cannot have a `/`, a line break or another control \
         character; rename it"
    );
    Ok(())
}

/// Reads, merges, checks and resolves a spec.
///
/// # Errors
/// One line that names the file, the line, the key and the remedy.
pub fn load(source: &Source) -> Result<Spec> {
    // Keys in quotes may have line breaks, and messages name keys.
    load_spec(source).map_err(error_on_one_line)
}

fn load_spec(source: &Source) -> Result<Spec> {
    let experiment = experiment_name(&source.path)?;
    let layers = layer::read(&source.path)?;
    let mut table = Table::new();
    for layer in &layers {
        merge(&mut table, layer.table.clone(), Some(Node::root()));
    }
    for name in source.profile_names() {
        for changes in profile(&layers, &source.path, name)? {
            merge(&mut table, changes, Some(Node::root()));
        }
    }
    for set in &source.sets {
        let key = set.split(['=', '.']).next().unwrap_or_default().trim();
        ensure!(key != "profile", "--set {set}: a profile is not set but chosen; write --profile and its name");
        ensure!(!["base", "without"].contains(&key), "--set {set}: `{key}` cannot be set; write it in the file");
        merge(&mut table, parse_set(set)?, Some(Node::root()));
    }
    let origin = Origin { layers: &layers, source, variant: None };
    let mut spec = with_variants(table, &origin, &|table, origin| {
        let mut spec = deserialise(table, origin)?;
        let folder = source.path.parent().unwrap_or(Path::new(""));
        files::fill_in(&mut spec, folder)
            .and_then(|()| spec.check())
            .map_err(|e| origin.at_named_key(&format!("{e:#}")))?;
        Ok(spec)
    })?;
    let profile = source.profile.clone().unwrap_or_default();
    spec.resolve(&experiment, &profile);
    Ok(spec)
}

/// Returns the changes of a profile, those of the base first.
fn profile(layers: &[Layer], path: &Path, name: &str) -> Result<Vec<Table>> {
    let file = shown(path);
    ensure!(!name.is_empty(), "--profile has an empty name; write --profile P, or several as P+Q");
    check_profile_name(&file, name)?;
    let mut changes = Vec::new();
    for layer in layers {
        match layer.profiles.get(name) {
            Some(Value::Table(profile)) => changes.push(profile.clone()),
            Some(_) => bail!("{}: `profile.{name}` is not a table; write [profile.{name}]", shown(&layer.path)),
            None => {}
        }
    }
    if changes.is_empty() {
        let known = profile_names(layers);
        bail!(
            "{file}: no profile `{name}`; it has {}",
            if known.is_empty() { "none, so leave --profile out".into() } else { known.join(", ") }
        );
    }
    Ok(changes)
}

/// Returns the names of all profiles, those of the base first.
fn profile_names(layers: &[Layer]) -> Vec<String> {
    let names: IndexSet<&String> = layers.iter().flat_map(|layer| layer.profiles.keys()).collect();
    names.into_iter().cloned().collect()
}

/// Makes the spec of `table` and those of its variants, each by `protocol`.
fn with_variants(mut table: Table, origin: &Origin, protocol: &dyn Fn(Table, &Origin) -> Result<Spec>) -> Result<Spec> {
    let variants = match table.remove("variant") {
        None => Table::new(),
        Some(Value::Table(variants)) => variants,
        Some(_) => bail!("{}: `variant` is not a table; write [variant.<name>]", origin.source.path.display()),
    };
    let mut spec = protocol(table.clone(), origin)?;
    for (name, changes) in variants {
        let inside = Origin { variant: Some(&name), ..*origin };
        let Value::Table(changes) = changes else {
            bail!("{}: `variant.{name}` is not a table; write [variant.{name}]", inside.place(&[]));
        };
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        ensure!(
            (1..=60).contains(&name.len()) && name.chars().all(plain) && !name.starts_with('-'),
            "{}: the variant \"{name}\" names files; use up to 60 lower-case letters, digits and `-`, a letter or digit first",
            inside.place(&[])
        );
        ensure!(!changes.is_empty(), "{}: the variant `{name}` changes nothing; remove it", inside.place(&[]));
        if let Some(key) = changes.keys().find(|key| Node::root().key(key).is_some_and(Node::is_shared)) {
            bail!(
                "{}: `variant.{name}.{key}` cannot be: all trials of an experiment share its {}; use a profile or \
                 another file",
                inside.place(&[Step::Key(key.clone())]),
                shared_keys()
            );
        }
        let mut merged = table.clone();
        merge(&mut merged, changes.clone(), Some(Node::root()));
        let variant = protocol(merged, &inside)?;
        let changes = with_found_files(changes, &variant)?;
        spec.variants.insert(name, Variant { changes, spec: Some(Box::new(variant)) });
    }
    Ok(spec)
}

/// Returns the names of a spec file's profiles, those of its base first.
///
/// # Errors
/// If the file or its base cannot be read or is not TOML.
pub fn profiles(path: &Path) -> Result<Vec<String>> {
    layer::read(path).map(|layers| profile_names(&layers)).map_err(error_on_one_line)
}

/// Reads the `spec.toml` of a results folder.
///
/// # Errors
/// If it cannot be read, is not a resolved spec, or was edited since (its hash does not hold).
pub fn load_resolved(path: &Path) -> Result<Spec> {
    // A changed file is an error of its own type, by which a run tells what it can repair.
    load_resolved_spec(path).map_err(|error| if error.is::<Changed>() { error } else { error_on_one_line(error) })
}

fn load_resolved_spec(path: &Path) -> Result<Spec> {
    let file = path.display();
    let bytes =
        read_checked(path, |e| anyhow!("{file}: cannot read the resolved spec ({e}); is this a results folder?"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| anyhow!("{file}: cannot read the resolved spec (it is not UTF-8 text); restore it"))?;
    let layers = [Layer::new(path, text)?];
    let source = Source { path: path.to_owned(), ..Source::default() };
    let origin = Origin { layers: &layers, source: &source, variant: None };
    let mut spec = with_variants(layers[0].table.clone(), &origin, &deserialise)?;
    let Some(resolved) = spec.resolved.clone() else {
        bail!("{file}: no [resolved] table; this is not the spec of a results folder");
    };
    spec.resolve(&resolved.experiment, &resolved.profile);
    let is = spec.resolved.as_ref().expect("just resolved");
    ensure!(
        resolved == *is,
        "{file}: the spec hashes to {} but states {}; it was edited or is of another version: restore it",
        is.hashes(),
        resolved.hashes()
    );
    // The hash does not cover these.
    spec.check_unhashed().map_err(|e| origin.at_named_key(&format!("{e:#}")))?;
    Ok(spec)
}

/// Returns a variant's changes with the paths and the hashes of files that they name, as they were found.
fn with_found_files(mut changes: Table, variant: &Spec) -> Result<Table> {
    if let (Some(PretextSpec { losses: LossSource::File(file), .. }), Some(Value::Table(pretext))) =
        (&variant.pretext, changes.get_mut("pretext"))
        && let Some(losses) = pretext.get_mut("losses")
    {
        *losses = Value::try_from(file)?;
    }
    if let Some(samplers) = changes.get_mut("samplers")
        && variant.samplers.iter().any(|sampler| sampler.command().is_some())
    {
        *samplers = Value::try_from(&variant.samplers)?;
    }
    if let (Some((key, _)), Some(Value::Table(model))) = (variant.model.file(), changes.get_mut("model"))
        && model.contains_key(key)
        && let Value::Table(found) = Value::try_from(&variant.model)?
    {
        model.extend(found.into_iter().filter(|(key, _)| key != "hidden" && key != "frozen"));
    }
    Ok(changes)
}

/// Deserialises a table without variants, or returns the path of what is wrong and serde's message.
fn read(table: &Table) -> Result<Spec, (Vec<Step>, String)> {
    let mut table = table.clone();
    expand_names(&mut table);
    serde_path_to_error::deserialize(Value::Table(table))
        .map_err(|e| (e.path().iter().filter_map(step).collect(), e.inner().message().to_owned()))
}

/// Makes the spec of a table without variants.
fn deserialise(table: Table, origin: &Origin) -> Result<Spec> {
    let spec = read(&table).map_err(|(path, message)| origin.explain(path, &message, &table))?;
    let (written, mut path) = (Value::Table(table), Vec::new());
    if expected::list_for_table(&written, &Value::try_from(&spec)?, &mut path) {
        let Value::Table(table) = &written else { unreachable!("made above") };
        return Err(origin.explain_type(&path, table));
    }
    Ok(spec)
}

/// Lists the keys that a variant cannot change and that a person writes, for messages.
fn shared_keys() -> String {
    let keys =
        schema::marked(schema::SHARED).filter(|key| Node::root().key(key).is_some_and(|node| !node.is_generated()));
    keys.collect::<Vec<_>>().join(", ")
}

fn syntax_error(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    anyhow!("{}:{line}: not valid TOML: {}", path.display(), error.message().replace('\n', ", "))
}

/// Parses `a.b=1` as a table. What is not a TOML value is taken as a string.
fn parse_set(set: &str) -> Result<Table> {
    let (key, value) = set.split_once('=').with_context(|| format!("--set {set}: no `=`; write --set key=value"))?;
    let line = |value: &str| format!("{} = {value}", key.trim()).parse::<Table>();
    line(value)
        .or_else(|_| line(&Value::String(value.trim().into()).to_string()))
        .map_err(|_| anyhow!("--set {set}: `{key}` is not a key; write for instance --set train.epochs=10"))
}
