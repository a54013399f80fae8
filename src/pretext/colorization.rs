//! Colorization (Zhang, Isola and Efros, ECCV 2016): the colours of a picture are told from its lightness. The paper used
//! it for segmentation, by a review of it; neither its network nor its loss is known. Assumed here: the two colour
//! channels of CIE Lab are regressed, pixel by pixel, with the mean squared error.

use tch::{Device, Kind, Tensor};

use super::task::{Pretext, Scores};
use crate::dataset::Input;
use crate::model::{Head, Network};

/// Predicts a and b of CIE Lab from L.
pub(super) struct Colorization {
    /// From linear red, green and blue to X, Y and Z of CIE over those of white, float64 `[3, 3]`.
    to_xyz: Tensor,
}

/// Keeps a and b of common colours within -1 to 1.
const SCALE: f64 = 100.0;

impl Colorization {
    /// For images on a device.
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

    /// The squared error of each pixel, `[n, h, w]`, and the squared colour that there was to predict.
    fn errors(&self, network: &Network, images: &Tensor, input: &Input, train: bool) -> (Tensor, Tensor) {
        let lab = self.lab(&input.centered(images));
        // As a grey picture, 0 to 255, so that the normalisation of the data set fits.
        let grey = (lab.narrow(3, 0, 1) * 2.55).repeat([1, 1, 1, 3]);
        let colours = lab.narrow(3, 1, 2).permute([0, 3, 1, 2]) / SCALE;
        let predicted = network.forward(&input.normalized(&grey), train);
        let channels = [1i64];
        let squares = |x: Tensor| x.square().mean_dim(channels.as_slice(), false, None);
        (squares(predicted - &colours), squares(colours))
    }

    /// uint8 sRGB `[n, h, w, 3]` to CIE Lab under D65, float32 `[n, h, w, 3]`: L from 0 to 100, a and b about -110 to 110.
    /// Computed in double precision: powers in single precision differ between processors.
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

impl Pretext for Colorization {
    fn head(&self) -> Head {
        Head::Pixel(2)
    }

    fn loss(&self, network: &Network, views: &[Tensor], input: &Input, _: &Tensor) -> Tensor {
        self.errors(network, &views[0], input, true).0.mean(None)
    }

    fn score(&self, network: &Network, views: &[Tensor], input: &Input) -> Scores {
        let (errors, colours) = self.errors(network, &views[0], input, false);
        // Against leaving the picture grey.
        let (left, of) = (errors.sum(Kind::Double).double_value(&[]), colours.sum(Kind::Double).double_value(&[]));
        let losses = errors.mean_dim([1i64, 2].as_slice(), false, None);
        Scores { losses, right: of - left, of, projected: None }
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

    /// A network that predicts the same a and b (in units of the loss) for every pixel.
    fn constant(a: f32, b: f32) -> Network {
        let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, 2);
        let mut network = Network::new(&spec, task().head(), Device::Cpu);
        network.initialise(0, Purpose::PretextWeights, 0);
        let variables = network.store().variables();
        tch::no_grad(|| {
            let _ = variables["pixel.weight"].shallow_clone().zero_();
            variables["pixel.bias"].shallow_clone().copy_(&Tensor::from_slice(&[a, b]));
        });
        network
    }

    /// uint8 `[n, 8, 8, 3]`, each of one colour.
    fn plain(colours: &[[u8; 3]]) -> Tensor {
        Tensor::from_slice(colours.as_flattened()).reshape([-1, 1, 1, 3]).repeat([1, 8, 8, 1])
    }

    /// The loss of a training step.
    fn step(network: &Network, images: &Tensor) -> Tensor {
        task().loss(network, &[images.shallow_clone()], &input(), &Tensor::new())
    }

    /// The loss of each image, and what was right of what there was.
    fn scored(network: &Network, images: &Tensor) -> (Vec<f64>, f64, f64) {
        let views = [images.shallow_clone()];
        let Scores { losses, right, of, .. } = tch::no_grad(|| task().score(network, &views, &input()));
        (losses.to_kind(Kind::Double).try_into().unwrap(), right, of)
    }

    /// a and b by scikit-image's rgb2lab. The last image is half red and half grey.
    #[test]
    fn without_a_prediction_the_loss_of_each_image_is_its_squared_colour() {
        let halves = Tensor::cat(&[plain(&[RED]).narrow(2, 0, 4), plain(&[[128; 3]]).narrow(2, 0, 4)], 2);
        let images = Tensor::cat(&[plain(&[[128; 3], RED, BLUE, BROWN]), halves], 0);
        let square = |a: f64, b: f64| (a * a + b * b) / 2.0 / 100.0 / 100.0;
        let red = square(80.0925, 67.2032);
        let want = [0.0, red, square(79.1875, -107.8602), square(2.2782, 7.4086), red / 2.0];
        let network = constant(0.0, 0.0);
        let (losses, right, of) = scored(&network, &images);
        assert_eq!(losses.len(), want.len());
        for (got, want) in losses.iter().zip(want) {
            assert!((got - want).abs() < 1e-4 + 1e-3 * want, "{losses:?}");
        }
        // None of the colour is explained, of that of 64 pixels an image.
        assert!(right.abs() < 1e-9 * of, "{right}");
        assert!((of / (64.0 * want.iter().sum::<f64>()) - 1.0).abs() < 1e-3, "{of}");
        let mean = step(&network, &images).double_value(&[]);
        assert!((mean - losses.iter().sum::<f64>() / 5.0).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn a_grey_image_costs_what_is_predicted_for_it() {
        let greys = plain(&[[0; 3], [77; 3], [255; 3]]);
        let (losses, _, of) = scored(&constant(0.0, 0.0), &greys);
        assert!(of < 1e-6 && losses.iter().all(|&loss| loss < 1e-8), "{losses:?}");
        let (losses, right, _) = scored(&constant(0.3, -0.1), &greys);
        assert!(losses.iter().all(|&loss| (loss - (0.09 + 0.01) / 2.0).abs() < 1e-4), "{losses:?}");
        assert!((right + 3.0 * 64.0 * 0.05).abs() < 0.05, "{right}");
    }

    #[test]
    fn colours_that_are_predicted_are_explained() {
        let (losses, right, of) = scored(&constant(0.800_925, 0.672_032), &plain(&[RED, RED]));
        assert!(right / of > 0.999 && losses.iter().all(|&loss| loss < 1e-6), "{right} of {of}, {losses:?}");
        // With a and b exchanged, most of it is.
        let (_, right, of) = scored(&constant(0.672_032, 0.800_925), &plain(&[RED]));
        assert!((0.95..0.99).contains(&(right / of)), "{right} of {of}");
    }

    /// Red beside blue, whose border is elsewhere in each image: the best constant leaves 53 % of the loss.
    #[test]
    fn training_lowers_the_loss() {
        let colour = |colour: [u8; 3]| Tensor::from_slice(&colour).reshape([1, 1, 1, 3]);
        let columns = Tensor::arange(16, (Kind::Int64, Device::Cpu)).reshape([1, 1, 16, 1]);
        let borders = Tensor::from_slice(&[1i64, 3, 5, 7, 9, 11, 13, 15]).reshape([8, 1, 1, 1]);
        let images = colour(RED).where_self(&columns.lt_tensor(&borders), &colour(BLUE)).repeat([1, 16, 1, 1]);
        let network = constant(0.0, 0.0).in_precision(Precision::F64);
        let sgd = Optimizer::Sgd(Sgd { lr: 0.02, momentum: 0.9, weight_decay: 0.0 });
        let mut sgd = crate::train::Sgd::new(&sgd, &network);
        let mut losses = Vec::new();
        for _ in 0..30 {
            let loss = step(&network, &images);
            sgd.step(&network, &loss);
            losses.push(loss.double_value(&[]));
        }
        assert!(losses[29] < 0.7 * losses[0], "{losses:?}");
    }

    /// Against scikit-image's rgb2lab (D65, 2 degrees).
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
