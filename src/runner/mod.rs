//! The driver: runs the trials of a spec as child processes, first the pretext learners, then trials side by side. It
//! holds no tensors; `trial` is what a child runs.
//!
//! Imports go downward only:
//!
//! - commands: `run`, `select`, `correlate`, `pretext`, `plan`, `gpu_check`;
//! - `drive` is the one loop that starts workers and handles their messages; `crew` holds workers, `worker` is one;
//! - `opening` opens data, `session` opens a results folder and keeps its manifest;
//! - `cost` decides how a run starts; it uses `calibrate` (measured speeds), `jobs` and `memory`;
//! - `tasks` is what is left to do, `task` one piece of it; `display` shows progress, `live` shows it in the
//!   results folder, `time_left` estimates the rest;
//! - `deadline` decides what fits into a time limit;
//! - `sharing` starts an MPS daemon (`mps`); `gpu` and `tool` ask other programs.

mod advice;
mod cache;
mod calibrate;
mod correlate;
mod cost;
mod crew;
mod deadline;
mod display;
mod drive;
mod given;
mod gpu;
mod gpu_check;
mod jobs;
mod learners;
mod live;
mod memory;
mod mps;
mod opening;
mod options;
mod plan;
mod pretext;
mod queried;
mod run;
mod select;
mod session;
mod sharing;
mod task;
mod tasks;
mod time_left;
mod tool;
mod worker;

pub use correlate::{Correlated, correlate};
pub use cost::{A_DAY, Consent, Cost};
pub use deadline::Halt;
pub use gpu_check::{GpuCheck, gpu_check};
pub use jobs::Jobs;
pub use live::Live;
pub use options::{MpsChoice, Options};
pub use plan::{Plan, plan};
pub use pretext::pretext_losses;
pub use run::{Outcome, run};
pub use select::{Asked, Chosen, select};
pub(crate) use session::command_line;
