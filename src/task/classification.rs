//! Classification: each image has one class.

use tch::{Kind, Reduction, Tensor};

use super::{Meter, Metrics, Task, cross_entropy, smoothed_cross_entropy};
use crate::model::Head;
use pt4al_results::spec::{Confidence, ExtraMetric, Uncertainty};

/// Classification with cross-entropy. Its primary metric is accuracy.
#[derive(Clone, Debug)]
pub struct Classification {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The metrics in addition to accuracy and loss.
    pub metrics: Vec<ExtraMetric>,
    /// The outputs that least confidence is computed from.
    pub confidence: Confidence,
    /// The part of each label that all classes share in training, 0 to below 1.
    pub label_smoothing: f64,
}

impl Task for Classification {
    fn head(&self) -> Head {
        Head::Image(self.classes.len())
    }

    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Tensor {
        smoothed_cross_entropy(outputs, targets, Reduction::Mean, self.label_smoothing)
    }

    fn losses(&self, outputs: &Tensor, targets: &Tensor) -> Tensor {
        cross_entropy(outputs, targets, Reduction::None)
    }

    fn uncertainty(&self, outputs: &Tensor, kind: Uncertainty) -> Tensor {
        super::uncertainty(outputs, kind, self.confidence)
    }

    fn meter(&self) -> Box<dyn Meter> {
        let counts = vec![0; self.classes.len()];
        Box::new(Counts { task: self.clone(), images: counts.clone(), correct: counts, in_top_5: 0, loss: 0.0 })
    }
}

/// Counts of a split's images and correct predictions.
struct Counts {
    task: Classification,
    /// The number of images of each class.
    images: Vec<i64>,
    /// The number of correctly predicted images of each class.
    correct: Vec<i64>,
    /// The number of images whose class is among the five most probable ones.
    in_top_5: i64,
    /// The sum of the losses of all images.
    loss: f64,
}

impl Meter for Counts {
    fn add(&mut self, outputs: &Tensor, targets: &Tensor) {
        let n = outputs.size()[0];
        let right = outputs.argmax(-1, false).eq_tensor(targets);
        let classes = self.task.classes.len();
        let (images, correct) = (class_counts(targets, classes), class_counts(&targets.masked_select(&right), classes));
        self.images.iter_mut().zip(images).for_each(|(sum, count)| *sum += count);
        self.correct.iter_mut().zip(correct).for_each(|(sum, count)| *sum += count);
        if self.task.metrics.contains(&ExtraMetric::Top5Accuracy) {
            let (_, five) = outputs.topk(5.min(outputs.size()[1]), -1, true, false);
            self.in_top_5 += five.eq_tensor(&targets.unsqueeze(1)).sum(Kind::Int64).int64_value(&[]);
        }
        self.loss += cross_entropy(outputs, targets, Reduction::Mean).double_value(&[]) * n as f64;
    }

    fn metrics(&self) -> Metrics {
        let images = self.images.iter().sum::<i64>() as f64;
        let share = |count: i64| count as f64 / images;
        // A class without images in the split has no accuracy.
        let each: Vec<(usize, f64)> = (0..self.images.len())
            .filter(|&class| self.images[class] > 0)
            .map(|class| (class, self.correct[class] as f64 / self.images[class] as f64))
            .collect();
        let mut metrics =
            vec![("accuracy".to_owned(), share(self.correct.iter().sum())), ("loss".to_owned(), self.loss / images)];
        for extra in &self.task.metrics {
            match extra {
                ExtraMetric::Top5Accuracy => metrics.push((extra.name().into(), share(self.in_top_5))),
                ExtraMetric::BalancedAccuracy => {
                    let mean = each.iter().map(|e| e.1).sum::<f64>() / each.len() as f64;
                    metrics.push((extra.name().into(), mean));
                }
                ExtraMetric::PerClass => metrics.extend(
                    each.iter().map(|&(class, value)| (format!("accuracy/{}", self.task.classes[class]), value)),
                ),
            }
        }
        metrics
    }
}

/// Returns how often each class occurs in `targets`, int64 `[n]`.
fn class_counts(targets: &Tensor, classes: usize) -> Vec<i64> {
    let counts = targets.bincount::<Tensor>(None, classes as i64);
    counts.try_into().expect("a count for each class")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(classes: usize, metrics: &[ExtraMetric], label_smoothing: f64) -> Classification {
        let classes = (0..classes).map(|class| format!("c{class}")).collect();
        Classification { classes, metrics: metrics.to_vec(), confidence: Confidence::Logits, label_smoothing }
    }

    fn meter(classes: usize, metrics: &[ExtraMetric]) -> Box<dyn Meter> {
        task(classes, metrics, 0.0).meter()
    }

    /// The probabilities are 1/2, 1/4 and 1/4, and the class is the first one. With smoothing 0.3 the label is 0.8, 0.1 and 0.1, so
    /// the loss is 0.8 ln 2 + 0.2 ln 4 = 1.2 ln 2, in place of ln 2. The second image has the probabilities 1/4, 1/2 and 1/4.
    #[test]
    fn label_smoothing_changes_the_loss_in_training_and_no_other_loss() {
        let ln_2 = 2f64.ln();
        let outputs = Tensor::from_slice(&[ln_2, 0.0, 0.0, 0.0, ln_2, 0.0]).reshape([2, 3]);
        let (first, second) = (Tensor::from_slice(&[0i64]), Tensor::from_slice(&[0i64, 0]));
        let loss = |smoothing, images, targets: &Tensor| {
            task(3, &[], smoothing).loss(&outputs.narrow(0, 0, images), targets).double_value(&[]) / ln_2
        };
        assert!((loss(0.0, 1, &first) - 1.0).abs() < 1e-12);
        assert!((loss(0.3, 1, &first) - 1.2).abs() < 1e-12);
        // The second image has 0.8 ln 4 + 0.1 ln 2 + 0.1 ln 4 = 1.9 ln 2.
        assert!((loss(0.3, 2, &second) - (1.2 + 1.9) / 2.0).abs() < 1e-12);
        let (smoothed, plain) = (task(3, &[], 0.3), task(3, &[], 0.0));
        assert_eq!(smoothed.losses(&outputs, &second), plain.losses(&outputs, &second));
        let metrics = |task: Classification| {
            let mut meter = task.meter();
            meter.add(&outputs, &second);
            meter.metrics()
        };
        assert_eq!(metrics(smoothed), metrics(plain));
    }

    #[test]
    fn accuracy_is_over_all_minibatches() {
        let mut meter = meter(2, &[]);
        meter.add(&Tensor::from_slice(&[2f32, 0., 0., 2.]).reshape([2, 2]), &Tensor::from_slice(&[0i64, 0]));
        meter.add(&Tensor::from_slice(&[2f32, 0.]).reshape([1, 2]), &Tensor::from_slice(&[0i64]));
        let metrics = meter.metrics();
        assert_eq!(metrics[0], ("accuracy".to_owned(), 2.0 / 3.0));
        // ln(1 + e^-2) twice and ln(1 + e^2) once.
        let right = (1.0 + (-2f64).exp()).ln();
        assert!((metrics[1].1 - (2.0 * right + right + 2.0) / 3.0).abs() < 1e-6);
    }

    /// Four images of class 0, of which three are right, and one of class 1, which is wrong; class 2 has none.
    #[test]
    fn balanced_accuracy_weights_classes_equally() {
        let mut meter = meter(3, &[ExtraMetric::BalancedAccuracy, ExtraMetric::PerClass]);
        let predict = |classes: &[i64]| Tensor::from_slice(classes).one_hot(3).to_kind(Kind::Float);
        meter.add(&predict(&[0, 0, 0, 1]), &Tensor::from_slice(&[0i64, 0, 0, 0]));
        meter.add(&predict(&[0]), &Tensor::from_slice(&[1i64]));
        let metrics = meter.metrics();
        assert_eq!(metrics[0].1, 0.6);
        let rest: Vec<(&str, f64)> = metrics[2..].iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(rest, [("balanced-accuracy", 0.375), ("accuracy/c0", 0.75), ("accuracy/c1", 0.0)]);
    }

    #[test]
    fn the_sixth_class_is_not_among_the_top_5() {
        let mut meter = meter(6, &[ExtraMetric::Top5Accuracy]);
        let outputs = Tensor::from_slice(&[6f32, 5., 4., 3., 2., 1.]).repeat([2, 1]);
        meter.add(&outputs, &Tensor::from_slice(&[4i64, 5]));
        assert_eq!(meter.metrics()[2], ("top-5-accuracy".to_owned(), 0.5));
    }
}
