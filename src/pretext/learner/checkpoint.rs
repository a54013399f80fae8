//! The checkpoint of a pretext learner: what it belongs to, and how the learner goes on from it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::{Learned, Learner};
use crate::model::{Network, Snapshot};
use crate::train::checkpoint::{self, Checkpoints, Tensors};
use crate::train::{Optimizer, Steps};
use pt4al_results::store::Losses;

/// Returns the checkpoints of a learner whose process begins now, in the file `path`, `minutes` apart (0: none). `key` is its
/// [`cache_key`](crate::pretext::cache_key); `features`: whether it gives features too.
pub(crate) fn checkpoints(path: PathBuf, key: String, features: bool, minutes: usize) -> Checkpoints {
    let identity = vec![("learner", key), (FEATURES, features.to_string())];
    Checkpoints::new("the learner".into(), path, identity, minutes, 0)
}

/// Returns the forward passes that a checkpoint saves the learner whose losses go to the file `losses`: 0 if it has none. Only the head
/// of the checkpoint is read, so a damaged one may count.
pub(crate) fn saved_passes(losses: &Path, features: bool) -> u64 {
    let wanted = vec![(FEATURES, features.to_string())];
    checkpoint::peek(&checkpoint::beside(losses), &wanted).map_or(0, |State { units, .. }| units)
}

/// The part of a learner's identity that its cache key does not have.
const FEATURES: &str = "choice to give features";

/// A learner after some epochs, beside tensors.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    /// The number of epochs.
    epochs: usize,
    /// The forward passes so far.
    units: u64,
    /// The quality of the best epoch, if the pool was scored.
    best: Option<f64>,
}

/// A learner that goes on after the epochs of an earlier process.
#[derive(Debug)]
pub(crate) struct Saved {
    state: State,
    tensors: Tensors,
}

impl Saved {
    /// Returns what an earlier process left, if it can be used ([`Checkpoints::find`]).
    pub fn find(checkpoints: &Checkpoints, say: impl FnOnce(String)) -> Option<Self> {
        checkpoints.find(say, |state: State, tensors| {
            let epochs = state.epochs;
            Ok((Self { state, tensors }, epochs))
        })
    }

    /// Returns the number of epochs.
    pub(super) fn epochs(&self) -> usize {
        self.state.epochs
    }

    /// Returns the forward passes of these epochs.
    pub fn units(&self) -> u64 {
        self.state.units
    }

    /// Gives network and optimizer their state after the epochs. Returns the scores of the best epoch and its weights, if there are any.
    ///
    /// # Errors
    /// If they are of another network, optimizer or pool.
    pub(super) fn take_up(
        self,
        learner: &Learner,
        network: &mut Network,
        steps: &mut Steps,
    ) -> Result<(Option<Learned>, Option<Snapshot>)> {
        let Self { state, mut tensors } = self;
        let mut snapshot = |name: &str| tensors.remove(name).and_then(|numbers| network.snapshot_of(&numbers));
        let weights = snapshot(WEIGHTS).context("the learner's checkpoint is of another network; remove it")?;
        let best_weights = snapshot(BEST);
        let losses = tensors.remove(LOSSES);
        network.restore(&weights);
        steps.resume_training(&checkpoint::past(tensors))?;
        let scores = |quality| -> Result<Learned> {
            let losses = Vec::<f64>::try_from(losses.context("the learner's checkpoint has no losses; remove it")?)?;
            let (pool, task) = (&learner.data.pool, learner.task);
            ensure!(losses.len() == pool.len(), "the learner's checkpoint is of another pool; remove it");
            let rows = pool.iter().copied().zip(losses).collect();
            Ok(Learned { losses: Losses { rows }, quality, measure: task.quality(), features: None })
        };
        Ok((state.best.map(scores).transpose()?, best_weights))
    }
}

impl State {
    pub fn new(epochs: usize, units: u64, best: Option<(&Learned, Option<&Snapshot>)>) -> Self {
        Self { epochs, units, best: best.map(|best| best.0.quality) }
    }

    /// Writes a checkpoint, in a process that has done `done` forward passes. `best` are the scores of the best epoch and its weights.
    pub fn write(
        &self,
        checkpoints: &mut Checkpoints,
        network: &Network,
        optimizer: &Optimizer,
        best: Option<(&Learned, Option<&Snapshot>)>,
        done: u64,
    ) {
        let weights = network.snapshot();
        let losses = best.map(|best| best.0.losses.rows.iter().map(|row| row.1).collect::<Vec<f64>>());
        let losses = losses.map(|losses| Tensor::from_slice(&losses).to_kind(Kind::Double));
        let mut tensors: Vec<(String, &Tensor)> = vec![(WEIGHTS.into(), weights.numbers())];
        tensors.extend(checkpoint::name_past(optimizer.past()));
        tensors.extend(losses.as_ref().map(|losses| (LOSSES.into(), losses)));
        tensors.extend(best.and_then(|best| best.1).map(|weights| (BEST.into(), weights.numbers())));
        checkpoints.write(self, &tensors, done);
    }
}

/// The tensor with the weights after the epochs.
const WEIGHTS: &str = "weights";
/// The tensor with the losses of the pool after the best epoch, `[pool]`.
const LOSSES: &str = "losses";
/// The tensor with the weights of the best epoch.
const BEST: &str = "best";
