//! `pt4al list`.

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};

use crate::spec::{self, Source};

/// Prints the experiments of a folder: name, number of trials, title, profiles. For a spec with an error it prints the error;
/// the exit code is then 1.
pub(super) fn list(folder: &Path) -> Result<i32> {
    let entries = std::fs::read_dir(folder).map_err(|e| {
        anyhow!("{}: cannot be read ({e}); name the folder of the specs with --experiments", folder.display())
    })?;
    let mut paths: Vec<PathBuf> =
        entries.flatten().map(|e| e.path()).filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    paths.sort();
    let mut code = 0;
    for path in paths {
        let name = match spec::experiment_name(&path) {
            Ok(name) => name,
            Err(error) => {
                code = 1;
                super::print(format!("error: {error:#}"))?;
                continue;
            }
        };
        let described = spec::load(&Source { path: path.clone(), ..Source::default() })
            .and_then(|spec| Ok((spec, spec::profiles(&path)?)));
        match described {
            Ok((spec, profiles)) => {
                let profiles = if profiles.is_empty() { "-".into() } else { profiles.join(",") };
                super::print(format!(
                    "{name:20} {:3} trials  {}; profiles: {profiles}",
                    spec.trials().len(),
                    spec.title
                ))?;
            }
            Err(error) => {
                code = 1;
                super::print(format!("{name:20} error: {error:#}"))?;
            }
        }
    }
    Ok(code)
}
