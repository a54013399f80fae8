//! TOML on disk to a checked [`Spec`]: profile and `--set` are laid over the file, then everything is deserialised at
//! once, and an error is traced back to the line that wrote the offending key.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use serde_path_to_error::Segment;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

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
const OF_BATCHES: [&str; 2] = ["order", "batches"];

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
pub fn experiment_name(path: &Path) -> Result<String> {
    let name = path.file_stem().and_then(|s| s.to_str());
    name.map(str::to_owned).with_context(|| format!("{}: not a file name; name a .toml file", path.display()))
}

/// Reads, merges, checks and resolves a spec.
///
/// # Errors
/// One line that names the file, the line, the key and the remedy.
pub fn load(source: &Source) -> Result<Spec> {
    let file = source.path.display();
    let text = std::fs::read_to_string(&source.path)
        .map_err(|e| anyhow!("{file}: cannot read the spec ({e}); `pt4al list` shows those there are"))?;
    let mut table: Table = text.parse().map_err(|e| syntax_error(&source.path, &text, &e))?;
    let profiles = match table.remove("profile") {
        None => Table::new(),
        Some(Value::Table(profiles)) => profiles,
        Some(_) => bail!("{file}: `profile` is not a table; write [profile.<name>]"),
    };
    for name in source.profile_names() {
        let Some(Value::Table(overlay)) = profiles.get(name) else {
            let known: Vec<&str> = profiles.keys().map(String::as_str).collect();
            bail!(
                "{file}: no profile `{name}`; it has {}",
                if known.is_empty() { "none".into() } else { known.join(", ") }
            );
        };
        merge(&mut table, overlay.clone(), &mut Vec::new());
    }
    for set in &source.sets {
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
    let experiment = experiment_name(&source.path)?;
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
            !name.is_empty() && name.chars().all(plain),
            "{}: the variant \"{name}\" names files; use lower-case letters, digits and `-`",
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
    expand_names(&mut table);
    serde_path_to_error::deserialize(Value::Table(table)).map_err(|e| {
        let path = e.path().iter().filter_map(step).collect();
        origin.explain(path, e.inner().message())
    })
}

fn syntax_error(path: &Path, text: &str, error: &toml::de::Error) -> anyhow::Error {
    let line = error.span().map_or(1, |span| line_of(text, span.start));
    anyhow!("{}:{line}: not valid TOML: {}", path.display(), error.message().replace('\n', ", "))
}

/// Lays `over` over `under`, table by table.
fn merge(under: &mut Table, over: Table, path: &mut Vec<String>) {
    if path.len() == 1 && path[0] == "pretext" {
        // Losses from a file and a learner's take the place of each other.
        if over.contains_key("losses") && !under.contains_key("losses") {
            under.retain(|key, _| OF_BATCHES.iter().any(|of_batches| key == *of_batches));
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
    ALTERNATIVES.iter().any(|a| a.iter().eq(path.iter()))
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

/// Where a key was written.
#[derive(Clone, Copy)]
struct Origin<'a> {
    text: &'a str,
    source: &'a Source,
    /// The variant whose changes are looked at first.
    variant: Option<&'a str>,
}

/// A step on the way to a value.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Key(String),
    Index(usize),
}

fn step(segment: &Segment) -> Option<Step> {
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
    /// serde's message with the file, the line, the key, and the nearest valid name.
    fn explain(&self, mut path: Vec<Step>, message: &str) -> anyhow::Error {
        let names: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
        if message.starts_with("unknown field") {
            let unknown = names[0];
            if path.last() != Some(&Step::Key(unknown.into())) {
                path.push(Step::Key(unknown.into()));
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
        anyhow!("{}: `{}`: {}", self.place(&path), dotted(&path), message.trim().replace('\n', ", "))
    }

    /// A rule's message, which opens with its key in backticks, with the file and the line of that key.
    fn at_named_key(&self, message: &str) -> anyhow::Error {
        let key = message.split('`').nth(1).unwrap_or_default();
        let path: Vec<Step> = key.split('.').map(|k| Step::Key(k.to_owned())).collect();
        anyhow!("{}: {message}", self.place(&path))
    }

    /// `--set ...`, or `file:line` of the deepest part of `path` that was written, the profile's first.
    fn place(&self, path: &[Step]) -> String {
        let key = dotted(path);
        let of_set = |set: &&String| set.split('=').next().is_some_and(|k| key.starts_with(k.trim()));
        if let Some(set) = self.source.sets.iter().rev().find(of_set) {
            return format!("--set {set}");
        }
        let file = self.source.path.display();
        let Ok(document) = DeTable::parse(self.text) else { return file.to_string() };
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
        match found.max_by_key(|found| found.1) {
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

fn line_of(text: &str, offset: usize) -> usize {
    text[..offset.min(text.len())].matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: &str = r#"
title = "t"
seeds = [0]
samplers = ["random", "pretext-batch"]
dataset.shapes = { pool = 100, test = 20, side = 16, seed = 0 }
[rounds]
count = 2
initial = 10
query = 10
[model]
arch = "resnet18"
width = 4
[train]
start = "fresh"
epochs = 1
minibatch = 32
augment = ["crop-4"]
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last"] }
[pretext]
task = "rotation"
epochs = 1
minibatch = 32
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
checkpoint = "last"
forward = "separate"
order = "loss"
[profile.tiny]
train.epochs = 3
train.schedule.steps = { at = [2], factor = 0.1 }
dataset.shapes.pool = 50
[profile.typo]
train.epoch = 3
"#;

    fn load_text(text: &str, profile: Option<&str>, sets: &[&str]) -> Result<Spec> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small.toml");
        std::fs::write(&path, text).unwrap();
        let sets = sets.iter().map(|s| (*s).to_owned()).collect();
        load(&Source { path, profile: profile.map(str::to_owned), sets })
    }

    fn message(text: &str, profile: Option<&str>, sets: &[&str]) -> String {
        let message = format!("{:#}", load_text(text, profile, sets).unwrap_err());
        assert!(!message.contains('\n'), "{message}");
        message
    }

    /// `find` replaced in the small spec, and the parts that the error must name.
    fn rejects(find: &str, replace: &str, parts: &[&str]) {
        assert!(SMALL.contains(find), "{find}");
        let message = message(&SMALL.replacen(find, replace, 1), None, &[]);
        for part in parts {
            assert!(message.contains(part), "{message:?} lacks {part:?}");
        }
    }

    #[test]
    fn a_profile_overrides_and_nothing_else_changes() {
        let base = load_text(SMALL, None, &[]).unwrap();
        let tiny = load_text(SMALL, Some("tiny"), &[]).unwrap();
        assert_eq!((base.train.epochs, tiny.train.epochs), (1, 3));
        assert_eq!(
            tiny.train.schedule,
            super::super::Schedule::Steps(super::super::Steps { at: vec![2], factor: 0.1 })
        );
        let super::super::DatasetSpec::Shapes(shapes) = &tiny.dataset else { panic!() };
        assert_eq!((shapes.pool, shapes.test), (50, 20));
        assert_ne!(base.hash(), tiny.hash());
        assert_eq!(tiny.folder_name(), "small-tiny");
    }

    #[test]
    fn set_wins_over_the_profile() {
        let spec = load_text(SMALL, Some("tiny"), &["train.epochs=7", "title=two words"]).unwrap();
        assert_eq!((spec.train.epochs, spec.title.as_str()), (7, "two words"));
        assert!(message(SMALL, None, &["train.epoch=7"]).contains("--set train.epoch=7"));
    }

    #[test]
    fn a_resolved_spec_reads_back_equal_and_notices_edits() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("spec.toml");
        let spec = load_text(SMALL, Some("tiny"), &[]).unwrap();
        std::fs::write(&path, toml::to_string(&spec).unwrap()).unwrap();
        assert_eq!(load_resolved(&path).unwrap(), spec);
        let edited = toml::to_string(&spec).unwrap().replace("epochs = 3", "epochs = 4");
        std::fs::write(&path, edited).unwrap();
        assert!(load_resolved(&path).unwrap_err().to_string().contains("hashes to"));
    }

    #[test]
    fn more_seeds_and_samplers_keep_the_hash() {
        let hash = |set: &[&str]| load_text(SMALL, None, set).unwrap().hash();
        assert_eq!(hash(&[]), hash(&["seeds=[0,1]"]));
        assert_eq!(hash(&[]), hash(&["samplers=['entropy']"]));
        assert_ne!(hash(&[]), hash(&["train.minibatch=31"]));
    }

    #[test]
    fn bad_specs_are_explained_on_one_line() {
        rejects("epochs = 1", "epoch = 1", &["small.toml:15", "unknown key `train.epoch`", "did you mean `epochs`"]);
        rejects("title = \"t\"", "titel = \"t\"", &["small.toml:2", "`titel`", "did you mean `title`"]);
        rejects("epochs = 1", "epochs = \"ten\"", &["small.toml:15", "`train.epochs`", "string \"ten\""]);
        rejects("epochs = 1", "epochs = -1", &["small.toml:15", "`train.epochs`", "-1"]);
        rejects(
            "\"random\", ",
            "\"randm\", ",
            &["small.toml:4", "`samplers[0]`", "\"randm\"", "did you mean `random`"],
        );
        rejects(
            "\"pretext-batch\"",
            "{ pretext-batch = { withn = \"margin\" } }",
            &["small.toml:4", "withn", "did you mean `within`"],
        );
        rejects("lr = 0.1, ", "", &["small.toml:18", "`train.optimizer.sgd.lr` is missing"]);
        rejects("optimizer.sgd", "optimizer.sdg", &["small.toml:18", "\"sdg\"", "did you mean `sgd`"]);
        rejects("lr = 0.1", "lr = 0.0", &["small.toml:18", "above 0"]);
        rejects("count = 2", "count = 2 2", &["small.toml:7", "not valid TOML"]);
        rejects(
            "record = [\"last\"]",
            "record = [\"last\", \"best-on-test\"]",
            &["small.toml:20", "`train.select.every` is missing"],
        );
        rejects("seeds = [0]", "seeds = [0, 0]", &["small.toml:3", "twice"]);
        let typo = message(SMALL, Some("typo"), &[]);
        assert!(typo.contains("small.toml:35") && typo.contains("did you mean `epochs`"), "{typo}");
        assert!(message(SMALL, Some("huge"), &[]).contains("it has tiny, typo"));
        let missing = SMALL.split("[pretext]").next().unwrap();
        assert!(message(missing, None, &[]).contains("[pretext] table"));
    }

    #[test]
    fn variants_are_whole_protocols_with_hashes_of_their_own() {
        let variants = "\n[variant.long]\ntrain.epochs = 9\n[variant.file]\npretext.losses = { file = \"l.csv\" }\n\
                        [profile.tiny.variant.long]\ntrain.epochs = 5\n";
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("l.csv"), "index,loss\n0,1\n").unwrap();
        let path = dir.path().join("small.toml");
        std::fs::write(&path, format!("{SMALL}{variants}")).unwrap();
        let load = |profile: Option<&str>| {
            load(&Source { path: path.clone(), profile: profile.map(str::to_owned), sets: vec![] })
        };
        let spec = load(None).unwrap();
        // The experiment's own hash is the one that it has without them: variants can be added to results.
        assert_eq!(spec.hash(), load_text(SMALL, None, &[]).unwrap().hash());
        let labels: Vec<String> = spec.arms().into_iter().map(|arm| arm.0).collect();
        assert_eq!(
            labels,
            ["random", "pretext-batch", "random@long", "pretext-batch@long", "random@file", "pretext-batch@file"]
        );
        let epochs = |spec: &Spec| spec.protocol(Some("long")).train.epochs;
        assert_eq!((spec.train.epochs, epochs(&spec), epochs(&load(Some("tiny")).unwrap())), (1, 9, 5));
        assert_ne!(spec.hash(), spec.protocol(Some("long")).hash());
        // Losses of a file take the place of the learner, and only they are not those of the other protocols.
        assert!(spec.protocol(Some("file")).pretext.as_ref().unwrap().learner().is_none());
        assert_eq!((spec.losses_of(Some("long")), spec.losses_of(Some("file"))), (None, Some("file")));
        // As a results folder has it.
        let resolved = dir.path().join("spec.toml");
        std::fs::write(&resolved, toml::to_string(&spec).unwrap()).unwrap();
        assert_eq!(load_resolved(&resolved).unwrap(), spec);
        let edited = toml::to_string(&spec).unwrap().replace("epochs = 9", "epochs = 8");
        std::fs::write(&resolved, edited).unwrap();
        assert!(load_resolved(&resolved).unwrap_err().to_string().contains("hashes to"));
    }

    #[test]
    fn bad_variants_are_explained_on_one_line() {
        for (variant, parts) in [
            ("[variant.x]\ntrain.epoch = 9", &["small.toml:38", "`train.epoch`", "did you mean `epochs`"] as &[&str]),
            ("[variant.x]\ntrain.minibatch = 0", &["small.toml:38", "`train.minibatch` is 0"]),
            ("[variant.x]\nrounds.count = 9", &["small.toml:38", "`variant.x.rounds` cannot be"]),
            ("[variant.X]\ntrain.epochs = 9", &["small.toml:37", "use lower-case letters"]),
            ("[variant.x]", &["small.toml:37", "changes nothing"]),
            ("[variant]\nx = 1", &["`variant.x` is not a table"]),
            ("[variant.x]\ninitial-set = \"class\"", &["small.toml:38", "\"class\"", "class-balanced"]),
        ] {
            let message = message(&format!("{SMALL}\n{variant}\n"), None, &[]);
            for part in parts {
                assert!(message.contains(part), "{message:?} lacks {part:?}");
            }
        }
    }

    #[test]
    fn the_pool_limits_the_budget_and_the_batches() {
        let spec = load_text(SMALL, None, &[]).unwrap();
        assert!(spec.check_pool(100, 20).is_ok());
        assert!(spec.check_pool(19, 20).unwrap_err().to_string().contains("budget is 20"));
        let spec = load_text(SMALL, None, &["pretext.batches=20"]).unwrap();
        assert!(spec.check_pool(100, 20).unwrap_err().to_string().contains("of a pretext batch of 5 images"));
    }
}
