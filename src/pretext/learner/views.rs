//! The views of images that a pretext task compares.

use tch::{Device, Tensor};

use crate::dataset::augment::Draws;
use crate::dataset::{Place, Rows};
use pt4al_results::seed::Stream;
use pt4al_results::spec::Augment;

/// The augmentation of every view. Empty for a single view without augmentation.
pub(super) struct Views(Vec<Draws>);

impl Views {
    /// One view without augmentation.
    pub fn plain() -> Self {
        Self(Vec::new())
    }

    /// Draws `count` views of `n` images of `size` (height, width in pixels), each from a stream of its own.
    pub fn draw(
        augment: &[Augment],
        count: usize,
        n: usize,
        size: [usize; 2],
        stream: &dyn Fn(u64) -> Stream,
        device: Device,
    ) -> Self {
        if augment.is_empty() && count == 1 {
            return Self::plain();
        }
        Self((0..count as u64).map(|view| Draws::new(augment, n, size, &mut stream(view), device)).collect())
    }

    /// Returns the views of a minibatch, uint8 `[n, h, w, 3]` each. `place` says which of the drawn rows belong to it.
    pub fn of(&self, images: &Tensor, place: &Place) -> Vec<Tensor> {
        match &self.0[..] {
            [] => vec![images.shallow_clone()],
            views => views.iter().map(|draws| draws.images(images, place)).collect(),
        }
    }
}

impl Rows for Views {
    fn tensors(&mut self) -> Vec<&mut Tensor> {
        self.0.iter_mut().flat_map(Rows::tensors).collect()
    }
}
