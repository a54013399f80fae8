//! Options of Tiny ImageNet.

use anyhow::Result;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Input, Normalize, Original, Storage, check_pool};

/// Tiny ImageNet (Stanford's CS231n): `tiny-imagenet-200/` as it is downloaded, 100,000 + 10,000 images of 64x64. The test
/// split is `val/`, because the labels of `test/` are not public.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TinyImagenetSpec {
    /// The size to which images are resized and cropped.
    #[serde(default = "TinyImagenetSpec::whole")]
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

impl TinyImagenetSpec {
    /// Returns the size that the images have on disk, so that nothing is resized.
    pub fn whole() -> Input {
        Input { resize: 64, crop: 64 }
    }
}

impl DatasetOptions for TinyImagenetSpec {
    fn name(&self) -> &'static str {
        "tiny-imagenet"
    }

    fn original(&self) -> Option<Original> {
        Some(Original { name: "Tiny ImageNet", classes: 200, test: Some(10_000) })
    }

    fn common(&self) -> Common {
        Common { normalize: self.normalize, pool: self.pool, pool_seed: self.pool_seed, storage: Some(self.storage) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([self.input.crop; 2], "`dataset.tiny-imagenet.input.crop`")
    }

    fn check(&self) -> Result<()> {
        self.input.check(self.name())?;
        check_pool(self.name(), self.pool)
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::TinyImagenet(Self { storage: Storage::default(), ..self.clone() })
    }

    fn for_decoding(&self) -> DatasetSpec {
        let (normalize, storage) = (Normalize::half(), Storage::default());
        DatasetSpec::TinyImagenet(Self { input: self.input, pool: None, pool_seed: 0, normalize, storage })
    }
}
