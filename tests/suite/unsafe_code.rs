//! Rules for unsafe code. Clippy checks that each block says why it is sound (`undocumented_unsafe_blocks`).

use std::collections::BTreeSet;
use std::path::Path;

use regex::Regex;

const LIST: &str = "docs/reliability-unsafe.md";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files of the project that have unsafe code.
fn files_with_unsafe_code() -> BTreeSet<String> {
    let code = Regex::new(r"\bunsafe (\{|fn|impl|extern|trait)|\bunsafe extern|allow\(unsafe_code\)").unwrap();
    let folders = ["src", "crates", "tests", "benches", "examples", "build.rs"];
    let entries = folders.iter().flat_map(|folder| walkdir::WalkDir::new(root().join(folder))).map(Result::unwrap);
    let rust = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"));
    let has_unsafe = |entry: &walkdir::DirEntry| {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        text.lines().any(|line| !line.trim_start().starts_with("//") && code.is_match(line))
    };
    let name = |entry: walkdir::DirEntry| entry.path().strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
    rust.filter(has_unsafe).map(name).filter(|name| name != "tests/suite/unsafe_code.rs").collect()
}

#[test]
fn every_file_with_unsafe_code_is_listed_with_the_reason() {
    let list = std::fs::read_to_string(root().join(LIST)).unwrap();
    let row = Regex::new(r"(?m)^\| `([^`]+\.rs)` \| .+ \| .+ \|$").unwrap();
    let listed: BTreeSet<String> = row.captures_iter(&list).map(|found| found[1].to_owned()).collect();
    let found = files_with_unsafe_code();
    assert!(found.len() > 5, "{found:?}");
    assert_eq!(
        found.symmetric_difference(&listed).collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "bring {LIST} up to date"
    );
}

#[test]
fn each_crate_has_the_lints_of_the_workspace() {
    for manifest in ["Cargo.toml", "crates/data/Cargo.toml", "crates/results/Cargo.toml"] {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        assert!(text.contains("[lints]\nworkspace = true\n"), "{manifest} does not take the lints of the workspace");
    }
    let workspace = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    for lint in ["undocumented_unsafe_blocks", "incompatible_msrv"] {
        assert!(workspace.contains(&format!("{lint} = \"deny\"")), "Cargo.toml does not deny {lint}");
    }
}

/// The programs have no code of their own that could need it.
#[test]
fn programs_forbid_unsafe_code() {
    for program in ["src/main.rs", "crates/results/src/main.rs"] {
        let text = std::fs::read_to_string(root().join(program)).unwrap();
        assert!(text.contains("#![forbid(unsafe_code)]"), "{program}");
    }
}
