//! The data sets that specs can name: what they are, and how to get and check their files.

pub use crate::known::{Download, Known, OnDisk};
use crate::{Reader, caltech101, cifar10, cityscapes, folder, folder_masks, imagenet, shapes};
use pt4al_results::spec::DatasetSpec;

/// All data sets, in the order in which `pt4al data list` shows them.
pub const KNOWN: &[Known] = &[
    cifar10::KNOWN,
    caltech101::KNOWN,
    imagenet::KNOWN,
    cityscapes::KNOWN,
    folder::KNOWN,
    folder_masks::KNOWN,
    shapes::KNOWN,
];

/// The reader of a spec's data set: the one place where this crate tells data sets apart.
pub(crate) fn reader(set: &DatasetSpec) -> &dyn Reader {
    match set {
        DatasetSpec::Cifar10(options) => options,
        DatasetSpec::Shapes(options) => options,
        DatasetSpec::Caltech101(options) => options,
        DatasetSpec::Imagenet(options) => options,
        DatasetSpec::Cityscapes(options) => options,
        DatasetSpec::Folder(options) => options,
        DatasetSpec::FolderMasks(options) => options,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presence_is_told_from_the_files() {
        let dir = tempfile::tempdir().unwrap();
        // Generated images are always there.
        let present = || -> Vec<&str> {
            KNOWN.iter().filter(|known| known.files.is_some() && known.is_present(dir.path())).map(|k| k.name).collect()
        };
        let make = |folders: &[&str]| {
            folders.iter().for_each(|folder| std::fs::create_dir_all(dir.path().join(folder)).unwrap());
        };
        assert_eq!(present(), [""; 0]);

        let folder = dir.path().join(cifar10::FOLDER);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(cifar10::META), "").unwrap();
        for (name, _) in cifar10::FILES {
            std::fs::File::create(folder.join(name)).unwrap().set_len(30_730_000).unwrap();
        }
        assert_eq!(present(), ["cifar10"]);
        std::fs::write(folder.join("test_batch.bin"), "short").unwrap();
        assert_eq!(present(), [""; 0]);

        make(&["101_ObjectCategories", "imagenet/train", "cityscapes/leftImg8bit/train", "images/train", "train"]);
        assert_eq!(present(), ["caltech101"], "no val, no labels");
        make(&["imagenet/val", "cityscapes/gtFine/train", "masks/train", "test"]);
        assert_eq!(present(), ["caltech101", "imagenet", "cityscapes", "folder", "folder-masks"]);
    }

    #[test]
    fn what_is_not_there_cannot_be_verified() {
        let dir = tempfile::tempdir().unwrap();
        let errors: Vec<(&str, String)> = KNOWN
            .iter()
            .filter_map(|known| Some((known.name, (known.files?.verify)(dir.path()).unwrap_err().to_string())))
            .collect();
        let expected = [
            ("cifar10", "CIFAR-10"),
            ("caltech101", "Caltech-101"),
            ("imagenet", "ImageNet"),
            ("cityscapes", "leftImg8bit and gtFine"),
            ("folder", "no folder train/"),
            ("folder-masks", "masks/train"),
        ];
        assert_eq!(errors.len(), expected.len());
        for ((name, error), (known, words)) in errors.iter().zip(expected) {
            assert!(*name == known && error.contains(words), "{name}: {error}");
        }
    }
}
