//! ResNets (He et al., CVPR 2016), with the official code's stem for small images or the stem for ImageNet.

use tch::Tensor;
use tch::nn::{ModuleT, Path};

use super::layers::{Body, Conv, Convolution, Residual, Unit};
use pt4al_results::spec::Stem;

/// The residual blocks of a ResNet.
#[derive(Clone, Copy)]
pub(super) enum Blocks {
    /// Blocks of two 3x3 convolutions, two blocks in each stage (ResNet-18).
    Basic,
    /// Bottlenecks as in torchvision (the 3x3 convolution has the stride); 3, 4, 6 and 3 blocks in the stages (ResNet-50).
    Bottleneck,
}

/// Returns a ResNet without its head, and the number of channels of its map: 8 x `width`, with bottlenecks 32 x `width`. One
/// pixel of the map is for 8x8 pixels of the image with the small stem, and for 32x32 pixels with the large one.
pub(super) fn resnet(root: &Path, blocks: Blocks, stem: Stem, width: i64) -> (ResNet, i64) {
    let (side, stride) = match stem {
        Stem::Small => (3, 1),
        Stem::Large => (7, 2),
    };
    let (depths, expansion) = match blocks {
        Blocks::Basic => ([2, 2, 2, 2], 1),
        Blocks::Bottleneck => ([3, 4, 6, 3], 4),
    };
    let first = Conv { input: 3, output: width, side, stride, dilation: 1 };
    let first = Unit::new(&(root / "conv1"), &(root / "bn1"), &first);
    let mut input = width;
    let mut rest = Vec::new();
    for (stage, depth) in depths.into_iter().enumerate() {
        for block in 0..depth {
            let path = root / format!("layer{}", stage + 1) / block;
            let inner = width << stage;
            let stride = if block == 0 && stage > 0 { 2 } else { 1 };
            rest.push(match blocks {
                Blocks::Basic => Residual::basic(&path, input, inner, stride, 1),
                Blocks::Bottleneck => Residual::bottleneck(&path, input, inner, stride),
            });
            input = expansion * inner;
        }
    }
    (ResNet { first, pool: stem == Stem::Large, blocks: rest }, input)
}

#[derive(Debug)]
pub(super) struct ResNet {
    first: Unit,
    pool: bool,
    blocks: Vec<Residual>,
}

impl ModuleT for ResNet {
    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        let mut x = self.first.forward_t(images, train);
        if self.pool {
            x = x.max_pool2d([3i64, 3], [2i64, 2], [1i64, 1], [1i64, 1], false);
        }
        for block in &self.blocks {
            x = block.forward_t(&x, train);
        }
        x
    }
}

impl Body for ResNet {
    fn convolutions(&mut self) -> Vec<&mut Convolution> {
        let Self { first, blocks, .. } = self;
        std::iter::once(first.convolution()).chain(blocks.iter_mut().flat_map(Residual::convolutions)).collect()
    }
}
