//! pt4al: the harness that reproduces the active-learning paper PT4AL (Yi et al., "Using Self-Supervised Pretext
//! Tasks for Active Learning", ECCV 2022), runs ablations on it, and guards its accuracy curves.
//!
//! A spec goes in, curves come out:
//!
//! ```text
//! spec.toml --> Spec --> [Trial = sampler x seed] --> rounds --> records.csv --> tables and curves
//!                |                       ^
//!                +--> pretext learner ---+   (once for each data set, pretext settings and seed)
//! ```
//!
//! There are three crates. This one has everything that needs tensors, the driver, and the program. [`pt4al_results`] reads
//! specs and results, and tests and reports results; [`pt4al_data`] reads the files of data sets. Those two do not link
//! libtorch.
//!
//! Use the program (`pt4al run experiments/demo.toml`), or the library. `examples/own_sampler.rs` runs a sampler of your own in
//! 60 lines. Start with:
//!
//! - [`pt4al_results::spec::load`] reads a TOML file into a checked [`Spec`](pt4al_results::spec::Spec);
//! - [`dataset::load`] reads the spec's data set and puts it on a device;
//! - [`train::Learner`] trains and evaluates networks;
//! - [`sampler::Sampler`] is the trait of samplers, and [`sampler::PoolView`] is all that a sampler sees;
//! - [`trial::Pool`] is the `PoolView` of a trained network; [`trial::run`] is the whole active-learning loop of one trial;
//! - [`pt4al_results::store`] has the files of a results folder, which survive a kill at any moment;
//! - [`pt4al_results::report`] makes tables and curves from results;
//! - [`pt4al_results::gate`] compares curves with a baseline.

pub mod cli;
pub mod dataset;
pub mod device;
pub mod limit;
pub mod model;
pub mod pretext;
mod rate;
pub mod runner;
pub mod sampler;
pub mod task;
pub mod train;
pub mod trial;

pub use pt4al_data;
pub use pt4al_results;

/// The allocator of the whole process. It replaces malloc for libtorch too, which allocates many times in each step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
