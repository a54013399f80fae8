use super::*;
use pt4al_results::seed::{self, Purpose};

/// An image that changes in one way: uint8 `[h, w, 3]`.
fn changed(operation: Operation, is_reversed: bool, magnitude: usize, image: &Tensor) -> Tensor {
    let number = Operation::ALL.iter().position(|&known| known == operation).unwrap() as i64;
    let size = [image.size()[0] as usize, image.size()[1] as usize];
    let drawn = Tensor::from_slice(&[2 * number + i64::from(is_reversed)]).reshape([1, 1]);
    let operations = RandAugment { drawn, table: Table::new(magnitude, size, Device::Cpu) };
    operations.images(&image.unsqueeze(0), &Place::First(0)).squeeze_dim(0)
}

/// An image whose channels are equal, from its rows.
fn grey_image<const H: usize, const W: usize>(rows: [[u8; W]; H]) -> Tensor {
    Tensor::from_slice(rows.as_flattened()).reshape([H as i64, W as i64, 1]).repeat([1, 1, 3])
}

/// The first channel of an image, row by row.
fn rows(image: &Tensor) -> Vec<Vec<u8>> {
    (0..image.size()[0]).map(|row| image.get(row).select(1, 0).try_into().unwrap()).collect()
}

fn bytes(image: &Tensor) -> Vec<u8> {
    image.reshape([-1]).try_into().unwrap()
}

/// An image of two pixels, (200, 100, 50) and (40, 80, 11).
fn two_pixels() -> Tensor {
    Tensor::from_slice(&[200u8, 100, 50, 40, 80, 11]).reshape([1, 2, 3])
}

#[test]
fn the_identity_changes_nothing() {
    let images = (Tensor::arange(5 * 4 * 3, (Kind::Int64, Device::Cpu)) * 37).remainder(256);
    let image = images.to_kind(Kind::Uint8).reshape([5, 4, 3]);
    for is_reversed in [false, true] {
        assert_eq!(changed(Operation::Identity, is_reversed, 30, &image), image);
    }
}

/// At the greatest magnitude a translation is 150/331 of the side: 2.7 of 6 pixels, cut to 2.
#[test]
fn translations_are_whole_pixels_and_leave_black_behind() {
    let image = grey_image([[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]);
    let moved = |operation, is_reversed| rows(&changed(operation, is_reversed, 30, &image));
    assert_eq!(moved(Operation::TranslateX, false), [[0, 0, 1, 2, 3, 4], [0, 0, 7, 8, 9, 10]]);
    assert_eq!(moved(Operation::TranslateX, true), [[3, 4, 5, 6, 0, 0], [9, 10, 11, 12, 0, 0]]);
    let image = image.transpose(0, 1).contiguous();
    let moved =
        |is_reversed| rows(&changed(Operation::TranslateY, is_reversed, 30, &image).transpose(0, 1).contiguous());
    assert_eq!(moved(false), [[0, 0, 1, 2, 3, 4], [0, 0, 7, 8, 9, 10]]);
    assert_eq!(moved(true), [[3, 4, 5, 6, 0, 0], [9, 10, 11, 12, 0, 0]]);
}

/// A shear of 0.3 reads row 0 from 0.15 columns further on, row 1 from 0.45, row 2 from 0.75 and row 3 from 1.05.
#[test]
fn shears_move_each_row_or_column_further_than_the_one_before() {
    let image = grey_image([[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12], [13, 14, 15, 16]]);
    let forward = [[1, 2, 3, 4], [5, 6, 7, 8], [10, 11, 12, 0], [14, 15, 16, 0]];
    let backward = [[1, 2, 3, 4], [5, 6, 7, 8], [0, 9, 10, 11], [0, 13, 14, 15]];
    let turned = image.transpose(0, 1).contiguous();
    for (is_reversed, wanted) in [(false, forward), (true, backward)] {
        assert_eq!(rows(&changed(Operation::ShearX, is_reversed, 30, &image)), wanted);
        let moved = changed(Operation::ShearY, is_reversed, 30, &turned).transpose(0, 1).contiguous();
        assert_eq!(rows(&moved), wanted);
    }
}

/// By 20 degrees, the pixel at the right edge of the middle row is the one below it (2 cos 20 = 1.88, 2 sin 20 = 0.68), the corners
/// come from outside (1.88 + 0.68 = 2.56), and the inner 3 x 3 pixels stay.
#[test]
fn rotations_turn_the_image_against_the_clock_about_its_middle() {
    let image = grey_image([
        [11, 12, 13, 14, 15],
        [21, 22, 23, 24, 25],
        [31, 32, 33, 34, 35],
        [41, 42, 43, 44, 45],
        [51, 52, 53, 54, 55],
    ]);
    let turned = rows(&changed(Operation::Rotate, false, 20, &image));
    assert_eq!(turned[2], [21, 32, 33, 34, 45]);
    assert_eq!([turned[0][0], turned[0][4], turned[4][0], turned[4][4]], [0; 4]);
    assert_eq!([turned[0][2], turned[4][2]], [14, 52]);
    assert_eq!(turned[1][1..4], [22, 23, 24]);
    assert_eq!(turned[3][1..4], [42, 43, 44]);
    let back = rows(&changed(Operation::Rotate, true, 20, &image));
    assert_eq!((back[2].as_slice(), back[0][2], back[4][2]), ([41, 32, 33, 34, 25].as_slice(), 12, 54));
}

/// At the magnitude 10 blends have the factor 1.3 or 0.7. Levels are cut to whole ones.
#[test]
fn brightness_is_a_factor() {
    let image = grey_image([[101, 200, 0]]);
    assert_eq!(rows(&changed(Operation::Brightness, false, 10, &image)), [[131, 255, 0]]);
    assert_eq!(rows(&changed(Operation::Brightness, true, 10, &image)), [[70, 140, 0]]);
}

/// The lightness of the first pixel is 59.78 + 58.7 + 5.7 = 124.18, cut to 124, and of the second one 60.
#[test]
fn colour_moves_pixels_away_from_their_lightness() {
    let [more, less] = [false, true].map(|reversed| bytes(&changed(Operation::Colour, reversed, 10, &two_pixels())));
    // 1.3 * 200 - 0.3 * 124, and so on.
    assert_eq!(more, [222, 92, 27, 34, 86, 0]);
    assert_eq!(less, [177, 107, 72, 46, 74, 25]);
}

/// The mean lightness is (124 + 60) / 2 = 92.
#[test]
fn contrast_moves_pixels_away_from_the_mean_lightness() {
    let [more, less] = [false, true].map(|reversed| bytes(&changed(Operation::Contrast, reversed, 10, &two_pixels())));
    // 1.3 * 200 - 0.3 * 92, and so on.
    assert_eq!(more, [232, 102, 37, 24, 76, 0]);
    assert_eq!(less, [167, 97, 62, 55, 83, 35]);
}

/// The smoothed middle is 5/13 of 131 and 1/13 of 26: 52.4, rounded to 52.
#[test]
fn sharpness_moves_inner_pixels_away_from_their_surroundings() {
    let image = grey_image([[26, 0, 0], [0, 131, 0], [0, 0, 0]]);
    // 1.3 * 131 - 0.3 * 52 = 154.7; 0.7 * 131 + 0.3 * 52 = 107.3.
    assert_eq!(rows(&changed(Operation::Sharpness, false, 10, &image)), [[26, 0, 0], [0, 154, 0], [0, 0, 0]]);
    assert_eq!(rows(&changed(Operation::Sharpness, true, 10, &image)), [[26, 0, 0], [0, 107, 0], [0, 0, 0]]);
    // An image without inner pixels.
    assert_eq!(changed(Operation::Sharpness, false, 10, &two_pixels()), two_pixels());
}

#[test]
fn posterize_keeps_the_first_bits_and_solarize_inverts_light_pixels() {
    let image = grey_image([[0, 171, 178, 179, 255]]);
    for is_reversed in [false, true] {
        // Magnitude 9 has 7 bits and the threshold 178.5; 30 has 4 bits and the threshold 0.
        assert_eq!(rows(&changed(Operation::Posterize, is_reversed, 9, &image)), [[0, 170, 178, 178, 254]]);
        assert_eq!(rows(&changed(Operation::Posterize, is_reversed, 30, &image)), [[0, 160, 176, 176, 240]]);
        assert_eq!(changed(Operation::Posterize, is_reversed, 0, &image), image);
        assert_eq!(rows(&changed(Operation::Solarize, is_reversed, 9, &image)), [[0, 171, 178, 76, 0]]);
        assert_eq!(rows(&changed(Operation::Solarize, is_reversed, 30, &image)), [[255, 84, 77, 76, 0]]);
    }
}

/// The red channel is stretched by 255 / 100, the green one has all levels already, and the blue one has a single level.
#[test]
fn automatic_contrast_stretches_each_channel() {
    let image = Tensor::from_slice(&[50u8, 0, 7, 100, 13, 7, 150, 255, 7]).reshape([1, 3, 3]);
    let stretched = bytes(&changed(Operation::AutoContrast, false, 9, &image));
    assert_eq!(stretched, [0, 0, 7, 127, 13, 7, 255, 255, 7]);
}

/// Red has 200 pixels of level 10, 320 of level 50 and 80 of level 200: a step is 520 / 255, cut to 2, so that 50 becomes
/// (200 + 1) / 2 and 200 would become (520 + 1) / 2. Green has one level. Blue has 255 pixels below its lightest: the step is 1.
#[test]
fn equalizing_spreads_the_levels_of_each_channel() {
    let levels = |counts: &[(u8, usize)]| -> Vec<u8> {
        counts.iter().flat_map(|&(level, count)| std::iter::repeat_n(level, count)).collect()
    };
    let [red, green, blue] =
        [&[(10, 200), (50, 320), (200, 80)][..], &[(9, 600)], &[(3, 100), (4, 155), (5, 345)]].map(levels);
    let image = Tensor::stack(&[red, green, blue].map(|channel| Tensor::from_slice(&channel).reshape([20, 30])), 2);
    let equal = changed(Operation::Equalize, false, 9, &image);
    let channel = |at| bytes(&equal.select(2, at).contiguous());
    assert_eq!(channel(0), levels(&[(0, 200), (100, 320), (255, 80)]));
    assert_eq!(channel(1), levels(&[(9, 600)]));
    assert_eq!(channel(2), levels(&[(0, 100), (100, 155), (255, 345)]));
    // Too few pixels for a step.
    assert_eq!(changed(Operation::Equalize, false, 9, &two_pixels()), two_pixels());
}

fn drawn(operations: usize, magnitude: usize, n: usize) -> RandAugment {
    let augment = [Augment::Flip, Augment::RandAugment(spec::RandAugment { operations, magnitude })];
    RandAugment::new(&augment, n, [6, 5], &mut seed::stream(3, Purpose::Augmentation, &[]), Device::Cpu).unwrap()
}

#[test]
fn every_operation_and_direction_is_drawn_equally_often() {
    let choices = drawn(2, 9, 14_000).drawn;
    let counts: Vec<i64> = choices.reshape([-1]).bincount::<Tensor>(None, 0).try_into().unwrap();
    assert_eq!(counts.len(), 28);
    // Each is drawn 1,000 times in the mean, with a standard deviation of 31.
    assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
}

#[test]
fn operations_follow_one_another_and_each_image_has_its_own() {
    let images = (Tensor::arange(12 * 6 * 5 * 3, (Kind::Int64, Device::Cpu)) * 37).remainder(251);
    let images = images.to_kind(Kind::Uint8).reshape([12, 6, 5, 3]);
    let both = drawn(2, 25, 12);
    let whole = both.images(&images, &Place::First(0));
    assert_eq!(both.images(&images.narrow(0, 4, 3), &Place::First(4)), whole.narrow(0, 4, 3));
    let one_by_one = (0..12).map(|n| {
        (0..2).fold(images.get(n), |image, slot| {
            let choice = both.drawn.int64_value(&[n, slot]);
            changed(Operation::ALL[choice as usize / 2], choice % 2 == 1, 25, &image)
        })
    });
    assert_eq!(Tensor::stack(&one_by_one.collect::<Vec<_>>(), 0), whole);
    assert_ne!(whole, images);
}
