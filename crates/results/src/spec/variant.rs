//! Variants: protocols of an experiment that differ from its own in a few keys. Keys that carry the mark `x-shared`
//! (the data set, the rounds, ...) are the same in all of them.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Precision, SamplerSpec, Spec};

/// `[variant.<name>]`: the keys that differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variant {
    /// The keys as the spec writes them.
    pub changes: Table,
    /// The whole protocol, without variants. It is filled in when the spec is loaded.
    #[serde(skip)]
    pub(super) spec: Option<Box<Spec>>,
}

/// Variants in the file's order.
pub type Variants = IndexMap<String, Variant>;

impl Variant {
    /// Returns the protocol: the experiment's with the changes.
    pub fn spec(&self) -> &Spec {
        self.spec.as_ref().expect("made when the spec is loaded")
    }
}

/// One sampler and one seed under one protocol. Each trial is a process of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub sampler: SamplerSpec,
    pub seed: u64,
    /// The name of the variant; `None` for the experiment's own protocol.
    pub variant: Option<String>,
}

impl Trial {
    /// Returns the name of its arm in records and plots: `pretext-batch`, or `pretext-batch@continue` with a variant.
    pub fn label(&self) -> String {
        arm_label(&self.sampler, self.variant.as_deref())
    }

    /// Returns the name of the trial's files, for instance `core-set-seed3`.
    pub fn key(&self) -> String {
        trial_key(&self.label(), self.seed)
    }
}

/// Returns [`Trial::key`] of the trial of an arm, by its label, with a seed.
pub(crate) fn trial_key(arm: &str, seed: u64) -> String {
    format!("{arm}-seed{seed}")
}

/// Returns the name of an arm: the sampler's label, followed by `@` and the variant's name if there is one.
pub fn arm_label(sampler: &SamplerSpec, variant: Option<&str>) -> String {
    let label = sampler.label();
    variant.map_or(label.clone(), |variant| format!("{label}@{variant}"))
}

impl Spec {
    /// Returns the protocol of the experiment, and those of its variants with their names.
    pub fn protocols(&self) -> impl Iterator<Item = (Option<&str>, &Self)> {
        let variants = self.variants.iter().map(|(name, variant)| (Some(name.as_str()), variant.spec()));
        std::iter::once((None, self)).chain(variants)
    }

    /// Returns the protocol of a variant, or the experiment's own for `None` and for an unknown name.
    pub fn protocol(&self, variant: Option<&str>) -> &Self {
        variant.and_then(|name| self.variants.get(name)).map_or(self, Variant::spec)
    }

    /// Returns the protocol of a trial.
    pub fn protocol_of(&self, trial: &Trial) -> &Self {
        self.protocol(trial.variant.as_deref())
    }

    /// Returns the experiment's own protocol for one seed, without its variants.
    pub fn alone(&self, seed: u64) -> Self {
        let mut alone = Self { variants: Variants::new(), seeds: vec![seed], ..self.clone() };
        if let Some(resolved) = &mut alone.resolved {
            resolved.variants.clear();
        }
        alone
    }

    /// Returns the experiment's own protocol with task models in another precision, without its variants. Its hash is another one.
    pub fn in_precision(&self, precision: Precision) -> Self {
        let mut other = Self { variants: Variants::new(), ..self.clone() };
        other.train.precision = precision;
        let (experiment, profile) = self.identity();
        let (experiment, profile) = (experiment.to_owned(), profile.to_owned());
        other.resolve(&experiment, &profile);
        other
    }

    /// Returns all arms by their names ([`Trial::label`]), each with its protocol.
    pub fn arms(&self) -> Vec<(String, &Self)> {
        let mut arms = Vec::new();
        for (variant, protocol) in self.protocols() {
            arms.extend(protocol.samplers.iter().map(|sampler| (arm_label(sampler, variant), protocol)));
        }
        arms
    }

    /// Returns the variant under whose name the pretext losses of `variant` are stored: the first protocol that has the same losses,
    /// `None` for the experiment's own.
    pub fn losses_of(&self, variant: Option<&str>) -> Option<&str> {
        let identity = |spec: &Self| (spec.learner_hash(), spec.loss_file().map(|file| file.sha256.clone()));
        let wanted = identity(self.protocol(variant));
        self.protocols().find(|(_, spec)| identity(spec) == wanted).and_then(|(name, _)| name)
    }

    /// Returns all trials, ordered by seed first, so that an interrupted run has complete comparisons.
    pub fn trials(&self) -> Vec<Trial> {
        let mut trials = Vec::new();
        for &seed in &self.seeds {
            for (variant, protocol) in self.protocols() {
                for sampler in &protocol.samplers {
                    trials.push(Trial { sampler: sampler.clone(), seed, variant: variant.map(str::to_owned) });
                }
            }
        }
        trials
    }
}
