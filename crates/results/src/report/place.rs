//! Where the files of a page go, and how the page finds those of its results folder from there.

use std::path::{Component, Path, PathBuf};

use anyhow::{Result, anyhow, ensure};

use crate::store::write_atomically;

/// What a verb has written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The text for a terminal.
    pub text: String,
    /// The page to open.
    pub page: PathBuf,
}

/// A folder for a page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    /// The folder that the page and its figures are written into.
    pub folder: PathBuf,
    /// Where the page finds the files of the results folder: a URL that ends in `/`; empty if they lie beside the page.
    pub files: String,
}

impl Place {
    /// The results folder itself, or `out`.
    ///
    /// # Errors
    /// If `out` is in the results folder, or holds what no earlier report wrote. Nothing has been written then.
    pub fn of(results: &Path, out: Option<&Path>) -> Result<Self> {
        let Some(out) = out else { return Ok(Self { folder: results.to_owned(), files: String::new() }) };
        let (from, to) = (resolved(out), resolved(results));
        ensure!(
            !from.starts_with(&to),
            "--out {}: is in the results folder {}, which --out leaves as it is; name another folder, or leave --out away",
            out.display(),
            results.display()
        );
        ensure_own(out, &["summary.csv", "report.html"], "a report", "--out")?;
        Ok(Self { folder: out.to_owned(), files: relative_url(&from, &to) })
    }
}

/// Checks that a folder may be written over: it does not exist, is empty, or is no results folder and has one of the
/// files `marks`, which an earlier report wrote. `option` is the one that named it.
///
/// # Errors
/// If it is anything else.
pub(crate) fn ensure_own(out: &Path, marks: &[&str], what: &str, option: &str) -> Result<()> {
    let is_empty = match std::fs::read_dir(out) {
        Ok(mut entries) => entries.next().is_none(),
        Err(_) => !out.exists(),
    };
    let is_results = ["records.csv", "spec.toml"].iter().any(|name| out.join(name).exists());
    ensure!(
        is_empty || !is_results && marks.iter().any(|name| out.join(name).is_file()),
        "{}: holds other files, which {what} would overwrite; name another folder with {option}",
        out.display()
    );
    Ok(())
}

/// Writes `markdown` to `file` if nothing is there, an empty file, or a page that begins with `begins`.
///
/// # Errors
/// If another page is there, or the file cannot be read or written; one line. Nothing has been written then.
pub(crate) fn write_over(file: &Path, begins: &str, markdown: &str) -> Result<()> {
    let there = match std::fs::read_to_string(file) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
        read => Some(read.map_err(|e| anyhow!("{}: cannot be read ({e}); check it", file.display()))?),
    };
    ensure!(
        there.is_none_or(|text| text.trim().is_empty() || text.starts_with(begins)),
        "{}: is another page, which would be overwritten; move it away",
        file.display()
    );
    write_atomically(file, |out| out.write_all(markdown.as_bytes()))
}

/// The whole path without links, as far as it is there, and without `..` in the rest.
fn resolved(path: &Path) -> PathBuf {
    let full = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let there = full.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, real)) = there else { return full };
    full.strip_prefix(part).map_or_else(|_| full.clone(), |rest| without_dots(&real, rest))
}

/// `rest` below `real`, where a `..` goes back by a part.
fn without_dots(real: &Path, rest: &Path) -> PathBuf {
    let mut whole = real.to_owned();
    for part in rest.components() {
        match part {
            Component::ParentDir => drop(whole.pop()),
            part => whole.push(part),
        }
    }
    whole
}

/// From one folder to another, both whole paths: `../../results/demo/`.
fn relative_url(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let down = to[shared..].iter().map(|part| encoded(part.as_os_str().as_encoded_bytes()) + "/");
    "../".repeat(from.len() - shared) + &down.collect::<String>()
}

/// A part of a path in which nothing has a meaning to a URL or to Markdown.
pub(crate) fn encoded(part: &[u8]) -> String {
    let encode = |&byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    part.iter().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_the_results_is_a_relative_url() {
        let url = |from: &str, to: &str| relative_url(Path::new(from), Path::new(to));
        assert_eq!(url("/a/pages/demo", "/a/results/demo"), "../../results/demo/");
        assert_eq!(url("/pages", "/a/b c/(d)#é"), "../a/b%20c/%28d%29%23%C3%A9/");
        assert_eq!(url("/a/b", "/a"), "../");
    }

    #[test]
    fn another_folder_is_not_in_the_results_and_not_of_something_else() {
        let dir = tempfile::tempdir().unwrap();
        let results = dir.path().join("results/demo");
        std::fs::create_dir_all(&results).unwrap();
        let place = |out: &Path| Place::of(&results, Some(out));
        let failed = |out: &Path| {
            let message = place(out).unwrap_err().to_string();
            assert!(!message.contains('\n'), "{message}");
            message
        };
        for inside in [
            results.clone(),
            results.join("pages"),
            dir.path().join("results/../results/demo/x"),
            dir.path().join("new/../results/demo/x"),
        ] {
            assert!(failed(&inside).contains("is in the results folder"), "{inside:?}");
        }
        std::fs::write(dir.path().join("results/letter"), "dear").unwrap();
        assert!(failed(&dir.path().join("results")).contains("holds other files, which a report would overwrite"));
        assert!(failed(&dir.path().join("results/letter")).contains("holds other files"));
        let new = dir.path().join("pages/demo");
        assert_eq!(place(&new).unwrap(), Place { folder: new.clone(), files: "../../results/demo/".into() });
        assert!(!new.exists());
        // One of ours, and a results folder that has the same files.
        std::fs::create_dir_all(&new).unwrap();
        for name in ["summary.csv", "report.html"] {
            std::fs::write(new.join(name), "").unwrap();
        }
        place(&new).unwrap();
        std::fs::write(new.join("records.csv"), "").unwrap();
        assert!(failed(&new).contains("holds other files"));
        assert_eq!(Place::of(&results, None).unwrap(), Place { folder: results.clone(), files: String::new() });
    }
}
