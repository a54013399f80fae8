//! Files that are always whole: written under a temporary name and renamed into place, and read with their checksums.

mod atomic;
pub mod checksums;
mod leftovers;

pub(crate) use atomic::csv_bytes;
pub use atomic::{write_atomically, write_csv};
pub use leftovers::{is_left_over, remove_leftovers};
