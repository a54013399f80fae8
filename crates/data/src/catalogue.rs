//! The data sets that specs can name: what they are, and how to get and check their files.

use std::path::Path;

use anyhow::Result;

use crate::fetch::{Fetched, Progress};
use crate::{Reader, caltech101, cifar10, cityscapes, imagenet, shapes};
use pt4al_results::spec::{DatasetSpec, Input};
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

/// All data sets, in the order in which `pt4al data list` shows them.
pub const KNOWN: &[Known] = &[cifar10::KNOWN, caltech101::KNOWN, imagenet::KNOWN, cityscapes::KNOWN, shapes::KNOWN];

/// The reader of a spec's data set: the one place where this crate tells data sets apart.
pub(crate) fn reader(set: &DatasetSpec) -> &dyn Reader {
    match set {
        DatasetSpec::Cifar10(options) => options,
        DatasetSpec::Shapes(options) => options,
        DatasetSpec::Caltech101(options) => options,
        DatasetSpec::Imagenet(options) => options,
        DatasetSpec::Cityscapes(options) => options,
    }
}

/// An input size for [`OnDisk::verify`], which checks images and uses no size.
pub(crate) const ANY_INPUT: Input = Input { resize: 256, crop: 224 };

impl Known {
    /// Whether the files seem to be in `data_dir` ([`OnDisk::are_in`]); always true for a generated data set. The bytes
    /// of the files are checked when they are read.
    pub fn is_present(&self, data_dir: &Path) -> bool {
        self.files.is_none_or(|files| (files.are_in)(data_dir))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_told_from_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let present = || -> Vec<bool> { KNOWN.iter().map(|known| known.is_present(dir.path())).collect() };
        assert_eq!(present(), [false, false, false, false, true]);

        let folder = dir.path().join(cifar10::FOLDER);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(cifar10::META), "").unwrap();
        for (name, _) in cifar10::FILES {
            std::fs::File::create(folder.join(name)).unwrap().set_len(30_730_000).unwrap();
        }
        assert_eq!(present(), [true, false, false, false, true]);
        std::fs::write(folder.join("test_batch.bin"), "short").unwrap();
        assert_eq!(present(), [false, false, false, false, true]);

        let folders = ["101_ObjectCategories", "imagenet/train", "cityscapes/leftImg8bit/train"];
        folders.iter().for_each(|folder| std::fs::create_dir_all(dir.path().join(folder)).unwrap());
        assert_eq!(present(), [false, true, false, false, true], "no val, no labels");
        let folders = ["imagenet/val", "cityscapes/gtFine/train"];
        folders.iter().for_each(|folder| std::fs::create_dir_all(dir.path().join(folder)).unwrap());
        assert_eq!(present(), [false, true, true, true, true]);
    }

    #[test]
    fn what_is_not_there_cannot_be_verified() {
        let dir = tempfile::tempdir().unwrap();
        let files = KNOWN.iter().filter_map(|known| known.files);
        let errors: Vec<String> = files.map(|files| (files.verify)(dir.path()).unwrap_err().to_string()).collect();
        for (error, expected) in errors.iter().zip(["CIFAR-10", "Caltech-101", "ImageNet", "leftImg8bit and gtFine"]) {
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(errors.len(), 4);
    }
}
