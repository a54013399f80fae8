//! What the code must never contain.

use std::path::{Path, PathBuf};

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = ["src", "crates/data/src", "crates/results/src"].into_iter().flat_map(|folder| {
        let files = walkdir::WalkDir::new(root.join(folder)).into_iter().map(Result::unwrap);
        files.filter(|file| file.path().extension().is_some_and(|extension| extension == "rs"))
    });
    files
        .map(|f| (f.path().strip_prefix(root).unwrap().to_owned(), std::fs::read_to_string(f.path()).unwrap()))
        .collect()
}

fn in_room(path: &Path, rooms: &[&str]) -> bool {
    rooms.iter().any(|room| path.starts_with(room) || path == Path::new(&format!("{room}.rs")))
}

fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(i, l)| (i + 1, l)).filter(|(_, l)| !l.trim_start().starts_with("//"))
}

/// A sampler sees the pool through a view that has no labels.
#[test]
fn samplers_never_see_targets() {
    for (path, text) in sources().iter().filter(|(path, _)| in_room(path, &["src/sampler"])) {
        for (line, code) in code_lines(text) {
            for name in ["targets", "Dataset", "pt4al_data", "oracle"] {
                assert!(!code.contains(name), "{}:{line} names {name}: {code}", path.display());
            }
        }
    }
}

/// A trial, a query and a record are the same whatever is learned, and on whatever data.
#[test]
fn the_loop_knows_no_task_and_no_data_set() {
    let tasks = ["TaskKind", "Classification", "Segmentation"];
    let data_sets = ["DatasetSpec", "Cifar10", "Caltech101", "Imagenet", "Cityscapes", "Shapes"];
    let mut seen = 0;
    for (path, text) in
        sources().iter().filter(|(path, _)| in_room(path, &["src/trial", "src/sampler", "crates/results/src/store"]))
    {
        seen += 1;
        for (line, code) in code_lines(text) {
            for name in tasks.iter().chain(&data_sets) {
                assert!(!code.contains(name), "{}:{line} names {name}: {code}", path.display());
            }
        }
    }
    assert!(seen > 10);
}

/// All randomness comes from `seed.rs`.
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
fn files_can_be_read_in_one_sitting() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= 500, "{} has {lines} lines; split it", path.display());
        assert!(!path.ends_with("utils.rs"), "{}", path.display());
    }
}
