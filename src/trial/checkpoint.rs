//! The checkpoint of a round, or of a training by itself: what it belongs to, and how the training goes on from it.

use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tch::{Device, Tensor};

use super::round::Progress;
use super::{Job, Reporter};
use crate::device;
use crate::model::{Network, Snapshot};
use crate::train::checkpoint::{self, Checkpoints, Identity, Tensors};
use crate::train::{Begun, Optimizer};
use pt4al_results::spec::{Spec, Trial, hex};
use pt4al_results::store::TrialFiles;

/// A round that goes on after an epoch of an earlier process.
#[derive(Debug)]
pub(super) struct Halfway {
    pub progress: Progress,
    pub weights: Snapshot,
    /// The epochs of the training in progress.
    pub begun: Begun,
}

/// The checkpoints of the round of a trial with the labels `labeled`, which begins now, when its process has done `done` forward passes.
/// `spec` is the protocol of the trial's arm.
pub(super) fn checkpoints(
    job: &Job,
    spec: &Spec,
    network: &Network,
    (round, labeled): (usize, &[usize]),
    done: u64,
) -> Checkpoints {
    let identity = vec![
        ("trial", job.trial.key()),
        ("spec", spec.hash()),
        ("round", round.to_string()),
        ("labels", hash_of(labeled)),
        ("network", network.layout()),
        // Records name one device for a round.
        ("device", device::name(job.device)),
    ];
    let path = TrialFiles::below(job.folder, job.trial).checkpoint_path();
    Checkpoints::new(format!("round {round}"), path, identity, spec.checkpoint_minutes, done)
}

/// Returns the SHA-256 of indices in their order, in hexadecimal digits.
pub(super) fn hash_of(indices: &[usize]) -> String {
    let mut hash = Sha256::new();
    indices.iter().for_each(|&index| hash.update((index as u64).to_le_bytes()));
    hex(&hash.finalize())
}

/// The checkpoint of a training that belongs to no trial.
#[derive(Clone, Copy, Debug)]
pub struct Kept<'a> {
    /// Its file.
    pub path: &'a Path,
    /// Names all that decides what is trained, beside spec, network and device.
    pub training: &'a str,
}

impl Kept<'_> {
    /// The checkpoints of the training, which begins now, when its process has done `done` forward passes.
    pub(super) fn checkpoints(&self, spec: &Spec, network: &Network, device: Device, done: u64) -> Checkpoints {
        let identity = vec![
            ("training", self.training.to_owned()),
            ("spec", spec.hash()),
            ("network", network.layout()),
            ("device", device::name(device)),
        ];
        Checkpoints::new("the training".into(), self.path.to_owned(), identity, spec.checkpoint_minutes, done)
    }
}

/// The part of [`Progress`] that tells how much of a round is done.
#[derive(Deserialize)]
struct Saved {
    units: u64,
}

/// Returns the forward passes that a trial's checkpoint saves its round `round`: 0 if it has none of that round. Only the head of the
/// file is read, so a damaged file may count.
pub(crate) fn saved_units(folder: &Path, spec: &Spec, trial: &Trial, round: usize) -> u64 {
    let wanted = vec![("trial", trial.key()), ("spec", spec.protocol_of(trial).hash()), ("round", round.to_string())];
    peek(&TrialFiles::below(folder, trial).checkpoint_path(), &wanted)
}

/// Returns the forward passes that the checkpoint in the file `path` saves a training that belongs to no trial, as [`saved_units`] does.
/// `training` is that of [`Kept`], if it is known.
pub(crate) fn saved_units_alone(path: &Path, spec: &Spec, training: Option<&str>) -> u64 {
    let training = training.map(|training| ("training", training.to_owned()));
    peek(path, &training.into_iter().chain([("spec", spec.hash())]).collect())
}

fn peek(path: &Path, wanted: &Identity) -> u64 {
    checkpoint::peek(path, wanted).map_or(0, |Saved { units }| units)
}

impl Halfway {
    /// Returns the state that an earlier process left, if there is one that can be used ([`Checkpoints::find`]).
    pub fn find(checkpoints: &Checkpoints, network: &Network, say: impl FnOnce(String)) -> Option<Self> {
        checkpoints.find(say, |progress, tensors| {
            let halfway = Self::resume(progress, tensors, network)?;
            let epochs = halfway.begun.epochs;
            Ok((halfway, epochs))
        })
    }

    /// Begins a training of `units` forward passes, after the epochs of an earlier process if it left a state that can be used. These
    /// count as done.
    ///
    /// # Errors
    /// As for [`Reporter::begin`].
    pub fn begin(
        (what, units): (impl FnOnce() -> String, u64),
        checkpoints: &Checkpoints,
        network: &Network,
        report: &mut Reporter,
    ) -> Result<Option<Self>> {
        let halfway = Self::find(checkpoints, network, |line| report.note(line));
        let skipped = halfway.as_ref().map_or(0, |halfway| halfway.progress.units);
        report.skip(skipped);
        report.begin(what, units.saturating_sub(skipped), checkpoints.every())?;
        Ok(halfway)
    }

    fn resume(mut progress: Progress, mut tensors: Tensors, network: &Network) -> Result<Self> {
        let mut snapshot = |name: &str| tensors.remove(name).and_then(|numbers| network.snapshot_of(&numbers));
        let weights = snapshot(WEIGHTS).context("its weights are missing, or are of another network")?;
        if let Some(best) = &mut progress.best {
            best.weights = snapshot(BEST);
        }
        progress.queries = snapshot(QUERIES);
        let begun = Begun { epochs: progress.epoch, past: checkpoint::past(tensors) };
        Ok(Self { progress, weights, begun })
    }
}

/// Writes a checkpoint of a round after an epoch, in a process that has done `done` forward passes.
pub(super) fn write(
    checkpoints: &mut Checkpoints,
    progress: &Progress,
    network: &Network,
    optimizer: &Optimizer,
    done: u64,
) {
    let weights = network.snapshot();
    let mut tensors: Vec<(String, &Tensor)> = vec![(WEIGHTS.into(), weights.numbers())];
    tensors.extend(checkpoint::name_past(optimizer.past()));
    let best = progress.best.as_ref().and_then(|best| best.weights.as_ref());
    tensors.extend(best.map(|best| (BEST.into(), best.numbers())));
    tensors.extend(progress.queries.as_ref().map(|kept| (QUERIES.into(), kept.numbers())));
    checkpoints.write(progress, &tensors, done);
}

/// The tensor with the weights after the epoch.
const WEIGHTS: &str = "weights";
/// The tensor with the weights of the best epoch.
const BEST: &str = "best";
/// The tensor with the weights that query, of a training before the one in progress.
const QUERIES: &str = "queries";

#[cfg(test)]
mod tests;
