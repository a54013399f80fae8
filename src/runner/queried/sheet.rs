//! Draws small pictures into one JPEG.

use anyhow::{Result, anyhow};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use rayon::prelude::*;

use pt4al_data::decode;
use pt4al_data::images::Split;
use pt4al_results::store::{Sheet, Thumbnail};

/// The most pixels of a picture's longer side.
const LONGEST: usize = 40;
/// Side of a JPEG's blocks in pixels. No block holds parts of two pictures, so that compression does not mix them.
const BLOCK: usize = 8;
const QUALITY: u8 = 80;

/// Cells of equal size in rows, each with a picture in its top left corner. Sizes are [height, width].
pub(super) struct Layout {
    image: [usize; 2],
    picture: [usize; 2],
    cell: [usize; 2],
    rows: usize,
    columns: usize,
}

impl Layout {
    /// The layout for a number of pictures of images of size `image`: about as wide as it is high.
    pub fn new(pictures: usize, image: [usize; 2]) -> Self {
        let picture = smaller(image);
        let cell = picture.map(|side| side.next_multiple_of(BLOCK));
        let columns = (pictures as f64 * cell[0] as f64 / cell[1] as f64).sqrt().ceil().max(1.0) as usize;
        Self { image, picture, cell, rows: pictures.div_ceil(columns), columns }
    }

    /// The places of the pictures of `images`.
    pub fn tiles(&self, images: &[usize]) -> Vec<Thumbnail> {
        let [height, width] = self.picture;
        let tile = |(at, &index): (usize, &usize)| {
            let (row, column) = (at / self.columns, at % self.columns);
            Thumbnail { index, x: column * self.cell[1], y: row * self.cell[0], width, height }
        };
        images.iter().enumerate().map(tile).collect()
    }

    /// Draws the pictures of `tiles`, which [`Layout::tiles`] made.
    ///
    /// # Errors
    /// If an image can no longer be read, or a JPEG has no room for so many pictures.
    pub fn draw(&self, tiles: Vec<Thumbnail>, train: &Split) -> Result<Sheet> {
        let [height, width] = [self.rows * self.cell[0], self.columns * self.cell[1]];
        let too_large = || anyhow!("{} pictures are more than a JPEG has room for", tiles.len());
        let (high, wide) = u16::try_from(height).ok().zip(u16::try_from(width).ok()).ok_or_else(too_large)?;
        let pictures = tiles.par_iter().map(|tile| self.picture(train, tile.index)).collect::<Result<Vec<_>>>()?;
        let mut pixels = vec![255; height * width * 3];
        for (tile, picture) in tiles.iter().zip(&pictures) {
            // The rest of the cell repeats the picture's edge: a sharp edge inside a block would be visible in the picture.
            for y in 0..self.cell[0] {
                for x in 0..self.cell[1] {
                    let from = (y.min(tile.height - 1) * tile.width + x.min(tile.width - 1)) * 3;
                    let to = ((tile.y + y) * width + tile.x + x) * 3;
                    pixels[to..to + 3].copy_from_slice(&picture[from..from + 3]);
                }
            }
        }
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, QUALITY);
        encoder.set_sampling_factor(SamplingFactor::F_1_1);
        // No optimized Huffman tables: zune-jpeg 0.5.15 decodes some of them to other pixels.
        encoder.encode(&pixels, wide, high, ColorType::Rgb)?;
        Ok(Sheet { jpeg, width, height, tiles })
    }

    /// The picture of an image, as bytes `[height, width, 3]`.
    fn picture(&self, train: &Split, index: usize) -> Result<Vec<u8>> {
        let image = train.image(index)?;
        if self.picture == self.image {
            return Ok(image);
        }
        let mut picture = vec![0; self.picture[0] * self.picture[1] * 3];
        decode::resized(&image, self.image, self.picture, &mut picture)?;
        Ok(picture)
    }
}

/// The size of an image's picture: that of the image, unless its longer side must shrink to [`LONGEST`].
fn smaller(image: [usize; 2]) -> [usize; 2] {
    let longest = image[0].max(image[1]);
    if longest <= LONGEST {
        return image;
    }
    image.map(|side| ((side * LONGEST + longest / 2) / longest).max(1))
}

#[cfg(test)]
mod tests;
