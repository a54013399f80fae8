//! The devkit's `meta.mat`, which has the number of each class. It is a MATLAB 5 file that holds one array of structs,
//! `synsets`, with the fields `ILSVRC2012_ID` and `WNID` among others ("MAT-File Format", The MathWorks).

use std::collections::HashMap;
use std::io::Read;

use flate2::read::ZlibDecoder;

const HEADER: usize = 128;
/// The largest unpacked size in bytes; the official file has less than a megabyte.
const LARGEST: u64 = 64 << 20;

/// Types of elements.
const INT8: u32 = 1;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
/// Classes of arrays.
const STRUCT: u8 = 2;

/// Reads the WordNet id (`n01440764`) of each class by its number.
///
/// # Errors
/// Says in a few words why the file is not such a file.
pub(super) fn wnids(file: &[u8]) -> Result<HashMap<u32, String>, String> {
    if file.len() < HEADER || !file.starts_with(b"MATLAB 5.0") || &file[126..HEADER] != b"IM" {
        return Err("not a MATLAB 5 file (little-endian)".into());
    }
    let mut rest = &file[HEADER..];
    while !rest.is_empty() {
        let (kind, body) = element(&mut rest)?;
        let mut unpacked = Vec::new();
        let body = match kind {
            COMPRESSED => {
                let limited = ZlibDecoder::new(body).take(LARGEST).read_to_end(&mut unpacked);
                limited.map_err(|error| format!("damaged ({error})"))?;
                let mut unpacked = unpacked.as_slice();
                match element(&mut unpacked)? {
                    (MATRIX, body) => body,
                    _ => continue,
                }
            }
            MATRIX => body,
            _ => continue,
        };
        let array = Array::read(body)?;
        if array.name == b"synsets" && array.class == STRUCT {
            return synsets(array.rest);
        }
    }
    Err("no structs named `synsets` in it".into())
}

fn synsets(mut rest: &[u8]) -> Result<HashMap<u32, String>, String> {
    let (_, width) = element(&mut rest)?;
    let width = width.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes) as usize);
    let (_, names) = element(&mut rest)?;
    if width == 0 || names.is_empty() {
        return Err("structs without fields".into());
    }
    // Names are padded with zeros to one width.
    let fields: Vec<&[u8]> =
        names.chunks(width).map(|name| name.split(|&byte| byte == 0).next().unwrap_or_default()).collect();
    let mut wnids = HashMap::new();
    while !rest.is_empty() {
        let (mut number, mut wnid) = (None, None);
        for &field in &fields {
            let (_, body) = element(&mut rest)?;
            match field {
                b"ILSVRC2012_ID" => number = Array::read(body)?.values()?.first().copied(),
                b"WNID" => wnid = Some(Array::read(body)?.values()?),
                _ => {}
            }
        }
        let (Some(number), Some(wnid)) = (number, wnid) else {
            return Err("a struct without ILSVRC2012_ID or WNID".into());
        };
        let wnid = wnid.iter().map(|&code| char::from_u32(code as u32).unwrap_or('?')).collect();
        if wnids.insert(number as u32, wnid).is_some() {
            return Err(format!("the number {number} twice"));
        }
    }
    Ok(wnids)
}

/// One array: its class, its name, and what follows them.
struct Array<'a> {
    class: u8,
    name: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Array<'a> {
    fn read(mut rest: &'a [u8]) -> Result<Self, String> {
        let (_, flags) = element(&mut rest)?;
        let (_, _dimensions) = element(&mut rest)?;
        let (_, name) = element(&mut rest)?;
        Ok(Self { class: flags.first().copied().unwrap_or_default(), name, rest })
    }

    /// The numbers of a numeric array, or the character codes of a text. Both may be stored in any type that fits.
    fn values(&self) -> Result<Vec<f64>, String> {
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
fn element<'a>(rest: &mut &'a [u8]) -> Result<(u32, &'a [u8]), String> {
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
mod tests;
