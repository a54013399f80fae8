//! Random changes of images.

use serde::{Deserialize, Serialize};

/// A random change of the training images, of segmentation's labels together with them. Crops decide the size that the
/// network is trained on; classification scores and evaluates the center of that size, segmentation whole images. Colours
/// are changed after crop and flip, in the order jitter, grey; label maps keep theirs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Augment {
    /// A random crop of the image's own size after padding it with 4 black pixels on each side.
    #[serde(rename = "crop-4")]
    Crop4,
    /// A horizontal flip, half of the time.
    #[serde(rename = "flip")]
    Flip,
    /// A random part of this height and width, without padding.
    #[serde(rename = "crop")]
    Crop([usize; 2]),
    /// A random part of a random area and shape, resized to a square (bilinear): the usual augmentation for ImageNet.
    #[serde(rename = "random-resized-crop")]
    RandomResizedCrop(RandomResizedCrop),
    /// A random change of brightness, contrast and saturation.
    #[serde(rename = "colour-jitter")]
    ColourJitter(ColourJitter),
    /// A grey picture, with this probability.
    #[serde(rename = "grayscale")]
    Grayscale(f64),
}

/// Options of [`Augment::RandomResizedCrop`]; the aspect ratio is drawn from 3/4 to 4/3, as in torchvision. The part is
/// taken of the stored image and sampled bilinearly without antialiasing, so `side` should not be far below its size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RandomResizedCrop {
    /// Height and width of the result.
    pub side: usize,
    /// The smallest and the largest part of the area that is taken.
    pub area: [f64; 2],
}

/// Options of [`Augment::ColourJitter`]: torchvision's ColorJitter without hue, and in a fixed order (brightness,
/// contrast, saturation), which torchvision draws. SimSiam has 0.4, 0.4, 0.4, hue 0.1 and the probability 0.8.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ColourJitter {
    /// The factor is drawn from 1 - this to 1 + this, evenly; so are the next two.
    pub brightness: f64,
    pub contrast: f64,
    pub saturation: f64,
    /// How often an image is changed at all.
    pub probability: f64,
}

impl Augment {
    /// Whether it decides which part of an image is taken.
    pub fn crops(&self) -> bool {
        match self {
            Self::Crop4 | Self::Crop(_) | Self::RandomResizedCrop(_) => true,
            Self::Flip | Self::ColourJitter(_) | Self::Grayscale(_) => false,
        }
    }

    /// The height and width that it gives images, if it decides that.
    pub fn size(&self) -> Option<[usize; 2]> {
        match self {
            Self::Crop4 | Self::Flip | Self::ColourJitter(_) | Self::Grayscale(_) => None,
            Self::Crop(size) => Some(*size),
            Self::RandomResizedCrop(crop) => Some([crop.side; 2]),
        }
    }
}
