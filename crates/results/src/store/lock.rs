//! Locks on results folders and trials. A lock ends with the process that holds it, however it ends.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, bail};

/// The name of a lock's file.
pub(super) const LOCK: &str = ".lock";

/// Keeps runs out of a results folder for as long as the returned file is open. Returns `None` if no run has ever
/// worked in the folder, as in one that was committed or copied.
///
/// # Errors
/// If a run works in the folder.
pub(crate) fn keep_runs_out(root: &Path) -> Result<Option<File>> {
    let path = root.join(LOCK);
    let held = "a pt4al run works on these results; wait for it, or stop it";
    if path.exists() { lock(&path, held).map(Some) } else { Ok(None) }
}

/// Whether a run works in a results folder now. It writes nothing. On a file system without locks nobody can know, and
/// the answer is no.
pub(crate) fn is_running(root: &Path) -> bool {
    // Asking takes the lock for a moment; a run that wants the folder in that moment tries again (`lock_patiently`).
    let asked = File::open(root.join(LOCK)).map(|file| file.try_lock_shared());
    matches!(asked, Ok(Err(std::fs::TryLockError::WouldBlock)))
}

/// Whether `path` still names the file that was opened as `file`.
pub(super) fn is_same_file(file: &File, path: &Path) -> bool {
    let (Ok(own), Ok(there)) = (file.metadata(), std::fs::metadata(path)) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        (own.dev(), own.ino()) == (there.dev(), there.ino())
    }
    #[cfg(not(unix))]
    {
        own.is_file() == there.is_file()
    }
}

/// [`lock`] that tries again for as long as `patience`.
pub(super) fn lock_patiently(path: &Path, held: &str, patience: Duration) -> Result<File> {
    let until = Instant::now() + patience;
    loop {
        match lock(path, held) {
            Err(_) if Instant::now() < until => std::thread::sleep(Duration::from_millis(50).min(patience)),
            result => return result,
        }
    }
}

/// Takes an exclusive lock, which ends with the process.
fn lock(path: &Path, held: &str) -> Result<File> {
    let shown = path.display();
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .map_err(|e| anyhow!("{shown}: cannot be written ({e}); choose another folder with --results"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => bail!("{}: {held}", path.parent().unwrap_or(path).display()),
        Err(std::fs::TryLockError::Error(e)) => bail!("{shown}: cannot be locked ({e}); use a file system with locks"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_runs_as_long_as_its_lock_is_held_and_asking_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_running(dir.path()));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let held = lock(&dir.path().join(LOCK), "held").unwrap();
        assert!(is_running(dir.path()));
        let error = lock_patiently(&dir.path().join(LOCK), "held", Duration::ZERO).unwrap_err();
        assert!(error.to_string().ends_with(": held"), "{error}");
        drop(held);
        assert!(!is_running(dir.path()));
    }
}
