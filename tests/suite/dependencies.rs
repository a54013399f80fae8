//! Rules for the crates that the project depends on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use toml::{Table, Value};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table(path: &str) -> Table {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the crates that a manifest names, without those of this project.
fn direct(manifest: &str) -> BTreeSet<String> {
    let manifest = table(manifest);
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let tables = kinds.into_iter().filter_map(|kind| manifest.get(kind)?.as_table());
    tables.flat_map(Table::keys).filter(|name| !name.starts_with("pt4al")).cloned().collect()
}

#[test]
fn every_direct_dependency_is_reviewed_and_no_other_crate() {
    let manifests = ["Cargo.toml", "crates/data/Cargo.toml", "crates/results/Cargo.toml", "tests/fuzz/Cargo.toml"];
    let named: BTreeSet<String> = manifests.into_iter().flat_map(direct).collect();
    assert!(named.len() > 40, "{named:?}");
    let review = std::fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let row = Regex::new(r"(?m)^\| ([a-z0-9_-]+) \| [0-9.]+ \| .+ \| \d{4}-\d\d-\d\d.* \| \d+ \|$").unwrap();
    let reviewed: BTreeSet<String> = row.captures_iter(&review).map(|found| found[1].to_owned()).collect();
    assert_eq!(
        named.symmetric_difference(&reviewed).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "bring the table of docs/dependencies.md up to date"
    );
}

/// What is published in the registry cannot change. cargo-deny checks it too, but not every machine has it.
#[test]
fn every_crate_comes_from_the_registry() {
    for lock in ["Cargo.lock", "tests/fuzz/Cargo.lock"] {
        let lock = table(lock);
        let packages = lock["package"].as_array().unwrap();
        assert!(packages.len() > 100);
        for package in packages {
            let (name, source) = (package["name"].as_str().unwrap(), package.get("source").and_then(Value::as_str));
            let is_right = match source {
                None => name.starts_with("pt4al"),
                Some(source) => source.starts_with("registry+") && package.get("checksum").is_some(),
            };
            assert!(is_right, "{name} comes from {source:?}");
        }
    }
}

/// The fuzz targets must test the versions that the program has.
#[test]
fn the_fuzz_targets_have_the_versions_of_the_project() {
    let versions = |lock: &str| -> BTreeSet<(String, String)> {
        let packages = table(lock)["package"].as_array().unwrap().clone();
        let text = |package: &Value, key: &str| package[key].as_str().unwrap().to_owned();
        packages.iter().map(|package| (text(package, "name"), text(package, "version"))).collect()
    };
    let (ours, theirs) = (versions("Cargo.lock"), versions("tests/fuzz/Cargo.lock"));
    let own = ["pt4al-fuzz", "libfuzzer-sys", "arbitrary"];
    let others: Vec<_> = theirs.difference(&ours).filter(|(name, _)| !own.contains(&name.as_str())).collect();
    assert!(others.is_empty(), "copy the versions of Cargo.lock into tests/fuzz/Cargo.lock: {others:?}");
}

/// Versions as numbers, so that 1.9 is before 1.89.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map(|number| number.parse().unwrap_or_else(|_| panic!("{version} is no version"))).collect()
}

/// Clippy checks that our own code needs no later Rust (`incompatible_msrv`).
#[test]
fn no_dependency_needs_a_later_rust_than_the_project() {
    let ours = table("Cargo.toml")["workspace"]["package"]["rust-version"].as_str().unwrap().to_owned();
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.contains(&format!("Rust {ours} or later")), "README.md names another version than {ours}");
    let cargo = PathBuf::from(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    let arguments = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform"];
    let output =
        Command::new(cargo).args(arguments).arg("x86_64-unknown-linux-gnu").current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100);
    for package in packages {
        let Some(theirs) = package["rust_version"].as_str() else { continue };
        assert!(numbers(theirs) <= numbers(&ours), "{} needs Rust {theirs}, the project {ours}", package["name"]);
    }
}
