//! Stochastic gradient descent.

use tch::Tensor;

use crate::model::Network;
use pt4al_results::spec::{self, Optimizer};

/// SGD with momentum and weight decay, as `torch.optim.SGD` defines them (without dampening and Nesterov), on all weights of a
/// network at once. Its settings are tensors, because a recorded CUDA graph would never see a plain number change.
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
    /// The optimizer of a spec for `network`, before its first step.
    pub fn new(spec: &Optimizer, network: &Network) -> Self {
        let Optimizer::Sgd(spec) = *spec;
        let mut velocity = Tensor::new();
        network.train(|weights| velocity = weights.zeros_like());
        let scalar = |value: f64| Tensor::full([] as [i64; 0], value, (network.kind(), network.device()));
        let (descent, momentum, decay) = (scalar(-spec.lr), scalar(spec.momentum), scalar(spec.weight_decay));
        Self { spec, velocity, descent, momentum, decay }
    }

    /// Forgets the velocity. Call it before a training.
    pub fn restart(&mut self) {
        let _ = self.velocity.zero_();
    }

    /// Sets the learning rate to the spec's times a factor.
    pub fn set_factor(&mut self, factor: f64) {
        let _ = self.descent.fill_(-self.spec.lr * factor);
    }

    /// Takes a step along the negative gradient of `loss`, a scalar.
    pub fn step(&mut self, network: &Network, loss: &Tensor) {
        let mut gradient = network.gradient(loss).shallow_clone();
        network.train(|weights| {
            let _ = gradient.addcmul_(weights, &self.decay);
            let _ = gradient.addcmul_out(&self.velocity, &self.velocity, &self.momentum);
            let _ = weights.addcmul_(&self.velocity, &self.descent);
        });
    }
}

#[cfg(test)]
mod tests {
    use tch::nn::OptimizerConfig;
    use tch::{Device, Kind, nn};

    use super::*;
    use crate::model::Head;
    use pt4al_results::seed::Purpose;
    use pt4al_results::spec::{Arch, ModelSpec, Precision, Stem};

    fn network() -> Network {
        let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, 3);
        let mut network = Network::new(&spec, Head::Image(5), Device::Cpu).in_precision(Precision::F64);
        network.initialise(1, Purpose::Weights, 0);
        network
    }

    #[test]
    fn steps_equal_those_of_libtorchs_optimizer() {
        let (ours, theirs) = (network(), network());
        let (lr, momentum, weight_decay) = (0.05, 0.9, 0.01);
        let mut sgd = Sgd::new(&Optimizer::Sgd(spec::Sgd { lr, momentum, weight_decay }), &ours);
        let torch = nn::Sgd { momentum, dampening: 0.0, wd: weight_decay, nesterov: false };
        let mut torch = torch.build(theirs.store(), lr).unwrap();
        let images = (Tensor::arange(6 * 3 * 8 * 8, (Kind::Double, Device::Cpu)) * 0.7).sin().reshape([6, 3, 8, 8]);
        for step in 0..5 {
            let factor = if step < 3 { 1.0 } else { 0.1 };
            sgd.set_factor(factor);
            torch.set_lr(lr * factor);
            let loss = |network: &Network| network.forward(&images, true).square().mean(None);
            sgd.step(&ours, &loss(&ours));
            torch.backward_step(&loss(&theirs));
            let theirs = theirs.store().variables();
            for (name, variable) in ours.store().variables() {
                let difference = (&variable - &theirs[&name]).abs().max().double_value(&[]);
                assert!(difference < 1e-12, "{name} differs by {difference} after step {step}");
            }
        }
        // After a restart, the first step equals that of a new optimizer.
        sgd.restart();
        let loss = |network: &Network| network.forward(&images, true).square().mean(None);
        let before = ours.snapshot();
        sgd.step(&ours, &loss(&ours));
        let mut again = network();
        again.restore(&before);
        let mut fresh = Sgd::new(&Optimizer::Sgd(spec::Sgd { lr, momentum, weight_decay }), &again);
        fresh.set_factor(0.1);
        fresh.step(&again, &loss(&again));
        let again = again.store().variables();
        assert!(ours.store().variables().iter().all(|(name, variable)| variable == &again[name]));
    }
}
