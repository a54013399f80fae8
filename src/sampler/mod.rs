//! Samplers: rules that choose which images of the pool to label next. They see the pool through [`PoolView`], which has no
//! labels.

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
pub use pool::{PoolView, Sampler};

use pt4al_results::spec::{SamplerSpec, Uncertainty};

/// Returns the sampler that a spec names.
pub fn sampler(spec: &SamplerSpec) -> Box<dyn Sampler> {
    match spec {
        SamplerSpec::Random => Box::new(random::Random),
        SamplerSpec::Entropy => Box::new(uncertain::Uncertain(Uncertainty::Entropy)),
        SamplerSpec::LeastConfidence => Box::new(uncertain::Uncertain(Uncertainty::LeastConfidence)),
        SamplerSpec::Margin => Box::new(uncertain::Uncertain(Uncertainty::Margin)),
        SamplerSpec::CoreSet => Box::new(core_set::CoreSet),
        SamplerSpec::PretextBatch(options) => Box::new(pretext_batch::PretextBatch { within: options.within }),
    }
}
