//! WebP files.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::NotAnImage;
use super::formats::{Channels, allow, drop_alpha, one_line, room};

/// A WebP whose header has been read. Of an animation, the first frame is decoded.
pub(super) struct WebP<'a>(WebPDecoder<Cursor<&'a [u8]>>);

impl<'a> WebP<'a> {
    /// Reads the header, and compares the size of the file with the size that the header names.
    pub fn open(bytes: &'a [u8]) -> Result<Box<Self>, NotAnImage> {
        let named = bytes.get(4..8).map_or(0, |size| u32::from_le_bytes([size[0], size[1], size[2], size[3]]));
        // Some encoders leave out the last byte, which only pads a chunk.
        if (bytes.len() as u64) + 1 < u64::from(named) + 8 {
            return Err(NotAnImage("is a truncated WebP (its header names a larger size)".into()));
        }
        let decoder = WebPDecoder::new(Cursor::new(bytes)).map_err(|e| broken(&e))?;
        let webp = Self(decoder);
        allow(webp.size(), "WebP")?;
        Ok(Box::new(webp))
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        let (width, height) = self.0.dimensions();
        [height as usize, width as usize]
    }

    /// Decodes the pixels into the beginning of `buffer`.
    pub fn decode(mut self, buffer: &mut Vec<u8>) -> Result<Channels, NotAnImage> {
        let len = self.0.output_buffer_size().ok_or_else(|| NotAnImage("is a WebP without pixels".into()))?;
        let pixels = room(buffer, len);
        self.0.read_image(pixels).map_err(|e| broken(&e))?;
        if self.0.has_alpha() {
            drop_alpha(pixels, 3);
        }
        Ok(Channels::Rgb)
    }
}

fn broken(error: &image_webp::DecodingError) -> NotAnImage {
    NotAnImage(format!("is a broken or truncated WebP ({})", one_line(error)))
}
