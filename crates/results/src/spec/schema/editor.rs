//! The JSON Schema of spec files for editors, which complete and check keys with it. It is made from the schema of the key
//! reference, in the words of draft 7, which editors of TOML know best (Taplo, and Even Better TOML, which is made of it).
//!
//! Which keys are required depends on the file. A file with `base` states what differs from its base, and a profile or a
//! variant what differs from the file, so each table has two definitions: one of the whole table, and one of changes
//! (`...Changes`) with the same keys, none of them required. Lists are replaced and not merged, so their elements are whole.

use serde_json::{Map, Value, json};

use super::{Alternative, Node, OF_FILE, SHARED, schema};

/// Whether a table must be complete.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// All required keys are there.
    Whole,
    /// The keys that differ from those of another table.
    Changes,
}

/// The keywords that mean the same in both schemas and are taken over.
const KEPT: [&str; 7] =
    ["description", "default", "examples", "minimum", "minItems", "maxItems", "additionalProperties"];

/// Returns the JSON Schema (draft 7) of a spec file for editors.
pub fn for_editors() -> Value {
    let mut definitions = Map::new();
    for (name, definition) in schema()["$defs"].as_object().into_iter().flatten() {
        for part in [Part::Whole, Part::Changes] {
            definitions.insert(definition_name(name, part), converted(Node(definition), part));
        }
    }
    let keys = |left_out: &[&str], part| {
        let written = Node::root().keys().into_iter().filter(|(_, node)| !node.is_generated());
        let kept = written.filter(|(_, node)| !left_out.iter().any(|mark| node.has(mark)));
        kept.map(|(key, node)| (key.to_owned(), converted(node, part))).collect::<Map<_, _>>()
    };
    let table = |description: &str, properties: Map<String, Value>| {
        json!({
            "description": description, "type": "object", "properties": properties, "additionalProperties": false
        })
    };
    let profile = "Keys that differ from those of the file.";
    definitions.insert(PROFILE.into(), table(profile, keys(&[OF_FILE], Part::Changes)));
    let variant = "Keys that differ from those of the experiment's own protocol.";
    definitions.insert(VARIANT.into(), table(variant, keys(&[OF_FILE, SHARED], Part::Changes)));
    let whole = keys(&[OF_FILE], Part::Whole);
    definitions.insert(WHOLE.into(), json!({ "required": Node::root().required(), "properties": whole }));

    let mut root = table(Node::root().documentation(), keys(&[], Part::Changes));
    root["$schema"] = "http://json-schema.org/draft-07/schema#".into();
    root["title"] = "A spec of pt4al".into();
    // A file with a base need not be complete.
    root["if"] = json!({ "required": ["base"] });
    root["else"] = reference(WHOLE);
    root["definitions"] = definitions.into();
    root
}

/// The names of definitions that the schema of the key reference does not have.
const PROFILE: &str = "Profile";
const VARIANT: &str = "VariantOfProtocol";
const WHOLE: &str = "WholeSpec";

fn definition_name(name: &str, part: Part) -> String {
    match part {
        Part::Whole => name.to_owned(),
        Part::Changes => format!("{name}Changes"),
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/definitions/{name}") })
}

/// Returns the schema of a value for editors.
fn converted(node: Node, part: Part) -> Value {
    let mut made = Map::new();
    for key in KEPT {
        if let Some(value) = node.0.get(key).filter(|value| !value.is_null()) {
            made.insert(key.into(), value.clone());
        }
    }
    if node.is_named_changes() {
        let name = if node.has(OF_FILE) { PROFILE } else { VARIANT };
        made.insert("type".into(), "object".into());
        made.insert("additionalProperties".into(), reference(name));
    } else if let Some(name) = node.type_name() {
        let target = reference(&definition_name(name, part));
        if made.is_empty() {
            return target;
        }
        // Draft 7 knows nothing beside a reference.
        made.insert("allOf".into(), json!([target]));
    } else if let alternatives @ [_, ..] = node.alternatives().as_slice() {
        named(&mut made, alternatives, part);
    } else {
        let types = node.types();
        if let [only] = types.as_slice() {
            made.insert("type".into(), (*only).into());
        }
        if let Some(items) = node.items() {
            made.insert("items".into(), converted(items, Part::Whole));
        }
        let keys: Map<String, Value> =
            node.keys().into_iter().map(|(key, inside)| (key.to_owned(), converted(inside, part))).collect();
        if !keys.is_empty() {
            made.insert("properties".into(), keys.into());
        }
        if part == Part::Whole && !node.required().is_empty() {
            made.insert("required".into(), node.required().into());
        }
    }
    made.into()
}

/// Adds what a value can be that is one of several names: `"name"`, or `{ name = options }`.
fn named(made: &mut Map<String, Value>, alternatives: &[Alternative], part: Part) {
    let bare: Vec<&Alternative> = alternatives.iter().filter(|one| one.needs_no_options()).collect();
    let names: Vec<&str> = bare.iter().map(|one| one.name).collect();
    let documentation: Vec<&str> = bare.iter().map(|one| one.documentation).collect();
    let names = json!({
        "type": "string",
        "enum": names,
        // Taplo shows these beside the names.
        "x-taplo": { "docs": { "enumValues": documentation } }
    });
    let tables = alternatives.iter().filter_map(|one| {
        let options = converted(one.options?, part);
        Some(json!({
            "description": one.documentation,
            "type": "object",
            "properties": { one.name: options },
            "required": [one.name],
            "additionalProperties": false
        }))
    });
    let tables: Vec<Value> = tables.collect();
    if tables.is_empty() {
        made.extend(names.as_object().cloned().unwrap_or_default());
        return;
    }
    let names = (!bare.is_empty()).then_some(names);
    made.insert("oneOf".into(), names.into_iter().chain(tables).collect());
}

#[cfg(test)]
mod tests;
