//! The data sets that experiments can name.

use std::path::Path;

use anyhow::Result;

use super::{Reader, caltech101, cifar10, cityscapes, fetch, imagenet};
use pt4al_results::spec::{Caltech101Spec, ImagenetSpec, Input, Normalize, Storage};
use pt4al_results::store::DataOrigin;

/// One data set.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The name in specs and on the command line.
    pub name: &'static str,
    /// What the images are.
    pub what: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Its licence or terms, and what to cite.
    pub terms: &'static str,
    /// Its files; `None` if it needs none.
    pub files: Option<OnDisk>,
}

/// The files of a data set.
#[derive(Clone, Copy, Debug)]
pub struct OnDisk {
    /// Where they lie below the data folder.
    pub folder: &'static str,
    /// Whether they are below a data folder: for CIFAR-10 by name and size, for the others by their folders.
    pub are_in: fn(&Path) -> bool,
    /// Reads all of them below a data folder and says what they are; with no classes, and a split of its own where the
    /// data set has none. It fails if there are none, or with the list of those that are not usable.
    pub verify: fn(&Path) -> Result<DataOrigin>,
}

/// All of them.
pub const KNOWN: &[Known] = &[
    Known {
        name: "cifar10",
        what: "photos of 10 classes, 50,000 train + 10,000 test, 32x32",
        source: fetch::CIFAR10_URL,
        terms: "no licence is stated; cite Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        files: Some(OnDisk { folder: cifar10::FOLDER, are_in: cifar10::looks_complete, verify: fetch::verify_cifar10 }),
    },
    Known {
        name: "caltech101",
        what: "8,677 photos of 101 classes, of any size, without an official split",
        source: caltech101::SOURCE,
        terms: "the terms are on its page; cite Fei-Fei, Fergus and Perona, Learning Generative Visual Models from Few \
            Training Examples, 2004",
        files: Some(OnDisk {
            folder: caltech101::FOLDER,
            are_in: |dir| caltech101::locate(dir).is_ok(),
            verify: verify_caltech101,
        }),
    },
    Known {
        name: "imagenet",
        what: "photos of 1,000 classes, 1,281,167 train + 50,000 val, of any size; or some of the classes",
        source: imagenet::SOURCE,
        terms: "non-commercial research, after registration; cite Russakovsky et al., ImageNet Large Scale Visual \
            Recognition Challenge, IJCV 2015",
        files: Some(OnDisk {
            folder: imagenet::FOLDER,
            are_in: |dir| imagenet::locate(dir).is_ok(),
            verify: verify_imagenet,
        }),
    },
    Known {
        name: "cityscapes",
        what: "street scenes with a class of 19 for each pixel, 2,975 train + 500 val, 1024x2048",
        source: "https://www.cityscapes-dataset.com",
        terms: "non-commercial research, after registration; cite Cordts et al., The Cityscapes Dataset for Semantic \
            Urban Scene Understanding, CVPR 2016",
        files: Some(OnDisk {
            folder: "cityscapes",
            are_in: |dir| cityscapes::locate(dir).is_ok(),
            verify: cityscapes::verify,
        }),
    },
    Known {
        name: "shapes",
        what: "generated pictures of 10 classes, any number, 12x12 to 64x64",
        source: "made by pt4al from the spec's seed",
        terms: "none; made on the spot",
        files: None,
    },
];

/// Any will do where images are checked alone.
const INPUT: Input = Input { resize: 256, crop: 224 };

impl Known {
    /// Whether its files are below `data_dir`; always, if it needs none. Their bytes are checked when they are read.
    pub fn is_present(&self, data_dir: &Path) -> bool {
        self.files.is_none_or(|files| (files.are_in)(data_dir))
    }
}

fn verify_caltech101(data_dir: &Path) -> Result<DataOrigin> {
    let (normalize, storage) = (Normalize::imagenet(), Storage::default());
    let set = Caltech101Spec { input: INPUT, test: 0.2, split_seed: 0, pool: None, pool_seed: 0, normalize, storage };
    Ok(set.checked(data_dir)?.origin)
}

fn verify_imagenet(data_dir: &Path) -> Result<DataOrigin> {
    let (normalize, storage) = (Normalize::imagenet(), Storage::default());
    Ok(ImagenetSpec { input: INPUT, pool: None, pool_seed: 0, normalize, storage }.checked(data_dir)?.origin)
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
