//! The files of a results folder. Each file is written under a temporary name and then renamed into place, so a kill at
//! any moment leaves whole files.
//!
//! ```text
//! results/<experiment>[-<profile>]/
//!   spec.toml        the resolved spec, with its hash
//!   manifest.json    where, when and on which data it ran
//!   records.csv      one row per value, merged from the trials'
//!   epochs.csv       one row per epoch, merged from the trials'
//!   progress.json    what a run is doing now; only while it runs
//!   queries/<trial>.csv     the indices of the images that each round queried, and their names if they have any
//!   pretext/seed-<n>.csv    the pretext losses that the trials of a seed used
//!   queried/                the classes of the queried images, and thumbnails of some
//!   tensorboard/<trial>/    event files for TensorBoard, on request
//!   trials/<trial>/         the trial's own records.csv and epochs.csv, its log, its error, the checkpoint of its round, and
//!                           weights that may be needed again
//! ```
//!
//! A run can continue elsewhere from a copy of `spec.toml`, `manifest.json`, `records.csv`, `queries/` and `pretext/`;
//! `trials/` is restored from these if it is missing. A trial whose next step needs weights also needs those (see
//! [`Folder::open`]).

mod commands;
mod csv_fault;
mod epoch;
mod folder;
mod lock;
mod losses;
mod manifest;
mod picks;
mod possible;
mod progress;
mod queried;
mod queries;
mod record;
mod repair;
mod tensorboard;
mod trial_files;
mod verify;

pub use crate::files::{checksums, remove_leftovers, write_atomically, write_csv};
pub use csv_fault::csv_fault;
pub use epoch::{Epoch, Epochs, Training};
pub(crate) use folder::differing_keys;
pub use folder::{ANEW, Folder, losses_path};
pub(crate) use lock::{is_running, keep_runs_out};
pub use losses::{LossRow, Losses};
pub use manifest::{ClassCount, DataFile, DataOrigin, Edit, Estimate, Manifest, Session, program};
pub use picks::{LabelsFile, Pick, PicksInputs, PicksMetric, PicksOrigin, are_picked, picks_origin_path, write_picks};
pub(crate) use possible::check as check_records;
pub use progress::{Progress, RunningTask};
pub use queried::{ClassShare, QueriedImages, Sheet, Thumbnail};
pub use queries::{PartMetric, Queries};
pub use record::{Record, Records};
pub use tensorboard::write_events;
pub use trial_files::TrialFiles;
pub use verify::{Accepted, Verification, accept, verify};
pub(crate) use verify::{gather_lists, missing_files};
