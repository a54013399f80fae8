//! What every data set implements to be read.

use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::images::Splits;
use crate::index::{self, Files, Verified};
use crate::problems::Problems;
use crate::{Size, cache_folder};

/// Reads a data set from disk, or generates it. Each data set is one module of this crate that implements this trait for
/// its options in the spec.
pub(crate) trait Reader {
    /// Finds the files and, as far as `look` says, checks all of them. Images may stay in their files: their records then
    /// come from a [`crate::images::Source`], and [`crate::read()`] moves them to the storage that the spec asks for.
    /// `origin.pool` of the result counts the whole train split.
    ///
    /// # Errors
    /// If the data set is not there, or with the list of all files that are not usable.
    fn read(&self, dir: &Path, look: &Look) -> Result<Splits>;

    /// [`Reader::read`] with a check of all files.
    ///
    /// # Errors
    /// As for [`Reader::read`].
    fn checked(&self, dir: &Path) -> Result<Splits> {
        self.read(dir, &Look::Contents { cache: cache_folder(dir) })
    }

    /// The same images in the same splits, with the class [`crate::images::UNKNOWN`] for each image of the train split. A data
    /// set whose files may lie there without labels reads them so; others read their labels and forget them.
    ///
    /// # Errors
    /// As for [`Reader::read`].
    fn unlabeled(&self, dir: &Path, look: &Look) -> Result<Splits> {
        let mut splits = self.read(dir, look)?;
        splits.train.forget_classes();
        Ok(splits)
    }

    /// The size of the whole data set, if it is known without the files.
    fn known_size(&self) -> Option<Size> {
        None
    }
}

/// How closely the files of a data set are looked at.
pub(crate) enum Look {
    /// Only at their names. The fingerprint is then empty, and copies of images are not found.
    Names,
    /// At their contents. Which files passed the check is remembered in the folder `cache`.
    Contents { cache: PathBuf },
}

impl Look {
    /// [`index::verify`], if contents are looked at.
    pub fn verify(&self, files: &Files, kind: &str, check: index::Check, problems: &Problems) -> Result<Verified> {
        match self {
            Self::Names => Ok(Verified { fingerprint: String::new(), bytes: 0, read: 0, found: Vec::new() }),
            Self::Contents { cache } => index::verify(files, kind, check, cache, problems),
        }
    }
}
