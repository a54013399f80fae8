//! What is known of a data set beside its reader: terms, and how to get and check its files. Each reader has one
//! ([`Known`]); the catalogue lists them.

use std::path::Path;

use anyhow::Result;

use crate::fetch::{Fetched, Progress};
use pt4al_results::spec::Input;
use pt4al_results::store::DataOrigin;

/// One data set.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The name in specs and on the command line.
    pub name: &'static str,
    /// What the images are, how many there are, and their size.
    pub what: &'static str,
    /// Where the data set comes from: a URL, or words.
    pub source: &'static str,
    /// The licence or terms of use, and what to cite.
    pub terms: &'static str,
    /// The files of the data set; `None` if it is generated.
    pub files: Option<OnDisk>,
}

/// The files of a data set.
#[derive(Clone, Copy, Debug)]
pub struct OnDisk {
    /// The folder in the data folder that the files are unpacked to.
    pub folder: &'static str,
    /// Whether the files seem to be in a data folder: for CIFAR-10 by their names and sizes, else by their folders.
    pub are_in: fn(&Path) -> bool,
    /// Reads and checks all files in a data folder, and says what they are: without counts of classes, and with a split
    /// of its own if the data set has no official one. It fails if there are no files, or with the list of those that
    /// are not usable.
    pub verify: fn(&Path) -> Result<DataOrigin>,
    /// Downloads the files; `None` if a person has to, because of the terms or the size of the data set.
    pub download: Option<Download>,
}

/// Downloads a data set into a data folder, from its official server or from the URL of a mirror. See [`crate::fetch`].
pub type Download = fn(data_dir: &Path, url: Option<&str>, progress: Progress) -> Result<Fetched>;

/// An input size for [`OnDisk::verify`], which checks images and uses no size.
pub(crate) const ANY_INPUT: Input = Input { resize: 256, crop: 224 };

impl Known {
    /// Whether the files seem to be in `data_dir` ([`OnDisk::are_in`]); always true for a generated data set. The bytes
    /// of the files are checked when they are read.
    pub fn is_present(&self, data_dir: &Path) -> bool {
        self.files.is_none_or(|files| (files.are_in)(data_dir))
    }
}
