//! Formats beside JPEG and PNG, and the orientation of EXIF data.

use super::*;

/// The file of this name, and Pillow's result for it (see tests/fixtures/formats/make.py).
macro_rules! fixture {
    ($name:literal) => {
        (
            $name,
            include_bytes!(concat!("../../../tests/fixtures/formats/", $name)),
            include_bytes!(concat!("../../../tests/fixtures/formats/", $name, ".png")),
        )
    };
}

const FILES: [(&str, &[u8], &[u8]); 15] = [
    fixture!("lossy.webp"),
    fixture!("lossy-alpha.webp"),
    fixture!("lossless-alpha.webp"),
    fixture!("animated.webp"),
    fixture!("palette.tiff"),
    fixture!("bilevel.tiff"),
    fixture!("jpeg.tiff"),
    fixture!("ycbcr.tiff"),
    fixture!("cmyk.tiff"),
    fixture!("grey-alpha.tiff"),
    fixture!("multiplied.tiff"),
    fixture!("colour.bmp"),
    fixture!("palette.bmp"),
    fixture!("bilevel.bmp"),
    fixture!("alpha.bmp"),
];

const TURNED: [(&str, &[u8], &[u8]); 4] =
    [fixture!("turned.jpg"), fixture!("turned.png"), fixture!("turned.webp"), fixture!("turned.tiff")];

/// Height and width of the images in `FILES`, and of those in `TURNED` as they are stored.
const SIZE: [usize; 2] = [9, 14];

fn pixels(bytes: &[u8], size: [usize; 2]) -> Result<Vec<u8>, NotAnImage> {
    let mut out = vec![0; size[0] * size[1] * 3];
    whole(bytes, size, None, &mut out).map(|()| out)
}

/// Asserts that no value is further off than `most`.
fn close(found: &[u8], expected: &[u8], most: u8, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let worst = found.iter().zip(expected).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(most), "{what}: off by {worst:?}");
}

#[test]
fn pixels_equal_pillows() {
    for (name, file, expected) in FILES {
        // Decoders round the formula from YCbCr to RGB in different ways.
        let most = u8::from(["jpeg.tiff", "ycbcr.tiff"].contains(&name));
        close(&pixels(file, SIZE).unwrap(), &pixels(expected, SIZE).unwrap(), most, name);
        assert_eq!(size(file), Ok(SIZE), "{name}");
        verify(file).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
}

#[test]
fn the_orientation_of_exif_data_is_applied_if_the_spec_wants_it_and_that_of_a_tiff_always() {
    let input = Input { resize: 9, crop: 9 };
    for (name, file, upright) in TURNED {
        // JPEG is lossy, so another order of its blocks gives the same pixels and other encoders do not.
        let most = if name == "turned.jpg" { 3 } else { 0 };
        let mut found = vec![0; 9 * 9 * 3];
        square_turned(file, input, Orientation::Exif, &mut found).unwrap();
        close(&found, &squared(upright, input).unwrap(), most, name);

        let mut stored = vec![0; 9 * 9 * 3];
        square_turned(file, input, Orientation::AsStored, &mut stored).unwrap();
        assert_eq!(stored, squared(file, input).unwrap(), "{name}");
        let is_tiff = name == "turned.tiff";
        assert_eq!(stored == found, is_tiff, "{name}");
        assert_eq!(size(file), Ok(if is_tiff { [14, 9] } else { [9, 14] }), "{name}");
    }
}

#[test]
fn the_eight_orientations_turn_and_mirror() {
    // 1 2 3
    // 4 5 6
    let image = [1, 2, 3, 4, 5, 6];
    let expected: [(u8, &[u8], [usize; 2]); 8] = [
        (1, &[1, 2, 3, 4, 5, 6], [2, 3]),
        (2, &[3, 2, 1, 6, 5, 4], [2, 3]),
        (3, &[6, 5, 4, 3, 2, 1], [2, 3]),
        (4, &[4, 5, 6, 1, 2, 3], [2, 3]),
        (5, &[1, 4, 2, 5, 3, 6], [3, 2]),
        (6, &[4, 1, 5, 2, 6, 3], [3, 2]),
        (7, &[6, 3, 5, 2, 4, 1], [3, 2]),
        (8, &[3, 6, 2, 5, 1, 4], [3, 2]),
    ];
    for (orientation, turned, size) in expected {
        let found = orientation::turn(&image, [2, 3], Channels::Grey, orientation);
        assert_eq!((found.0.as_ref(), found.1), (turned, size), "{orientation}");
    }
    assert_eq!(orientation::turn(&[1, 2, 3, 4, 5, 6], [2, 1], Channels::Rgb, 3).0.as_ref(), [4, 5, 6, 1, 2, 3]);
}

#[test]
fn an_image_without_usable_exif_data_is_upright() {
    let (_, turned, _) = TURNED[0];
    assert_eq!(orientation::from_exif(turned), 6);
    assert_eq!(orientation::from_exif(JPEGS[0].1), orientation::UPRIGHT);
    // The value of the orientation: tag, type, count, then 6.
    let tag = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6];
    let at = turned.windows(tag.len()).position(|window| window == tag).expect("the tag") + 9;
    let mut damaged = turned.to_vec();
    damaged[at] = 9;
    assert_eq!(orientation::from_exif(&damaged), orientation::UPRIGHT);
}

/// A TIFF with the tags `(tag, values)`, each value of 16 bits, and the strips `data`. `big` makes it a BigTIFF.
fn tiff_of(big: bool, size: [usize; 2], tags: &[(u16, &[u16])], strips: &[&[u8]]) -> Vec<u8> {
    let (long, first) = if big { (8, 16) } else { (4, 8) };
    let number = |value: usize| (value as u64).to_le_bytes()[..long].to_vec();
    let mut bytes = vec![b'I', b'I'];
    bytes.extend(if big { [43_u16, 8, 0].map(u16::to_le_bytes).concat() } else { 42_u16.to_le_bytes().to_vec() });
    let place = bytes.len();
    bytes.resize(first, 0);
    let mut entries: Vec<(u16, u16, usize, Vec<u8>)> = Vec::new();
    let (mut starts, mut lengths) = (Vec::new(), Vec::new());
    for strip in strips {
        starts.extend((bytes.len() as u32).to_le_bytes());
        lengths.extend((strip.len() as u32).to_le_bytes());
        bytes.extend(*strip);
    }
    let (short_type, long_type) = (3, 4);
    for (tag, value) in [(256, size[1]), (257, size[0]), (278, size[0])] {
        entries.push((tag, long_type, 1, (value as u32).to_le_bytes().to_vec()));
    }
    entries.push((273, long_type, strips.len(), starts));
    entries.push((279, long_type, strips.len(), lengths));
    for (tag, values) in tags {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        entries.push((*tag, short_type, values.len(), bytes));
    }
    entries.sort_by_key(|entry| entry.0);
    for entry in entries.iter_mut().filter(|entry| entry.3.len() > long) {
        let at = number(bytes.len());
        bytes.append(&mut entry.3);
        entry.3 = at;
    }
    let directory = number(bytes.len());
    bytes[place..place + long].copy_from_slice(&directory);
    bytes.extend(&number(entries.len())[..if big { 8 } else { 2 }]);
    for (tag, kind, count, mut value) in entries {
        value.resize(long, 0);
        bytes.extend([tag.to_le_bytes(), kind.to_le_bytes()].concat());
        bytes.extend(number(count));
        bytes.extend(value);
    }
    bytes.extend(number(0));
    bytes
}

const BITS: u16 = 258;
const KIND: u16 = 262;
const SAMPLES: u16 = 277;
const PLANES: u16 = 284;
const PALETTE: u16 = 320;
const FORMAT: u16 = 339;

#[test]
fn tiffs_of_all_depths_and_arrangements_are_read() {
    let grey = |values: &[u8]| values.iter().flat_map(|&value| [value; 3]).collect::<Vec<u8>>();
    let white_is_zero: &[(u16, &[u16])] = &[(BITS, &[8]), (KIND, &[0])];
    let palette: Vec<u16> = (0..16 * 3).map(|i| (i * 5) << 8 | 0xff).collect();
    let colours = |indices: &[u16]| -> Vec<u8> {
        indices.iter().flat_map(|i| [0, 16, 32].map(|first| ((first + i) * 5) as u8)).collect()
    };
    let palette_tags: &[(u16, &[u16])] = &[(BITS, &[4]), (KIND, &[3]), (PALETTE, &palette)];
    let planes: &[(u16, &[u16])] = &[(BITS, &[8, 8, 8]), (KIND, &[2]), (SAMPLES, &[3]), (PLANES, &[2])];
    let deep: &[(u16, &[u16])] = &[(BITS, &[16, 16, 16]), (KIND, &[2]), (SAMPLES, &[3])];
    for big in [false, true] {
        let read =
            |size, tags: &[(u16, &[u16])], strips: &[&[u8]]| pixels(&tiff_of(big, size, tags, strips), size).unwrap();
        // Rows end with spare bits.
        for (bits, rows, expected) in [
            (1, [0b1010_0000, 0b0110_0000], [255, 0, 255, 0, 255, 255]),
            (2, [0b0001_1000, 0b1100_0100], [0, 85, 170, 255, 0, 85]),
        ] {
            assert_eq!(read([2, 3], &[(BITS, &[bits]), (KIND, &[1])], &[&rows]), grey(&expected), "{bits} bits");
        }
        let four = read([2, 3], &[(BITS, &[4]), (KIND, &[1])], &[&[0x01, 0xf0, 0x28, 0xa0]]);
        assert_eq!(four, grey(&[0, 17, 255, 34, 136, 170]));
        let sixteen = read([1, 2], &[(BITS, &[16]), (KIND, &[1])], &[&[0xff, 0x12, 0x00, 0xfe]]);
        assert_eq!(sixteen, grey(&[0x12, 0xfe]), "the high byte");
        assert_eq!(read([1, 3], white_is_zero, &[&[0, 55, 255]]), grey(&[255, 200, 0]));
        assert_eq!(read([1, 3], palette_tags, &[&[0x0f, 0x30]]), colours(&[0, 15, 3]));
        assert_eq!(read([1, 2], planes, &[&[1, 4], &[2, 5], &[3, 6]]), [1, 2, 3, 4, 5, 6]);
        assert_eq!(read([1, 1], deep, &[&[9, 1, 9, 2, 9, 3]]), [1, 2, 3]);
    }
}

#[test]
fn a_tiff_of_another_kind_is_refused_with_the_remedy() {
    let error = |tags, strip: &[u8]| verify(&tiff_of(false, [1, 1], tags, &[strip])).unwrap_err().to_string();
    let float: &[(u16, &[u16])] = &[(BITS, &[32]), (KIND, &[1]), (FORMAT, &[3])];
    let message = error(float, &[0; 4]);
    assert_eq!(
        message,
        "is a TIFF of a kind that is not supported (signed or floating-point values of 32 bits); convert it to 8 bits of \
         grey or RGB"
    );
    let lab = error(&[(BITS, &[8, 8, 8]), (KIND, &[8]), (SAMPLES, &[3])], &[0; 3]);
    assert!(lab.starts_with("is a TIFF of a kind that is not supported (") && !lab.contains('\n'), "{lab}");
    let palette = error(&[(BITS, &[8]), (KIND, &[3]), (PALETTE, &[0; 6])], &[2]);
    assert!(palette.contains("a pixel has no colour in the palette"), "{palette}");
    // Its index needs all 16 bits.
    let colours = vec![7; 3 * 65536];
    let deep = error(&[(BITS, &[16]), (KIND, &[3]), (PALETTE, &colours)], &[2, 1]);
    assert!(deep.contains("(a palette of 16 bits)"), "{deep}");
}

/// Found by the fuzz target `image`: the library made room for half a gigabyte before it saw that the file ends.
#[test]
fn no_room_is_made_for_more_values_of_a_tag_than_the_file_has_bytes() {
    let palette: Vec<u16> = vec![7; 3 * 256];
    let mut bytes = tiff_of(false, [1, 1], &[(BITS, &[8]), (KIND, &[3]), (PALETTE, &palette)], &[&[2]]);
    verify(&bytes).unwrap();
    let entry = [PALETTE, 3].map(u16::to_le_bytes).concat();
    let at = bytes.windows(4).position(|window| window == entry).expect("the tag") + 4;
    bytes[at..at + 4].copy_from_slice(&20_000_000_u32.to_le_bytes());
    let error = verify(&bytes).unwrap_err().0;
    assert_eq!(error, "is a broken or truncated TIFF (decoder limits exceeded)");
}

#[test]
fn other_formats_cut_short_are_refused() {
    for (name, file, _) in FILES {
        let expected = pixels(file, SIZE).unwrap();
        for end in 0..file.len() {
            match pixels(&file[..end], SIZE) {
                Ok(found) => {
                    // A TIFF may end with tags that no pixel depends on.
                    let is_end = end + 8 > file.len() || name.ends_with(".tiff");
                    assert!(is_end && found == expected, "{name} cut to {end} of {} bytes", file.len());
                }
                Err(error) => assert!(!error.0.contains('\n') && error.0.starts_with("is "), "{name}: {error}"),
            }
        }
    }
}

#[test]
fn other_formats_that_are_damaged_never_panic() {
    let mut damaged = 0;
    for (name, file, _) in FILES.into_iter().chain(TURNED) {
        for at in 2..file.len() {
            let mut bytes = file.to_vec();
            bytes[at] ^= 1 + (at * 101 % 255) as u8;
            let mut out = vec![0; 9 * 9 * 3];
            let result = square_turned(&bytes, Input { resize: 9, crop: 9 }, Orientation::Exif, &mut out);
            damaged += usize::from(result.is_err_and(|error| {
                assert!(!error.0.contains('\n'), "{name}: {error}");
                true
            }));
        }
    }
    assert!(damaged > 1000, "{damaged}");
}

/// Found by the fuzz target `image`: the decoder of BMPs accepts a width of 0, and resizing divided by it.
#[test]
fn an_image_without_pixels_is_refused_in_every_format() {
    let file = |name| FILES.into_iter().chain(TURNED).find(|(known, ..)| *known == name).expect("a fixture").1.to_vec();
    let jpeg = JPEGS[0].1;
    // In the segment of the frame: a mark of two bytes, the length, the bits of a value, height, width.
    let frame = jpeg.windows(2).position(|pair| pair == [0xff, 0xc0]).expect("a baseline JPEG");
    let mut without = Vec::new();
    for (name, bytes, sides, length) in [
        ("BMP", file("colour.bmp"), [18, 22], 4),
        ("WebP", file("lossy.webp"), [26, 28], 2),
        ("PNG", file("turned.png"), [16, 20], 4),
        ("JPEG", jpeg.to_vec(), [frame + 5, frame + 7], 2),
    ] {
        for side in sides {
            let mut bytes = bytes.clone();
            bytes[side..side + length].fill(0);
            if name == "PNG" {
                let sum = crc32fast::hash(&bytes[12..29]);
                bytes[29..33].copy_from_slice(&sum.to_be_bytes());
            }
            without.push((name, bytes));
        }
    }
    for size in [[0, 3], [2, 0], [0, 0]] {
        without.push(("TIFF", tiff_of(false, size, &[(BITS, &[8]), (KIND, &[1])], &[&[1, 2, 3, 4, 5, 6]])));
    }
    let input = Input { resize: 9, crop: 9 };
    for (name, bytes) in without {
        let mut square = vec![0; 9 * 9 * 3];
        let reads = [
            size(&bytes).map(|_| ()),
            verify(&bytes),
            square_turned(&bytes, input, Orientation::AsStored, &mut square),
            square_turned(&bytes, input, Orientation::Exif, &mut square),
            whole(&bytes, [0, 0], None, &mut []),
        ];
        for read in reads {
            let error = read.expect_err(name).0;
            // Some decoders refuse such a header themselves.
            assert!(error.starts_with("is a ") && error.contains(name) && !error.contains('\n'), "{name}: {error}");
        }
    }
}

#[test]
fn bmps_with_runs_and_with_bit_fields_are_read() {
    // Windows' header: 14 bytes of file, 40 of image, with `bits` and `compression`.
    let bmp = |[height, width]: [u32; 2], bits: u32, compression: u32, before: &[u8], data: &[u8]| {
        let start = 54 + before.len() as u32;
        let header = [start + data.len() as u32, 0, start, 40, width, height, bits << 16 | 1, compression];
        let rest = [data.len() as u32, 0, 0, if bits == 8 { before.len() as u32 / 4 } else { 0 }, 0];
        let numbers = header.into_iter().chain(rest).flat_map(u32::to_le_bytes);
        b"BM"
            .iter()
            .copied()
            .chain(numbers)
            .chain(before.iter().copied())
            .chain(data.iter().copied())
            .collect::<Vec<u8>>()
    };
    // Blue, green, red and a spare byte of each colour; rows from the bottom.
    let palette = [1, 2, 3, 0, 40, 50, 60, 0];
    let runs = bmp([2, 3], 8, 1, &palette, &[3, 0, 0, 0, 2, 1, 1, 0, 0, 1]);
    let [first, second] = [[3, 2, 1], [60, 50, 40]];
    assert_eq!(pixels(&runs, [2, 3]).unwrap(), [second, second, first, first, first, first].concat());
    // Red, green and blue of 5, 6 and 5 bits.
    let masks: Vec<u8> = [0xf800_u32, 0x07e0, 0x001f].into_iter().flat_map(u32::to_le_bytes).collect();
    let fields = bmp([1, 2], 16, 3, &masks, &[0x00, 0xf8, 0x1f, 0x00]);
    assert_eq!(pixels(&fields, [1, 2]).unwrap(), [255, 0, 0, 0, 0, 255]);
    assert!(verify(&runs[..runs.len() - 6]).unwrap_err().0.starts_with("is a broken or truncated BMP"));
}
