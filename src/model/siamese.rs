//! The head of SimSiam (Chen and He, CVPR 2021), as it is for CIFAR-10: a projector of two layers and a predictor.

use tch::Tensor;
use tch::nn::{self, Module, ModuleT, Path};

use super::head::SiameseSizes;
use super::init;

/// Projects features, and predicts from the projection what that of another view is.
#[derive(Debug)]
pub(super) struct Siamese {
    projector: Mlp,
    /// Batch norm after the projector, without weights of its own, as in the authors' code.
    norm: nn::BatchNorm,
    predictor: Mlp,
}

impl Siamese {
    /// Of `channels` features.
    pub fn new(root: &Path, channels: i64, sizes: SiameseSizes) -> Self {
        let (projector, predictor) = (root / "projector", root / "predictor");
        let [outputs, hidden, bottleneck] = [sizes.outputs, sizes.hidden, sizes.bottleneck].map(|size| size as i64);
        let plain = nn::BatchNormConfig { affine: false, ..Default::default() };
        Self {
            norm: nn::batch_norm1d(&projector / "4", outputs, plain),
            projector: Mlp::new(&projector, [channels, hidden, outputs], init::linear_before_norm()),
            predictor: Mlp::new(&predictor, [outputs, bottleneck, outputs], init::linear_later()),
        }
    }
}

impl ModuleT for Siamese {
    /// `[n, channels]` to `[n, 2, outputs]`: the projection, and the prediction from it.
    fn forward_t(&self, features: &Tensor, train: bool) -> Tensor {
        let projection = self.norm.forward_t(&self.projector.forward_t(features, train), train);
        let prediction = self.predictor.forward_t(&projection, train);
        Tensor::stack(&[projection, prediction], 1)
    }
}

/// Two linear layers, with batch norm and an activation between them.
#[derive(Debug)]
struct Mlp {
    first: nn::Linear,
    norm: nn::BatchNorm,
    last: nn::Linear,
}

impl Mlp {
    /// Named as members of a sequence, in which the activation is number 2.
    fn new(path: &Path, [input, hidden, output]: [i64; 3], last: nn::LinearConfig) -> Self {
        let ones = nn::BatchNormConfig { ws_init: nn::Init::Const(1.0), ..Default::default() };
        Self {
            first: nn::linear(path / "0", input, hidden, init::linear_before_norm()),
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
