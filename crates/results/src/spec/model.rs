//! Networks in specs.

mod table;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Precision;

/// The network of the task model, or the features that its head is trained on.
// The documentation of the keys, for users, is that of `table::ModelTable`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "table::ModelTable", into = "table::ModelTable")]
pub enum ModelSpec {
    /// A network that is trained on images. The pretext learner has the same one with a head of its own.
    Network(NetworkSpec),
    /// Fixed features of each image, from a file. Only a head is trained on them.
    Features(FeaturesSpec),
    /// A network from a TorchScript file, with a head of its own.
    Script(ScriptSpec),
}

/// A network that is trained on images. Its keys are documented in `model/table.rs`.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkSpec {
    pub arch: Arch,
    pub stem: Stem,
    pub width: usize,
    pub filters: Filters,
}

/// Fixed features of each image. Its keys are documented in `model/table.rs`.
#[derive(Clone, Debug, PartialEq)]
pub struct FeaturesSpec {
    /// The file, in one of the formats of [`crate::feature_file`].
    pub file: PathBuf,
    /// The SHA-256 of the file in hexadecimal digits. It is filled in when the spec is loaded.
    pub sha256: String,
    /// The number of features of an image. It is filled in when the spec is loaded.
    pub dimension: usize,
    /// The number of units of a hidden layer; `None` for a linear head.
    pub hidden: Option<usize>,
}

/// A network from a TorchScript file. Its keys are documented in `model/table.rs`.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptSpec {
    /// The file, as `torch.jit.save` writes it.
    pub file: PathBuf,
    /// The SHA-256 of the file in hexadecimal digits. It is filled in when the spec is loaded.
    pub sha256: String,
    /// Whether only the head is trained.
    pub frozen: bool,
}

impl ModelSpec {
    /// A network whose filters are initialised as in the official code.
    pub fn new(arch: Arch, stem: Stem, width: usize) -> Self {
        Self::Network(NetworkSpec { arch, stem, width, filters: Filters::default() })
    }

    /// Returns the network, or `None` if features or a TorchScript file take its place.
    pub fn network(&self) -> Option<&NetworkSpec> {
        match self {
            Self::Network(network) => Some(network),
            Self::Features(_) | Self::Script(_) => None,
        }
    }

    /// Returns the features, or `None` if a network computes them.
    pub fn features(&self) -> Option<&FeaturesSpec> {
        match self {
            Self::Network(_) | Self::Script(_) => None,
            Self::Features(features) => Some(features),
        }
    }

    /// Returns the TorchScript file, or `None` if the model is something else.
    pub fn script(&self) -> Option<&ScriptSpec> {
        match self {
            Self::Network(_) | Self::Features(_) => None,
            Self::Script(script) => Some(script),
        }
    }

    /// Returns the key in specs and the path of the file that the model is from; `None` if it is from no file.
    pub fn file(&self) -> Option<(&'static str, &Path)> {
        match self {
            Self::Network(_) => None,
            Self::Features(features) => Some(("features", &features.file)),
            Self::Script(script) => Some(("torchscript", &script.file)),
        }
    }

    /// Whether the model can be trained in a precision. bf16 is the format of convolutions; a head on features has none, and those of a
    /// TorchScript file cannot be told apart from its other operations.
    pub fn computes_in(&self, precision: Precision) -> bool {
        precision != Precision::Bf16 || self.network().is_some()
    }

    /// Returns the model without what cannot change a value: the path of a file, whose contents are hashed.
    pub(super) fn without_path(&self) -> Self {
        let mut model = self.clone();
        match &mut model {
            Self::Network(_) => {}
            Self::Features(features) => features.file.clear(),
            Self::Script(script) => script.file.clear(),
        }
        model
    }
}

impl FeaturesSpec {
    /// Returns the number of inputs of the last linear layer: the hidden layer's units, or the given features.
    pub fn outputs(&self) -> usize {
        self.hidden.unwrap_or(self.dimension)
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
    /// Wide ResNet with 28 layers and without dropout (Zagoruyko and Komodakis, BMVC 2016): three stages of four pre-activation
    /// blocks behind a 3x3 convolution of 16 channels. WRN-28-k has the `width` 16 k, so WRN-28-10 has 160.
    #[serde(rename = "wide-resnet-28")]
    WideResNet28,
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
