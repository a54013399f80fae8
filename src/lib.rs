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
//! The program is the front door (`pt4al run experiments/demo.toml`); as a library, start at:
//!
//! - [`spec::load`]: a TOML file to a checked [`spec::Spec`];
//! - `trial::run`: the active-learning loop of one trial;
//! - `sampler::Sampler`: the trait behind every sampler, and `sampler::PoolView`, all that a sampler may see;
//! - [`store`]: what is on disk, and how it survives being killed;
//! - [`report::report`]: results to tables and curves;
//! - [`check::Check`]: results against a baseline.
//!
//! Rooms that read specs and results alone ([`spec`], [`store`], [`stats`], [`report`], [`check`]) never name tch: without the
//! default feature `torch` the crate builds in seconds, for machines that only look at results.

pub mod check;
pub mod cli;
pub mod data;
#[cfg(feature = "torch")]
pub mod device;
#[cfg(feature = "torch")]
pub mod limit;
pub mod machine;
#[cfg(feature = "torch")]
pub mod model;
pub mod pretext;
#[cfg(feature = "torch")]
mod rate;
pub mod report;
pub mod results;
#[cfg(feature = "torch")]
pub mod runner;
#[cfg(feature = "torch")]
pub mod sampler;
pub mod seed;
pub mod shell;
pub mod spec;
pub mod stats;
pub mod store;
#[cfg(feature = "torch")]
pub mod task;
#[cfg(feature = "torch")]
pub mod train;
#[cfg(feature = "torch")]
pub mod trial;
pub mod verdict;
pub mod words;

/// For libtorch: with this, the library takes the place of malloc in the whole process.
#[cfg(feature = "torch")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
