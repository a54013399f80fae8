//! Options of the generated data set.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Common, DatasetOptions, DatasetSpec, Normalize, Original};
use crate::spec::rules::check_count;

/// The largest number of generated images in a split. Whether they fit into memory is checked when they are made.
const MOST_IMAGES: usize = 10_000_000;

/// A generated data set: ten classes of small images, for demonstrations and tests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ShapesSpec {
    /// The number of images in the pool, which is the whole train split; at most 10,000,000.
    #[schemars(example = 2000)]
    pub pool: usize,
    /// The number of images in the test split, at most 10,000,000.
    #[schemars(example = 1000)]
    pub test: usize,
    /// Height and width of the images in pixels, 12 to 64.
    #[schemars(example = 16)]
    pub side: usize,
    /// The seed of the images; the same for all trials.
    #[schemars(example = 0)]
    pub seed: u64,
    /// The normalisation of the images.
    #[serde(default = "Normalize::half")]
    pub normalize: Normalize,
}

impl DatasetOptions for ShapesSpec {
    fn name(&self) -> &'static str {
        "shapes"
    }

    fn original(&self) -> Option<Original> {
        None
    }

    fn is_generated(&self) -> bool {
        true
    }

    fn common(&self) -> Common {
        Common::new(self.normalize)
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

    fn hashed(&self) -> DatasetSpec {
        DatasetSpec::Shapes(self.clone())
    }

    fn for_decoding(&self) -> DatasetSpec {
        DatasetSpec::Shapes(Self { normalize: Normalize::half(), ..self.clone() })
    }
}
