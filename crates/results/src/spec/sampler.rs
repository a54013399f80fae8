//! Samplers in specs. A new sampler is a variant of [`SamplerSpec`] and its arm in [`SamplerSpec::reads`]; its name, label and
//! rules follow from these.

mod command;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use command::{ArrayFormat, CommandSpec, Reading};

use super::InitialSet;
use super::schema::Node;

/// A rule that chooses which images of the pool are labeled next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SamplerSpec {
    /// Uniformly at random.
    Random,
    /// The highest entropy of the class probabilities, over the whole pool.
    Entropy,
    /// The lowest probability of the predicted class, over the whole pool.
    LeastConfidence,
    /// The smallest gap between the two most probable classes, over the whole pool.
    Margin,
    /// Greedy k-center on the features before the head of the task model.
    ///
    /// Source: Sener and Savarese, ICLR 2018.
    CoreSet,
    /// PT4AL: the most uncertain images of the round's pretext batch.
    ///
    /// Source: paper, section 3.3.
    PretextBatch(PretextBatchSpec),
    /// A command of your own, in any language, which gets logits and features and prints the indices of the images that it chooses.
    /// [own-sampler.md](own-sampler.md) has the protocol and an example.
    Command(CommandSpec),
}

/// Options of `pretext-batch`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PretextBatchSpec {
    /// The criterion by which images of the pretext batch are chosen. Another one than the default is part of the sampler's label, for
    /// instance `pretext-batch-entropy`.
    ///
    /// Source: least confidence in the paper (section 3.3).
    #[serde(default)]
    pub within: Within,
}

/// The criterion by which images of a pretext batch are chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Within {
    /// The lowest probability of the predicted class.
    ///
    /// Source: paper, section 3.3; official code (`get_plabels2`).
    #[default]
    LeastConfidence,
    /// The highest entropy of the class probabilities.
    ///
    /// Source: official code (`get_plabels3`).
    Entropy,
    /// The smallest gap between the two most probable classes.
    Margin,
    /// Equally many images of each predicted class, in the batch's order; if a class has too few, the first of the remaining images
    /// fill up. Not for segmentation.
    ///
    /// Source: official code (`get_plabels`), used in its first public state (280b9bf, 2021-07-19 to 2021-11-24).
    ClassBalanced,
    /// At even intervals, as in round 0, without the task model.
    ///
    /// Source: official code until 2021-11-24 (`main_int.py`).
    Interval,
    /// At random, without the task model.
    Random,
}

/// The network outputs from which least confidence is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The softmax of the outputs.
    #[default]
    Logits,
    /// The softmax of the outputs after scaling them to length 1 (L2). It ranks images in another order. Entropy and margin do not
    /// change, because `get_plabels3` does not scale.
    ///
    /// Source: official code (`get_plabels2`).
    NormalizedLogits,
}

/// How unsure the task model is of an image; higher is less sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Uncertainty {
    /// `1 - max p`.
    #[default]
    LeastConfidence,
    /// `-sum p ln p`, in nats.
    Entropy,
    /// `1 - (p1 - p2)` of the two most probable classes.
    Margin,
}

/// What a sampler reads to choose its query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reads {
    /// Neither the task model nor pretext losses.
    Nothing,
    /// The task model's outputs for all unlabeled images.
    Unlabeled,
    /// The task model's outputs for all images of the pool.
    Pool,
    /// The images of a pretext batch, without the task model.
    PretextBatch,
    /// The task model's outputs for the images of a pretext batch.
    ScoredPretextBatch,
}

impl SamplerSpec {
    /// Returns what the sampler reads. The cost of its queries, its need of pretext losses and its initial set follow from it.
    fn reads(&self) -> Reads {
        match self {
            Self::Random => Reads::Nothing,
            Self::Entropy | Self::LeastConfidence | Self::Margin => Reads::Unlabeled,
            Self::CoreSet => Reads::Pool,
            Self::PretextBatch(options) => match options.within {
                Within::LeastConfidence | Within::Entropy | Within::Margin | Within::ClassBalanced => {
                    Reads::ScoredPretextBatch
                }
                Within::Interval | Within::Random => Reads::PretextBatch,
            },
            Self::Command(command) if command.reads(Reading::Features) => Reads::Pool,
            Self::Command(command) if command.reads(Reading::Logits) => Reads::Unlabeled,
            Self::Command(_) => Reads::Nothing,
        }
    }

    /// Returns the command, if the sampler is one.
    pub fn command(&self) -> Option<&CommandSpec> {
        match self {
            Self::Command(command) => Some(command),
            _ => None,
        }
    }

    /// Whether it reads the predicted class of images, which segmentation does not have.
    pub(crate) fn needs_image_classes(&self) -> bool {
        matches!(self, Self::PretextBatch(PretextBatchSpec { within: Within::ClassBalanced }))
    }

    /// Returns the name in records and plots: the name in the spec, followed by each option that differs from its default. Two
    /// samplers with the same label have the same settings. The label of a command is the name that the spec gives it, and
    /// [`CommandSpec::difference`] compares two commands of the same name.
    pub fn label(&self) -> String {
        if let Self::Command(command) = self {
            return command.name.clone();
        }
        match serde_json::to_value(self).expect("plain data serialises") {
            Value::Object(named) => named.iter().map(|(name, options)| name_with_options(name, options)).collect(),
            name => plain(&name),
        }
    }

    /// Returns how the labels of round 0 are chosen if the spec does not say.
    pub fn initial_set(&self) -> InitialSet {
        if self.queries_pretext_batches() { InitialSet::PAPER } else { InitialSet::Random }
    }

    /// Whether the sampler reads pretext losses, or features of the pretext learner.
    pub fn needs_pretext(&self) -> bool {
        let command_reads = |reading| self.command().is_some_and(|command| command.reads(reading));
        self.queries_pretext_batches() || command_reads(Reading::PretextLosses) || self.needs_pretext_features()
    }

    /// Whether the sampler reads features of the pretext learner for its queries.
    pub fn needs_pretext_features(&self) -> bool {
        self.command().is_some_and(|command| command.reads(Reading::PretextFeatures))
    }

    /// Returns the names of the samplers in specs, and whether they have options, which follow them in labels.
    pub(crate) fn names() -> Vec<(&'static str, bool)> {
        let samplers = Node::root().key("samplers").and_then(Node::items);
        let named = samplers.map_or(Vec::new(), Node::alternatives).into_iter();
        named.map(|alternative| (alternative.name, alternative.options.is_some())).collect()
    }

    /// Whether each query takes images of one pretext batch.
    pub fn queries_pretext_batches(&self) -> bool {
        match self.reads() {
            Reads::Nothing | Reads::Unlabeled | Reads::Pool => false,
            Reads::PretextBatch | Reads::ScoredPretextBatch => true,
        }
    }

    /// Counts the images that one query passes through the task model, for a pool of `unlabeled` + `labeled` images in pretext batches
    /// of `batch` images.
    pub(crate) fn scored(&self, unlabeled: usize, labeled: usize, batch: usize) -> usize {
        match self.reads() {
            Reads::Nothing | Reads::PretextBatch => 0,
            Reads::Unlabeled => unlabeled,
            Reads::Pool => unlabeled + labeled,
            Reads::ScoredPretextBatch => batch,
        }
    }
}

/// Appends the options that differ from their defaults to a sampler's name.
fn name_with_options(name: &str, options: &Value) -> String {
    let node = Node::root().key("samplers").and_then(Node::items).and_then(|sampler| sampler.inside(name));
    let is_default = |key: &str, value: &Value| {
        let default = node.and_then(|node| node.key(key)).and_then(Node::default);
        value.is_null() || default == Some(value)
    };
    let options = options.as_object().into_iter().flatten().filter(|(key, value)| !is_default(key, value));
    options.fold(name.to_owned(), |label, (_, value)| format!("{label}-{}", plain(value)))
}

/// Returns text without its quotes, and anything else as JSON writes it.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_the_name_with_the_options_that_differ_from_their_defaults() {
        let label = |text: &str| {
            let sampler: SamplerSpec = serde_json::from_str(text).unwrap();
            sampler.label()
        };
        for name in ["random", "entropy", "least-confidence", "margin", "core-set"] {
            assert_eq!(label(&format!("\"{name}\"")), name);
        }
        assert_eq!(label(r#"{ "pretext-batch": {} }"#), "pretext-batch");
        assert_eq!(label(r#"{ "pretext-batch": { "within": "least-confidence" } }"#), "pretext-batch");
        for within in ["entropy", "margin", "class-balanced", "interval", "random"] {
            let sampler = format!(r#"{{ "pretext-batch": {{ "within": "{within}" }} }}"#);
            assert_eq!(label(&sampler), format!("pretext-batch-{within}"));
        }
    }

    /// For a pool of 90 unlabeled and 10 labeled images in pretext batches of 20.
    #[test]
    fn a_query_passes_what_its_sampler_reads_through_the_task_model() {
        let within = |within| SamplerSpec::PretextBatch(PretextBatchSpec { within });
        for (sampler, scored, pretext) in [
            (SamplerSpec::Random, 0, false),
            (SamplerSpec::Entropy, 90, false),
            (SamplerSpec::CoreSet, 100, false),
            (within(Within::LeastConfidence), 20, true),
            (within(Within::Interval), 0, true),
        ] {
            assert_eq!((sampler.scored(90, 10, 20), sampler.needs_pretext()), (scored, pretext), "{sampler:?}");
            let initial = if pretext { InitialSet::PAPER } else { InitialSet::Random };
            assert_eq!(sampler.initial_set(), initial, "{sampler:?}");
        }
    }
}
