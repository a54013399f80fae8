//! One class for each image.

use tch::{Kind, Tensor};

use super::{Meter, Task};
use crate::spec::Uncertainty;

/// Classification with cross-entropy, measured by accuracy.
#[derive(Clone, Copy, Debug)]
pub struct Classification {
    pub classes: usize,
}

impl Task for Classification {
    fn outputs(&self) -> usize {
        self.classes
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Tensor {
        outputs.cross_entropy_for_logits(targets)
    }

    fn uncertainty(&self, outputs: &Tensor, kind: Uncertainty) -> Tensor {
        super::uncertainty(&outputs.log_softmax(-1, Kind::Float), kind)
    }

    fn meter(&self) -> Box<dyn Meter> {
        Box::<Accuracy>::default()
    }
}

#[derive(Default)]
struct Accuracy {
    images: i64,
    correct: i64,
    loss: f64,
}

impl Meter for Accuracy {
    fn add(&mut self, outputs: &Tensor, targets: &Tensor) {
        let n = outputs.size()[0];
        self.images += n;
        self.correct += outputs.argmax(-1, false).eq_tensor(targets).sum(Kind::Int64).int64_value(&[]);
        self.loss += outputs.cross_entropy_for_logits(targets).double_value(&[]) * n as f64;
    }

    fn metrics(&self) -> Vec<(&'static str, f64)> {
        let images = self.images as f64;
        vec![("accuracy", self.correct as f64 / images), ("loss", self.loss / images)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_is_over_all_minibatches() {
        let mut meter = Classification { classes: 2 }.meter();
        meter.add(&Tensor::from_slice(&[2f32, 0., 0., 2.]).reshape([2, 2]), &Tensor::from_slice(&[0i64, 0]));
        meter.add(&Tensor::from_slice(&[2f32, 0.]).reshape([1, 2]), &Tensor::from_slice(&[0i64]));
        let metrics = meter.metrics();
        assert_eq!(metrics[0], ("accuracy", 2.0 / 3.0));
        // ln(1 + e^-2) twice and ln(1 + e^2) once.
        let right = (1.0 + (-2f64).exp()).ln();
        assert!((metrics[1].1 - (2.0 * right + right + 2.0) / 3.0).abs() < 1e-6);
    }
}
