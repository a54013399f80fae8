//! The pretext task rotation.

use super::PretextForward;
use super::task::{Passes, Seen, TaskOptions};

/// The rotations 0, 90, 180 and 270 degrees.
const TURNS: usize = 4;

pub(super) struct Rotation;

impl TaskOptions for Rotation {
    fn passes(&self, forward: PretextForward) -> Passes {
        let training = if forward == PretextForward::OneRotation { 1 } else { TURNS };
        Passes { training, scoring: TURNS }
    }

    fn seen(&self) -> Seen {
        Seen::Square
    }

    fn passes_together(&self, forward: PretextForward) -> bool {
        forward == PretextForward::Together
    }
}
