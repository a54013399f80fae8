//! Decodes image files to pixels of one or three channels: JPEG and PNG here, other formats in modules below.

use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::NotAnImage;
use super::bmp::Bmp;
use super::tiff::Tiff;
use super::webp::WebP;

/// The largest height or width in pixels. A larger one is a broken header, or an attack on memory.
const LONGEST: usize = 1 << 14;
/// The largest number of pixels; each thread decodes one image at a time.
pub(super) const MOST_PIXELS: usize = 100_000_000;

/// The first byte of a JPEG's markers, and the second byte of two of them.
const MARK: u8 = 0xff;
const SCAN: u8 = 0xda;
const IMAGE_END: u8 = 0xd9;

type Jpeg<'a> = JpegDecoder<ZCursor<&'a [u8]>>;

/// The channels of a decoded image; the number is the bytes of a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Channels {
    Grey = 1,
    Rgb = 3,
}

/// An image whose header has been read.
pub(super) enum Opened<'a> {
    /// `endless` has all bytes of a file without an end-of-image marker; `None` for other files.
    Jpeg {
        decoder: Box<Jpeg<'a>>,
        size: [usize; 2],
        endless: Option<&'a [u8]>,
    },
    Png {
        reader: Box<png::Reader<&'a [u8]>>,
        size: [usize; 2],
    },
    WebP(Box<WebP<'a>>),
    Tiff(Box<Tiff<'a>>),
    Bmp(Box<Bmp<'a>>),
}

impl<'a> Opened<'a> {
    /// Reads the header of an image. The format follows from the first bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, NotAnImage> {
        match bytes {
            [] => Err(NotAnImage("is empty".into())),
            [0xff, 0xd8, ..] => jpeg(bytes),
            [0x89, b'P', b'N', b'G', ..] => png(bytes, png::Transformations::normalize_to_color8()),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => WebP::open(bytes).map(Self::WebP),
            [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..] => Tiff::open(bytes).map(Self::Tiff),
            [b'B', b'M', ..] => Bmp::open(bytes).map(Self::Bmp),
            _ => Err(NotAnImage("is none of JPEG, PNG, WebP, TIFF and BMP".into())),
        }
    }

    /// Reads the header of a PNG with one channel of 8 bits, or with indices into a palette.
    pub fn label_map(bytes: &'a [u8]) -> Result<Self, NotAnImage> {
        if !bytes.starts_with(b"\x89PNG") {
            return Err(NotAnImage(if bytes.is_empty() { "is empty" } else { "is not a PNG" }.into()));
        }
        let opened = png(bytes, png::Transformations::IDENTITY)?;
        if let Self::Png { reader, .. } = &opened {
            let (color, depth) = (reader.info().color_type, reader.info().bit_depth);
            // Programs save the indices of a small palette with fewer bits. Grey of fewer bits is refused: some programs
            // scale its values to 255, and some do not.
            let is_map = match color {
                png::ColorType::Indexed => true,
                png::ColorType::Grayscale => depth == png::BitDepth::Eight,
                _ => false,
            };
            if !is_map {
                let bits = depth as u8;
                return Err(NotAnImage(format!(
                    "is {color:?} of {bits} bits, not a label map of one channel of 8 bits"
                )));
            }
        }
        Ok(opened)
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        match self {
            Self::Jpeg { size, .. } | Self::Png { size, .. } => *size,
            Self::WebP(image) => image.size(),
            Self::Tiff(image) => image.size(),
            Self::Bmp(image) => image.size(),
        }
    }

    /// Decodes the pixels into the beginning of `buffer`.
    pub fn decode(self, buffer: &mut Vec<u8>) -> Result<Channels, NotAnImage> {
        match self {
            Self::Jpeg { mut decoder, endless: None, .. } => decode_jpeg(&mut decoder, buffer),
            Self::Jpeg { decoder, endless: Some(bytes), .. } => decode_endless(bytes, &decoder, buffer),
            Self::Png { reader, size } => decode_png(*reader, size, buffer),
            Self::WebP(image) => image.decode(buffer),
            Self::Tiff(image) => image.decode(buffer),
            Self::Bmp(image) => image.decode(buffer),
        }
    }
}

/// `len` zeroed bytes of `buffer`. If a decoder skips a part, pixels of the image before must not show there.
pub(super) fn room(buffer: &mut Vec<u8>, len: usize) -> &mut [u8] {
    buffer.clear();
    buffer.resize(len, 0);
    buffer
}

/// Whether only the strict mode refuses the file: because of bytes between segments of the header, which other decoders
/// skip.
fn is_pedantry(error: &DecodeErrors) -> bool {
    matches!(error, DecodeErrors::FormatStatic(why) if why.contains("Extra bytes between headers"))
}

/// Reads the header.
fn jpeg(bytes: &[u8]) -> Result<Opened<'_>, NotAnImage> {
    let ends = has_end(bytes);
    // Strict, because otherwise the decoder fills in what is missing from a file that is cut short.
    let mut decoder = jpeg_decoder(bytes, true);
    let mut read = decoder.decode_headers();
    if ends && read.as_ref().is_err_and(is_pedantry) {
        decoder = jpeg_decoder(bytes, false);
        read = decoder.decode_headers();
    }
    read.map_err(|e| broken_jpeg(&e))?;
    let (width, height) = decoder.dimensions().unwrap_or_default();
    allow([height, width], "JPEG")?;
    Ok(Opened::Jpeg { decoder, size: [height, width], endless: (!ends).then_some(bytes) })
}

fn jpeg_decoder(bytes: &[u8], strict: bool) -> Box<Jpeg<'_>> {
    let options = DecoderOptions::default().set_max_width(LONGEST).set_max_height(LONGEST).set_strict_mode(strict);
    Box::new(JpegDecoder::new_with_options(ZCursor::new(bytes), options))
}

/// Checks the size in a header, before anything is computed from it: resizing divides by the sides.
///
/// # Errors
/// If there are no pixels, or too many.
pub(super) fn allow([height, width]: [usize; 2], format: &str) -> Result<(), NotAnImage> {
    if height == 0 || width == 0 {
        return Err(NotAnImage(format!("is a {format} without pixels")));
    }
    if height.max(width) > LONGEST || height * width > MOST_PIXELS {
        return Err(NotAnImage(format!(
            "is {width}x{height} (width x height), larger than {LONGEST} a side or {MOST_PIXELS} pixels"
        )));
    }
    Ok(())
}

/// Whether an end-of-image marker follows the first scan. That of a thumbnail, which is inside a segment, does not count.
fn has_end(jpeg: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[byte, marker]) = jpeg.get(at..at + 2) {
        match (byte, marker) {
            (MARK, SCAN) => return jpeg[at..].windows(2).rev().any(|pair| pair == [MARK, IMAGE_END]),
            // Each segment has a length. Stray and repeated bytes may come before a segment.
            (MARK, 0xc0..=0xcf | 0xdb..=0xfe) => match jpeg.get(at + 2..at + 4) {
                Some(&[high, low]) => at += 2 + usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
            _ => at += 1,
        }
    }
    false
}

fn decode_jpeg(decoder: &mut Jpeg, buffer: &mut Vec<u8>) -> Result<Channels, NotAnImage> {
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    if grey {
        decoder.set_options(decoder.options().jpeg_set_out_colorspace(ColorSpace::Luma));
    }
    let len = decoder.output_buffer_size().ok_or_else(|| NotAnImage("is a JPEG without pixels".into()))?;
    decoder.decode_into(room(buffer, len)).map_err(|e| broken_jpeg(&e))?;
    Ok(if grey { Channels::Grey } else { Channels::Rgb })
}

/// Decodes a JPEG without an end-of-image marker. It is complete if its pixels do not depend on the bytes that may follow.
fn decode_endless(bytes: &[u8], decoder: &Jpeg, buffer: &mut Vec<u8>) -> Result<Channels, NotAnImage> {
    let cut_short = || NotAnImage("is a truncated JPEG (it has no end)".into());
    // In a progressive JPEG a missing later scan would go unnoticed, because it only refines pixels.
    if decoder.info().is_none_or(|info| !info.sof.is_sequential_dct()) {
        return Err(cut_short());
    }
    // A download may have filled the rest of the file with zeros, which would be decoded like data.
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[..bytes.len() - zeros];
    // The end-of-image marker may have been cut in two.
    let bytes = bytes.strip_suffix(&[MARK]).unwrap_or(bytes);
    let decode = |followed_by: u8, buffer: &mut Vec<u8>| {
        let bytes = [bytes, &[followed_by; 64], &[MARK, IMAGE_END]].concat();
        let mut decoder = jpeg_decoder(&bytes, true);
        decoder.decode_headers().map_err(|_| cut_short())?;
        decode_jpeg(&mut decoder, buffer).map_err(|_| cut_short())
    };
    let channels = decode(0, buffer)?;
    let mut other = Vec::new();
    for followed_by in [0b0101_0101, 0b1010_1010] {
        decode(followed_by, &mut other)?;
        if *buffer != other {
            return Err(cut_short());
        }
    }
    Ok(channels)
}

fn broken_jpeg(error: &DecodeErrors) -> NotAnImage {
    let why = one_line(error);
    // The decoder's messages for arithmetic coding; DAC is its header.
    if why.contains("`DAC`") || why.contains("rithmetic") {
        return NotAnImage("is an arithmetic-coded JPEG, which is not supported".into());
    }
    if why.contains("greater than") && why.contains("limit") {
        return NotAnImage(format!("is larger than {LONGEST} pixels a side"));
    }
    NotAnImage(format!("is a broken or truncated JPEG ({why})"))
}

fn png(bytes: &[u8], transformations: png::Transformations) -> Result<Opened<'_>, NotAnImage> {
    let mut decoder = png::Decoder::new(bytes);
    decoder.set_transformations(transformations);
    let reader = Box::new(decoder.read_info().map_err(|e| broken_png(&e))?);
    let size = [reader.info().height as usize, reader.info().width as usize];
    allow(size, "PNG")?;
    Ok(Opened::Png { reader, size })
}

fn decode_png(mut reader: png::Reader<&[u8]>, size: [usize; 2], buffer: &mut Vec<u8>) -> Result<Channels, NotAnImage> {
    let len = reader.output_buffer_size();
    let pixels = room(buffer, len);
    let frame = reader.next_frame(pixels).map_err(|e| broken_png(&e))?;
    reader.finish().map_err(|e| broken_png(&e))?;
    if frame.bit_depth != png::BitDepth::Eight {
        let unpacked = unpacked(buffer, size, frame.line_size, frame.bit_depth as usize);
        *buffer = unpacked;
        return Ok(Channels::Grey);
    }
    let pixels = &mut pixels[..frame.buffer_size()];
    Ok(match frame.color_type {
        png::ColorType::Grayscale | png::ColorType::Indexed => Channels::Grey,
        png::ColorType::Rgb => Channels::Rgb,
        png::ColorType::GrayscaleAlpha => {
            drop_alpha(pixels, 1);
            Channels::Grey
        }
        png::ColorType::Rgba => {
            drop_alpha(pixels, 3);
            Channels::Rgb
        }
    })
}

/// Moves the colours of `pixels`, each with one value of alpha behind its `channels`, to the beginning.
pub(super) fn drop_alpha(pixels: &mut [u8], channels: usize) {
    for (i, start) in (0..pixels.len()).step_by(channels + 1).enumerate() {
        pixels.copy_within(start..start + channels, i * channels);
    }
}

/// `[height, width]`: values of `bits` bits, several to a byte with the first in the highest bits, as a byte each. Each row
/// begins at a multiple of `line` bytes.
fn unpacked(packed: &[u8], [height, width]: [usize; 2], line: usize, bits: usize) -> Vec<u8> {
    let (per_byte, largest) = (8 / bits, (1_u16 << bits) - 1);
    let value = |row: &[u8], column: usize| {
        let shift = 8 - bits * (column % per_byte + 1);
        (row[column / per_byte] >> shift) & largest as u8
    };
    let rows = packed.chunks(line).take(height);
    rows.flat_map(|row| (0..width).map(move |column| value(row, column))).collect()
}

fn broken_png(error: &png::DecodingError) -> NotAnImage {
    let why = one_line(error);
    // The decoder's own message on checksums has internals of the decoder in it.
    let why = if why.contains("CRC error") { "a checksum is wrong" } else { &why };
    NotAnImage(format!("is a broken or truncated PNG ({why})"))
}

/// An error's message on one line; messages of decoders may have line breaks.
pub(super) fn one_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
