//! Small data sets on disk for tests, in the layouts of the official downloads.

use std::path::Path;

use pt4al_data::caltech101::CLASSES;

use crate::support::TINY;

/// Writes a PNG; `channels` is 1 for grey values and 3 for RGB. The last names of its path are in a comment, so that no two
/// files have the same bytes: readers report an image that is in a data set twice.
pub fn png(path: &Path, [height, width]: [usize; 2], channels: usize, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), width as u32, height as u32);
    encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    let names: Vec<_> = path.iter().rev().take(3).map(|name| name.to_string_lossy()).collect();
    encoder.add_text_chunk("Comment".into(), names.join("/")).unwrap();
    encoder.write_header().unwrap().write_image_data(bytes).unwrap();
}

/// Writes 101 classes of `each` pictures, whose colours depend on the class. The files are PNGs although their names end in jpg.
pub fn caltech101(data: &Path, each: usize) {
    for class in 0..101u32 {
        for n in 0..each as u32 {
            let (h, w) = (14 + (class + n) as usize % 5, 16);
            let colour = [(class * 37 % 256) as u8, (class * 91 % 256) as u8, (n * 13) as u8];
            let name = CLASSES[class as usize];
            let path = data.join(format!("101_ObjectCategories/{name}/image_{:04}.jpg", n + 1));
            png(&path, [h, w], 3, &colour.repeat(h * w));
        }
    }
}

/// Returns the tiny experiment on the pictures of [`caltech101`].
pub fn tiny_caltech101(storage: &str) -> String {
    let set = format!(
        "[dataset.caltech101]\ninput = {{ resize = 14, crop = 14 }}\ntest = 0.25\nsplit-seed = 0\nstorage = \"{storage}\"\n"
    );
    with_dataset(&set)
        .replace("\"crop-4\"", "{ random-resized-crop = { side = 12, area = [0.5, 1.0] } }")
        .replace("title = \"Tiny\"", "title = \"Tiny\"\nmetrics = [\"top-5-accuracy\", \"balanced-accuracy\"]")
}

/// Writes `train` and `val` pictures of 16 x 24 pixels: sky over road, with a car in every second one, and an ignored first row.
pub fn cityscapes(data: &Path, train: usize, val: usize) {
    for (split, n) in [("train", train), ("val", val)] {
        for frame in 0..n {
            let (mut pixels, mut labels) = (Vec::new(), Vec::new());
            for row in 0..16 {
                for column in 0..24 {
                    let car = frame % 2 == 0 && (8..12).contains(&row) && (frame..frame + 6).contains(&column);
                    let (label, colour) = match (row, car) {
                        (0, _) => (0, [0, 0, 0]),
                        (_, true) => (26, [200, 30, 30]),
                        (1..8, _) => (23, [90, 140, 250]),
                        _ => (7, [110, 110, 100]),
                    };
                    pixels.extend(colour.map(|c: u8| c.wrapping_add((frame * 3 + column) as u8 % 16)));
                    labels.push(label);
                }
            }
            let name = format!("{split}/town/town_{frame:06}_000019");
            png(&data.join(format!("cityscapes/leftImg8bit/{name}_leftImg8bit.png")), [16, 24], 3, &pixels);
            png(&data.join(format!("cityscapes/gtFine/{name}_gtFine_labelIds.png")), [16, 24], 1, &labels);
        }
    }
}

/// Returns the tiny experiment on the pictures of [`cityscapes`], of which 20 are the pool.
pub fn tiny_cityscapes(storage: &str) -> String {
    let set = format!("[dataset.cityscapes]\nsize = [16, 24]\nlabels = \"label-ids\"\nstorage = \"{storage}\"\n");
    with_dataset(&set)
        .replace("arch = \"resnet18\"", "arch = \"drn-d-22\"")
        .replace("initial = 20\nquery = 20", "initial = 4\nquery = 4")
        .replace("minibatch = 16", "minibatch = 2")
        .replace("epochs = 2", "epochs = 4")
        .replace("\"crop-4\"", "{ crop = [12, 16] }")
        .replace("task = \"rotation\"", "task = \"colorization\"")
}

fn with_dataset(set: &str) -> String {
    let shapes = "[dataset.shapes]\npool = 200\ntest = 60\nside = 12\nseed = 0\n";
    assert!(TINY.contains(shapes));
    TINY.replace(shapes, set)
}
