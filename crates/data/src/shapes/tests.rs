use super::*;
use pt4al_results::spec::Normalize;
use styles::{CONFUSABLE, Form};

fn spec(pool: usize, test: usize) -> ShapesSpec {
    ShapesSpec { pool, test, side: 16, seed: 7, normalize: Normalize { mean: [0.5; 3], std: [0.25; 3] } }
}

/// The scenes behind the first `n` pictures of a split.
fn scenes(seed: u64, split: Split, n: u64) -> Vec<Scene> {
    let scene = |index| Scene::draw(seed, split, &mut stream(seed, Purpose::Shapes, &[split as u64, index]));
    (0..n).map(scene).collect()
}

/// If pictures change, stored results are no longer comparable: raise [`VERSION`] together with this checksum.
#[test]
fn the_pictures_are_those_of_the_stored_results() {
    let splits = generate(&spec(40, 20));
    let mut hash = Sha256::new();
    for images in [&splits.train, &splits.test] {
        hash.update(&images.pixels);
        hash.update(&images.labels);
    }
    assert_eq!((VERSION, &*pt4al_results::spec::hex(&hash.finalize()[..8])), (1, "60e8c3f5e99167c2"));
}

#[test]
fn a_picture_depends_only_on_its_split_and_index() {
    let (small, large) = (generate(&spec(30, 10)), generate(&spec(60, 20)));
    assert!(large.train.pixels.starts_with(&small.train.pixels) && large.train.labels.starts_with(&small.train.labels));
    assert!(large.test.pixels.starts_with(&small.test.pixels));
    assert_ne!(small.train.image(0), small.test.image(0));
    assert_ne!(small.origin.fingerprint, large.origin.fingerprint);

    let other = generate(&ShapesSpec { seed: 8, ..spec(30, 10) });
    assert_ne!(other.train.pixels, small.train.pixels);
    assert_ne!(other.origin.fingerprint, small.origin.fingerprint);
}

#[test]
fn counts_sizes_and_classes_are_those_of_the_spec() {
    for side in [12, 16, 33] {
        let splits = generate(&ShapesSpec { side, ..spec(7, 3) });
        assert_eq!((splits.train.len(), splits.train.pixels.len()), (7, 7 * side * side * 3));
        assert_eq!((splits.test.len(), splits.test.height, splits.test.width), (3, side, side));
    }
    let splits = generate(&spec(50, 20));
    assert_eq!((splits.classes.len(), splits.origin.pool, splits.origin.test), (10, 50, 20));
    let scenes = scenes(7, Split::Train, 1000);
    assert!(scenes.iter().zip(&splits.train.labels).all(|(scene, &label)| scene.class == usize::from(label)));
    for class in 0..10 {
        let count = scenes.iter().filter(|scene| scene.class == class).count();
        assert!((70..=130).contains(&count), "{count} of class {class}");
    }
}

#[test]
fn no_two_pictures_are_equal() {
    let splits = generate(&spec(400, 100));
    let all = splits.train.pixels.chunks(16 * 16 * 3).chain(splits.test.pixels.chunks(16 * 16 * 3));
    assert_eq!(all.collect::<std::collections::HashSet<_>>().len(), 500);
}

#[test]
fn the_pool_is_redundant_and_the_rest_has_a_long_tail() {
    let share = |scenes: &[Scene], of: &dyn Fn(&Scene) -> bool| {
        scenes.iter().filter(|scene| of(scene)).count() as f32 / scenes.len() as f32
    };
    let (train, test) = (scenes(7, Split::Train, 4000), scenes(7, Split::Test, 4000));
    let copies = |scene: &Scene| scene.difficulty == 0.0;
    assert!((0.45..0.55).contains(&share(&train, &copies)) && share(&test, &copies) < 0.2);
    let hard = |scene: &Scene| scene.difficulty > 0.5;
    assert!((0.01..0.15).contains(&share(&train, &hard)));
    let rarest = |scene: &Scene| scene.style == 3;
    assert!((0.05..0.1).contains(&share(&train, &rarest)) && share(&test, &rarest) > 0.18);
}

/// Pictures of the same prototype differ much less on average than pictures of two scenes.
#[test]
fn copies_of_a_prototype_are_nearly_equal() {
    let render = |scene: &Scene| {
        let mut pixels = vec![0; 16 * 16 * 3];
        draw::render(scene, 16, &mut stream(0, Purpose::Shapes, &[9]), &mut pixels);
        pixels
    };
    let distance = |a: &Scene, b: &Scene| -> u32 {
        render(a).iter().zip(render(b)).map(|(&a, b)| u32::from(a.abs_diff(b))).sum::<u32>() / (16 * 16 * 3)
    };
    let scenes = scenes(7, Split::Train, 600);
    let copies: Vec<_> = scenes.iter().filter(|s| s.difficulty == 0.0 && s.class == 5).collect();
    // Copies have the colours of their prototype.
    let same = |other: &&&Scene| other.object.main == copies[0].object.main && ***other != *copies[0];
    let copy = copies.iter().find(same).expect("some copies of one prototype");
    let other = copies.iter().find(|other| other.object.main != copies[0].object.main).expect("and of another");
    assert!(distance(copies[0], copy) < 12 && distance(copies[0], other) > 24);
}

#[test]
fn the_styles_are_well_formed() {
    let within = |values: &[f32]| values.iter().all(|value| value.abs() <= 1.0);
    for (class, (name, styles)) in STYLES.iter().enumerate() {
        assert_ne!(CONFUSABLE[class], class, "{name}");
        for (form, _) in styles.iter().flat_map(|style| style.parts) {
            let good = match *form {
                Form::Box(left, top, right, bottom) => {
                    left < right && top < bottom && within(&[left, top, right, bottom])
                }
                Form::Oval(x, y, rx, ry) | Form::Dome(x, y, rx, ry) | Form::Bowl(x, y, rx, ry) => {
                    rx > 0.0 && ry > 0.0 && within(&[x, y])
                }
                Form::Ring(x, y, outer, inner) => inner > 0.0 && outer > inner && within(&[x, y]),
                Form::Poly(corners) => corners.len() > 2 && corners.iter().all(|&(x, y)| within(&[x, y])),
            };
            assert!(good, "{name}: {form:?}");
        }
    }
}

/// Writes a picture for a person to look at: a row for each class, from easy to hard.
#[test]
#[ignore = "writes a picture: cargo test contact_sheet -- --ignored --nocapture"]
fn contact_sheet() {
    const COLUMNS: usize = 24;
    let side = 24;
    let images = generate(&ShapesSpec { side, ..spec(2000, 1) }).train;
    let scenes = scenes(7, Split::Train, 2000);
    let mut sheet = vec![0; 10 * side * COLUMNS * side * 3];
    for class in 0..10 {
        let mut of_class: Vec<usize> = (0..scenes.len()).filter(|&i| scenes[i].class == class).collect();
        of_class.sort_by(|&a, &b| scenes[a].difficulty.total_cmp(&scenes[b].difficulty));
        for column in 0..COLUMNS {
            let image = images.image(of_class[column * (of_class.len() - 1) / (COLUMNS - 1)]);
            for (row, line) in image.chunks(side * 3).enumerate() {
                let start = ((class * side + row) * COLUMNS + column) * side * 3;
                sheet[start..start + side * 3].copy_from_slice(line);
            }
        }
    }
    let path = std::env::temp_dir().join("shapes.ppm");
    let header = format!("P6 {} {} 255\n", COLUMNS * side, 10 * side);
    std::fs::write(&path, [header.into_bytes(), sheet].concat()).unwrap();
    println!("{}", path.display());
}
