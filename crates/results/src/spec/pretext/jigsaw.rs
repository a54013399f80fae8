//! The pretext task jigsaw.

use anyhow::{Result, ensure};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::task::{Passes, Seen, TaskOptions};
use super::{LearnerSpec, PretextForward};

/// Options of `jigsaw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Jigsaw {
    /// The number of tiles in a row and in a column: 2 or 3.
    #[schemars(example = 2)]
    pub grid: usize,
    /// The number of permutations, chosen so that they differ in as many tiles as possible: 2 to 24 for a grid of 2 (24 are all of
    /// them), 2 to 1000 for a grid of 3.
    #[schemars(example = 24)]
    pub permutations: usize,
}

impl TaskOptions for Jigsaw {
    /// A training step uses one permutation of an image, the loss all of them.
    fn passes(&self, _forward: PretextForward) -> Passes {
        Passes { training: 1, scoring: self.permutations }
    }

    fn seen(&self) -> Seen {
        Seen::Tiles(self.grid)
    }

    fn check(&self, _learner: &LearnerSpec, [height, width]: [usize; 2]) -> Result<()> {
        let Self { grid, permutations } = *self;
        ensure!(matches!(grid, 2 | 3), "`pretext.task.jigsaw.grid` is {grid}; it is 2 or 3 tiles in a row");
        // 4 tiles have 24 permutations; for 9 tiles the field uses at most 1000.
        let most = if grid == 2 { 24 } else { 1000 };
        ensure!(
            (2..=most).contains(&permutations),
            "`pretext.task.jigsaw.permutations` is {permutations}; with a grid of {grid} it is 2 to {most}"
        );
        ensure!(
            height.min(width) >= grid,
            "`pretext.task.jigsaw.grid` is {grid}, but images are {height} x {width}; lower it"
        );
        Ok(())
    }
}
