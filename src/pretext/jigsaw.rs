//! Jigsaw puzzles (Noroozi and Favaro, ECCV 2016): a network recognises the permutation of an image's tiles. The paper studied
//! this task; its implementation is not known. This code assumes that tiles are permuted inside the image, and that the network
//! sees the whole image. (Noroozi and Favaro leave gaps between tiles, normalise each tile, and show the tiles to nine copies
//! of a network.)

use rand::Rng;
use tch::{Device, Kind, Reduction, Tensor};

use super::permutations::farthest;
use super::square::square;
use super::task::{Pretext, Scores};
use crate::dataset::Input;
use crate::model::{Head, Network};
use crate::task::cross_entropy;
use pt4al_results::seed::Stream;
use pt4al_results::spec;

/// Recognises the permutation of the tiles of an image.
pub(super) struct Jigsaw {
    /// The number of tiles in a row.
    grid: i64,
    /// The tile at each place of each permutation, int64 `[permutations, tiles]` on the images' device.
    permutations: Tensor,
}

impl Jigsaw {
    /// The task for images on `device`.
    pub fn new(options: spec::Jigsaw, device: Device) -> Self {
        let chosen = farthest(options.grid * options.grid, options.permutations).concat();
        let grid = options.grid as i64;
        Self {
            grid,
            permutations: Tensor::from_slice(&chosen).to_kind(Kind::Int64).reshape([-1, grid * grid]).to_device(device),
        }
    }

    /// The number of permutations.
    fn count(&self) -> i64 {
        self.permutations.size()[0]
    }

    /// Permutes each of the square `images` by its permutation in `targets` (int64 `[n]` on the same device). Returns the loss of
    /// each image, float `[n]`, and the outputs, float `[n, permutations]`.
    fn losses_and_outputs(
        &self,
        network: &Network,
        images: &Tensor,
        targets: &Tensor,
        input: &Input,
        train: bool,
    ) -> (Tensor, Tensor) {
        let orders = self.permutations.index_select(0, targets);
        let outputs = network.forward(&input.normalized(&permuted(images, self.grid, &orders)), train);
        let losses = cross_entropy(&outputs, targets, Reduction::None);
        (losses, outputs)
    }
}

/// Permutes the tiles of each image: uint8 `[n, side, side, 3]` to the same shape. Each row of `orders`, int64 `[n, tiles]`, has
/// the tile at each place.
fn permuted(images: &Tensor, grid: i64, orders: &Tensor) -> Tensor {
    let (n, side, _, channels) = images.size4().expect("images have four dimensions");
    let tile = side / grid;
    let tiles = images.reshape([n, grid, tile, grid, tile, channels]).transpose(2, 3);
    let tiles = tiles.reshape([n, grid * grid, tile, tile, channels]);
    let each = Tensor::arange(n, (Kind::Int64, images.device())).unsqueeze(1);
    let moved = tiles.index(&[Some(&each), Some(orders)]).reshape([n, grid, grid, tile, tile, channels]);
    moved.transpose(2, 3).reshape([n, side, side, channels])
}

impl Pretext for Jigsaw {
    fn head(&self) -> Head {
        Head::Image(self.count() as usize)
    }

    /// Draws the permutation of each image.
    fn draws(&self, n: usize, stream: &mut Stream) -> Vec<i64> {
        (0..n).map(|_| stream.random_range(0..self.count())).collect()
    }

    /// The mean over images, each in the permutation drawn for it.
    fn loss(&self, network: &Network, views: &[Tensor], input: &Input, drawn: &Tensor) -> Tensor {
        let images = square(&views[0], input, self.grid);
        self.losses_and_outputs(network, &images, &drawn.select(1, 0), input, true).0.mean(None)
    }

    /// The loss of an image is the mean over all permutations.
    fn score(&self, network: &Network, views: &[Tensor], input: &Input) -> Scores {
        let images = square(&views[0], input, self.grid);
        let n = images.size()[0];
        let mut losses = Tensor::zeros([n], (network.kind(), images.device()));
        let mut correct = Tensor::zeros([], (Kind::Int64, images.device()));
        for permutation in 0..self.count() {
            let targets = Tensor::full([n], permutation, (Kind::Int64, images.device()));
            let (loss, outputs) = self.losses_and_outputs(network, &images, &targets, input, false);
            losses += loss;
            correct += outputs.argmax(-1, false).eq(permutation).sum(Kind::Int64);
        }
        let right = correct.int64_value(&[]) as f64;
        Scores { losses: losses / self.count() as f64, right, total: (self.count() * n) as f64, projected: None }
    }

    fn quality(&self) -> &'static str {
        "of permutations recognised"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::seed::{self, Purpose};
    use pt4al_results::spec::{Arch, ModelSpec, Normalize, Optimizer, Precision, Sgd, Stem};

    fn input() -> Input {
        Input::new(&Normalize { mean: [0.5; 3], std: [0.25; 3] }, None, Device::Cpu)
    }

    fn network(task: &Jigsaw) -> Network {
        let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, 4);
        let mut network = Network::new(&spec, task.head(), [32, 32], Device::Cpu).unwrap();
        network.initialise(0, Purpose::PretextWeights, 0);
        network
    }

    /// Two images of 4x4 pixels, with the values 0 to 15 row by row, and 100 to 115.
    #[test]
    fn tiles_are_moved_whole() {
        let pixels = Tensor::arange(16, (Kind::Uint8, Device::Cpu)).reshape([1, 4, 4, 1]);
        let images = Tensor::cat(&[&pixels, &(&pixels + 100)], 0).repeat([1, 1, 1, 3]);
        let orders = Tensor::from_slice(&[2i64, 0, 3, 1, 0, 1, 2, 3]).reshape([2, 4]);
        let moved = permuted(&images, 2, &orders);
        let first: Vec<u8> = moved.select(0, 0).select(2, 1).reshape([-1]).try_into().unwrap();
        // The lower left tile is at the top left, the upper left tile at the top right, and so on.
        assert_eq!(first, [8, 9, 0, 1, 12, 13, 4, 5, 10, 11, 2, 3, 14, 15, 6, 7]);
        assert_eq!(moved.select(0, 1), images.select(0, 1));
    }

    /// With all outputs equal, the loss of every permutation is the logarithm of their number, and the first is predicted.
    #[test]
    fn the_loss_of_an_image_is_the_mean_over_all_permutations() {
        let task = Jigsaw::new(spec::Jigsaw { grid: 2, permutations: 5 }, Device::Cpu);
        let network = network(&task);
        let variables = network.store().variables();
        for name in ["linear.weight", "linear.bias"] {
            tch::no_grad(|| _ = variables[name].shallow_clone().zero_());
        }
        // The sides are no multiples of the grid.
        let views = [Tensor::zeros([3, 9, 11, 3], (Kind::Uint8, Device::Cpu))];
        let scores = tch::no_grad(|| task.score(&network, &views, &input()));
        let losses: Vec<f32> = scores.losses.try_into().unwrap();
        assert!(losses.len() == 3 && losses.iter().all(|loss| (loss - 5f32.ln()).abs() < 1e-5), "{losses:?}");
        assert_eq!((scores.right, scores.total), (3.0, 15.0));
        let mut stream = seed::stream(0, Purpose::PretextTransformations, &[]);
        let drawn = Tensor::from_slice(&task.draws(3, &mut stream)).reshape([3, 1]);
        let loss = task.loss(&network, &views, &input(), &drawn).double_value(&[]);
        assert!((loss - 5f64.ln()).abs() < 1e-5, "{loss}");
    }

    #[test]
    fn training_lowers_the_loss() {
        let task = Jigsaw::new(spec::Jigsaw { grid: 2, permutations: 4 }, Device::Cpu);
        let network = network(&task).in_precision(Precision::F64);
        // Each tile has another colour.
        let corners = Tensor::from_slice(&[250u8, 0, 0, 0, 250, 0, 0, 0, 250, 250, 250, 0]).reshape([1, 2, 2, 3]);
        let images = corners.repeat_interleave_self_int(4, 1, None).repeat_interleave_self_int(4, 2, None);
        let views = [images.repeat([16, 1, 1, 1])];
        let sgd = Optimizer::Sgd(Sgd { lr: 0.05, momentum: 0.9, weight_decay: 0.0, nesterov: false });
        let mut sgd = crate::train::Optimizer::new(&sgd, &network);
        let mut stream = seed::stream(0, Purpose::PretextTransformations, &[]);
        let mut losses = Vec::new();
        for _ in 0..30 {
            let drawn = Tensor::from_slice(&task.draws(16, &mut stream)).reshape([16, 1]);
            let loss = task.loss(&network, &views, &input(), &drawn);
            sgd.step(&network, &loss);
            losses.push(loss.double_value(&[]));
        }
        assert!(losses[29] < 0.5 * losses[0], "{losses:?}");
    }
}
