//! What each variant changes.

use serde_json::Value;

use super::Findings;
use super::value::inline;
use crate::spec::Spec;
use crate::store::differing_keys;
use crate::words::code;

/// A line for each variant: the keys in which its protocol differs from the experiment's, with the experiment's value
/// and its own. None without variants.
pub(super) fn variants(findings: &Findings) -> Option<String> {
    let base = alone(findings.spec());
    let line = |(name, variant): (Option<&str>, &Spec)| {
        let name = name?;
        let changes = in_words(&changes(&base, &alone(variant)), "as the experiment");
        Some(format!("- {name} (protocol {}): {changes}\n", variant.hash()))
    };
    let lines: Vec<String> = findings.spec().protocols().filter_map(line).collect();
    (!lines.is_empty()).then(|| format!("**Variants**\n\n{}", lines.concat()))
}

/// A protocol without what is the experiment's.
fn alone(spec: &Spec) -> Spec {
    let mut spec = spec.clone();
    spec.variants.clear();
    spec.replay = None;
    spec
}

/// A key in which two specs differ, with its values as a spec has them; `not set` where there is none.
pub(crate) struct Change {
    pub key: String,
    pub was: String,
    pub is: String,
}

/// Each key that differs.
pub(crate) fn changes(old: &Spec, new: &Spec) -> Vec<Change> {
    let json = |spec: &Spec| serde_json::to_value(spec).unwrap_or_default();
    let (a, b) = (json(old), json(new));
    let change = |key: String| Change { was: inline(at(&a, &key)), is: inline(at(&b, &key)), key };
    differing_keys(old, new).into_iter().map(change).collect()
}

/// `train.start: "fresh" -> "continue"` for each change; `none` where nothing differs.
pub(super) fn in_words(changes: &[Change], none: &str) -> String {
    let one = |change: &Change| format!("{}: {} -> {}", code(&change.key), change.was, change.is);
    if changes.is_empty() { none.into() } else { changes.iter().map(one).collect::<Vec<_>>().join("; ") }
}

/// The value at a dotted key; null where there is none.
fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    key.split('.').try_fold(value, |value, part| value.get(part)).unwrap_or(&Value::Null)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{findings, spec_with};
    use super::*;

    #[test]
    fn each_variant_tells_the_keys_that_it_changes() {
        let spec = spec_with(
            "[variant.official]\ntrain = { start = 'continue', optimizer.sgd.lr = 0.05 }\nchannels = 'bgr'\n\
             initial-set = 'class-balanced'\n[variant.few]\nsamplers = ['random']\ntrain.epochs = 1",
        );
        let hash = |name: &str| spec.protocol(Some(name)).hash();
        let expected = format!(
            "**Variants**\n\n\
             - official (protocol {}): `channels`: not set -> \"bgr\"; `initial-set`: not set -> \"class-balanced\"; \
             `train.optimizer.sgd.lr`: 0.1 -> 0.05; `train.start`: \"fresh\" -> \"continue\"\n\
             - few (protocol {}): `samplers`: [\"random\", \"core-set\"] -> [\"random\"]\n",
            hash("official"),
            hash("few")
        );
        assert_eq!(variants(&findings(&spec, Vec::new())), Some(expected));
        assert_eq!(variants(&findings(&spec_with(""), Vec::new())), None);
    }

    #[test]
    fn a_variant_that_sets_what_is_so_anyway_says_so() {
        let text = variants(&findings(&spec_with("[variant.same]\ntrain.epochs = 1"), Vec::new())).unwrap();
        assert!(text.ends_with("): as the experiment\n"), "{text}");
    }
}
