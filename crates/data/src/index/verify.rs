//! Checking the content of files.

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

/// What is told about files that were checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// 16 hexadecimal digits that change with any file's relative path or content.
    pub fingerprint: String,
    /// Of all files together.
    pub bytes: u64,
    /// Files that were read now; the others are known from an earlier check.
    pub read: usize,
    /// `[n]`: what is known of each file; `None` for one that is not good.
    pub found: Vec<Option<Found>>,
}

/// What is remembered of a file that was found good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub sum: Sum,
    pub mark: Mark,
}

/// The SHA-256 of a file's content.
pub type Sum = [u8; 32];
/// What a check remembers of a good file beside its hash, so that the file need not be read again to know it; 0 where a
/// check has nothing to remember.
pub type Mark = u64;

/// How often a person hears how far it is.
const SAY_EVERY: Duration = Duration::from_secs(10);
/// How often what was checked is kept, for a check that is ended early.
const KEEP_EVERY: Duration = Duration::from_secs(60);
/// Files between two looks at the clock.
const PART: usize = 4096;

/// What to remember of file `index`, whose bytes these are, or what is wrong with it, in a few words.
pub type Check<'a> = &'a (dyn Fn(usize, &[u8]) -> Result<Mark, String> + Sync);

/// Reads, hashes (SHA-256) and checks every file that is not known to be good from an earlier call, in parallel.
///
/// `check` is given the file's index and bytes, and says in a few words what is wrong with them. Files that pass are
/// remembered, with their marks, in the folder `cache`, for this folder of files and this `kind` of check (a word that also names the
/// files to people): while path, size and time of change stay the same, they are not read again. Where the cache
/// cannot be written, a line says so, and all files are read again the next time.
///
/// # Errors
/// If the folder of the files is gone. Files that are not good are problems, not errors.
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
        // No path has this byte, so a path ends where it seems to.
        hash.update([0]);
        hash.update(found.map_or([0; 32], |found| found.sum));
    }
    let bytes = files.entries.iter().map(|entry| entry.bytes).sum();
    Ok(Verified { fingerprint: hex(&hash.finalize()[..8]), bytes, read: unknown.len(), found })
}

/// What to remember of a file that is good, or what is wrong with it.
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
        // Whoever finds the lock taken need not say it as well.
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.elapsed() >= SAY_EVERY {
            *last = Instant::now();
            let (done, total) = (thousands(done), thousands(self.total));
            say(&format!("checking the files of {}: {done} of {total}", self.kind));
        }
    }
}
