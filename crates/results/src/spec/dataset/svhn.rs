//! Options of SVHN.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Normalize, Original, check_pool};

/// SVHN, the cropped digits (Netzer et al., 2011): `train_32x32.mat` and `test_32x32.mat`, 73,257 + 26,032 images of
/// 32x32.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SvhnSpec {
    /// Whether the images of `extra_32x32.mat` follow those of the train split: 531,131 more images, which are easier.
    /// They take 1.6 GB of memory in each process, and more than twice that while they are read.
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    pub extra: bool,
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
    /// Source: the means and deviations of the training images, rounded, as most code for SVHN has them.
    #[serde(default = "Normalize::svhn")]
    pub normalize: Normalize,
}

impl SvhnSpec {
    /// The number of images in the official train split.
    pub const TRAIN: usize = 73_257;
    /// The number of images that `extra` adds to it.
    pub const EXTRA: usize = 531_131;
    /// The number of images in the official test split.
    pub const TEST: usize = 26_032;

    /// Returns the number of images in the train split that these options name.
    pub fn train(&self) -> usize {
        Self::TRAIN + if self.extra { Self::EXTRA } else { 0 }
    }
}

impl DatasetOptions for SvhnSpec {
    fn name(&self) -> &'static str {
        "svhn"
    }

    fn original(&self) -> Option<Original> {
        Some(Original { name: "SVHN", classes: 10, test: Some(Self::TEST) })
    }

    fn common(&self) -> Common {
        Common { pool: self.pool, pool_seed: self.pool_seed, ..Common::new(self.normalize) }
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([32; 2], "svhn")
    }

    fn check(&self) -> Result<()> {
        check_pool(self.name(), self.pool)?;
        if let Some(pool) = self.pool {
            let all = self.train();
            ensure!(pool <= all, "`dataset.svhn.pool` is {pool}; it must be 1 to {all}");
        }
        Ok(())
    }

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Svhn(self.clone())
    }

    fn for_decoding(&self) -> DatasetSpec {
        DatasetSpec::Svhn(Self { pool: None, pool_seed: 0, normalize: Normalize::half(), ..self.clone() })
    }
}
