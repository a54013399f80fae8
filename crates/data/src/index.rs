//! Finds the files below a folder ([`Files`]), and checks their contents ([`verify`]).

mod cache;
pub(crate) mod photos;
mod verify;
mod walk;

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use anyhow::{Result, ensure};

use super::problems::Problems;
pub use verify::{Check, Found, Mark, Sum, Verified, verify};

/// The regular files below a folder, sorted by relative path in byte order. A file takes about 30 bytes of memory and its
/// path.
#[derive(Clone, Debug)]
pub struct Files {
    root: PathBuf,
    /// All relative paths, one after the other.
    names: String,
    entries: Vec<Entry>,
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug)]
struct Entry {
    /// Where its path ends in `names`; it begins where the path before ends.
    end: usize,
    bytes: u64,
    times: Option<Times>,
}

/// The times of a file, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Times {
    /// When its content changed; programs can set this time.
    modified: i64,
    /// When anything about it changed, including its name, owner or permissions. On Unix no program can set it back.
    changed: i64,
}

impl Files {
    /// Finds the files below `root` for which `wanted` returns true; its argument is the relative path, with `/` between
    /// names. Symbolic links are followed. Names that begin with a dot, and Thumbs.db, are left out.
    ///
    /// These become problems, even if they are not wanted: a folder that cannot be listed, that comes a second time (a
    /// loop of links), or that is named like an image; a link to nothing; a name that is not UTF-8; anything that is
    /// neither a file nor a folder.
    ///
    /// # Errors
    /// If `root` is not a folder that can be listed.
    pub fn scan(root: &Path, wanted: &dyn Fn(&str) -> bool, problems: &Problems) -> Result<Self> {
        Self::scan_in(root, &[], wanted, problems)
    }

    /// [`Files::scan`], but looks only into the folders `tops` directly in `root`; into all if there are none.
    ///
    /// # Errors
    /// As for [`Files::scan`].
    pub(crate) fn scan_in(
        root: &Path,
        tops: &[&str],
        wanted: &dyn Fn(&str) -> bool,
        problems: &Problems,
    ) -> Result<Self> {
        ensure!(root.is_dir(), "{}: no such folder", root.display());
        Ok(walk::walk(root, tops, wanted, problems))
    }

    /// The index of the file with this path below the folder.
    pub(crate) fn index_of(&self, relative: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.relative(middle).cmp(relative) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The number of files.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The folder that was scanned.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The path of file `index`.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn path(&self, index: usize) -> PathBuf {
        self.root.join(self.relative(index))
    }

    /// The path of file `index` below the folder, with `/` between names.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn relative(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.entries[before].end);
        &self.names[start..self.entries[index].end]
    }

    /// The size of file `index` in bytes when it was found.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn bytes(&self, index: usize) -> u64 {
        self.entries[index].bytes
    }

    /// Reads file `index`.
    ///
    /// # Errors
    /// Says in a few words if the file cannot be read, changed after it was found, or is too large for an image.
    ///
    /// # Panics
    /// If there is no such file.
    pub fn read(&self, index: usize) -> Result<Vec<u8>, String> {
        let entry = self.entries[index];
        if entry.bytes > LARGEST {
            return Err(format!("too large for an image ({} bytes)", entry.bytes));
        }
        let mut bytes = Vec::with_capacity(entry.bytes as usize);
        let read = File::open(self.path(index)).and_then(|file| {
            let metadata = file.metadata()?;
            file.take(LARGEST + 1).read_to_end(&mut bytes)?;
            Ok(metadata)
        });
        let metadata = read.map_err(|error| format!("cannot be read ({error})"))?;
        // Not `changed`, because a new owner or another link to the file does not change its content.
        let modified = |times: Option<Times>| times.map(|times| times.modified);
        if bytes.len() as u64 != entry.bytes || modified(times(&metadata)) != modified(entry.times) {
            return Err(format!("changed after it was found (from {} to {} bytes)", entry.bytes, bytes.len()));
        }
        Ok(bytes)
    }

    /// The relative paths of all files.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|index| self.relative(index))
    }

    fn push(&mut self, relative: &str, entry: Entry) {
        self.names.push_str(relative);
        self.entries.push(Entry { end: self.names.len(), ..entry });
    }
}

/// Reads a small file of at most `most` bytes.
///
/// # Errors
/// Says in a few words if it cannot be read, is not a file (reading a pipe would never end), or is larger.
pub(crate) fn read_small(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let read = || -> std::io::Result<Result<Vec<u8>, String>> {
        if !std::fs::metadata(path)?.is_file() {
            return Ok(Err("not a file".into()));
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
        let too_large = format!("larger than {most} bytes, more than such a file can have");
        Ok(if bytes.len() as u64 > most { Err(too_large) } else { Ok(bytes) })
    };
    read().unwrap_or_else(|error| Err(format!("cannot be read ({error})")))
}

/// The largest size of an image file in bytes.
pub(crate) const LARGEST: u64 = 1 << 30;

fn times(metadata: &Metadata) -> Option<Times> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let modified = i64::try_from(since.as_nanos()).ok()?;
    #[cfg(unix)]
    let changed = {
        use std::os::unix::fs::MetadataExt;
        let changed = metadata.ctime().checked_mul(1_000_000_000)?.checked_add(metadata.ctime_nsec())?;
        modified.max(changed)
    };
    #[cfg(not(unix))]
    let changed = modified;
    Some(Times { modified, changed })
}

/// Whether a name is that of a file of the operating system, which is not part of the data set.
fn left_out(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b".") || name == "Thumbs.db"
}

/// Whether a name is that of an image file: .jpg, .jpeg or .png, in upper or lower case.
pub(crate) fn named_like_an_image(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    matches!(extension.as_deref(), Some("jpg" | "jpeg" | "png"))
}

/// The endings of all formats that [`crate::decode`] reads, in words.
pub(crate) const ENDINGS: &str = ".jpg, .jpeg, .png, .webp, .tif, .tiff or .bmp";

/// Whether a name has one of the [`ENDINGS`], in upper or lower case.
pub(crate) fn has_image_ending(name: &str) -> bool {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    named_like_an_image(name) || matches!(extension.as_deref(), Some("webp" | "tif" | "tiff" | "bmp"))
}

#[cfg(test)]
pub(crate) mod tests;
