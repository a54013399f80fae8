//! Heads: from a body's map to outputs.

use tch::nn::{self, Module, ModuleT, Path};
use tch::{Kind, Tensor};

use super::layers;
use super::siamese::{Siamese, SiameseSizes};

/// The kind and number of outputs of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// Outputs `[n, k]`: k numbers for each image.
    Image(usize),
    /// Outputs `[n, k, h, w]`: k numbers for each pixel of the input.
    Pixel(usize),
    /// Outputs `[n, 2, k]`: a projection of k numbers, and the prediction that SimSiam makes from it.
    Siamese(SiameseSizes),
}

impl Head {
    /// A siamese head with `outputs` outputs and hidden units in the projector, and a quarter of them as hidden units in
    /// the predictor.
    pub fn siamese(outputs: usize) -> Self {
        Self::Siamese(SiameseSizes { outputs, hidden: outputs, bottleneck: outputs / 4 })
    }
}

/// How a map of outputs is enlarged to the size of the images.
#[derive(Debug)]
pub(super) enum Upsample {
    /// Bilinear interpolation to any size, as torch does it with `align_corners=False`.
    Resize,
    /// As in the code of DRN's authors: a transposed convolution of every channel with fixed bilinear weights. The side
    /// of its kernel is twice the `stride`, the number of pixels of an image row for one pixel of the map. Outside the map
    /// it assumes 0. The weights are no variables: they are neither drawn nor trained.
    Fixed { stride: i64 },
}

impl Upsample {
    /// Enlarges `[n, k, h', w']` to `[n, k, height, width]`.
    fn forward(&self, map: &Tensor, height: i64, width: i64) -> Tensor {
        match self {
            Self::Resize => map.upsample_bilinear2d([height, width], false, None, None),
            Self::Fixed { stride } => {
                // The bilinear weights are a product of weights for rows and weights for columns, so two products of
                // matrices give the same sums. Libraries are slow at convolutions with a group for each channel.
                let size = map.size();
                let rows = hats(size[2], height, *stride, map);
                let columns = hats(size[3], width, *stride, map);
                rows.matmul(&map.matmul(&columns.tr()))
            }
        }
    }
}

/// Returns the weight of each of `cells` map pixels for each of `pixels` image pixels along one side, `[pixels, cells]`,
/// of the kind and on the device of `like`. A weight is 1 in the middle of its cell and falls linearly to 0 in the middle of
/// the next one. The last cell may go beyond the image.
fn hats(cells: i64, pixels: i64, stride: i64, like: &Tensor) -> Tensor {
    let centers = |n| Tensor::arange(n, (Kind::Float, like.device())) + 0.5;
    let distances = centers(pixels).unsqueeze(1) / stride as f64 - centers(cells);
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
    /// The layers of `head` behind a body whose map has `channels` channels. Only a head for pixels uses `upsample`.
    pub fn new(root: &Path, head: Head, channels: i64, upsample: Upsample) -> Self {
        match head {
            Head::Image(outputs) => {
                Self::Image(nn::linear(root / "linear", channels, outputs as i64, layers::linear_later()))
            }
            Head::Pixel(outputs) => {
                let conv = nn::conv2d(root / "pixel", channels, outputs as i64, 1, layers::conv_later());
                Self::Pixel(conv, upsample)
            }
            Head::Siamese(sizes) => Self::Siamese(Box::new(Siamese::new(root, channels, sizes))),
        }
    }

    /// Returns the head's input, in `kind`: the whole map for pixels, the map's mean over all places otherwise.
    pub fn features(&self, map: &Tensor, kind: Kind) -> Tensor {
        match self {
            Self::Image(_) | Self::Siamese(_) => pooled(map, kind),
            Self::Pixel(..) => map.to_kind(kind),
        }
    }

    /// Returns the outputs for `features` of images of `height` x `width`. With `train`, batch norm uses and updates the
    /// statistics of the minibatch.
    pub fn forward(&self, features: &Tensor, height: i64, width: i64, train: bool) -> Tensor {
        match self {
            Self::Image(linear) => linear.forward(features),
            Self::Pixel(conv, upsample) => upsample.forward(&conv.forward(features), height, width),
            Self::Siamese(siamese) => siamese.forward_t(features, train),
        }
    }
}

/// Returns the mean over all places of a map, `[n, d]`, in `kind`. The official code pools 4x4, which is the whole map of a
/// 32x32 image. Features `[n, d]` have no places.
pub(super) fn pooled(map: &Tensor, kind: Kind) -> Tensor {
    if map.dim() == 2 {
        return map.to_kind(kind);
    }
    map.mean_dim([2i64, 3].as_slice(), false, kind)
}
