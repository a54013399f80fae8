//! Writes MATLAB 5 files for the tests of the modules that read them.

use std::io::Write;

use super::*;

/// Writes an element with padding.
pub(crate) fn full(kind: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

/// Writes an array; `rest` is what follows its name.
pub(crate) fn array(class: u8, dimensions: &[u32], name: &[u8], rest: &[u8]) -> Vec<u8> {
    let lengths: Vec<u8> = dimensions.iter().flat_map(|length| length.to_le_bytes()).collect();
    let parts = [full(6, &[class, 0, 0, 0, 0, 0, 0, 0]), full(5, &lengths), full(INT8, name), rest.to_vec()];
    full(MATRIX, &parts.concat())
}

/// Compresses an element.
pub(crate) fn packed(element: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(element).unwrap();
    let body = encoder.finish().unwrap();
    [&COMPRESSED.to_le_bytes(), &(body.len() as u32).to_le_bytes()[..], &body].concat()
}

/// Writes a file of these elements.
pub(crate) fn file(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut file = b"MATLAB 5.0 MAT-file, Platform: GLNX86".to_vec();
    file.resize(124, b' ');
    [file, vec![0, 1, b'I', b'M'], elements.concat()].concat()
}

#[test]
fn arrays_are_found_packed_or_not_and_other_elements_are_passed_over() {
    let numbers = |name| array(9, &[2, 3], name, &full(UINT8, &[1, 2, 3, 4, 5, 6]));
    let bytes = file(&[full(99, b"other"), numbers(b"a"), packed(&full(98, b"other")), packed(&numbers(b"b"))]);
    let mut arrays = Arrays::new(&bytes, 1000).unwrap();
    for name in [b"a", b"b"] {
        let body = arrays.next().unwrap().unwrap();
        let array = Array::read(&body).unwrap();
        assert_eq!((array.name, array.class, array.dimensions.as_slice()), (&name[..], 9, &[2, 3][..]));
        assert_eq!(array.values().unwrap(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }
    assert_eq!(arrays.next().unwrap(), None);
    let error = |bytes: &[u8], most| Arrays::new(bytes, most).unwrap().next().unwrap_err();
    let bytes = file(&[packed(&numbers(b"b"))]);
    assert!(error(&bytes, 10).contains("more than such a file can have"));
    // The checksum of the packed bytes is at their end.
    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(error(&damaged, 1000).starts_with("damaged ("), "{}", error(&damaged, 1000));
    assert_eq!(error(&bytes[..bytes.len() - 1], 1000), "cut short");
}
