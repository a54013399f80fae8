//! TIFF files: grey, palettes, RGB, YCbCr and CMYK with up to 16 bits. Of several pages, the first is decoded.

use std::borrow::Cow;
use std::io::Cursor;

use tiff::decoder::ifd::Value;
use tiff::decoder::{BufferLayoutPreference, Decoder, Limits};
use tiff::tags::{PhotometricInterpretation, SampleFormat, Tag};
use tiff::{ColorType, TiffError};

use super::NotAnImage;
use super::formats::{Channels, MOST_PIXELS, allow, drop_alpha, one_line, room};
use super::orientation::{UPRIGHT, turn, turned_size};

/// The largest number of bytes of a pixel: four colours and alpha, of 16 bits.
const MOST_BYTES: usize = 10;
/// The value of the tag `ExtraSamples` for colours that are multiplied by alpha.
const MULTIPLIED: u16 = 1;

/// A TIFF whose tags have been read.
pub(super) struct Tiff<'a> {
    decoder: Decoder<Cursor<Cow<'a, [u8]>>>,
    /// Height and width as the pixels are stored.
    stored: [usize; 2],
    orientation: u8,
    /// For a palette: 16 bits of red for each index, then green, then blue.
    palette: Option<Vec<u16>>,
}

impl<'a> Tiff<'a> {
    /// Reads the tags of the first page.
    pub fn open(bytes: &'a [u8]) -> Result<Box<Self>, NotAnImage> {
        let mut decoder = decoder(Cow::Borrowed(bytes))?;
        let (width, height) = decoder.dimensions().map_err(|e| broken(&e))?;
        let stored = [height as usize, width as usize];
        allow(stored, "TIFF")?;
        let number = |decoder: &mut Decoder<_>, tag| decoder.find_tag_unsigned::<u16>(tag).map_err(|e| broken(&e));
        let orientation = number(&mut decoder, Tag::Orientation)?.unwrap_or_default();
        let orientation = u8::try_from(orientation).ok().filter(|value| (1..=8).contains(value)).unwrap_or(UPRIGHT);
        let kind = number(&mut decoder, Tag::PhotometricInterpretation)?;
        let mut palette = None;
        if kind == Some(PhotometricInterpretation::RGBPalette.to_u16()) {
            palette = Some(decoder.get_tag_u16_vec(Tag::ColorMap).map_err(|e| broken(&e))?);
            decoder = self::decoder(Cow::Owned(as_grey(bytes)?))?;
        }
        Ok(Box::new(Self { decoder, stored, orientation, palette }))
    }

    /// Height and width of the upright image.
    pub fn size(&self) -> [usize; 2] {
        turned_size(self.stored, self.orientation)
    }

    /// Decodes the pixels, upright, into the beginning of `buffer`.
    pub fn decode(mut self, buffer: &mut Vec<u8>) -> Result<Channels, NotAnImage> {
        let color = self.decoder.colortype().map_err(|e| broken(&e))?;
        let (mut values, samples) = self.values(color)?;
        let channels = match (color, self.palette) {
            (ColorType::Gray(_), None) => Channels::Grey,
            (ColorType::Gray(_), Some(palette)) => {
                values = colours(&values, &palette)?;
                Channels::Rgb
            }
            (ColorType::Multiband { num_samples: 2, .. } | ColorType::GrayA(_), None) => {
                drop_alpha(&mut values, 1);
                Channels::Grey
            }
            (ColorType::RGB(_), None) => Channels::Rgb,
            (ColorType::RGBA(_), None) => {
                let extra = self.decoder.find_tag_unsigned_vec::<u16>(Tag::ExtraSamples);
                if extra.map_err(|e| broken(&e))?.is_some_and(|extra| extra.first() == Some(&MULTIPLIED)) {
                    values.chunks_exact_mut(4).for_each(divide_by_alpha);
                }
                drop_alpha(&mut values, 3);
                Channels::Rgb
            }
            (ColorType::YCbCr(_), None) => {
                values.chunks_exact_mut(3).for_each(from_ycbcr);
                Channels::Rgb
            }
            (ColorType::CMYK(_) | ColorType::CMYKA(_), None) => {
                values = values.chunks_exact(samples).flat_map(from_cmyk).collect();
                Channels::Rgb
            }
            (other, _) => {
                let what = format!("{} values for each pixel that are no colour of a known kind", other.num_samples());
                return Err(unsupported(&what));
            }
        };
        let [height, width] = self.stored;
        let len = height * width * channels as usize;
        let (turned, _) = turn(&values[..len], self.stored, channels, self.orientation);
        room(buffer, len).copy_from_slice(&turned);
        Ok(channels)
    }

    /// `[height, width, samples]`: all values with 8 bits each, and the number of samples. Indices into a palette keep
    /// their values; others are scaled.
    fn values(&mut self, color: ColorType) -> Result<(Vec<u8>, usize), NotAnImage> {
        let [height, width] = self.stored;
        let (samples, bits) = (usize::from(color.num_samples()), color.bit_depth());
        let layout = self.decoder.image_buffer_layout().map_err(|e| broken(&e))?;
        let BufferLayoutPreference { planes, complete_len, ref sample_format, .. } = layout;
        if self.palette.is_some() && bits > 8 {
            // Of 16 bits the high 8 are taken, which would name other entries of the palette.
            return Err(unsupported(&format!("a palette of {bits} bits")));
        }
        if !matches!(bits, 1 | 2 | 4 | 8 | 16) || *sample_format != SampleFormat::Uint {
            let kind = if *sample_format == SampleFormat::Uint { "" } else { "signed or floating-point " };
            return Err(unsupported(&format!("{kind}values of {bits} bits")));
        }
        // Samples lie beside each other, or each in its own plane.
        let beside = if planes > 1 { 1 } else { samples };
        let row = (width * beside * usize::from(bits)).div_ceil(8);
        if ![1, samples].contains(&planes) || complete_len != row * height * planes {
            return Err(unsupported("another arrangement of values"));
        }
        let mut raw = vec![0; complete_len];
        self.decoder.read_image_bytes(&mut raw).map_err(|e| broken(&e))?;
        let factor = if self.palette.is_some() { 1 } else { scale(bits) };
        let values: Vec<u8> = match bits {
            8 => raw,
            16 => raw.chunks_exact(2).map(|pair| (u16::from_ne_bytes([pair[0], pair[1]]) >> 8) as u8).collect(),
            _ => raw.chunks_exact(row).flat_map(|row| unpacked(row, bits, factor, width * beside)).collect(),
        };
        if beside == samples {
            return Ok((values, samples));
        }
        let plane = height * width;
        let interleaved = (0..plane).flat_map(|i| (0..samples).map(move |s| s * plane + i));
        Ok((interleaved.map(|at| values[at]).collect(), samples))
    }
}

fn decoder(bytes: Cow<'_, [u8]>) -> Result<Decoder<Cursor<Cow<'_, [u8]>>>, NotAnImage> {
    let mut limits = Limits::default();
    // This one limits the room for the values of a tag, which the library makes before it reads them. Each value has at least a byte
    // in the file.
    limits.decoding_buffer_size = size_of::<Value>() * bytes.len();
    limits.intermediate_buffer_size = MOST_PIXELS * MOST_BYTES;
    Ok(Decoder::new(Cursor::new(bytes)).map_err(|e| broken(&e))?.with_limits(limits))
}

/// The file with its first page marked as grey instead of as a palette. The decoder knows no palettes, and gives their
/// indices as grey.
fn as_grey(bytes: &[u8]) -> Result<Vec<u8>, NotAnImage> {
    let little = bytes[0] == b'I';
    let number = |at: usize, len: usize| -> Option<usize> {
        let part = bytes.get(at..at.checked_add(len)?)?;
        let add = |sum: u64, &byte: &u8| sum << 8 | u64::from(byte);
        let sum = if little { part.iter().rev().fold(0, add) } else { part.iter().fold(0, add) };
        usize::try_from(sum).ok()
    };
    let is_big = number(2, 2) == Some(43);
    let find = || -> Option<usize> {
        let (directory, count, first, size) = if is_big {
            let at = number(8, 8)?;
            (at, number(at, 8)?, 8, 20)
        } else {
            let at = number(4, 4)?;
            (at, number(at, 2)?, 2, 12)
        };
        let tag = usize::from(Tag::PhotometricInterpretation.to_u16());
        let entries = (0..count.min(1 << 16)).map(|i| directory + first + i * size);
        let entry = entries.into_iter().find(|&at| number(at, 2) == Some(tag))?;
        Some(entry + if is_big { 12 } else { 8 })
    };
    let value = find().ok_or_else(|| NotAnImage("is a broken TIFF (its tags cannot be read)".into()))?;
    let mut changed = bytes.to_vec();
    let grey = PhotometricInterpretation::BlackIsZero.to_u16();
    let grey = if little { grey.to_le_bytes() } else { grey.to_be_bytes() };
    if let Some(place) = changed.get_mut(value..value + 2) {
        place.copy_from_slice(&grey);
    }
    Ok(changed)
}

/// Values of less than 8 bits times `factor`, one byte each. A row may end with spare bits.
fn unpacked(row: &[u8], bits: u8, factor: u8, len: usize) -> impl Iterator<Item = u8> {
    let (each, mask) = (8 / bits, (1_u8 << bits) - 1);
    let values = row.iter().flat_map(move |&byte| (1..=each).map(move |i| (byte >> (8 - i * bits)) & mask));
    values.map(move |value| value * factor).take(len)
}

/// The factor from the largest value of so many bits to 255.
fn scale(bits: u8) -> u8 {
    match bits {
        1 => 255,
        2 => 85,
        4 => 17,
        _ => 1,
    }
}

/// Looks indices up in a palette. Of its 16 bits, the high 8 are taken.
fn colours(indices: &[u8], palette: &[u16]) -> Result<Vec<u8>, NotAnImage> {
    let len = palette.len() / 3;
    if indices.iter().any(|&index| usize::from(index) >= len) {
        return Err(NotAnImage("is a broken TIFF (a pixel has no colour in the palette)".into()));
    }
    let colour = |&index: &u8| [0, 1, 2].map(|part| (palette[part * len + usize::from(index)] >> 8) as u8);
    Ok(indices.iter().flat_map(colour).collect())
}

fn divide_by_alpha(pixel: &mut [u8]) {
    let alpha = u32::from(pixel[3]);
    for value in &mut pixel[..3] {
        *value = (u32::from(*value) * 255).checked_div(alpha).unwrap_or_default().min(255) as u8;
    }
}

/// JFIF's formula, with values rounded.
fn from_ycbcr(pixel: &mut [u8]) {
    let [y, cb, cr] = [pixel[0].into(), f32::from(pixel[1]) - 128.0, f32::from(pixel[2]) - 128.0];
    let rgb: [f32; 3] = [y + 1.402 * cr, y - 0.344_136 * cb - 0.714_136 * cr, y + 1.772 * cb];
    pixel.iter_mut().zip(rgb).for_each(|(place, value)| *place = value.round().clamp(0.0, 255.0) as u8);
}

fn from_cmyk(pixel: &[u8]) -> [u8; 3] {
    let light = 255 - u32::from(pixel[3]);
    [0, 1, 2].map(|i| (((255 - u32::from(pixel[i])) * light + 127) / 255) as u8)
}

fn unsupported(what: &str) -> NotAnImage {
    NotAnImage(format!("is a TIFF of a kind that is not supported ({what}); convert it to 8 bits of grey or RGB"))
}

fn broken(error: &TiffError) -> NotAnImage {
    match error {
        TiffError::UnsupportedError(why) => unsupported(&one_line(why)),
        why => NotAnImage(format!("is a broken or truncated TIFF ({})", one_line(why))),
    }
}
