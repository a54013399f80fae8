//! Stochastic gradient descent.

use tch::Tensor;

use crate::model::Network;
use pt4al_results::spec::{self, Rate};

/// SGD with momentum and weight decay, as `torch.optim.SGD` defines them (without dampening).
#[derive(Debug)]
pub struct Sgd {
    spec: spec::Sgd,
    /// The momentum buffer, `[p]`, in the order of [`Network::train`].
    velocity: Tensor,
    /// Minus the learning rate, `[]`.
    descent: Tensor,
    /// The factor on the velocity, `[]`.
    momentum: Tensor,
    /// The factor of the weight decay, `[]`.
    decay: Tensor,
}

impl Sgd {
    pub(super) fn new(spec: spec::Sgd, network: &Network) -> Self {
        let mut velocity = Tensor::new();
        network.train(|weights| velocity = weights.zeros_like());
        let scalar = |value: f64| Tensor::full([] as [i64; 0], value, (network.kind(), network.device()));
        let (descent, momentum, decay) = (scalar(-spec.lr), scalar(spec.momentum), scalar(spec.weight_decay));
        Self { spec, velocity, descent, momentum, decay }
    }

    pub(super) fn restart(&mut self) {
        let _ = self.velocity.zero_();
    }

    pub(super) fn past(&self) -> Vec<(&'static str, &Tensor)> {
        vec![("velocity", &self.velocity)]
    }

    pub(super) fn set(&mut self, Rate { factor, momentum }: Rate) {
        let _ = self.descent.fill_(-self.spec.lr * factor);
        let _ = self.momentum.fill_(momentum.unwrap_or(self.spec.momentum));
    }

    pub(super) fn step(&mut self, network: &Network, loss: &Tensor) {
        let mut gradient = network.gradient(loss).shallow_clone();
        network.train(|weights| {
            let _ = gradient.addcmul_(weights, &self.decay);
            let _ = gradient.addcmul_out(&self.velocity, &self.velocity, &self.momentum);
            let along = if self.spec.nesterov {
                gradient.addcmul_(&self.velocity, &self.momentum)
            } else {
                self.velocity.shallow_clone()
            };
            let _ = weights.addcmul_(&along, &self.descent);
        });
    }
}
