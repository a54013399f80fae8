//! Random changes of images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A random change of training images. For segmentation, crops, flips and movements change the label map in the same way. Crops
/// decide the size that the network is trained on: classification then scores and evaluates the center of that size, segmentation
/// whole images. The other changes follow crop and flip: first `rand-augment`, then `colour-jitter`, then `grayscale`. Changes of
/// colour leave label maps as they are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub enum Augment {
    /// A random crop of the image's own size after padding with 4 black pixels on each side.
    ///
    /// Source: official code (`main.py`).
    #[serde(rename = "crop-4")]
    Crop4,
    /// A horizontal flip of half of the images.
    ///
    /// Source: official code (`main.py`).
    #[serde(rename = "flip")]
    Flip,
    /// A random crop of this height and width in pixels, without padding: `{ crop = [688, 688] }`.
    #[serde(rename = "crop")]
    Crop(#[schemars(example = [688, 688])] [usize; 2]),
    /// A crop of random area and shape, resized to a square (bilinear): the usual augmentation for ImageNet.
    #[serde(rename = "random-resized-crop")]
    RandomResizedCrop(RandomResizedCrop),
    /// A random change of brightness, contrast and saturation.
    #[serde(rename = "colour-jitter")]
    ColourJitter(ColourJitter),
    /// A grey image with this probability, above 0 and at most 1: `{ grayscale = 0.2 }`.
    ///
    /// Source: 0.2 in SimSiam (Chen and He, CVPR 2021).
    #[serde(rename = "grayscale")]
    Grayscale(#[schemars(example = 0.2)] f64),
    /// Random operations of equal strength, for instance rotations, shears, contrast and equalized histograms.
    ///
    /// Source: RandAugment (Cubuk et al., NeurIPS 2020), as torchvision defines it.
    #[serde(rename = "rand-augment")]
    RandAugment(RandAugment),
}

/// Options of `rand-augment`: torchvision's `RandAugment` with its 14 operations, nearest neighbours and black outside the image. On
/// label maps, pixels from outside are ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RandAugment {
    /// The number of operations, one after the other, that each image gets, 1 to 14. Each is drawn from all 14.
    ///
    /// Source: 2 in torchvision.
    #[schemars(example = 2)]
    pub operations: usize,
    /// The strength of the operations, 0 to 30.
    ///
    /// Source: 9 in torchvision (`num_magnitude_bins` is 31).
    #[schemars(example = 9)]
    pub magnitude: usize,
}

/// Options of `random-resized-crop`. The aspect ratio is drawn between 3/4 and 4/3, as in torchvision. The crop is taken from the
/// stored image and resized without antialiasing, so `side` should not be far below the size of the stored images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RandomResizedCrop {
    /// Height and width of the result in pixels.
    #[schemars(example = 224)]
    pub side: usize,
    /// The smallest and the largest fraction of the image's area that a crop takes, above 0 and at most 1.
    ///
    /// Source: [0.08, 1.0] in torchvision.
    #[schemars(example = [0.08, 1.0])]
    pub area: [f64; 2],
}

/// Options of `colour-jitter`: torchvision's `ColorJitter` without hue, in the fixed order brightness, contrast, saturation
/// (torchvision draws the order). SimSiam (Chen and He, CVPR 2021) has 0.4, 0.4, 0.4, hue 0.1 and the probability 0.8.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ColourJitter {
    /// The strength of the change of brightness, 0 (none) to 1: the factor is drawn uniformly from `1 - brightness` to
    /// `1 + brightness`.
    #[schemars(example = 0.4)]
    pub brightness: f64,
    /// The strength of the change of contrast, 0 to 1, as for `brightness`.
    #[schemars(example = 0.4)]
    pub contrast: f64,
    /// The strength of the change of saturation, 0 to 1, as for `brightness`.
    #[schemars(example = 0.4)]
    pub saturation: f64,
    /// The probability that an image is changed at all, above 0 and at most 1.
    #[schemars(example = 0.8)]
    pub probability: f64,
}

impl Augment {
    /// Whether it decides which part of an image is used.
    pub fn crops(&self) -> bool {
        match self {
            Self::Crop4 | Self::Crop(_) | Self::RandomResizedCrop(_) => true,
            Self::Flip | Self::ColourJitter(_) | Self::Grayscale(_) | Self::RandAugment(_) => false,
        }
    }

    /// Returns the height and width of its result, or `None` if it keeps the image's size.
    pub fn size(&self) -> Option<[usize; 2]> {
        match self {
            Self::Crop4 | Self::Flip | Self::ColourJitter(_) | Self::Grayscale(_) | Self::RandAugment(_) => None,
            Self::Crop(size) => Some(*size),
            Self::RandomResizedCrop(crop) => Some([crop.side; 2]),
        }
    }
}
