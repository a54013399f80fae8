use super::check;
use crate::decode::tests::JPEGS;

/// The offset of the first scan's data.
fn data(jpeg: &[u8]) -> usize {
    let scan = jpeg.windows(2).position(|pair| pair == [0xff, 0xda]).unwrap();
    scan + 2 + usize::from(u16::from_be_bytes([jpeg[scan + 2], jpeg[scan + 3]]))
}

fn with_restarts(progressive: bool) -> Vec<u8> {
    let pixels: Vec<u8> = (0..40 * 40 * 3).map(|i| (i * 37 % 251) as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 95);
    encoder.set_progressive(progressive);
    if !progressive {
        encoder.set_restart_interval(2);
    }
    encoder.encode(&pixels, 40, 40, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

#[test]
fn whole_files_pass() {
    for (name, jpeg, _) in JPEGS {
        assert_eq!(check(jpeg), Ok(()), "{name}");
    }
    for progressive in [false, true] {
        assert_eq!(check(&with_restarts(progressive)), Ok(()), "{progressive}");
    }
}

#[test]
fn warnings_that_do_not_concern_pixels_are_ignored() {
    let (_, jpeg, _) = JPEGS[0];
    let end = jpeg.len() - 2;
    let note = [&jpeg[..end], b"a camera's notes", &jpeg[end..]].concat();
    let padded = [&jpeg[..2], &[0; 9], &jpeg[2..]].concat();
    let zeros = [jpeg, &[0; 4096]].concat();
    let reserved = [&jpeg[..end], &[0; 100], &jpeg[end..]].concat();
    let cases = [("trailing bytes", &zeros[..]), ("no end", &jpeg[..end]), ("half an end", &jpeg[..=end])];
    for (what, bytes) in cases.into_iter().chain([("a note", &note[..]), ("padding", &padded), ("room", &reserved)]) {
        assert_eq!(check(bytes), Ok(()), "{what}");
    }
}

/// Decoders fill in missing data silently.
#[test]
fn missing_data_are_found() {
    let restarts = with_restarts(false);
    let jpegs = JPEGS.into_iter().map(|(name, jpeg, _)| (name, jpeg));
    for (name, jpeg) in jpegs.chain([("restarts", &restarts[..])]) {
        let (from, end) = (data(jpeg), jpeg.len() - 2);
        for percent in [10, 50, 90, 99] {
            let cut = &jpeg[..from + (end - from) * percent / 100];
            let error = check(&[cut, &[0xff, 0xd9]].concat()).expect_err(name);
            assert!(error.starts_with("is a broken or truncated JPEG ("), "{name}: {error}");
            check(cut).expect_err(name);
        }
    }
}

#[test]
fn most_holes_are_found() {
    let (mut found, mut all) = (0, 0);
    for (_, jpeg, _) in JPEGS {
        let (from, end) = (data(jpeg), jpeg.len() - 2);
        for at in (from..end - 128).step_by(7) {
            let mut holed = jpeg.to_vec();
            holed[at..at + 128].fill(0);
            found += usize::from(check(&holed).is_err());
            let deleted = [&jpeg[..at], &jpeg[at + 128..]].concat();
            found += usize::from(check(&deleted).is_err());
            all += 2;
        }
    }
    assert!(found * 10 > all * 8, "{found} of {all}");
}

#[test]
fn no_bytes_cause_a_panic() {
    for (_, jpeg, _) in JPEGS {
        for end in 0..jpeg.len() {
            let _ = check(&jpeg[..end]);
        }
        for at in (0..jpeg.len()).step_by(3) {
            for change in [1, 0x40, 0xff, 1 + (at * 101 % 255) as u8] {
                let mut bytes = jpeg.to_vec();
                bytes[at] ^= change;
                let _ = check(&bytes);
            }
        }
    }
    for bytes in [&b""[..], b"\xff", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8\xff\xd9", b"GIF89a"] {
        check(bytes).unwrap_err();
    }
}
