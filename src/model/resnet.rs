//! ResNet for small images (He et al., CVPR 2016; 3x3 stem and no max-pool, as the official code has it).

use tch::Tensor;
use tch::nn::{self, Module, ModuleT, Path};

/// ResNet-18 without its head, and the number of its features (8 x `width`).
pub(super) fn resnet18(root: &Path, width: i64) -> (impl ModuleT + 'static, i64) {
    let net = Trunk {
        conv: conv(&(root / "conv1"), 3, width, 3, 1),
        norm: norm(&(root / "bn1"), width),
        blocks: (0..4)
            .flat_map(|stage| (0..2).map(move |block| (stage, block)))
            .map(|(stage, block)| {
                let out = width << stage;
                let first = block == 0;
                let input = if first && stage > 0 { out / 2 } else { out };
                let stride = if first && stage > 0 { 2 } else { 1 };
                Block::new(&(root / format!("layer{}", stage + 1) / block), input, out, stride)
            })
            .collect(),
    };
    (net, 8 * width)
}

#[derive(Debug)]
struct Trunk {
    conv: nn::Conv2D,
    norm: nn::BatchNorm,
    blocks: Vec<Block>,
}

impl ModuleT for Trunk {
    fn forward_t(&self, images: &Tensor, train: bool) -> Tensor {
        let mut x = self.norm.forward_t(&self.conv.forward(images), train).relu_();
        for block in &self.blocks {
            x = block.forward_t(&x, train);
        }
        // The official code pools 4x4, which is the whole map of a 32x32 image.
        x.mean_dim([2i64, 3].as_slice(), false, None)
    }
}

/// Two 3x3 convolutions and a shortcut.
#[derive(Debug)]
struct Block {
    conv1: nn::Conv2D,
    bn1: nn::BatchNorm,
    conv2: nn::Conv2D,
    bn2: nn::BatchNorm,
    shortcut: Option<(nn::Conv2D, nn::BatchNorm)>,
}

impl Block {
    fn new(path: &Path, input: i64, output: i64, stride: i64) -> Self {
        Self {
            conv1: conv(&(path / "conv1"), input, output, 3, stride),
            bn1: norm(&(path / "bn1"), output),
            conv2: conv(&(path / "conv2"), output, output, 3, 1),
            bn2: norm(&(path / "bn2"), output),
            shortcut: (stride != 1 || input != output).then(|| {
                let path = path / "shortcut";
                (conv(&(&path / "0"), input, output, 1, stride), norm(&(&path / "1"), output))
            }),
        }
    }
}

impl ModuleT for Block {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        let y = self.bn1.forward_t(&self.conv1.forward(x), train).relu_();
        let mut y = self.bn2.forward_t(&self.conv2.forward(&y), train);
        let kept = match &self.shortcut {
            Some((conv, norm)) => norm.forward_t(&conv.forward(x), train),
            None => x.shallow_clone(),
        };
        y += kept;
        y.relu_()
    }
}

fn conv(path: &Path, input: i64, output: i64, side: i64, stride: i64) -> nn::Conv2D {
    let config =
        nn::ConvConfig { stride, padding: side / 2, bias: false, ws_init: nn::Init::Const(0.0), ..Default::default() };
    nn::conv2d(path, input, output, side, config)
}

fn norm(path: &Path, channels: i64) -> nn::BatchNorm {
    let config = nn::BatchNormConfig { ws_init: nn::Init::Const(1.0), ..Default::default() };
    nn::batch_norm2d(path, channels, config)
}
