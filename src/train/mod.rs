//! Training of a network, and prediction with it.

pub(crate) mod checkpoint;
mod fit;
mod optimizer;
mod predict;
pub mod speed;
mod steps;

pub use fit::{Begun, Epoch, Fit, Learner, Step};
pub use optimizer::Optimizer;
pub(crate) use predict::minibatches;
pub use predict::{evaluate, infer};
pub(crate) use steps::Steps;
