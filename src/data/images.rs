//! Images in memory, as every data set of small images is handed on.

use crate::store::DataOrigin;

/// Images of one size with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Images {
    pub height: usize,
    pub width: usize,
    /// `[n, height, width, 3]`, row by row: red, green, blue of each pixel, 0 to 255.
    pub pixels: Vec<u8>,
    /// `[n]`: an index into [`Splits::classes`].
    pub labels: Vec<u8>,
}

impl Images {
    /// The number of images.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Bytes of one image.
    pub fn stride(&self) -> usize {
        self.height * self.width * 3
    }

    /// `[height, width, 3]` of image `index`.
    ///
    /// # Panics
    /// If there is no such image.
    pub fn image(&self, index: usize) -> &[u8] {
        &self.pixels[index * self.stride()..][..self.stride()]
    }
}

/// A data set: what the pool is drawn from, what accuracy is measured on, and where both came from.
#[derive(Clone, Debug, PartialEq)]
pub struct Splits {
    pub train: Images,
    pub test: Images,
    /// The classes' names; a label is an index into them.
    pub classes: Vec<String>,
    pub origin: DataOrigin,
}
