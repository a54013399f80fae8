//! Mean and standard deviation of the colours of images, as they are used to normalise them, and what else there is to know
//! about a folder of images.
//!
//! All pixels of all images count the same, with values from 0 to 1. The deviation is that of all pixels of a channel (divisor
//! n), around the mean of all pixels. Sums are exact, so the order of the images does not matter.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};
use rayon::prelude::*;

use crate::decode;
use crate::images::Split;
use crate::index::{Files, has_image_ending};
use crate::problems::Problems;
use pt4al_results::spec::Normalize;

/// Sums over the pixels of images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Colours {
    /// The number of pixels.
    pixels: u64,
    /// For red, green and blue: the sum of the values 0 to 255.
    sums: [u64; 3],
    /// For red, green and blue: the sum of the squares of the values 0 to 255.
    squares: [u64; 3],
}

impl Colours {
    /// Sums up `[n, channels]` bytes: grey (1 channel) counts as equal red, green and blue.
    fn of(pixels: &[u8], channels: usize) -> Self {
        let (mut sums, mut squares) = ([0; 3], [0; 3]);
        for pixel in pixels.chunks_exact(channels) {
            for channel in 0..3 {
                let value = u64::from(pixel[channel.min(channels - 1)]);
                sums[channel] += value;
                squares[channel] += value * value;
            }
        }
        Self { pixels: (pixels.len() / channels) as u64, sums, squares }
    }

    fn plus(self, other: Self) -> Self {
        let add = |a: [u64; 3], b: [u64; 3]| std::array::from_fn(|channel| a[channel] + b[channel]);
        Self {
            pixels: self.pixels + other.pixels,
            sums: add(self.sums, other.sums),
            squares: add(self.squares, other.squares),
        }
    }

    /// Mean and deviation of each channel; `None` without pixels.
    pub fn normalize(&self) -> Option<Normalize> {
        if self.pixels == 0 {
            return None;
        }
        let n = u128::from(self.pixels);
        let scale = 255.0 * self.pixels as f64;
        let mean = self.sums.map(|sum| sum as f64 / scale);
        // n * (sum of squares) - (sum)^2 is exact, so that nothing is lost where all values are nearly equal.
        let spread = |channel: usize| n * u128::from(self.squares[channel]) - u128::from(self.sums[channel]).pow(2);
        Some(Normalize { mean, std: std::array::from_fn(|channel| (spread(channel) as f64).sqrt() / scale) })
    }
}

/// Sums up all images of a split, as they are after reading.
///
/// # Errors
/// If a file can no longer be read.
pub fn colours(split: &Split) -> Result<Colours> {
    let of_image = |index| Ok(Colours::of(&split.image(index)?, 3));
    (0..split.len).into_par_iter().map(of_image).try_reduce(Colours::default, |a, b| Ok(a.plus(b)))
}

/// What there is to know about the images of a folder.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FolderStats {
    /// The number of images.
    pub images: usize,
    /// The number of images in grey; the others have colours.
    pub grey: usize,
    /// The number of images for each ending of their names, in lower case: `jpg`, `png`.
    pub endings: BTreeMap<String, usize>,
    /// Heights in pixels: the smallest, the median (the lower of the two in the middle), the largest.
    pub heights: [usize; 3],
    /// Widths in pixels, in the same way.
    pub widths: [usize; 3],
    /// Whether all images have the same height and width.
    pub is_one_size: bool,
    /// Sums over the pixels of all images, at their own sizes.
    pub colours: Colours,
}

/// Decodes all images below a folder, at any depth. Files that are not named like images are left out.
///
/// # Errors
/// If there is no such folder or no image in it, or with the list of the files that are not usable.
pub fn folder(dir: &Path) -> Result<FolderStats> {
    let problems = Problems::default();
    let files = Files::scan(dir, &has_image_ending, &problems)?;
    let measured: Vec<_> = (0..files.len())
        .into_par_iter()
        .filter_map(|index| image(&files, index).map_err(|why| problems.add(&files.path(index), why)).ok())
        .collect();
    problems.into_result(&dir.display().to_string(), "restore or remove them")?;
    if measured.is_empty() {
        bail!("{}: no images in it; name a folder that has images, at any depth", dir.display());
    }
    let mut endings = BTreeMap::new();
    for path in files.iter() {
        let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        *endings.entry(ending).or_default() += 1;
    }
    let sides = |side: usize| three(measured.iter().map(|image| image.size[side]).collect());
    Ok(FolderStats {
        images: measured.len(),
        grey: measured.iter().filter(|image| image.is_grey).count(),
        endings,
        heights: sides(0),
        widths: sides(1),
        is_one_size: measured.iter().all(|image| image.size == measured[0].size),
        colours: measured.iter().fold(Colours::default(), |sum, image| sum.plus(image.colours)),
    })
}

/// What is measured of one image.
struct Measured {
    size: [usize; 2],
    is_grey: bool,
    colours: Colours,
}

fn image(files: &Files, index: usize) -> Result<Measured, String> {
    let bytes = files.read(index)?;
    decode::with_verified(&bytes, |pixels, size, channels| Measured {
        size,
        is_grey: channels == 1,
        colours: Colours::of(pixels, channels),
    })
    .map_err(|why| why.to_string())
}

/// The smallest, the lower median and the largest of at least one number.
fn three(mut numbers: Vec<usize>) -> [usize; 3] {
    numbers.sort_unstable();
    [numbers[0], numbers[(numbers.len() - 1) / 2], numbers[numbers.len() - 1]]
}

#[cfg(test)]
mod tests;
