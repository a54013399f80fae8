//! Options of CIFAR-100.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Normalize, Original};

/// CIFAR-100 in its official binary format: 50,000 + 10,000 images of 32x32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Cifar100Spec {
    /// Which of the two labels of an image is its class.
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    pub labels: Cifar100Labels,
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
    /// Source: the means and deviations of the training images, rounded, as most code for CIFAR-100 has them.
    #[serde(default = "Normalize::cifar100")]
    pub normalize: Normalize,
}

/// The two labels that each image of CIFAR-100 has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cifar100Labels {
    /// The 100 classes.
    #[default]
    Fine,
    /// The 20 groups of five classes each ("superclasses").
    Coarse,
}

impl Cifar100Spec {
    /// The number of images in the official train split.
    pub const TRAIN: usize = 50_000;
}

impl DatasetOptions for Cifar100Spec {
    fn name(&self) -> &'static str {
        "cifar100"
    }

    fn original(&self) -> Option<Original> {
        let classes = match self.labels {
            Cifar100Labels::Fine => 100,
            Cifar100Labels::Coarse => 20,
        };
        Some(Original { name: "CIFAR-100", classes, test: Some(10_000) })
    }

    fn common(&self) -> Common {
        Common { pool: self.pool, pool_seed: self.pool_seed, ..Common::new(self.normalize) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([32; 2], "cifar100")
    }

    fn check(&self) -> Result<()> {
        let all = Self::TRAIN;
        if let Some(pool) = self.pool {
            ensure!((1..=all).contains(&pool), "`dataset.cifar100.pool` is {pool}; it must be 1 to {all}");
        }
        Ok(())
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Cifar100(self.clone())
    }

    fn for_decoding(&self) -> DatasetSpec {
        DatasetSpec::Cifar100(Self { pool: None, pool_seed: 0, normalize: Normalize::half(), ..self.clone() })
    }
}
