//! A data set on a device: minibatches of its splits, with augmentation. The crate [`pt4al_data`] reads the files.

pub mod augment;
mod on_device;
mod place;

pub use on_device::{Data, Dataset, Input, Minibatch, load, on_device, open, open_labeled};
pub use place::Place;
pub(crate) use place::{Held, Rows};
