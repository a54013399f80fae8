//! A file that remembers which files passed their check.
//!
//! Its format: a line with the version; the number of files (u64); for each file, in the order of paths: the length of
//! the path (u32), the path, the size (u64), the time of change (i64, nanoseconds since 1970), the SHA-256 of the content,
//! and the mark of the check (u64); at the end the SHA-256 of everything before. Numbers are little-endian.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::{Files, Found};
use pt4al_results::machine::say;
use pt4al_results::spec::hex;
use pt4al_results::store::{remove_leftovers, write_atomically};

const VERSION: &[u8] = b"pt4al checked files 3\n";

/// No system has longer paths. Without this limit, a damaged length could take all memory.
const LONGEST_PATH: u32 = 1 << 16;

pub(super) struct Cache {
    path: PathBuf,
}

impl Cache {
    /// The cache for one kind of check of the files below `root`, a path without links.
    pub(super) fn new(folder: &Path, root: &Path, kind: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(root.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(kind);
        Self { path: folder.join(format!("checked-{}.bin", &hex(&hash.finalize())[..16])) }
    }

    /// `[n]`: what is remembered of each file, `None` if nothing is or the file changed since; and the number of files in
    /// the cache. A damaged cache counts as empty.
    pub(super) fn load(&self, files: &Files) -> (Vec<Option<Found>>, usize) {
        match self.read(files) {
            Ok(known) => known,
            Err(error) => {
                if error.kind() != ErrorKind::NotFound {
                    let path = self.path.display();
                    say(&format!("{path}: not usable ({error}), so all files are checked again"));
                }
                (vec![None; files.len()], 0)
            }
        }
    }

    /// Reads entry by entry, because the whole cache of a large data set would take as much memory as its list of files.
    fn read(&self, files: &Files) -> io::Result<(Vec<Option<Found>>, usize)> {
        if !std::fs::metadata(&self.path)?.is_file() {
            return Err(damaged("not a file"));
        }
        let mut cache =
            Hashing { inner: BufReader::with_capacity(1 << 16, File::open(&self.path)?), hash: Sha256::new() };
        if cache.array::<{ VERSION.len() }>()? != VERSION {
            return Err(damaged("of another version"));
        }
        let count = u64::from_le_bytes(cache.array()?);
        let mut known = vec![None; files.len()];
        let mut path = Vec::new();
        let mut index = 0;
        for _ in 0..count {
            let length = u32::from_le_bytes(cache.array()?);
            if length > LONGEST_PATH {
                return Err(damaged("damaged"));
            }
            path.resize(length as usize, 0);
            cache.read_exact(&mut path)?;
            let (bytes, changed) = (u64::from_le_bytes(cache.array()?), i64::from_le_bytes(cache.array()?));
            let found = Found { sum: cache.array()?, mark: u64::from_le_bytes(cache.array()?) };
            while index < files.len() && files.relative(index).as_bytes() < path.as_slice() {
                index += 1;
            }
            if index < files.len() && files.relative(index).as_bytes() == path.as_slice() {
                let entry = files.entries[index];
                if (entry.bytes, entry.times.map(|times| times.changed)) == (bytes, Some(changed)) {
                    known[index] = Some(found);
                }
            }
        }
        let Hashing { mut inner, hash } = cache;
        let mut rest = Vec::new();
        inner.by_ref().take(33).read_to_end(&mut rest)?;
        if rest != hash.finalize().as_slice() {
            return Err(damaged("damaged"));
        }
        Ok((known, usize::try_from(count).unwrap_or(usize::MAX)))
    }

    /// Writes the files that passed the check, and returns their number. If that fails, it prints one warning per process.
    pub(super) fn save(&self, files: &Files, known: &[Option<Found>]) -> usize {
        // A file without a known time of change is not kept, because it could change unnoticed.
        let kept = |&i: &usize| known[i].is_some() && files.entries[i].times.is_some();
        let count = (0..files.len()).filter(kept).count();
        remove_leftovers(self.path.parent().unwrap_or(Path::new(".")));
        let written = write_atomically(&self.path, |out| {
            let mut out = Hashing { inner: out, hash: Sha256::new() };
            out.write_all(VERSION)?;
            out.write_all(&(count as u64).to_le_bytes())?;
            for (index, found) in known.iter().enumerate() {
                let (entry, path) = (files.entries[index], files.relative(index));
                let (Some(found), Some(times)) = (found, entry.times) else { continue };
                out.write_all(&(path.len() as u32).to_le_bytes())?;
                out.write_all(path.as_bytes())?;
                out.write_all(&entry.bytes.to_le_bytes())?;
                out.write_all(&times.changed.to_le_bytes())?;
                out.write_all(&found.sum)?;
                out.write_all(&found.mark.to_le_bytes())?;
            }
            let Hashing { inner, hash } = out;
            inner.write_all(&hash.finalize())
        });
        static SAID: AtomicBool = AtomicBool::new(false);
        if let Err(error) = written
            && !SAID.swap(true, Ordering::Relaxed)
        {
            // The rest of the message is a remedy for results, which does not fit here.
            let error = error.to_string();
            let what = error.split("; ").next().unwrap_or_default();
            say(&format!(
                "warning: {what}, so every run checks all images again; set PT4AL_CACHE to a folder that can be written"
            ));
        }
        count
    }
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

/// Reads or writes, and hashes the bytes.
struct Hashing<T> {
    inner: T,
    hash: Sha256,
}

impl<T: Read> Hashing<T> {
    fn array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.read_exact(&mut bytes)?;
        Ok(bytes)
    }
}

impl<T: Read> Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
