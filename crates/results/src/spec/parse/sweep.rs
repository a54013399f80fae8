//! Sets every key of some experiments to values of every wrong type. All messages must be plain English.

use rayon::prelude::*;

use super::*;

const EXPERIMENTS: [&str; 4] = ["cifar10", "caltech101", "cityscapes", "cold-start"];

/// A value of each type, as TOML.
const VALUES: [&str; 16] = [
    "'abc'",
    "''",
    "7",
    "-3",
    "1.5",
    "-0.5",
    "true",
    "2026-11-26",
    "[]",
    "[1]",
    "['abc']",
    "[[1]]",
    "[{ x = 1 }]",
    "{}",
    "{ x = 1 }",
    "{ x = 1, y = 2 }",
];

/// Words of Rust, of serde and of parsers. A name with a hyphen in it (`published-string-sort`) is a word of its own.
const FOREIGN: [&str; 33] = [
    "usize",
    "u8",
    "u16",
    "u32",
    "u64",
    "i64",
    "i128",
    "f32",
    "f64",
    "bool",
    "boolean",
    "struct",
    "enum",
    "newtype",
    "unit",
    "sequence",
    "seq",
    "map",
    "tuple",
    "vec",
    "option",
    "array",
    "float",
    "floating",
    "integer",
    "string",
    "literal",
    "deserialize",
    "elements",
    "element",
    "wanted",
    "expected",
    "invalid",
];

/// Returns why a message is not plain English. `key` is what the message is about, unless it is about the key `x` inside it.
fn fault(message: &str, key: &str) -> Option<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let last = key.rsplit('.').next().unwrap_or(key);
    // There the names of Rust's types are values of a spec.
    let is_value = |word: &&str| last == "precision" && ["f32", "f64"].contains(word);
    let mut words = message.split(word).filter(|word| !is_value(word));
    let foreign = words.find(|word| FOREIGN.contains(&word.to_lowercase().as_str()));
    match foreign {
        Some(word) => Some(format!("says \"{word}\"")),
        None if message.contains('\n') => Some("has several lines".into()),
        None if !message.contains(last) && !message.contains("unknown key `x`") => Some(format!("does not name {key}")),
        None => None,
    }
}

/// Collects the dotted keys of a table and of the tables inside it.
fn keys(table: &Table, above: &str, found: &mut Vec<String>) {
    for (key, value) in table {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        if path != "profile" {
            found.push(path.clone());
        }
        if let Value::Table(inner) = value {
            keys(inner, &path, found);
        }
    }
}

fn experiment(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/{name}.toml"))
}

fn message(name: &str, set: &str) -> Option<String> {
    let source = Source { path: experiment(name), profile: None, sets: vec![set.to_owned()] };
    load(&source).err().map(|error| format!("{error:#}"))
}

/// Returns the message for a key of a profile that is changed in the file. `key` begins with the profile's name.
fn in_profile(experiment_name: &str, key: &str, value: &str) -> Option<String> {
    let mut table: Table = std::fs::read_to_string(experiment(experiment_name)).unwrap().parse().unwrap();
    let value = format!("v = {value}").parse::<Table>().unwrap().remove("v").unwrap();
    let path: Vec<Step> = ["profile"].into_iter().chain(key.split('.')).map(|key| Step::Key(key.to_owned())).collect();
    *expected::descend(&mut table, &path).unwrap() = value;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spec.toml");
    std::fs::write(&path, toml::to_string(&table).unwrap()).unwrap();
    std::fs::copy(experiment("cifar10"), dir.path().join("cifar10.toml")).unwrap();
    let profile = key.split('.').next().map(str::to_owned);
    let error = load(&Source { path, profile, sets: Vec::new() }).err()?;
    Some(format!("{error:#}").replace(&dir.path().display().to_string(), ""))
}

#[test]
fn values_of_the_wrong_type_are_refused_in_plain_english() {
    let mut cases = Vec::new();
    for name in EXPERIMENTS {
        let table: Table = std::fs::read_to_string(experiment(name)).unwrap().parse().unwrap();
        let mut found = Vec::new();
        keys(&table, "", &mut found);
        cases.extend(found.into_iter().flat_map(|key| VALUES.map(|value| (name, key.clone(), value))));
    }
    let tried = cases.len();
    // For each refused case, its message and what is wrong with it.
    let refusal = |(name, key, value): (&str, String, &str)| {
        let set = format!("{key}={value}");
        let message = match key.strip_prefix("profile.") {
            Some(inside) => in_profile(name, inside, value),
            None => message(name, &set),
        }?;
        let said = message.strip_prefix(&format!("--set {set}: ")).unwrap_or(&message);
        Some(fault(said, &key).map(|fault| format!("{message:?} {fault}")))
    };
    let refusals: Vec<Option<String>> = cases.into_par_iter().filter_map(refusal).collect();
    let refused = refusals.len();
    let faults: Vec<String> = refusals.into_iter().flatten().collect();
    assert!(faults.is_empty(), "{} faults, for instance\n{}", faults.len(), faults[..faults.len().min(20)].join("\n"));
    assert!(refused > 1500 && refused < tried, "{refused} of {tried}");
}

#[test]
fn a_message_says_what_the_value_is_and_what_it_must_be() {
    for (set, wanted) in [
        ("train.epochs=ten", "`train.epochs` is \"ten\"; it must be a whole number from 0, for instance 10"),
        ("train.epochs=-3", "`train.epochs` is -3; it must be a whole number from 0, for instance 10"),
        ("train.epochs=10.0", "`train.epochs` is 10.0; it must be a whole number from 0, for instance 10"),
        ("train.optimizer.sgd.lr=fast", "`train.optimizer.sgd.lr` is \"fast\"; it must be a number, for instance 0.1"),
        ("title=7", "`title` is 7; it must be text in quotes, for instance \"some text\""),
        ("seeds=3", "`seeds` is 3; it must be a list of whole numbers, for instance [10]"),
        ("channels=7", "`channels` is 7; it must be one of rgb, bgr, for instance \"rgb\""),
        ("rounds=[10, 1000, 1000]", "`rounds` is a list of 3; it must be a table with the keys count, initial, query"),
        ("rounds=['ten']", "`rounds` is a list of 1; it must be a table with the keys count, initial, query"),
        (
            "train.schedule=steps",
            "`train.schedule` is \"steps\", which needs options; write { steps = { at = ..., factor = ... } }",
        ),
        (
            "train.augment=flip",
            "`train.augment` is \"flip\"; it must be a list of names (crop-4, flip, crop, random-resized-crop, colour-jitter, grayscale, rand-augment), for instance [\"crop-4\"]",
        ),
        (
            "train.optimizer={}",
            "`train.optimizer` is an empty table; it must be one of sgd, adamw, for instance { sgd = { lr = ..., momentum = ..., weight-decay = ... } }",
        ),
        (
            "dataset.cifar10.normalize.mean=[0.5]",
            "`dataset.cifar10.normalize.mean` is a list of 1; it must be a list of 3 numbers, for instance [0.1, 0.1, 0.1]",
        ),
        ("channels={ rgb = 7 }", "`channels` has no options where it is rgb; write \"rgb\""),
        (
            "variant.a.trian.epochs=3",
            "unknown key `trian`; did you mean `train`? (known: samplers, channels, initial-set, model, train, confidence, pretext)",
        ),
        ("profile=cpu", "a profile is not set but chosen; write --profile and its name"),
    ] {
        assert_eq!(message("cifar10", set).as_deref(), Some(format!("--set {set}: {wanted}").as_str()));
    }
}
