//! Files that killed processes left behind.

use std::fs::Metadata;
use std::path::Path;
use std::time::Duration;

/// Whether nothing has been written to a temporary file or folder for an hour, which is far longer than any write takes: the process
/// that made it was killed.
pub fn is_left_over(entry: &Metadata) -> bool {
    let age = entry.modified().ok().and_then(|time| time.elapsed().ok());
    age.is_some_and(|age| age > Duration::from_secs(3600))
}

/// Removes temporary files that killed processes left in a folder and in folders up to two levels below it.
pub fn remove_leftovers(folder: &Path) {
    for entry in walkdir::WalkDir::new(folder).max_depth(3).into_iter().flatten() {
        let name = entry.file_name().to_string_lossy();
        if name.starts_with('.') && name.ends_with(".tmp") && entry.metadata().is_ok_and(|meta| is_left_over(&meta)) {
            // A file that stays does no harm.
            let _ = std::fs::remove_file(entry.path());
        }
    }
}
