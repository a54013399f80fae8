//! What one worker process of a run does: train a pretext learner, or run a trial.

use std::path::PathBuf;

use super::deadline::Sort;
use super::time_left::Kind;
use pt4al_results::spec::{Spec, Trial};

/// The work of one worker process.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Task {
    /// Trains a pretext learner and writes its losses into the shared cache.
    Pretext {
        losses: Losses,
        /// The file in the cache.
        cached: PathBuf,
        /// The file for the learner's features, if a trial needs them.
        features: Option<PathBuf>,
    },
    Trial {
        trial: Trial,
        /// The file with the features of the trial's pretext learner, if it needs them.
        features: Option<PathBuf>,
    },
}

/// The pretext losses of a protocol (see [`Spec::losses_of`]) and a seed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Losses {
    pub variant: Option<String>,
    pub seed: u64,
}

impl Losses {
    /// The losses that a trial needs, if any.
    pub fn needed_by(spec: &Spec, trial: &Trial) -> Option<Self> {
        if !spec.protocol_of(trial).uses_pretext(&trial.sampler) {
            return None;
        }
        let variant = spec.losses_of(trial.variant.as_deref()).map(str::to_owned);
        Some(Self { variant, seed: trial.seed })
    }

    /// The name for people: `seed3`, or `jigsaw seed3`.
    pub fn name(&self) -> String {
        let variant = self.variant.as_ref().map_or(String::new(), |name| format!("{name} "));
        format!("{variant}seed{}", self.seed)
    }
}

impl Task {
    pub fn name(&self) -> String {
        match self {
            Self::Pretext { losses, .. } => format!("pretext {}", losses.name()),
            Self::Trial { trial, .. } => trial.key(),
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Pretext { .. } => Kind::Pretext,
            Self::Trial { .. } => Kind::Trial,
        }
    }

    /// The first part of the task that is either finished or lost as a whole: `the next round of core-set-seed3`.
    pub fn first_piece(&self) -> String {
        match self {
            Self::Pretext { .. } => format!("the pretext learner of {}", self.subject()),
            Self::Trial { .. } => format!("the next round of {}", self.subject()),
        }
    }

    /// The trial or the losses that the task belongs to: `core-set-seed3`, `jigsaw seed3`.
    pub fn subject(&self) -> String {
        match self {
            Self::Pretext { losses, .. } => losses.name(),
            Self::Trial { trial, .. } => trial.key(),
        }
    }

    /// Tasks of the same sort run about equally fast.
    pub fn sort(&self) -> Sort {
        let variant = match self {
            Self::Pretext { losses, .. } => &losses.variant,
            Self::Trial { trial, .. } => &trial.variant,
        };
        Sort { kind: self.kind(), variant: variant.clone() }
    }
}
