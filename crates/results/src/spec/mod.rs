//! Experiment specs: TOML on disk, checked [`Spec`] in memory, and the trials it expands to.
//!
//! Every number that affects a result stands here. There are no defaults for such numbers: a key that is missing is
//! an error, and so is one that is not known ([`load`] names the key, the line and the nearest valid key).

mod augment;
mod dataset;
mod expect;
mod files;
mod hash;
mod initial;
mod minibatch;
mod model;
mod parse;
mod pretext;
mod rules;
mod sampler;
mod task;
mod train;
mod variant;
mod work;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use augment::*;
pub use dataset::*;
pub use expect::{At, CheckSpec, Expectation};
pub use hash::{hex, short_hash};
pub use initial::*;
pub use minibatch::Cut;
pub use model::*;
pub use parse::{Source, experiment_name, load, load_resolved, profiles};
pub use pretext::*;
pub use rules::CheckedAgainstPool;
pub use sampler::*;
pub use task::*;
pub use train::*;
pub use variant::{Trial, Variant, Variants, arm_label};
pub use work::{Passes, Work};

/// One experiment: samplers x seeds on one data set under one protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec {
    /// One line for reports.
    pub title: String,
    /// One trial for each seed and sampler.
    pub seeds: Vec<u64>,
    /// The samplers that are compared.
    pub samplers: Vec<SamplerSpec>,
    /// What is recorded beside the metrics that the task always has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<ExtraMetric>,
    pub dataset: DatasetSpec,
    /// Leaves images of the train split out, so that the pool's classes differ in size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imbalance: Option<Imbalance>,
    /// The order in which the network sees the colours.
    #[serde(default, skip_serializing_if = "is_default")]
    pub channels: Channels,
    pub rounds: RoundsSpec,
    /// Threads of each process on the CPU; 1 when absent. Sums are divided among threads, so another number rounds
    /// differently: it is a part of the protocol, and does not follow from the machine or from how many processes run side
    /// by side. On a GPU it changes nothing.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub threads: usize,
    /// How the labels of round 0 are chosen; each sampler's own way when absent: even intervals over pretext batch 0 for
    /// pretext-batch, random for the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_set: Option<InitialSet>,
    pub model: ModelSpec,
    pub train: TrainSpec,
    /// What least confidence is measured on.
    #[serde(default, skip_serializing_if = "is_default")]
    pub confidence: Confidence,
    /// Needed by samplers and initial sets that use a pretext task, and by no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretext: Option<PretextSpec>,
    /// What `pt4al correlate` does; trials do not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation: Option<CorrelationSpec>,
    /// What is claimed, to be held against the results; trials do not read it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub expect: Vec<Expectation>,
    /// What `pt4al check` goes by; trials do not read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckSpec>,
    /// Recorded queries in place of the samplers'; set by `--replay`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Replay>,
    /// Other protocols of the same experiment.
    #[serde(default, rename = "variant", skip_serializing_if = "Variants::is_empty")]
    pub variants: Variants,
    /// Filled in when the spec is resolved; absent in files that people write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
}

/// Where a resolved spec came from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resolved {
    /// The file's name without its ending.
    pub experiment: String,
    /// The profiles that were laid over the file, with `+` between them; empty for none.
    pub profile: String,
    /// [`Spec::hash`].
    pub hash: String,
    /// That of each variant's protocol.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<String, String>,
}

impl Resolved {
    /// All of them, for messages.
    fn hashes(&self) -> String {
        let variants = self.variants.iter().map(|(name, hash)| format!("{name} {hash}"));
        std::iter::once(self.hash.clone()).chain(variants).collect::<Vec<_>>().join(", ")
    }
}

/// The order in which normalisation and network see the colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Channels {
    #[default]
    Rgb,
    /// Blue first, with the mean and deviation that `normalize` states in the order red, green, blue: as in the official
    /// code (`loader.py`: OpenCV's `imread`), in training, scoring and evaluation alike.
    Bgr,
}

/// What `pt4al correlate` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CorrelationSpec {
    /// Task models beside the one of the whole pool: each is trained without one part of it, whose losses it gives.
    pub folds: usize,
    /// Images in the scatter plot; 1,000 in the paper.
    pub points: usize,
    /// Bootstrap resamples of the interval.
    pub resamples: usize,
}

/// Recorded queries that are trained on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Replay {
    /// The folder, relative to that of the spec: a `<trial>.csv` for each trial.
    pub queries: std::path::PathBuf,
    /// The SHA-256 of its files; filled in when the spec is loaded, and held against them where it is given.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sha256: String,
}

impl Replay {
    /// The recorded queries of a trial.
    pub fn file_of(&self, trial: &Trial) -> std::path::PathBuf {
        self.queries.join(format!("{}.csv", trial.key()))
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
fn is_one(value: &usize) -> bool {
    *value == 1
}

/// How many labels each round has.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RoundsSpec {
    /// Rounds, the one on the initial labels included (the paper's "cycles").
    pub count: usize,
    /// Labels of round 0.
    pub initial: usize,
    /// Labels that each later round adds.
    pub query: usize,
}

impl RoundsSpec {
    /// Labels that the task model of `round` is trained on.
    pub fn labeled(&self, round: usize) -> usize {
        self.initial.saturating_add(round.saturating_mul(self.query))
    }
}

impl Spec {
    /// Whether any sampler or initial set needs pretext losses or features.
    pub fn needs_pretext(&self) -> bool {
        self.replay.is_none() && self.protocols().any(|(_, p)| p.samplers.iter().any(|s| p.uses_pretext(s)))
    }

    /// Whether trials of a sampler under this protocol need pretext losses or features.
    pub fn uses_pretext(&self, sampler: &SamplerSpec) -> bool {
        let initial = self.initial_set(sampler);
        self.replay.is_none() && (sampler.needs_pretext() || initial.needs_losses() || initial.needs_features())
    }

    /// How a sampler's labels of round 0 are chosen under this protocol: as the spec says, or the sampler's own way.
    pub fn initial_set(&self, sampler: &SamplerSpec) -> InitialSet {
        self.initial_set.unwrap_or_else(|| sampler.initial_set())
    }

    /// Whether this protocol reads features of the pretext learner.
    pub fn needs_features(&self) -> bool {
        self.replay.is_none() && self.samplers.iter().any(|s| self.initial_set(s).needs_features())
    }

    /// The pretext learner of this protocol, if its losses are not from a file.
    pub fn learner(&self) -> Option<&LearnerSpec> {
        self.pretext.as_ref().and_then(PretextSpec::learner)
    }

    /// The file that this protocol's pretext losses are from, if there is one.
    pub fn loss_file(&self) -> Option<&LossFile> {
        match &self.pretext.as_ref()?.losses {
            LossSource::File(file) => Some(file),
            LossSource::Learner(_) => None,
        }
    }

    /// Pretext batches: `pretext.batches`, or one a round.
    pub fn pretext_batches(&self) -> usize {
        self.pretext.as_ref().and_then(|p| p.batches).unwrap_or(self.rounds.count)
    }

    /// The pretext batch that `round`, 1 or a later one, queries: its own, or the one before ([`FirstQuery`]). Where there are fewer
    /// batches than rounds, consecutive rounds share one, as evenly as can be: round i has batch `floor(i batches / rounds)`. Of
    /// more batches than rounds, the last ones (of the lowest losses) are never asked.
    pub fn pretext_batch_of(&self, round: usize) -> usize {
        let first = self.pretext.as_ref().map(|pretext| pretext.first_query).unwrap_or_default();
        let (place, places) = match first {
            FirstQuery::Batch1 => (round, self.rounds.count),
            FirstQuery::Batch0 => (round.saturating_sub(1), self.rounds.count - 1),
        };
        let batches = self.pretext_batches();
        if batches >= places { place } else { place * batches / places }
    }

    /// The part of a pretext batch that a query labels, for a pool of so many images: 0.2 in the official code, 1,000 of 5,000.
    /// Where it is large, the round takes most of its batch, whatever the task model is unsure of: the order of the batches is then
    /// what counts. Above 1 where rounds share a batch and ask for more than it has.
    pub fn share_of_batch(&self, pool: usize) -> f64 {
        self.rounds.query as f64 * self.pretext_batches() as f64 / pool.max(1) as f64
    }

    /// Images that decide accuracies and which epoch is best, of a pool and a test split of these sizes.
    pub fn evaluated_on(&self, pool: usize, test: usize) -> usize {
        match self.train.select.images {
            EvaluationImages::Test => test,
            EvaluationImages::Train => pool,
        }
    }

    /// Writes down where it came from, in variants too, and the hashes.
    fn resolve(&mut self, experiment: &str, profile: &str) {
        let mut variants = BTreeMap::new();
        for (name, variant) in &mut self.variants {
            let spec = variant.spec.as_mut().expect("made when the spec is loaded");
            spec.resolve(experiment, profile);
            variants.insert(name.clone(), spec.hash());
        }
        let (experiment, profile) = (experiment.to_owned(), profile.to_owned());
        self.resolved = Some(Resolved { experiment, profile, hash: self.hash(), variants });
    }

    /// As `spec.toml` of a results folder has it. What the hash leaves out where it has its usual value is there all the same, as far
    /// as a reader should see it: the precision of each network.
    ///
    /// # Errors
    /// If TOML cannot say it; that would be a fault of the program.
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

    /// The precision of each network that the spec's own protocol trains, by the table that it stands in.
    pub fn precision_of_networks(&self) -> BTreeMap<String, Precision> {
        let learner = self.learner().filter(|_| self.needs_pretext()).map(|learner| ("pretext", learner.precision));
        [("train", self.train.precision)].into_iter().chain(learner).map(|(key, of)| (key.to_owned(), of)).collect()
    }

    /// The results folder's name: `<experiment>[-<profile>...]`.
    pub fn folder_name(&self) -> String {
        let resolved = self.resolved.as_ref().expect("a loaded spec is resolved");
        let parts = std::iter::once(resolved.experiment.as_str()).chain(resolved.profile.split('+'));
        parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
    }

    /// The experiment's name and profile.
    pub fn identity(&self) -> (&str, &str) {
        let resolved = self.resolved.as_ref().expect("a loaded spec is resolved");
        (&resolved.experiment, &resolved.profile)
    }
}
