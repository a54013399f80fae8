//! Specs and results of active-learning experiments, without tensors: reads, validates, tests and reports, on a laptop
//! or in CI, results that were computed elsewhere. Needs no libtorch.
//!
//! To work with results:
//!
//! - [`results`]: reads and validates a results folder;
//! - [`findings`]: comparisons of arms, label efficiency, and the verdicts of claims;
//! - [`gate`]: compares whole learning curves with a baseline;
//! - [`status`]: how far a results folder is, also while a run works on it;
//! - [`stats`]: the statistics behind all of these, as pure functions;
//! - [`report`]: pages, tables and figures;
//! - [`spec`]: reads a TOML file as a checked [`spec::Spec`], and lists its trials;
//! - [`store`]: the files of a results folder.
//!
//! For the other crates of the workspace: [`files`] (atomic writes, checksums), [`seed`] (random streams), [`batches`] (pretext batches), [`feature_file`],
//! [`machine`], [`shell`], [`words`], and [`cli`] (the verbs of the command line that need no tensors).
//!
//! Fallible functions return [`anyhow::Result`]. Messages have one line: what is wrong, where (file, key or line), and
//! what to do.
//!
//! This program prints each difference between two samplers that is significant over the whole learning curve:
//!
//! ```
//! # fn main() -> anyhow::Result<()> {
//! use pt4al_results::findings::{What, comparisons};
//! use pt4al_results::results::Results;
//!
//! let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../results/baseline/demo");
//! let results = Results::read(folder.as_ref())?;
//! let areas = comparisons(&results).into_iter().filter(|c| c.metric == "accuracy" && c.what == What::Area);
//! for area in areas.filter(|area| area.is_significant()) {
//!     // Values have the unit of the records: accuracies go from 0 to 1.
//!     println!("{} - {}: {:+.1} points (n = {})", area.arm, area.versus, 100.0 * area.mean, area.n);
//! }
//!
//! let curve = results.trials("random", "accuracy", "last");
//! assert_eq!(curve.len(), results.spec.seeds.len());
//! # Ok(())
//! # }
//! ```

pub mod batches;
pub mod cli;
pub mod feature_file;
pub mod files;
pub mod findings;
pub mod gate;
pub mod machine;
pub mod report;
pub mod results;
pub mod seed;
pub mod shell;
pub mod spec;
pub mod stats;
pub mod status;
pub mod store;
pub mod words;
