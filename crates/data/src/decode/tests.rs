mod formats;

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::*;

const SQUARE: Input = Input { resize: 32, crop: 28 };

/// A JPEG and Pillow's result for it (see tests/fixtures/decode/make.py).
macro_rules! fixture {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../tests/fixtures/decode/", $name, ".jpg")),
            include_bytes!(concat!("../../tests/fixtures/decode/", $name, ".png")),
        )
    };
}

pub(super) const JPEGS: [(&str, &[u8], &[u8]); 6] = [
    fixture!("colour"),
    fixture!("progressive"),
    fixture!("full-chroma"),
    fixture!("half-chroma"),
    fixture!("grey"),
    fixture!("cmyk"),
];

fn squared(bytes: &[u8], input: Input) -> Result<Vec<u8>, NotAnImage> {
    let mut out = vec![0; input.crop * input.crop * 3];
    square(bytes, input, &mut out).map(|()| out)
}

fn png_of(color: png::ColorType, depth: png::BitDepth, size: [usize; 2], data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[1] as u32, size[0] as u32);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![1, 2, 3, 40, 50, 60]);
        encoder.set_trns(vec![255, 0]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

fn grey_png(size: [usize; 2], data: &[u8]) -> Vec<u8> {
    png_of(png::ColorType::Grayscale, png::BitDepth::Eight, size, data)
}

/// Pixels that differ from their neighbours.
fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 37 % 251) as u8).collect()
}

fn jpeg_of(color: ColorType, size: [u16; 2], data: &[u8], change: impl FnOnce(&mut Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 95);
    encoder.set_sampling_factor(SamplingFactor::F_1_1);
    change(&mut encoder);
    encoder.encode(data, size[1], size[0], color).unwrap();
    bytes
}

#[test]
fn squares_equal_pillows() {
    for (name, jpeg, expected) in JPEGS {
        let found = squared(jpeg, SQUARE).unwrap();
        let expected = squared(expected, Input { resize: 28, crop: 28 }).unwrap();
        let off: Vec<u32> = found.iter().zip(&expected).map(|(&a, &b)| a.abs_diff(b).into()).collect();
        let (worst, mean) = (*off.iter().max().unwrap(), f64::from(off.iter().sum::<u32>()) / off.len() as f64);
        assert!(worst <= 8 && mean <= 1.0, "{name}: off by {worst} at most, {mean} in the mean");
    }
}

#[test]
fn a_crop_of_an_image_that_needs_no_resizing_is_its_center() {
    // 5 rows and 8 columns: columns 2 to 6 remain, because 1.5 rounds to 2.
    let data = pattern(5 * 8 * 3);
    let bytes = png_of(png::ColorType::Rgb, png::BitDepth::Eight, [5, 8], &data);
    let found = squared(&bytes, Input { resize: 5, crop: 5 }).unwrap();
    let expected: Vec<u8> = data.chunks(8 * 3).flat_map(|row| row[2 * 3..7 * 3].to_vec()).collect();
    assert_eq!(found, expected);
    // And 0.5 rounds to 0.
    let found = squared(&bytes, Input { resize: 5, crop: 4 }).unwrap();
    let expected: Vec<u8> = data.chunks(8 * 3).take(4).flat_map(|row| row[2 * 3..6 * 3].to_vec()).collect();
    assert_eq!(found, expected);
}

#[test]
fn extreme_shapes_are_squared() {
    for size in [[1, 1], [1, 300], [300, 1], [7, 2000], [64, 65]] {
        let bytes = grey_png(size, &vec![77; size[0] * size[1]]);
        for input in [SQUARE, Input { resize: 65, crop: 65 }, Input { resize: 1, crop: 1 }] {
            let found = squared(&bytes, input).unwrap();
            assert!(found.iter().all(|&value| value == 77), "{size:?} {input:?}");
        }
    }
}

#[test]
fn png_of_any_kind_becomes_rgb() {
    use png::{BitDepth, ColorType};
    let input = Input { resize: 2, crop: 2 };
    let red = [200, 10, 20];
    let cases = [
        (ColorType::Rgb, BitDepth::Eight, red.repeat(4), red.repeat(4)),
        (ColorType::Rgb, BitDepth::Sixteen, [200, 9, 10, 9, 20, 9].repeat(4), red.repeat(4)),
        (ColorType::Rgba, BitDepth::Eight, [200, 10, 20, 0].repeat(4), red.repeat(4)),
        (ColorType::GrayscaleAlpha, BitDepth::Eight, [90, 0].repeat(4), [90; 3].repeat(4)),
        (ColorType::GrayscaleAlpha, BitDepth::Sixteen, [90, 7, 0, 0].repeat(4), [90; 3].repeat(4)),
        (ColorType::Grayscale, BitDepth::One, vec![0b1000_0000, 0b0100_0000], {
            [[255; 3], [0; 3], [0; 3], [255; 3]].concat()
        }),
        (ColorType::Indexed, BitDepth::Eight, vec![0, 1, 1, 0], {
            [[1, 2, 3], [40, 50, 60], [40, 50, 60], [1, 2, 3]].concat()
        }),
    ];
    for (color, depth, data, expected) in cases {
        let bytes = png_of(color, depth, [2, 2], &data);
        assert_eq!(squared(&bytes, input).unwrap(), expected, "{color:?} {depth:?}");
    }
}

#[test]
fn four_channel_jpeg_is_adobes_cmyk() {
    // Cyan, magenta, yellow, black: `255 - ink`, darkened by black.
    let inked = [30, 140, 200, 50].repeat(16 * 16);
    let expected = [225, 115, 55].map(|part: i32| part * 205 / 255);
    for color in [ColorType::Cmyk, ColorType::CmykAsYcck] {
        let bytes = jpeg_of(color, [16, 16], &inked, |_| ());
        let found = squared(&bytes, Input { resize: 16, crop: 16 }).unwrap();
        for pixel in found.chunks(3) {
            let close = pixel.iter().zip(expected).all(|(&a, b)| (i32::from(a) - b).abs() <= 4);
            assert!(close, "{color:?}: {pixel:?}, not {expected:?}");
        }
    }
}

/// Asserts that a file is refused wherever it is cut, except in its last bytes, which may not affect any pixel.
fn refused_if_cut(name: &str, bytes: &[u8]) {
    let expected = squared(bytes, SQUARE).unwrap();
    for end in 0..bytes.len() {
        match squared(&bytes[..end], SQUARE) {
            Ok(found) => {
                assert!(end + 8 > bytes.len() && found == expected, "{name} cut to {end} of {} bytes", bytes.len());
            }
            Err(error) => assert!(error.0.contains("truncated") || end < 4, "{name}: {error}"),
        }
    }
}

#[test]
fn a_file_cut_short_is_refused() {
    for (name, jpeg, png) in JPEGS {
        refused_if_cut(name, jpeg);
        refused_if_cut(name, png);
    }
    let data = pattern(40 * 40 * 3);
    let restarts = jpeg_of(ColorType::Rgb, [40, 40], &data, |encoder| encoder.set_restart_interval(3));
    refused_if_cut("restarts", &restarts);
    // As from a camera: a thumbnail with its own end marker comes before the image.
    let thumbnail = jpeg_of(ColorType::Rgb, [40, 40], &data, |encoder| {
        encoder.add_app_segment(1, JPEGS[0].1.to_vec()).unwrap();
    });
    refused_if_cut("thumbnail", &thumbnail);
}

/// For instance a download that broke off after the file's space was reserved.
#[test]
fn a_cut_file_filled_up_with_zeros_is_refused() {
    for (name, jpeg, _) in JPEGS {
        for kept in [jpeg.len() / 3, jpeg.len() / 2, jpeg.len() * 9 / 10] {
            let filled = [&jpeg[..kept], &vec![0; jpeg.len() - kept]].concat();
            assert!(verify(&filled).is_err(), "{name}, {kept} of {} bytes", jpeg.len());
            let ended = [&jpeg[..kept], &[0xff, 0xd9]].concat();
            assert!(verify(&ended).is_err(), "{name}, {kept} of {} bytes and an end", jpeg.len());
        }
        verify(jpeg).unwrap();
    }
}

#[test]
fn files_that_other_decoders_accept_are_read() {
    let (_, jpeg, _) = JPEGS[0];
    let expected = squared(jpeg, SQUARE).unwrap();
    let trailing = [jpeg, b"a camera's notes"].concat();
    let no_end = &jpeg[..jpeg.len() - 2];
    // Stray bytes between the start of the image and its first segment.
    let padded = [&jpeg[..2], &[0; 9], &jpeg[2..]].concat();
    for (what, bytes) in [("trailing bytes", &trailing[..]), ("no end", no_end), ("padding", &padded)] {
        assert_eq!(squared(bytes, SQUARE).unwrap_or_else(|e| panic!("{what}: {e}")), expected, "{what}");
    }
    refused_if_cut("padded", &padded);
}

#[test]
fn bytes_that_are_not_an_image_are_refused_with_the_reason() {
    let error = |bytes: &[u8]| verify(bytes).unwrap_err().to_string();
    assert_eq!(error(b""), "is empty");
    assert_eq!(error(b"<html>404</html>"), "is none of JPEG, PNG, WebP, TIFF and BMP");
    assert_eq!(error(b"GIF89a"), "is none of JPEG, PNG, WebP, TIFF and BMP");
    assert!(error(b"\xff\xd8").starts_with("is a broken or truncated JPEG ("), "{}", error(b"\xff\xd8"));
    assert!(error(b"\x89PNG").starts_with("is a broken or truncated PNG ("), "{}", error(b"\x89PNG"));
}

#[test]
fn a_whole_image_has_the_size_or_is_refused() {
    let data = pattern(4 * 6 * 3);
    let bytes = png_of(png::ColorType::Rgb, png::BitDepth::Eight, [4, 6], &data);
    let mut out = vec![0; data.len()];
    whole(&bytes, [4, 6], None, &mut out).unwrap();
    assert_eq!(out, data);
    let error = whole(&bytes, [1024, 2048], None, &mut out).unwrap_err();
    assert_eq!(error.to_string(), "is 6x4, not 2048x1024 (width x height)");

    let flat = png_of(png::ColorType::Rgb, png::BitDepth::Eight, [4, 6], &[9, 8, 7].repeat(24));
    let mut out = vec![0; 2 * 3 * 3];
    whole(&flat, [4, 6], Some([2, 3]), &mut out).unwrap();
    assert_eq!(out, [9, 8, 7].repeat(6));
}

#[test]
fn label_maps_keep_their_values() {
    let data = [7, 7, 8, 8, 7, 7, 8, 255, 0, 1, 33, 33, 1, 1, 33, 2];
    let bytes = grey_png([4, 4], &data);
    let mut out = vec![0; 16];
    label_map(&bytes, [4, 4], None, &mut out).unwrap();
    assert_eq!(out, data);
    // Nearest neighbour takes the middle of each 2x2, so no new value appears.
    let mut out = vec![0; 4];
    label_map(&bytes, [4, 4], Some([2, 2]), &mut out).unwrap();
    assert_eq!(out, [7, 255, 1, 2]);

    let indices = png_of(png::ColorType::Indexed, png::BitDepth::Eight, [2, 2], &[0, 1, 1, 0]);
    label_map(&indices, [2, 2], None, &mut out).unwrap();
    assert_eq!(out, [0, 1, 1, 0]);
    // Each row begins in a new byte.
    let packed = png_of(png::ColorType::Indexed, png::BitDepth::Four, [2, 3], &[0x01, 0x10, 0x10, 0x00]);
    let mut out = vec![7; 6];
    label_map(&packed, [2, 3], None, &mut out).unwrap();
    assert_eq!(out, [0, 1, 1, 1, 0, 0]);
}

#[test]
fn other_images_are_refused_as_label_maps() {
    let mut out = vec![0; 4];
    let mut error = |bytes: &[u8], size| label_map(bytes, size, None, &mut out).unwrap_err().to_string();
    let colour = png_of(png::ColorType::Rgb, png::BitDepth::Eight, [2, 2], &[0; 12]);
    assert_eq!(error(&colour, [2, 2]), "is Rgb of 8 bits, not a label map of one channel of 8 bits");
    let deep = png_of(png::ColorType::Grayscale, png::BitDepth::Sixteen, [2, 2], &[0; 8]);
    assert_eq!(error(&deep, [2, 2]), "is Grayscale of 16 bits, not a label map of one channel of 8 bits");
    let few_greys = png_of(png::ColorType::Grayscale, png::BitDepth::Four, [2, 2], &[0; 2]);
    assert_eq!(error(&few_greys, [2, 2]), "is Grayscale of 4 bits, not a label map of one channel of 8 bits");
    assert_eq!(error(&grey_png([2, 3], &[0; 6]), [2, 2]), "is 3x2, not 2x2 (width x height)");
    assert_eq!(error(JPEGS[0].1, [2, 2]), "is not a PNG");
    assert_eq!(error(b"", [2, 2]), "is empty");
    let whole = grey_png([2, 2], &[1, 2, 3, 4]);
    assert!(error(&whole[..whole.len() - 20], [2, 2]).starts_with("is a broken or truncated PNG"));
}

#[test]
fn damaged_files_never_panic() {
    let mut damaged = 0;
    for (_, jpeg, png) in JPEGS {
        for bytes in [jpeg, png] {
            for at in 2..bytes.len() {
                let mut bytes = bytes.to_vec();
                // Changes each byte in turn, to different values.
                bytes[at] ^= 1 + (at * 101 % 255) as u8;
                damaged += usize::from(squared(&bytes, SQUARE).is_err());
            }
        }
    }
    assert!(damaged > 1000, "{damaged}");
}
