//! The classes and pictures of queried images in a results folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use pt4al_data::shapes;
use pt4al_results::spec::{Normalize, ShapesSpec};
use pt4al_results::store::{Manifest, QueriedImages, Sheet};

use crate::pictures::{cityscapes, tiny_cityscapes};
use crate::support::{Workplace, queries, stderr};

const FILES: [&str; 3] = ["queried/classes.csv", "queried/thumbnails.csv", "queried/thumbnails.jpg"];

/// The bytes of all three files, and when they were written.
fn files(folder: &Path) -> Vec<(Vec<u8>, std::time::SystemTime)> {
    let read = |name: &&str| {
        let path = folder.join(name);
        (std::fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap())
    };
    FILES.iter().map(read).collect()
}

fn bytes(folder: &Path) -> Vec<Vec<u8>> {
    files(folder).into_iter().map(|(bytes, _)| bytes).collect()
}

/// Round, rank and index of all queried images of trials.
fn queried_images(folder: &Path, trials: &[&str]) -> Vec<[usize; 3]> {
    let rows = trials.iter().flat_map(|trial| {
        let text = queries(folder, trial);
        text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
    });
    // A name may follow.
    let numbers = |row: String| row.split(',').take(3).map(|n| n.parse().unwrap()).collect::<Vec<_>>();
    rows.map(|row| numbers(row).try_into().unwrap()).collect()
}

/// The pixels of a sheet, `[height, width, 3]`.
fn decoded(sheet: &Sheet) -> Vec<u8> {
    let mut pixels = vec![0; sheet.height * sheet.width * 3];
    pt4al_data::decode::whole(&sheet.jpeg, [sheet.height, sheet.width], None, &mut pixels).unwrap();
    pixels
}

#[test]
fn the_classes_and_pictures_of_queried_images_are_kept_with_the_results() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --jobs 2 --only (random|pretext-batch)-seed1";
    place.succeeds(run);
    let folder = place.path("results/tiny");
    let rows = queried_images(&folder, &["random-seed1", "pretext-batch-seed1"]);
    let QueriedImages { classes, sheet } = QueriedImages::read(&folder).unwrap().unwrap();

    // Every image has the class that it was generated with.
    let normalize = Normalize { mean: [0.5; 3], std: [0.25; 3] };
    let made = shapes::generate(&ShapesSpec { pool: 200, test: 60, side: 12, seed: 0, normalize });
    let indices: BTreeSet<usize> = rows.iter().map(|row| row[2]).collect();
    assert_eq!(classes.iter().map(|row| row.index).collect::<Vec<_>>(), indices.into_iter().collect::<Vec<_>>());
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &classes {
        let class = &made.classes[usize::from(made.train.labels[row.index])];
        assert_eq!((&row.class, row.share), (class, 1.0));
        *counts.entry(class).or_default() += 1;
    }
    let manifest = Manifest::read(&folder.join("manifest.json")).unwrap().unwrap();
    for (class, n) in counts {
        assert!(manifest.data.classes.iter().any(|known| known.name == class && n <= known.pool), "{class}");
    }

    // The first eight of each round, in their colours: another image differs more than JPEG's error.
    let sheet = sheet.unwrap();
    let first: BTreeSet<usize> = rows.iter().filter(|row| row[1] < 8).map(|row| row[2]).collect();
    assert_eq!(sheet.tiles.iter().map(|tile| tile.index).collect::<Vec<_>>(), first.into_iter().collect::<Vec<_>>());
    let pixels = decoded(&sheet);
    let mut distances = [0.0, 0.0];
    for (at, tile) in sheet.tiles.iter().enumerate() {
        assert_eq!((tile.width, tile.height), (12, 12));
        let shown = (0..12).flat_map(|y| pixels[((tile.y + y) * sheet.width + tile.x) * 3..][..36].to_vec());
        let shown: Vec<u8> = shown.collect();
        let next = sheet.tiles[(at + 1) % sheet.tiles.len()].index;
        for (distance, index) in distances.iter_mut().zip([tile.index, next]) {
            let off = shown.iter().zip(made.train.image(index)).map(|(a, b)| f64::from(a.abs_diff(*b)));
            *distance += off.sum::<f64>() / (432 * sheet.tiles.len()) as f64;
        }
    }
    assert!(distances[0] < 12.0 && distances[1] > 2.0 * distances[0], "{distances:?}");

    // Nothing is written again; lost or damaged files are restored.
    let before = files(&folder);
    place.succeeds(run);
    assert_eq!(files(&folder), before);
    std::fs::remove_dir_all(folder.join("queried")).unwrap();
    assert!(stderr(&place.succeeds(run)).contains("nothing to run"));
    let before: Vec<Vec<u8>> = before.into_iter().map(|(bytes, _)| bytes).collect();
    assert_eq!(bytes(&folder), before);
    for name in FILES {
        let text = std::fs::read(folder.join(name)).unwrap();
        std::fs::write(folder.join(name), &text[..text.len() / 2]).unwrap();
        place.succeeds(run);
        assert_eq!(bytes(&folder), before, "{name}");
    }

    // More trials add to the classes. The pictures are those of the first seed.
    place.succeeds("run tiny.toml --device cpu --jobs 2 --only random-seed0");
    let more = QueriedImages::read(&folder).unwrap().unwrap();
    assert!(more.classes.len() > classes.len());
    assert!(more.sheet.unwrap().tiles.len() <= 24);
}

#[test]
fn the_shares_of_classes_are_those_of_the_labeled_pixels() {
    let data = tempfile::tempdir().unwrap();
    cityscapes(data.path(), 20, 6);
    let place = Workplace::with(&tiny_cityscapes("stream"));
    let run = || {
        let mut command = place.command("run tiny.toml --device cpu --only random-seed0");
        let output = command.env("PT4AL_DATA", data.path()).env("PT4AL_CACHE", data.path().join("cache")).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
    };
    run();
    let folder = place.path("results/tiny");
    let QueriedImages { classes, sheet } = QueriedImages::read(&folder).unwrap().unwrap();
    let indices: BTreeSet<usize> = queried_images(&folder, &["random-seed0"]).iter().map(|row| row[2]).collect();
    assert_eq!(indices.len(), 12);
    // A row of each picture has no class; a car is 4 x 6 pixels of the road.
    let mut wanted = Vec::new();
    for &index in &indices {
        let car = if index % 2 == 0 { 24.0 } else { 0.0 };
        wanted.push((index, "road", (8.0 * 24.0 - car) / 360.0));
        wanted.push((index, "sky", 7.0 * 24.0 / 360.0));
        wanted.extend((car > 0.0).then_some((index, "car", car / 360.0)));
    }
    assert_eq!(classes.iter().map(|row| (row.index, &*row.class, row.share)).collect::<Vec<_>>(), wanted);
    let sheet = sheet.unwrap();
    assert_eq!(sheet.tiles.iter().map(|tile| tile.index).collect::<BTreeSet<_>>(), indices);
    // Sky over road.
    let (tile, pixels) = (sheet.tiles[0], decoded(&sheet));
    let blue = |y: usize| pixels[((tile.y + y) * sheet.width + tile.x + 20) * 3 + 2];
    assert!(blue(4) > 200 && blue(14) < 150, "{} {}", blue(4), blue(14));

    let before = bytes(&folder);
    std::fs::remove_dir_all(folder.join("queried")).unwrap();
    run();
    assert_eq!(bytes(&folder), before);
}
