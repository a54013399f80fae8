//! Files that a spec names. Their contents are part of its hash, or of the identity of a sampler; their paths are not.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, ensure};
use sha2::{Digest, Sha256};

use super::{FeaturesSpec, LossSource, ModelSpec, PretextSpec, SamplerSpec, Spec, hex};
use crate::feature_file;

/// Makes the paths, which are relative to `folder`, absolute, and fills in the hashes of the files.
///
/// # Errors
/// If a file cannot be read, or is not the one whose hash the spec gives.
pub(super) fn fill_in(spec: &mut Spec, folder: &Path) -> Result<()> {
    if let Some(PretextSpec { losses: LossSource::File(losses), .. }) = &mut spec.pretext {
        let key = "pretext.losses.file";
        losses.file = absolute(folder, &losses.file, key)?;
        // If the spec states the hash, it can be planned, listed and reported without the file.
        if losses.sha256.is_empty() || losses.file.exists() {
            let found = sha256_of(std::slice::from_ref(&losses.file), key)?;
            same(&mut losses.sha256, found, &losses.file, "pretext.losses.sha256")?;
        }
    }
    for sampler in &mut spec.samplers {
        if let SamplerSpec::Command(command) = sampler {
            command.fill_in(folder)?;
        }
    }
    if let ModelSpec::Features(features) = &mut spec.model {
        fill_in_features(features, folder)?;
    }
    if let ModelSpec::Script(script) = &mut spec.model {
        let key = "model.torchscript";
        script.file = absolute(folder, &script.file, key)?;
        // If the spec states the hash, it can be planned, listed and reported without the file.
        if script.sha256.is_empty() || script.file.exists() {
            let found = sha256_of(std::slice::from_ref(&script.file), key)?;
            same(&mut script.sha256, found, &script.file, "model.sha256")?;
        }
    }
    if let Some(replay) = &mut spec.replay {
        let key = "replay.queries";
        replay.queries = absolute(folder, &replay.queries, key)?;
        let shown = replay.queries.display();
        let entries = std::fs::read_dir(&replay.queries)
            .map_err(|e| anyhow!("`{key}`: {shown} cannot be read ({e}); name the queries/ of a results folder"))?;
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|ending| ending == "csv"));
        files.sort();
        ensure!(!files.is_empty(), "`{key}`: {shown} has no .csv files; name the queries/ of a results folder");
        let found = sha256_of(&files, key)?;
        same(&mut replay.sha256, found, &replay.queries, "replay.sha256")?;
    }
    Ok(())
}

/// Fills in the hash of a file of features, and how many features an image has there.
fn fill_in_features(features: &mut FeaturesSpec, folder: &Path) -> Result<()> {
    let key = "model.features";
    features.file = absolute(folder, &features.file, key)?;
    // If the spec states both, it can be planned, listed and reported without the file.
    if !features.sha256.is_empty() && features.dimension > 0 && !features.file.exists() {
        return Ok(());
    }
    let bytes = contents(&features.file, key)?;
    same(&mut features.sha256, hex(&Sha256::digest(&bytes)), &features.file, "model.sha256")?;
    let shown = features.file.display();
    let found = feature_file::dimension(&bytes).map_err(|e| anyhow!("`{key}`: {shown}: {e:#}"))?;
    ensure!(
        features.dimension == 0 || features.dimension == found,
        "`model.dimension` is {}, but {shown} has {found} features for each image; correct it, or remove the key",
        features.dimension
    );
    features.dimension = found;
    Ok(())
}

fn absolute(folder: &Path, path: &Path, key: &str) -> Result<PathBuf> {
    ensure!(!path.as_os_str().is_empty(), "`{key}` is empty; name a file");
    std::path::absolute(folder.join(path)).map_err(|e| anyhow!("`{key}`: {}: {e}", path.display()))
}

/// Hashes the contents of files and, if there are several, their names.
pub(super) fn sha256_of(files: &[PathBuf], key: &str) -> Result<String> {
    let mut hash = Sha256::new();
    for path in files {
        let bytes = contents(path, key)?;
        if files.len() > 1 {
            hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
            hash.update((bytes.len() as u64).to_le_bytes());
        }
        hash.update(bytes);
    }
    Ok(hex(&hash.finalize()))
}

fn contents(path: &Path, key: &str) -> Result<Vec<u8>> {
    let is_file = std::fs::metadata(path).map(|meta| meta.is_file());
    // Reading a pipe could block forever.
    ensure!(is_file.unwrap_or(true), "`{key}`: {} is not a file; name one", path.display());
    std::fs::read(path).map_err(|e| anyhow!("`{key}`: {} cannot be read ({e}); restore or correct it", path.display()))
}

fn same(stated: &mut String, found: String, path: &Path, key: &str) -> Result<()> {
    ensure!(
        stated.is_empty() || *stated == found,
        "`{key}` is {stated}, but {} now hashes to {found}; restore it, or remove the key",
        path.display()
    );
    *stated = found;
    Ok(())
}
