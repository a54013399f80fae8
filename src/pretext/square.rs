//! The square part of an image, for tasks that need a square.

use tch::Tensor;

use crate::dataset::Input;

/// Crops the largest square in the center of the part that the task model sees. The side is a multiple of `unit`. Maps uint8
/// `[n, h, w, 3]` to `[n, side, side, 3]`.
pub(super) fn square(images: &Tensor, input: &Input, unit: i64) -> Tensor {
    let images = input.centered(images);
    let (_, height, width, _) = images.size4().expect("images have four dimensions");
    let side = height.min(width) / unit * unit;
    images.narrow(1, (height - side) / 2, side).narrow(2, (width - side) / 2, side)
}

#[cfg(test)]
mod tests {
    use tch::{Device, Kind};

    use super::*;
    use pt4al_results::spec::Normalize;

    /// Returns the square of an image whose pixels are numbered row by row.
    fn square_of(height: i64, width: i64, center: Option<[usize; 2]>, unit: i64) -> Vec<u8> {
        let images = Tensor::arange(height * width, (Kind::Uint8, Device::Cpu)).reshape([1, height, width, 1]);
        let input = Input::new(&Normalize { mean: [0.5; 3], std: [0.25; 3] }, center, Device::Cpu);
        let square = square(&images.repeat([1, 1, 1, 3]), &input, unit);
        assert_eq!(square.size()[1], square.size()[2]);
        square.select(3, 0).reshape([-1]).try_into().unwrap()
    }

    #[test]
    fn the_square_is_in_the_center_of_what_the_task_model_sees() {
        assert_eq!(square_of(3, 7, None, 1), [2, 3, 4, 9, 10, 11, 16, 17, 18]);
        assert_eq!(square_of(6, 3, None, 1), [3, 4, 5, 6, 7, 8, 9, 10, 11]);
        assert_eq!(square_of(3, 3, None, 1), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(square_of(6, 9, Some([2, 5]), 1), [21, 22, 30, 31]);
        // The side is a multiple of 2.
        assert_eq!(square_of(3, 7, None, 2), [2, 3, 9, 10]);
    }
}
