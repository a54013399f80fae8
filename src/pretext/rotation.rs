//! Rotation prediction (Gidaris et al., ICLR 2018), trained and scored as in the official code.

use rand::Rng;
use tch::{Kind, Reduction, Tensor};

use super::square::square;
use super::task::{Pretext, Scores};
use crate::dataset::Input;
use crate::model::{Head, Network};
use crate::task::cross_entropy;
use pt4al_results::seed::{self, Stream};
use pt4al_results::spec::PretextForward;

/// Recognises which of four rotations (0, 90, 180, 270 degrees) an image was turned by.
pub(super) struct Rotation {
    /// How the rotations of images are grouped into forward passes.
    pub forward: PretextForward,
}

/// The number of rotations. An image is turned by 90 degrees 0 to 3 times.
const TURNS: i64 = 4;

impl Rotation {
    /// Returns the loss of each image, float `[n]`, and the outputs, float `[n, 4]`. Each image of `turned` has been turned as
    /// often as `turns` (int64 `[n]`) says.
    fn losses_and_outputs(
        network: &Network,
        turned: &Tensor,
        turns: &Tensor,
        input: &Input,
        train: bool,
    ) -> (Tensor, Tensor) {
        let outputs = network.forward(&input.normalized(turned), train);
        let loss = cross_entropy(&outputs, turns, Reduction::None);
        (loss, outputs)
    }

    /// Turns all `images` as often as `turns` says. Returns the loss of each image, float `[n]`, and the outputs, float `[n, 4]`.
    fn all_turned(network: &Network, images: &Tensor, turns: i64, input: &Input, train: bool) -> (Tensor, Tensor) {
        let targets = Tensor::full([images.size()[0]], turns, (Kind::Int64, images.device()));
        Self::losses_and_outputs(network, &images.rot90(turns, [1, 2]), &targets, input, train)
    }
}

/// Turns each image of uint8 `[n, side, side, 3]` as often as its number in `turns`, int64 `[n]`, says.
fn rotated(images: &Tensor, turns: &Tensor) -> Tensor {
    let each = Tensor::arange(images.size()[0], (Kind::Int64, images.device()));
    all_turns(images).index(&[Some(turns), Some(&each)])
}

/// Returns all images turned 0 to 3 times, uint8 `[4, n, side, side, 3]`.
fn all_turns(images: &Tensor) -> Tensor {
    let turned: Vec<Tensor> = (0..TURNS).map(|turns| images.rot90(turns, [1, 2])).collect();
    Tensor::stack(&turned, 0)
}

/// Returns the four forward passes of [`PretextForward::Separate`]: all images in their order, turned, and how often each is
/// turned, int64 `[n]`. The row of an image in `orders`, int64 `[n, 4]`, is its rotation in each pass.
fn separate_passes(images: &Tensor, orders: &Tensor) -> Vec<(Tensor, Tensor)> {
    let turned = all_turns(images);
    let each = Tensor::arange(images.size()[0], (Kind::Int64, images.device()));
    let pass = |pass| {
        let turns = orders.select(1, pass);
        (turned.index(&[Some(&turns), Some(&each)]), turns)
    };
    (0..TURNS).map(pass).collect()
}

impl Pretext for Rotation {
    fn head(&self) -> Head {
        Head::Image(TURNS as usize)
    }

    /// Draws for each image the order of its four rotations, or its only rotation.
    fn draws(&self, n: usize, stream: &mut Stream) -> Vec<i64> {
        match self.forward {
            PretextForward::OneRotation => (0..n).map(|_| stream.random_range(0..TURNS)).collect(),
            PretextForward::Separate => {
                let orders = (0..n).flat_map(|_| seed::permutation(TURNS as usize, stream));
                orders.map(|turns| turns as i64).collect()
            }
            PretextForward::SeparateUnshuffled | PretextForward::Together => Vec::new(),
        }
    }

    /// The mean over images and rotations.
    fn loss(&self, network: &Network, views: &[Tensor], input: &Input, drawn: &Tensor) -> Tensor {
        let images = &square(&views[0], input, 1);
        match self.forward {
            PretextForward::Separate => {
                let passes = separate_passes(images, drawn).into_iter();
                let losses =
                    passes.map(|(turned, turns)| Self::losses_and_outputs(network, &turned, &turns, input, true).0);
                let means: Vec<Tensor> = losses.map(|losses| losses.mean(None)).collect();
                Tensor::stack(&means, 0).mean(None)
            }
            PretextForward::OneRotation => {
                let turns = drawn.select(1, 0);
                Self::losses_and_outputs(network, &rotated(images, &turns), &turns, input, true).0.mean(None)
            }
            PretextForward::SeparateUnshuffled => {
                let mean = |turns| Self::all_turned(network, images, turns, input, true).0.mean(None);
                (mean(0) + mean(1) + mean(2) + mean(3)) / TURNS as f64
            }
            PretextForward::Together => {
                let turned: Vec<Tensor> = (0..TURNS).map(|turns| images.rot90(turns, [1, 2])).collect();
                let outputs = network.forward(&input.normalized(&Tensor::cat(&turned, 0)), true);
                let targets = Tensor::arange(TURNS, (Kind::Int64, images.device()));
                let targets = targets.repeat_interleave_self_int(images.size()[0], 0, None);
                cross_entropy(&outputs, &targets, Reduction::Mean)
            }
        }
    }

    fn score(&self, network: &Network, views: &[Tensor], input: &Input) -> Scores {
        let images = &square(&views[0], input, 1);
        let mut losses = Tensor::zeros([images.size()[0]], (network.kind(), images.device()));
        let mut correct = 0;
        for turns in 0..TURNS {
            let (loss, outputs) = Self::all_turned(network, images, turns, input, false);
            losses += loss;
            correct += outputs.argmax(-1, false).eq(turns).sum(Kind::Int64).int64_value(&[]);
        }
        let total = (TURNS * images.size()[0]) as f64;
        Scores { losses: losses / TURNS as f64, right: correct as f64, total, projected: None }
    }

    fn quality(&self) -> &'static str {
        "of rotations recognised"
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use pt4al_results::seed::Purpose;
    use pt4al_results::spec::{Arch, ModelSpec, Normalize, Stem};

    fn input() -> Input {
        Input::new(&Normalize { mean: [0.5; 3], std: [0.25; 3] }, None, Device::Cpu)
    }

    fn network() -> Network {
        let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, 4);
        let mut network = Network::new(&spec, Head::Image(TURNS as usize), [32, 32], Device::Cpu).unwrap();
        network.initialise(0, Purpose::PretextWeights, 0);
        network
    }

    /// The numbers that the task draws for `n` images, int64 `[n, d]`.
    fn orders(task: &Rotation, n: i64) -> Tensor {
        let drawn = task.draws(n as usize, &mut seed::stream(0, Purpose::PretextTransformations, &[]));
        Tensor::from_slice(&drawn).reshape([n, drawn.len() as i64 / n])
    }

    /// Returns images without symmetries, uint8 `[n, height, width, 3]`.
    fn images(n: i64, height: i64, width: i64) -> Tensor {
        let pixels: Tensor = Tensor::arange(n * height * width * 3, (Kind::Float, Device::Cpu)).sin() * 127.0 + 128.0;
        pixels.to_kind(Kind::Uint8).reshape([n, height, width, 3])
    }

    /// The loss of a training step from the same weights and draws.
    fn step(forward: PretextForward, images: &Tensor) -> f64 {
        let views = [images.shallow_clone()];
        let task = Rotation { forward };
        task.loss(&network(), &views, &input(), &orders(&task, images.size()[0])).double_value(&[])
    }

    /// Departure: the official loader shuffles the four rotations of each image.
    #[test]
    fn each_separate_forward_has_every_image_once_with_mixed_rotations() {
        let images = images(6, 5, 5);
        let passes = separate_passes(&images, &orders(&Rotation { forward: PretextForward::Separate }, 6));
        assert_eq!(passes.len(), 4);
        let mut turns_of_images = vec![Vec::new(); 6];
        for (turned, turns) in &passes {
            assert_eq!(turned.size(), images.size());
            let turns: Vec<i64> = Vec::try_from(turns).unwrap();
            assert!(turns.iter().any(|&t| t != turns[0]), "{turns:?}");
            for (image, &turns) in turns.iter().enumerate() {
                let row = image as i64;
                assert_eq!(turned.get(row), images.get(row).rot90(turns, [0, 1]));
                turns_of_images[image].push(turns);
            }
        }
        assert!(turns_of_images.iter().any(|turns| *turns != turns_of_images[0]), "{turns_of_images:?}");
        for mut turns in turns_of_images {
            turns.sort_unstable();
            assert_eq!(turns, [0, 1, 2, 3]);
        }
    }

    /// Departure: batch norm computes its statistics over mixed rotations, over one rotation, or over all rotations.
    #[test]
    fn separate_unshuffled_and_together_have_different_losses() {
        let images = images(6, 8, 8);
        let [separate, unshuffled, together] =
            [PretextForward::Separate, PretextForward::SeparateUnshuffled, PretextForward::Together]
                .map(|forward| step(forward, &images));
        for (a, b) in [(separate, unshuffled), (separate, together), (unshuffled, together)] {
            assert!((a - b).abs() > 1e-4, "{separate} {unshuffled} {together}");
        }
    }

    /// In the first public code, each image is seen once, in a rotation drawn for it.
    #[test]
    fn one_rotation_is_drawn_for_each_image() {
        let task = Rotation { forward: PretextForward::OneRotation };
        let images = images(8, 5, 5);
        let turns = orders(&task, 8);
        assert_eq!(turns.size(), [8, 1]);
        let each = Vec::<i64>::try_from(turns.select(1, 0)).unwrap();
        assert!(each.iter().any(|&t| t != each[0]), "{each:?}");
        let turned = rotated(&images, &turns.select(1, 0));
        for (row, &turns) in (0..).zip(&each) {
            assert_eq!(turned.get(row), images.get(row).rot90(turns, [0, 1]));
        }
        // The loss is that of these images in these rotations.
        let (losses, _) = Rotation::losses_and_outputs(&network(), &turned, &turns.select(1, 0), &input(), true);
        let expected = losses.mean(None);
        assert_eq!(step(PretextForward::OneRotation, &images), expected.double_value(&[]));
        // The four rotations are drawn about equally often.
        let many = task.draws(4000, &mut seed::stream(0, Purpose::PretextTransformations, &[]));
        for turns in 0..4 {
            let n = many.iter().filter(|&&t| t == turns).count();
            assert!((850..1150).contains(&n), "{turns}: {n}");
        }
    }

    #[test]
    fn pixels_outside_the_square_change_nothing() {
        let wide = images(2, 12, 20);
        let (inside, left) = (wide.narrow(2, 4, 12).contiguous(), wide.narrow(2, 0, 12).contiguous());
        for forward in [
            PretextForward::Separate,
            PretextForward::SeparateUnshuffled,
            PretextForward::Together,
            PretextForward::OneRotation,
        ] {
            let rotation = Rotation { forward };
            let score =
                |images: &Tensor| tch::no_grad(|| rotation.score(&network(), &[images.shallow_clone()], &input()));
            let (a, b) = (score(&wide), score(&inside));
            assert!(a.losses.allclose(&b.losses, 1e-5, 1e-6, false), "{forward:?}");
            assert_eq!((a.right, a.total), (b.right, 8.0));
            let loss = |images: &Tensor| step(forward, images);
            assert!((loss(&wide) - loss(&inside)).abs() < 1e-5, "{forward:?}");
            assert_ne!(loss(&wide), loss(&left), "{forward:?}");
        }
    }
}
