//! Normalisation and augmentation as operations on whole minibatches, with seeded draws.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use crate::seed::Stream;
use crate::spec::{Augment, Normalize};

/// Black pixels around an image before it is cropped.
const PADDING: i64 = 4;

/// The draws of one epoch: where each image is cropped, and whether it is flipped.
#[derive(Debug)]
pub struct Draws {
    /// int64 `[n]` on the device: the first row of the crop in the padded image; `None` without cropping.
    offsets: Option<(Tensor, Tensor)>,
    /// bool `[n]`; `None` without flips.
    flips: Option<Tensor>,
}

impl Draws {
    /// Draws for `n` images. Both kinds are always drawn, so that leaving one out does not move the other.
    pub fn new(augment: &[Augment], n: usize, stream: &mut Stream, device: Device) -> Self {
        let (mut rows, mut columns, mut flips) = (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
        for _ in 0..n {
            rows.push(stream.random_range(0..=2 * PADDING));
            columns.push(stream.random_range(0..=2 * PADDING));
            flips.push(stream.random::<bool>());
        }
        let tensor = |values: &[i64]| Tensor::from_slice(values).to_device(device);
        Self {
            offsets: augment.contains(&Augment::Crop4).then(|| (tensor(&rows), tensor(&columns))),
            flips: augment.contains(&Augment::Flip).then(|| Tensor::from_slice(&flips).to_device(device)),
        }
    }

    /// Applies the draws `start..start + n` to `images`, uint8 `[n, h, w, 3]` of the same shape out.
    ///
    /// Crop and flip are one gather: the padded image is read at `row + i` and at `column + j`, with `j` counted
    /// from the other end where the image is flipped (a crop, then a flip, in torchvision's order).
    pub fn apply(&self, images: &Tensor, start: i64) -> Tensor {
        let (n, height, width) = images.size4().map(|(n, h, w, _)| (n, h, w)).expect("images have four dimensions");
        if self.offsets.is_none() && self.flips.is_none() {
            return images.shallow_clone();
        }
        let device = images.device();
        let range = |n| Tensor::arange(n, (Kind::Int64, device));
        let mut rows = range(height).unsqueeze(0);
        let mut columns = range(width).unsqueeze(0);
        if let Some(flips) = &self.flips {
            let flips = flips.narrow(0, start, n).unsqueeze(1);
            columns = columns.where_self(&flips.logical_not(), &columns.flip([1]));
        }
        let padded = match &self.offsets {
            None => images.shallow_clone(),
            Some((row, column)) => {
                // Not in place: the sum has a row for every image.
                rows = row.narrow(0, start, n).unsqueeze(1) + rows;
                columns = column.narrow(0, start, n).unsqueeze(1) + columns;
                images.constant_pad_nd([0, 0, PADDING, PADDING, PADDING, PADDING])
            }
        };
        let index = [Some(range(n).reshape([n, 1, 1])), Some(rows.unsqueeze(2)), Some(columns.unsqueeze(1))];
        padded.index(&index)
    }
}

/// uint8 `[n, h, w, 3]` to normalised float32 `[n, 3, h, w]`, channels last in memory.
pub fn normalized(images: &Tensor, normalize: &Normalize) -> Tensor {
    // (x / 255 - mean) / std = x * scale + shift
    let scale: Vec<f32> = normalize.std.iter().map(|std| (1.0 / (255.0 * std)) as f32).collect();
    let shift: Vec<f32> = normalize.mean.iter().zip(normalize.std).map(|(mean, std)| (-mean / std) as f32).collect();
    let constant = |values: &[f32]| Tensor::from_slice(values).to_device(images.device());
    let scaled = images.to_kind(Kind::Float) * constant(&scale);
    (scaled + constant(&shift)).permute([0, 3, 1, 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{self, Purpose};

    /// Images whose pixel (row, column) of image n is 100 n + 10 row + column + 1, in all channels.
    fn numbered(n: i64, side: i64) -> Tensor {
        let image = |n: i64| (0..side * side).map(move |p| (100 * n + 10 * (p / side) + p % side + 1) as u8);
        let pixels: Vec<u8> = (0..n).flat_map(image).flat_map(|p| [p; 3]).collect();
        Tensor::from_slice(&pixels).reshape([n, side, side, 3])
    }

    fn pixel(images: &Tensor, n: i64, row: i64, column: i64) -> i64 {
        images.int64_value(&[n, row, column, 0])
    }

    fn draws(augment: &[Augment], n: usize) -> Draws {
        Draws::new(augment, n, &mut seed::stream(3, Purpose::Augmentation, &[]), Device::Cpu)
    }

    #[test]
    fn a_crop_moves_the_image_and_a_flip_mirrors_it() {
        let images = numbered(2, 3);
        let both = Draws {
            offsets: Some((Tensor::from_slice(&[4i64, 5]), Tensor::from_slice(&[4i64, 3]))),
            flips: Some(Tensor::from_slice(&[true, false])),
        };
        let out = both.apply(&images, 0);
        // Image 0: not moved (offset 4 of padding 4), flipped.
        assert_eq!(pixel(&out, 0, 0, 0), 3);
        assert_eq!(pixel(&out, 0, 2, 2), 21);
        // Image 1: one row up, one column to the right; what enters is black.
        assert_eq!(pixel(&out, 1, 0, 1), 111);
        assert_eq!(pixel(&out, 1, 0, 0), 0);
        assert_eq!(pixel(&out, 1, 2, 1), 0);
    }

    #[test]
    fn a_flip_mirrors_the_cropped_image() {
        let images = numbered(1, 3);
        let moved = |flip| Draws {
            offsets: Some((Tensor::from_slice(&[4i64]), Tensor::from_slice(&[2i64]))),
            flips: Some(Tensor::from_slice(&[flip])),
        };
        assert_eq!(moved(true).apply(&images, 0), moved(false).apply(&images, 0).flip([2]));
    }

    #[test]
    fn minibatches_take_their_own_part_of_an_epochs_draws() {
        let images = numbered(2, 5);
        let draws = draws(&[Augment::Crop4, Augment::Flip], 6);
        let whole = draws.apply(&Tensor::cat(&[&images, &images, &images], 0), 0);
        assert_eq!(draws.apply(&images, 2), whole.narrow(0, 2, 2));
    }

    #[test]
    fn without_augmentation_nothing_changes() {
        let images = numbered(2, 3);
        assert_eq!(draws(&[], 2).apply(&images, 0), images);
    }

    #[test]
    fn normalised_images_have_the_stated_mean_and_channels_first() {
        let images = Tensor::from_slice(&[255u8, 0, 51]).reshape([1, 1, 1, 3]);
        let normalize = Normalize { mean: [0.5, 0.0, 0.2], std: [0.5, 1.0, 0.1] };
        let out: Vec<f32> = normalized(&images, &normalize).reshape([3]).try_into().unwrap();
        for (got, want) in out.iter().zip([1.0, 0.0, 0.0]) {
            assert!((got - want).abs() < 1e-6, "{out:?}");
        }
    }
}
