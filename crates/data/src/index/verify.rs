//! Checks the contents of files.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use pt4al_results::words::thousands;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::Files;
use super::cache::Cache;
use crate::problems::Problems;
use pt4al_results::machine::say;
use pt4al_results::spec::hex;

/// The result of a check of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// 16 hexadecimal digits that change with any file's relative path or content.
    pub fingerprint: String,
    /// The size of all files together, in bytes.
    pub bytes: u64,
    /// The number of files that were read now; the others are known from an earlier check.
    pub read: usize,
    /// `[n]`: hash and mark of each file; `None` for a file that did not pass.
    pub found: Vec<Option<Found>>,
}

/// What is remembered of a file that passed its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The hash of the content.
    pub sum: Sum,
    /// What the check learned beside the hash.
    pub mark: Mark,
}

/// The SHA-256 of a file's content.
pub type Sum = [u8; 32];
/// What a check remembers of a file beside its hash, so that the file need not be read again; 0 if there is nothing to
/// remember.
pub type Mark = u64;

/// The time between two lines on the progress.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// The time between two writes of the cache, in case the check is interrupted.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// The number of files between two looks at the clock.
const PART: usize = 4096;

/// Checks the bytes of file `index`. It returns what to remember of the file, or says in a few words what is wrong.
pub type Check<'a> = &'a (dyn Fn(usize, &[u8]) -> Result<Mark, String> + Sync);

/// Reads, hashes (SHA-256) and checks all files in parallel, except those that passed in an earlier call.
///
/// Files that pass are remembered with their marks in the folder `cache`, for this folder of files and this `kind` of check
/// (a name that also appears in messages). They are not read again while path, size and time of change stay the same. If
/// the cache cannot be written, a warning says so, and all files are read again the next time.
///
/// # Errors
/// If the folder of the files is gone. Files that do not pass become problems, not errors.
pub fn verify(files: &Files, kind: &str, check: Check, cache: &Path, problems: &Problems) -> Result<Verified> {
    let root = files.root.canonicalize().with_context(|| format!("{}: cannot be found", files.root.display()))?;
    let cache = Cache::new(cache, &root, kind);
    let (mut found, mut kept) = cache.load(files);
    let unknown: Vec<usize> = (0..files.len()).filter(|&i| found[i].is_none()).collect();
    let known = files.len() - unknown.len();
    let progress =
        Progress { kind, total: files.len(), done: AtomicUsize::new(known), last: Mutex::new(Instant::now()) };

    let mut last = Instant::now();
    for part in unknown.chunks(PART) {
        let read = part.par_iter().map(|&index| {
            let good = read(files, index, check).map_err(|why| problems.add(&files.path(index), why)).ok();
            progress.step();
            (index, good)
        });
        for (index, good) in read.collect::<Vec<_>>() {
            found[index] = good;
        }
        if last.elapsed() > KEEP_EVERY {
            kept = cache.save(files, &found);
            last = Instant::now();
        }
    }
    let good = found.iter().flatten().count();
    if good != kept || !unknown.is_empty() {
        cache.save(files, &found);
    }

    let mut hash = Sha256::new();
    for (path, found) in files.iter().zip(&found) {
        hash.update(path);
        // Separates path and sum: no path has this byte.
        hash.update([0]);
        hash.update(found.map_or([0; 32], |found| found.sum));
    }
    let bytes = files.entries.iter().map(|entry| entry.bytes).sum();
    Ok(Verified { fingerprint: hex(&hash.finalize()[..8]), bytes, read: unknown.len(), found })
}

/// Reads and checks one file. The error says in a few words what is wrong with it.
fn read(files: &Files, index: usize, check: Check) -> Result<Found, String> {
    let bytes = files.read(index)?;
    if bytes.is_empty() {
        return Err("empty (0 bytes)".into());
    }
    let mark = check(index, &bytes)?;
    Ok(Found { sum: Sha256::digest(&bytes).into(), mark })
}

struct Progress<'a> {
    kind: &'a str,
    total: usize,
    done: AtomicUsize,
    last: Mutex<Instant>,
}

impl Progress<'_> {
    fn step(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // If the lock is taken, another thread prints the line.
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.elapsed() >= SAY_EVERY {
            *last = Instant::now();
            let (done, total) = (thousands(done), thousands(self.total));
            say(&format!("checking the files of {}: {done} of {total}", self.kind));
        }
    }
}
