//! Writes files under a temporary name and renames them into place.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use tempfile::NamedTempFile;

/// Writes a file under a temporary name and renames it into place, so that readers see either the old file or the new
/// one, even after a kill. It makes the folders above the file.
///
/// # Errors
/// If the file cannot be written: one line with the path and what to do. The old file stays, and no temporary file is
/// left.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let target = behind_links(path);
    std::fs::create_dir_all(folder_of(&target)).map_err(|e| unwritable(&target, &e))?;
    write_into_folder(path, fill)
}

/// Does what [`write_atomically`] does, into a folder that is there. What writes while a run works must not make the results folder:
/// one that was removed must not come back.
///
/// # Errors
/// As for [`write_atomically`], and if there is no such folder.
pub fn write_into_folder(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    let target = behind_links(path);
    let attempt = || -> std::io::Result<()> {
        if std::fs::metadata(&target).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
            // A device or a pipe is written to, not replaced.
            let mut out = BufWriter::new(File::options().write(true).open(&target)?);
            fill(&mut out)?;
            return out.flush();
        }
        let mut out = BufWriter::new(aside(&target)?);
        fill(&mut out)?;
        let aside = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        finish(aside.as_file())?;
        aside.persist(&target).map_err(|e| e.error)?;
        Ok(())
    };
    attempt().map_err(|e| unwritable(&target, &e))
}

/// Makes `folder` and the folder above it, where they are missing, but none above that: in a results folder, `trials/` and
/// `trials/<trial>`, but not the results folder.
///
/// # Errors
/// If a folder cannot be made.
pub fn create_below(folder: &Path) -> std::io::Result<()> {
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty());
    above.into_iter().chain([folder]).try_for_each(create_one)
}

/// Makes a folder, if it is missing, in a folder that is there.
pub(crate) fn create_one(folder: &Path) -> std::io::Result<()> {
    match std::fs::create_dir(folder) {
        Err(_) if folder.is_dir() => Ok(()),
        made => made,
    }
}

/// The path of the file that `path` names: a symbolic link stays, and the file that it points to is replaced.
pub(super) fn behind_links(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// A temporary file beside `target`. Its name has the pattern by which files that killed processes left are found.
pub(super) fn aside(target: &Path) -> std::io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(folder_of(target))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Makes a temporary file ready to be renamed: readable by all users, and on the disk.
pub(super) fn finish(file: &File) -> std::io::Result<()> {
    readable_by_all(file)?;
    file.sync_all()
}

/// The error of a file that cannot be written.
pub(super) fn unwritable(path: &Path, error: &std::io::Error) -> anyhow::Error {
    anyhow!("{}: cannot be written ({error}); {}, then run again", path.display(), remedy(error))
}

/// Writes rows as CSV with [`write_atomically`]. Without rows, it writes only the header.
///
/// # Errors
/// As for [`write_atomically`].
pub fn write_csv<T: serde::Serialize + Default>(path: &Path, rows: &[T]) -> Result<()> {
    write_atomically(path, |out| fill_csv(out, rows))
}

/// The bytes that [`write_csv`] writes.
pub(crate) fn csv_bytes<T: serde::Serialize + Default>(rows: &[T]) -> Vec<u8> {
    let mut bytes = Vec::new();
    fill_csv(&mut bytes, rows).expect("plain rows serialise, and memory can be written");
    bytes
}

fn fill_csv<T: serde::Serialize + Default>(out: &mut dyn Write, rows: &[T]) -> std::io::Result<()> {
    if rows.is_empty() {
        return out.write_all(&header::<T>()?);
    }
    let mut csv = csv::Writer::from_writer(out);
    for row in rows {
        csv.serialize(row).map_err(std::io::Error::other)?;
    }
    csv.flush()
}

/// The header line of a CSV file with rows of type `T`.
fn header<T: serde::Serialize + Default>() -> std::io::Result<Vec<u8>> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    // The writer derives the column names from a row.
    csv.serialize(T::default()).map_err(std::io::Error::other)?;
    let mut text = csv.into_inner().map_err(|e| std::io::Error::other(e.to_string()))?;
    let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    text.truncate(end);
    Ok(text)
}

/// Makes a file readable by all users: temporary files are private.
fn readable_by_all(file: &File) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    Ok(())
}

fn remedy(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            "free some disk space (finished rounds are kept)"
        }
        std::io::ErrorKind::FileTooLarge => "raise the limit on file sizes (ulimit -f; finished rounds are kept)",
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to"
        }
        _ => "check the folder",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(unix)]
    fn a_link_stays_a_link_and_a_device_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("a.csv"), dir.path().join("link.csv"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        write_atomically(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        let null = dir.path().join("null");
        std::os::unix::fs::symlink("/dev/null", &null).unwrap();
        write_atomically(&null, |out| out.write_all(b"gone")).unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }

    #[derive(Default, serde::Serialize)]
    struct Row {
        experiment: String,
        value: Option<f64>,
    }

    #[test]
    fn a_file_without_rows_has_the_same_header_as_a_file_with_rows() {
        let dir = tempfile::tempdir().unwrap();
        let (none, one) = (dir.path().join("none.csv"), dir.path().join("one.csv"));
        write_csv::<Row>(&none, &[]).unwrap();
        write_csv(&one, &[Row::default()]).unwrap();
        let [none, one] = [none, one].map(|path| std::fs::read_to_string(path).unwrap());
        assert_eq!(none, "experiment,value\n");
        assert_eq!(one.split_inclusive('\n').next(), Some(none.as_str()));
    }

    #[test]
    fn a_failure_leaves_the_old_file_and_no_temporary_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.csv");
        write_atomically(&path, |out| out.write_all(b"old")).unwrap();
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let error = write_atomically(&path, |out| out.write_all(b"half").and(Err(full))).unwrap_err().to_string();
        assert!(error.contains("a.csv") && error.contains("free some disk space"), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), b"old");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
