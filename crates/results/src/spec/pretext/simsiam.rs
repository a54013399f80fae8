//! The pretext task SimSiam.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::task::{Passes, TaskOptions};
use super::{LearnerSpec, PretextForward};
use crate::spec::rules::check_count;

/// The most outputs of a layer of the head.
const WIDEST: usize = 8192;

/// Options of `simsiam`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SimSiam {
    /// The number of pairs of views over which the loss of a pool image is averaged, 1 to 1000.
    #[schemars(example = 4)]
    pub views: usize,
    /// The number of outputs of the projection, a multiple of 4 up to 8192.
    ///
    /// Source: 2,048 in the authors' code.
    #[schemars(example = 2048)]
    pub dimension: usize,
    /// The number of outputs of the projector's hidden layer, at most 8192.
    ///
    /// Default: `dimension`.
    ///
    /// Source: the authors' CIFAR-10 experiment has one hidden layer; their code for ImageNet has two, each with as many outputs as
    /// the network has features (2,048).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 2048)]
    pub hidden: Option<usize>,
    /// The number of outputs of the predictor's hidden layer, at most 8192.
    ///
    /// Default: a quarter of `dimension`.
    ///
    /// Source: 512 of 2,048 in the authors' code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 512)]
    pub bottleneck: Option<usize>,
    /// Whether the last batch norm of each residual block starts with a scale of 0, so that the block starts as its shortcut.
    ///
    /// Source: true in the authors' code (`main_simsiam.py`: `zero_init_residual=True`).
    #[serde(default, skip_serializing_if = "crate::spec::is_default")]
    #[schemars(!skip_serializing_if)]
    pub zero_residual: bool,
}

impl TaskOptions for SimSiam {
    fn passes(&self, _forward: PretextForward) -> Passes {
        Passes { training: 2, scoring: 2 * self.views }
    }

    fn normalises_vectors(&self) -> bool {
        true
    }

    fn check(&self, learner: &LearnerSpec, _size: [usize; 2]) -> Result<()> {
        ensure!(
            (1..=1000).contains(&self.views),
            "`pretext.task.simsiam.views` is {}; it is 1 to 1000 pairs",
            self.views
        );
        ensure!(
            (4..=WIDEST).contains(&self.dimension) && self.dimension.is_multiple_of(4),
            "`pretext.task.simsiam.dimension` is {}; it is a multiple of 4 up to {WIDEST} (the predictor has a quarter of it)",
            self.dimension
        );
        for (name, size) in [("hidden", self.hidden), ("bottleneck", self.bottleneck)] {
            if let Some(size) = size {
                check_count(&format!("pretext.task.simsiam.{name}"), size, WIDEST)?;
            }
        }
        ensure!(
            !learner.augment.is_empty(),
            "`pretext.augment` is empty, but simsiam compares randomly changed views of an image; add for instance \
             \"crop-4\" and \"flip\""
        );
        Ok(())
    }
}
