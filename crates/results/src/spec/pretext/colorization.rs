//! The pretext task colorization.

use super::PretextForward;
use super::task::{Passes, TaskOptions};

pub(super) struct Colorization;

impl TaskOptions for Colorization {
    fn passes(&self, _forward: PretextForward) -> Passes {
        Passes { training: 1, scoring: 1 }
    }
}
