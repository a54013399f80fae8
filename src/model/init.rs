//! Seeded initial weights.

use rand::Rng;
use tch::Tensor;

use super::Network;
use pt4al_results::seed::{self, Purpose, Stream};
use pt4al_results::spec::Filters;

impl Network {
    /// Draws all weights anew from `seed` for `place` (the round): filters as the spec says, linear layers uniformly within
    /// ±1/sqrt(fan in), which is PyTorch's default, batch norm's scale 1 and shift 0. Every variable has a random stream of its
    /// own, named by the variable's rank among the sorted names.
    pub fn initialise(&mut self, seed: u64, purpose: Purpose, place: u64) {
        let mut variables = self.weights.variables();
        variables.sort_by(|a, b| a.0.cmp(&b.0));
        let draws: Vec<Draw> = variables.iter().map(|variable| self.draw(variable, &variables)).collect();
        for (rank, ((_, tensor), draw)) in variables.iter_mut().zip(draws).enumerate() {
            let mut stream = seed::stream(seed, purpose, &[place, rank as u64]);
            let n = tensor.numel();
            let values = match draw {
                Draw::Uniform(bound) => {
                    let draws: Vec<f32> = (0..n).map(|_| stream.random_range(-bound..=bound)).collect();
                    Tensor::from_slice(&draws).reshape(tensor.size())
                }
                Draw::Normal(deviation) => {
                    let draws: Vec<f64> = (0..n).map(|_| deviation * normal(&mut stream)).collect();
                    Tensor::from_slice(&draws).reshape(tensor.size())
                }
                Draw::Constant(value) => tensor.full_like(value),
                Draw::Given(values) => values,
            };
            tch::no_grad(|| tensor.copy_(&values));
        }
        self.weights.written();
    }

    /// Returns how the initial numbers of a variable are drawn. `all` are the variables of the network by name.
    fn draw(&self, (name, tensor): &(String, Tensor), all: &[(String, Tensor)]) -> Draw {
        if let Some(given) = self.given_weights.get(name) {
            return Draw::Given(given.shallow_clone());
        }
        if self.zero_residuals && is_last_of_block(name, all) {
            return Draw::Constant(0.0);
        }
        let layer = layer(name, tensor, all);
        match (layer, self.filters) {
            (Some(layer), Filters::NormalFanOut) if layer.dim() == 4 => {
                let size = layer.size();
                let deviation = (2.0 / (size[0] * size[2] * size[3]) as f64).sqrt();
                if tensor.dim() == 4 { Draw::Normal(deviation) } else { Draw::Constant(0.0) }
            }
            (Some(layer), _) => {
                let fan_in = layer.size()[1..].iter().product::<i64>() as f64;
                Draw::Uniform(1.0 / fan_in.sqrt() as f32)
            }
            (None, _) if name.ends_with("running_var") || name.ends_with("weight") => Draw::Constant(1.0),
            (None, _) => Draw::Constant(0.0),
        }
    }
}

/// How the initial numbers of a variable are drawn.
#[derive(Debug)]
enum Draw {
    /// Uniformly between minus and plus this bound.
    Uniform(f32),
    /// From the normal distribution with mean 0 and this standard deviation.
    Normal(f64),
    Constant(f64),
    /// These numbers.
    Given(Tensor),
}

/// Draws a number from the standard normal distribution (Box and Muller 1958).
fn normal(stream: &mut Stream) -> f64 {
    // Greater than 0, so that its logarithm is finite.
    let radius: f64 = 1.0 - stream.random::<f64>();
    let angle = std::f64::consts::TAU * stream.random::<f64>();
    (-2.0 * radius.ln()).sqrt() * angle.cos()
}

/// Returns the weights of the convolution or linear layer that a variable belongs to, or `None` for batch norm's variables.
fn layer<'a>(name: &str, tensor: &'a Tensor, all: &'a [(String, Tensor)]) -> Option<&'a Tensor> {
    if tensor.dim() > 1 {
        return Some(tensor);
    }
    let weight = format!("{}weight", name.strip_suffix("bias")?);
    all.iter().find(|(other, tensor)| *other == weight && tensor.dim() > 1).map(|(_, tensor)| tensor)
}

/// Whether a residual block adds nothing to its shortcut while a variable is 0. It is the scale of the last batch norm: `bn2` in a
/// block of two convolutions, `bn3` in a block of three. In a pre-activation block, whose batch norms are `bn0` and `bn1`, a scale of 0
/// before the activation would stay 0, since the gradient is 0 there; so it is the last filters, `conv1`.
fn is_last_of_block(name: &str, all: &[(String, Tensor)]) -> bool {
    let exists = |name: String| all.iter().any(|(other, _)| *other == name);
    if let Some(block) = name.strip_suffix(".conv1.weight") {
        return exists(format!("{block}.bn0.weight"));
    }
    match (name.strip_suffix(".bn2.weight"), name.strip_suffix(".bn3.weight")) {
        (Some(block), _) => !exists(format!("{block}.bn3.weight")),
        (None, last) => last.is_some(),
    }
}
