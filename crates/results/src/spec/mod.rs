//! Experiment specs: TOML on disk, checked [`Spec`] in memory, and the trials it expands to.
//!
//! A spec states every number that affects a result. A missing key without a default is an error, and so is an unknown
//! key ([`load`] names the file, the line, the key and the nearest valid key).
//!
//! The doc comments of these types are the user's key reference: `pt4al explain` and `docs/spec.md` print them
//! ([`reference`]). A paragraph `Default: ...` says what holds without the key, and `Source: ...` where a value or a
//! behaviour comes from. They name keys and values as a spec writes them, not Rust types.

mod augment;
mod correlation;
mod dataset;
mod expect;
mod files;
mod hash;
mod initial;
mod minibatch;
mod model;
mod parse;
mod pretext;
pub mod reference;
mod replay;
mod resolved;
mod rounds;
mod rules;
mod sampler;
mod schema;
mod task;
mod train;
mod variant;
mod work;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use augment::*;
pub use correlation::CorrelationSpec;
pub use dataset::*;
pub use expect::{At, CheckSpec, Expectation};
pub use hash::{hex, short_hash};
pub use initial::*;
pub use minibatch::Cut;
pub use model::*;
pub use parse::{Source, experiment_name, load, load_resolved, profiles};
pub use pretext::*;
pub use replay::Replay;
pub use resolved::Resolved;
pub use rounds::RoundsSpec;
pub use rules::CheckedAgainstPool;
pub use sampler::*;
pub use schema::{for_editors as schema_for_editors, schema};
pub use task::*;
pub use train::*;
pub(crate) use variant::trial_key;
pub use variant::{Trial, Variant, Variants, arm_label};
pub use work::Work;

/// An experiment: samplers and seeds that are compared on one data set under one protocol, and variants of that protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec {
    /// One line that reports show as the heading.
    #[schemars(example = &"CIFAR-10, the paper's main experiment", extend("x-shared" = true))]
    pub title: String,
    /// The seeds. Each sampler runs one trial for each seed; values of two samplers are paired by seed.
    #[schemars(example = [0, 1, 2, 3, 4], extend("x-shared" = true))]
    pub seeds: Vec<u64>,
    /// The samplers that are compared. A name such as `"random"`, or a table with options such as
    /// `{ pretext-batch = { within = "entropy" } }`. `command` is a sampler of your own.
    #[schemars(example = ["random", "pretext-batch"])]
    pub samplers: Vec<SamplerSpec>,
    /// Metrics that are recorded in addition to those that the task always has (classification: `accuracy`;
    /// segmentation: `miou`, `pixel-accuracy` and the IoU of each class).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(!skip_serializing_if, example = ["balanced-accuracy", "per-class"], extend("x-shared" = true))]
    pub metrics: Vec<ExtraMetric>,
    /// The data set, the part of it that is used, and its normalisation.
    #[schemars(extend("x-shared" = true))]
    pub dataset: DatasetSpec,
    /// Makes the pool imbalanced: leaves out images of the train split, so that classes differ in size.
    ///
    /// Default: the train split as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-shared" = true))]
    pub imbalance: Option<Imbalance>,
    /// The order of the colour channels that normalisation and network get.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(!skip_serializing_if)]
    pub channels: Channels,
    /// The number of rounds and the labels of each.
    #[schemars(extend("x-shared" = true))]
    pub rounds: RoundsSpec,
    /// Threads of each process on the CPU; no effect on a GPU. Threads divide sums, and another division rounds
    /// differently, so the number is part of the protocol. It does not depend on the machine or on the number of
    /// processes.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    #[schemars(!skip_serializing_if, example = 1, extend("x-shared" = true))]
    pub threads: usize,
    /// Minutes between two checkpoints of a training, 0 to 10,000. At the end of an epoch, a trial writes all that its round needs to go
    /// on from there into `checkpoint.safetensors` in its folder, if the last checkpoint is that old; the file goes away with the end of
    /// the round. After a kill, the same command goes on after that epoch. A pretext learner does the same beside its losses in the
    /// cache, `correlate` in the folder `parts`, and `select` beside its picks. 0 writes none. The key changes no value and is in no
    /// hash, so it may change between two commands on the same results.
    #[serde(default = "usual_checkpoint_minutes", skip_serializing_if = "are_usual_checkpoint_minutes")]
    #[schemars(!skip_serializing_if, example = 10, extend("x-shared" = true))]
    pub checkpoint_minutes: usize,
    /// How the labels of round 0 are chosen, for all samplers.
    ///
    /// Default: each sampler's own way. `pretext-batch` takes even intervals over pretext batch 0
    /// (`{ pretext-stride = { batch = 0 } }`), all others `"random"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initial_set: Option<InitialSet>,
    /// The network of the task model; the pretext learner has the same one with a head of its own. Either a network that is trained on
    /// images (`arch`, `width`, ...) or `features`, a file.
    pub model: ModelSpec,
    /// How the task model is trained in each round.
    pub train: TrainSpec,
    /// The network outputs from which least confidence is computed.
    #[serde(default, skip_serializing_if = "is_default")]
    #[schemars(!skip_serializing_if)]
    pub confidence: Confidence,
    /// The pretext losses, and how they become pretext batches. Either a learner (`task`, `epochs`, ...) or `losses`, a file.
    ///
    /// Default: none. Required if a sampler or the initial set uses pretext losses or features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pretext: Option<PretextSpec>,
    /// What `pt4al correlate` computes: the correlation between pretext losses and task losses. Trials do not read it.
    ///
    /// Default: none; `pt4al correlate` needs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-shared" = true))]
    pub correlation: Option<CorrelationSpec>,
    /// Claims that the results are compared with, one `[[expect]]` table for each. Trials do not read them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(!skip_serializing_if, extend("x-shared" = true))]
    pub expect: Vec<Expectation>,
    /// Options of the gate, `pt4al check`. Trials do not read them.
    ///
    /// Default: none; every significant difference counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-shared" = true))]
    pub check: Option<CheckSpec>,
    /// Recorded queries that trials use in place of the samplers' own. `pt4al run --replay` writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-shared" = true, "x-generated" = true))]
    pub replay: Option<Replay>,
    /// Other protocols of the same experiment: `[variant.<name>]` states the keys that differ. Each sampler runs under each
    /// variant, too, and is called `<sampler>@<variant>`. A name has up to 60 lower-case letters, digits and `-`.
    ///
    /// Default: no variants.
    #[serde(default, rename = "variant", skip_serializing_if = "Variants::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, serde_json::Map<String, serde_json::Value>>")]
    #[schemars(extend("x-shared" = true, "x-named-changes" = true))]
    pub variants: Variants,
    /// Where the spec of a results folder came from. The program writes it; a spec file does not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("x-shared" = true, "x-generated" = true))]
    pub resolved: Option<Resolved>,
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn one() -> usize {
    1
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde requires a reference
fn is_one(value: &usize) -> bool {
    *value == 1
}

fn usual_checkpoint_minutes() -> usize {
    Spec::CHECKPOINT_MINUTES
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde requires a reference
fn are_usual_checkpoint_minutes(value: &usize) -> bool {
    *value == Spec::CHECKPOINT_MINUTES
}

impl Spec {
    /// The default of `checkpoint-minutes`.
    pub const CHECKPOINT_MINUTES: usize = 10;

    /// Whether any sampler or initial set, in any protocol, needs pretext losses or features.
    pub fn needs_pretext(&self) -> bool {
        self.replay.is_none() && self.protocols().any(|(_, p)| p.samplers.iter().any(|s| p.uses_pretext(s)))
    }

    /// Whether trials of a sampler under this protocol need pretext losses or features.
    pub fn uses_pretext(&self, sampler: &SamplerSpec) -> bool {
        let reads_losses = sampler.needs_pretext() || self.initial_set(sampler).needs_losses();
        self.replay.is_none() && (reads_losses || self.reads_learned_features(sampler))
    }

    /// Whether trials of a sampler under this protocol read features of the pretext learner: to choose the initial set, or in
    /// each query. If the model is features from a file, the initial set is chosen by those.
    pub fn reads_learned_features(&self, sampler: &SamplerSpec) -> bool {
        self.learned_initial_set(sampler) || sampler.needs_pretext_features()
    }

    /// Whether the initial set of a sampler under this protocol is chosen by features of the pretext learner.
    pub fn learned_initial_set(&self, sampler: &SamplerSpec) -> bool {
        self.model.features().is_none() && self.initial_set(sampler).needs_features()
    }

    /// Returns how a sampler's labels of round 0 are chosen under this protocol: as `initial-set` says, or the sampler's own
    /// way.
    pub fn initial_set(&self, sampler: &SamplerSpec) -> InitialSet {
        self.initial_set.unwrap_or_else(|| sampler.initial_set())
    }

    /// Whether this protocol reads features of the pretext learner.
    pub fn needs_features(&self) -> bool {
        self.replay.is_none() && self.samplers.iter().any(|s| self.reads_learned_features(s))
    }

    /// Whether any protocol trains on images. If not, images are neither decoded nor held.
    pub fn trains_on_images(&self) -> bool {
        self.protocols().any(|(_, protocol)| protocol.model.features().is_none())
    }

    /// Returns the pretext learner of this protocol, or `None` if there is no `[pretext]` or its losses are a file.
    pub fn learner(&self) -> Option<&LearnerSpec> {
        self.pretext.as_ref().and_then(PretextSpec::learner)
    }

    /// Returns the file with this protocol's pretext losses, or `None` if a learner gives them.
    pub fn loss_file(&self) -> Option<&LossFile> {
        match &self.pretext.as_ref()?.losses {
            LossSource::File(file) => Some(file),
            LossSource::Learner(_) => None,
        }
    }

    /// Returns the number of pretext batches: `pretext.batches`, or the number of rounds.
    pub fn pretext_batches(&self) -> usize {
        self.pretext.as_ref().and_then(|p| p.batches).unwrap_or(self.rounds.count)
    }

    /// Returns the pretext batch that `round` (1 or later) queries. With `first-query = "batch-1"` round i queries batch i, with
    /// `"batch-0"` batch i - 1. If there are fewer batches than rounds, consecutive rounds share one: round i queries batch
    /// `floor(i batches / rounds)`. If there are more, no round queries the last ones, which have the lowest losses.
    pub fn pretext_batch_of(&self, round: usize) -> usize {
        let first = self.pretext.as_ref().map(|pretext| pretext.first_query).unwrap_or_default();
        let (place, places) = match first {
            FirstQuery::Batch1 => (round, self.rounds.count),
            FirstQuery::Batch0 => (round.saturating_sub(1), self.rounds.count - 1),
        };
        let batches = self.pretext_batches();
        if batches >= places { place } else { place * batches / places }
    }

    /// Returns the fraction of a pretext batch that one query labels, for a pool of this many images: 0.2 in the official code
    /// (1,000 of 5,000). If it is large, the round labels most of its batch whatever the task model says, and the order of the
    /// batches decides. It exceeds 1 if rounds share a batch and query more images than it has.
    pub fn share_of_batch(&self, pool: usize) -> f64 {
        self.rounds.query as f64 * self.pretext_batches() as f64 / pool.max(1) as f64
    }

    /// Returns the number of images on which accuracies are measured and the best epoch is chosen.
    pub fn evaluated_on(&self, pool: usize, test: usize) -> usize {
        match self.train.select.images {
            EvaluationImages::Test => test,
            EvaluationImages::Train => pool,
        }
    }
}
