//! Adam with decoupled weight decay.

use tch::{Kind, Tensor};

use crate::model::Network;
use pt4al_results::spec::{self, Rate};

/// Adam with decoupled weight decay, as `torch.optim.AdamW` defines it (without amsgrad).
///
/// Where the gradient is always 0, as in the padding between weights, both means are 0, and a step adds `0 / eps`.
#[derive(Debug)]
pub struct AdamW {
    spec: spec::AdamW,
    /// The running mean of the gradient, `[p]`, in the order of [`Network::train`].
    mean: Tensor,
    /// The running mean of the squared gradient, `[p]`.
    square: Tensor,
    /// The number of steps taken, float64 `[]`.
    steps: Tensor,
    /// The learning rate, float64 `[]`.
    lr: Tensor,
    /// The first beta, float64 `[]`.
    beta: Tensor,
}

impl AdamW {
    pub(super) fn new(spec: spec::AdamW, network: &Network) -> Self {
        let mut mean = Tensor::new();
        network.train(|weights| mean = weights.zeros_like());
        // Powers of a beta near 1 need double precision.
        let scalar = |value: f64| Tensor::full([] as [i64; 0], value, (Kind::Double, network.device()));
        let (steps, lr, beta) = (scalar(0.0), scalar(spec.lr), scalar(spec.betas[0]));
        Self { spec, square: mean.zeros_like(), mean, steps, lr, beta }
    }

    pub(super) fn restart(&mut self) {
        let _ = self.mean.zero_();
        let _ = self.square.zero_();
        let _ = self.steps.zero_();
    }

    pub(super) fn past(&self) -> Vec<(&'static str, &Tensor)> {
        vec![("mean", &self.mean), ("square", &self.square), ("steps", &self.steps)]
    }

    pub(super) fn set(&mut self, Rate { factor, momentum }: Rate) {
        let _ = self.lr.fill_(self.spec.lr * factor);
        let _ = self.beta.fill_(momentum.unwrap_or(self.spec.betas[0]));
    }

    pub(super) fn step(&mut self, network: &Network, loss: &Tensor) {
        let gradient = network.gradient(loss).shallow_clone();
        let spec::AdamW { betas: [_, second], eps, weight_decay, .. } = self.spec;
        let _ = self.steps.g_add_scalar_(1.0);
        let rounded = |number: &Tensor| number.to_kind(network.kind());
        let first: Tensor = 1.0 - &self.beta;
        // By how much a mean of so few gradients is too small, because it began at 0.
        let correction: Tensor = 1.0 - self.beta.pow(&self.steps);
        let correction_of_square: Tensor = 1.0 - Tensor::pow_scalar(second, &self.steps);
        let scale = rounded(&(1.0 / correction_of_square.sqrt()));
        let descent = rounded(&(-&self.lr / correction));
        let kept = rounded(&(1.0 - &self.lr * weight_decay));
        network.train(|weights| {
            let _ = self.mean.g_mul_(&rounded(&self.beta));
            let _ = self.mean.addcmul_(&gradient, &rounded(&first));
            let _ = self.square.g_mul_scalar_(second);
            let _ = self.square.g_add_(&(gradient.square() * (1.0 - second)));
            let step = self.mean.g_mul(&descent) / (self.square.sqrt() * scale + eps);
            let _ = weights.g_mul_(&kept);
            let _ = weights.g_add_(&step);
        });
    }
}
