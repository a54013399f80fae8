use std::path::Path;

use super::*;
use crate::spec::{Source, load};

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Calls `check` for each key of the reference.
fn for_each(entries: &[Entry], check: &mut dyn FnMut(&Entry)) {
    for entry in entries {
        check(entry);
        for_each(&entry.keys, check);
        entry.values.iter().for_each(|value| for_each(&value.options, check));
    }
}

#[test]
fn the_committed_reference_is_what_the_program_prints() {
    let committed = std::fs::read_to_string(repository().join("docs/spec.md")).unwrap();
    assert!(
        committed == markdown(),
        "docs/spec.md is outdated; write it with: cargo run -p pt4al-results -- explain --markdown > docs/spec.md"
    );
}

#[test]
fn every_key_and_every_value_has_a_meaning_in_words_of_specs() {
    let check = |path: &str, meaning: &[String]| {
        let text = meaning.join(" ");
        assert!(
            text.starts_with(|first: char| first.is_uppercase() || first == '`') && text.ends_with(['.', ')']),
            "{path}: {text:?}"
        );
        for rust in ["::", "[`", "Self", "Option<", "Vec<"] {
            assert!(!text.contains(rust), "{path}: {text:?} has {rust:?}");
        }
    };
    for_each(&all(), &mut |entry| {
        check(&entry.path, &entry.meaning);
        entry.values.iter().for_each(|value| check(&format!("{} = {}", entry.path, value.written), &value.meaning));
    });
}

#[test]
fn every_key_that_people_write_has_an_example_or_keys() {
    for_each(&all(), &mut |entry| {
        let generated = ["resolved", "replay"].iter().any(|key| entry.path.starts_with(key));
        let is_named = ["variant", "profile"].contains(&entry.path.as_str());
        assert!(entry.example.is_some() || !entry.keys.is_empty() || generated || is_named, "{}", entry.path);
    });
}

/// A key is missing in some of them, and rules refuse others; but no value may be of the wrong type.
#[test]
fn examples_have_the_right_type() {
    let path = repository().join("experiments/cifar10.toml");
    for_each(&all(), &mut |entry| {
        // Keys of a list's elements cannot be set alone.
        let Some(example) = entry.example.as_ref().filter(|example| example.starts_with(&entry.path)) else { return };
        if ["base", "without"].contains(&entry.path.as_str()) {
            return;
        }
        let source = Source { path: path.clone(), sets: vec![example.replacen(" = ", "=", 1)], ..Source::default() };
        let Err(error) = load(&source) else { return };
        let error = format!("{error:#}");
        for fault in ["unknown key", "must be a", "must be one of", "must be text", "cannot be \"", "needs options"] {
            assert!(!error.contains(fault), "{example}: {error}");
        }
    });
}

#[test]
fn every_key_is_found_and_an_unknown_one_names_the_nearest() {
    for path in paths() {
        let text = explain(Some(&path)).unwrap();
        assert!(text.starts_with(&format!("{path}: ")), "{text}");
    }
    for (key, wanted) in [
        ("variant.x.train.schedule", "variant.x.train.schedule: one of the values below"),
        ("profile.cpu.rounds.count", "profile.cpu.rounds.count: whole number from 0"),
        ("samplers[3].pretext-batch.within", "samplers.pretext-batch.within: one of the values below"),
        ("train.schedule.cosine", "train.schedule.cosine: one of the values of train.schedule"),
    ] {
        let text = explain(Some(key)).unwrap();
        assert!(text.starts_with(wanted), "{text}");
    }
    for (key, wanted) in [
        ("train.schedul", "unknown key `train.schedul`; did you mean `train.schedule`?"),
        ("zzz", "unknown key `zzz`; `pt4al explain` lists the keys"),
        ("", "unknown key ``; `pt4al explain` lists the keys"),
    ] {
        let message = explain(Some(key)).unwrap_err().to_string();
        assert!(message.starts_with(wanted) && !message.contains('\n'), "{message}");
    }
}

#[test]
fn an_explanation_has_type_meaning_default_example_source_and_values() {
    let text = explain(Some("train.schedule")).unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "The learning rate over the epochs of a round.",
        "Default: none; the key is required.",
        "Example: train.schedule = \"constant\"",
        "Source: `{ steps = { at = [160], factor = 0.1 } }` of 200 epochs in the official code (`main.py`).",
        "{ steps = { at = [160], factor = 0.1 } }",
        "train.schedule.steps.factor",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(explain(Some("threads")).unwrap().contains("Default: `1`"));
    assert!(explain(None).unwrap().contains("samplers"));
}
