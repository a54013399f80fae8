//! The data sets that specs can name: what they are, and how to get and check their files.

pub use crate::known::{Download, Known, OnDisk};
use crate::{
    Reader, caltech101, cifar10, cifar100, cityscapes, folder, folder_masks, imagenet, shapes, svhn, tiny_imagenet,
};
use pt4al_results::spec::DatasetSpec;

/// All data sets, in the order in which `pt4al data list` shows them.
pub const KNOWN: &[Known] = &[
    cifar10::KNOWN,
    cifar100::KNOWN,
    svhn::KNOWN,
    caltech101::KNOWN,
    tiny_imagenet::KNOWN,
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
        DatasetSpec::Cifar100(options) => options,
        DatasetSpec::Svhn(options) => options,
        DatasetSpec::TinyImagenet(options) => options,
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
        let present = || -> Vec<&str> {
            KNOWN.iter().filter(|known| known.is_present(dir.path())).map(|known| known.name).collect()
        };
        let folders = |folders: &[&str]| {
            folders.iter().for_each(|folder| std::fs::create_dir_all(dir.path().join(folder)).unwrap());
        };
        let file = |name: &str, bytes: u64| {
            std::fs::File::create(dir.path().join(name)).unwrap().set_len(bytes).unwrap();
        };
        assert_eq!(present(), ["shapes"]);

        folders(&[cifar10::FOLDER, cifar100::FOLDER]);
        file("cifar-10-batches-bin/batches.meta.txt", 0);
        cifar10::FILES.iter().for_each(|(name, _)| file(&format!("{}/{name}", cifar10::FOLDER), 30_730_000));
        assert_eq!(present(), ["cifar10", "shapes"]);
        file("cifar-10-batches-bin/test_batch.bin", 5);
        for (name, bytes) in [("train.bin", 153_700_000), ("test.bin", 30_740_000), ("fine_label_names.txt", 0)] {
            file(&format!("{}/{name}", cifar100::FOLDER), bytes);
        }
        assert_eq!(present(), ["shapes"], "no coarse labels");
        file("cifar-100-binary/coarse_label_names.txt", 0);
        assert_eq!(present(), ["cifar100", "shapes"]);

        folders(&["101_ObjectCategories", "imagenet/train", "cityscapes/leftImg8bit/train", "tiny-imagenet-200/train"]);
        file("tiny-imagenet-200/wnids.txt", 0);
        assert_eq!(present(), ["cifar100", "caltech101", "shapes"], "no val, no labels");
        folders(&["imagenet/val", "cityscapes/gtFine/train", "tiny-imagenet-200/val", "svhn", "train", "test"]);
        folders(&["images/train", "masks/train"]);
        file("svhn/train_32x32.mat", 0);
        let all_but_one: Vec<&str> = KNOWN.iter().map(|known| known.name).filter(|name| *name != "cifar10").collect();
        assert_eq!(present(), all_but_one);
    }

    #[test]
    fn what_is_not_there_cannot_be_verified() {
        let dir = tempfile::tempdir().unwrap();
        let on_disk: Vec<&Known> = KNOWN.iter().filter(|known| known.files.is_some()).collect();
        let titles = [
            "CIFAR-10 ",
            "CIFAR-100",
            "SVHN",
            "Caltech-101",
            "Tiny ImageNet",
            "ImageNet",
            "leftImg8bit and gtFine",
            "no folder train/",
            "masks/train",
        ];
        assert_eq!(on_disk.len(), titles.len());
        for (known, title) in on_disk.into_iter().zip(titles) {
            let error = (known.files.unwrap().verify)(dir.path()).unwrap_err().to_string();
            assert!(error.contains(title) && !error.contains('\n'), "{}: {error}", known.name);
        }
    }
}
