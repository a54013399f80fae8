use super::*;
use crate::images::Images;
use crate::index::tests::put;

fn png(size: [usize; 2], color: png::ColorType, values: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, size[1] as u32, size[0] as u32);
    encoder.set_color(color);
    encoder.write_header().unwrap().write_image_data(values).unwrap();
    bytes
}

#[track_caller]
fn close(found: [f64; 3], expected: [f64; 3]) {
    for (found, expected) in found.into_iter().zip(expected) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }
}

/// Red is 0, 0, 0, 255: mean 1/4, deviation sqrt(1/4 - 1/16). Green is 51 everywhere. Blue is 0, 255, 0, 255.
#[test]
fn mean_and_deviation_are_those_of_all_pixels() {
    let pixels = [0, 51, 0, 0, 51, 255, 0, 51, 0, 255, 51, 255];
    let Normalize { mean, std } = Colours::of(&pixels, 3).normalize().unwrap();
    close(mean, [0.25, 0.2, 0.5]);
    close(std, [(3.0_f64 / 16.0).sqrt(), 0.0, 0.5]);
    assert_eq!(Colours::default().normalize(), None);
}

#[test]
fn a_split_counts_all_its_images() {
    let images = Images { height: 1, width: 2, pixels: [[0; 6], [255; 6], [255; 6]].concat(), labels: vec![0; 3] };
    let Normalize { mean, std } = colours(&images.into()).unwrap().normalize().unwrap();
    close(mean, [2.0 / 3.0; 3]);
    close(std, [(2.0_f64 / 9.0).sqrt(); 3]);
}

#[test]
fn a_folder_is_summed_up_at_any_depth_with_grey_as_equal_colours() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    // One pixel of colour, four of grey.
    put(&root.join("a.png"), &png([1, 1], png::ColorType::Rgb, &[255, 0, 51]));
    put(&root.join("b/c/d.PNG"), &png([4, 1], png::ColorType::Grayscale, &[255; 4]));
    put(&root.join("notes.txt"), b"no image");
    let stats = folder(root).unwrap();
    assert_eq!((stats.images, stats.grey, stats.is_one_size), (2, 1, false));
    assert_eq!((stats.heights, stats.widths), ([1, 1, 4], [1, 1, 1]));
    assert_eq!(stats.endings, BTreeMap::from([("png".to_owned(), 2)]));
    let Normalize { mean, std } = stats.colours.normalize().unwrap();
    close(mean, [1.0, 0.8, 0.84]);
    close(std, [0.0, 0.4, 0.32]);
}

#[test]
fn unreadable_files_are_listed_together() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    let none = folder(root).unwrap_err().to_string();
    assert!(none.ends_with(": no images in it; name a folder that has images, at any depth"), "{none}");
    assert!(folder(&root.join("x")).unwrap_err().to_string().ends_with("x: no such folder"));
    put(&root.join("good.png"), &png([1, 1], png::ColorType::Grayscale, &[9]));
    put(&root.join("bad.png"), b"\x89PNG");
    put(&root.join("b/empty.jpg"), b"");
    let message = folder(root).unwrap_err().to_string();
    let lines: Vec<&str> = message.lines().collect();
    assert!(lines.len() == 3 && lines[0].starts_with("2 problems with the files of "), "{message}");
    assert!(lines[1].contains("empty.jpg: is empty") && lines[2].contains("bad.png: is a broken"), "{message}");
}
