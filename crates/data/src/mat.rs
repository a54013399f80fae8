//! MATLAB 5 files ("MAT-File Format", The MathWorks), as far as data sets need them: little-endian, with numeric arrays and
//! structs, compressed or not. (The crate `matfile` has no structs, and holds a large array in memory three times.)

use std::io::Read;

use flate2::read::ZlibDecoder;

pub(crate) const HEADER: usize = 128;

/// Types of elements.
pub(crate) const INT8: u32 = 1;
pub(crate) const UINT8: u32 = 2;
pub(crate) const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

/// The arrays of a file one after the other. An array is the body of an element of the type `MATRIX`.
pub(crate) struct Arrays<'a> {
    rest: &'a [u8],
    largest: u64,
}

impl<'a> Arrays<'a> {
    /// Begins to read a file. An array may have `largest` bytes after it is unpacked.
    ///
    /// # Errors
    /// If this is no such file.
    pub fn new(file: &'a [u8], largest: u64) -> Result<Self, String> {
        if file.len() < HEADER || !file.starts_with(b"MATLAB 5.0") || &file[126..HEADER] != b"IM" {
            return Err("not a MATLAB 5 file (little-endian)".into());
        }
        Ok(Self { rest: &file[HEADER..], largest })
    }

    /// Unpacks the next array that has a type that this module knows; `None` after the last.
    ///
    /// # Errors
    /// Says in a few words what is wrong with the file.
    pub fn next(&mut self) -> Result<Option<Vec<u8>>, String> {
        while !self.rest.is_empty() {
            let (kind, body) = element(&mut self.rest)?;
            match kind {
                MATRIX => return Ok(Some(body.to_vec())),
                COMPRESSED => match self.unpack(body)? {
                    Some(array) => return Ok(Some(array)),
                    None => continue,
                },
                _ => {}
            }
        }
        Ok(None)
    }

    /// Unpacks a compressed element; `None` if it is no array.
    fn unpack(&self, packed: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let damaged = |error: std::io::Error| format!("damaged ({error})");
        let mut unpacked = ZlibDecoder::new(packed);
        let mut tag = [0; 8];
        unpacked.read_exact(&mut tag).map_err(damaged)?;
        let [a, b, c, d, length @ ..] = tag;
        if u32::from_le_bytes([a, b, c, d]) != MATRIX {
            return Ok(None);
        }
        let length = u64::from(u32::from_le_bytes(length));
        if length > self.largest {
            return Err(format!("an array of {length} bytes, more than such a file can have"));
        }
        // Read to the end of the packed bytes, where their checksum is; padding may follow the array.
        let most = length.next_multiple_of(8);
        let mut array = Vec::new();
        unpacked.take(most + 1).read_to_end(&mut array).map_err(damaged)?;
        match array.len() as u64 {
            found if found < length => Err("cut short".into()),
            found if found > most => Err("damaged (bytes after an array)".into()),
            _ => {
                array.truncate(length as usize);
                Ok(Some(array))
            }
        }
    }
}

/// One array: its class, the lengths of its dimensions, its name, and what follows them.
pub(crate) struct Array<'a> {
    pub class: u8,
    /// The length of each dimension; the first one varies fastest in the values.
    pub dimensions: Vec<usize>,
    pub name: &'a [u8],
    pub rest: &'a [u8],
}

impl<'a> Array<'a> {
    /// Reads what stands before the values.
    ///
    /// # Errors
    /// If the array is cut short.
    pub fn read(mut rest: &'a [u8]) -> Result<Self, String> {
        let (_, flags) = element(&mut rest)?;
        let (_, dimensions) = element(&mut rest)?;
        let (_, name) = element(&mut rest)?;
        let lengths = dimensions.as_chunks::<4>().0;
        let dimensions = lengths.iter().map(|bytes| u32::from_le_bytes(*bytes) as usize).collect();
        Ok(Self { class: flags.first().copied().unwrap_or_default(), dimensions, name, rest })
    }

    /// The numbers of a numeric array, or the character codes of a text. Both may be stored in any type that fits.
    ///
    /// # Errors
    /// If the array is cut short, or has values of another kind.
    pub fn values(&self) -> Result<Vec<f64>, String> {
        let (kind, bytes) = element(&mut &*self.rest)?;
        let size = match kind {
            INT8 | 2 | 16 => 1,
            3 | 4 | 17 => 2,
            5..=7 => 4,
            9 => 8,
            _ => return Err(format!("values of the unknown type {kind}")),
        };
        let value = |bytes: &[u8]| match (kind, bytes) {
            (7, &[a, b, c, d]) => f64::from(f32::from_le_bytes([a, b, c, d])),
            (9, &[a, b, c, d, e, f, g, h]) => f64::from_le_bytes([a, b, c, d, e, f, g, h]),
            // Unsigned, because class numbers and character codes are never negative.
            _ => bytes.iter().rev().fold(0.0, |value, &byte| value * 256.0 + f64::from(byte)),
        };
        Ok(bytes.chunks_exact(size).map(value).collect())
    }
}

/// Takes one element off the front: its type and its bytes.
///
/// # Errors
/// If it is cut short.
pub(crate) fn element<'a>(rest: &mut &'a [u8]) -> Result<(u32, &'a [u8]), String> {
    let cut_short = || "cut short".to_owned();
    let (tag, after) = rest.split_first_chunk::<8>().ok_or_else(cut_short)?;
    let [a, b, c, d, e, f, g, h] = *tag;
    let (kind, small) = (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
    if small > 0 {
        // Up to four bytes lie in the tag itself.
        let bytes = rest.get(4..4 + usize::from(small)).filter(|bytes| bytes.len() <= 4).ok_or_else(cut_short)?;
        *rest = after;
        return Ok((kind.into(), bytes));
    }
    let (kind, length) = (u32::from(kind), u32::from_le_bytes([e, f, g, h]) as usize);
    let bytes = after.get(..length).ok_or_else(cut_short)?;
    // All elements except compressed ones are padded; the padding at the end of the file may be missing.
    let padded = if kind == COMPRESSED { length } else { length.next_multiple_of(8) };
    *rest = after.get(padded..).unwrap_or_default();
    Ok((kind, bytes))
}

#[cfg(test)]
pub(crate) mod tests;
