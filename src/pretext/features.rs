//! The pretext learner's features of the pool, kept beside its losses for initial sets that are chosen by them.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use tch::Tensor;

const NAME: &str = "features";

/// Writes float `[pool, d]`.
///
/// # Errors
/// If the file cannot be written.
pub fn write_features(path: &Path, features: &Tensor) -> Result<()> {
    crate::model::save_tensors(path, &[(NAME.to_owned(), features.contiguous())])
}

/// What [`write_features`] wrote.
///
/// # Errors
/// If the file cannot be read.
pub fn read_features(path: &Path) -> Result<Tensor> {
    let shown = path.display();
    let read = Tensor::read_safetensors(path).map_err(|e| {
        let why = e.to_string().lines().next().unwrap_or_default().to_owned();
        anyhow!("{shown}: cannot read the pretext features ({why}); remove the file and run again")
    })?;
    let found = read.into_iter().find(|(name, _)| name == NAME);
    found
        .map(|found| found.1)
        .with_context(|| format!("{shown}: has no pretext features; remove the file and run again"))
}
