//! The uncertainty of a distribution over classes.

use tch::Tensor;

use pt4al_results::spec::{Confidence, Uncertainty};

/// Returns the uncertainty of a network's outputs `[..., classes]`, float `[...]`, higher for less sure. The units are those of
/// [`Uncertainty`]. `confidence` says from which outputs least confidence is computed; the other kinds do not use it.
pub fn uncertainty(outputs: &Tensor, kind: Uncertainty, confidence: Confidence) -> Tensor {
    let scaled = kind == Uncertainty::LeastConfidence && confidence == Confidence::NormalizedLogits;
    let outputs = if scaled {
        // As in torch's normalize(), which the official code calls.
        let length = outputs.norm_scalaropt_dim(2.0, [-1i64].as_slice(), true).clamp_min(1e-12);
        outputs / length
    } else {
        outputs.shallow_clone()
    };
    of_distribution(&outputs.log_softmax(-1, None), kind)
}

/// Returns the uncertainty of log probabilities `[..., classes]`, float `[...]`.
fn of_distribution(log_probabilities: &Tensor, kind: Uncertainty) -> Tensor {
    let probabilities = log_probabilities.exp();
    match kind {
        Uncertainty::LeastConfidence => 1.0 - probabilities.amax([-1i64].as_slice(), false),
        // If p is 0, log p is -inf; clamped, such a class adds 0.
        Uncertainty::Entropy => {
            -(&probabilities * log_probabilities.clamp_min(-1e4)).sum_dim_intlist([-1i64].as_slice(), false, None)
        }
        Uncertainty::Margin => {
            let classes = *probabilities.size().last().expect("a dimension of classes");
            let (two, _) = probabilities.topk(2.min(classes), -1, true, true);
            let second = if classes > 1 { two.select(-1, 1) } else { two.select(-1, 0).zeros_like() };
            1.0 - (two.select(-1, 0) - second)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uncertainty_of(probabilities: &[f32], kind: Uncertainty) -> f64 {
        let log = Tensor::from_slice(probabilities).unsqueeze(0).log();
        of_distribution(&log, kind).double_value(&[0])
    }

    #[test]
    fn values_worked_by_hand() {
        let p = [0.5, 0.3, 0.2, 0.0];
        assert!((uncertainty_of(&p, Uncertainty::LeastConfidence) - 0.5).abs() < 1e-6);
        assert!((uncertainty_of(&p, Uncertainty::Margin) - 0.8).abs() < 1e-6);
        assert!((uncertainty_of(&p, Uncertainty::Entropy) - 1.029_653).abs() < 1e-5);
        assert_eq!(uncertainty_of(&[1.0, 0.0], Uncertainty::Entropy), 0.0);
    }

    /// Departure: confidence on normalised logits. Image 0 has the outputs 8, 6 and image 1 has 1, 0. The softmax is surer of
    /// image 0 (0.88 against 0.73). Scaled to the length 1 (0.8, 0.6 and 1, 0), it is surer of image 1 (0.55 against 0.73).
    #[test]
    fn confidence_on_normalised_logits_ranks_images_differently() {
        let outputs = Tensor::from_slice(&[8f32, 6., 1., 0.]).reshape([2, 2]);
        let scores = |kind, confidence| -> Vec<f32> { uncertainty(&outputs, kind, confidence).try_into().unwrap() };
        let near = |got: &[f32], want: [f32; 2]| got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-5);
        assert!(near(&scores(Uncertainty::LeastConfidence, Confidence::Logits), [0.119_203, 0.268_941]));
        assert!(near(&scores(Uncertainty::LeastConfidence, Confidence::NormalizedLogits), [0.450_166, 0.268_941]));
        // The official code's get_plabels3 does not scale.
        for kind in [Uncertainty::Entropy, Uncertainty::Margin] {
            assert_eq!(scores(kind, Confidence::Logits), scores(kind, Confidence::NormalizedLogits));
        }
    }
}
