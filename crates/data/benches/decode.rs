//! Decodes image files to squares of pixels in one thread, in images per second; `pillow.py` beside this file does the
//! same with Pillow.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fast_image_resize::images::Image;
use fast_image_resize::{PixelType, Resizer};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use pt4al_data::decode;
use pt4al_results::spec::Input;

/// The number of files from each folder, evenly spaced in the order of their paths, so that all classes occur.
const FILES: usize = 500;

/// Reads [`FILES`] files below `folder`.
fn files(folder: &Path) -> Vec<Vec<u8>> {
    let mut paths: Vec<PathBuf> = walkdir::WalkDir::new(folder)
        .into_iter()
        .map(|entry| entry.expect("a folder that can be read").into_path())
        .filter(|path| path.extension().is_some_and(|end| end.eq_ignore_ascii_case("jpg") || end == "JPEG"))
        .collect();
    paths.sort();
    let step = (paths.len() / FILES).max(1);
    paths.iter().step_by(step).take(FILES).map(|path| std::fs::read(path).expect("a file that can be read")).collect()
}

/// Enlarges the first 100 photos to 500x375, the mean size of ImageNet's.
fn enlarged(small: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let side = 256;
    let mut resizer = Resizer::new();
    let enlarge = |bytes: &Vec<u8>| {
        let mut pixels = vec![0; side * side * 3];
        decode::square(bytes, Input { resize: side, crop: side }, &mut pixels).expect("an image");
        let small = Image::from_vec_u8(side as u32, side as u32, pixels, PixelType::U8x3).expect("a square");
        let mut large = Image::new(500, 375, PixelType::U8x3);
        resizer.resize(&small, &mut large, None).expect("the same kind of pixels");
        let mut jpeg = Vec::new();
        let mut encoder = Encoder::new(&mut jpeg, 90);
        encoder.set_sampling_factor(SamplingFactor::F_2_2);
        encoder.encode(large.buffer(), 500, 375, ColorType::Rgb).expect("a size that a JPEG can have");
        jpeg
    };
    small.iter().take(100).map(enlarge).collect()
}

fn squares(c: &mut Criterion) {
    let Some(folder) = std::env::var_os("PT4AL_TEST_DATA").map(PathBuf::from) else {
        eprintln!("SKIPPED: decoding, because PT4AL_TEST_DATA is not set");
        return;
    };
    let [caltech, imagenet] = ["101_ObjectCategories", "imagenet10"].map(|name| files(&folder.join(name)));
    let large = enlarged(&imagenet);
    // Keep them for `pillow.py`, which has to read the same files.
    if let Some(folder) = std::env::var_os("PT4AL_BENCH_LARGE").map(PathBuf::from) {
        for (i, jpeg) in large.iter().enumerate() {
            std::fs::write(folder.join(format!("{i:03}.jpg")), jpeg).expect("a folder that can be written");
        }
    }
    let mut group = c.benchmark_group("decode");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    for (name, files, input) in [
        ("caltech101, resize 64, crop 64", caltech, Input { resize: 64, crop: 64 }),
        ("imagenet10, resize 72, crop 64", imagenet, Input { resize: 72, crop: 64 }),
        ("500x375, resize 256, crop 224", large, Input { resize: 256, crop: 224 }),
    ] {
        let mut out = vec![0; input.crop * input.crop * 3];
        group.throughput(Throughput::Elements(files.len() as u64));
        group.bench_function(name, |b| {
            b.iter(|| {
                for file in &files {
                    decode::square(file, input, &mut out).expect("an image");
                    black_box(&out);
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, squares);
criterion_main!(benches);
