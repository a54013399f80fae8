//! BMP files.

use std::io::Cursor;

use image::codecs::bmp::BmpDecoder;
use image::{ColorType, ImageDecoder, ImageError};

use super::NotAnImage;
use super::formats::{Channels, allow, drop_alpha, one_line, room};

/// A BMP whose header has been read.
pub(super) struct Bmp<'a>(BmpDecoder<Cursor<&'a [u8]>>);

impl<'a> Bmp<'a> {
    /// Reads the header.
    pub fn open(bytes: &'a [u8]) -> Result<Box<Self>, NotAnImage> {
        let bmp = Self(BmpDecoder::new(Cursor::new(bytes)).map_err(|e| broken(&e))?);
        allow(bmp.size(), "BMP")?;
        Ok(Box::new(bmp))
    }

    /// Height and width.
    pub fn size(&self) -> [usize; 2] {
        let (width, height) = self.0.dimensions();
        [height as usize, width as usize]
    }

    /// Decodes the pixels into the beginning of `buffer`.
    pub fn decode(self, buffer: &mut Vec<u8>) -> Result<Channels, NotAnImage> {
        let [height, width] = self.size();
        let color = self.0.color_type();
        let pixels = room(buffer, height * width * usize::from(color.bytes_per_pixel()));
        self.0.read_image(pixels).map_err(|e| broken(&e))?;
        match color {
            ColorType::L8 => Ok(Channels::Grey),
            ColorType::Rgb8 => Ok(Channels::Rgb),
            ColorType::Rgba8 => {
                drop_alpha(pixels, 3);
                Ok(Channels::Rgb)
            }
            other => Err(NotAnImage(format!("is a BMP of a kind that is not supported ({other:?})"))),
        }
    }
}

fn broken(error: &ImageError) -> NotAnImage {
    match error {
        ImageError::Unsupported(why) => {
            NotAnImage(format!("is a BMP of a kind that is not supported ({}); convert it to PNG", one_line(why)))
        }
        why => NotAnImage(format!("is a broken or truncated BMP ({})", one_line(why))),
    }
}
