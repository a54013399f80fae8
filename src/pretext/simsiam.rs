//! SimSiam (Chen and He, CVPR 2021): from one view of an image, a network predicts the projection of another view. The paper
//! studied this task; its implementation is not known. This code assumes that the loss of an image is SimSiam's own loss,
//! averaged over pairs of views.

use tch::{Kind, Tensor};

use super::task::{Pretext, Scores};
use crate::dataset::Input;
use crate::model::{Head, Network, SiameseSizes};
use pt4al_results::spec;

/// Predicts the projection of one view of an image from another view.
pub(super) struct SimSiam {
    pub options: spec::SimSiam,
}

/// The projections and predictions of a view of a minibatch, float `[n, k]` each.
struct ViewOutputs {
    projection: Tensor,
    prediction: Tensor,
}

impl SimSiam {
    /// Returns the outputs for two views. Each view is a forward pass of its own, as in the authors' code.
    fn outputs(network: &Network, views: &[Tensor], input: &Input, train: bool) -> [ViewOutputs; 2] {
        [0, 1].map(|view: usize| {
            let outputs = network.forward(&input.prepare(&views[view]), train);
            ViewOutputs { projection: outputs.select(1, 0), prediction: outputs.select(1, 1) }
        })
    }
}

/// Returns the loss of each image, float `[n]`, from -1 to 1: the negative cosine between the prediction from one view and the
/// projection of the other, averaged over both directions. No gradient flows through projections.
fn negative_cosine([a, b]: &[ViewOutputs; 2]) -> Tensor {
    (cosine(a, b) + cosine(b, a)) / -2.0
}

/// Returns the cosine between the predictions from one view and the projections of another, float `[n]`.
fn cosine(from: &ViewOutputs, to: &ViewOutputs) -> Tensor {
    Tensor::cosine_similarity(&from.prediction, &to.projection.detach(), 1, 1e-8)
}

impl Pretext for SimSiam {
    fn head(&self) -> Head {
        let spec::SimSiam { dimension, hidden, bottleneck, .. } = self.options;
        Head::Siamese(SiameseSizes {
            outputs: dimension,
            hidden: hidden.unwrap_or(dimension),
            bottleneck: bottleneck.unwrap_or(dimension / 4),
        })
    }

    fn zero_residuals(&self) -> bool {
        self.options.zero_residual
    }

    fn views(&self) -> usize {
        2
    }

    fn scorings(&self) -> usize {
        self.options.views
    }

    fn loss(&self, network: &Network, views: &[Tensor], input: &Input, _: &Tensor) -> Tensor {
        negative_cosine(&Self::outputs(network, views, input, true)).mean(None)
    }

    /// An image counts as right by (1 - loss) / 2, from 0 to 1, so the learner with the lowest loss on the pool is the best. A
    /// collapsed learner, whose outputs are the same for all images, also has a low loss: the spread of projections shows it.
    fn score(&self, network: &Network, views: &[Tensor], input: &Input) -> Scores {
        let outputs = Self::outputs(network, views, input, false);
        let losses = negative_cosine(&outputs);
        let total = losses.size()[0] as f64;
        let right = (total - losses.sum(Kind::Double).double_value(&[])) / 2.0;
        let projection = &outputs[0].projection;
        let unit = projection / projection.norm_scalaropt_dim(2.0, [1i64].as_slice(), true).clamp_min(1e-12);
        Scores { losses, right, total, projected: Some(unit.sum_dim_intlist(0, false, None)) }
    }

    fn quality(&self) -> &'static str {
        "of agreement between views"
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use pt4al_results::seed::Purpose;
    use pt4al_results::spec::{Arch, ModelSpec, Normalize, Optimizer, Precision, Sgd, Stem};

    const TASK: SimSiam = SimSiam {
        options: spec::SimSiam { views: 1, dimension: 16, hidden: None, bottleneck: None, zero_residual: false },
    };

    fn input() -> Input {
        Input::new(&Normalize { mean: [0.5; 3], std: [0.25; 3] }, None, Device::Cpu)
    }

    fn network() -> Network {
        let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, 4);
        let mut network = Network::new(&spec, TASK.head(), [32, 32], Device::Cpu).unwrap();
        network.initialise(0, Purpose::PretextWeights, 0);
        network
    }

    /// Two views of 12 images: the picture, and the picture moved by one pixel.
    fn views() -> [Tensor; 2] {
        let pixels: Tensor = (Tensor::arange(12 * 8 * 8 * 3, (Kind::Float, Device::Cpu)) * 0.37).sin() * 127.0 + 128.0;
        let images = pixels.to_kind(Kind::Uint8).reshape([12, 8, 8, 3]);
        let moved = images.roll([1], [2]);
        [images, moved]
    }

    fn outputs(projection: &[f32], prediction: &[f32]) -> ViewOutputs {
        let tensor = |values| Tensor::from_slice(values).reshape([-1, 2]).set_requires_grad(true);
        ViewOutputs { projection: tensor(projection), prediction: tensor(prediction) }
    }

    /// Worked by hand: the cosines of the first image are 1 and 0.6, those of the second 0 and -1.
    #[test]
    fn the_loss_of_an_image_is_the_negative_cosine_averaged_over_both_directions() {
        let a = outputs(&[3.0, 4.0, 0.0, 1.0], &[2.0, 0.0, 5.0, 0.0]);
        let b = outputs(&[1.0, 0.0, 0.0, 7.0], &[1.0, 0.0, 0.0, -2.0]);
        let losses: Vec<f32> = negative_cosine(&[a, b]).try_into().unwrap();
        assert!((losses[0] + 0.8).abs() < 1e-6 && (losses[1] - 0.5).abs() < 1e-6, "{losses:?}");
    }

    #[test]
    fn no_gradient_flows_through_projections() {
        let pair = [outputs(&[3.0, 4.0], &[2.0, 1.0]), outputs(&[1.0, 2.0], &[1.0, -2.0])];
        negative_cosine(&pair).sum(Kind::Float).backward();
        for view in &pair {
            assert!(!view.projection.grad().defined());
            assert!(view.prediction.grad().abs().max().double_value(&[]) > 0.0);
        }
    }

    #[test]
    fn training_lowers_the_loss() {
        let (network, views) = (network().in_precision(Precision::F64), views());
        let sgd = Optimizer::Sgd(Sgd { lr: 0.05, momentum: 0.9, weight_decay: 0.0, nesterov: false });
        let mut sgd = crate::train::Optimizer::new(&sgd, &network);
        let mut losses = Vec::new();
        for _ in 0..40 {
            let loss = TASK.loss(&network, &views, &input(), &Tensor::new());
            sgd.step(&network, &loss);
            losses.push(loss.double_value(&[]));
        }
        assert!(losses[0].abs() < 0.5 && losses[39] < losses[0] - 0.3, "{losses:?}");
        let scores = tch::no_grad(|| TASK.score(&network, &views, &input()));
        let each: Vec<f64> = scores.losses.try_into().unwrap();
        assert!(each.iter().all(|&loss| (-1.001..1.001).contains(&loss)), "{each:?}");
        let mean = each.iter().sum::<f64>() / 12.0;
        assert!((scores.right / scores.total - (1.0 - mean) / 2.0).abs() < 1e-6);
        // The sum of 12 projections of length 1.
        let length = scores.projected.unwrap().norm().double_value(&[]);
        assert!(length <= 12.0 + 1e-4, "{length}");
    }
}
