//! The devkit's `meta.mat`, which has the number of each class. It is a MATLAB 5 file that holds one array of structs,
//! `synsets`, with the fields `ILSVRC2012_ID` and `WNID` among others.

use std::collections::HashMap;

use crate::mat::{Array, Arrays, element};

/// The largest unpacked size in bytes; the official file has less than a megabyte.
const LARGEST: u64 = 64 << 20;
/// The most fields of a struct, and the most bytes of one of their values that are read; the official file has 8 fields and short
/// texts. A packed file of some kilobytes can unpack to all that is allowed, and each field and value takes more memory than in the
/// file.
const MOST_FIELDS: usize = 256;
const LONGEST_VALUE: usize = 4096;
/// The class of an array of structs.
const STRUCT: u8 = 2;

/// Reads the WordNet id (`n01440764`) of each class by its number.
///
/// # Errors
/// Says in a few words why the file is not such a file.
pub(crate) fn wnids(file: &[u8]) -> Result<HashMap<u32, String>, String> {
    let mut arrays = Arrays::new(file, LARGEST)?;
    while let Some(body) = arrays.next()? {
        let array = Array::read(&body)?;
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
    let fields: Vec<&[u8]> = names
        .chunks(width)
        .take(MOST_FIELDS + 1)
        .map(|name| name.split(|&byte| byte == 0).next().unwrap_or_default())
        .collect();
    if fields.len() > MOST_FIELDS {
        return Err(format!("structs with more than {MOST_FIELDS} fields, more than such a file can have"));
    }
    let mut wnids = HashMap::new();
    while !rest.is_empty() {
        let (mut number, mut wnid) = (None, None);
        for &field in &fields {
            let (_, body) = element(&mut rest)?;
            let is_read = [&b"ILSVRC2012_ID"[..], b"WNID"].contains(&field);
            if is_read && body.len() > LONGEST_VALUE {
                return Err(format!("a value of {} bytes, more than such a file can have", body.len()));
            }
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

#[cfg(test)]
mod tests;
