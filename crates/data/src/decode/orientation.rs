//! The orientation of images: a number from 1 to 8, as EXIF and TIFF have it.

use std::borrow::Cow;
use std::io::Cursor;

use exif::{In, Reader, Tag};

use super::formats::Channels;

/// The first row of the file is the top of the image, and the first column its left side.
pub(super) const UPRIGHT: u8 = 1;

/// The orientation that the EXIF data of a JPEG, PNG or WebP names; [`UPRIGHT`] if it names none, or is damaged. Always
/// [`UPRIGHT`] for a TIFF, which is decoded upright.
pub(super) fn from_exif(bytes: &[u8]) -> u8 {
    if matches!(bytes, [b'I', b'I', ..] | [b'M', b'M', ..]) {
        return UPRIGHT;
    }
    // Damage behind the orientation is no reason to turn the image the wrong way.
    let found = Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(bytes));
    let found = found.or_else(|error| error.distill_partial_result(|_| ()));
    let value = found.ok().and_then(|exif| exif.get_field(Tag::Orientation, In::PRIMARY)?.value.get_uint(0));
    value.and_then(|value| u8::try_from(value).ok()).filter(|value| (1..=8).contains(value)).unwrap_or(UPRIGHT)
}

/// Height and width after turning.
pub(super) fn turned_size([height, width]: [usize; 2], orientation: u8) -> [usize; 2] {
    if swaps_sides(orientation) { [width, height] } else { [height, width] }
}

/// Turns and mirrors `[height, width, channels]` so that the image is upright. Returns it with its new height and width.
pub(super) fn turn(
    pixels: &[u8],
    size: [usize; 2],
    channels: Channels,
    orientation: u8,
) -> (Cow<'_, [u8]>, [usize; 2]) {
    if orientation == UPRIGHT {
        return (Cow::Borrowed(pixels), size);
    }
    let [height, width] = size;
    let (last_row, last_column) = (height - 1, width - 1);
    let [rows, columns] = turned_size(size, orientation);
    let bytes = channels as usize;
    let mut turned = Vec::with_capacity(pixels.len());
    for row in 0..rows {
        for column in 0..columns {
            let (y, x) = match orientation {
                2 => (row, last_column - column),
                3 => (last_row - row, last_column - column),
                4 => (last_row - row, column),
                5 => (column, row),
                6 => (last_row - column, row),
                7 => (last_row - column, last_column - row),
                8 => (column, last_column - row),
                _ => (row, column),
            };
            turned.extend_from_slice(&pixels[(y * width + x) * bytes..][..bytes]);
        }
    }
    (Cow::Owned(turned), [rows, columns])
}

fn swaps_sides(orientation: u8) -> bool {
    (5..=8).contains(&orientation)
}
