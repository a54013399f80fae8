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
            PretextForward::Separate => {
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
