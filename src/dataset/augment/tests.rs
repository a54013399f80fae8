use super::*;
use crate::dataset::Place;
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{self, ColourJitter, RandomResizedCrop};

/// Images whose pixel (row, column) of image n is 100 n + 10 row + column + 1, in all channels; so are their labels.
fn numbered(n: i64, side: i64) -> Minibatch {
    let image = |n: i64| (0..side * side).map(move |p| (100 * n + 10 * (p / side) + p % side + 1) as u8);
    let pixels: Vec<u8> = (0..n).flat_map(image).collect();
    let targets = Tensor::from_slice(&pixels).reshape([n, side, side]);
    Minibatch { images: targets.unsqueeze(3).repeat([1, 1, 1, 3]), targets }
}

fn pixel(minibatch: &Minibatch, n: i64, row: i64, column: i64) -> i64 {
    minibatch.images.int64_value(&[n, row, column, 0])
}

fn draws(augment: &[Augment], n: usize, size: [usize; 2]) -> Draws {
    Draws::new(augment, n, size, &mut seed::stream(3, Purpose::Augmentation, &[]), Device::Cpu)
}

fn window(rows: &[i64], columns: &[i64], size: Option<[usize; 2]>, padding: i64) -> Crop {
    Crop::Window { offsets: (Tensor::from_slice(rows), Tensor::from_slice(columns)), size, padding }
}

/// Draws that do not change colours.
fn placed(crop: Crop, flips: Option<&[bool]>) -> Draws {
    Draws { crop, flips: flips.map(Tensor::from_slice), operations: None, colour: None }
}

#[test]
fn a_crop_moves_the_image_and_a_flip_mirrors_it() {
    let both = placed(window(&[4, 5], &[4, 3], None, PADDING), Some(&[true, false]));
    let out = both.apply(numbered(2, 3), &Place::First(0));
    // Image 0 is not moved (offset 4 with padding 4) and flipped.
    assert_eq!(pixel(&out, 0, 0, 0), 3);
    assert_eq!(pixel(&out, 0, 2, 2), 21);
    // Image 1 is moved one row up and one column to the right; new pixels are black, and ignored in the labels.
    assert_eq!(pixel(&out, 1, 0, 1), 111);
    assert_eq!(pixel(&out, 1, 0, 0), 0);
    assert_eq!(pixel(&out, 1, 2, 1), 0);
    assert_eq!(out.targets.int64_value(&[1, 0, 1]), 111);
    assert_eq!(out.targets.int64_value(&[1, 0, 0]), i64::from(IGNORED));
}

#[test]
fn labels_move_with_their_pixels() {
    for augment in [vec![Augment::Flip], vec![Augment::Crop([3, 2]), Augment::Flip]] {
        assert!(draws(&augment, 4, [5, 5]).operations.is_none());
        let out = draws(&augment, 4, [5, 5]).apply(numbered(2, 5), &Place::First(0));
        assert_eq!(out.images.select(3, 1), out.targets);
        assert_ne!(out.targets, numbered(2, 5).targets.narrow(1, 0, out.targets.size()[1]));
    }
}

#[test]
fn a_window_is_a_part_of_the_image() {
    let draws = placed(window(&[1], &[2], Some([2, 3]), 0), None);
    let out = draws.apply(numbered(1, 5), &Place::First(0));
    assert_eq!(out.images.size(), [1, 2, 3, 3]);
    assert_eq!((pixel(&out, 0, 0, 0), pixel(&out, 0, 1, 2)), (13, 25));
}

#[test]
fn a_flip_mirrors_the_cropped_image() {
    let moved = |flip| {
        let draws = placed(window(&[4], &[2], None, PADDING), Some(&[flip]));
        draws.apply(numbered(1, 3), &Place::First(0)).images
    };
    assert_eq!(moved(true), moved(false).flip([2]));
}

#[test]
fn a_box_is_resized_and_the_whole_box_changes_nothing() {
    let boxed = |part: [f64; 4], side| Crop::Resized { boxes: Tensor::from_slice(&part).reshape([1, 4]), side };
    let whole = placed(boxed([0.0, 0.0, 1.0, 1.0], 4), None);
    assert_eq!(whole.apply(numbered(1, 4), &Place::First(0)).images, numbered(1, 4).images);
    let quarter = placed(boxed([0.5, 0.0, 0.5, 0.5], 2), Some(&[true]));
    let out = quarter.apply(numbered(1, 4), &Place::First(0));
    assert_eq!([pixel(&out, 0, 0, 0), pixel(&out, 0, 0, 1), pixel(&out, 0, 1, 0)], [22, 21, 32]);
}

#[test]
fn random_boxes_keep_area_and_shape_and_lie_in_the_image() {
    let mut stream = seed::stream(3, Purpose::Augmentation, &[]);
    for size in [[40, 60], [60, 40], [200, 10]] {
        for _ in 0..200 {
            let [row, column, h, w] = random_box([0.2, 0.6], size, &mut stream);
            assert!(row >= 0.0 && column >= 0.0 && row + h <= 1.0 + 1e-9 && column + w <= 1.0 + 1e-9);
            let shape = (w * size[1] as f64) / (h * size[0] as f64);
            assert!((0.7..1.4).contains(&shape), "{shape}");
            if size[0] < 100 {
                assert!((0.18..0.63).contains(&(h * w)), "{}", h * w);
            }
        }
    }
    let crop = Augment::RandomResizedCrop(RandomResizedCrop { side: 3, area: [0.1, 1.0] });
    assert_eq!(draws(&[crop], 2, [5, 5]).apply(numbered(2, 5), &Place::First(0)).images.size(), [2, 3, 3, 3]);
}

#[test]
fn minibatches_take_their_own_part_of_an_epochs_draws() {
    let crop = Augment::RandomResizedCrop(RandomResizedCrop { side: 3, area: [0.1, 1.0] });
    for augment in [[Augment::Crop4, Augment::Flip], [Augment::Crop([2, 2]), Augment::Flip], [crop, Augment::Flip]] {
        let draws = draws(&augment, 6, [5, 5]);
        let images = numbered(2, 5).images;
        let three = Minibatch {
            images: Tensor::cat(&[&images, &images, &images], 0),
            // Classes of images, so that every augmentation is allowed.
            targets: Tensor::from_slice(&[0i64; 6]),
        };
        let whole = draws.apply(three, &Place::First(0)).images;
        let part = Minibatch { images, targets: Tensor::from_slice(&[0i64; 2]) };
        assert_eq!(draws.apply(part, &Place::First(2)).images, whole.narrow(0, 2, 2));
    }
}

#[test]
fn without_augmentation_nothing_changes() {
    assert_eq!(draws(&[], 2, [3, 3]).apply(numbered(2, 3), &Place::First(0)).images, numbered(2, 3).images);
}

/// Stored results come from a time without changes of colour, so these must not change other draws.
#[test]
fn changes_of_colour_do_not_change_crops_and_flips() {
    let jitter = ColourJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, probability: 0.8 };
    let colours = [Augment::ColourJitter(jitter), Augment::Grayscale(0.2)];
    let resized = Augment::RandomResizedCrop(RandomResizedCrop { side: 3, area: [0.1, 1.0] });
    for crop in [Augment::Crop4, Augment::Crop([3, 2]), resized] {
        let plain = draws(&[crop, Augment::Flip], 5, [5, 5]);
        let coloured = draws(&[colours[0], crop, colours[1], Augment::Flip], 5, [5, 5]);
        assert_eq!(plain.flips, coloured.flips);
        match (&plain.crop, &coloured.crop) {
            (Crop::Window { offsets: a, .. }, Crop::Window { offsets: b, .. }) => assert_eq!(a, b),
            (Crop::Resized { boxes: a, .. }, Crop::Resized { boxes: b, .. }) => assert_eq!(a, b),
            others => panic!("{others:?}"),
        }
        assert!(plain.colour.is_none());
        let images = numbered(5, 5).images;
        assert_ne!(coloured.images(&images, &Place::First(0)), plain.images(&images, &Place::First(0)));
    }
}

/// As for colours: stored results come from a time without these operations.
#[test]
fn operations_do_not_change_crops_flips_and_colours() {
    let operations = Augment::RandAugment(spec::RandAugment { operations: 3, magnitude: 9 });
    let jitter = ColourJitter { brightness: 0.4, contrast: 0.4, saturation: 0.4, probability: 0.8 };
    let plain = [Augment::Crop([3, 2]), Augment::Flip, Augment::ColourJitter(jitter), Augment::Grayscale(0.2)];
    let more = [&[operations], &plain[..]].concat();
    let (mut plain, mut more) = (draws(&plain, 5, [5, 5]), draws(&more, 5, [5, 5]));
    assert!(plain.operations.is_none() && more.operations.is_some());
    more.operations = None;
    let (plain, more): (Vec<_>, Vec<_>) = (plain.tensors(), more.tensors());
    assert_eq!(plain.len(), 5);
    assert_eq!(plain, more);
}

/// The operations are applied to the cropped image, and colours change afterwards.
#[test]
fn operations_lie_between_the_flip_and_changes_of_colour() {
    let operations = Augment::RandAugment(spec::RandAugment { operations: 2, magnitude: 30 });
    let jitter = ColourJitter { brightness: 1.0, contrast: 0.5, saturation: 0.5, probability: 1.0 };
    let augment = [Augment::ColourJitter(jitter), Augment::Flip, operations, Augment::Crop([4, 3])];
    let images = numbered(2, 5).images;
    let place = Place::First(0);
    let mut draws = draws(&augment, 2, [5, 5]);
    let whole = draws.images(&images, &place);
    let (operations, colour) = (draws.operations.take().unwrap(), draws.colour.take().unwrap());
    let placed = draws.images(&images, &place);
    assert_eq!(placed.size(), [2, 4, 3, 3]);
    assert_eq!(colour.apply(&operations.images(&placed, &place), &place), whole);
    assert_ne!(operations.images(&placed, &place), placed);
}

#[test]
fn operations_move_labels_with_their_pixels_and_ignore_what_comes_from_outside() {
    let operations = RandAugment::new(
        &[Augment::RandAugment(spec::RandAugment { operations: 2, magnitude: 30 })],
        40,
        [5, 5],
        &mut seed::stream(3, Purpose::Augmentation, &[]),
        Device::Cpu,
    );
    let draws = Draws { operations, ..placed(Crop::Whole, None) };
    // Forty times the same image, so that every operation occurs.
    let Minibatch { images, targets } = numbered(1, 5);
    let many = Minibatch { images: images.repeat([40, 1, 1, 1]), targets: targets.repeat([40, 1, 1]) };
    let out = draws.apply(many, &Place::First(0));
    let from_outside = out.targets.eq(i64::from(IGNORED));
    assert!(from_outside.any().int64_value(&[]) == 1);
    // Only the values of the image and ignored ones: colours do not change labels.
    let is_known = out.targets.unsqueeze(3).eq_tensor(&targets.reshape([1, 1, 1, 25])).any_dim(3, false);
    assert_eq!(is_known.logical_or(&from_outside).all().int64_value(&[]), 1);
    // Where colours stayed, labels are the pixels; nearly half of the pairs of operations only move images.
    let black = out.images.select(3, 0).eq(0);
    let same = out.images.select(3, 0).eq_tensor(&out.targets).logical_or(&black.logical_and(&from_outside));
    let unchanged = same.flatten(1, 2).all_dim(1, false).sum(Kind::Int64).int64_value(&[]);
    assert!((3..38).contains(&unchanged), "{unchanged}");
}

#[test]
fn label_maps_keep_their_values_where_colours_change() {
    let jitter = ColourJitter { brightness: 1.0, contrast: 0.0, saturation: 0.0, probability: 1.0 };
    let augment = [Augment::Crop([3, 2]), Augment::Flip];
    let coloured = draws(&[augment[0], augment[1], Augment::ColourJitter(jitter)], 2, [5, 5])
        .apply(numbered(2, 5), &Place::First(0));
    let plain = draws(&augment, 2, [5, 5]).apply(numbered(2, 5), &Place::First(0));
    assert_eq!(coloured.targets, plain.targets);
    assert_ne!(coloured.images, plain.images);
}
