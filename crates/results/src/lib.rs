//! Specs and results of active-learning experiments, without tensors: it builds in seconds, and reads, checks and
//! reports on a laptop or in CI what a GPU cluster has run.
//!
//! - [`spec`]: a TOML file to a checked [`spec::Spec`], its trials, and the work that they are;
//! - [`store`]: the files of a results folder;
//! - [`results`]: a results folder, read and validated;
//! - [`stats`]: statistics, as pure functions;
//! - [`findings`]: what results say: samplers against each other, label efficiency, whether claims held;
//! - [`gate`]: whole curves against a baseline;
//! - [`report`]: pages, tables and figures;
//! - [`cli`]: the verbs of the command line that need no more than these.
//!
//! ```no_run
//! # fn main() -> anyhow::Result<()> {
//! use pt4al_results::results::Results;
//!
//! let results = Results::read("results/demo".as_ref())?;
//! for comparison in pt4al_results::findings::comparisons(&results) {
//!     println!("{comparison:?}");
//! }
//! # Ok(())
//! # }
//! ```

pub mod batches;
pub mod cli;
pub mod findings;
pub mod gate;
pub mod machine;
pub mod report;
pub mod results;
pub mod seed;
pub mod shell;
pub mod spec;
pub mod stats;
pub mod store;
pub mod words;
