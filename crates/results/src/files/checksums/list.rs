//! One list of checksums.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};

use super::sum;
use crate::files::write_into_folder;

/// The beginning of a list's first line, before the checksum of the lines below it.
const TITLE: &str = "# SHA-256 of files that pt4al wrote, for `sha256sum -c`. Of the lines below: ";
/// The beginning of a line about a file that is being replaced. `sha256sum` takes it for a comment.
const NEXT: &str = "# being written: ";

/// The checksums of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The checksum of the file as it was written last. `None` if it is being written for the first time.
    pub now: Option<String>,
    /// The checksum of the file that is about to replace it, if there is one.
    pub next: Option<String>,
}

impl Entry {
    /// Whether a file with this checksum is one that pt4al wrote.
    pub fn allows(&self, sum: &str) -> bool {
        [&self.now, &self.next].into_iter().flatten().any(|own| own == sum)
    }
}

/// A list of checksums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List {
    /// The list's own file.
    pub path: PathBuf,
    /// By the path of the file, relative to the folder of the list, with `/` between names.
    pub entries: BTreeMap<String, Entry>,
}

impl List {
    pub fn empty(path: &Path) -> Self {
        Self { path: path.to_owned(), entries: BTreeMap::new() }
    }

    /// Reads a list; `None` if it does not exist.
    ///
    /// # Errors
    /// If it cannot be read or is damaged.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let shown = path.display();
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(e) if matches!(e.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            Err(e) => bail!("{shown}: cannot be read ({e}); check the folder"),
        };
        let entries = parse(&bytes).with_context(|| {
            format!(
                "{shown}: this list of checksums is damaged; restore it, or accept the files as they are: pt4al verify RESULTS \
                 --accept REASON"
            )
        });
        Ok(Some(Self { path: path.to_owned(), entries: entries.map_err(|e| anyhow!("{e:#}"))? }))
    }

    /// Writes the list, beside files that it names.
    ///
    /// # Errors
    /// If there is no such folder, or it cannot be written.
    pub fn write(&self) -> Result<()> {
        let mut lines = String::new();
        for (name, Entry { now, next }) in &self.entries {
            if let Some(now) = now {
                lines += &format!("{now}  {name}\n");
            }
            if let Some(next) = next {
                lines += &format!("{NEXT}{next}  {name}\n");
            }
        }
        let title = format!("{TITLE}{}\n", sum(lines.as_bytes()));
        write_into_folder(&self.path, |out| {
            out.write_all(title.as_bytes())?;
            out.write_all(lines.as_bytes())
        })
    }

    /// The folder of the list.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The entry of a file.
    pub fn entry(&self, path: &Path) -> Option<&Entry> {
        self.entries.get(&self.name(path))
    }

    /// The path of a file as the list writes it.
    pub fn name(&self, path: &Path) -> String {
        let (from, to): (Vec<Component>, Vec<Component>) =
            (self.folder().components().collect(), path.components().collect());
        let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let up = from[shared..].iter().map(|_| "..".to_owned());
        let down = to[shared..].iter().map(|part| part.as_os_str().to_string_lossy().into_owned());
        up.chain(down).collect::<Vec<_>>().join("/")
    }

    /// The path of the file that the list names `name`.
    pub fn path_of(&self, name: &str) -> PathBuf {
        let mut path = self.folder().to_owned();
        for part in name.split('/') {
            if part == ".." { path = path.parent().unwrap_or(Path::new("")).to_owned() } else { path.push(part) }
        }
        path
    }

    /// Looks at the files that a killed process was about to replace, and keeps the checksum of what is there.
    pub fn settle(&mut self) {
        let names: Vec<String> =
            self.entries.iter().filter(|(_, entry)| entry.next.is_some()).map(|(name, _)| name.clone()).collect();
        for name in names {
            let there = std::fs::read(self.path_of(&name)).ok().map(|bytes| sum(&bytes));
            let entry = self.entries.get_mut(&name).expect("just listed");
            let next = entry.next.take();
            if next.is_some() && there == next {
                entry.now = next;
            }
            if entry.now.is_none() {
                self.entries.remove(&name);
            }
        }
    }
}

/// Whether a text can be a SHA-256.
fn is_sum(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Reads the lines of a list.
fn parse(bytes: &[u8]) -> Result<BTreeMap<String, Entry>> {
    let text = std::str::from_utf8(bytes).context("it is not UTF-8 text")?;
    let (first, lines) = text.split_once('\n').context("it has no lines")?;
    let own = first.strip_prefix(TITLE).context("its first line is not that of a list of pt4al")?;
    if own != sum(lines.as_bytes()) {
        bail!("its lines are not those that were written");
    }
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    // Not lines(), which would take a carriage return off a name.
    for line in lines.split_terminator('\n') {
        let (is_next, line) = line.strip_prefix(NEXT).map_or((false, line), |rest| (true, rest));
        let (sum, name) = line
            .split_once("  ")
            .filter(|parts| is_sum(parts.0))
            .context("a line is not of the form SHA-256 and file")?;
        let entry = entries.entry(name.to_owned()).or_default();
        let place = if is_next { &mut entry.next } else { &mut entry.now };
        ensure!(place.replace(sum.to_owned()).is_none(), "it names {name:?} twice");
    }
    Ok(entries)
}
