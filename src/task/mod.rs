//! What the task model is trained for: its loss, its metrics, and how unsure it is of an image.

mod classification;
mod segmentation;
mod uncertainty;

use tch::Tensor;

pub use classification::Classification;
pub use segmentation::Segmentation;
pub use uncertainty::uncertainty;

use crate::model::Head;
use crate::spec::{Spec, TaskKind, Uncertainty};

/// A task: everything that depends on what the outputs of the network mean.
pub trait Task {
    /// What the network answers for an image.
    fn head(&self) -> Head;

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
    fn metrics(&self) -> Metrics;
}

/// Metrics by name, as in the records.
pub type Metrics = Vec<(String, f64)>;

/// The task of a spec, for a data set with these classes.
pub fn task(spec: &Spec, classes: &[String]) -> Box<dyn Task> {
    match spec.dataset.task() {
        TaskKind::Classification => {
            Box::new(Classification { classes: classes.to_vec(), metrics: spec.metrics.clone() })
        }
        TaskKind::Segmentation => Box::new(Segmentation { classes: classes.to_vec() }),
    }
}
