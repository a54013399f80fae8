//! The JSON Schema of spec files, made from the types of a spec, and a view of it that follows references. Lists of keys and names
//! are read from it, so none has to be kept by hand.
//!
//! Marks of keys beside JSON Schema's own: `x-shared` (a variant cannot change the key), `x-generated` (the program writes the key),
//! `x-file` (the key is used up when the file is loaded),
//! `x-runs-in` (a table that describes a command, with the key of the folder that it runs in),
//! `x-learner` (a key of `[pretext]` that describes a learner), `x-network` and `x-features` (keys of `[model]` that describe a
//! network, or features in its place), `x-script` (keys of `[model]` that describe a TorchScript file), `x-named-changes` (a table of names, each with keys of a spec), and the format `path`
//! (relative to the folder of the file).

mod editor;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::Spec;
pub use editor::for_editors;

/// Keys of a spec file that are used up when it is loaded.
#[derive(JsonSchema)]
#[schemars(rename_all = "kebab-case")]
#[allow(dead_code)] // Only its schema is used.
struct FileKeys {
    /// Another spec file, relative to the folder of this one, that this file is based on: each key that this file does not state has
    /// the value of the base. Tables are merged key by key, lists are replaced. Profiles of the base are available, too, and a profile
    /// that both files have is merged in the same way. A base can have a base of its own.
    ///
    /// Default: none.
    #[schemars(example = &"cifar10.toml", extend("x-shared" = true, "x-file" = true))]
    base: Option<String>,
    /// Keys of the base that this file does not take over, neither from its tables nor from its profiles and variants.
    ///
    /// Default: none (`[]`).
    #[schemars(example = ["correlation", "train.select", "profile.claim"], extend("x-shared" = true, "x-file" = true))]
    without: Option<Vec<String>>,
    /// Named changes of the experiment: `[profile.<name>]` states the keys that differ. `--profile <name>` applies it; `--profile P+Q`
    /// applies P, then Q. Results go to a folder of their own, `<experiment>-<name>`.
    ///
    /// Default: none.
    #[schemars(extend("x-shared" = true, "x-file" = true, "x-named-changes" = true))]
    profile: Option<BTreeMap<String, Map<String, Value>>>,
}

/// The mark of keys that a variant cannot change.
pub(super) const SHARED: &str = "x-shared";
/// The mark of keys that the program writes.
pub(super) const GENERATED: &str = "x-generated";

/// The mark of keys that are used up when a file is loaded.
const OF_FILE: &str = "x-file";

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    let generate = || SchemaSettings::draft2020_12().into_generator();
    let mut spec = generate().into_root_schema_for::<Spec>().to_value();
    let file = generate().into_root_schema_for::<FileKeys>().to_value();
    if let (Some(Value::Object(keys)), Some(Value::Object(of_file))) =
        (spec.get_mut("properties"), file.get("properties"))
    {
        keys.extend(of_file.clone());
    }
    spec
});

/// Returns the JSON Schema (draft 2020-12) of a spec file. Descriptions are the documentation of keys and values.
pub fn schema() -> &'static Value {
    &SCHEMA
}

/// The schema of a value in a spec.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node(&'static Value);

/// One of the names that a value can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alternative {
    /// The name in the spec.
    pub name: &'static str,
    pub documentation: &'static str,
    /// The schema of the options in `{ name = options }`; `None` for a bare name.
    pub options: Option<Node>,
}

impl Node {
    /// Returns the schema of a whole spec file.
    pub fn root() -> Self {
        Self(schema())
    }

    /// Follows references, and leaves out that an optional value may be absent.
    fn resolved(self) -> Self {
        let some = |schemas: &'static Value| {
            schemas
                .as_array()?
                .iter()
                .find(|schema| schema["type"] != "null")
                .filter(|_| self.0["anyOf"][1]["type"] == "null")
        };
        if let Some(reference) = self.0["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return Self(&schema()["$defs"][name]).resolved();
        }
        some(&self.0["anyOf"]).map_or(self, |schema| Self(schema).resolved())
    }

    /// Returns the documentation of the key, or that of its type.
    pub fn documentation(self) -> &'static str {
        let written = |node: Self| node.0["description"].as_str();
        written(self).or_else(|| written(self.resolved())).unwrap_or_default()
    }

    /// Returns the documentation of the type, if the key has one of its own.
    pub fn documentation_of_type(self) -> Option<&'static str> {
        self.0["description"]
            .as_str()
            .and(self.resolved().0["description"].as_str())
            .filter(|text| *text != self.documentation())
    }

    /// Returns the name of the type, if it has one.
    pub fn type_name(self) -> Option<&'static str> {
        let direct = self.0["$ref"].as_str();
        let inside =
            self.0["anyOf"].as_array().and_then(|schemas| schemas.first()).and_then(|first| first["$ref"].as_str());
        direct.or(inside).and_then(|reference| reference.rsplit('/').next())
    }

    /// Returns the value of the key where it is absent; `None` if it is required or has no value then.
    pub fn default(self) -> Option<&'static Value> {
        self.0.get("default").filter(|value| !value.is_null())
    }

    /// Returns the example that the documentation states.
    pub fn example(self) -> Option<&'static Value> {
        self.0.get("examples").or_else(|| self.resolved().0.get("examples"))?.get(0)
    }

    /// Whether the key carries a mark, for instance `x-shared`.
    fn has(self, mark: &str) -> bool {
        self.0[mark] == true
    }

    /// Whether all trials of an experiment share the key, so that a variant cannot change it.
    pub fn is_shared(self) -> bool {
        self.has(SHARED)
    }

    /// Whether the program writes the key, and people do not.
    pub fn is_generated(self) -> bool {
        self.has(GENERATED)
    }

    /// Whether the key is used up when the file is loaded, so that the resolved spec does not have it.
    pub fn is_of_file(self) -> bool {
        self.has(OF_FILE)
    }

    /// Whether it is a table of named changes, each with keys of a spec: profiles and variants.
    pub fn is_named_changes(self) -> bool {
        self.has("x-named-changes")
    }

    /// Whether it is a key of `[pretext]` that describes a learner.
    pub fn is_of_learner(self) -> bool {
        self.has("x-learner")
    }

    /// Returns the key of the folder that a command runs in, if the value is a table that describes a command.
    pub fn runs_in(self) -> Option<&'static str> {
        self.resolved().0["x-runs-in"].as_str()
    }

    /// Whether it is a key of `[model]` that describes a network.
    pub fn is_of_network(self) -> bool {
        self.has("x-network")
    }

    /// Whether it is a key of `[model]` that describes a TorchScript file.
    pub fn is_of_script(self) -> bool {
        self.has("x-script")
    }

    /// Whether it is a key of `[model]` that describes features in place of a network.
    pub fn is_of_features(self) -> bool {
        self.has("x-features")
    }

    /// Whether it is a path.
    pub fn is_path(self) -> bool {
        self.0["format"] == "path"
    }

    /// Returns JSON Schema's names of its types, without `null`.
    pub fn types(self) -> Vec<&'static str> {
        let of = &self.resolved().0["type"];
        let several = of.as_array().into_iter().flatten();
        std::iter::once(of).chain(several).filter_map(Value::as_str).filter(|name| *name != "null").collect()
    }

    /// Whether a whole number cannot be negative.
    pub fn is_count(self) -> bool {
        self.resolved().0["minimum"] == 0
    }

    /// Returns the keys of a table, the required ones first, in the order of the documentation.
    pub fn keys(self) -> Vec<(&'static str, Self)> {
        let Some(properties) = self.resolved().0["properties"].as_object().filter(|_| self.alternatives().is_empty())
        else {
            return Vec::new();
        };
        let required = self.required();
        let optional = properties.keys().map(String::as_str).filter(|key| !required.contains(key));
        required.iter().copied().chain(optional).filter_map(|key| Some((key, Self(properties.get(key)?)))).collect()
    }

    /// Returns the schema of a key of a table. Any key of a table of named changes is a table with the keys of a spec.
    pub fn key(self, name: &str) -> Option<Self> {
        if self.is_named_changes() {
            return Some(Self::root());
        }
        self.resolved().0["properties"].get(name).map(Self)
    }

    /// Returns the schema of what `{ name = ... }` holds: a key of a table, or the options of a name.
    pub fn inside(self, name: &str) -> Option<Self> {
        self.alternative(name).map_or_else(|| self.key(name), |alternative| alternative.options)
    }

    /// Returns the keys that a table must have.
    pub fn required(self) -> Vec<&'static str> {
        self.resolved().0["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// Returns the schema of the elements of a list.
    pub fn items(self) -> Option<Self> {
        self.resolved().0.get("items").map(Self)
    }

    /// Returns the length of a list, if it is fixed.
    pub fn length(self) -> Option<u64> {
        let list = self.resolved().0;
        list["minItems"].as_u64().filter(|least| list["maxItems"].as_u64() == Some(*least))
    }

    /// Returns the names that the value can be; empty if it is not one of several names.
    pub fn alternatives(self) -> Vec<Alternative> {
        let resolved = self.resolved().0;
        match resolved["oneOf"].as_array() {
            Some(several) => {
                several.iter().flat_map(|one| bare_names(one).into_iter().chain(with_options(one))).collect()
            }
            None => bare_names(resolved),
        }
    }

    /// Returns one of [`Node::alternatives`].
    pub fn alternative(self, name: &str) -> Option<Alternative> {
        self.alternatives().into_iter().find(|alternative| alternative.name == name)
    }

    /// Whether some of its names have options, so that it may be a table with one key.
    pub fn has_options(self) -> bool {
        self.alternatives().iter().any(|alternative| alternative.options.is_some())
    }
}

impl Alternative {
    /// Whether its options can all be left out, so that the bare name is enough.
    pub fn needs_no_options(&self) -> bool {
        self.options.is_none_or(Node::is_table_of_defaults)
    }
}

/// Returns the keys of a spec that carry a mark.
pub(super) fn marked(mark: &str) -> impl Iterator<Item = &'static str> {
    Node::root().keys().into_iter().filter(move |(_, node)| node.has(mark)).map(|(key, _)| key)
}

/// Whether a key of `[pretext]` describes a learner.
pub(super) fn is_learner_key(key: &str) -> bool {
    Node::root().key("pretext").and_then(|pretext| pretext.key(key)).is_some_and(Node::is_of_learner)
}

impl Node {
    fn is_table_of_defaults(self) -> bool {
        self.types() == ["object"] && self.required().is_empty()
    }
}

/// Reads the alternatives without options from a constant or a list of constants.
fn bare_names(schema: &'static Value) -> Vec<Alternative> {
    let documentation = schema["description"].as_str().unwrap_or_default();
    let names = schema["enum"].as_array().into_iter().flatten().chain(schema.get("const"));
    names.filter_map(Value::as_str).map(|name| Alternative { name, documentation, options: None }).collect()
}

/// Reads an alternative with options from a table with one key.
fn with_options(schema: &'static Value) -> Option<Alternative> {
    let (name, options) = schema["properties"].as_object()?.iter().next()?;
    let documentation = schema["description"].as_str().unwrap_or_default();
    Some(Alternative { name, documentation, options: Some(Node(options)) })
}
