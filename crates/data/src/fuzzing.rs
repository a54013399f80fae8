//! The private parsers for the fuzz targets (`tests/fuzz`), which are built with `--cfg fuzzing`. No other build has this module.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Result;

use crate::decode::{self, NotAnImage};
use crate::images::Images;
use crate::{cifar10, imagenet, svhn};

/// Height and width of an image, from its header.
///
/// # Errors
/// If the bytes do not begin like an image.
pub fn image_size(bytes: &[u8]) -> Result<[usize; 2], NotAnImage> {
    decode::size(bytes)
}

/// Checks that an image is whole.
///
/// # Errors
/// If it is not.
pub fn verify(bytes: &[u8]) -> Result<(), NotAnImage> {
    decode::verify(bytes)
}

/// Decodes a label map of this size.
///
/// # Errors
/// If it is none.
pub fn label_map(bytes: &[u8], size: [usize; 2], out: &mut [u8]) -> Result<(), NotAnImage> {
    decode::label_map(bytes, size, None, out)
}

/// Reads a file of SVHN.
///
/// # Errors
/// Says in a few words if it is none.
pub fn svhn(bytes: &[u8]) -> Result<Images, String> {
    svhn::images(bytes)
}

/// Reads the `meta.mat` of ImageNet's devkit.
///
/// # Errors
/// Says in a few words if it is none.
pub fn wnids(bytes: &[u8]) -> Result<HashMap<u32, String>, String> {
    imagenet::meta::wnids(bytes)
}

/// Reads the ground truth of ImageNet's validation images.
///
/// # Errors
/// If it has none.
pub fn imagenet_truth(root: &Path) -> Result<HashMap<u32, String>> {
    imagenet::truth::read(root).map(|(_, classes)| classes)
}

/// Reads CIFAR-10 with `records` records in each file; files that are missing are problems.
///
/// # Errors
/// As for the whole data set.
pub fn cifar10(folder: &Path, records: usize) -> Result<usize> {
    cifar10::read_records(folder, records).map(|splits| splits.train.len())
}
