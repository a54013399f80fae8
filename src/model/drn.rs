//! DRN-D-22 (Yu, Koltun and Funkhouser, "Dilated Residual Networks", CVPR 2017), as the authors' code defines it.

use tch::Tensor;
use tch::nn::{ModuleT, Path};

use super::layers::{Body, Conv, Convolution, Residual, Unit};

/// The stride of the map: one of its pixels is for so many pixels of an image row.
pub(super) const STRIDE: i64 = 8;

/// Returns DRN-D-22 without its head, and the number of channels of its map (32 x `width`). The map has one pixel for
/// 8x8 pixels of the image.
///
/// Layers 0 to 2, 7 and 8 are one convolution each; layers 3 to 6 are two residual blocks each. Layers 5 and 6 have
/// dilation instead of a stride. Layers 7 and 8 have less dilation and no shortcuts, which removes the gridding artefacts
/// of dilation.
pub(super) fn drn_d_22(root: &Path, width: i64) -> (DrnD22, i64) {
    let path = |layer: usize| root / format!("layer{layer}");
    let unit = |layer, input, output, side, stride, dilation| {
        Unit::sequence(&path(layer), &Conv { input: input * width, output: output * width, side, stride, dilation })
    };
    let blocks = |layer, input: i64, output: i64, stride, dilation| {
        let (input, output) = (input * width, output * width);
        let first = Residual::basic(&(path(layer) / "0"), input, output, stride, dilation);
        [first, Residual::basic(&(path(layer) / "1"), output, output, 1, dilation)]
    };
    let image = Conv { input: 3, output: width, side: 7, stride: 1, dilation: 1 };
    let net = DrnD22 {
        before: vec![Unit::sequence(&path(0), &image), unit(1, 1, 1, 3, 1, 1), unit(2, 1, 2, 3, 2, 1)],
        blocks: [blocks(3, 2, 4, 2, 1), blocks(4, 4, 8, 2, 1), blocks(5, 8, 16, 1, 2), blocks(6, 16, 32, 1, 4)]
            .into_iter()
            .flatten()
            .collect(),
        after: vec![unit(7, 32, 32, 3, 1, 2), unit(8, 32, 32, 3, 1, 1)],
    };
    (net, 32 * width)
}

#[derive(Debug)]
pub(super) struct DrnD22 {
    before: Vec<Unit>,
    blocks: Vec<Residual>,
    after: Vec<Unit>,
}

impl ModuleT for DrnD22 {
    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        let mut x = images.shallow_clone();
        for unit in &self.before {
            x = unit.forward_t(&x, train);
        }
        for block in &self.blocks {
            x = block.forward_t(&x, train);
        }
        for unit in &self.after {
            x = unit.forward_t(&x, train);
        }
        x
    }
}

impl Body for DrnD22 {
    fn convolutions(&mut self) -> Vec<&mut Convolution> {
        let Self { before, blocks, after } = self;
        let (before, after) = (before.iter_mut().map(Unit::convolution), after.iter_mut().map(Unit::convolution));
        before.chain(blocks.iter_mut().flat_map(Residual::convolutions)).chain(after).collect()
    }
}
