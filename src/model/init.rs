//! Seeded initial weights.

use rand::Rng;
use tch::{Tensor, nn};

use super::Network;
use crate::seed::{self, Purpose};

/// A head whose weights are drawn later, from a seeded stream.
pub(super) fn linear_later() -> nn::LinearConfig {
    nn::LinearConfig { ws_init: nn::Init::Const(0.0), bs_init: Some(nn::Init::Const(0.0)), bias: true }
}

/// The same without a bias, which batch norm would take away.
pub(super) fn linear_before_norm() -> nn::LinearConfig {
    nn::LinearConfig { bs_init: None, bias: false, ..linear_later() }
}

/// The same for pixels.
pub(super) fn conv_later() -> nn::ConvConfig {
    nn::ConvConfig { ws_init: nn::Init::Const(0.0), bs_init: nn::Init::Const(0.0), ..Default::default() }
}

impl Network {
    /// Draws all weights anew from `seed` for `place` (the round), with PyTorch's default distributions, which are
    /// those of the official code: convolutions and linear layers uniform in ±1/sqrt(fan in), batch norm 1 and 0.
    /// (The authors of DRN and torchvision draw convolutions from normal distributions instead; here all are alike.)
    /// Every variable has a stream of its own, named by its rank among the sorted names.
    pub fn initialise(&mut self, seed: u64, purpose: Purpose, place: u64) {
        let mut variables = self.weights.variables();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        let fans: Vec<f64> = variables.iter().map(|(name, tensor)| fan_in(name, tensor, &variables)).collect();
        for (rank, ((name, tensor), fan_in)) in variables.iter_mut().zip(fans).enumerate() {
            let values = if fan_in > 0.0 {
                let bound = 1.0 / fan_in.sqrt() as f32;
                let mut stream = seed::stream(seed, purpose, &[place, rank as u64]);
                let draws: Vec<f32> = (0..tensor.numel()).map(|_| stream.random_range(-bound..=bound)).collect();
                Tensor::from_slice(&draws).reshape(tensor.size())
            } else if name.ends_with("running_var") || name.ends_with("weight") {
                tensor.ones_like()
            } else {
                tensor.zeros_like()
            };
            tch::no_grad(|| tensor.copy_(&values));
        }
        self.weights.written();
    }
}

/// The inputs of one output of the layer that a variable belongs to; 0 for batch norm's.
fn fan_in(name: &str, tensor: &Tensor, all: &[(String, Tensor)]) -> f64 {
    let inputs = |t: &Tensor| t.size()[1..].iter().product::<i64>() as f64;
    if tensor.dim() > 1 {
        return inputs(tensor);
    }
    let weight = name.strip_suffix("bias").map(|layer| format!("{layer}weight"));
    let weight = weight.and_then(|w| all.iter().find(|(n, t)| *n == w && t.dim() > 1));
    weight.map_or(0.0, |(_, t)| inputs(t))
}
