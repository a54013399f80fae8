//! Data sets in specs: the choice ([`DatasetSpec`]), what the options of each data set answer ([`DatasetOptions`]), and
//! the options that several data sets have.

mod caltech101;
mod cifar10;
mod cifar100;
mod cityscapes;
mod folder;
mod folder_masks;
mod imagenet;
mod imbalance;
mod shapes;
mod svhn;
mod tiny_imagenet;

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::TaskKind;
pub use caltech101::Caltech101Spec;
pub use cifar10::Cifar10Spec;
pub use cifar100::{Cifar100Labels, Cifar100Spec};
pub use cityscapes::{CityscapesSpec, LabelFiles};
pub use folder::{DrawnSplit, FolderLayout, FolderSpec, Orientation};
pub use folder_masks::FolderMasksSpec;
pub use imagenet::ImagenetSpec;
pub use imbalance::{Imbalance, Linear, LongTail, StepImbalance};
pub use shapes::ShapesSpec;
pub use svhn::SvhnSpec;
pub use tiny_imagenet::TinyImagenetSpec;

/// The data set, the part of it that is used, and its normalisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatasetSpec {
    Cifar10(Cifar10Spec),
    Shapes(ShapesSpec),
    Caltech101(Caltech101Spec),
    Imagenet(ImagenetSpec),
    Cityscapes(CityscapesSpec),
    Cifar100(Cifar100Spec),
    Svhn(SvhnSpec),
    TinyImagenet(TinyImagenetSpec),
    Folder(FolderSpec),
    FolderMasks(FolderMasksSpec),
}

/// What the options of a data set say, whichever data set it is. The defaults are those of a classification data set
/// without `pool` and `storage`.
pub trait DatasetOptions {
    /// The name of the data set: its key in specs, and what the command line and results call it.
    fn name(&self) -> &'static str;

    /// The published data set that the files should be; `None` for generated images and for a researcher's own.
    fn original(&self) -> Option<Original>;

    /// Whether the images are generated, so that there are no files.
    fn is_generated(&self) -> bool {
        false
    }

    /// The task that the labels are for.
    fn task(&self) -> TaskKind {
        TaskKind::Classification
    }

    /// The options that several data sets have.
    fn common(&self) -> Common;

    /// Height and width of the images after reading, and the key that decides them (as it stands in messages).
    fn stored(&self) -> ([usize; 2], &'static str);

    /// What the spec draws once for all seeds, apart from the pool: in words, with the key of its seed.
    fn drawn_once(&self) -> Option<String> {
        None
    }

    /// The keys to change if the images do not fit into memory, and what to do with them.
    fn memory_remedy(&self) -> (String, &'static str) {
        match self.common().storage {
            Some(_) => (format!("`dataset.{}.storage`", self.name()), "set it to \"mapped\""),
            None => (format!("`dataset.{}`", self.name()), "free some memory"),
        }
    }

    /// The rules for these options, apart from those that hold for every data set.
    ///
    /// # Errors
    /// One line that opens with the key.
    fn check(&self) -> Result<()>;

    /// The same options without what changes no value, for hashes: with the default storage, and without the folder of own
    /// images, whose contents results are tied to by a fingerprint.
    fn hashed(&self) -> DatasetSpec;

    /// The same options with fixed values for all that does not change the bytes of decoded images and labels.
    fn for_decoding(&self) -> DatasetSpec;
}

/// The options that several data sets have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Common {
    /// The normalisation of the images.
    pub normalize: Normalize,
    /// The number of images of the train split that form the pool; `None` for the whole train split.
    pub pool: Option<usize>,
    /// The seed by which the pool is drawn from the train split.
    pub pool_seed: u64,
    /// Where decoded images are held; `None` if the data set has no such option, and holds them in memory.
    pub storage: Option<Storage>,
}

impl Common {
    /// The options of a data set whose pool is the whole train split, in memory.
    fn new(normalize: Normalize) -> Self {
        Self { normalize, pool: None, pool_seed: 0, storage: None }
    }
}

/// A published data set, as far as results must fit it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Original {
    /// The name that its authors gave it.
    pub name: &'static str,
    /// The number of classes.
    pub classes: usize,
    /// The number of images that models are evaluated on; `None` if the spec draws them.
    pub test: Option<usize>,
}

impl DatasetSpec {
    /// The options of the data set: the one place where this crate tells data sets apart.
    pub fn options(&self) -> &dyn DatasetOptions {
        match self {
            Self::Cifar10(options) => options,
            Self::Shapes(options) => options,
            Self::Caltech101(options) => options,
            Self::Imagenet(options) => options,
            Self::Cityscapes(options) => options,
            Self::Cifar100(options) => options,
            Self::Svhn(options) => options,
            Self::TinyImagenet(options) => options,
            Self::Folder(options) => options,
            Self::FolderMasks(options) => options,
        }
    }

    /// [`DatasetOptions::name`].
    pub fn name(&self) -> &'static str {
        self.options().name()
    }

    /// [`DatasetOptions::task`].
    pub fn task(&self) -> TaskKind {
        self.options().task()
    }

    /// [`Common::normalize`].
    pub fn normalize(&self) -> Normalize {
        self.options().common().normalize
    }

    /// [`Common::pool`].
    pub fn pool(&self) -> Option<usize> {
        self.options().common().pool
    }

    /// [`Common::pool_seed`].
    pub fn pool_seed(&self) -> u64 {
        self.options().common().pool_seed
    }

    /// [`DatasetOptions::stored`].
    pub(crate) fn stored(&self) -> ([usize; 2], &'static str) {
        self.options().stored()
    }

    /// Where decoded images are held.
    pub fn storage(&self) -> Storage {
        self.options().common().storage.unwrap_or(Storage::Memory)
    }

    /// [`DatasetOptions::hashed`].
    pub(crate) fn hashed(&self) -> Self {
        self.options().hashed()
    }

    /// [`DatasetOptions::for_decoding`].
    pub fn for_decoding(&self) -> Self {
        self.options().for_decoding()
    }
}

/// The largest side of photos that are resized and cropped, so that a mistyped size is an error before it takes memory.
const LARGEST_INPUT: usize = 1024;
/// The smallest side that the networks can halve three times.
const SMALLEST: usize = 8;

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

    /// The constants that the field uses for CIFAR-100.
    pub fn cifar100() -> Self {
        Self { mean: [0.5071, 0.4867, 0.4408], std: [0.2675, 0.2565, 0.2761] }
    }

    /// The constants that the field uses for SVHN.
    pub fn svhn() -> Self {
        Self { mean: [0.4377, 0.4438, 0.4728], std: [0.1980, 0.2010, 0.1970] }
    }

    /// The constants that the field uses for ImageNet and, by habit, for other photos (torchvision's).
    pub fn imagenet() -> Self {
        Self { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
    }

    /// Mean 0.5 and deviation 0.25 in each channel.
    fn half() -> Self {
        Self { mean: [0.5; 3], std: [0.25; 3] }
    }
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

impl Input {
    /// The rules for the `input` of the data set `name`.
    fn check(self, name: &str) -> Result<()> {
        let Self { resize, crop } = self;
        ensure!(
            (SMALLEST..=LARGEST_INPUT).contains(&resize),
            "`dataset.{name}.input.resize` is {resize}; it must be {SMALLEST} to {LARGEST_INPUT}"
        );
        ensure!(
            (1..=resize).contains(&crop),
            "`dataset.{name}.input.crop` is {crop}; it must be 1 to {resize}, the `resize` beside it"
        );
        Ok(())
    }
}

/// The rule for a `pool` of a train split whose size is not known before it is read.
fn check_pool(name: &str, pool: Option<usize>) -> Result<()> {
    ensure!(
        pool != Some(0),
        "`dataset.{name}.pool` is 0; it must be at least 1, or leave it out to take the whole train split"
    );
    Ok(())
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
