//! RandAugment (Cubuk et al., NeurIPS 2020) as `torchvision.transforms.RandAugment` defines it, for whole minibatches.
//!
//! Every image passes through the same tensor operations, so that they can be recorded: a movement, a change of grey levels and a
//! blend. What an image did not draw leaves it as it is. Grey levels are rounded as torchvision rounds those of bytes.

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::operation::{Operation, Strong};
use crate::dataset::Place;
use pt4al_data::images::IGNORED;
use pt4al_results::seed::Stream;
use pt4al_results::spec::{self, Augment};

/// The number of grey levels.
const LEVELS: i64 = 256;

/// The operations that were drawn for one epoch.
#[derive(Debug)]
pub(super) struct RandAugment {
    /// int64 `[n, operations]`: twice the number of the operation, and 1 more if it is reversed.
    drawn: Tensor,
    table: Table,
}

/// What each of the 28 choices does; a row for each.
#[derive(Debug)]
struct Table {
    /// int64 `[12, h * w]`, for the choices that may move pixels: the pixel that takes the place of each pixel; `h * w` for one outside
    /// the image.
    sources: Tensor,
    /// float32 `[28, 256]`: what becomes of each grey level, if that does not depend on the image.
    levels: Tensor,
    /// float32 `[28, 2]`: how much of the image a blend keeps, and the rest.
    blends: Tensor,
    /// bool `[28, 5]`: whether the choice is colour, contrast, sharpness, automatic contrast, equalize.
    kinds: Tensor,
}

/// The number of first choices that may move pixels. Choice 0 moves none.
const MOVEMENTS: usize = 12;

/// The columns of [`Table::kinds`].
const KINDS: [Operation; 5] =
    [Operation::Colour, Operation::Contrast, Operation::Sharpness, Operation::AutoContrast, Operation::Equalize];

impl RandAugment {
    /// Draws for `n` images of `size` (height, width); `None` if `augment` does not have it. A direction is drawn for every
    /// operation, also where it has none.
    pub fn new(augment: &[Augment], n: usize, size: [usize; 2], stream: &mut Stream, device: Device) -> Option<Self> {
        let spec::RandAugment { operations, magnitude } = augment.iter().find_map(|augment| match augment {
            Augment::RandAugment(options) => Some(*options),
            _ => None,
        })?;
        let mut choose =
            || 2 * stream.random_range(0..Operation::ALL.len() as i64) + i64::from(stream.random::<bool>());
        let drawn: Vec<i64> = (0..n * operations).map(|_| choose()).collect();
        let drawn = Tensor::from_slice(&drawn).reshape([n as i64, operations as i64]).to_device(device);
        Some(Self { drawn, table: Table::new(magnitude, size, device) })
    }

    /// The tensor that was drawn; it has a row for each image.
    pub fn drawn(&mut self) -> &mut Tensor {
        &mut self.drawn
    }

    /// Applies the operations of `place` to uint8 `[n, h, w, 3]`.
    pub fn images(&self, images: &Tensor, place: &Place) -> Tensor {
        let (drawn, size) = (place.take(&self.drawn, images.size()[0]), images.size());
        let mut images = images.shallow_clone();
        for slot in 0..drawn.size()[1] {
            let chosen = drawn.select(1, slot);
            let moved = self.table.moved(&images, &chosen, 0);
            images = self.table.recoloured(&moved, &chosen).reshape(&size);
        }
        images
    }

    /// Moves label maps, uint8 `[n, h, w]`, as the operations of `place` move their images.
    pub fn labels(&self, maps: &Tensor, place: &Place) -> Tensor {
        let drawn = place.take(&self.drawn, maps.size()[0]);
        (0..drawn.size()[1])
            .fold(maps.shallow_clone(), |maps, slot| self.table.moved(&maps, &drawn.select(1, slot), IGNORED))
    }
}

impl Table {
    fn new(magnitude: usize, size: [usize; 2], device: Device) -> Self {
        let choices = Operation::ALL.map(|operation| [false, true].map(|is_reversed| (operation, is_reversed)));
        let choices: Vec<Strong> = choices
            .into_iter()
            .flatten()
            .map(|(operation, is_reversed)| Strong::new(operation, magnitude, is_reversed, size))
            .collect();
        let rows = choices.len() as i64;
        let sources: Vec<i64> = choices[..MOVEMENTS].iter().flat_map(|choice| choice.sources()).collect();
        let levels: Vec<f32> = choices.iter().flat_map(|choice| choice.levels().map(f32::from)).collect();
        let blends: Vec<f32> = choices.iter().flat_map(|choice| blend(*choice)).collect();
        let kinds: Vec<bool> = choices.iter().flat_map(|choice| KINDS.map(|kind| choice.operation == kind)).collect();
        Self {
            sources: Tensor::from_slice(&sources).reshape([MOVEMENTS as i64, -1]).to_device(device),
            levels: Tensor::from_slice(&levels).reshape([rows, LEVELS]).to_device(device),
            blends: Tensor::from_slice(&blends).reshape([rows, 2]).to_device(device),
            kinds: Tensor::from_slice(&kinds).reshape([rows, KINDS.len() as i64]).to_device(device),
        }
    }

    /// Moves the pixels of uint8 `[n, h, w, ...]` as each image's choice (int64 `[n]`) says, with the value `outside` for pixels from
    /// outside.
    fn moved(&self, from: &Tensor, chosen: &Tensor, outside: u8) -> Tensor {
        let size = from.size();
        let (n, pixels) = (size[0], size[1] * size[2]);
        let channels: i64 = size[3..].iter().product();
        let options = (from.kind(), from.device());
        let border = Tensor::full([n, 1, channels], i64::from(outside), options);
        let padded =
            Tensor::cat(&[from.reshape([n, pixels, channels]), border], 1).reshape([n * (pixels + 1), channels]);
        let first = Tensor::arange(n, (Kind::Int64, from.device())) * (pixels + 1);
        let movement = chosen * chosen.lt(MOVEMENTS as i64).to_kind(Kind::Int64);
        let sources = self.sources.index_select(0, &movement) + first.unsqueeze(1);
        padded.index_select(0, &sources.reshape([-1])).reshape(&size)
    }

    /// Changes the colours of uint8 `[n, h, w, 3]` as each image's choice (int64 `[n]`) says.
    fn recoloured(&self, images: &Tensor, chosen: &Tensor) -> Tensor {
        let (n, pixels) = (images.size()[0], images.size()[1] * images.size()[2]);
        let kinds = self.kinds.index_select(0, chosen);
        let is_chosen = |kind: Operation| {
            let column = KINDS.iter().position(|&known| known == kind).expect("one of the kinds");
            kinds.select(1, column as i64).reshape([n, 1, 1])
        };
        let blends = self.blends.index_select(0, chosen);
        let [kept, rest] = [0, 1].map(|column| blends.select(1, column).reshape([n, 1, 1]));
        // The grey levels of an image are counted and changed by their place among 3 * 256.
        let channels = Tensor::arange(3, (Kind::Int64, images.device())) * LEVELS;
        let places = (images.to_kind(Kind::Int64).reshape([n, pixels, 3]) + channels).reshape([n, pixels * 3]);
        let grey = grey(&images.to_kind(Kind::Float)).trunc();
        let contrast = {
            let mean = grey.sum_dim_intlist([1i64, 2, 3].as_slice(), false, Kind::Double) / pixels as f64;
            let mean = mean.to_kind(Kind::Float).reshape([n, 1, 1]);
            let levels = Tensor::arange(LEVELS, (Kind::Float, images.device()));
            to_levels(&(&kept * levels + &rest * mean))
        };
        let levels = self.levels.index_select(0, chosen).reshape([n, 1, LEVELS]);
        let levels = contrast.where_self(&is_chosen(Operation::Contrast), &levels).expand([n, 3, LEVELS], false);
        let counts = counts(&places, n);
        let levels = stretched(&counts).where_self(&is_chosen(Operation::AutoContrast), &levels);
        let levels = equalized(&counts).where_self(&is_chosen(Operation::Equalize), &levels);
        let changed = levels.reshape([n, 3 * LEVELS]).gather(1, &places, false).reshape(images.size());
        let is_sharper = is_chosen(Operation::Sharpness);
        let is_blended = is_chosen(Operation::Colour).logical_or(&is_sharper);
        // Other images keep all of their pixels.
        let kept = kept.where_self(&is_blended, &kept.ones_like()).unsqueeze(3);
        let rest = rest.where_self(&is_blended, &rest.zeros_like()).unsqueeze(3);
        let other = smoothed(&images.to_kind(Kind::Float)).where_self(&is_sharper.unsqueeze(3), &grey);
        to_levels(&(kept * changed + rest * other)).to_kind(Kind::Uint8)
    }
}

/// Returns how much of the image a choice keeps in a blend, and the rest.
fn blend(choice: Strong) -> [f32; 2] {
    [choice.kept() as f32, (1.0 - choice.kept()) as f32]
}

/// Rounds to grey levels as torchvision does: towards 0.
fn to_levels(values: &Tensor) -> Tensor {
    values.clamp(0.0, 255.0).trunc()
}

/// The lightness of `[n, h, w, 3]` with torchvision's weights: `[n, h, w, 1]`, not rounded.
fn grey(pixels: &Tensor) -> Tensor {
    let channel = |index| pixels.narrow(3, index, 1);
    channel(0) * 0.2989 + channel(1) * 0.587 + channel(2) * 0.114
}

/// Smooths `[n, h, w, 3]`: each inner pixel becomes the mean of itself (5 times) and its 8 neighbours, rounded. Images without inner
/// pixels stay as they are.
fn smoothed(pixels: &Tensor) -> Tensor {
    let [height, width] = [pixels.size()[1], pixels.size()[2]];
    if height <= 2 || width <= 2 {
        return pixels.shallow_clone();
    }
    let three = |from: &Tensor, axis: i64, length: i64| {
        from.narrow(axis, 0, length) + from.narrow(axis, 1, length) + from.narrow(axis, 2, length)
    };
    let inner = |image: &Tensor| image.narrow(1, 1, height - 2).narrow(2, 1, width - 2);
    let sums = three(&three(pixels, 1, height - 2), 2, width - 2) + inner(pixels) * 4.0;
    let smoothed = pixels.copy();
    inner(&smoothed).copy_(&(sums / 13.0).round());
    smoothed
}

/// Counts how often each grey level occurs in each channel, int64 `[n, 3, 256]`. `places` is int64 `[n, h * w * 3]`.
fn counts(places: &Tensor, n: i64) -> Tensor {
    let mut counts = Tensor::zeros([n, 3 * LEVELS], (Kind::Int64, places.device()));
    let one = Tensor::ones([1, 1], (Kind::Int64, places.device())).expand_as(places);
    counts.scatter_add_(1, places, &one).reshape([n, 3, LEVELS])
}

/// The grey levels after automatic contrast, float32 `[n, 3, 256]`: those of each channel are stretched to 0 to 255. A channel with
/// a single level stays as it is.
fn stretched(counts: &Tensor) -> Tensor {
    let levels = Tensor::arange(LEVELS, (Kind::Float, counts.device()));
    let occurs = counts.gt(0);
    let least = levels.where_self(&occurs, &levels.full_like(255.0)).amin([2i64].as_slice(), true);
    let most = levels.where_self(&occurs, &levels.zeros_like()).amax([2i64].as_slice(), true);
    let scale = (&most - &least).reciprocal() * 255.0;
    let stretched = to_levels(&((&levels - &least) * scale));
    levels.where_self(&most.eq_tensor(&least), &stretched)
}

/// The grey levels after equalizing each channel's histogram, float32 `[n, 3, 256]`. A channel with few pixels besides those of its
/// lightest level stays as it is.
fn equalized(counts: &Tensor) -> Tensor {
    let numbers = Tensor::arange(LEVELS, (Kind::Int64, counts.device()));
    let up_to = counts.cumsum(2, Kind::Int64);
    let pixels = up_to.narrow(2, LEVELS - 1, 1);
    let lightest = (counts.gt(0).to_kind(Kind::Int64) * &numbers).amax([2i64].as_slice(), true);
    let step = (pixels - counts.gather(2, &lightest, false)).g_div_scalar_mode(255, "floor");
    let divisor = step.clamp_min(1);
    let darker = &up_to - counts;
    let equal = (darker + step.g_div_scalar_mode(2, "floor")).g_div_tensor_mode(&divisor, "floor").clamp(0, 255);
    numbers.where_self(&step.eq(0), &equal).to_kind(Kind::Float)
}

#[cfg(test)]
mod tests;
