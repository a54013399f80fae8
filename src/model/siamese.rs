//! SimSiam's head (Chen and He, CVPR 2021) with the layers that its authors use for CIFAR-10: a projector of two layers, and
//! a predictor.

use tch::Tensor;
use tch::nn::{self, Module, ModuleT, Path};

use super::layers;

/// The widths of the layers of SimSiam's head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiameseSizes {
    /// The length of a projection and of a prediction.
    pub outputs: usize,
    /// The width of the projector's hidden layer.
    pub hidden: usize,
    /// The width of the predictor's hidden layer.
    pub bottleneck: usize,
}

/// Projects features, and predicts from a projection the projection of another view.
#[derive(Debug)]
pub(super) struct Siamese {
    projector: Mlp,
    /// Batch norm after the projector, without trained weights, as in the authors' code.
    norm: nn::BatchNorm,
    predictor: Mlp,
}

impl Siamese {
    /// A head behind a body with `channels` features.
    pub fn new(root: &Path, channels: i64, sizes: SiameseSizes) -> Self {
        let (projector, predictor) = (root / "projector", root / "predictor");
        let [outputs, hidden, bottleneck] = [sizes.outputs, sizes.hidden, sizes.bottleneck].map(|size| size as i64);
        let plain = nn::BatchNormConfig { affine: false, ..Default::default() };
        Self {
            norm: nn::batch_norm1d(&projector / "4", outputs, plain),
            projector: Mlp::new(&projector, [channels, hidden, outputs], layers::linear_before_norm()),
            predictor: Mlp::new(&predictor, [outputs, bottleneck, outputs], layers::linear_later()),
        }
    }
}

impl ModuleT for Siamese {
    /// Maps `[n, channels]` to `[n, 2, outputs]`: the projection, and the prediction from it.
    fn forward_t(&self, features: &Tensor, train: bool) -> Tensor {
        let projection = self.norm.forward_t(&self.projector.forward_t(features, train), train);
        let prediction = self.predictor.forward_t(&projection, train);
        Tensor::stack(&[projection, prediction], 1)
    }
}

/// Two linear layers with batch norm and ReLU between them.
#[derive(Debug)]
struct Mlp {
    first: nn::Linear,
    norm: nn::BatchNorm,
    last: nn::Linear,
}

impl Mlp {
    /// Variables are named as those of a sequence whose member 2 is the activation.
    fn new(path: &Path, [input, hidden, output]: [i64; 3], last: nn::LinearConfig) -> Self {
        let ones = nn::BatchNormConfig { ws_init: nn::Init::Const(1.0), ..Default::default() };
        Self {
            first: nn::linear(path / "0", input, hidden, layers::linear_before_norm()),
            norm: nn::batch_norm1d(path / "1", hidden, ones),
            last: nn::linear(path / "3", hidden, output, last),
        }
    }
}

impl ModuleT for Mlp {
    fn forward_t(&self, x: &Tensor, train: bool) -> Tensor {
        self.last.forward(&self.norm.forward_t(&self.first.forward(x), train).relu())
    }
}
