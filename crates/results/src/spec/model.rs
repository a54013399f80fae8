//! Networks in specs.

use serde::{Deserialize, Serialize};

/// The task model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ModelSpec {
    pub arch: Arch,
    /// The first layers of a ResNet; other networks have only one form, and do not take it.
    #[serde(default, skip_serializing_if = "Stem::is_small")]
    pub stem: Stem,
    /// Channels of the first stage; the others have multiples of it. Published: 64 for ResNets, 16 for DRN-D-22.
    pub width: usize,
    /// What the filters of convolutions are drawn from.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub filters: Filters,
}

impl ModelSpec {
    /// With filters as the official code draws them.
    pub fn new(arch: Arch, stem: Stem, width: usize) -> Self {
        Self { arch, stem, width, filters: Filters::default() }
    }
}

/// The distribution that filters begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filters {
    /// Uniform in +-1/sqrt(fan in): PyTorch's default, and so that of the official code.
    #[default]
    Uniform,
    /// Normal with the variance 2 / (height width outputs) of a filter, and a bias of 0: as DRN's authors have it (fyu/drn,
    /// `drn.py` and `segment.py`), and torchvision for ResNets. Linear layers stay as they are.
    NormalFanOut,
}

/// The network's architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Arch {
    /// ResNet-18 (He et al., CVPR 2016).
    #[serde(rename = "resnet18")]
    ResNet18,
    /// ResNet-50, as torchvision has it: the stride is in the 3x3 convolution of a bottleneck.
    #[serde(rename = "resnet50")]
    ResNet50,
    /// DRN-D-22 (Yu, Koltun and Funkhouser, CVPR 2017; code fyu/drn): dilated, output stride 8.
    #[serde(rename = "drn-d-22")]
    DrnD22,
}

/// The first layers of a ResNet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stem {
    /// A 3x3 convolution with stride 1 and no max-pool, as the official code has it for CIFAR-10.
    #[default]
    #[serde(rename = "3x3")]
    Small,
    /// A 7x7 convolution with stride 2 and a 3x3 max-pool with stride 2, as for ImageNet.
    #[serde(rename = "7x7")]
    Large,
}

impl Stem {
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_small(&self) -> bool {
        *self == Self::Small
    }
}
