//! The data sets that experiments can name.

use std::path::Path;

use anyhow::{Result, bail};

use super::{Reader, caltech101, cifar10, cityscapes, fetch, imagenet};
use crate::spec::{Caltech101Spec, ImagenetSpec, Input, Normalize, Storage};
use crate::store::DataOrigin;

const CITYSCAPES: &str = "cityscapes";

/// One data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The name in specs and on the command line.
    pub name: &'static str,
    /// What the images are.
    pub what: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Its licence or terms, and what to cite.
    pub terms: &'static str,
    /// Its folder below the data folder; `None` if it needs no files.
    pub folder: Option<&'static str>,
}

/// All of them.
pub const KNOWN: [Known; 5] = [
    Known {
        name: "cifar10",
        what: "photos of 10 classes, 50,000 train + 10,000 test, 32x32",
        source: fetch::CIFAR10_URL,
        terms: "no licence is stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        folder: Some(cifar10::FOLDER),
    },
    Known {
        name: "caltech101",
        what: "8,677 photos of 101 classes, of any size, without an official split",
        source: caltech101::SOURCE,
        terms: "the terms are on its page; cite Fei-Fei, Fergus and Perona, Learning Generative Visual Models from Few \
            Training Examples, 2004",
        folder: Some(caltech101::FOLDER),
    },
    Known {
        name: "imagenet",
        what: "photos of 1,000 classes, 1,281,167 train + 50,000 val, of any size; or some of the classes",
        source: imagenet::SOURCE,
        terms: "non-commercial research, after registration; cite Russakovsky et al., ImageNet Large Scale Visual \
            Recognition Challenge, IJCV 2015",
        folder: Some(imagenet::FOLDER),
    },
    Known {
        name: CITYSCAPES,
        what: "street scenes with a class of 19 for each pixel, 2,975 train + 500 val, 1024x2048",
        source: "https://www.cityscapes-dataset.com",
        terms: "non-commercial research, after registration; cite Cordts et al., The Cityscapes Dataset for Semantic \
            Urban Scene Understanding, CVPR 2016",
        folder: Some(CITYSCAPES),
    },
    Known {
        name: "shapes",
        what: "generated pictures of 10 classes, any number, 12x12 to 64x64",
        source: "made by pt4al from the spec's seed",
        terms: "none; made on the spot",
        folder: None,
    },
];

/// Any will do where images are checked alone.
const INPUT: Input = Input { resize: 256, crop: 224 };

impl Known {
    /// Whether its files are below `data_dir`: for CIFAR-10 by name and size, for the others by their folders. Their
    /// bytes are checked when they are read. Always, if it needs none.
    pub fn is_present(&self, data_dir: &Path) -> bool {
        match self.name {
            "cifar10" => cifar10::looks_complete(data_dir),
            "caltech101" => caltech101::locate(data_dir).is_ok(),
            "imagenet" => imagenet::locate(data_dir).is_ok(),
            CITYSCAPES => cityscapes::locate(data_dir).is_ok(),
            _ => self.folder.is_none(),
        }
    }

    /// Reads all its files below `data_dir` and says what they are; with no classes, and a split of its own where the
    /// data set has none.
    ///
    /// # Errors
    /// If there are none, or the list of those that are not usable; and for what only a spec says how to read.
    pub fn verify(&self, data_dir: &Path) -> Result<DataOrigin> {
        let (normalize, storage) = (Normalize::imagenet(), Storage::default());
        let splits = match self.name {
            "cifar10" => return fetch::verify_cifar10(data_dir),
            "caltech101" => {
                Caltech101Spec { input: INPUT, test: 0.2, split_seed: 0, pool: None, normalize, storage }.read(data_dir)
            }
            "imagenet" => ImagenetSpec { input: INPUT, pool: None, normalize, storage }.read(data_dir),
            name => bail!(
                "{name} cannot be verified by itself: only a spec says which size and which label files it is to have; \
                 `pt4al run` checks all files before it starts"
            ),
        };
        Ok(splits?.origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_told_from_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let present = || KNOWN.map(|known| known.is_present(dir.path()));
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
    fn what_is_not_there_or_needs_a_spec_cannot_be_verified() {
        let dir = tempfile::tempdir().unwrap();
        let error = |name| {
            let known = KNOWN.into_iter().find(|known| known.name == name).unwrap();
            known.verify(dir.path()).unwrap_err().to_string()
        };
        assert!(error("cifar10").contains("no CIFAR-10 files"));
        assert!(error("caltech101").contains("no Caltech-101 files"));
        assert!(error("imagenet").contains("no ImageNet files"));
        assert!(error("cityscapes").contains("`pt4al run` checks all files"));
    }
}
