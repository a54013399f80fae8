//! Semantic segmentation: each pixel has a class.

use tch::{Kind, Reduction, Tensor};

use super::{Meter, Metrics, Task};
use crate::model::Head;
use pt4al_data::images::IGNORED;
use pt4al_results::spec::{Confidence, Uncertainty};

/// Semantic segmentation with cross-entropy over pixels. Its primary metric is the mean intersection over union.
#[derive(Clone, Debug)]
pub struct Segmentation {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// The outputs that least confidence is computed from.
    pub confidence: Confidence,
    /// The part of each pixel's label that all classes share in training, 0 to below 1.
    pub label_smoothing: f64,
}

impl Task for Segmentation {
    fn head(&self) -> Head {
        Head::Pixel(self.classes.len())
    }

    /// The mean over all pixels of the minibatch that have a class (as in fyu/drn's `segment.py`).
    fn loss(&self, outputs: &Tensor, targets: &Tensor) -> Tensor {
        let (sum, pixels) = cross_entropy(outputs, targets, self.label_smoothing);
        // If no pixel has a class, there is nothing to learn and the loss is 0.
        sum / pixels.clamp_min(1.0)
    }

    /// The loss of an image is the mean over its pixels that have a class, and 0 if none has.
    fn losses(&self, outputs: &Tensor, targets: &Tensor) -> Tensor {
        let targets = targets.to_kind(Kind::Int64);
        let ignored = i64::from(IGNORED);
        let pixel_losses = outputs.cross_entropy_loss::<Tensor>(&targets, None, Reduction::None, ignored, 0.0);
        let sum = |pixels: &Tensor| pixels.sum_dim_intlist([1i64, 2].as_slice(), false, outputs.kind());
        sum(&pixel_losses) / sum(&targets.not_equal(ignored)).clamp_min(1.0)
    }

    /// The uncertainty of an image is the mean over all its pixels. Pixels without a class count too, because only the label says
    /// which they are.
    fn uncertainty(&self, outputs: &Tensor, kind: Uncertainty) -> Tensor {
        super::uncertainty(&outputs.permute([0, 2, 3, 1]), kind, self.confidence).mean_dim(
            [1i64, 2].as_slice(),
            false,
            None,
        )
    }

    fn meter(&self) -> Box<dyn Meter> {
        let k = self.classes.len();
        Box::new(Confusion { classes: self.classes.clone(), pixels: vec![0; k * k], loss: 0.0 })
    }
}

/// Returns the sum of the losses of all pixels that have a class, and the number of these pixels, `[]` each. All classes share the
/// part `smoothing` of each label equally.
fn cross_entropy(outputs: &Tensor, targets: &Tensor, smoothing: f64) -> (Tensor, Tensor) {
    let targets = targets.to_kind(Kind::Int64);
    let ignored = i64::from(IGNORED);
    let sum = outputs.cross_entropy_loss::<Tensor>(&targets, None, Reduction::Sum, ignored, smoothing);
    (sum, targets.not_equal(ignored).sum(outputs.kind()))
}

/// The confusion matrix of a split's pixels.
struct Confusion {
    classes: Vec<String>,
    /// The number of pixels by class and predicted class, `[class, predicted class]` row by row.
    pixels: Vec<i64>,
    /// The sum of the losses of all pixels that have a class.
    loss: f64,
}

impl Meter for Confusion {
    fn add(&mut self, outputs: &Tensor, targets: &Tensor) {
        let k = self.classes.len() as i64;
        let truth = targets.to_kind(Kind::Int64);
        let known = truth.not_equal(i64::from(IGNORED));
        let cells = (&truth * k + outputs.argmax(1, false)).masked_select(&known);
        let counts: Vec<i64> = cells.bincount::<Tensor>(None, k * k).try_into().expect("a count for each cell");
        self.pixels.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        self.loss += cross_entropy(outputs, targets, 0.0).0.double_value(&[]);
    }

    /// The metrics are `miou`, `pixel-accuracy`, `loss`, and `iou/<class>` for every class that occurs in the split. A class that
    /// does not occur has no row and is not in the mean. (Predicting it still lowers the values of the pixels' true classes.)
    fn metrics(&self) -> Metrics {
        let k = self.classes.len();
        let cell = |class: usize, predicted: usize| self.pixels[class * k + predicted] as f64;
        let sum = |cells: &dyn Fn(usize) -> f64| (0..k).map(cells).sum::<f64>();
        let each: Vec<(usize, f64)> = (0..k)
            .filter_map(|class| {
                let (truth, predicted) = (sum(&|p| cell(class, p)), sum(&|t| cell(t, class)));
                let union = truth + predicted - cell(class, class);
                (truth > 0.0).then(|| (class, cell(class, class) / union))
            })
            .collect();
        let pixels = self.pixels.iter().sum::<i64>() as f64;
        let mean = each.iter().map(|e| e.1).sum::<f64>() / each.len() as f64;
        let mut metrics = vec![
            ("miou".to_owned(), mean),
            ("pixel-accuracy".to_owned(), sum(&|class| cell(class, class)) / pixels),
            ("loss".to_owned(), self.loss / pixels),
        ];
        metrics.extend(each.iter().map(|&(class, iou)| (format!("iou/{}", self.classes[class]), iou)));
        metrics
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(k: usize) -> Segmentation {
        Segmentation {
            classes: (0..k).map(|class| format!("c{class}")).collect(),
            confidence: pt4al_results::spec::Confidence::Logits,
            label_smoothing: 0.0,
        }
    }

    /// Returns outputs `[1, k, 1, pixels]` that predict the given classes.
    fn outputs(k: i64, predicted: &[i64]) -> Tensor {
        let hot = Tensor::from_slice(predicted).one_hot(k).to_kind(Kind::Float) * 4.0;
        hot.transpose(0, 1).unsqueeze(0).unsqueeze(2)
    }

    fn targets(classes: &[u8]) -> Tensor {
        Tensor::from_slice(classes).reshape([1, 1, -1])
    }

    /// Worked by hand: class 0 has 3 pixels, of which 2 are correct and 1 is predicted as class 1; class 1 has 1 pixel, which is
    /// correct; class 2 does not occur, but is predicted for a pixel of class 3; the ignored pixel does not count.
    #[test]
    fn miou_is_over_the_classes_that_occur() {
        let mut meter = task(4).meter();
        meter.add(&outputs(4, &[0, 0, 1, 1]), &targets(&[0, 0, 0, 1]));
        meter.add(&outputs(4, &[2, 3, 0]), &targets(&[3, 3, IGNORED]));
        let metrics = meter.metrics();
        let want = [2.0 / 3.0, 0.5, 0.5];
        assert_eq!(metrics[0], ("miou".to_owned(), want.iter().sum::<f64>() / 3.0));
        assert_eq!(metrics[1], ("pixel-accuracy".to_owned(), 4.0 / 6.0));
        let classes: Vec<(&str, f64)> = metrics[3..].iter().map(|(name, value)| (name.as_str(), *value)).collect();
        assert_eq!(classes, [("iou/c0", want[0]), ("iou/c1", want[1]), ("iou/c3", want[2])]);
    }

    #[test]
    fn ignored_pixels_add_nothing_to_the_loss() {
        let task = task(2);
        let right = (1.0 + (-4f64).exp()).ln();
        let loss = task.loss(&outputs(2, &[0, 1, 1]), &targets(&[0, IGNORED, 0])).double_value(&[]);
        assert!((loss - (right + right + 4.0) / 2.0).abs() < 1e-5, "{loss}");
        assert_eq!(task.loss(&outputs(2, &[0]), &targets(&[IGNORED])).double_value(&[]), 0.0);
    }

    /// The probabilities of the first pixel are 1/2, 1/4 and 1/4, and those of the second, which is ignored, are equal. With smoothing
    /// 0.3 the first pixel's label is 0.8, 0.1 and 0.1, so the loss is 0.8 ln 2 + 0.2 ln 4 = 1.2 ln 2.
    #[test]
    fn label_smoothing_leaves_ignored_pixels_out_and_changes_no_loss_but_that_of_training() {
        let ln_2 = 2f64.ln();
        let outputs = Tensor::from_slice(&[ln_2, 0.0, 0.0, 0.0, 0.0, 0.0]).reshape([1, 3, 1, 2]);
        let (smoothed, targets) = (Segmentation { label_smoothing: 0.3, ..task(3) }, targets(&[0, IGNORED]));
        assert!((smoothed.loss(&outputs, &targets).double_value(&[]) / ln_2 - 1.2).abs() < 1e-12);
        assert!((smoothed.losses(&outputs, &targets).double_value(&[0]) / ln_2 - 1.0).abs() < 1e-12);
        let mut meter = smoothed.meter();
        meter.add(&outputs, &targets);
        assert!((meter.metrics()[2].1 / ln_2 - 1.0).abs() < 1e-12);
    }

    /// Two pixels: one with equal probabilities, one with a sure prediction.
    #[test]
    fn uncertainty_is_the_mean_over_pixels() {
        let outputs = Tensor::from_slice(&[0f32, 50., 0., 0.]).reshape([1, 2, 1, 2]);
        let uncertainty = |kind| task(2).uncertainty(&outputs, kind).double_value(&[0]);
        assert!((uncertainty(Uncertainty::Entropy) - 2f64.ln() / 2.0).abs() < 1e-6);
        assert!((uncertainty(Uncertainty::LeastConfidence) - 0.25).abs() < 1e-6);
        assert!((uncertainty(Uncertainty::Margin) - 0.5).abs() < 1e-6);
    }
}
