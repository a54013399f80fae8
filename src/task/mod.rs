//! Tasks of the task model: its loss, its metrics, and its uncertainty of an image.

mod classification;
mod segmentation;
mod uncertainty;

use tch::{Reduction, Tensor};

pub use classification::Classification;
pub use segmentation::Segmentation;
pub use uncertainty::uncertainty;

use crate::model::Head;
use pt4al_results::spec::{Spec, TaskKind, Uncertainty};

/// A task. It has everything that depends on the meaning of the network's outputs.
///
/// Shapes of `outputs` are those of the [`Head`]; `targets` are those of a [`Minibatch`](crate::dataset::Minibatch).
pub trait Task {
    /// Returns the kind of outputs that the network needs.
    fn head(&self) -> Head;

    /// Returns the mean loss of a minibatch in training, a scalar with its gradient. Labels are smoothed, if the spec says so.
    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Tensor;

    /// Returns the loss of each image, float `[n]`. Labels are not smoothed, as in the losses that meters give.
    fn losses(&self, outputs: &Tensor, targets: &Tensor) -> Tensor;

    /// Returns how unsure the model is of each image, float `[n]`, higher for less sure.
    fn uncertainty(&self, outputs: &Tensor, kind: Uncertainty) -> Tensor;

    /// Returns a meter without predictions.
    fn meter(&self) -> Box<dyn Meter>;
}

/// Computes metrics over a split from its predictions, minibatch by minibatch.
pub trait Meter {
    /// Adds the predictions of a minibatch.
    fn add(&mut self, outputs: &Tensor, targets: &Tensor);

    /// Returns the metrics over all minibatches. The first is the primary metric, by which selection rules choose epochs; higher
    /// is better.
    fn metrics(&self) -> Metrics;
}

/// Names and values of metrics, as in the records.
pub type Metrics = Vec<(String, f64)>;

/// Returns the cross-entropy of outputs `[n, classes]` and classes, int64 `[n]`, in the kind of the outputs. (tch's
/// `cross_entropy_for_logits` computes in single precision.)
pub(crate) fn cross_entropy(outputs: &Tensor, classes: &Tensor, reduction: Reduction) -> Tensor {
    smoothed_cross_entropy(outputs, classes, reduction, 0.0)
}

/// Returns the cross-entropy, as [`cross_entropy`] does, of labels of which all classes share the part `smoothing` equally
/// (PyTorch's `CrossEntropyLoss(label_smoothing)`).
fn smoothed_cross_entropy(outputs: &Tensor, classes: &Tensor, reduction: Reduction, smoothing: f64) -> Tensor {
    outputs.cross_entropy_loss::<Tensor>(classes, None, reduction, -100, smoothing)
}

/// Returns the task of a spec for a data set with the names of its classes ([`Data::classes`](crate::dataset::Data)).
pub fn task(spec: &Spec, classes: &[String]) -> Box<dyn Task> {
    match spec.dataset.task() {
        TaskKind::Classification => Box::new(Classification {
            classes: classes.to_vec(),
            metrics: spec.metrics.clone(),
            confidence: spec.confidence,
            label_smoothing: spec.train.label_smoothing,
        }),
        TaskKind::Segmentation => Box::new(Segmentation {
            classes: classes.to_vec(),
            confidence: spec.confidence,
            label_smoothing: spec.train.label_smoothing,
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tch::{Device, Kind};

    use super::*;
    use pt4al_results::spec::{Labeled, Source, load};

    /// Each case has the number of rows of a round without the epoch's row, if all classes occur in the test split.
    #[test]
    fn the_spec_counts_as_many_rows_of_a_round_as_there_are_metrics() {
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
