//! Results on disk. Everything is written aside and renamed into place, so a kill at any moment leaves whole files.
//!
//! ```text
//! results/<experiment>[-<profile>]/
//!   spec.toml        the resolved spec, with its hash
//!   manifest.json    where, when and on which data it ran
//!   records.csv      one row per value, merged from the trials'
//!   queries/<trial>.csv     the indices that each round asked for
//!   pretext/seed-<n>.csv    the pretext losses that the trials of a seed used
//!   queried/                the classes of the images asked for, and small pictures of some
//!   trials/<trial>/         records.csv of the trial while it runs, its log, its error, weights that may be needed
//! ```
//!
//! A folder goes on elsewhere from `spec.toml`, `manifest.json`, `records.csv`, `queries/` and `pretext/` alone; `trials/` is made
//! of these where it is missing. Only a trial whose next step needs weights needs them too (see [`Folder::open`]).

mod atomic;
mod csv_fault;
mod folder;
mod losses;
mod manifest;
mod queried;
mod queries;
mod record;

pub use atomic::{write_atomically, write_csv};
pub use csv_fault::csv_fault;
pub use folder::{ANEW, Folder, TrialFiles, differing_keys, keep_runs_out, losses_path};
pub use losses::{LossRow, Losses};
pub use manifest::{ClassCount, DataFile, DataOrigin, Estimate, Manifest, Session, program};
pub use queried::{ClassShare, QueriedImages, Sheet, Thumbnail};
pub use queries::{PartMetric, Queries};
pub use record::{Record, Records};
