//! Options of Caltech-101.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Input, Normalize, Original, Storage, check_pool};

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

impl DatasetOptions for Caltech101Spec {
    fn name(&self) -> &'static str {
        "caltech101"
    }

    fn original(&self) -> Option<Original> {
        Some(Original { name: "Caltech-101", classes: 101, test: None })
    }

    fn common(&self) -> Common {
        Common { normalize: self.normalize, pool: self.pool, pool_seed: self.pool_seed, storage: Some(self.storage) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([self.input.crop; 2], "`dataset.caltech101.input.crop`")
    }

    fn drawn_once(&self) -> Option<String> {
        Some(format!("the test split (`split-seed` {})", self.split_seed))
    }

    fn check(&self) -> Result<()> {
        self.input.check(self.name())?;
        check_pool(self.name(), self.pool)?;
        let test = self.test;
        ensure!(
            test > 0.0 && test < 1.0,
            "`dataset.caltech101.test` is {test}; it is a part of each class, between 0 and 1"
        );
        Ok(())
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Caltech101(Self { storage: Storage::default(), ..self.clone() })
    }

    fn for_decoding(&self) -> DatasetSpec {
        let (normalize, storage) = (Normalize::half(), Storage::default());
        DatasetSpec::Caltech101(Self { pool: None, pool_seed: 0, normalize, storage, ..self.clone() })
    }
}
