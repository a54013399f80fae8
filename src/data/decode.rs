//! Image files to pixels of a fixed size.

use std::fmt;

use crate::spec::Input;

/// Why bytes are not a usable image, in a few words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAnImage(pub String);

impl fmt::Display for NotAnImage {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Decodes a JPEG or PNG (told by its bytes, never by its name) and makes it `[crop, crop, 3]` as `input` says.
///
/// # Errors
/// If the bytes are not a whole image of a known format.
pub fn square(_bytes: &[u8], _input: Input, _out: &mut [u8]) -> Result<(), NotAnImage> {
    todo!()
}
