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
//! The house has three crates. This one trains: it has everything that needs tensors, the driver, and the program.
//! [`pt4al_results`] reads specs and results, tests them and reports them; [`pt4al_data`] reads the files of data sets.
//! Neither of those links libtorch.
//!
//! Use the program (`pt4al run experiments/demo.toml`), or start in the library at:
//!
//! - [`pt4al_results::spec::load`]: a TOML file to a checked [`Spec`](pt4al_results::spec::Spec);
//! - [`trial::run`]: the active-learning loop of one trial;
//! - [`sampler::Sampler`]: the trait behind every sampler, and [`sampler::PoolView`], all that a sampler may see;
//! - [`pt4al_results::store`]: the files of a results folder, and how they survive being killed;
//! - [`pt4al_results::report`]: results to tables and curves;
//! - [`pt4al_results::gate`]: curves against a baseline.

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

/// For libtorch: with this, the library takes the place of malloc in the whole process.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
