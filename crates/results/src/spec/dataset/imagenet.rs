//! Options of ImageNet.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Input, Normalize, Original, Storage, check_pool};

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
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
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

impl DatasetOptions for ImagenetSpec {
    fn name(&self) -> &'static str {
        "imagenet"
    }

    fn original(&self) -> Option<Original> {
        Some(Original { name: "ImageNet", classes: 1_000, test: Some(50_000) })
    }

    fn common(&self) -> Common {
        Common { normalize: self.normalize, pool: self.pool, pool_seed: self.pool_seed, storage: Some(self.storage) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([self.input.crop; 2], "`dataset.imagenet.input.crop`")
    }

    fn check(&self) -> Result<()> {
        self.input.check(self.name())?;
        check_pool(self.name(), self.pool)
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Imagenet(Self { storage: Storage::default(), ..self.clone() })
    }

    fn for_decoding(&self) -> DatasetSpec {
        let (normalize, storage) = (Normalize::half(), Storage::default());
        DatasetSpec::Imagenet(Self { input: self.input, pool: None, pool_seed: 0, normalize, storage })
    }
}
