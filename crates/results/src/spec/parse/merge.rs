//! Changes of a spec, applied to its table.

use toml::{Table, Value};

use crate::spec::schema::Node;

/// Applies `changes` to `table`, key by key: a table merges into a table, anything else replaces what was there. `node` is the
/// schema of the table.
pub(super) fn merge(table: &mut Table, changes: Table, node: Option<Node>) {
    replace_loss_source(table, &changes, node);
    replace_model(table, &changes, node);
    for (key, change) in changes {
        let node = node.and_then(|node| node.inside(&key));
        match (table.get_mut(&key), change) {
            (Some(Value::Table(inside)), Value::Table(change)) if !names_another(inside, &change, node) => {
                merge(inside, change, node);
            }
            (_, change) => {
                table.insert(key, change);
            }
        }
    }
}

/// Whether the value is one of several names with options, and the change gives another name. Options of the old name then go.
fn names_another(table: &Table, change: &Table, node: Option<Node>) -> bool {
    node.is_some_and(Node::has_options) && !change.keys().any(|name| table.contains_key(name))
}

/// In `[pretext]`, a file with losses replaces the keys of a learner, and a learner replaces the file.
fn replace_loss_source(table: &mut Table, changes: &Table, node: Option<Node>) {
    let is_learner = |key: &str| node.and_then(|node| node.key(key)).is_some_and(Node::is_of_learner);
    if !is_learner("task") {
        return;
    }
    if changes.contains_key("losses") && !table.contains_key("losses") {
        table.retain(|key, _| !is_learner(key));
    } else if changes.contains_key("task") && !changes.contains_key("losses") {
        table.remove("losses");
    }
}

/// In `[model]`, a network, features and a TorchScript file replace each other, and what was known of another file is forgotten.
fn replace_model(table: &mut Table, changes: &Table, node: Option<Node>) {
    let key = |key: &str| node.and_then(|node| node.key(key));
    if !key("arch").is_some_and(Node::is_of_network) {
        return;
    }
    let kinds = [
        ("features", Node::is_of_features as fn(Node) -> bool),
        ("torchscript", Node::is_of_script),
        ("arch", Node::is_of_network),
    ];
    let Some((_, stays)) = kinds.iter().find(|(name, _)| changes.contains_key(*name)) else { return };
    table.retain(|name, _| key(name).is_some_and(stays) && name != "dimension");
}

/// Replaces bare names whose options can all be left out by tables: `"x"` is short for `{ x = {} }`.
pub(super) fn expand_names(table: &mut Table) {
    let mut root = Value::Table(std::mem::take(table));
    visit(&mut root, Some(Node::root()), &mut |value, node| {
        if let Value::String(name) = value
            && node.alternative(name).is_some_and(|one| one.options.is_some() && one.needs_no_options())
        {
            *value = Value::Table([(name.clone(), Value::Table(Table::new()))].into_iter().collect());
        }
    });
    let Value::Table(expanded) = root else { unreachable!("a table stays one") };
    *table = expanded;
}

/// Calls `change` for each value in `value`, itself included, with its schema.
pub(super) fn visit(value: &mut Value, node: Option<Node>, change: &mut dyn FnMut(&mut Value, Node)) {
    let Some(node) = node else { return };
    change(value, node);
    match value {
        Value::Table(table) => table.iter_mut().for_each(|(key, inside)| visit(inside, node.inside(key), change)),
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, node.items(), change)),
        _ => {}
    }
}
