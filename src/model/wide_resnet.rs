//! Wide ResNet with 28 layers (Zagoruyko and Komodakis, BMVC 2016; arXiv 1605.07146), without dropout. Variables have the names of
//! the authors' code (szagoruyko/wide-residual-networks, `pytorch/resnet.py`), with `weight` for filters.

use tch::Tensor;
use tch::nn::{self, ModuleT, Path};

use super::layers::{self, Body, Conv, Convolution};

/// The channels of the first convolution, whatever the width.
const FIRST: i64 = 16;
/// Pre-activation blocks in each stage: (28 - 4) / 6.
const BLOCKS: usize = 4;

/// Returns a Wide ResNet without its head, and the number of channels of its map, 4 x `width`. One pixel of the map is for 4x4 pixels
/// of the image. WRN-28-k has the `width` 16 k.
pub(super) fn wide_resnet_28(root: &Path, width: i64) -> (WideResNet, i64) {
    let first = Convolution::new(&(root / "conv0"), &three(3, FIRST, 1));
    let mut input = FIRST;
    let mut blocks = Vec::new();
    for stage in 0..3 {
        let output = width << stage;
        for block in 0..BLOCKS {
            let path = root / format!("group{stage}") / format!("block{block}");
            let stride = if block == 0 && stage > 0 { 2 } else { 1 };
            blocks.push(PreActivation::new(&path, input, output, stride));
            input = output;
        }
    }
    let norm = layers::batch_norm(&(root / "bn"), input);
    (WideResNet { first, blocks, norm }, input)
}

/// The shape of a 3x3 convolution.
fn three(input: i64, output: i64, stride: i64) -> Conv {
    Conv { input, output, side: 3, stride, dilation: 1 }
}

#[derive(Debug)]
pub(super) struct WideResNet {
    first: Convolution,
    blocks: Vec<PreActivation>,
    norm: nn::BatchNorm,
}

impl ModuleT for WideResNet {
    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        let mut x = self.first.forward(images);
        for block in &self.blocks {
            x = block.forward_t(&x, train);
        }
        self.norm.forward_t(&x, train).relu_()
    }
}

impl Body for WideResNet {
    fn convolutions(&mut self) -> Vec<&mut Convolution> {
        let Self { first, blocks, .. } = self;
        std::iter::once(first).chain(blocks.iter_mut().flat_map(PreActivation::convolutions)).collect()
    }
}

/// A residual block with batch norm and activation before each of its two convolutions.
#[derive(Debug)]
struct PreActivation {
    norms: [nn::BatchNorm; 2],
    convs: [Convolution; 2],
    /// Where channels or stride change: a 1x1 convolution of the activated input.
    shortcut: Option<Convolution>,
}

impl PreActivation {
    fn new(path: &Path, input: i64, output: i64, stride: i64) -> Self {
        let shortcut = Conv { input, output, side: 1, stride, dilation: 1 };
        Self {
            norms: [layers::batch_norm(&(path / "bn0"), input), layers::batch_norm(&(path / "bn1"), output)],
            convs: [
                Convolution::new(&(path / "conv0"), &three(input, output, stride)),
                Convolution::new(&(path / "conv1"), &three(output, output, 1)),
            ],
            shortcut: (stride != 1 || input != output).then(|| Convolution::new(&(path / "convdim"), &shortcut)),
        }
    }

    /// Returns the convolutions of the block, that of the shortcut last.
    fn convolutions(&mut self) -> impl Iterator<Item = &mut Convolution> {
        self.convs.iter_mut().chain(&mut self.shortcut)
    }
}

impl ModuleT for PreActivation {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let activated = self.norms[0].forward_t(x, train).relu_();
        let inner = self.norms[1].forward_t(&self.convs[0].forward(&activated), train).relu_();
        let mut sum = self.convs[1].forward(&inner);
        sum += match &self.shortcut {
            Some(convolution) => convolution.forward(&activated),
            None => x.shallow_clone(),
        };
        sum
    }
}
