use std::path::{Path, PathBuf};

use boon::{Compiler, Draft, SchemaIndex, Schemas, ValidationError};
use serde_json::Value;
use toml::{Table, Value as Toml};

use super::*;

/// The schema, ready to check specs.
struct Validator {
    schemas: Schemas,
    schema: SchemaIndex,
}

impl Validator {
    fn check<'v>(&self, value: &'v Value) -> Result<(), Box<ValidationError<'_, 'v>>> {
        self.schemas.validate(value, self.schema).map_err(Box::new)
    }

    fn is_valid(&self, value: &Value) -> bool {
        self.check(value).is_ok()
    }
}

fn validator() -> Validator {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.set_default_draft(Draft::V7);
    compiler.add_resource("spec.json", for_editors()).unwrap();
    let schema = compiler.compile("spec.json", &mut schemas).unwrap();
    Validator { schemas, schema }
}

/// Adds the innermost errors, each with its place.
fn leaves(error: &ValidationError, found: &mut Vec<String>) {
    if error.causes.is_empty() {
        found.push(format!("{}: {}", error.instance_location, error.kind));
    }
    error.causes.iter().for_each(|cause| leaves(cause, found));
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The problems that the schema finds in a file, each with its place.
fn problems(validator: &Validator, text: &str) -> Vec<String> {
    let table: Table = text.parse().unwrap_or_else(|e| panic!("{e}: {text}"));
    let value = serde_json::to_value(table).unwrap();
    let mut found = Vec::new();
    if let Err(error) = validator.check(&value) {
        leaves(&error, &mut found);
    }
    found
}

/// All experiments, by path.
fn experiments() -> Vec<(PathBuf, String)> {
    let folder = repository().join("experiments");
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let specs = paths.filter(|path| path.extension().is_some_and(|extension| extension == "toml"));
    specs.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn it_is_a_schema_of_draft_7_without_dangling_references() {
    // Compiling it checks that it is a schema.
    validator();
    let schema = for_editors();
    let text = schema.to_string();
    for part in text.split("#/definitions/").skip(1) {
        let name = part.split('"').next().unwrap();
        assert!(schema["definitions"].get(name).is_some(), "nothing is at {name}");
    }
    assert!(text.contains("#/definitions/VariantOfProtocol") && !text.contains("$defs") && !text.contains("null"));
}

#[test]
fn every_experiment_is_accepted_and_so_is_the_example_of_the_readme() {
    let validator = validator();
    let specs = experiments();
    assert!(specs.len() > 10);
    for (path, text) in specs {
        assert_eq!(problems(&validator, &text), [""; 0], "{}", path.display());
    }
    let readme = std::fs::read_to_string(repository().join("README.md")).unwrap();
    let example = readme.split("```toml").nth(1).unwrap().split("```").next().unwrap();
    assert!(example.contains("base") && example.contains("[variant."), "{example}");
    assert_eq!(problems(&validator, example), [""; 0]);
}

/// Calls `change` with each table of a value that has fixed keys, and the path to it.
fn tables(value: &Toml, path: &mut Vec<String>, change: &mut dyn FnMut(&[String])) {
    let named_by_people = matches!(path.last().map(String::as_str), Some("profile" | "variant"));
    match value {
        Toml::Table(table) => {
            if !named_by_people {
                change(path);
            }
            for (key, inside) in table {
                path.push(key.clone());
                tables(inside, path, change);
                path.pop();
            }
        }
        Toml::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                path.push(index.to_string());
                tables(item, path, change);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The value at a path of keys and indices.
fn at<'a>(value: &'a mut Toml, path: &[String]) -> &'a mut Toml {
    path.iter().fold(value, |value, step| match value {
        Toml::Array(items) => &mut items[step.parse::<usize>().unwrap()],
        other => &mut other[step.as_str()],
    })
}

#[test]
fn an_unknown_key_in_any_table_of_any_experiment_is_refused() {
    let validator = validator();
    let mut changed = 0;
    for (file, text) in experiments() {
        let whole = Toml::Table(text.parse().unwrap());
        tables(&whole, &mut Vec::new(), &mut |path| {
            let mut whole = whole.clone();
            at(&mut whole, path).as_table_mut().unwrap().insert("epocs".into(), 3.into());
            let value = serde_json::to_value(&whole).unwrap();
            assert!(!validator.is_valid(&value), "{}: {}.epocs is accepted", file.display(), path.join("."));
            changed += 1;
        });
    }
    assert!(changed > 200, "{changed}");
}

#[test]
fn a_value_of_another_type_is_refused_wherever_it_stands() {
    let validator = validator();
    let demo = std::fs::read_to_string(repository().join("experiments/demo.toml")).unwrap();
    let mut changed = 0;
    let whole = Toml::Table(demo.parse().unwrap());
    tables(&whole, &mut Vec::new(), &mut |path| {
        let keys: Vec<String> = at(&mut whole.clone(), path).as_table().unwrap().keys().cloned().collect();
        for key in keys {
            let mut whole = whole.clone();
            at(&mut whole, path)[key.as_str()] = Toml::Boolean(true);
            let value = serde_json::to_value(&whole).unwrap();
            assert!(!validator.is_valid(&value), "{}.{key} = true is accepted", path.join("."));
            changed += 1;
        }
    });
    assert!(changed > 40, "{changed}");
}

/// Adds lines to the demo, each of which the loader refuses too.
#[test]
fn what_the_loader_refuses_is_refused() {
    let validator = validator();
    let demo = std::fs::read_to_string(repository().join("experiments/demo.toml")).unwrap();
    assert_eq!(problems(&validator, &demo), [""; 0]);
    for lines in [
        "[variant.x]\nrounds.count = 3",
        "[variant.x]\ntrain.start = \"frsh\"",
        "[variant.x]\nbase = \"cifar10.toml\"",
        "[profile.x]\nbase = \"cifar10.toml\"",
        "[profile.x]\ntrain.optimizer.sgd.rl = 0.1",
        "[profile.x]\nsamplers = [\"randm\"]",
        "[profile.x]\nsamplers = [{ pretext-batch = { within = \"entropie\" } }]",
        "[profile.x]\ntrain.epochs = -1",
        "[profile.x]\ndataset.shapes.normalize.mean = [0.5]",
        "[profile.x.variant.y]\nmodel.widht = 3",
        // The elements of lists are whole.
        "[[expect]]\nclaim = \"c\"\nsource = \"s\"\nsampler = \"random\"",
        "[[expect]]\nclaim = \"c\"\nsource = \"s\"\nsampler = \"random\"\nat = \"last\"",
        "[profile.x]\ntrain.augment = [{ random-resized-crop = { side = 8 } }]",
        "[replay]\nqueries = \"x\"",
        "[resolved]\nexperiment = \"x\"",
    ] {
        let problems = problems(&validator, &format!("{demo}\n{lines}\n"));
        assert!(!problems.is_empty(), "accepted: {lines}");
    }
    for lines in [
        "[variant.x]\ntrain.start = \"continue\"\ninitial-set = { pretext-stride = {} }",
        "[profile.x]\ntrain.optimizer.sgd.lr = 1\nsamplers = [\"pretext-batch\"]\ninitial-set = \"pretext-stride\"",
        "[profile.x.variant.y]\nmodel.width = 3",
    ] {
        assert_eq!(problems(&validator, &format!("{demo}\n{lines}\n")), [""; 0], "{lines}");
    }
}

#[test]
fn only_a_file_with_a_base_may_lack_keys() {
    let validator = validator();
    let changes = "title = \"t\"\n[train]\nepochs = 3\n";
    assert_eq!(problems(&validator, &format!("base = \"cifar10.toml\"\n{changes}")), [""; 0]);
    let lacking = problems(&validator, changes);
    for (place, key) in [("", "seeds"), ("", "dataset"), ("/train", "augment")] {
        let is_told = |problem: &String| problem.starts_with(&format!("{place}: ")) && problem.contains(key);
        assert!(lacking.iter().any(is_told), "{key}: {lacking:?}");
    }
    let demo = std::fs::read_to_string(repository().join("experiments/demo.toml")).unwrap();
    for key in ["epochs    = 30", "lr = 0.01, ", "side = 16", "title    = \"Demo: generated shapes\""] {
        assert!(demo.contains(key), "{key}");
        let lacking = demo.replacen(key, "", 1);
        assert!(!problems(&validator, &lacking).is_empty(), "{key}");
        let with_base = format!("base = \"cifar10.toml\"\n{lacking}");
        assert_eq!(problems(&validator, &with_base), [""; 0], "{key}");
    }
}
