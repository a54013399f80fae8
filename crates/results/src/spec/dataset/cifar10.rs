//! Options of CIFAR-10.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Normalize, Original};

/// CIFAR-10 in its official binary format: 50,000 + 10,000 images of 32x32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cifar10Spec {
    /// The number of images of the train split that form the pool, drawn once for all trials.
    ///
    /// Default: all 50,000 images.
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
    /// Source: official code (`main.py`).
    #[serde(default = "Normalize::cifar10")]
    pub normalize: Normalize,
}

impl Cifar10Spec {
    /// The number of images in the official train split.
    pub const TRAIN: usize = 50_000;
}

impl DatasetOptions for Cifar10Spec {
    fn name(&self) -> &'static str {
        "cifar10"
    }

    fn original(&self) -> Option<Original> {
        Some(Original { name: "CIFAR-10", classes: 10, test: Some(10_000) })
    }

    fn common(&self) -> Common {
        Common { pool: self.pool, pool_seed: self.pool_seed, ..Common::new(self.normalize) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([32; 2], "cifar10")
    }

    fn check(&self) -> Result<()> {
        let all = Self::TRAIN;
        if let Some(pool) = self.pool {
            ensure!((1..=all).contains(&pool), "`dataset.cifar10.pool` is {pool}; it must be 1 to {all}");
        }
        Ok(())
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Cifar10(self.clone())
    }

    fn for_decoding(&self) -> DatasetSpec {
        DatasetSpec::Cifar10(Self { pool: None, pool_seed: 0, normalize: Normalize::half() })
    }
}
