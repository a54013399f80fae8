//! Uncertainty of a distribution over classes.

use tch::{Kind, Tensor};

use crate::spec::Uncertainty;

/// Uncertainty of `[..., classes]` log probabilities: float `[...]`, higher for less sure.
pub fn uncertainty(log_probabilities: &Tensor, kind: Uncertainty) -> Tensor {
    let probabilities = log_probabilities.exp();
    match kind {
        Uncertainty::LeastConfidence => 1.0 - probabilities.amax([-1i64].as_slice(), false),
        // Where p is 0, log p is -inf; such a class adds nothing.
        Uncertainty::Entropy => -(&probabilities * log_probabilities.clamp_min(-1e4)).sum_dim_intlist(
            [-1i64].as_slice(),
            false,
            Kind::Float,
        ),
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

    fn of(probabilities: &[f32], kind: Uncertainty) -> f64 {
        let log = Tensor::from_slice(probabilities).unsqueeze(0).log();
        uncertainty(&log, kind).double_value(&[0])
    }

    #[test]
    fn hand_worked_values() {
        let p = [0.5, 0.3, 0.2, 0.0];
        assert!((of(&p, Uncertainty::LeastConfidence) - 0.5).abs() < 1e-6);
        assert!((of(&p, Uncertainty::Margin) - 0.8).abs() < 1e-6);
        assert!((of(&p, Uncertainty::Entropy) - 1.029_653).abs() < 1e-5);
        assert_eq!(of(&[1.0, 0.0], Uncertainty::Entropy), 0.0);
    }
}
