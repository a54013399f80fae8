//! Rules for the source text of all three crates.

use std::path::{Path, PathBuf};

use regex::Regex;

const CRATES: [&str; 3] = ["", "crates/data", "crates/results"];

/// The rooms of the root crate from bottom to top. A room imports only rooms below it.
const ROOMS: [&str; 12] =
    ["rate", "limit", "device", "dataset", "model", "task", "train", "pretext", "sampler", "trial", "runner", "cli"];

/// Reads the Rust files of all crates below `folders`. Returns path and text of each.
fn files(folders: &[&str]) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = CRATES.iter().flat_map(|of| folders.iter().map(move |folder| root.join(of).join(folder)));
    let entries = folders.filter(|folder| folder.exists()).flat_map(walkdir::WalkDir::new).map(Result::unwrap);
    let rust = entries.filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"));
    rust.map(|f| (f.path().strip_prefix(root).unwrap().to_owned(), std::fs::read_to_string(f.path()).unwrap()))
        .collect()
}

fn sources() -> Vec<(PathBuf, String)> {
    let sources = files(&["src"]);
    for krate in CRATES {
        assert!(
            sources.iter().any(|(path, _)| path.starts_with(Path::new(krate).join("src"))),
            "no sources of {krate:?}"
        );
    }
    sources
}

/// Whether a file belongs to one of the rooms, each a folder or a file without its ending.
fn in_rooms(path: &Path, rooms: &[&str]) -> bool {
    rooms.iter().any(|room| path.starts_with(room) || path == Path::new(&format!("{room}.rs")))
}

/// Returns number and text of the lines that are not comments.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, l)| (i + 1, l)).filter(|(_, l)| !l.trim_start().starts_with("//"))
}

/// Samplers see the pool only through `PoolView`, which has no labels. So they import nothing else of the crate.
#[test]
fn samplers_never_see_labels() {
    for (path, text) in sources().iter().filter(|(path, _)| in_rooms(path, &["src/sampler"])) {
        for (line, code) in code_lines(text) {
            for name in ["targets", "Dataset", "pt4al_data", "oracle", "crate::"] {
                assert!(!code.contains(name), "{}:{line} names {name}: {code}", path.display());
            }
        }
    }
}

/// A trial, a query and a record are the same for all tasks and data sets.
#[test]
fn the_loop_knows_no_task_and_no_data_set() {
    let tasks = ["TaskKind", "Classification", "Segmentation"];
    let data_sets = ["DatasetSpec", "Cifar10", "Svhn", "Caltech101", "Imagenet", "Cityscapes", "Shapes"];
    let rooms = ["src/trial", "src/sampler", "crates/results/src/store"];
    let mut seen = 0;
    for (path, text) in sources().iter().filter(|(path, _)| in_rooms(path, &rooms)) {
        seen += 1;
        for (line, code) in code_lines(text) {
            for name in tasks.iter().chain(&data_sets) {
                assert!(!code.contains(name), "{}:{line} names {name}: {code}", path.display());
            }
        }
    }
    assert!(seen > 10);
}

/// All randomness comes from `pt4al_results::seed`.
#[test]
fn no_other_generator_is_used() {
    let banned =
        ["rand::rng()", "thread_rng", "rand::random", "manual_seed", "Tensor::rand", "from_os_rng", ".dropout("];
    for (path, text) in sources() {
        for (line, code) in code_lines(&text) {
            for name in banned {
                assert!(!code.contains(name), "{}:{line} uses {name}: {code}", path.display());
            }
        }
    }
}

#[test]
fn files_have_at_most_500_lines() {
    for (path, text) in files(&["src", "tests", "benches", "examples"]) {
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines; split it", path.display());
        assert!(!path.ends_with("utils.rs"), "{}: name it after its contents", path.display());
    }
}

/// The compiler keeps tensors out of the two crates because their manifests do not name them. This test keeps them from being
/// added to a manifest.
#[test]
fn results_and_data_never_depend_on_tensors() {
    for (krate, banned) in [
        ("crates/data", ["tch", "torch-sys", "pt4al"].as_slice()),
        ("crates/results", ["tch", "torch-sys", "pt4al", "pt4al-data"].as_slice()),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(krate).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        assert!(manifest.contains_key("dependencies"));
        let platforms = manifest.get("target").and_then(toml::Value::as_table).into_iter().flat_map(|t| t.values());
        let tables = platforms.filter_map(toml::Value::as_table).chain([&manifest]);
        let dependencies = tables.flat_map(|table| {
            let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
            kinds.into_iter().filter_map(|kind| table.get(kind)?.as_table()).flatten()
        });
        for (name, options) in dependencies {
            let package = options.get("package").and_then(toml::Value::as_str).unwrap_or(name);
            assert!(!banned.contains(&package), "{krate}/Cargo.toml depends on {package}");
        }
    }
}

#[test]
fn rooms_import_only_rooms_below_them() {
    let import = Regex::new(r"crate::(\w+|\{[^}]*\})").unwrap();
    let name = Regex::new(r"^\s*(\w+)").unwrap();
    let rank = |room: &str, path: &Path| {
        let rank = ROOMS.iter().position(|other| *other == room);
        rank.unwrap_or_else(|| panic!("{}: the room {room:?} has no place in ROOMS", path.display()))
    };
    let mut imports = 0;
    for (path, text) in sources() {
        let Ok(inside) = path.strip_prefix("src") else { continue };
        let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if ["lib", "main"].contains(&room) {
            continue;
        }
        let code: Vec<&str> = code_lines(&text).map(|line| line.1).collect();
        for found in import.captures_iter(&code.join("\n")) {
            for part in found[1].trim_matches(['{', '}']).split(',').filter_map(|part| name.captures(part)) {
                let lower = part[1].to_owned();
                imports += 1;
                assert!(rank(&lower, &path) <= rank(room, &path), "{}: {room} imports {lower}", path.display());
            }
        }
    }
    assert!(imports > 50);
}

/// Closures have names that say what they return, and doc comments are sentences with a subject or a verb.
#[test]
fn names_of_closures_and_first_words_of_comments_are_plain() {
    let closure = Regex::new(r"let (of|is|one|it|has) = (move )?\|").unwrap();
    let comment = Regex::new(r"^\s*//[/!] (Of|That|Those|All of it) ").unwrap();
    for (path, text) in &files(&["src", "tests", "benches", "examples"]) {
        for (i, line) in text.lines().enumerate() {
            for rule in [&closure, &comment] {
                assert!(!rule.is_match(line), "{}:{}: reword {:?}", path.display(), i + 1, line.trim());
            }
        }
    }
}

/// Links in the documents that people write lead to files. (Images are links too.)
#[test]
fn links_in_documents_lead_to_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = [root.to_owned(), root.join("docs")];
    let entries =
        folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let link = Regex::new(r"\]\(([^):#]+)[#)]").unwrap();
    let mut links = 0;
    for document in entries.filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        for found in link.captures_iter(&std::fs::read_to_string(&document).unwrap()) {
            links += 1;
            let target = document.parent().unwrap().join(&found[1]);
            assert!(target.exists(), "{}: nothing is at {}", document.display(), &found[1]);
        }
    }
    assert!(links > 40, "{links}");
}
