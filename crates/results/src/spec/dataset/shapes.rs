//! Options of the generated data set.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

use super::{DatasetOptions, DatasetSpec, Normalize};
use crate::spec::rules::check_count;

/// The largest number of generated images in a split. Whether they fit into memory is checked when they are made.
const MOST_IMAGES: usize = 10_000_000;

/// The generated data set: ten classes of small images (`pt4al_data::shapes` describes them).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShapesSpec {
    /// The number of images in the pool, which is the whole train split.
    pub pool: usize,
    /// The number of images in the test split.
    pub test: usize,
    /// Height and width in pixels.
    pub side: usize,
    /// The seed of the images: the same for all trials.
    pub seed: u64,
    /// Mean 0.5 and deviation 0.25 in each channel when absent.
    #[serde(default = "Normalize::half")]
    pub normalize: Normalize,
}

impl DatasetOptions for ShapesSpec {
    fn name(&self) -> &'static str {
        "shapes"
    }

    fn normalize(&self) -> Normalize {
        self.normalize
    }

    fn stored(&self) -> ([usize; 2], &'static str) {
        ([self.side; 2], "`dataset.shapes.side`")
    }

    fn drawn_once(&self) -> Option<String> {
        Some(format!("the generated images (`seed` {})", self.seed))
    }

    fn memory_remedy(&self) -> (String, &'static str) {
        ("`dataset.shapes.pool` and `dataset.shapes.test`".into(), "lower them")
    }

    fn check(&self) -> Result<()> {
        check_count("dataset.shapes.pool", self.pool, MOST_IMAGES)?;
        check_count("dataset.shapes.test", self.test, MOST_IMAGES)?;
        ensure!((12..=64).contains(&self.side), "`dataset.shapes.side` is {}; it must be 12 to 64", self.side);
        Ok(())
    }

    fn without_storage(&self) -> DatasetSpec {
        DatasetSpec::Shapes(self.clone())
    }

    fn for_decoding(&self) -> DatasetSpec {
        DatasetSpec::Shapes(Self { normalize: Normalize::half(), ..self.clone() })
    }
}
