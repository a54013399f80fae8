//! The labels of round 0 in specs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the labels of round 0 are chosen, before there is a task model. Each works with any sampler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum InitialSet {
    /// Uniformly at random; all samplers of a seed have the same labels.
    Random,
    /// At random, with equally many images of each class. It reads the classes before anything is labeled, which no real
    /// experiment can do: it measures what balance alone would be worth.
    ClassBalanced,
    /// Even intervals over a pretext batch.
    ///
    /// Source: paper, section 3.2.
    PretextStride(PretextStride),
    /// Greedy k-center on the features of the pretext learner, starting with the image nearest to the mean.
    ///
    /// Source: the algorithm of Sener and Savarese, ICLR 2018.
    CoreSet,
    /// The most typical image of each k-means cluster of the pretext learner's features.
    ///
    /// Source: TypiClust (Hacohen et al., ICML 2022).
    Typical(Typical),
}

/// Options of `pretext-stride`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PretextStride {
    /// The pretext batch, counted from 0 (the highest losses).
    ///
    /// Source: batch 0 in the official ten rounds (`main.py`); batch 5 in the script for the cold start alone
    /// (`main_pt4al.py`, `Loader_Cold`).
    #[serde(default)]
    #[schemars(example = 5)]
    pub batch: usize,
    /// The interval: every `stride`-th image of the batch, beginning with the first; at least 1.
    ///
    /// Default: the largest that spans the whole batch.
    ///
    /// Source: 5 in the official code, which spans its 5,000 images with 1,000 labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(example = 5)]
    pub stride: Option<usize>,
}

/// Options of `typical`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Typical {
    /// The largest number of clusters. There are as many clusters as labels, up to this number; with more labels, each cluster
    /// gives several.
    ///
    /// Source: 500 in TypiClust.
    #[schemars(example = 500)]
    pub clusters: usize,
    /// The number of nearest neighbours in the cluster. Typicality is the inverse of the mean squared distance to them.
    ///
    /// Source: 20 in TypiClust.
    #[schemars(example = 20)]
    pub neighbours: usize,
}

impl InitialSet {
    /// The paper's initial set: even intervals over the whole of pretext batch 0.
    pub const PAPER: Self = Self::PretextStride(PretextStride { batch: 0, stride: None });

    /// Whether it reads pretext losses.
    pub fn needs_losses(self) -> bool {
        matches!(self, Self::PretextStride(_))
    }

    /// Whether it reads the features of the pretext learner.
    pub fn needs_features(self) -> bool {
        matches!(self, Self::CoreSet | Self::Typical(_))
    }
}
