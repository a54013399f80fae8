//! What the task model is trained for: its loss, its metrics, and how unsure it is of an image.

mod classification;
mod uncertainty;

use tch::Tensor;

pub use classification::Classification;
pub use uncertainty::uncertainty;

use crate::spec::Uncertainty;

/// A task: everything that depends on what the outputs of the network mean.
pub trait Task {
    /// Outputs of the network's head.
    fn outputs(&self) -> usize;

    /// The mean loss of a minibatch, with its gradient.
    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Tensor;

    /// How unsure the model is of each image, higher for less sure: float `[n]`.
    fn uncertainty(&self, outputs: &Tensor, kind: Uncertainty) -> Tensor;

    /// An empty account of a split's predictions.
    fn meter(&self) -> Box<dyn Meter>;
}

/// Gathers a split's predictions, minibatch by minibatch.
pub trait Meter {
    /// Adds a minibatch.
    fn add(&mut self, outputs: &Tensor, targets: &Tensor);

    /// The metrics by name. The first is the one that selection rules go by; higher is better.
    fn metrics(&self) -> Vec<(&'static str, f64)>;
}
