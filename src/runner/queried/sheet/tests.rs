use super::*;
use pt4al_data::images::{Labels, Records};

/// Images of one colour each: the upper half of image i is red, green or blue by `i % 3`, the lower half is black.
fn split(n: usize, [height, width]: [usize; 2]) -> Split {
    let image = |i: usize| -> Vec<u8> {
        let mut colour = [0; 3];
        colour[i % 3] = 200;
        [colour.repeat(height / 2 * width), vec![0; (height - height / 2) * width * 3]].concat()
    };
    let (labels, records) = (Labels::Classes(vec![0; n]), Records::Memory((0..n).flat_map(image).collect()));
    Split { height, width, len: n, labels, records, ids: None }
}

/// The pixels of a sheet, `[height, width, 3]`.
fn decoded(sheet: &Sheet) -> Vec<u8> {
    let mut pixels = vec![0; sheet.height * sheet.width * 3];
    decode::whole(&sheet.jpeg, [sheet.height, sheet.width], None, &mut pixels).unwrap();
    pixels
}

#[test]
fn small_images_keep_their_size_and_larger_ones_their_shape() {
    assert_eq!(smaller([32, 32]), [32, 32]);
    assert_eq!(smaller([40, 12]), [40, 12]);
    assert_eq!(smaller([224, 224]), [40, 40]);
    assert_eq!(smaller([1024, 2048]), [20, 40]);
    assert_eq!(smaller([360, 480]), [30, 40]);
    assert_eq!(smaller([1000, 3]), [40, 1]);
}

#[test]
fn cells_are_whole_blocks_in_rows() {
    let layout = Layout::new(7, [12, 30]);
    assert_eq!((layout.cell, layout.rows, layout.columns), ([16, 32], 4, 2));
    let tiles = layout.tiles(&[1, 4, 5, 6, 8, 9, 20]);
    assert_eq!(tiles[3], Thumbnail { index: 6, x: 32, y: 16, width: 30, height: 12 });
    assert_eq!(tiles[6], Thumbnail { index: 20, x: 0, y: 48, width: 30, height: 12 });
}

#[test]
fn pictures_are_upright_in_their_colours_and_keep_to_their_tiles() {
    for size in [[32, 32], [12, 20], [90, 120], [200, 77]] {
        let images = [0, 1, 2, 5, 6];
        let layout = Layout::new(images.len(), size);
        let sheet = layout.draw(layout.tiles(&images), &split(7, size)).unwrap();
        let pixels = decoded(&sheet);
        for tile in &sheet.tiles {
            // In a picture that is smaller than its image, the rows around the middle mix both halves.
            for y in (0..tile.height).filter(|y| y.abs_diff(tile.height / 2) > 2) {
                for x in 0..tile.width {
                    let at = ((tile.y + y) * sheet.width + tile.x + x) * 3;
                    for channel in 0..3 {
                        let lit = y < tile.height / 2 && channel == tile.index % 3;
                        let (found, wanted) = (pixels[at + channel], if lit { 200_u8 } else { 0 });
                        assert!(
                            found.abs_diff(wanted) < 40,
                            "{size:?} {tile:?} {y} {x} {channel}: {found}, not {wanted}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn more_than_a_jpeg_holds_is_an_error() {
    let layout = Layout { rows: 1 << 14, ..Layout::new(1, [40, 40]) };
    let error = layout.draw(Vec::new(), &split(1, [40, 40])).unwrap_err().to_string();
    assert!(error.contains("a JPEG has room for"), "{error}");
}
