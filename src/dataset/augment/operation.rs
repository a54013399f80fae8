//! The operations of RandAugment and what they do to an image of a given size. Names, order and strengths are those of
//! `torchvision.transforms.RandAugment`.

/// The largest magnitude.
const MOST: usize = 30;

/// An operation, with its direction where it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Identity,
    ShearX,
    ShearY,
    TranslateX,
    TranslateY,
    Rotate,
    Brightness,
    Colour,
    Contrast,
    Sharpness,
    Posterize,
    Solarize,
    AutoContrast,
    Equalize,
}

use Operation::{
    AutoContrast, Brightness, Colour, Contrast, Equalize, Identity, Posterize, Rotate, Sharpness, ShearX, ShearY,
    Solarize, TranslateX, TranslateY,
};

impl Operation {
    /// All operations; the ones that move pixels follow the identity.
    pub const ALL: [Self; 14] = [
        Identity,
        ShearX,
        ShearY,
        TranslateX,
        TranslateY,
        Rotate,
        Brightness,
        Colour,
        Contrast,
        Sharpness,
        Posterize,
        Solarize,
        AutoContrast,
        Equalize,
    ];

    /// Returns the strength for a magnitude from 0 to 30, without its sign, for images of a height and width in pixels. Its unit
    /// depends on the operation: pixels for translations, degrees for rotations, bits for `Posterize`.
    fn strength(self, magnitude: usize, [height, width]: [usize; 2]) -> f64 {
        match self {
            Identity | AutoContrast | Equalize => 0.0,
            ShearX | ShearY => between(0.0, 0.3, magnitude),
            TranslateX => between(0.0, 150.0 / 331.0 * width as f64, magnitude),
            TranslateY => between(0.0, 150.0 / 331.0 * height as f64, magnitude),
            Rotate => between(0.0, 30.0, magnitude),
            Brightness | Colour | Contrast | Sharpness => between(0.0, 0.9, magnitude),
            Posterize => 8.0 - (magnitude as f64 / (MOST as f64 / 4.0)).round_ties_even(),
            Solarize => between(255.0, 0.0, magnitude),
        }
    }
}

/// Returns the number at a place from 0 to 30 between two numbers as `torch.linspace` computes it: in single precision, counted from
/// the nearer end, and rounded once.
fn between(first: f64, last: f64, magnitude: usize) -> f64 {
    let (first, last) = (first as f32, last as f32);
    let step = f64::from((last - first) / MOST as f32);
    let exact = if magnitude <= MOST / 2 {
        f64::from(first) + step * magnitude as f64
    } else {
        f64::from(last) - step * (MOST - magnitude) as f64
    };
    f64::from(exact as f32)
}

/// An operation with its strength, for images of one size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strong {
    pub operation: Operation,
    /// Negative in the other direction.
    strength: f64,
    size: [usize; 2],
}

impl Strong {
    /// `is_reversed` turns operations that have a direction: shears, translations, rotations and blends.
    pub fn new(operation: Operation, magnitude: usize, is_reversed: bool, size: [usize; 2]) -> Self {
        let strength = operation.strength(magnitude, size);
        let has_direction = !matches!(operation, Identity | Posterize | Solarize | AutoContrast | Equalize);
        Self { operation, strength: if is_reversed && has_direction { -strength } else { strength }, size }
    }

    /// Returns how much of the image a blend keeps; 1 for other operations. The rest is black, grey or a smoothed image, and a
    /// negative rest moves the image away from it.
    pub fn kept(self) -> f64 {
        match self.operation {
            // Without inner pixels there is nothing to smooth.
            Sharpness if self.size.iter().any(|&side| side <= 2) => 1.0,
            Brightness | Colour | Contrast | Sharpness => 1.0 + self.strength,
            _ => 1.0,
        }
    }

    /// Returns what becomes of each grey level, if that does not depend on the image.
    pub fn levels(self) -> [u8; 256] {
        let changed = |level: u8| match self.operation {
            // Rounded as torchvision does: in single precision, and towards 0.
            Brightness => (self.kept() as f32 * f32::from(level)).clamp(0.0, 255.0) as u8,
            Posterize => level & !(((1u16 << (8 - self.strength as u16)) - 1) as u8),
            Solarize if f64::from(level) >= self.strength => 255 - level,
            _ => level,
        };
        std::array::from_fn(|level| changed(level as u8))
    }

    /// Returns, for each pixel row by row, the pixel that takes its place; `height * width` if that lies outside the image.
    pub fn sources(self) -> Vec<i64> {
        let [height, width] = self.size;
        let pixels = (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        pixels.map(|(row, column)| self.source(row, column)).collect()
    }

    fn source(self, row: usize, column: usize) -> i64 {
        let [height, width] = self.size.map(|side| side as f64);
        // The middle of a pixel. Shears keep the upper left corner, rotations the middle of the image.
        let (x, y) = (column as f64 + 0.5, row as f64 + 0.5);
        let (x, y) = match self.operation {
            ShearX => (x + self.strength * y, y),
            ShearY => (x, y + self.strength * x),
            TranslateX => (x - self.strength.trunc(), y),
            TranslateY => (x, y - self.strength.trunc()),
            Rotate => {
                let (sine, cosine) = (-self.strength).to_radians().sin_cos();
                let (x, y) = (x - width / 2.0, y - height / 2.0);
                (cosine * x + sine * y + width / 2.0, -sine * x + cosine * y + height / 2.0)
            }
            _ => (x, y),
        };
        let (column, row) = ((x - 0.5).round_ties_even(), (y - 0.5).round_ties_even());
        if (0.0..height).contains(&row) && (0.0..width).contains(&column) {
            row as i64 * self.size[1] as i64 + column as i64
        } else {
            (self.size[0] * self.size[1]) as i64
        }
    }
}
