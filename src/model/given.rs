//! The body of a network on given features: nothing, or a hidden layer.

use tch::Tensor;
use tch::nn::{self, Module, ModuleT, Path};

use super::layers::{self, Body, Convolution};
use pt4al_results::spec::FeaturesSpec;

/// Maps given features `[n, d]` to the input of the last linear layer.
#[derive(Debug)]
pub(super) struct Given {
    /// A layer with ReLU; `None` passes the features on.
    hidden: Option<nn::Linear>,
}

/// Returns the body for features of a spec, and the number of its outputs.
pub(super) fn given(root: &Path, spec: &FeaturesSpec) -> (Given, i64) {
    let layer = |units: usize| nn::linear(root / "hidden", spec.dimension as i64, units as i64, layers::linear_later());
    (Given { hidden: spec.hidden.map(layer) }, spec.outputs() as i64)
}

impl ModuleT for Given {
    fn forward_t(&self, features: &Tensor, _train: bool) -> Tensor {
        match &self.hidden {
            None => features.shallow_clone(),
            Some(hidden) => hidden.forward(features).relu(),
        }
    }
}

impl Body for Given {
    fn convolutions(&mut self) -> Vec<&mut Convolution> {
        Vec::new()
    }
}
