//! Decodes image files to pixels of a fixed size.
//!
//! Resizing follows torchvision on PIL images: a triangle filter whose support grows with the reduction, so that small
//! results are antialiased.

mod bmp;
mod formats;
mod libjpeg;
mod orientation;
mod tiff;
mod webp;

use std::cell::RefCell;
use std::fmt;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

use formats::{Channels, Opened};
use pt4al_results::spec::{Input, Orientation};

/// Why bytes are not a usable image, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnImage(pub String);

impl fmt::Display for NotAnImage {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotAnImage {}

/// Decodes a JPEG, PNG, WebP, TIFF or BMP, resizes and crops it as `input` says, and writes it to `out` as
/// `[crop, crop, 3]`. The format follows from the bytes, not from a name.
///
/// - Grey becomes equal red, green and blue, and a palette its colours. Alpha is dropped.
/// - Of 16 bits, the high 8 are taken.
/// - CMYK of a JPEG is read inverted, as Adobe writes it; that of a TIFF as it is.
/// - Of several pages or frames, the first is taken.
/// - The orientation of a TIFF is applied; that of EXIF data is not (see [`square_turned`]).
///
/// # Errors
/// If the bytes are not a whole image of a known format.
///
/// # Panics
/// If `out` has another length, or `input` is not one that a checked spec has.
pub fn square(bytes: &[u8], input: Input, out: &mut [u8]) -> Result<(), NotAnImage> {
    square_turned(bytes, input, Orientation::AsStored, out)
}

/// [`square`], with the orientation of EXIF data as the spec wants it.
///
/// # Errors
/// As for [`square`]. EXIF data that cannot be read counts as none.
///
/// # Panics
/// As for [`square`].
pub fn square_turned(bytes: &[u8], input: Input, orientation: Orientation, out: &mut [u8]) -> Result<(), NotAnImage> {
    let Input { resize, crop } = input;
    assert!((1..=resize).contains(&crop), "a crop of {crop} from {resize}");
    let turn = match orientation {
        Orientation::AsStored => orientation::UPRIGHT,
        Orientation::Exif => orientation::from_exif(bytes),
    };
    with_pixels(Opened::new(bytes)?, |picture, scratch| {
        let (turned, size) = orientation::turn(picture.pixels, [picture.height, picture.width], picture.channels, turn);
        let picture = Picture { height: size[0], width: size[1], pixels: &turned, ..picture };
        let (height, width) = (picture.height, picture.width);
        let long = |side: usize, short: usize| (resize * side) / short;
        let (tall, wide) = if width <= height { (long(height, width), resize) } else { (resize, long(width, height)) };
        // Only the window of the source that becomes the crop is resized.
        let window = Window {
            top: center(tall, crop) * height as f64 / tall as f64,
            left: center(wide, crop) * width as f64 / wide as f64,
            height: (crop * height) as f64 / tall as f64,
            width: (crop * width) as f64 / wide as f64,
        };
        scratch.rgb(picture, window, [crop, crop], out)
    })
}

/// The first row or column of a center crop. Halves are rounded to the even neighbour, as in Python.
fn center(side: usize, crop: usize) -> f64 {
    ((side - crop) as f64 / 2.0).round_ties_even()
}

/// Height and width of an image, from its header. The formats are those of [`square`].
///
/// # Errors
/// If the bytes do not begin like an image.
pub(crate) fn size(bytes: &[u8]) -> Result<[usize; 2], NotAnImage> {
    Opened::new(bytes).map(|opened| opened.size())
}

/// Decodes an image that must have `size` (height, width), resizes it if `resize` is given, and writes it to `out` as
/// `[height, width, 3]`. The formats are those of [`square`].
///
/// # Errors
/// If the bytes are not a whole image of a known format, or have another size.
///
/// # Panics
/// If `out` has another length.
pub fn whole(bytes: &[u8], size: [usize; 2], resize: Option<[usize; 2]>, out: &mut [u8]) -> Result<(), NotAnImage> {
    let opened = Opened::new(bytes)?;
    must_have(&opened, size)?;
    with_pixels(opened, |picture, scratch| scratch.rgb(picture, Window::all(picture), resize.unwrap_or(size), out))
}

/// Decodes a PNG with one channel of 8 bits (grey), or with indices into a palette, that must have `size` (height, width), and
/// writes its values, unchanged, to `out` as `[height, width]`. If `resize` is given, it is resized by nearest neighbour.
///
/// # Errors
/// If the bytes are not a whole PNG, or it is in colour or has another size.
///
/// # Panics
/// If `out` has another length.
pub(crate) fn label_map(
    bytes: &[u8],
    size: [usize; 2],
    resize: Option<[usize; 2]>,
    out: &mut [u8],
) -> Result<(), NotAnImage> {
    let opened = Opened::label_map(bytes)?;
    must_have(&opened, size)?;
    with_pixels(opened, |picture, scratch| {
        scratch.resize(picture, Window::all(picture), resize.unwrap_or(size), ResizeAlg::Nearest, out)
    })
}

/// Resizes `[height, width, 3]` of size `from` (height, width) to `to`, as [`whole`] does.
///
/// # Errors
/// If a side is 0.
///
/// # Panics
/// If a buffer has another length.
pub fn resized(pixels: &[u8], from: [usize; 2], to: [usize; 2], out: &mut [u8]) -> Result<(), NotAnImage> {
    assert_eq!(pixels.len(), from[0] * from[1] * 3, "the length of an image");
    let picture = Picture { height: from[0], width: from[1], channels: Channels::Rgb, pixels };
    SCRATCH.with_borrow_mut(|(_, scratch)| scratch.rgb(picture, Window::all(picture), to, out))
}

/// Checks that an image can be decoded completely: it finds files that are cut short or damaged in another way. JPEGs are
/// also read by libjpeg, because the decoder of [`square`] fills in missing data silently.
///
/// # Errors
/// If the bytes are not a whole image of a known format.
pub(crate) fn verify(bytes: &[u8]) -> Result<(), NotAnImage> {
    with_verified(bytes, |_, _, _| ())
}

/// As [`verify`], and calls `then` with the pixels, `[height, width, channels]`, their height and width, and the number of
/// channels: 1 for grey, 3 for red, green and blue.
///
/// # Errors
/// As for [`verify`].
pub(crate) fn with_verified<T>(
    bytes: &[u8],
    then: impl FnOnce(&[u8], [usize; 2], usize) -> T,
) -> Result<T, NotAnImage> {
    let opened = Opened::new(bytes)?;
    if matches!(opened, Opened::Jpeg { .. }) {
        libjpeg::check(bytes).map_err(NotAnImage)?;
    }
    let mut result = None;
    with_pixels(opened, |picture, _| {
        result = Some(then(picture.pixels, [picture.height, picture.width], picture.channels as usize));
        Ok(())
    })?;
    result.ok_or_else(|| NotAnImage("has no pixels".into()))
}

fn must_have(opened: &Opened, [height, width]: [usize; 2]) -> Result<(), NotAnImage> {
    let [h, w] = opened.size();
    if [h, w] == [height, width] {
        return Ok(());
    }
    Err(NotAnImage(format!("is {w}x{h}, not {width}x{height} (width x height)")))
}

/// A decoded image: `[height, width, channels]`.
#[derive(Clone, Copy)]
struct Picture<'a> {
    height: usize,
    width: usize,
    channels: Channels,
    pixels: &'a [u8],
}

/// The part of a picture that is resized, in pixels of the picture.
struct Window {
    top: f64,
    left: f64,
    height: f64,
    width: f64,
}

impl Window {
    fn all(picture: Picture) -> Self {
        Self { top: 0.0, left: 0.0, height: picture.height as f64, width: picture.width as f64 }
    }
}

/// Buffers that a thread keeps between images, because allocating them takes as long as decoding a small image.
#[derive(Default)]
struct Scratch {
    resizer: Resizer,
    grey: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<(Vec<u8>, Scratch)> = RefCell::default();
}

/// Decodes `opened`, and calls `then` with its pixels.
fn with_pixels(
    opened: Opened,
    then: impl FnOnce(Picture, &mut Scratch) -> Result<(), NotAnImage>,
) -> Result<(), NotAnImage> {
    SCRATCH.with_borrow_mut(|(buffer, scratch)| {
        let [height, width] = opened.size();
        let channels = opened.decode(buffer)?;
        let pixels = &buffer[..height * width * channels as usize];
        then(Picture { height, width, channels, pixels }, scratch)
    })
}

impl Scratch {
    /// Resizes `window` to `size`, and writes it to `out` as `[height, width, 3]`.
    fn rgb(&mut self, picture: Picture, window: Window, size: [usize; 2], out: &mut [u8]) -> Result<(), NotAnImage> {
        let bilinear = ResizeAlg::Convolution(FilterType::Bilinear);
        if picture.channels == Channels::Rgb {
            return self.resize(picture, window, size, bilinear, out);
        }
        let mut grey = std::mem::take(&mut self.grey);
        grey.resize(size[0] * size[1], 0);
        let resized = self.resize(picture, window, size, bilinear, &mut grey);
        assert_eq!(out.len(), grey.len() * 3, "the length of a record");
        out.chunks_exact_mut(3).zip(&grey).for_each(|(pixel, &value)| pixel.fill(value));
        self.grey = grey;
        resized
    }

    fn resize(
        &mut self,
        picture: Picture,
        window: Window,
        [height, width]: [usize; 2],
        how: ResizeAlg,
        out: &mut [u8],
    ) -> Result<(), NotAnImage> {
        assert_eq!(out.len(), height * width * picture.channels as usize, "the length of a record");
        let pixel = match picture.channels {
            Channels::Grey => PixelType::U8,
            Channels::Rgb => PixelType::U8x3,
        };
        // Never because of the file: sizes are within limits, and buffers have the right lengths.
        let impossible = |e: &dyn fmt::Display| NotAnImage(format!("cannot be resized ({e})"));
        let source = ImageRef::new(picture.width as u32, picture.height as u32, picture.pixels, pixel)
            .map_err(|e| impossible(&e))?;
        let mut target = Image::from_slice_u8(width as u32, height as u32, out, pixel).map_err(|e| impossible(&e))?;
        // The window must not reach over the edge because of rounding.
        let options = ResizeOptions::new().resize_alg(how).crop(
            window.left,
            window.top,
            window.width.min(picture.width as f64 - window.left),
            window.height.min(picture.height as f64 - window.top),
        );
        self.resizer.resize(&source, &mut target, &options).map_err(|e| impossible(&e))
    }
}

#[cfg(test)]
mod tests;
