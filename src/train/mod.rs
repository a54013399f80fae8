//! Training of a network, and prediction with it.

mod fit;
mod predict;
mod sgd;
pub mod speed;
mod steps;

pub use fit::{Epoch, Fit, Learner, Step};
pub(crate) use predict::minibatches;
pub use predict::{evaluate, infer};
pub use sgd::Sgd;
pub(crate) use steps::Steps;
