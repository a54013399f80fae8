//! Training and prediction with one network.

mod fit;
mod predict;
pub mod speed;

pub use fit::{Fit, Learner, Step};
pub(crate) use predict::minibatches;
pub use predict::{evaluate, infer};

use tch::nn::{self, Optimizer, OptimizerConfig};

use crate::model::Network;
use crate::spec;

/// torch's optimizer for a spec's.
pub(crate) fn optimizer(spec: &spec::Optimizer, network: &Network) -> Optimizer {
    match spec {
        spec::Optimizer::Sgd(sgd) => {
            let config = nn::Sgd { momentum: sgd.momentum, dampening: 0.0, wd: sgd.weight_decay, nesterov: false };
            config.build(network.store(), sgd.lr).expect("SGD takes any network")
        }
    }
}

/// The learning rate before the schedule.
pub(crate) fn base_rate(spec: &spec::Optimizer) -> f64 {
    match spec {
        spec::Optimizer::Sgd(sgd) => sgd.lr,
    }
}
