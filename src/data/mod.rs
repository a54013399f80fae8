//! Data sets. [`read`] decodes a data set's files and knows nothing of tensors; [`open`] puts it on a device.

#[cfg(feature = "torch")]
pub mod augment;
pub mod catalogue;
pub mod cifar10;
pub mod fetch;
pub mod images;
pub mod shapes;
