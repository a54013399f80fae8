//! The cache of pretext losses and features, which all experiments below a results folder share.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use super::options::Options;
use crate::pretext;
use pt4al_results::spec::Spec;
use pt4al_results::store::{DataOrigin, write_atomically};

/// The file of the cache for a pretext learner. `ending` is `csv` for losses, `features.safetensors` for features.
pub(super) fn path(
    protocol: &Spec,
    options: &Options,
    origin: &DataOrigin,
    threads: usize,
    seed: u64,
    ending: &str,
) -> PathBuf {
    let machine = if options.on_cpu() { format!("cpu, {threads} threads") } else { "cuda".into() };
    let key = pretext::cache_key(protocol, &origin.fingerprint, &machine, seed);
    options.results.join(".cache").join("pretext").join(format!("{key}.{ending}"))
}

/// Copies a file; the copy is complete or absent at every moment.
///
/// # Errors
/// If `from` cannot be read or `to` cannot be written.
pub(super) fn copy(from: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(from).map_err(|e| anyhow!("{}: cannot be read ({e})", from.display()))?;
    write_atomically(to, |out| out.write_all(&bytes))
}
