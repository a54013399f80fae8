//! The files of a results folder. Each file is written under a temporary name and then renamed into place, so a kill at
//! any moment leaves whole files.
//!
//! ```text
//! results/<experiment>[-<profile>]/
//!   spec.toml        the resolved spec, with its hash
//!   manifest.json    where, when and on which data it ran
//!   records.csv      one row per value, merged from the trials'
//!   queries/<trial>.csv     the indices of the images that each round queried
//!   pretext/seed-<n>.csv    the pretext losses that the trials of a seed used
//!   queried/                the classes of the queried images, and thumbnails of some
//!   trials/<trial>/         the trial's own records.csv, its log, its error, and weights that may be needed again
//! ```
//!
//! A run can continue elsewhere from a copy of `spec.toml`, `manifest.json`, `records.csv`, `queries/` and `pretext/`;
//! `trials/` is restored from these if it is missing. A trial whose next step needs weights also needs those (see
//! [`Folder::open`]).

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
pub use folder::{ANEW, Folder, TrialFiles, losses_path};
pub(crate) use folder::{differing_keys, keep_runs_out};
pub use losses::{LossRow, Losses};
pub use manifest::{ClassCount, DataFile, DataOrigin, Estimate, Manifest, Session, program};
pub use queried::{ClassShare, QueriedImages, Sheet, Thumbnail};
pub use queries::{PartMetric, Queries};
pub use record::{Record, Records};
