//! Networks in specs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The network of the task model. The pretext learner has the same one with a head of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelSpec {
    /// The architecture. Classification takes any of them, segmentation `"drn-d-22"`.
    pub arch: Arch,
    /// The first layers of a ResNet. Not for `"drn-d-22"`, which has one form.
    #[serde(default, skip_serializing_if = "Stem::is_small")]
    #[schemars(!skip_serializing_if)]
    pub stem: Stem,
    /// The number of channels of the first stage, 1 to 1024; the other stages have multiples of it.
    ///
    /// Source: 64 in the published ResNets, 16 in DRN-D-22.
    #[schemars(example = 64)]
    pub width: usize,
    /// The distribution that the filters of convolutions are initialised from.
    #[serde(default, skip_serializing_if = "super::is_default")]
    #[schemars(!skip_serializing_if)]
    pub filters: Filters,
}

impl ModelSpec {
    /// A network whose filters are initialised as in the official code.
    pub fn new(arch: Arch, stem: Stem, width: usize) -> Self {
        Self { arch, stem, width, filters: Filters::default() }
    }
}

/// The distribution that filters are initialised from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Filters {
    /// Uniform between plus and minus 1/sqrt(fan in).
    ///
    /// Source: PyTorch's default, and so the official code.
    #[default]
    Uniform,
    /// Normal with the variance 2 / (filter height x filter width x output channels) and biases of 0. Linear layers keep PyTorch's
    /// default.
    ///
    /// Source: DRN's authors (fyu/drn, `drn.py` and `segment.py`), and torchvision for ResNets.
    NormalFanOut,
}

/// The network's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Arch {
    /// ResNet-18 (He et al., CVPR 2016).
    #[serde(rename = "resnet18")]
    ResNet18,
    /// ResNet-50 as in torchvision: the 3x3 convolution of a bottleneck has the stride.
    #[serde(rename = "resnet50")]
    ResNet50,
    /// DRN-D-22 (Yu, Koltun and Funkhouser, CVPR 2017; code fyu/drn): dilated, output stride 8.
    #[serde(rename = "drn-d-22")]
    DrnD22,
}

/// The first layers of a ResNet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Stem {
    /// A 3x3 convolution with stride 1, without max-pool.
    ///
    /// Source: official code, for CIFAR-10.
    #[default]
    #[serde(rename = "3x3")]
    Small,
    /// A 7x7 convolution with stride 2, then a 3x3 max-pool with stride 2.
    ///
    /// Source: He et al., CVPR 2016, for ImageNet.
    #[serde(rename = "7x7")]
    Large,
}

/// The order of the colour channels that normalisation and network get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Channels {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red, in training, scoring and evaluation. The three means and deviations of `normalize` are applied in the
    /// order in which they are written, so the red ones to blue.
    ///
    /// Source: official code (`loader.py`: OpenCV's `imread`).
    Bgr,
}

impl Stem {
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_small(&self) -> bool {
        *self == Self::Small
    }
}
