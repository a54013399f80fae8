//! `[model]` as a spec writes it: the keys of a network, those of features, or those of a TorchScript file.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Arch, FeaturesSpec, Filters, ModelSpec, NetworkSpec, ScriptSpec, Stem};

/// The network of the task model: a network that is trained on images (`arch`, `width`, ...), `torchscript`, a network from a file, or
/// `features`, the file of what a network computed.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ModelTable {
    /// The architecture. Classification takes any of them, segmentation `"drn-d-22"`.
    ///
    /// Default: none; required unless `features` or `torchscript` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-network" = true))]
    arch: Option<Arch>,
    /// The first layers of a ResNet. Not for `"drn-d-22"` and `"wide-resnet-28"`, which have one form.
    ///
    /// Default: `"3x3"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-network" = true))]
    stem: Option<Stem>,
    /// The number of channels of the first stage, 1 to 1024; the other stages have multiples of it.
    ///
    /// Default: none; required unless `features` or `torchscript` is given.
    ///
    /// Source: 64 in the published ResNets, 16 in DRN-D-22, 160 in WRN-28-10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 64, extend("x-network" = true))]
    width: Option<usize>,
    /// The distribution that the filters of convolutions are initialised from.
    ///
    /// Default: `"uniform"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-network" = true))]
    filters: Option<Filters>,
    /// A file with the features of each image, in place of a network: no image is decoded, and only a head is trained. An NPZ file or a
    /// safetensors file with the arrays `train` and `test` (a row of floats for each image of the split, in the order of the images).
    /// `docs/own-network.md` shows how to make one. The path is relative to the folder of the spec.
    ///
    /// Samplers and initial sets that use features (`core-set`, `typical`) see what is before the last linear layer: the given features,
    /// or those of the `hidden` layer. Before there is a task model, initial sets see the given features.
    ///
    /// Default: none; a network computes features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"../data/cifar10-dino.npz", extend("format" = "path", "x-features" = true))]
    features: Option<PathBuf>,
    /// The SHA-256 of the file of `features` or `torchscript`. If the spec states it, the file must have it.
    ///
    /// Default: that of the file; the resolved spec states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"c717bd61e8ab6e630d1056bfd520d45747319306f08eed002cc84ee5fcb12e1a")]
    sha256: Option<String>,
    /// The number of features of an image in the file of `features`. If the spec states it, the file must have it.
    ///
    /// Default: that of the file; the resolved spec states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 512, extend("x-features" = true))]
    dimension: Option<usize>,
    /// The number of units of a hidden layer with ReLU between `features` and the last linear layer, 1 to 65,536.
    ///
    /// Default: none; the head is linear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 512, extend("x-features" = true))]
    hidden: Option<usize>,
    /// A network of yours from a TorchScript file (`torch.jit.save`), for instance a pretrained one. It maps normalised images
    /// `[n, 3, height, width]` to features `[n, d]`, or to a map `[n, d, height, width]` whose mean over all places is taken; a linear
    /// layer to the classes follows. Each round starts from the weights in the file. Layers are in evaluation mode also in training:
    /// batch norm keeps the statistics of the file, and nothing is dropped out. The path is relative to the folder of the spec.
    ///
    /// Default: none; `arch` names a network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"../models/dino-resnet18.pt", extend("format" = "path", "x-script" = true))]
    torchscript: Option<PathBuf>,
    /// Whether the weights of `torchscript` stay as they are, so that only the last linear layer is trained.
    ///
    /// Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = true, extend("x-script" = true))]
    frozen: Option<bool>,
}

impl TryFrom<ModelTable> for ModelSpec {
    type Error = String;

    /// The messages have serde's form, so that they are explained with file and line as serde's own are.
    fn try_from(table: ModelTable) -> Result<Self, String> {
        let ModelTable { arch, stem, width, filters, features, sha256, dimension, hidden, torchscript, frozen } = table;
        let of_network = [
            ("arch", arch.is_some()),
            ("stem", stem.is_some()),
            ("width", width.is_some()),
            ("filters", filters.is_some()),
        ];
        let of_features =
            [("features", features.is_some()), ("dimension", dimension.is_some()), ("hidden", hidden.is_some())];
        let of_script = [("torchscript", torchscript.is_some()), ("frozen", frozen.is_some())];
        if let Some(file) = torchscript {
            if let Some(key) = first_written(&of_network).or_else(|| first_written(&of_features)) {
                return Err(format!("`torchscript` is a whole network, so `{key}` has no meaning; remove one of them"));
            }
            let (sha256, frozen) = (sha256.unwrap_or_default(), frozen.unwrap_or_default());
            return Ok(Self::Script(ScriptSpec { file, sha256, frozen }));
        }
        if let Some(key) = first_written(&of_script) {
            return Err(format!("`{key}` is for `torchscript`, which is missing; add it, or remove `{key}`"));
        }
        if let Some(file) = features {
            if let Some(key) = first_written(&of_network) {
                return Err(format!(
                    "`features` takes the place of a network, but `{key}` is one's; remove one of them"
                ));
            }
            let (sha256, dimension) = (sha256.unwrap_or_default(), dimension.unwrap_or_default());
            return Ok(Self::Features(FeaturesSpec { file, sha256, dimension, hidden }));
        }
        if let Some(key) = first_written(&of_features) {
            return Err(format!("`{key}` is for `features`, which is missing; add it, or remove `{key}`"));
        }
        if sha256.is_some() {
            return Err("`sha256` is for a file, but neither `features` nor `torchscript` names one; remove it".into());
        }
        Ok(Self::Network(NetworkSpec {
            arch: required("arch", arch)?,
            stem: stem.unwrap_or_default(),
            width: required("width", width)?,
            filters: filters.unwrap_or_default(),
        }))
    }
}

/// Returns the first key that the table has.
fn first_written(keys: &[(&'static str, bool)]) -> Option<&'static str> {
    keys.iter().find(|(_, is_written)| *is_written).map(|(key, _)| *key)
}

fn required<T>(key: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("missing field `{key}`"))
}

impl From<ModelSpec> for ModelTable {
    fn from(spec: ModelSpec) -> Self {
        let empty = Self {
            arch: None,
            stem: None,
            width: None,
            filters: None,
            features: None,
            sha256: None,
            dimension: None,
            hidden: None,
            torchscript: None,
            frozen: None,
        };
        match spec {
            ModelSpec::Network(NetworkSpec { arch, stem, width, filters }) => Self {
                arch: Some(arch),
                stem: (stem != Stem::default()).then_some(stem),
                width: Some(width),
                filters: (filters != Filters::default()).then_some(filters),
                ..empty
            },
            ModelSpec::Features(FeaturesSpec { file, sha256, dimension, hidden }) => Self {
                features: Some(file),
                sha256: (!sha256.is_empty()).then_some(sha256),
                dimension: (dimension > 0).then_some(dimension),
                hidden,
                ..empty
            },
            ModelSpec::Script(ScriptSpec { file, sha256, frozen }) => Self {
                torchscript: Some(file),
                sha256: (!sha256.is_empty()).then_some(sha256),
                frozen: frozen.then_some(true),
                ..empty
            },
        }
    }
}
