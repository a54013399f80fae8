//! The data sets that specs can name: what they are, and how to get and check their files.

pub use crate::known::{Download, Known, OnDisk};
use crate::{Reader, caltech101, cifar10, cityscapes, folder, imagenet, shapes};
use pt4al_results::spec::DatasetSpec;

/// All data sets, in the order in which `pt4al data list` shows them.
pub const KNOWN: &[Known] =
    &[cifar10::KNOWN, caltech101::KNOWN, imagenet::KNOWN, cityscapes::KNOWN, folder::KNOWN, shapes::KNOWN];

/// The reader of a spec's data set: the one place where this crate tells data sets apart.
pub(crate) fn reader(set: &DatasetSpec) -> &dyn Reader {
    match set {
        DatasetSpec::Cifar10(options) => options,
        DatasetSpec::Shapes(options) => options,
        DatasetSpec::Caltech101(options) => options,
        DatasetSpec::Imagenet(options) => options,
        DatasetSpec::Cityscapes(options) => options,
        DatasetSpec::Folder(options) => options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_told_from_the_files() {
        let dir = tempfile::tempdir().unwrap();
        let present = || -> Vec<bool> { KNOWN.iter().map(|known| known.is_present(dir.path())).collect() };
        assert_eq!(present(), [false, false, false, false, false, true]);

        let folder = dir.path().join(cifar10::FOLDER);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(cifar10::META), "").unwrap();
        for (name, _) in cifar10::FILES {
            std::fs::File::create(folder.join(name)).unwrap().set_len(30_730_000).unwrap();
        }
        assert_eq!(present(), [true, false, false, false, false, true]);
        std::fs::write(folder.join("test_batch.bin"), "short").unwrap();
        assert_eq!(present(), [false, false, false, false, false, true]);

        let folders = ["101_ObjectCategories", "imagenet/train", "cityscapes/leftImg8bit/train"];
        folders.iter().for_each(|folder| std::fs::create_dir_all(dir.path().join(folder)).unwrap());
        assert_eq!(present(), [false, true, false, false, false, true], "no val, no labels");
        let folders = ["imagenet/val", "cityscapes/gtFine/train"];
        folders.iter().for_each(|folder| std::fs::create_dir_all(dir.path().join(folder)).unwrap());
        assert_eq!(present(), [false, true, true, true, false, true]);
        let folders = ["train", "test"];
        folders.iter().for_each(|folder| std::fs::create_dir_all(dir.path().join(folder)).unwrap());
        assert_eq!(present(), [false, true, true, true, true, true]);
    }

    #[test]
    fn what_is_not_there_cannot_be_verified() {
        let dir = tempfile::tempdir().unwrap();
        let files = KNOWN.iter().filter_map(|known| known.files);
        let errors: Vec<String> = files.map(|files| (files.verify)(dir.path()).unwrap_err().to_string()).collect();
        for (error, expected) in
            errors.iter().zip(["CIFAR-10", "Caltech-101", "ImageNet", "leftImg8bit and gtFine", "no folder train/"])
        {
            assert!(error.contains(expected), "{error}");
        }
        assert_eq!(errors.len(), 5);
    }
}
