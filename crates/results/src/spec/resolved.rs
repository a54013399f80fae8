//! Where a resolved spec came from, and how it is written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Precision, Spec};

/// Where a resolved spec came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resolved {
    /// The name of the spec file without `.toml`.
    pub experiment: String,
    /// The profiles that were applied to the file, with `+` between them; empty if there were none.
    pub profile: String,
    /// The hash of the experiment's own protocol.
    pub hash: String,
    /// The hash of each variant's protocol.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, String>,
}

impl Resolved {
    /// Lists all hashes, for messages.
    pub(super) fn hashes(&self) -> String {
        let variants = self.variants.iter().map(|(name, hash)| format!("{name} {hash}"));
        std::iter::once(self.hash.clone()).chain(variants).collect::<Vec<_>>().join(", ")
    }
}

impl Spec {
    /// Fills in `resolved`, here and in the variants.
    pub(super) fn resolve(&mut self, experiment: &str, profile: &str) {
        let mut variants = BTreeMap::new();
        for (name, variant) in &mut self.variants {
            let spec = variant.spec.as_mut().expect("made when the spec is loaded");
            spec.resolve(experiment, profile);
            variants.insert(name.clone(), spec.hash());
        }
        let (experiment, profile) = (experiment.to_owned(), profile.to_owned());
        self.resolved = Some(Resolved { experiment, profile, hash: self.hash(), variants });
    }

    /// Returns the text of a results folder's `spec.toml`. It states the precision of each network even where that has its default,
    /// which the hash leaves out.
    ///
    /// # Errors
    /// If TOML cannot express the spec, which would be a fault of the program.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let mut table = toml::Table::try_from(self)?;
        for (key, is_network) in [("train", "epochs"), ("pretext", "task")] {
            if let Some(toml::Value::Table(part)) = table.get_mut(key)
                && part.contains_key(is_network)
            {
                let usual = toml::Value::try_from(Precision::default())?;
                part.entry("precision").or_insert(usual);
            }
        }
        toml::to_string(&table)
    }

    /// Returns the precision of each network that the spec's own protocol trains, by its table: `train`, `pretext`.
    pub fn precision_of_networks(&self) -> BTreeMap<String, Precision> {
        let learner = self.learner().filter(|_| self.needs_pretext()).map(|learner| ("pretext", learner.precision));
        [("train", self.train.precision)].into_iter().chain(learner).map(|(key, of)| (key.to_owned(), of)).collect()
    }

    /// Returns the name of the results folder: `<experiment>[-<profile>...]`.
    pub fn folder_name(&self) -> String {
        let resolved = self.resolved.as_ref().expect("a loaded spec is resolved");
        let parts = std::iter::once(resolved.experiment.as_str()).chain(resolved.profile.split('+'));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }

    /// Returns the experiment's name and profile.
    pub fn identity(&self) -> (&str, &str) {
        let resolved = self.resolved.as_ref().expect("a loaded spec is resolved");
        (&resolved.experiment, &resolved.profile)
    }
}
