//! What the task model is trained for: its loss, its metrics, and how unsure it is of an image.

mod classification;
mod segmentation;
mod uncertainty;

use tch::{Reduction, Tensor};

pub use classification::Classification;
pub use segmentation::Segmentation;
pub use uncertainty::uncertainty;

use crate::model::Head;
use pt4al_results::spec::{Spec, TaskKind, Uncertainty};

/// A task: everything that depends on what the outputs of the network mean.
pub trait Task {
    /// What the network answers for an image.
    fn head(&self) -> Head;

    /// The mean loss of a minibatch, with its gradient.
    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Tensor;

    /// The loss of each image: float `[n]`.
    fn losses(&self, outputs: &Tensor, targets: &Tensor) -> Tensor;

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

/// The cross-entropy of outputs `[n, classes]` and classes, int64 `[n]`, in the kind of the outputs. (tch's own
/// `cross_entropy_for_logits` goes through single precision.)
pub(crate) fn cross_entropy(outputs: &Tensor, classes: &Tensor, reduction: Reduction) -> Tensor {
    outputs.cross_entropy_loss::<Tensor>(classes, None, reduction, -100, 0.0)
}

/// The task of a spec, for a data set with these classes.
pub fn task(spec: &Spec, classes: &[String]) -> Box<dyn Task> {
    match spec.dataset.task() {
        TaskKind::Classification => Box::new(Classification {
            classes: classes.to_vec(),
            metrics: spec.metrics.clone(),
            confidence: spec.confidence,
        }),
        TaskKind::Segmentation => Box::new(Segmentation { classes: classes.to_vec(), confidence: spec.confidence }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tch::{Device, Kind};

    use super::*;
    use pt4al_results::spec::{Labeled, Source, load};

    /// The rows of a round, beside the epoch, where all of so many classes occur in the test split.
    #[test]
    fn what_is_measured_is_what_the_spec_counts() {
        let every = "metrics=['top-5-accuracy', 'balanced-accuracy', 'per-class']";
        for (experiment, set, classes, rows) in [
            ("demo", "metrics=[]", 10, 2),
            ("demo", "metrics=['balanced-accuracy']", 10, 3),
            ("demo", "metrics=['per-class']", 10, 12),
            ("demo", every, 7, 11),
            ("cityscapes", "seeds=[0]", 19, 22),
        ] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("experiments/{experiment}.toml"));
            let spec = load(&Source { path, sets: vec![set.into()], ..Source::default() }).unwrap();
            let names: Vec<String> = (0..classes).map(|class| format!("c{class}")).collect();
            let k = classes as i64;
            let each = Tensor::arange(k, (Kind::Int64, Device::Cpu));
            // One image of each class, or one image with a pixel of each.
            let (size, targets) = match spec.dataset.task().labels() {
                Labeled::Images => (vec![k, k], each),
                Labeled::Pixels => (vec![1, k, 1, k], each.reshape([1, 1, k]).to_kind(Kind::Uint8)),
            };
            let mut meter = task(&spec, &names).meter();
            meter.add(&Tensor::zeros(size.as_slice(), (Kind::Float, Device::Cpu)), &targets);
            assert_eq!(meter.metrics().len(), rows, "{experiment}, {set}");
            assert_eq!(spec.rows_of_a_round(classes), rows + 1, "{experiment}, {set}");
        }
    }
}
