//! Values of specs, written as TOML has them.

use serde::Serialize;
use serde_json::Value;

/// A value on one line: `"fresh"`, `0.1`, `{ batch = 5, stride = 5 }`. A value that cannot be written is `?`.
pub(crate) fn value(value: &impl Serialize) -> String {
    serde_json::to_value(value).map_or_else(|_| "?".into(), |value| inline(&value))
}

pub(crate) fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", ")),
        Value::Object(table) if table.is_empty() => "{}".into(),
        Value::Object(table) => {
            let pairs: Vec<String> = table.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", pairs.join(", "))
        }
        Value::Null => "not set".into(),
        plain => plain.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{InitialSet, PretextStride};

    #[test]
    fn values_are_as_in_a_spec() {
        let set = InitialSet::PretextStride(PretextStride { batch: 5, stride: Some(5) });
        assert_eq!(value(&set), "{ pretext-stride = { batch = 5, stride = 5 } }");
        assert_eq!(value(&["a"]), "[\"a\"]");
        assert_eq!(value(&5e-4), "0.0005");
        assert_eq!(value(&()), "not set");
        assert_eq!(inline(&serde_json::json!({ "random": {} })), "{ random = {} }");
    }
}
