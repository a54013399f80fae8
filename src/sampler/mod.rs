//! Samplers: rules that choose which images of the pool to label next. They see the pool through [`PoolView`], which has no
//! labels of unlabeled images.

mod command;
mod core_set;
mod initial;
mod pool;
mod pretext_batch;
mod random;
#[cfg(test)]
mod tests;
mod typical;
mod uncertain;

pub use core_set::k_center_greedy;
pub use initial::initial_labels;
pub use pool::{Outputs, PoolView, Sampler};

use std::path::Path;

use pt4al_results::spec::{SamplerSpec, Uncertainty};

/// Returns the sampler that a spec names. A command exchanges files in the folder `files`, which it makes and removes; the other
/// samplers do not use it.
pub fn sampler(spec: &SamplerSpec, files: &Path) -> Box<dyn Sampler> {
    match spec {
        SamplerSpec::Random => Box::new(random::Random),
        SamplerSpec::Entropy => Box::new(uncertain::Uncertain(Uncertainty::Entropy)),
        SamplerSpec::LeastConfidence => Box::new(uncertain::Uncertain(Uncertainty::LeastConfidence)),
        SamplerSpec::Margin => Box::new(uncertain::Uncertain(Uncertainty::Margin)),
        SamplerSpec::CoreSet => Box::new(core_set::CoreSet),
        SamplerSpec::PretextBatch(options) => Box::new(pretext_batch::PretextBatch { within: options.within }),
        SamplerSpec::Command(command) => {
            Box::new(command::Command { command: command.clone(), files: files.to_owned() })
        }
    }
}
