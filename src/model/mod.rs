//! Networks: features and a head, with seeded weights.

mod init;
mod resnet;

use tch::nn::{self, Module, ModuleT, VarStore};
use tch::{Device, Tensor};

use crate::spec::{Arch, ModelSpec};

/// A network that turns images into features, and features into outputs.
#[derive(Debug)]
pub struct Network {
    store: VarStore,
    body: Box<dyn ModuleT>,
    head: nn::Linear,
}

impl Network {
    /// A network with `outputs` outputs. Its weights are zero until [`Network::initialise`].
    pub fn new(spec: &ModelSpec, outputs: usize, device: Device) -> Self {
        let store = VarStore::new(device);
        let width = spec.width as i64;
        let (body, features) = match spec.arch {
            Arch::ResNet18 => resnet::resnet18(&store.root(), width),
        };
        let head = nn::linear(store.root() / "linear", features, outputs as i64, init::later());
        Self { store, body: Box::new(body), head }
    }

    /// The features before the head: `[n, d]` for normalised images `[n, 3, h, w]`. `train` makes batch norm use and
    /// update the statistics of the minibatch.
    pub fn features(&self, images: &Tensor, train: bool) -> Tensor {
        self.body.forward_t(images, train)
    }

    /// The outputs: `[n, outputs]`.
    pub fn forward(&self, images: &Tensor, train: bool) -> Tensor {
        self.head.forward(&self.features(images, train))
    }

    /// Features and outputs at once, without gradients.
    pub fn infer(&self, images: &Tensor) -> (Tensor, Tensor) {
        tch::no_grad(|| {
            let features = self.features(images, false);
            let outputs = self.head.forward(&features);
            (features, outputs)
        })
    }

    /// The trainable variables.
    pub fn store(&self) -> &VarStore {
        &self.store
    }

    /// The device of the weights.
    pub fn device(&self) -> Device {
        self.store.device()
    }

    /// Trainable numbers.
    pub fn parameters(&self) -> usize {
        self.store.trainable_variables().iter().map(Tensor::numel).sum()
    }

    /// A copy of all weights and of batch norm's statistics.
    pub fn snapshot(&self) -> Snapshot {
        let copy = |(name, tensor): (String, Tensor)| (name, tensor.detach().copy());
        Snapshot(self.store.variables().into_iter().map(copy).collect())
    }

    /// Takes the weights of a snapshot of the same network.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        let mut variables = self.store.variables();
        tch::no_grad(|| {
            for (name, tensor) in &snapshot.0 {
                variables.get_mut(name).expect("a snapshot of the same network").copy_(tensor);
            }
        });
    }
}

/// Weights at one moment.
#[derive(Debug)]
pub struct Snapshot(Vec<(String, Tensor)>);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Purpose;

    fn network(width: usize, outputs: usize) -> Network {
        Network::new(&ModelSpec { arch: Arch::ResNet18, width }, outputs, Device::Cpu)
    }

    #[test]
    fn resnet18_has_the_published_number_of_parameters() {
        assert_eq!(network(64, 10).parameters(), 11_173_962);
    }

    #[test]
    fn weights_follow_the_seed_and_have_pytorchs_default_spread() {
        let mut a = network(8, 10);
        let mut b = network(8, 10);
        let images = Tensor::ones([2, 3, 16, 16], (tch::Kind::Float, Device::Cpu));
        a.initialise(1, Purpose::Weights, 0);
        b.initialise(1, Purpose::Weights, 0);
        assert_eq!(a.infer(&images).1, b.infer(&images).1);
        b.initialise(1, Purpose::Weights, 1);
        assert_ne!(a.infer(&images).1, b.infer(&images).1);
        // U(-1/sqrt(fan in), 1/sqrt(fan in)): fan in of the second stage's first convolution is 8 x 9.
        let weights = &a.store().variables()["layer2.0.conv1.weight"];
        let bound = 1.0 / (72f64).sqrt();
        let spread = weights.std(false).double_value(&[]);
        assert!(weights.abs().max().double_value(&[]) <= bound);
        assert!((spread / (bound / 3f64.sqrt()) - 1.0).abs() < 0.1, "{spread}");
        let norm = &a.store().variables()["layer2.0.bn1.weight"];
        assert_eq!(norm.min().double_value(&[]), 1.0);
    }

    #[test]
    fn a_snapshot_brings_the_weights_back() {
        let mut network = network(4, 3);
        network.initialise(0, Purpose::Weights, 0);
        let images = Tensor::ones([2, 3, 16, 16], (tch::Kind::Float, Device::Cpu));
        let before = network.infer(&images).1;
        let snapshot = network.snapshot();
        network.initialise(1, Purpose::Weights, 0);
        assert_ne!(before, network.infer(&images).1);
        network.restore(&snapshot);
        assert_eq!(before, network.infer(&images).1);
    }
}
