//! A data set on a device: minibatches of its splits, with augmentation. The crate [`pt4al_data`] reads the files.

pub mod augment;
mod features;
mod on_device;
mod place;

pub(crate) use features::rows_on_device;
pub use on_device::{Data, Dataset, Input, Minibatch, load, on_device, open, open_labeled};
pub use place::Place;
pub(crate) use place::{Held, Rows};
