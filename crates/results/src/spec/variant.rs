//! Variants: protocols of one experiment that differ from its own in a few keys.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::{Precision, SamplerSpec, Spec};

/// `[variant.<name>]`: the keys that it changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variant {
    /// As they are written.
    pub changes: Table,
    /// The whole protocol; it has no variants. Made when the spec is loaded.
    #[serde(skip)]
    pub(super) spec: Option<Box<Spec>>,
}

/// Variants in the file's order.
pub type Variants = IndexMap<String, Variant>;

impl Variant {
    /// The protocol: the experiment's with the changes.
    pub fn spec(&self) -> &Spec {
        self.spec.as_ref().expect("made when the spec is loaded")
    }
}

/// One sampler and one seed under one protocol: a process of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    pub sampler: SamplerSpec,
    pub seed: u64,
    /// The name of the variant; `None` for the experiment's own protocol.
    pub variant: Option<String>,
}

impl Trial {
    /// The sampler's name in records and plots, with the variant's: `pretext-batch` or `pretext-batch@continue`.
    pub fn label(&self) -> String {
        arm_label(&self.sampler, self.variant.as_deref())
    }

    /// The name of the trial's files, for instance `core-set-seed3`.
    pub fn key(&self) -> String {
        format!("{}-seed{}", self.label(), self.seed)
    }
}

/// What an arm is called: the sampler's label, with the variant's name if there is one.
pub fn arm_label(sampler: &SamplerSpec, variant: Option<&str>) -> String {
    let label = sampler.label();
    variant.map_or(label.clone(), |variant| format!("{label}@{variant}"))
}

impl Spec {
    /// The protocol of the experiment, and those of its variants with their names.
    pub fn protocols(&self) -> impl Iterator<Item = (Option<&str>, &Self)> {
        let variants = self.variants.iter().map(|(name, variant)| (Some(name.as_str()), variant.spec()));
        std::iter::once((None, self)).chain(variants)
    }

    /// The protocol of a variant; the experiment's own for `None` and for a name that it does not have.
    pub fn protocol(&self, variant: Option<&str>) -> &Self {
        variant.and_then(|name| self.variants.get(name)).map_or(self, Variant::spec)
    }

    /// The protocol of a trial.
    pub fn protocol_of(&self, trial: &Trial) -> &Self {
        self.protocol(trial.variant.as_deref())
    }

    /// The experiment's own protocol, for one seed, without its variants.
    pub fn alone(&self, seed: u64) -> Self {
        let mut alone = Self { variants: Variants::new(), seeds: vec![seed], ..self.clone() };
        if let Some(resolved) = &mut alone.resolved {
            resolved.variants.clear();
        }
        alone
    }

    /// The experiment's own protocol with task models in another precision, without its variants. It is another spec, with
    /// another hash.
    pub fn in_precision(&self, precision: Precision) -> Self {
        let mut other = Self { variants: Variants::new(), ..self.clone() };
        other.train.precision = precision;
        let (experiment, profile) = self.identity();
        let (experiment, profile) = (experiment.to_owned(), profile.to_owned());
        other.resolve(&experiment, &profile);
        other
    }

    /// What is compared: samplers under protocols, by [`Trial::label`], each with its protocol.
    pub fn arms(&self) -> Vec<(String, &Self)> {
        let of = |(variant, spec): (Option<&str>, &'_ Self)| -> Vec<String> {
            spec.samplers.iter().map(|sampler| arm_label(sampler, variant)).collect()
        };
        self.protocols().flat_map(|(variant, spec)| of((variant, spec)).into_iter().map(move |l| (l, spec))).collect()
    }

    /// The first protocol whose pretext losses are those of `variant`: they are made once, and kept under its name.
    pub fn losses_of(&self, variant: Option<&str>) -> Option<&str> {
        let of = |spec: &Self| (spec.learner_hash(), spec.loss_file().map(|file| file.sha256.clone()));
        let wanted = of(self.protocol(variant));
        self.protocols().find(|(_, spec)| of(spec) == wanted).and_then(|(name, _)| name)
    }

    /// All trials: seeds outermost, so that an interrupted run has complete comparisons.
    pub fn trials(&self) -> Vec<Trial> {
        let of = |seed: u64, (variant, spec): (Option<&str>, &Self)| -> Vec<Trial> {
            let variant = variant.map(str::to_owned);
            let trial = |sampler: &SamplerSpec| Trial { sampler: sampler.clone(), seed, variant: variant.clone() };
            spec.samplers.iter().map(trial).collect()
        };
        self.seeds.iter().flat_map(|&seed| self.protocols().flat_map(move |p| of(seed, p))).collect()
    }
}
