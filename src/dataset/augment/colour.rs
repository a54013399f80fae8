//! Random changes of colour. The operations are torchvision's, without hue. They are computed in floats and rounded to
//! whole grey levels once at the end; torchvision rounds after each operation.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::dataset::Place;
use pt4al_results::seed::Stream;
use pt4al_results::spec::{Augment, ColourJitter};

/// The draws of colour changes for one epoch.
#[derive(Debug)]
pub(super) struct Colour {
    /// float32 `[n, 3]`: the factors of brightness, contrast and saturation, 1 if an image is not changed; `None` without
    /// jitter.
    factors: Option<Tensor>,
    /// bool `[n]`: which images become grey; `None` without grayscale.
    grey: Option<Tensor>,
}

impl Colour {
    /// Draws for `n` images; `None` if `augment` does not change colours. Both changes are always drawn, so that leaving one
    /// out does not change the other.
    pub fn new(augment: &[Augment], n: usize, stream: &mut Stream, device: Device) -> Option<Self> {
        let jitter =
            augment.iter().find_map(|a| if let Augment::ColourJitter(jitter) = a { Some(*jitter) } else { None });
        let grayscale = augment.iter().find_map(|a| if let Augment::Grayscale(part) = a { Some(*part) } else { None });
        if jitter.is_none() && grayscale.is_none() {
            return None;
        }
        let none = ColourJitter { brightness: 0.0, contrast: 0.0, saturation: 0.0, probability: 0.0 };
        let ColourJitter { brightness, contrast, saturation, probability } = jitter.unwrap_or(none);
        let (mut factors, mut grey) = (Vec::with_capacity(3 * n), Vec::with_capacity(n));
        for _ in 0..n {
            let changed = stream.random::<f64>() < probability;
            for strength in [brightness, contrast, saturation] {
                let factor = 1.0 + strength * (2.0 * stream.random::<f64>() - 1.0);
                factors.push(if changed { factor as f32 } else { 1.0 });
            }
            grey.push(stream.random::<f64>() < grayscale.unwrap_or(0.0));
        }
        Some(Self {
            factors: jitter.map(|_| Tensor::from_slice(&factors).reshape([-1, 3]).to_device(device)),
            grey: grayscale.map(|_| Tensor::from_slice(&grey).to_device(device)),
        })
    }

    /// All tensors that were drawn; each has a row for each image.
    pub fn tensors(&mut self) -> impl Iterator<Item = &mut Tensor> {
        self.factors.iter_mut().chain(&mut self.grey)
    }

    /// Applies the draws of `place` to uint8 `[n, h, w, 3]`. It computes in double precision: in single precision, the mean
    /// of an image differs between processors, and rounding to grey levels would make the difference larger.
    pub fn apply(&self, images: &Tensor, place: &Place) -> Tensor {
        let n = images.size()[0];
        let mut pixels = images.to_kind(Kind::Double);
        if let Some(factors) = &self.factors {
            let factors = place.take(factors, n);
            let factor = |at| factors.select(1, at).reshape([n, 1, 1, 1]);
            pixels = blend(&pixels, &pixels.zeros_like(), &factor(0));
            let mean = grey(&pixels).mean_dim([1i64, 2, 3].as_slice(), true, None);
            pixels = blend(&pixels, &mean, &factor(1));
            pixels = blend(&pixels, &grey(&pixels), &factor(2));
        }
        if let Some(chosen) = &self.grey {
            pixels = grey(&pixels).where_self(&place.take(chosen, n).reshape([n, 1, 1, 1]), &pixels);
        }
        pixels.round().to_kind(Kind::Uint8)
    }
}

/// Mixes `factor` of the pixels with `1 - factor` of `other`; a factor above 1 moves the pixels away from `other`.
fn blend(pixels: &Tensor, other: &Tensor, factor: &Tensor) -> Tensor {
    let rest: Tensor = 1.0 - factor;
    (pixels * factor + other * rest).clamp(0.0, 255.0)
}

/// The lightness of `[n, h, w, 3]` by ITU-R 601-2: `[n, h, w, 1]`.
fn grey(pixels: &Tensor) -> Tensor {
    let channel = |index| pixels.narrow(3, index, 1);
    channel(0) * 0.299 + channel(1) * 0.587 + channel(2) * 0.114
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::seed::{self, Purpose};

    const JITTER: ColourJitter = ColourJitter { brightness: 0.4, contrast: 0.2, saturation: 0.1, probability: 0.75 };

    fn drawn(augment: &[Augment], n: usize) -> Colour {
        Colour::new(augment, n, &mut seed::stream(3, Purpose::Augmentation, &[]), Device::Cpu).unwrap()
    }

    /// The bytes of an image of two pixels, (200, 100, 50) and (40, 80, 10), after the changes.
    fn changed(factors: [f32; 3], grey: bool) -> [u8; 6] {
        let images = Tensor::from_slice(&[200u8, 100, 50, 40, 80, 10]).reshape([1, 1, 2, 3]);
        let colour = Colour {
            factors: Some(Tensor::from_slice(&factors).reshape([1, 3])),
            grey: Some(Tensor::from_slice(&[grey])),
        };
        let pixels: Vec<u8> = colour.apply(&images, &Place::First(0)).reshape([-1]).try_into().unwrap();
        pixels.try_into().unwrap()
    }

    /// By hand: the lightness is 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2 and 60.06, in the mean 92.13.
    #[test]
    fn pixels_change_as_defined() {
        assert_eq!(changed([1.0; 3], false), [200, 100, 50, 40, 80, 10]);
        assert_eq!(changed([1.4, 1.0, 1.0], false), [255, 140, 70, 56, 112, 14]);
        assert_eq!(changed([0.0, 1.0, 1.0], false), [0; 6]);
        // Half way to 92.13, and half as far again from it.
        assert_eq!(changed([1.0, 0.5, 1.0], false), [146, 96, 71, 66, 86, 51]);
        assert_eq!(changed([1.0, 1.5, 1.0], false), [254, 104, 29, 14, 74, 0]);
        // Half way to the lightness of each pixel, and half as far again from it.
        assert_eq!(changed([1.0, 1.0, 0.5], false), [162, 112, 87, 50, 70, 35]);
        assert_eq!(changed([1.0, 1.0, 1.5], false), [238, 88, 13, 30, 90, 0]);
        assert_eq!(changed([1.0; 3], true), [124, 124, 124, 60, 60, 60]);
        // In this order: halved to a mean of 46.065; half way to it; then grey, which keeps the lightness.
        assert_eq!(changed([0.5, 0.5, 0.3], true), [54, 54, 54, 38, 38, 38]);
    }

    #[test]
    fn draws_keep_to_their_ranges_and_probabilities() {
        let colour = drawn(&[Augment::Grayscale(0.25), Augment::ColourJitter(JITTER)], 4_000);
        let grey = colour.grey.unwrap().sum(Kind::Int64).int64_value(&[]);
        assert!((900..1_100).contains(&grey), "{grey}");
        let factors = colour.factors.unwrap();
        for (index, strength) in [JITTER.brightness, JITTER.contrast, JITTER.saturation].into_iter().enumerate() {
            let factor = factors.select(1, index as i64);
            let (least, most) = (factor.min().double_value(&[]), factor.max().double_value(&[]));
            assert!(
                (least - (1.0 - strength)).abs() < 0.01 && (most - (1.0 + strength)).abs() < 0.01,
                "{least} {most}"
            );
            let unchanged = factor.eq(1.0).sum(Kind::Int64).int64_value(&[]);
            assert!((900..1_100).contains(&unchanged), "{unchanged}");
        }
    }

    #[test]
    fn leaving_one_change_out_does_not_change_the_other() {
        let (jitter, grey) = (Augment::ColourJitter(JITTER), Augment::Grayscale(0.25));
        let both = drawn(&[jitter, grey], 20);
        assert_eq!(drawn(&[jitter], 20).factors, both.factors);
        assert!(drawn(&[jitter], 20).grey.is_none());
        assert_eq!(drawn(&[grey], 20).grey, both.grey);
        assert!(drawn(&[grey], 20).factors.is_none());
    }

    #[test]
    fn minibatches_take_their_own_part_of_the_draws() {
        let colour = drawn(&[Augment::ColourJitter(JITTER), Augment::Grayscale(0.25)], 6);
        let images = (Tensor::arange(6 * 4 * 3, (Kind::Int64, Device::Cpu)) * 37).remainder(256);
        let images = images.to_kind(Kind::Uint8).reshape([6, 2, 2, 3]);
        let whole = colour.apply(&images, &Place::First(0));
        assert_ne!(whole, images);
        assert_eq!(colour.apply(&images.narrow(0, 2, 3), &Place::First(2)), whole.narrow(0, 2, 3));
    }
}
