use super::*;
use crate::mat::tests::{array, file, full, packed};

/// Ten images as scipy.io.savemat writes them, compressed: `y` is 1 to 10 in doubles. The red of a pixel is its row, the
/// green its column, and the blue ten times the number of the image.
const TEN: &[u8] = include_bytes!("tests/train_32x32.mat");
/// Ten more, with 12 in the place of image 0, and so on: `y` is 10 down to 1 in bytes.
const OTHER: &[u8] = include_bytes!("tests/test_32x32.mat");

fn set(extra: bool) -> SvhnSpec {
    SvhnSpec { extra, pool: None, pool_seed: 0, normalize: Normalize::svhn() }
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join(FOLDER);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join(TRAIN.0), TEN).unwrap();
    std::fs::write(folder.join(TEST.0), OTHER).unwrap();
    (dir, folder)
}

fn error(dir: &Path, extra: bool) -> String {
    format!("{:#}", set(extra).checked(dir).unwrap_err())
}

/// A file of images whose pixels all have the value of their index plus `shift`.
fn flat(labels: &[u8], shift: u8) -> Vec<u8> {
    let count = labels.len();
    let pixels: Vec<u8> = (0..count).flat_map(|i| [i as u8 + shift; IMAGE]).collect();
    let x = array(BYTES, &[32, 32, 3, count as u32], b"X", &full(UINT8, &pixels));
    let y = array(6, &[count as u32, 1], b"y", &full(UINT8, labels));
    file(&[packed(&x), packed(&y)])
}

const DIGITS: [u8; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

#[test]
fn columns_become_rows_and_ten_becomes_zero() {
    let (dir, folder) = folder();
    let splits = set(false).checked(dir.path()).unwrap();
    assert_eq!(splits.train.classes().unwrap(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
    assert_eq!(splits.test.classes().unwrap(), [0, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(splits.classes.concat(), "0123456789");
    let image = splits.test.image(3).unwrap();
    for (at, pixel) in image.chunks(3).enumerate() {
        assert_eq!(pixel, [(at / 32) as u8, (at % 32) as u8, 150], "pixel {at}");
    }
    assert!(splits.train.ids.is_none(), "the images have no names");
    let note = &splits.origin.note;
    assert!(note.starts_with("2 of the 2 files are not the official SVHN files"), "{note}");
    assert_eq!((splits.origin.pool, splits.origin.test, splits.origin.fingerprint.len()), (10, 10, 16));
    assert_eq!(set(false).checked(&folder).unwrap().origin, splits.origin, "the folder itself is as good");
}

#[test]
fn extra_images_follow_the_train_split() {
    let (dir, folder) = folder();
    let missing = error(dir.path(), true);
    assert!(missing.contains("extra_32x32.mat: no such file, so SVHN is incomplete"), "{missing}");
    std::fs::write(folder.join(EXTRA.0), flat(&[DIGITS, DIGITS].concat(), 100)).unwrap();
    let splits = set(true).checked(dir.path()).unwrap();
    assert_eq!((splits.train.len, splits.test.len, splits.origin.files.len()), (30, 10, 3));
    assert_eq!(splits.train.image(9).unwrap()[..3], [0, 0, 90]);
    assert_eq!(splits.train.image(12).unwrap(), [102; IMAGE]);
    assert_eq!(splits.train.classes().unwrap()[19..21], [0, 1]);
    assert_eq!(set(false).checked(dir.path()).unwrap().train.len, 10, "only if the spec asks for it");
    assert_eq!(verify(dir.path()).unwrap().files.len(), 3);

    // The test images are now among the extra ones, from its image 5 on.
    std::fs::write(folder.join(TEST.0), flat(&DIGITS, 105)).unwrap();
    let copied = error(dir.path(), true);
    assert!(copied.contains("10 of the 10 test images are also in the train split"), "{copied}");
    assert!(copied.contains("image 0 of test_32x32.mat is image 5 of extra_32x32.mat"), "{copied}");
    assert!(!copied.contains('\n') && set(false).checked(dir.path()).is_ok(), "{copied}");
}

#[test]
fn files_that_are_cut_off_or_damaged_are_refused_together() {
    let (dir, folder) = folder();
    for length in 0..TEN.len() {
        assert!(images(&TEN[..length]).is_err(), "{length}");
    }
    std::fs::write(folder.join(TRAIN.0), &TEN[..TEN.len() / 2]).unwrap();
    std::fs::write(folder.join(TEST.0), "text").unwrap();
    let both = error(dir.path(), false);
    assert!(both.starts_with("2 problems with the files of svhn; restore them, or get train_32x32.mat"), "{both}");
    assert!(both.contains("train_32x32.mat: cut short"), "{both}");
    assert!(both.contains("test_32x32.mat: not a MATLAB 5 file"), "{both}");

    for file in [TEN, OTHER] {
        for at in 128..file.len() {
            let mut damaged = file.to_vec();
            damaged[at] ^= 0x10;
            // Never a panic, and never other images. (A few bytes, for instance those that name flags, mean nothing here.)
            if let Ok(read) = images(&damaged) {
                assert_eq!(read, images(file).unwrap(), "byte {at}");
            }
        }
    }
}

#[test]
fn arrays_of_another_form_are_refused() {
    let x =
        |dimensions: &[u32], class, kind, bytes: usize| array(class, dimensions, b"X", &full(kind, &vec![0; bytes]));
    let y = |values: &[u8]| array(6, &[values.len() as u32, 1], b"y", &full(UINT8, values));
    let good = x(&[32, 32, 3, 2], BYTES, UINT8, 2 * IMAGE);
    let read = |elements: &[Vec<u8>]| images(&file(elements)).map(|images| images.labels);
    assert_eq!(read(&[good.clone(), y(&[10, 9])]).unwrap(), [0, 9]);
    assert_eq!(read(&[y(&[3]), x(&[32, 32, 3], BYTES, UINT8, IMAGE)]).unwrap(), [3], "one image, and y first");
    for (elements, expected) in [
        (vec![good.clone()], "no array `y` (the digits) in it"),
        (vec![y(&[1, 2])], "no array `X` (the images) in it"),
        (vec![good.clone(), y(&[1, 2, 3])], "2 images in `X`, but 3 digits in `y`"),
        (vec![good.clone(), y(&[1, 0])], "image 1 has the label 0, but SVHN's are 1 to 10 (10 for the digit 0)"),
        (vec![good.clone(), y(&[11, 1])], "image 0 has the label 11, but"),
        (
            vec![x(&[3, 32, 32, 2], BYTES, UINT8, 2 * IMAGE)],
            "`X` is 3 x 32 x 32 x 2, but SVHN's is 32 x 32 x 3 x images",
        ),
        (vec![x(&[32, 32, 3, 2], 6, 9, 2 * IMAGE)], "`X` is not made of bytes (uint8)"),
        (vec![x(&[32, 32, 3, 3], BYTES, UINT8, 2 * IMAGE)], "`X` has 6144 bytes, which are not 3 images"),
    ] {
        let error = read(&elements).unwrap_err();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}

#[test]
fn copies_and_digits_without_images_are_problems() {
    let (dir, folder) = folder();
    std::fs::write(folder.join(TRAIN.0), flat(&[1, 2, 3, 4, 5, 6, 8, 9, 10], 0)).unwrap();
    let empty = error(dir.path(), false);
    assert!(empty.starts_with("1 problem ") && empty.contains("train_32x32.mat: no image of the digit 7"), "{empty}");
    std::fs::write(folder.join(TRAIN.0), OTHER).unwrap();
    let copy = error(dir.path(), false);
    assert!(copy.contains("test_32x32.mat: the same bytes as svhn/train_32x32.mat"), "{copy}");
    std::fs::remove_dir_all(&folder).unwrap();
    let missing = error(dir.path(), false);
    assert!(missing.contains("no train_32x32.mat in it or in svhn/, so there are no SVHN files; get"), "{missing}");
}
