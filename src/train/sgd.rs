//! Stochastic gradient descent.

use tch::Tensor;

use crate::model::Network;
use pt4al_results::spec::{self, Optimizer};

/// SGD with momentum and weight decay as `torch.optim.SGD` defines it (no dampening, no Nesterov), on all weights of a network
/// at once. Its numbers are tensors: a CUDA graph keeps the values of plain ones for good.
#[derive(Debug)]
pub struct Sgd {
    spec: spec::Sgd,
    /// `[p]`, as [`Network::train`] has the weights.
    velocity: Tensor,
    /// One number each: minus the learning rate, and the two factors.
    descent: Tensor,
    momentum: Tensor,
    decay: Tensor,
}

impl Sgd {
    /// The optimizer of a spec, for `network`, at its first step.
    pub fn new(spec: &Optimizer, network: &Network) -> Self {
        let Optimizer::Sgd(spec) = *spec;
        let mut velocity = Tensor::new();
        network.train(|weights| velocity = weights.zeros_like());
        let number = |value: f64| Tensor::full([] as [i64; 0], value, (network.kind(), network.device()));
        let (descent, momentum, decay) = (number(-spec.lr), number(spec.momentum), number(spec.weight_decay));
        Self { spec, velocity, descent, momentum, decay }
    }

    /// Before a training: nothing of the last one is left.
    pub fn restart(&mut self) {
        let _ = self.velocity.zero_();
    }

    /// The spec's learning rate times a factor, from now on.
    pub fn set_factor(&mut self, factor: f64) {
        let _ = self.descent.fill_(-self.spec.lr * factor);
    }

    /// A step down the gradient of `loss`, a scalar.
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

    /// Steps as libtorch's own optimizer takes them, variable by variable.
    #[test]
    fn steps_are_those_of_torch() {
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
        // After a restart, the first step is that of a new optimizer.
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
