//! Files that are always whole: written under a temporary name and renamed into place, and read with their checksums.

mod atomic;
pub mod checksums;
mod leftovers;

pub use atomic::{create_below, write_atomically, write_csv, write_into_folder};
pub(crate) use atomic::{create_one, csv_bytes};
pub use leftovers::{is_left_over, remove_leftovers};
