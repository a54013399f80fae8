//! The file of the pretext learner's features of the pool, from which some initial sets are chosen.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use tch::Tensor;

use pt4al_results::files::checksums;

const NAME: &str = "features";

/// Writes the features of the pool, float `[pool, d]`, in the safetensors format, over a file that may exist: for a temporary file.
///
/// # Errors
/// If the file cannot be written.
pub fn write_features(path: &Path, features: &Tensor) -> Result<()> {
    crate::model::save_tensors(path, &[(NAME.to_owned(), features.contiguous())])
}

/// Reads the features that [`write_features`] wrote, float `[pool, d]` on the CPU.
///
/// # Errors
/// If the file cannot be read or has no features.
pub fn read_features(path: &Path) -> Result<Tensor> {
    let shown = path.display();
    checksums::check(path)?;
    let read = Tensor::read_safetensors(path).map_err(|e| {
        let why = e.to_string().lines().next().unwrap_or_default().to_owned();
        anyhow!("{shown}: cannot read the pretext features ({why}); remove the file and run again")
    })?;
    let found = read.into_iter().find(|(name, _)| name == NAME);
    found
        .map(|found| found.1)
        .with_context(|| format!("{shown}: has no pretext features; remove the file and run again"))
}
