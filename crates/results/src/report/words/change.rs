//! The keys in which two specs differ.

use serde_json::Value;

use super::value::inline;
use crate::spec::Spec;
use crate::store::differing_keys;
use crate::words::code;

/// A key in which two specs differ, with its values as a spec has them; `not set` if a spec has none.
pub(crate) struct Change {
    pub key: String,
    pub was: String,
    pub is: String,
}

/// All changes from one spec to another, a key each.
pub(crate) fn changes(old: &Spec, new: &Spec) -> Vec<Change> {
    let json = |spec: &Spec| serde_json::to_value(spec).unwrap_or_default();
    let (a, b) = (json(old), json(new));
    let change = |key: String| Change { was: inline(at(&a, &key)), is: inline(at(&b, &key)), key };
    differing_keys(old, new).into_iter().map(change).collect()
}

/// `train.start: "fresh" -> "continue"` for each change; `none` if nothing differs.
pub(crate) fn in_words(changes: &[Change], none: &str) -> String {
    let changed = |change: &Change| format!("{}: {} -> {}", code(&change.key), change.was, change.is);
    if changes.is_empty() { none.into() } else { changes.iter().map(changed).collect::<Vec<_>>().join("; ") }
}

/// Returns the value at a dotted key; null if there is none.
fn at<'a>(value: &'a Value, key: &str) -> &'a Value {
    key.split('.').try_fold(value, |value, part| value.get(part)).unwrap_or(&Value::Null)
}
