//! A first spec for a data folder: looks at what the folder holds, and writes a spec that fits it, as text with a comment for
//! each choice.

mod find;
mod text;

use std::path::Path;

use anyhow::{Context, Result};

pub use find::Found;
use pt4al_results::spec::{self, Source};

/// A spec that can be run as it is.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The TOML text.
    pub text: String,
    /// The data set that it was fitted to.
    pub found: Found,
    /// Whether it has a profile `cpu`.
    pub has_smaller: bool,
}

/// Writes a spec `<name>.toml` for the data set in `data`, or for generated images without a folder. `set` chooses among
/// several data sets by name. `schema` is the path of the JSON Schema for editors, relative to the spec.
///
/// # Errors
/// If there is no data set that can be read, or several; or if it is too small for an experiment.
pub fn draft(name: &str, data: Option<&Path>, set: Option<&str>, schema: Option<&str>) -> Result<Draft> {
    let found = find::find(data, set)?;
    let text = text::write(name, &found, schema);
    let has_smaller = found.has_smaller();
    check(name, &text, &found, has_smaller).with_context(|| {
        let images = pt4al_results::words::thousands(found.pool);
        format!("{} has {images} images to train on, for which no experiment could be set up", found.dataset.name())
    })?;
    Ok(Draft { text, found, has_smaller })
}

/// Loads the text as `pt4al run` will, with each profile.
fn check(name: &str, text: &str, found: &Found, has_smaller: bool) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join(format!("{name}.toml"));
    std::fs::write(&path, text)?;
    let profiles = [None, Some("cpu".to_owned())];
    for profile in profiles.into_iter().take(if has_smaller { 2 } else { 1 }) {
        let spec = spec::load(&Source { path: path.clone(), profile, ..Source::default() })?;
        spec.check_pool(spec.dataset.pool().unwrap_or(found.pool), found.test)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
