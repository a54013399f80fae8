use super::*;
use crate::mat::tests::{array, file, full};
use crate::mat::{HEADER, INT8, MATRIX, UINT8};

/// Four classes as in the devkit, written by scipy.io.savemat with compression.
const FILE: &[u8] = include_bytes!("../tests/meta.mat");

/// A file as MATLAB writes it: text of 16 bits, numbers in the smallest type, both in small elements if they fit.
fn matlab(number: &[u8]) -> Vec<u8> {
    let wnid: Vec<u8> = "n01440764".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let fields =
        [&b"ILSVRC2012_ID\0\0\0"[..], &b"children\0\0\0\0\0\0\0\0"[..], &b"WNID\0\0\0\0\0\0\0\0\0\0\0\0"[..]].concat();
    let values = [array(6, &[1, 1], b"", number), full(MATRIX, b""), array(4, &[1, 1], b"", &full(4, &wnid))].concat();
    let rest = [vec![5, 0, 4, 0, 16, 0, 0, 0], full(INT8, &fields), values].concat();
    file(&[array(STRUCT, &[1, 1], b"synsets", &rest)])
}

#[test]
fn numbers_and_names_are_read() {
    let wnids = wnids(FILE).unwrap();
    assert_eq!(wnids.len(), 4);
    for (number, wnid) in [(1, "n02119789"), (2, "n02100735"), (3, "n01440764"), (1001, "n04524313")] {
        assert_eq!(wnids[&number], wnid);
    }
}

#[test]
fn values_of_any_type_are_read() {
    let double = full(9, &449.0_f64.to_le_bytes());
    for number in [double, full(7, &449.0_f32.to_le_bytes()), vec![4, 0, 2, 0, 193, 1, 0, 0], full(5, &[193, 1, 0, 0])]
    {
        assert_eq!(wnids(&matlab(&number)).unwrap(), HashMap::from([(449, "n01440764".to_owned())]));
    }
    assert_eq!(wnids(&matlab(&full(12, &[0; 8]))).unwrap_err(), "values of the unknown type 12");
}

#[test]
fn damage_is_an_error_and_never_a_panic() {
    assert_eq!(wnids(b"1\n2\n").unwrap_err(), "not a MATLAB 5 file (little-endian)");
    let plain = matlab(&full(9, &1.0_f64.to_le_bytes()));
    assert_eq!(wnids(&plain[..HEADER]).unwrap_err(), "no structs named `synsets` in it");
    for file in [FILE, &plain] {
        for length in HEADER + 1..file.len() - 8 {
            assert!(wnids(&file[..length]).is_err(), "{length}");
        }
        for at in HEADER..file.len() {
            for bit in [0x01, 0x10, 0x80] {
                let mut damaged = file.to_vec();
                damaged[at] ^= bit;
                let _ = wnids(&damaged);
            }
        }
    }
}

/// A packed file of some kilobytes can have as many zeros.
#[test]
fn fields_and_values_that_are_too_many_are_refused_before_they_take_memory() {
    let synsets = |rest: &[u8]| file(&[array(STRUCT, &[1, 1], b"synsets", rest)]);
    let width = |width: u32| full(5, &width.to_le_bytes());
    let many = [width(1), full(INT8, &[0; 1 << 20])].concat();
    assert_eq!(
        wnids(&synsets(&many)).unwrap_err(),
        "structs with more than 256 fields, more than such a file can have"
    );
    let long = [width(5), full(INT8, b"WNID\0"), array(4, &[1, 1], b"", &full(UINT8, &[b'n'; 1 << 20]))].concat();
    let error = wnids(&synsets(&long)).unwrap_err();
    assert!(error.starts_with("a value of ") && error.ends_with(" bytes, more than such a file can have"), "{error}");
}
