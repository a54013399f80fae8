//! Rotation prediction (Gidaris et al., ICLR 2018), as the official code trains and scores it.

use tch::{Kind, Reduction, Tensor};

use super::task::{Pretext, Scores};
use crate::data::Input;
use crate::model::{Head, Network};
use crate::spec::PretextForward;

/// Which of four rotations (0, 90, 180, 270 degrees) an image was turned by.
pub(super) struct Rotation {
    pub forward: PretextForward,
}

const TURNS: i64 = 4;

impl Rotation {
    /// The loss of each image for one rotation, float `[n]`, and the outputs.
    fn turned(network: &Network, images: &Tensor, turns: i64, input: &Input, train: bool) -> (Tensor, Tensor) {
        let outputs = network.forward(&input.normalized(&images.rot90(turns, [1, 2])), train);
        let targets = Tensor::full([images.size()[0]], turns, (Kind::Int64, images.device()));
        let loss = outputs.cross_entropy_loss::<Tensor>(&targets, None, Reduction::None, -100, 0.0);
        (loss, outputs)
    }
}

impl Pretext for Rotation {
    fn head(&self) -> Head {
        Head::Image(TURNS as usize)
    }

    fn transformations(&self) -> usize {
        TURNS as usize
    }

    /// The mean over images and rotations.
    fn loss(&self, network: &Network, images: &Tensor, input: &Input) -> Tensor {
        let images = &square(images, input);
        match self.forward {
            PretextForward::Separate | PretextForward::SeparateUnshuffled => {
                let mean = |turns| Self::turned(network, images, turns, input, true).0.mean(Kind::Float);
                (mean(0) + mean(1) + mean(2) + mean(3)) / TURNS as f64
            }
            PretextForward::Together => {
                let turned: Vec<Tensor> = (0..TURNS).map(|turns| images.rot90(turns, [1, 2])).collect();
                let outputs = network.forward(&input.normalized(&Tensor::cat(&turned, 0)), true);
                let targets = Tensor::arange(TURNS, (Kind::Int64, images.device()));
                outputs.cross_entropy_for_logits(&targets.repeat_interleave_self_int(images.size()[0], 0, None))
            }
        }
    }

    fn score(&self, network: &Network, images: &Tensor, input: &Input) -> Scores {
        let images = &square(images, input);
        let mut losses = Tensor::zeros([images.size()[0]], (Kind::Float, images.device()));
        let mut correct = 0;
        for turns in 0..TURNS {
            let (loss, outputs) = Self::turned(network, images, turns, input, false);
            losses += loss;
            correct += outputs.argmax(-1, false).eq(turns).sum(Kind::Int64).int64_value(&[]);
        }
        let of = (TURNS * images.size()[0]) as f64;
        Scores { losses: losses / TURNS as f64, right: correct as f64, of }
    }

    fn quality(&self) -> &'static str {
        "of rotations recognised"
    }
}

/// The largest square in the center of what the task model sees: only a square keeps its shape when it is turned.
fn square(images: &Tensor, input: &Input) -> Tensor {
    let images = input.centered(images);
    let (_, height, width, _) = images.size4().expect("images have four dimensions");
    let side = height.min(width);
    images.narrow(1, (height - side) / 2, side).narrow(2, (width - side) / 2, side)
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::seed::Purpose;
    use crate::spec::{Arch, ModelSpec, Normalize, Stem};

    fn input(center: Option<[usize; 2]>) -> Input {
        Input::new(&Normalize { mean: [0.5; 3], std: [0.25; 3] }, center, Device::Cpu)
    }

    /// The square of an image whose pixels are numbered row by row.
    fn square_of(height: i64, width: i64, center: Option<[usize; 2]>) -> Vec<u8> {
        let images = Tensor::arange(height * width, (Kind::Uint8, Device::Cpu)).reshape([1, height, width, 1]);
        let square = square(&images.repeat([1, 1, 1, 3]), &input(center));
        assert_eq!(square.size()[1], square.size()[2]);
        square.select(3, 0).reshape([-1]).try_into().unwrap()
    }

    #[test]
    fn the_square_is_in_the_center_of_what_the_task_model_sees() {
        assert_eq!(square_of(3, 7, None), [2, 3, 4, 9, 10, 11, 16, 17, 18]);
        assert_eq!(square_of(6, 3, None), [3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(square_of(3, 3, None), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(square_of(6, 9, Some([2, 5])), [21, 22, 30, 31]);
    }

    #[test]
    fn what_lies_beside_the_square_changes_nothing() {
        let pixels: Tensor = Tensor::arange(2 * 12 * 20 * 3, (Kind::Float, Device::Cpu)).sin() * 127.0 + 128.0;
        let wide = pixels.to_kind(Kind::Uint8).reshape([2, 12, 20, 3]);
        let (inside, left) = (wide.narrow(2, 4, 12).contiguous(), wide.narrow(2, 0, 12).contiguous());
        let spec = ModelSpec { arch: Arch::ResNet18, stem: Stem::Small, width: 4 };
        let mut network = Network::new(&spec, Head::Image(TURNS as usize), Device::Cpu);
        network.initialise(0, Purpose::PretextWeights, 0);
        for forward in [PretextForward::Separate, PretextForward::Together] {
            let rotation = Rotation { forward };
            let score = |images: &Tensor| tch::no_grad(|| rotation.score(&network, images, &input(None)));
            let (a, b) = (score(&wide), score(&inside));
            assert!(a.losses.allclose(&b.losses, 1e-5, 1e-6, false), "{forward:?}");
            assert_eq!((a.right, a.of), (b.right, 8.0));
            let loss = |images: &Tensor| rotation.loss(&network, images, &input(None)).double_value(&[]);
            assert!((loss(&wide) - loss(&inside)).abs() < 1e-5, "{forward:?}");
            assert_ne!(loss(&wide), loss(&left), "{forward:?}");
        }
    }
}
