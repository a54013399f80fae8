//! Augmentation of whole minibatches, with seeded draws.

mod colour;
mod operation;
mod rand_augment;

use rand::Rng;
use tch::{Device, Kind, Tensor};

use super::{Minibatch, Place, Rows};
use colour::Colour;
use pt4al_data::images::IGNORED;
use pt4al_results::seed::Stream;
use pt4al_results::spec::Augment;
use rand_augment::RandAugment;

/// Black (and, in label maps, ignored) pixels around an image before it is cropped by [`Augment::Crop4`].
const PADDING: i64 = 4;
/// The aspect ratios of [`Augment::RandomResizedCrop`] (torchvision's).
const SHAPES: [f64; 2] = [3.0 / 4.0, 4.0 / 3.0];

/// The random draws of one epoch: the part of each image that is taken, whether it is flipped, the operations that it gets, and how its
/// colours change.
#[derive(Debug)]
pub struct Draws {
    crop: Crop,
    /// bool `[n]`; `None` without flips.
    flips: Option<Tensor>,
    operations: Option<RandAugment>,
    colour: Option<Colour>,
}

/// The part of each image that is taken.
#[derive(Debug)]
enum Crop {
    Whole,
    /// A window of fixed size.
    Window {
        /// int64 `[n]` each: first row and first column of the window in the padded image.
        offsets: (Tensor, Tensor),
        /// Height and width of the window; `None` for those of the image.
        size: Option<[usize; 2]>,
        padding: i64,
    },
    /// A box of any size, resized to a square.
    Resized {
        /// float64 `[n, 4]`: first row, first column, height and width, as parts of the image's height and width.
        boxes: Tensor,
        side: i64,
    },
}

impl Draws {
    /// Draws for `n` images of `size` (height, width). A window and a flip are always drawn, so that leaving one out does
    /// not change the other. Colours are drawn afterwards, and then operations, so they change nothing that is drawn before.
    pub fn new(augment: &[Augment], n: usize, size: [usize; 2], stream: &mut Stream, device: Device) -> Self {
        let crop = augment.iter().find(|a| a.crops());
        let most = match crop {
            // The rules of specs ensure that the part is not larger than the image.
            Some(Augment::Crop(part)) => [0, 1].map(|axis| size[axis].saturating_sub(part[axis]) as i64),
            _ => [2 * PADDING; 2],
        };
        let (mut rows, mut columns, mut flips) = (Vec::with_capacity(n), Vec::with_capacity(n), Vec::with_capacity(n));
        let mut boxes = Vec::new();
        for _ in 0..n {
            rows.push(stream.random_range(0..=most[0]));
            columns.push(stream.random_range(0..=most[1]));
            flips.push(stream.random::<bool>());
            if let Some(Augment::RandomResizedCrop(crop)) = crop {
                boxes.extend(random_box(crop.area, size, stream));
            }
        }
        let tensor = |values: &[i64]| Tensor::from_slice(values).to_device(device);
        let offsets = || (tensor(&rows), tensor(&columns));
        let crop = match crop {
            Some(Augment::Crop4) => Crop::Window { offsets: offsets(), size: None, padding: PADDING },
            Some(Augment::Crop(part)) => Crop::Window { offsets: offsets(), size: Some(*part), padding: 0 },
            Some(Augment::RandomResizedCrop(crop)) => Crop::Resized {
                boxes: Tensor::from_slice(&boxes).reshape([-1, 4]).to_device(device),
                side: crop.side as i64,
            },
            // Other augmentations do not crop.
            Some(_) | None => Crop::Whole,
        };
        let flips = augment.contains(&Augment::Flip).then(|| Tensor::from_slice(&flips).to_device(device));
        let colour = Colour::new(augment, n, stream, device);
        let cropped = augment.iter().find_map(Augment::size).unwrap_or(size);
        Self { crop, flips, colour, operations: RandAugment::new(augment, n, cropped, stream, device) }
    }

    /// Applies the draws of `place` to a minibatch: to its images, and to its targets if they are label maps.
    pub fn apply(&self, minibatch: Minibatch, place: &Place) -> Minibatch {
        let Minibatch { images, targets } = minibatch;
        let targets = match &self.crop {
            // The rules of specs ensure that label maps are never resized.
            Crop::Resized { .. } => targets,
            crop if targets.dim() == 3 => self.window(&targets, crop, place, IGNORED),
            _ => targets,
        };
        let targets = match &self.operations {
            Some(operations) if targets.dim() == 3 => operations.labels(&targets, place),
            _ => targets,
        };
        Minibatch { images: self.images(&images, place), targets }
    }

    /// Applies the draws of `place` to images alone, uint8 `[n, h, w, 3]`.
    pub fn images(&self, images: &Tensor, place: &Place) -> Tensor {
        let placed = match &self.crop {
            Crop::Resized { boxes, side } => self.resized(images, boxes, *side, place),
            crop => self.window(images, crop, place, 0),
        };
        let changed = match &self.operations {
            Some(operations) => operations.images(&placed, place),
            None => placed,
        };
        match &self.colour {
            Some(colour) => colour.apply(&changed, place),
            None => changed,
        }
    }

    /// Cuts the windows out of `[n, h, w, ...]`, with the value `outside` in the padding.
    ///
    /// Window and flip are one gather: it reads the padded image at `row + i` and `column + j`. If the image is flipped, `j`
    /// counts from the other end (a crop, then a flip, in torchvision's order).
    fn window(&self, from: &Tensor, crop: &Crop, place: &Place, outside: u8) -> Tensor {
        if matches!(crop, Crop::Whole) && self.flips.is_none() {
            return from.shallow_clone();
        }
        let [n, height, width] = [0, 1, 2].map(|axis| from.size()[axis]);
        let device = from.device();
        let range = |n| Tensor::arange(n, (Kind::Int64, device));
        let (out_height, out_width) = match crop {
            Crop::Window { size: Some([height, width]), .. } => (*height as i64, *width as i64),
            _ => (height, width),
        };
        let mut rows = range(out_height).unsqueeze(0);
        let mut columns = range(out_width).unsqueeze(0);
        if let Some(flips) = &self.flips {
            let flips = place.take(flips, n).unsqueeze(1);
            columns = columns.where_self(&flips.logical_not(), &columns.flip([1]));
        }
        let padded = match crop {
            Crop::Window { offsets: (row, column), padding, .. } => {
                // Not in place, because the sum has another shape: a row for every image.
                rows = place.take(row, n).unsqueeze(1) + rows;
                columns = place.take(column, n).unsqueeze(1) + columns;
                pad(from, *padding, outside)
            }
            _ => from.shallow_clone(),
        };
        let index = [Some(range(n).reshape([n, 1, 1])), Some(rows.unsqueeze(2)), Some(columns.unsqueeze(1))];
        padded.index(&index)
    }

    /// Cuts the boxes out of uint8 `[n, h, w, 3]`, and resizes them to `[n, side, side, 3]` (bilinear, rounded to whole grey
    /// levels).
    fn resized(&self, images: &Tensor, boxes: &Tensor, side: i64, place: &Place) -> Tensor {
        let n = images.size()[0];
        let boxes = place.take(boxes, n);
        let column_of_boxes = |column| boxes.narrow(1, column, 1);
        // Centers of the output's pixels within the box, scaled from 0..1 to grid_sample's -1..1.
        let centers = (Tensor::arange(side, (Kind::Double, images.device())) + 0.5) / side as f64;
        let rows = (column_of_boxes(0) + column_of_boxes(2) * &centers) * 2.0 - 1.0;
        let mut columns = (column_of_boxes(1) + column_of_boxes(3) * &centers) * 2.0 - 1.0;
        if let Some(flips) = &self.flips {
            let flips = place.take(flips, n).unsqueeze(1);
            columns = columns.where_self(&flips.logical_not(), &columns.flip([1]));
        }
        let shape = [n, side, side];
        let grid =
            Tensor::stack(&[columns.unsqueeze(1).expand(shape, false), rows.unsqueeze(2).expand(shape, false)], 3);
        let floats = images.permute([0, 3, 1, 2]).to_kind(Kind::Float);
        let (bilinear, border) = (0, 1);
        let sampled = floats.grid_sampler(&grid.to_kind(Kind::Float), bilinear, border, false);
        sampled.round().clamp(0.0, 255.0).to_kind(Kind::Uint8).permute([0, 2, 3, 1])
    }
}

impl Rows for Draws {
    fn tensors(&mut self) -> Vec<&mut Tensor> {
        let Self { crop, flips, operations, colour } = self;
        let mut all: Vec<&mut Tensor> = match crop {
            Crop::Whole => Vec::new(),
            Crop::Window { offsets: (rows, columns), .. } => vec![rows, columns],
            Crop::Resized { boxes, .. } => vec![boxes],
        };
        all.extend(flips);
        all.extend(operations.as_mut().map(RandAugment::drawn));
        all.extend(colour.iter_mut().flat_map(Colour::tensors));
        all
    }
}

/// Adds `padding` pixels of the value `outside` on each side of `[n, h, w, ...]`.
fn pad(from: &Tensor, padding: i64, outside: u8) -> Tensor {
    if padding == 0 {
        return from.shallow_clone();
    }
    let mut sides = vec![padding; 4];
    if from.dim() == 4 {
        sides.splice(0..0, [0, 0]);
    }
    from.f_pad(&sides, "constant", f64::from(outside)).expect("a constant fits any shape")
}

/// Draws a box as in torchvision's RandomResizedCrop: area and shape are drawn up to ten times until the box fits into the
/// image; if it never does, the box is the whole image, cut to the nearest allowed shape. Returns first row, first column,
/// height and width, as parts of the image's height and width.
fn random_box(area: [f64; 2], [height, width]: [usize; 2], stream: &mut Stream) -> [f64; 4] {
    let (height, width) = (height as f64, width as f64);
    for _ in 0..10 {
        let target = stream.random_range(area[0]..=area[1]) * height * width;
        let shape = stream.random_range(SHAPES[0].ln()..=SHAPES[1].ln()).exp();
        let (w, h) = ((target * shape).sqrt().round().max(1.0), (target / shape).sqrt().round().max(1.0));
        if w <= width && h <= height {
            let row = stream.random_range(0..=(height - h) as usize) as f64;
            let column = stream.random_range(0..=(width - w) as usize) as f64;
            return [row / height, column / width, h / height, w / width];
        }
    }
    let shape = (width / height).clamp(SHAPES[0], SHAPES[1]);
    let (w, h) = (width.min(height * shape), height.min(width / shape));
    [(height - h) / 2.0 / height, (width - w) / 2.0 / width, h / height, w / width]
}

#[cfg(test)]
mod tests;
