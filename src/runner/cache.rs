//! The cache of pretext losses and features, which all experiments below a results folder share.

use std::path::{Path, PathBuf};

use super::options::Options;
use crate::pretext;
use pt4al_results::files::checksums;
use pt4al_results::spec::Spec;
use pt4al_results::store::{self, DataOrigin, Losses};

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

/// The cached losses of a pool of `images` images; `None` if there are none, or if they are damaged and must be made again.
pub(super) fn losses(path: &Path, images: usize) -> Option<Losses> {
    Losses::read(path).ok().filter(|losses| losses.rows.len() == images)
}

/// Whether the cache has features that are as the learner wrote them.
pub(super) fn has_features(path: &Path) -> bool {
    checksums::is_intact(path)
}

/// Removes temporary files of killed processes.
pub(super) fn remove_leftovers(options: &Options) {
    store::remove_leftovers(&options.results.join(".cache"));
}
