//! Colorization (Zhang, Isola and Efros, ECCV 2016): a network predicts the colours of a picture from its lightness. According
//! to a review of the paper, the paper used it for segmentation; neither its network nor its loss is known. This code assumes
//! a regression of the two colour channels of CIE Lab, pixel by pixel, with the mean squared error.

use tch::{Device, Kind, Tensor};

use super::task::{Pretext, Scores};
use crate::dataset::Input;
use crate::model::{Head, Network};

/// Predicts the channels a and b of CIE Lab from L.
pub(super) struct Colorization {
    /// Maps linear red, green and blue to X, Y and Z of CIE, each divided by that of white; float64 `[3, 3]`.
    to_xyz: Tensor,
}

/// The divisor of a and b, which brings common colours to the range -1 to 1.
const SCALE: f64 = 100.0;

impl Colorization {
    /// The task for images on `device`.
    pub fn new(device: Device) -> Self {
        // IEC 61966-2-1, each row divided by the white point (0.95047, 1, 1.08883).
        let to_xyz = Tensor::from_slice(&[
            0.412_456_4 / 0.950_47,
            0.357_576_1 / 0.950_47,
            0.180_437_5 / 0.950_47,
            0.212_672_9,
            0.715_152_2,
            0.072_175_0,
            0.019_333_9 / 1.088_83,
            0.119_192 / 1.088_83,
            0.950_304_1 / 1.088_83,
        ]);
        Self { to_xyz: to_xyz.reshape([3, 3]).to_device(device) }
    }

    /// Returns the squared error of each pixel and the squared colour to predict, `[n, h, w]` each.
    fn errors(&self, network: &Network, images: &Tensor, input: &Input, train: bool) -> (Tensor, Tensor) {
        let lab = self.lab(&input.centered(images));
        // L as a grey picture from 0 to 255, so that the normalisation of the data set fits.
        let grey = (lab.narrow(3, 0, 1) * 2.55).repeat([1, 1, 1, 3]);
        let colours = lab.narrow(3, 1, 2).permute([0, 3, 1, 2]) / SCALE;
        let predicted = network.forward(&input.normalized(&grey), train);
        (mean_square(predicted - &colours), mean_square(colours))
    }

    /// Converts uint8 sRGB `[n, h, w, 3]` to CIE Lab under D65, float32 `[n, h, w, 3]`: L from 0 to 100, a and b about -110 to 110.
    /// It computes in double precision, because powers in single precision differ between processors.
    fn lab(&self, images: &Tensor) -> Tensor {
        let rgb = images.to_kind(Kind::Double) / 255.0;
        let linear = ((&rgb + 0.055) / 1.055).pow_tensor_scalar(2.4).where_self(&rgb.gt(0.04045), &(&rgb / 12.92));
        let xyz = linear.matmul(&self.to_xyz.transpose(0, 1));
        let delta = 6.0f64 / 29.0;
        let f = xyz
            .clamp_min(0.0)
            .pow_tensor_scalar(1.0 / 3.0)
            .where_self(&xyz.gt(delta.powi(3)), &(&xyz / (3.0 * delta * delta) + 4.0 / 29.0));
        let (x, y, z) = (f.narrow(3, 0, 1), f.narrow(3, 1, 1), f.narrow(3, 2, 1));
        Tensor::cat(&[&y * 116.0 - 16.0, (&x - &y) * 500.0, (&y - &z) * 200.0], 3).to_kind(Kind::Float)
    }
}

/// The mean of squares over the channels: `[n, c, h, w]` to `[n, h, w]`.
fn mean_square(x: Tensor) -> Tensor {
    x.square().mean_dim([1i64].as_slice(), false, None)
}

impl Pretext for Colorization {
    fn head(&self) -> Head {
        Head::Pixel(2)
    }

    fn loss(&self, network: &Network, views: &[Tensor], input: &Input, _: &Tensor) -> Tensor {
        self.errors(network, &views[0], input, true).0.mean(None)
    }

    fn score(&self, network: &Network, views: &[Tensor], input: &Input) -> Scores {
        let (errors, colours) = self.errors(network, &views[0], input, false);
        // The share of squared colour that the prediction explains, compared with a grey picture.
        let [left, total] = [&errors, &colours].map(|squares| squares.sum(Kind::Double).double_value(&[]));
        let losses = errors.mean_dim([1i64, 2].as_slice(), false, None);
        Scores { losses, right: total - left, total, projected: None }
    }

    fn quality(&self) -> &'static str {
        "of squared colour explained"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::seed::Purpose;
    use pt4al_results::spec::{Arch, ModelSpec, Normalize, Optimizer, Precision, Sgd, Stem};

    const RED: [u8; 3] = [255, 0, 0];
    const BLUE: [u8; 3] = [0, 0, 255];
    const BROWN: [u8; 3] = [90, 80, 70];

    fn task() -> Colorization {
        Colorization::new(Device::Cpu)
    }

    fn input() -> Input {
        Input::new(&Normalize { mean: [0.5; 3], std: [0.25; 3] }, None, Device::Cpu)
    }

    /// A network that predicts the same a and b, divided by `SCALE`, for every pixel.
    fn constant(a: f32, b: f32) -> Network {
        let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, 2);
        let mut network = Network::new(&spec, task().head(), [32, 32], Device::Cpu).unwrap();
        network.initialise(0, Purpose::PretextWeights, 0);
        let variables = network.store().variables();
        tch::no_grad(|| {
            let _ = variables["pixel.weight"].shallow_clone().zero_();
            variables["pixel.bias"].shallow_clone().copy_(&Tensor::from_slice(&[a, b]));
        });
        network
    }

    /// Returns images of one colour each, uint8 `[n, 8, 8, 3]`.
    fn plain(colours: &[[u8; 3]]) -> Tensor {
        Tensor::from_slice(colours.as_flattened()).reshape([-1, 1, 1, 3]).repeat([1, 8, 8, 1])
    }

    /// Returns the loss of a training step.
    fn step(network: &Network, images: &Tensor) -> Tensor {
        task().loss(network, &[images.shallow_clone()], &input(), &Tensor::new())
    }

    /// Returns the loss of each image, and `right` and `total` of the scores.
    fn scored(network: &Network, images: &Tensor) -> (Vec<f64>, f64, f64) {
        let views = [images.shallow_clone()];
        let Scores { losses, right, total, .. } = tch::no_grad(|| task().score(network, &views, &input()));
        (losses.to_kind(Kind::Double).try_into().unwrap(), right, total)
    }

    /// The values of a and b are from scikit-image's rgb2lab. The last image is half red and half grey.
    #[test]
    fn the_loss_of_a_grey_prediction_is_the_squared_colour_of_the_image() {
        let halves = Tensor::cat(&[plain(&[RED]).narrow(2, 0, 4), plain(&[[128; 3]]).narrow(2, 0, 4)], 2);
        let images = Tensor::cat(&[plain(&[[128; 3], RED, BLUE, BROWN]), halves], 0);
        let square = |a: f64, b: f64| (a * a + b * b) / 2.0 / 100.0 / 100.0;
        let red = square(80.0925, 67.2032);
        let want = [0.0, red, square(79.1875, -107.8602), square(2.2782, 7.4086), red / 2.0];
        let network = constant(0.0, 0.0);
        let (losses, right, total) = scored(&network, &images);
        assert_eq!(losses.len(), want.len());
        for (got, want) in losses.iter().zip(want) {
            assert!((got - want).abs() < 1e-4 + 1e-3 * want, "{losses:?}");
        }
        // No colour is explained. Each image has 64 pixels.
        assert!(right.abs() < 1e-9 * total, "{right}");
        assert!((total / (64.0 * want.iter().sum::<f64>()) - 1.0).abs() < 1e-3, "{total}");
        let mean = step(&network, &images).double_value(&[]);
        assert!((mean - losses.iter().sum::<f64>() / 5.0).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn the_loss_of_a_grey_image_is_the_squared_prediction() {
        let greys = plain(&[[0; 3], [77; 3], [255; 3]]);
        let (losses, _, total) = scored(&constant(0.0, 0.0), &greys);
        assert!(total < 1e-6 && losses.iter().all(|&loss| loss < 1e-8), "{losses:?}");
        let (losses, right, _) = scored(&constant(0.3, -0.1), &greys);
        assert!(losses.iter().all(|&loss| (loss - (0.09 + 0.01) / 2.0).abs() < 1e-4), "{losses:?}");
        assert!((right + 3.0 * 64.0 * 0.05).abs() < 0.05, "{right}");
    }

    #[test]
    fn a_correct_prediction_explains_all_colour() {
        let (losses, right, total) = scored(&constant(0.800_925, 0.672_032), &plain(&[RED, RED]));
        assert!(right / total > 0.999 && losses.iter().all(|&loss| loss < 1e-6), "{right} of {total}, {losses:?}");
        // With a and b exchanged, most of the colour is explained.
        let (_, right, total) = scored(&constant(0.672_032, 0.800_925), &plain(&[RED]));
        assert!((0.95..0.99).contains(&(right / total)), "{right} of {total}");
    }

    /// Red beside blue, with the border at another column in each image: the best constant prediction leaves 53 % of the loss.
    #[test]
    fn training_lowers_the_loss() {
        let colour = |colour: [u8; 3]| Tensor::from_slice(&colour).reshape([1, 1, 1, 3]);
        let columns = Tensor::arange(16, (Kind::Int64, Device::Cpu)).reshape([1, 1, 16, 1]);
        let borders = Tensor::from_slice(&[1i64, 3, 5, 7, 9, 11, 13, 15]).reshape([8, 1, 1, 1]);
        let images = colour(RED).where_self(&columns.lt_tensor(&borders), &colour(BLUE)).repeat([1, 16, 1, 1]);
        let network = constant(0.0, 0.0).in_precision(Precision::F64);
        let sgd = Optimizer::Sgd(Sgd { lr: 0.02, momentum: 0.9, weight_decay: 0.0, nesterov: false });
        let mut sgd = crate::train::Optimizer::new(&sgd, &network);
        let mut losses = Vec::new();
        for _ in 0..30 {
            let loss = step(&network, &images);
            sgd.step(&network, &loss);
            losses.push(loss.double_value(&[]));
        }
        assert!(losses[29] < 0.7 * losses[0], "{losses:?}");
    }

    /// The expected values are from scikit-image's rgb2lab (D65, 2 degrees).
    #[test]
    fn colours_are_those_of_cie_lab() {
        for (rgb, want) in [
            ([255u8, 255, 255], [100.0, 0.0, 0.0]),
            ([0, 0, 0], [0.0, 0.0, 0.0]),
            ([255, 0, 0], [53.2408, 80.0925, 67.2032]),
            ([0, 0, 255], [32.2970, 79.1875, -107.8602]),
            ([90, 80, 70], [34.7083, 2.2782, 7.4086]),
        ] {
            let got: Vec<f32> =
                task().lab(&Tensor::from_slice(&rgb).reshape([1, 1, 1, 3])).reshape([3]).try_into().unwrap();
            for (got, want) in got.iter().zip(want) {
                assert!((f64::from(*got) - want).abs() < 0.02, "{rgb:?}: {got} is not {want}");
            }
        }
    }
}
