//! Holds decoded records in memory, in a mapped file, or not at all.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use memmap2::Mmap;
use rayon::prelude::*;

use super::images::{Records, Source, Split};
use pt4al_results::files::is_left_over;
use pt4al_results::machine;
use pt4al_results::spec::{DatasetSpec, Storage};

/// The number of bytes that are decoded before they are written: enough to keep all cores busy.
const BLOCK: usize = 64 << 20;
/// The time between two lines on the progress of a long decoding.
const PATIENCE: Duration = Duration::from_secs(10);

/// Moves the records of a split to `storage`; records in memory stay there. A mapped split is the file
/// `<cache>/<key>.u8`, whose bytes must depend only on `key`. If it is missing, one of the processes that need it makes it.
///
/// # Errors
/// If a record cannot be made (the first one is named), or if memory or the cache folder has no room, with the remedy.
pub(crate) fn hold(split: Split, storage: Storage, cache: &Path, key: &str) -> Result<Split> {
    let Records::Source(source) = &split.records else { return Ok(split) };
    let all = All { source: &**source, len: split.len, record: split.record(), key };
    let records = match storage {
        Storage::Memory => Records::Memory(all.in_memory()?),
        Storage::Mapped if all.bytes() > 0 => Records::Source(Arc::new(all.mapped(cache)?)),
        Storage::Mapped | Storage::Stream => return Ok(split),
    };
    Ok(Split { records, ..split })
}

/// Checks that free memory has room for all images of a data set, `bytes` together, if the spec holds them in memory.
///
/// # Errors
/// If there is not enough, with the key, the memory that is needed, and what is free. If the system does not say how much
/// is free, there is no error.
pub fn check_memory(set: &DatasetSpec, bytes: u64) -> Result<()> {
    match machine::available_mb() {
        Some(free) => check_memory_of(set, bytes, free),
        None => Ok(()),
    }
}

/// [`check_memory`] with `free` MiB of free memory.
fn check_memory_of(set: &DatasetSpec, bytes: u64, free: f64) -> Result<()> {
    let needed = bytes as f64 / 1024.0 / 1024.0;
    if set.storage() != Storage::Memory || needed <= free {
        return Ok(());
    }
    let (keys, remedy) = set.options().memory_remedy();
    bail!("{keys}: all images take {needed:.0} MiB of memory, but {free:.0} MiB are free; {remedy}")
}

/// Checks that a cache folder can be written. The folder is made if it is not there.
///
/// # Errors
/// If it cannot be written, with the remedy.
pub(super) fn check_writable(cache: &Path) -> Result<()> {
    std::fs::create_dir_all(cache).map_err(|e| unwritable(cache, &e))?;
    tempfile::tempfile_in(cache).map(drop).map_err(|e| unwritable(cache, &e))
}

/// Removes the unfinished files of killed processes. A process that makes such a file writes to it many times in an hour.
fn remove_parts(cache: &Path) {
    for entry in std::fs::read_dir(cache).into_iter().flatten().flatten() {
        let is_part = entry.file_name().to_string_lossy().ends_with(".u8.part");
        if is_part && entry.metadata().is_ok_and(|meta| is_left_over(&meta)) {
            // A file that stays does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// All records of a split.
struct All<'a> {
    source: &'a dyn Source,
    len: usize,
    /// The number of bytes of one record.
    record: usize,
    key: &'a str,
}

impl All<'_> {
    fn bytes(&self) -> usize {
        self.len * self.record
    }

    /// The length of the mapped file in bytes.
    fn on_disk(&self) -> usize {
        self.len * (self.record + CHECKSUM)
    }

    fn in_memory(&self) -> Result<Vec<u8>> {
        let mut records = Vec::new();
        records.try_reserve_exact(self.bytes()).map_err(|_| {
            let size = mib(self.bytes());
            anyhow!("{}: {size} do not fit into memory; set `storage = \"mapped\"` in the spec", self.key)
        })?;
        records.resize(self.bytes(), 0);
        self.fill(0, &mut records, &Progress::new(self))?;
        Ok(records)
    }

    fn mapped(&self, cache: &Path) -> Result<Mapped> {
        let path = cache.join(format!("{}.u8", self.key));
        // First without a lock: the file may belong to another user, in a folder that this user cannot write.
        if let Some(map) = self.map(&path)? {
            return Ok(map);
        }
        std::fs::create_dir_all(cache).map_err(|e| unwritable(cache, &e))?;
        let _lock = self.lock(&cache.join(format!("{}.lock", self.key)))?;
        if let Some(map) = self.map(&path)? {
            return Ok(map);
        }
        if let Some(free) = machine::free_disk(cache).filter(|&free| free < self.on_disk() as u64) {
            return Err(anyhow!(
                "{}: {} of decoded images do not fit into the {} that are free there; free some disk space, or name \
                 another folder with PT4AL_CACHE",
                cache.display(),
                mib(self.bytes()),
                mib(free as usize)
            ));
        }
        remove_parts(cache);
        let part = cache.join(format!("{}.u8.part", self.key));
        self.write(&part).inspect_err(|_| {
            // If this fails too, the first error is the one to report.
            let _ = std::fs::remove_file(&part);
        })?;
        std::fs::rename(&part, &path).map_err(|e| unwritable(&path, &e))?;
        self.map(&path)?.with_context(|| format!("{}: was changed by another program; run again", path.display()))
    }

    /// Maps the file, if it is there, has the right length, and has the right bytes in some records.
    fn map(&self, path: &Path) -> Result<Option<Mapped>> {
        let unreadable = |e: io::Error| {
            anyhow!("{}: cannot be read ({e}); remove it, or name another folder with PT4AL_CACHE", path.display())
        };
        // Opening a pipe would wait for a writer.
        if std::fs::metadata(path).is_ok_and(|known| !known.is_file()) {
            return Err(unwritable(path, &io::Error::other("it is not a file")));
        }
        let file = match File::open(path) {
            // Other problems with the folder become errors when the file is written.
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
            file => file.map_err(unreadable)?,
        };
        if file.metadata().map_err(unreadable)?.len() != self.on_disk() as u64 {
            return Ok(None);
        }
        // SAFETY: nothing writes to the file once it has this name; another one with the name replaces it by renaming.
        let map = unsafe { Mmap::map(&file) }.map_err(unreadable)?;
        let map = Mapped { map, record: self.record, path: path.to_owned() };
        Ok(if self.has_right_records(&map)? { Some(map) } else { None })
    }

    /// Whether some records have the right bytes. They have not if another version of this program made the file.
    fn has_right_records(&self, map: &Mapped) -> Result<bool> {
        let (mut made, mut held) = (vec![0; self.record], vec![0; self.record]);
        for index in [0, self.len / 2, self.len - 1] {
            self.source.fill(index, &mut made)?;
            if map.fill(index, &mut held).is_err() || made != held {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Keeps other processes from making the same file until the lock is dropped. The lock's file is not removed, because
    /// removing it could let two processes in.
    fn lock(&self, path: &Path) -> Result<File> {
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(|e| unwritable(path, &e))?;
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => {
                machine::say(&format!("waiting for {}, made by another process", self.key))
            }
            Err(TryLockError::Error(e)) => return Err(unwritable(path, &e)),
        }
        file.lock().map_err(|e| unwritable(path, &e))?;
        Ok(file)
    }

    fn write(&self, path: &Path) -> Result<()> {
        let not_written = |e: io::Error| {
            anyhow!(
                "{}: cannot be written ({e}); free {} of disk space, or name another folder with PT4AL_CACHE",
                path.display(),
                mib(self.bytes())
            )
        };
        let mut file = BufWriter::with_capacity(1 << 20, File::create(path).map_err(not_written)?);
        let progress = Progress::new(self);
        let at_once = (BLOCK / self.record).clamp(1, self.len);
        let mut block = vec![0; at_once * self.record];
        for first in (0..self.len).step_by(at_once) {
            let block = &mut block[..at_once.min(self.len - first) * self.record];
            self.fill(first, block, &progress)?;
            for record in block.chunks(self.record) {
                file.write_all(record).map_err(not_written)?;
                file.write_all(&checksum(record)).map_err(not_written)?;
            }
        }
        file.into_inner().map_err(|e| not_written(e.into_error()))?.sync_all().map_err(not_written)
    }

    /// Fills `block` with the records from `first` on, in parallel.
    fn fill(&self, first: usize, block: &mut [u8], progress: &Progress) -> Result<()> {
        // If several records fail, report the one with the lowest index, whichever thread is faster: records before a failed
        // one are still tried.
        let failed = AtomicUsize::new(usize::MAX);
        let error = block
            .par_chunks_mut(self.record.max(1))
            .enumerate()
            .filter_map(|(i, record)| {
                if i > failed.load(Ordering::Relaxed) {
                    return None;
                }
                let error = self.source.fill(first + i, record).err();
                match &error {
                    Some(_) => _ = failed.fetch_min(i, Ordering::Relaxed),
                    None => progress.record_made(),
                }
                error.map(|error| (i, error))
            })
            .min_by_key(|(i, _)| *i);
        error.map_or(Ok(()), |(_, error)| Err(error))
    }
}

fn mib(bytes: usize) -> String {
    format!("{} MiB", bytes.div_ceil(1 << 20))
}

fn unwritable(path: &Path, error: &io::Error) -> anyhow::Error {
    anyhow!("{}: cannot be written ({error}); name another folder with PT4AL_CACHE", path.display())
}

/// Prints a line on the progress of a long decoding now and then.
struct Progress<'a> {
    all: &'a All<'a>,
    done: AtomicUsize,
    told: Mutex<Instant>,
}

impl<'a> Progress<'a> {
    fn new(all: &'a All<'a>) -> Self {
        Self { all, done: AtomicUsize::new(0), told: Mutex::new(Instant::now()) }
    }

    fn record_made(&self) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let Ok(mut told) = self.told.try_lock() else { return };
        if told.elapsed() >= PATIENCE {
            machine::say(&format!("decoding {}: {done} of {} images", self.all.key, self.all.len));
            *told = Instant::now();
        }
    }
}

/// The number of bytes of the checksum that follows each record in a mapped file.
const CHECKSUM: usize = 4;

/// The checksum of a record: disks fail, and other programs may write to the file.
fn checksum(record: &[u8]) -> [u8; CHECKSUM] {
    crc32fast::hash(record).to_le_bytes()
}

/// Records in a file that all processes share, each followed by its checksum.
#[derive(Debug)]
struct Mapped {
    map: Mmap,
    /// The number of bytes of one record, without its checksum.
    record: usize,
    path: PathBuf,
}

impl Source for Mapped {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        let start = index * (self.record + CHECKSUM);
        let held = self.map.get(start..start + self.record + CHECKSUM);
        let (held, sum) = held.with_context(|| format!("there is no record {index}"))?.split_at(self.record);
        record.copy_from_slice(held);
        ensure!(
            sum == checksum(record),
            "{}: record {index} is damaged; remove the file, then run the same command again",
            self.path.display()
        );
        Ok(())
    }
}

#[cfg(test)]
mod tests;
