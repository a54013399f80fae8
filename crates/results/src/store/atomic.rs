//! Writes files under a temporary name and renames them into place.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Result, anyhow};

/// Writes a file under a temporary name and renames it into place, so that readers see either the old file or the new
/// one, even after a kill.
///
/// # Errors
/// If the file cannot be written: one line with the path and what to do. The old file stays, and no temporary file is
/// left.
pub fn write_atomically(path: &Path, fill: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> Result<()> {
    // A symbolic link stays; the file that it points to is replaced.
    let target = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let attempt = || -> std::io::Result<()> {
        let path = target.as_path();
        if std::fs::metadata(path).is_ok_and(|meta| !meta.is_file() && !meta.is_dir()) {
            // A device or a pipe is written to, not replaced.
            let mut out = BufWriter::new(File::options().write(true).open(path)?);
            fill(&mut out)?;
            return out.flush();
        }
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let aside = tempfile::Builder::new().prefix(".").suffix(".tmp").tempfile_in(folder)?;
        let mut out = BufWriter::new(aside);
        fill(&mut out)?;
        let aside = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        readable_by_all(aside.as_file())?;
        aside.as_file().sync_all()?;
        aside.persist(path).map_err(|e| e.error)?;
        Ok(())
    };
    attempt().map_err(|e| anyhow!("{}: cannot be written ({e}); {}, then run again", path.display(), remedy(&e)))
}

/// Writes rows as CSV with [`write_atomically`]. Without rows, it writes only the header.
///
/// # Errors
/// As for [`write_atomically`].
pub fn write_csv<T: serde::Serialize + Default>(path: &Path, rows: &[T]) -> Result<()> {
    write_atomically(path, |out| {
        if rows.is_empty() {
            return out.write_all(&header::<T>()?);
        }
        let mut csv = csv::Writer::from_writer(out);
        for row in rows {
            csv.serialize(row).map_err(std::io::Error::other)?;
        }
        csv.flush()
    })
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
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
            "free some disk space (finished rounds are kept)"
        }
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

    #[test]
    fn a_file_without_rows_has_the_same_header_as_a_file_with_rows() {
        let dir = tempfile::tempdir().unwrap();
        let (none, one) = (dir.path().join("none.csv"), dir.path().join("one.csv"));
        write_csv::<crate::store::Record>(&none, &[]).unwrap();
        write_csv(&one, &[crate::store::Record::default()]).unwrap();
        let [none, one] = [none, one].map(|path| std::fs::read_to_string(path).unwrap());
        assert!(none.starts_with("experiment,profile,") && none.lines().count() == 1, "{none}");
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
