//! TOML on disk to a checked [`Spec`]: profile and `--set` are laid over the file, then everything is deserialised at
//! once, and an error is traced back to the line that wrote the offending key.

mod expected;
mod origin;
#[cfg(test)]
mod sweep;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use toml::{Table, Value};

use self::origin::{Origin, Step, line_of, step};
use super::variant::{OF_THE_EXPERIMENT, Variant};
use super::{LossSource, PretextSpec, Spec, files};

/// What a spec is loaded from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    /// The TOML file.
    pub path: PathBuf,
    /// `[profile.<name>]` to lay over it; several with `+` between them, the last on top.
    pub profile: Option<String>,
    /// `key=value` to lay over both.
    pub sets: Vec<String>,
}

impl Source {
    fn profile_names(&self) -> impl Iterator<Item = &str> {
        self.profile.iter().flat_map(|names| names.split('+'))
    }
}

/// Keys whose value is one of several named alternatives with options of their own. A profile that names another
/// alternative replaces the value; one that names the same merges into it.
const ALTERNATIVES: [&[&str]; 8] = [
    &["dataset"],
    &["imbalance"],
    &["initial-set"],
    &["train", "optimizer"],
    &["train", "schedule"],
    &["pretext", "task"],
    &["pretext", "optimizer"],
    &["pretext", "schedule"],
];

/// Keys of [pretext] that are not of the learner.
const OF_BATCHES: [&str; 4] = ["order", "batches", "first-query", "short-batch"];

/// Alternatives that may be written as a bare name although they take options: `"x"` is short for `{ x = {} }`.
const TAKE_OPTIONS: [&str; 10] = [
    "cifar10",
    "shapes",
    "caltech101",
    "imagenet",
    "cityscapes",
    "long-tail",
    "step",
    "linear",
    "pretext-batch",
    "pretext-stride",
];

/// The experiment that a spec file describes: its name without the ending.
///
/// # Errors
/// If it cannot name results: it is no file name, not UTF-8, or has a line break or another control character.
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

/// A path in one line: a name may hold any character.
fn shown(path: &Path) -> String {
    path.display().to_string().replace(char::is_control, "?")
}

/// A profile's name is a part of the name of the results folder.
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
    let experiment = experiment_name(&source.path)?;
    let file = shown(&source.path);
    let text = std::fs::read_to_string(&source.path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => anyhow!("{file}: not a text in UTF-8, so no spec; name a .toml file"),
        _ => anyhow!("{file}: cannot read the spec ({e}); `pt4al list` shows those there are"),
    })?;
    let mut table: Table = text.parse().map_err(|e| syntax_error(&source.path, &text, &e))?;
    let profiles = match table.remove("profile") {
        None => Table::new(),
        Some(Value::Table(profiles)) => profiles,
        Some(_) => bail!("{file}: `profile` is not a table; write [profile.<name>]"),
    };
    for name in source.profile_names() {
        ensure!(!name.is_empty(), "--profile has an empty name; write --profile P, or several as P+Q");
        check_profile_name(&file, name)?;
        ensure!(
            profiles.get(name).is_none_or(Value::is_table),
            "{file}: `profile.{name}` is not a table; write [profile.{name}]"
        );
        let Some(Value::Table(overlay)) = profiles.get(name) else {
            let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
            bail!(
                "{file}: no profile `{name}`; it has {}",
                if known.is_empty() { "none, so leave --profile out".into() } else { known.join(", ") }
            );
        };
        merge(&mut table, overlay.clone(), &mut Vec::new());
    }
    for set in &source.sets {
        let chosen = set.split(['=', '.']).next().is_some_and(|key| key.trim() == "profile");
        ensure!(!chosen, "--set {set}: a profile is not set but chosen; write --profile and its name");
        merge(&mut table, parse_set(set)?, &mut Vec::new());
    }
    ensure!(
        !table.contains_key("resolved"),
        "{file}: this is the resolved spec of a results folder; run the experiment's own file"
    );
    let origin = Origin { text: &text, source, variant: None };
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

/// The spec of `table`, and those of its variants, each made by `protocol`.
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
        if let Some(key) = changes.keys().find(|key| OF_THE_EXPERIMENT.contains(&key.as_str())) {
            bail!(
                "{}: `variant.{name}.{key}` cannot be: all trials of an experiment share its {}; use a profile or \
                 another file",
                inside.place(&[Step::Key(key.clone())]),
                OF_THE_EXPERIMENT.join(", ")
            );
        }
        let mut merged = table.clone();
        merge(&mut merged, changes.clone(), &mut Vec::new());
        let variant = protocol(merged, &inside)?;
        let changes = with_found_files(changes, &variant)?;
        spec.variants.insert(name, Variant { changes, spec: Some(Box::new(variant)) });
    }
    Ok(spec)
}

/// The names of a spec file's profiles.
///
/// # Errors
/// If it cannot be read or is not TOML.
pub fn profiles(path: &Path) -> Result<Vec<String>> {
    let text = std::fs::read_to_string(path).map_err(|e| anyhow!("{}: cannot read the spec ({e})", path.display()))?;
    let table: Table = text.parse().map_err(|e| syntax_error(path, &text, &e))?;
    let profiles = table.get("profile").and_then(Value::as_table);
    Ok(profiles.map(|p| p.keys().cloned().collect()).unwrap_or_default())
}

/// Reads the `spec.toml` of a results folder.
///
/// # Errors
/// If it cannot be read, is not a resolved spec, or was edited since (its hash does not hold).
pub fn load_resolved(path: &Path) -> Result<Spec> {
    let file = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|e| anyhow!("{file}: cannot read the resolved spec ({e}); is this a results folder?"))?;
    let table: Table = text.parse().map_err(|e| syntax_error(path, &text, &e))?;
    let source = Source { path: path.to_owned(), ..Source::default() };
    let origin = Origin { text: &text, source: &source, variant: None };
    let mut spec = with_variants(table, &origin, &deserialise)?;
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
    // The hash says nothing of these.
    spec.check_unhashed().map_err(|e| origin.at_named_key(&format!("{e:#}")))?;
    Ok(spec)
}

/// A variant's changes as they are written down: a file that they name has the path and the hash that were found.
fn with_found_files(mut changes: Table, variant: &Spec) -> Result<Table> {
    if let (Some(PretextSpec { losses: LossSource::File(file), .. }), Some(Value::Table(pretext))) =
        (&variant.pretext, changes.get_mut("pretext"))
        && let Some(losses) = pretext.get_mut("losses")
    {
        *losses = Value::try_from(file)?;
    }
    Ok(changes)
}

/// The spec of a table without variants.
fn deserialise(mut table: Table, origin: &Origin) -> Result<Spec> {
    fn read(table: &Table) -> Result<Spec, (Vec<Step>, String)> {
        serde_path_to_error::deserialize(Value::Table(table.clone()))
            .map_err(|e| (e.path().iter().filter_map(step).collect(), e.inner().message().to_owned()))
    }
    expand_names(&mut table);
    let looked_at = |table: &Table| read(table).map(drop);
    let spec = read(&table).map_err(|(path, message)| origin.explain(path, &message, &table, &looked_at))?;
    let (written, mut path) = (Value::Table(table), Vec::new());
    if expected::list_for_table(&written, &Value::try_from(&spec)?, &mut path) {
        let Value::Table(table) = &written else { unreachable!("made above") };
        return Err(origin.explain_type(&path, table, &looked_at));
    }
    Ok(spec)
}

fn syntax_error(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    anyhow!("{}:{line}: not valid TOML: {}", path.display(), error.message().replace('\n', ", "))
}

/// Lays `over` over `under`, table by table.
fn merge(under: &mut Table, over: Table, path: &mut Vec<String>) {
    if in_protocol(path) == ["pretext"] {
        // Losses from a file and a learner's take the place of each other.
        if over.contains_key("losses") && !under.contains_key("losses") {
            under.retain(|key, _| OF_BATCHES.contains(&key));
        } else if over.contains_key("task") && !over.contains_key("losses") {
            under.remove("losses");
        }
    }
    for (key, value) in over {
        path.push(key.clone());
        match (under.get_mut(&key), value) {
            (Some(Value::Table(a)), Value::Table(b)) if !names_another(path, a, &b) => merge(a, b, path),
            (Some(Value::String(name)), Value::Table(b)) if is_alternative(path) && b.contains_key(name.as_str()) => {
                under.insert(key, Value::Table(b));
            }
            (_, value) => {
                under.insert(key, value);
            }
        }
        path.pop();
    }
}

fn is_alternative(path: &[String]) -> bool {
    ALTERNATIVES.iter().any(|a| a.iter().eq(in_protocol(path).iter()))
}

/// The path in the protocol that it is of: a variant's keys are those of a protocol, too.
fn in_protocol(path: &[String]) -> &[String] {
    if path.len() >= 2 && path[0] == "variant" { &path[2..] } else { path }
}

fn names_another(path: &[String], a: &Table, b: &Table) -> bool {
    is_alternative(path) && !b.keys().any(|k| a.contains_key(k))
}

/// Bare names of alternatives with options become tables.
fn expand_names(table: &mut Table) {
    fn expand(value: &mut Value) {
        if let Value::String(name) = value
            && TAKE_OPTIONS.contains(&name.as_str())
        {
            *value = Value::Table([(name.clone(), Value::Table(Table::new()))].into_iter().collect());
        }
    }
    for path in ALTERNATIVES {
        let (last, parents) = path.split_last().expect("paths are not empty");
        let parent = parents.iter().try_fold(&mut *table, |t, key| t.get_mut(*key).and_then(Value::as_table_mut));
        if let Some(value) = parent.and_then(|t| t.get_mut(*last)) {
            expand(value);
        }
    }
    if let Some(Value::Array(samplers)) = table.get_mut("samplers") {
        samplers.iter_mut().for_each(expand);
    }
}

/// `a.b=1` as a table. What is not a TOML value is taken as a string.
fn parse_set(set: &str) -> Result<Table> {
    let (key, value) = set.split_once('=').with_context(|| format!("--set {set}: no `=`; write --set key=value"))?;
    let line = |value: &str| format!("{} = {value}", key.trim()).parse::<Table>();
    line(value)
        .or_else(|_| line(&Value::String(value.trim().into()).to_string()))
        .map_err(|_| anyhow!("--set {set}: `{key}` is not a key; write for instance --set train.epochs=10"))
}
