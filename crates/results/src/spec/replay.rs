//! Recorded queries in specs.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Trial;

/// Recorded queries that trials use in place of the samplers' own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Replay {
    /// The folder, relative to the folder of the spec, with a file `<trial>.csv` for each trial.
    #[schemars(extend("format" = "path"))]
    pub queries: PathBuf,
    /// The SHA-256 of the folder's files. The program fills it in when it loads the spec; if the spec states it, the files must
    /// have it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

impl Replay {
    /// Returns the path of a trial's recorded queries.
    pub fn file_of(&self, trial: &Trial) -> PathBuf {
        self.queries.join(format!("{}.csv", trial.key()))
    }
}
