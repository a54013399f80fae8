//! What all figures share: files, text, axes and colours.
//!
//! A picture is laid out in shown pixels and drawn in fine ones, on any backend of plotters, as SVG and as PNG.

mod axis;
mod badged;
mod colour;
mod text;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, DrawingArea, DrawingAreaErrorKind, DrawingBackend, IntoDrawingArea, RGBColor, SVGBackend,
};

pub(crate) use axis::{Axes, Axis, TICK, axes};
pub(crate) use badged::Badged;
pub(crate) use colour::{COLORS, category, ink_of, ink_on, ramp, sequence};
pub(crate) use text::{Anchor, LINE, Line, heading, register_font, text, text_at, width, wrap};

pub(crate) type Area<DB> = DrawingArea<DB, Shift>;
pub(crate) type Drawn<DB, T = ()> = Result<T, DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

pub(crate) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
pub(crate) const FAINT_INK: RGBColor = RGBColor(0x55, 0x55, 0x55);

/// The white margin around a figure, in shown pixels.
pub(crate) const MARGIN: f64 = 18.0;

/// Drawn at this many times the size at which the picture is shown: backends count in whole pixels.
pub(crate) const FINE: u32 = 4;
/// Fine pixels to a pixel of the PNG, each way: their mean smooths the edges. The PNG has twice the size shown.
const TO_PNG: u32 = 2;

/// A figure that is laid out.
pub(crate) trait Picture {
    /// Width and height in whole shown pixels.
    fn size(&self) -> (f64, f64);

    /// Draws it in fine pixels.
    fn draw<DB: DrawingBackend>(&self, root: &Area<DB>) -> Drawn<DB>;
}

/// The picture's width and height at `scale` times the size shown.
fn size(picture: &impl Picture, scale: u32) -> (u32, u32) {
    let (width, height) = picture.size();
    (width as u32 * scale, height as u32 * scale)
}

/// Shown pixels to fine ones.
pub(crate) fn fine(shown: f64) -> i32 {
    scaled(shown).round() as i32
}

/// Shown pixels to fine ones, not yet whole.
pub(crate) fn scaled(shown: f64) -> f64 {
    shown * f64::from(FINE)
}

/// A picture as an SVG document.
///
/// # Errors
/// If it cannot be drawn.
pub(crate) fn svg(picture: &impl Picture) -> Result<String> {
    let fine = size(picture, FINE);
    let mut svg = String::new();
    let root = SVGBackend::with_string(&mut svg, fine).into_drawing_area();
    picture.draw(&root).map_err(|e| undrawn(&e))?;
    drop(root);
    // The view box keeps the fine coordinates.
    let attributes = |(w, h): (u32, u32)| format!("width=\"{w}\" height=\"{h}\"");
    Ok(svg.replacen(&attributes(fine), &attributes(size(picture, 1)), 1))
}

/// A picture as a PNG file.
///
/// # Errors
/// If it cannot be drawn.
pub(crate) fn png(picture: &impl Picture) -> Result<Vec<u8>> {
    let size = size(picture, FINE);
    let mut fine = vec![0; size.0 as usize * size.1 as usize * 3];
    let root = BitMapBackend::with_buffer(&mut fine, size).into_drawing_area();
    picture.draw(&root).map_err(|e| undrawn(&e))?;
    drop(root);
    let (width, height) = (size.0 / TO_PNG, size.1 / TO_PNG);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Best);
    let mut writer = encoder.write_header().map_err(|e| undrawn(&e))?;
    writer.write_image_data(&halved(&fine, size.0 as usize)).map_err(|e| undrawn(&e))?;
    writer.finish().map_err(|e| undrawn(&e))?;
    Ok(file)
}

/// Halves an RGB image of rows of `width` pixels: each pixel is the mean of 2 x 2. Both sides must be even.
fn halved(fine: &[u8], width: usize) -> Vec<u8> {
    const { assert!(TO_PNG == 2) };
    let row = width * 3;
    let mut out = Vec::with_capacity(fine.len() / 4);
    for rows in fine.chunks_exact(row * 2) {
        let (upper, lower) = rows.split_at(row);
        // Plain arithmetic: most of the time of unoptimised tests goes into this loop.
        for (a, b) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            let red = (u32::from(a[0]) + u32::from(a[3]) + u32::from(b[0]) + u32::from(b[3])) / 4;
            let green = (u32::from(a[1]) + u32::from(a[4]) + u32::from(b[1]) + u32::from(b[4])) / 4;
            let blue = (u32::from(a[2]) + u32::from(a[5]) + u32::from(b[2]) + u32::from(b[5])) / 4;
            out.extend_from_slice(&[red as u8, green as u8, blue as u8]);
        }
    }
    out
}

fn undrawn(error: &dyn std::fmt::Display) -> anyhow::Error {
    let error = error.to_string().replace('\n', " ");
    anyhow!("the picture cannot be drawn ({error}); the numbers are in summary.csv, and this is a bug to report")
}
