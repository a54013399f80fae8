//! Heads: from a body's map to outputs.

use tch::nn::{self, Module, ModuleT, Path};
use tch::{Kind, Tensor};

use super::init;
use super::siamese::Siamese;

/// What a network answers for an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// `[n, k]`: k numbers for each image.
    Image(usize),
    /// `[n, k, h, w]`: k numbers for each pixel of the input.
    Pixel(usize),
    /// `[n, 2, k]`: a projection of k numbers, and the prediction that SimSiam makes from it.
    Siamese(SiameseSizes),
}

/// Outputs of the layers of a siamese head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiameseSizes {
    /// Of projections and predictions.
    pub outputs: usize,
    /// Of the hidden layer of the projector.
    pub hidden: usize,
    /// Of the hidden layer of the predictor.
    pub bottleneck: usize,
}

impl Head {
    /// A siamese head whose projector is as wide inside as outside, and whose predictor has a quarter of it.
    pub fn siamese(outputs: usize) -> Self {
        Self::Siamese(SiameseSizes { outputs, hidden: outputs, bottleneck: outputs / 4 })
    }
}

/// How a map of outputs is brought to the size of the images.
#[derive(Debug)]
pub(super) enum Upsample {
    /// Bilinear, to any size; pixels are areas (torch's `align_corners=False`).
    Resize,
    /// As DRN's authors do it: a transposed convolution of every channel with fixed bilinear weights, of twice the
    /// stride (pixels for one of the map, in a row) a side. It takes what lies outside the map for 0. The weights are
    /// no variables: nothing trains or draws them.
    Fixed { stride: i64 },
}

impl Upsample {
    /// `[n, k, h', w']` to `[n, k, height, width]`.
    fn forward(&self, map: &Tensor, height: i64, width: i64) -> Tensor {
        match self {
            Self::Resize => map.upsample_bilinear2d([height, width], false, None, None),
            Self::Fixed { stride } => {
                // The bilinear weights are a product of one for rows and one for columns, so two products of matrices
                // are the same sums; libraries are slow at convolutions with a group for each channel.
                let size = map.size();
                let rows = hats(size[2], height, *stride, map);
                let columns = hats(size[3], width, *stride, map);
                rows.matmul(&map.matmul(&columns.tr()))
            }
        }
    }
}

/// The weights of `cells` for `pixels` in a row, `[pixels, cells]`, of the kind and on the device of `like`: 1 in the
/// middle of a cell, and falling to 0 in the middle of the next. A last cell may go beyond the pixels.
fn hats(cells: i64, pixels: i64, stride: i64, like: &Tensor) -> Tensor {
    let middles = |n| Tensor::arange(n, (Kind::Float, like.device())) + 0.5;
    let distances = middles(pixels).unsqueeze(1) / stride as f64 - middles(cells);
    let weights: Tensor = 1.0 - distances.abs();
    weights.relu().to_kind(like.kind())
}

/// The layers of a head.
#[derive(Debug)]
pub(super) enum Layers {
    Image(nn::Linear),
    Pixel(nn::Conv2D, Upsample),
    Siamese(Box<Siamese>),
}

impl Layers {
    /// `channels` are the body's; `upsample` serves pixels alone.
    pub fn new(root: &Path, head: Head, channels: i64, upsample: Upsample) -> Self {
        match head {
            Head::Image(outputs) => {
                Self::Image(nn::linear(root / "linear", channels, outputs as i64, init::linear_later()))
            }
            Head::Pixel(outputs) => {
                let conv = nn::conv2d(root / "pixel", channels, outputs as i64, 1, init::conv_later());
                Self::Pixel(conv, upsample)
            }
            Head::Siamese(sizes) => Self::Siamese(Box::new(Siamese::new(root, channels, sizes))),
        }
    }

    /// What the head sees of the body's map, in `kind`: its mean over the places for an image, all of it for pixels.
    pub fn features(&self, map: &Tensor, kind: Kind) -> Tensor {
        match self {
            Self::Image(_) | Self::Siamese(_) => pooled(map, kind),
            Self::Pixel(..) => map.to_kind(kind),
        }
    }

    /// The outputs from `features`, for images of `height` and `width`; `train` is batch norm's.
    pub fn forward(&self, features: &Tensor, height: i64, width: i64, train: bool) -> Tensor {
        match self {
            Self::Image(linear) => linear.forward(features),
            Self::Pixel(conv, upsample) => upsample.forward(&conv.forward(features), height, width),
            Self::Siamese(siamese) => siamese.forward_t(features, train),
        }
    }
}

/// The mean over all places of a map, `[n, d]`, in `kind`. The official code pools 4x4, which is the whole map of a 32x32 image.
pub(super) fn pooled(map: &Tensor, kind: Kind) -> Tensor {
    map.mean_dim([2i64, 3].as_slice(), false, kind)
}
