//! The labels of round 0 in specs.

use serde::{Deserialize, Serialize};

/// How the labels of round 0 are chosen, when no task model is there yet. Any sampler can follow any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitialSet {
    /// Uniformly at random: the same labels for every sampler of a seed.
    Random,
    /// At random, as many of each class. It asks the oracle for the classes beforehand, so no experiment without labels
    /// can do it: it says what balance alone would be worth.
    ClassBalanced,
    /// At even intervals over a pretext batch (paper, section 3.2).
    PretextStride(PretextStride),
    /// k-center greedy on the pretext learner's features (the algorithm of Sener and Savarese, ICLR 2018). The first
    /// center is the image nearest to the mean.
    CoreSet,
    /// The most typical image of each k-means cluster of the pretext learner's features, as TypiClust (Hacohen et al.,
    /// ICML 2022) has it.
    Typical(Typical),
}

/// Options of [`InitialSet::PretextStride`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct PretextStride {
    /// The pretext batch; the official ten rounds (`main.py`) start from batch 0, its script for the cold start alone
    /// (`main_pt4al.py`, `Loader_Cold`) from batch 5.
    #[serde(default)]
    pub batch: usize,
    /// Every how many images of the batch, from its first; the whole batch is spanned when absent. 5 in the official
    /// code, which spans its 5,000 images with 1,000 labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stride: Option<usize>,
}

/// Options of [`InitialSet::Typical`]. TypiClust's are 500 clusters at most and 20 neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Typical {
    /// Clusters at most: there are as many as labels, up to this number, and beyond it the clusters are gone through
    /// again.
    pub clusters: usize,
    /// Typicality is the inverse of the mean squared distance to so many nearest neighbours in the cluster.
    pub neighbours: usize,
}

impl InitialSet {
    /// The paper's: even intervals over the whole of pretext batch 0.
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
