use std::io::Write;

use zip::write::FileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

/// An array as numpy writes it: the header is filled up with spaces to a multiple of 64 bytes.
fn npy(kind: &str, columns_first: bool, shape: &str, values: &[u8]) -> Vec<u8> {
    let order = if columns_first { "True" } else { "False" };
    let mut header = format!("{{'descr': {kind}, 'fortran_order': {order}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut bytes = npy::MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.bytes());
    bytes.extend(values);
    bytes
}

fn npz(arrays: &[(&str, Vec<u8>)], compression: CompressionMethod) -> Vec<u8> {
    let mut file = ZipWriter::new(Cursor::new(Vec::new()));
    // Numpy asks for large files.
    let options = FileOptions::default().compression_method(compression).large_file(true);
    for (name, array) in arrays {
        file.start_file(format!("{name}.npy"), options).unwrap();
        file.write_all(array).unwrap();
    }
    file.finish().unwrap().into_inner()
}

fn stored(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    npz(arrays, CompressionMethod::Stored)
}

fn singles(shape: &str, values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    npy("'<f4'", false, shape, &bytes)
}

/// Text as numpy's `<U` arrays have it.
fn texts(names: &[&str], characters: usize) -> Vec<u8> {
    let codes = names.iter().flat_map(|name| {
        let padding = std::iter::repeat_n('\0', characters - name.chars().count());
        name.chars().chain(padding).flat_map(|c| u32::from(c).to_le_bytes()).collect::<Vec<u8>>()
    });
    npy(&format!("'<U{characters}'"), false, &format!("({},)", names.len()), &codes.collect::<Vec<u8>>())
}

const TRAIN: [f32; 6] = [1.0, -2.0, 0.5, 4.0, 0.25, -8.0];

fn test_array() -> (&'static str, Vec<u8>) {
    ("test", singles("(1, 2)", &[3.0, -1.5]))
}

fn message(bytes: &[u8]) -> String {
    let message = format!("{:#}", Features::parse(bytes).unwrap_err());
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn every_float_type_and_every_order_in_memory_gives_the_same_rows() {
    let doubles: Vec<u8> = TRAIN.iter().flat_map(|&value| f64::from(value).to_le_bytes()).collect();
    let halves: Vec<u8> = TRAIN.iter().flat_map(|&value| half::f16::from_f32(value).to_le_bytes()).collect();
    let by_column: Vec<u8> = [0, 2, 4, 1, 3, 5].iter().flat_map(|&at: &usize| TRAIN[at].to_le_bytes()).collect();
    for train in [
        singles("(3, 2)", &TRAIN),
        npy("'<f8'", false, "(3, 2)", &doubles),
        npy("'<f2'", false, "(3, 2)", &halves),
        npy("'<f4'", true, "(3, 2)", &by_column),
    ] {
        for compression in [CompressionMethod::Stored, CompressionMethod::Deflated] {
            let bytes = npz(&[("train", train.clone()), test_array()], compression);
            let features = Features::parse(&bytes).unwrap();
            assert_eq!((features.dimension, features.lengths()), (2, (3, 1)));
            assert_eq!((&features.train.values[..], &features.test.values[..]), (&TRAIN[..], &[3.0, -1.5][..]));
            assert_eq!((features.train.ids, features.test.ids), (None, None));
            assert_eq!(dimension(&bytes).unwrap(), 2);
        }
    }
}

#[test]
fn names_of_images_are_read_with_their_rows() {
    let names = ["cats/ä.jpg", "", "dogs/10.jpg"];
    let file = stored(&[("train", singles("(3, 2)", &TRAIN)), test_array(), ("train_ids", texts(&names, 11))]);
    let features = Features::parse(&file).unwrap();
    assert_eq!(features.train.ids.unwrap(), names);
    assert_eq!(features.test.ids, None);
}

#[test]
fn safetensors_give_the_same_rows() {
    let view = |values: &[f32], shape: [usize; 2]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| half::bf16::from_f32(*value).to_le_bytes()).collect();
        (bytes, shape.to_vec())
    };
    let (train, test) = (view(&TRAIN, [3, 2]), view(&[3.0, -1.5], [1, 2]));
    let views = [("train", &train), ("test", &test)].map(|(name, (bytes, shape))| {
        (name, safetensors::tensor::TensorView::new(safetensors::Dtype::BF16, shape.clone(), bytes).unwrap())
    });
    let bytes = safetensors::serialize(views, &None).unwrap();
    let features = Features::parse(&bytes).unwrap();
    assert_eq!((features.dimension, features.train.values), (2, TRAIN.to_vec()));
    assert!(message(&bytes[..bytes.len() - 1]).contains("not a whole safetensors file"));
}

#[test]
fn files_that_cannot_be_features_are_explained() {
    let train = || ("train", singles("(3, 2)", &TRAIN));
    let with = |name, array| stored(&[train(), test_array(), (name, array)]);
    for (bytes, parts) in [
        (singles("(3, 2)", &TRAIN), ["is a single array", "np.savez"]),
        (b"index,loss\n".to_vec(), ["neither an NPZ nor a safetensors file", "np.savez"]),
        (stored(&[train()])[..200].to_vec(), ["not a whole NPZ file", "copy or write it again"]),
        (stored(&[("x", train().1), test_array()]), ["no array `train`", "the arrays test, x"]),
        (stored(&[train()]), ["no array `test`", "the arrays train"]),
        (stored(&[("a\nb", train().1)]), ["no array `train`", "the arrays a b"]),
        (stored(&[("train", npy("'<\nf4'", false, "(3, 2)", &[0; 24])), test_array()]), ["type < f4", ".astype"]),
        (with("ids_train_ids", texts(&["a"], 1)), ["an array `ids_train_ids`", "`train_ids`"]),
        (stored(&[("train", npy("'<i8'", false, "(3, 2)", &[0; 48])), test_array()]), ["type <i8", ".astype"]),
        (stored(&[("train", npy("'>f4'", false, "(3, 2)", &[0; 24])), test_array()]), ["type >f4", ".astype"]),
        (stored(&[("train", npy("[('a', '<f4')]", false, "(6,)", &[0; 24])), test_array()]), ["columns", ".astype"]),
        (stored(&[("train", singles("(6,)", &TRAIN)), test_array()]), ["shape 6;", "two dimensions"]),
        (stored(&[("train", singles("(1, 3, 2)", &TRAIN)), test_array()]), ["shape 1 x 3 x 2", "two dimensions"]),
        (stored(&[("train", singles("(3, 0)", &[])), test_array()]), ["shape 3 x 0", "at least one"]),
        (stored(&[("train", singles("(2, 3)", &TRAIN)), test_array()]), ["`train` has 3 features", "`test` has 2"]),
        (stored(&[("train", singles("(4, 2)", &TRAIN)), test_array()]), ["`train` is damaged", "24 bytes"]),
        (with("train_ids", texts(&["a", "b"], 1)), ["shape 2,", "`train` has 3 rows"]),
        (with("test_ids", singles("(1,)", &[1.0])), ["`test_ids` is of type <f4", "dtype=str"]),
        (with("test_ids", npy("'|O'", false, "(1,)", &[0; 8])), ["`test_ids` is of type |O", "dtype=str"]),
    ] {
        let message = message(&bytes);
        assert!(parts.iter().all(|part| message.contains(part)), "{message:?} lacks one of {parts:?}");
    }
}

#[test]
fn values_without_distances_are_refused_with_their_place() {
    let with = |value: f32| {
        let mut values = TRAIN;
        values[3] = value;
        stored(&[("train", singles("(3, 2)", &values)), test_array()])
    };
    for value in [f32::NAN, f32::INFINITY] {
        let message = message(&with(value));
        assert!(message.starts_with("feature 1 of row 1 of `train` is"), "{message}");
    }
    assert!(message(&with(1e19)).contains("row 1 of `train`, counted from 0, are too large"));
    assert!(Features::parse(&with(1e18)).is_ok());
    // A double that is too large for a float.
    let doubles: Vec<u8> = [1.0, 1e300].iter().flat_map(|value: &f64| value.to_le_bytes()).collect();
    let file = stored(&[("train", npy("'<f8'", false, "(1, 2)", &doubles)), test_array()]);
    assert!(message(&file).contains("is inf as a 32-bit float"));
}

/// The header says how many values there are, and is not believed.
#[test]
fn a_shape_that_cannot_be_is_damage_and_takes_no_memory() {
    let huge = singles("(4611686018427387904, 4)", &TRAIN);
    assert!(
        message(&stored(&[("train", huge), ("test", singles("(1, 4)", &[0.0; 4]))])).contains("`train` is damaged")
    );
    let larger = singles("(99999999999999999999999, 2)", &TRAIN);
    assert!(message(&stored(&[("train", larger), test_array()])).contains("`train` is damaged"));
}

/// A packed array of zeros can unpack to a thousand times its bytes.
#[test]
fn no_more_is_unpacked_than_the_shape_needs() {
    let long = singles("(3, 2)", &vec![0.0; 1 << 22]);
    let file = npz(&[("train", long), test_array()], CompressionMethod::Deflated);
    assert!(file.len() < 1 << 16);
    assert!(message(&file).contains("`train` is damaged: it has at least 25 bytes"), "{}", message(&file));
}
