//! Colorization (Zhang, Isola and Efros, ECCV 2016): the colours of a picture are told from its lightness. The paper used
//! it for segmentation, by a review of it; neither its network nor its loss is known. Assumed here: the two colour
//! channels of CIE Lab are regressed, pixel by pixel, with the mean squared error.

use tch::{Kind, Tensor};

use super::task::{Pretext, Scores};
use crate::data::Input;
use crate::model::{Head, Network};

/// Predicts a and b of CIE Lab from L.
pub(super) struct Colorization;

/// Keeps a and b of common colours within -1 to 1.
const SCALE: f64 = 100.0;

impl Colorization {
    /// The squared error of each pixel, `[n, h, w]`, and the squared colour that there was to predict.
    fn errors(network: &Network, images: &Tensor, input: &Input, train: bool) -> (Tensor, Tensor) {
        let lab = lab(&input.centered(images));
        // As a grey picture, 0 to 255, so that the normalisation of the data set fits.
        let grey = (lab.narrow(3, 0, 1) * 2.55).repeat([1, 1, 1, 3]);
        let colours = lab.narrow(3, 1, 2).permute([0, 3, 1, 2]) / SCALE;
        let predicted = network.forward(&input.normalized(&grey), train);
        let channels = [1i64];
        let squares = |x: Tensor| x.square().mean_dim(channels.as_slice(), false, Kind::Float);
        (squares(predicted - &colours), squares(colours))
    }
}

impl Pretext for Colorization {
    fn head(&self) -> Head {
        Head::Pixel(2)
    }

    fn transformations(&self) -> usize {
        1
    }

    fn loss(&self, network: &Network, images: &Tensor, input: &Input) -> Tensor {
        Self::errors(network, images, input, true).0.mean(Kind::Float)
    }

    fn score(&self, network: &Network, images: &Tensor, input: &Input) -> Scores {
        let (errors, colours) = Self::errors(network, images, input, false);
        // Against leaving the picture grey.
        let (left, of) = (errors.sum(Kind::Double).double_value(&[]), colours.sum(Kind::Double).double_value(&[]));
        Scores { losses: errors.mean_dim([1i64, 2].as_slice(), false, Kind::Float), right: of - left, of }
    }

    fn quality(&self) -> &'static str {
        "of squared colour explained"
    }
}

/// uint8 sRGB `[n, h, w, 3]` to CIE Lab under D65, float `[n, h, w, 3]`: L from 0 to 100, a and b about -110 to 110.
fn lab(images: &Tensor) -> Tensor {
    let rgb = images.to_kind(Kind::Float) / 255.0;
    let linear = ((&rgb + 0.055) / 1.055).pow_tensor_scalar(2.4).where_self(&rgb.gt(0.04045), &(&rgb / 12.92));
    // IEC 61966-2-1, each row divided by the white point (0.95047, 1, 1.08883).
    let to_xyz = Tensor::from_slice(&[
        0.412_456_4f32 / 0.950_47,
        0.357_576_1 / 0.950_47,
        0.180_437_5 / 0.950_47,
        0.212_672_9,
        0.715_152_2,
        0.072_175_0,
        0.019_333_9 / 1.088_83,
        0.119_192 / 1.088_83,
        0.950_304_1 / 1.088_83,
    ])
    .reshape([3, 3])
    .to_device(images.device());
    let xyz = linear.matmul(&to_xyz.transpose(0, 1));
    let delta = 6.0f64 / 29.0;
    let f = xyz
        .clamp_min(0.0)
        .pow_tensor_scalar(1.0 / 3.0)
        .where_self(&xyz.gt(delta.powi(3)), &(&xyz / (3.0 * delta * delta) + 4.0 / 29.0));
    let (x, y, z) = (f.narrow(3, 0, 1), f.narrow(3, 1, 1), f.narrow(3, 2, 1));
    Tensor::cat(&[&y * 116.0 - 16.0, (&x - &y) * 500.0, (&y - &z) * 200.0], 3)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let got: Vec<f32> = lab(&Tensor::from_slice(&rgb).reshape([1, 1, 1, 3])).reshape([3]).try_into().unwrap();
            for (got, want) in got.iter().zip(want) {
                assert!((f64::from(*got) - want).abs() < 0.02, "{rgb:?}: {got} is not {want}");
            }
        }
    }
}
