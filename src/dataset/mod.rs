//! A data set on a device: its splits as minibatches, with augmentation. What reads the files is the crate `pt4al_data`.

pub mod augment;
mod on_device;
mod place;

pub use on_device::{Data, Dataset, Input, Minibatch, load, on_device, open};
pub use place::Place;
pub(crate) use place::{Held, Rows};
