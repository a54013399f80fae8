//! The folder that the targets write their inputs to, and the rule that each error is one line.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A folder of this process. `run.sh` names one in memory, by a path that is the same in each run because messages have it.
static PLACE: LazyLock<PathBuf> = LazyLock::new(|| match std::env::var_os("FUZZ_PLACE") {
    Some(named) => named.into(),
    None => tempfile::tempdir().expect("a folder for inputs").keep(),
});

/// The path of a file in the folder.
pub fn path(name: &str) -> PathBuf {
    PLACE.join(name)
}

/// Writes a file into the folder, with the folders above it.
pub fn put(name: &str, bytes: &[u8]) -> PathBuf {
    let path = path(name);
    if !path.exists() {
        std::fs::create_dir_all(path.parent().expect("it is below a folder")).expect("room in memory");
    }
    std::fs::write(&path, bytes).expect("room in memory");
    path
}

/// A file of the project.
pub fn project(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name)
}

/// Reads a file of the project.
pub fn read(name: &str) -> Vec<u8> {
    std::fs::read(project(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns what was read. An error must be one line.
pub fn told<T>(result: anyhow::Result<T>) -> Option<T> {
    result.map_err(|error| must_be_one_line(&format!("{error:#}"))).ok()
}

/// [`told`] for the readers whose errors are the words behind a file's name.
pub fn told_in_words<T, E: Display>(result: Result<T, E>) -> Option<T> {
    result.map_err(|error| must_be_one_line(&error.to_string())).ok()
}

fn must_be_one_line(message: &str) {
    assert!(!message.contains('\n') && !message.trim().is_empty(), "not one line: {message:?}");
}

/// [`told`] for the readers of data sets, whose list of all problems is the one error of several lines.
pub fn told_with_list<T>(result: anyhow::Result<T>) -> Option<T> {
    match result {
        Err(error) if error.is::<pt4al_data::problems::ProblemList>() => {
            let message = format!("{error:#}");
            let mut lines = message.lines();
            assert!(lines.next().is_some_and(|line| line.contains(" problem")), "{message:?}");
            assert!(lines.all(|line| line.starts_with("  ")), "a line that begins no problem: {message:?}");
            None
        }
        result => told(result),
    }
}
