//! Data sets in specs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TaskKind;

/// The data set, the part of it that is used, and its normalisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetSpec {
    Cifar10(Cifar10Spec),
    Shapes(ShapesSpec),
    Caltech101(Caltech101Spec),
    Imagenet(ImagenetSpec),
    Cityscapes(CityscapesSpec),
}

impl DatasetSpec {
    /// The task that the data set's labels are for.
    pub fn task(&self) -> TaskKind {
        match self {
            Self::Cifar10(_) | Self::Shapes(_) | Self::Caltech101(_) | Self::Imagenet(_) => TaskKind::Classification,
            Self::Cityscapes(_) => TaskKind::Segmentation,
        }
    }

    /// The normalisation that the spec states.
    pub fn normalize(&self) -> Normalize {
        match self {
            Self::Cifar10(set) => set.normalize,
            Self::Shapes(set) => set.normalize,
            Self::Caltech101(set) => set.normalize,
            Self::Imagenet(set) => set.normalize,
            Self::Cityscapes(set) => set.normalize,
        }
    }

    /// Images of the train split that form the pool; all of them if the spec asks for no part.
    pub fn pool(&self) -> Option<usize> {
        match self {
            Self::Cifar10(set) => set.pool,
            Self::Caltech101(set) => set.pool,
            Self::Imagenet(set) => set.pool,
            Self::Shapes(_) | Self::Cityscapes(_) => None,
        }
    }

    /// The seed by which [`DatasetSpec::pool`] is drawn.
    pub fn pool_seed(&self) -> u64 {
        match self {
            Self::Cifar10(set) => set.pool_seed,
            Self::Caltech101(set) => set.pool_seed,
            Self::Imagenet(set) => set.pool_seed,
            Self::Shapes(_) | Self::Cityscapes(_) => 0,
        }
    }

    /// The key in specs.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cifar10(_) => "cifar10",
            Self::Shapes(_) => "shapes",
            Self::Caltech101(_) => "caltech101",
            Self::Imagenet(_) => "imagenet",
            Self::Cityscapes(_) => "cityscapes",
        }
    }

    /// Height and width of the images as they are held, and the key that decides them.
    pub(crate) fn stored(&self) -> ([usize; 2], &'static str) {
        match self {
            Self::Cifar10(_) => ([32; 2], "cifar10"),
            Self::Shapes(set) => ([set.side; 2], "`dataset.shapes.side`"),
            Self::Caltech101(set) => ([set.input.crop; 2], "`dataset.caltech101.input.crop`"),
            Self::Imagenet(set) => ([set.input.crop; 2], "`dataset.imagenet.input.crop`"),
            Self::Cityscapes(set) => match set.resize {
                Some(size) => (size, "`dataset.cityscapes.resize`"),
                None => (set.size, "`dataset.cityscapes.size`"),
            },
        }
    }

    /// Where decoded images are held.
    pub fn storage(&self) -> Storage {
        match self {
            Self::Caltech101(set) => set.storage,
            Self::Imagenet(set) => set.storage,
            Self::Cityscapes(set) => set.storage,
            Self::Cifar10(_) | Self::Shapes(_) => Storage::Memory,
        }
    }

    /// The part of it that the bytes of decoded images and labels depend on.
    pub fn of_records(&self) -> Self {
        let mut same = self.without_storage();
        let normalize = Normalize::half();
        match &mut same {
            Self::Cifar10(set) => (set.normalize, set.pool, set.pool_seed) = (normalize, None, 0),
            Self::Shapes(set) => set.normalize = normalize,
            Self::Caltech101(set) => (set.normalize, set.pool, set.pool_seed) = (normalize, None, 0),
            Self::Imagenet(set) => (set.normalize, set.pool, set.pool_seed) = (normalize, None, 0),
            Self::Cityscapes(set) => set.normalize = normalize,
        }
        same
    }

    /// The same with the storage that it has by default: the part of it that values depend on.
    pub(crate) fn without_storage(&self) -> Self {
        let mut same = self.clone();
        match &mut same {
            Self::Caltech101(set) => set.storage = Storage::default(),
            Self::Imagenet(set) => set.storage = Storage::default(),
            Self::Cityscapes(set) => set.storage = Storage::default(),
            Self::Cifar10(_) | Self::Shapes(_) => {}
        }
        same
    }
}

/// CIFAR-10 in its official binary format: 50,000 + 10,000 images of 32x32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cifar10Spec {
    /// The number of images of the train split that form the pool, drawn once for all trials.
    ///
    /// Default: all 50,000 images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5000)]
    pub pool: Option<usize>,
    /// The seed by which the pool is drawn. Experiments with the same `pool-seed` and the same `pool` have the same
    /// pool. Only with `pool`.
    #[serde(default, skip_serializing_if = "super::is_default")]
    #[schemars(!skip_serializing_if, example = 1)]
    pub pool_seed: u64,
    /// The normalisation of the images.
    ///
    /// Source: official code (`main.py`).
    #[serde(default = "Normalize::cifar10")]
    pub normalize: Normalize,
}

impl Cifar10Spec {
    /// Images in the official train split.
    pub const TRAIN: usize = 50_000;
}

/// A generated data set: ten classes of small images, for demonstrations and tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShapesSpec {
    /// The number of images in the pool, which is the whole train split; at most 10,000,000.
    #[schemars(example = 2000)]
    pub pool: usize,
    /// The number of images in the test split, at most 10,000,000.
    #[schemars(example = 1000)]
    pub test: usize,
    /// Height and width of the images in pixels, 12 to 64.
    #[schemars(example = 16)]
    pub side: usize,
    /// The seed of the images; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
    /// The normalisation of the images.
    #[serde(default = "Normalize::half")]
    pub normalize: Normalize,
}

/// The normalisation of an image: `(pixel / 255 - mean) / std` for each colour channel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Normalize {
    /// The means of red, green and blue, for values from 0 to 1.
    #[schemars(example = [0.4914, 0.4822, 0.4465])]
    pub mean: [f64; 3],
    /// The standard deviations of red, green and blue, above 0.
    #[schemars(example = [0.2023, 0.1994, 0.2010])]
    pub std: [f64; 3],
}

impl Normalize {
    /// The constants of the official code (johnsk95/PT4AL, `main.py`).
    pub fn cifar10() -> Self {
        Self { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.2010] }
    }

    /// The constants that the field uses for ImageNet and, by habit, for other photos (torchvision's).
    pub fn imagenet() -> Self {
        Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    }

    fn half() -> Self {
        Self { mean: [0.5; 3], std: [0.25; 3] }
    }
}

/// Caltech-101 (Fei-Fei, Fergus and Perona, 2004): `101_ObjectCategories/<class>/*.jpg`, BACKGROUND_Google left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Caltech101Spec {
    /// How an image of any size becomes a square of a fixed size.
    pub input: Input,
    /// The fraction of each class that is the test split, between 0 and 1, rounded to whole images and at least
    /// one. The data set has no official split.
    #[schemars(example = 0.2)]
    pub test: f64,
    /// The seed of that split; the same for all trials.
    #[schemars(example = 0)]
    pub split_seed: u64,
    /// The number of images of the train split that form the pool, drawn once for all trials.
    ///
    /// Default: the whole train split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5000)]
    pub pool: Option<usize>,
    /// The seed by which the pool is drawn. Experiments with the same `pool-seed` and the same `pool` have the same
    /// pool. Only with `pool`.
    #[serde(default, skip_serializing_if = "super::is_default")]
    #[schemars(!skip_serializing_if, example = 1)]
    pub pool_seed: u64,
    /// The normalisation of the images.
    ///
    /// Source: torchvision's constants for ImageNet.
    #[serde(default = "Normalize::imagenet")]
    pub normalize: Normalize,
    /// Where decoded images are held.
    #[serde(default)]
    pub storage: Storage,
}

/// ImageNet (ILSVRC2012): `train/<wnid>/*.JPEG` and `val/<wnid>/` or a flat `val/` with the devkit's ground truth. The
/// classes are the folders below `train`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImagenetSpec {
    /// How an image of any size becomes a square of a fixed size.
    pub input: Input,
    /// The number of images of the train split that form the pool, drawn once for all trials.
    ///
    /// Default: the whole train split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5000)]
    pub pool: Option<usize>,
    /// The seed by which the pool is drawn. Experiments with the same `pool-seed` and the same `pool` have the same
    /// pool. Only with `pool`.
    #[serde(default, skip_serializing_if = "super::is_default")]
    #[schemars(!skip_serializing_if, example = 1)]
    pub pool_seed: u64,
    /// The normalisation of the images.
    ///
    /// Source: torchvision's constants for ImageNet.
    #[serde(default = "Normalize::imagenet")]
    pub normalize: Normalize,
    /// Where decoded images are held.
    #[serde(default)]
    pub storage: Storage,
}

/// Cityscapes (Cordts et al., CVPR 2016): `leftImg8bit/{train,val}/<city>/` with labels in `gtFine`; 19 classes,
/// everything else ignored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CityscapesSpec {
    /// Height and width that all images have on disk, 8 to 8192; images of another size are refused.
    ///
    /// Source: 1024 x 2048 in Cityscapes.
    #[schemars(example = [1024, 2048])]
    pub size: [usize; 2],
    /// Height and width that images are resized to (bilinear; labels by nearest neighbour). Images are never
    /// enlarged.
    ///
    /// Default: none; images keep their size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = [512, 1024])]
    pub resize: Option<[usize; 2]>,
    /// The label files that are read.
    pub labels: LabelFiles,
    /// The normalisation of the images.
    ///
    /// Source: torchvision's constants for ImageNet.
    #[serde(default = "Normalize::imagenet")]
    pub normalize: Normalize,
    /// Where decoded images are held.
    #[serde(default)]
    pub storage: Storage,
}

/// Which of the two numberings of Cityscapes' labels is on disk. Files with the other numbering are refused, as far
/// as their values show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LabelFiles {
    /// `*_gtFine_labelIds.png`: -1 to 33 as the official download has them (-1, a licence plate, is stored as 255).
    LabelIds,
    /// `*_gtFine_labelTrainIds.png`: 0 to 18, and 255 for what is ignored.
    LabelTrainIds,
}

/// How an image of any size becomes a square of a fixed size: the shorter side is resized (antialiased bilinear, as
/// torchvision's default on PIL images), then the center is cropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Input {
    /// The length of the shorter side after resizing, in pixels, 8 to 1024.
    #[schemars(example = 256)]
    pub resize: usize,
    /// Height and width of the center that is kept, in pixels, 1 to `resize`.
    #[schemars(example = 224)]
    pub crop: usize,
}

/// Where decoded images are held. It affects speed and space alone, so it is not part of a spec's hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    /// In the device's memory: every process decodes all images when it starts.
    #[default]
    Memory,
    /// In a memory-mapped file in the cache folder, decoded once and shared by all processes.
    Mapped,
    /// Nowhere: images are decoded each time they are needed, a bounded number of minibatches ahead.
    Stream,
}

/// Makes the pool of a classification data set imbalanced: leaves out images of its train split, drawn once for all
/// trials. The test split does not change. Class k counts from 0 in the order of the data set's classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Imbalance {
    LongTail(LongTail),
    Step(StepImbalance),
    Linear(Linear),
}

/// Class k of C keeps `count ratio^(-k/(C-1))` of its `count` images, rounded down.
///
/// Source: Cao et al., NeurIPS 2019.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LongTail {
    /// How many times more images the first class keeps than the last; at least 1.
    #[schemars(example = 100.0)]
    pub ratio: f64,
    /// The seed by which the images that are kept are drawn; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
}

/// The last classes keep `count / ratio` of their images, rounded down; the others keep all.
///
/// Source: Buda et al., Neural Networks 2018; Cao et al. with half of the classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct StepImbalance {
    /// The fraction of the classes that is cut, above 0 and at most 1, rounded to whole classes.
    #[schemars(example = 0.5)]
    pub classes: f64,
    /// How many times more images the other classes keep; at least 1.
    #[schemars(example = 10.0)]
    pub ratio: f64,
    /// The seed by which the images that are kept are drawn; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
}

/// Class k keeps `step (k + 1)` images, or all if it has fewer (CIFAR-10 with 500: 27,500 in all).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Linear {
    /// The number of images that each class keeps more than the class before; at least 1.
    #[schemars(example = 500)]
    pub step: usize,
    /// The seed by which the images that are kept are drawn; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
}
