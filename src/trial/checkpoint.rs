//! The checkpoint of a round: when it is written, what it belongs to, and whether a round goes on from it.

use std::path::PathBuf;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use tch::Tensor;

use super::round::Progress;
use super::{Job, Reporter};
use crate::device;
use crate::model::{Network, Snapshot};
use crate::train::checkpoint::{self, Identity};
use crate::train::{Begun, Optimizer};
use pt4al_results::spec::{Spec, hex};
use pt4al_results::store::TrialFiles;

/// The checkpoints of one round of a trial.
#[derive(Debug)]
pub(super) struct Checkpoints {
    path: PathBuf,
    identity: Identity,
    /// Seconds between two checkpoints; `None` if none are written.
    every: Option<f64>,
    /// The time of the last one, or of the start.
    last: f64,
}

/// A round that goes on after an epoch of an earlier process.
#[derive(Debug)]
pub(super) struct Halfway {
    pub progress: Progress,
    pub weights: Snapshot,
    /// The epochs of the training in progress.
    pub begun: Begun,
}

impl Checkpoints {
    /// The checkpoints of the round of a trial with the labels `labeled`, which begins now. `spec` is the protocol of its arm.
    pub fn new(job: &Job, spec: &Spec, network: &Network, (round, labeled): (usize, &[usize]), now: f64) -> Self {
        let mut labels = Sha256::new();
        labeled.iter().for_each(|&index| labels.update((index as u64).to_le_bytes()));
        let identity = vec![
            ("trial", job.trial.key()),
            ("spec", spec.hash()),
            ("round", round.to_string()),
            ("labels", hex(&labels.finalize())),
            ("network", network.layout()),
            // Records name one device for a round.
            ("device", device::name(job.device)),
        ];
        let every = (spec.checkpoint_minutes > 0).then_some(60.0 * spec.checkpoint_minutes as f64);
        Self { path: TrialFiles::below(job.folder, job.trial).checkpoint_path(), identity, every, last: now }
    }

    /// Returns the state that an earlier process left. A file that cannot be used is removed, and the log says why.
    pub fn find(&self, network: &Network) -> Option<Halfway> {
        if !self.path.exists() {
            return None;
        }
        match self.read(network) {
            Ok(halfway) => {
                eprintln!("{}: the round goes on after epoch {}", self.path.display(), halfway.progress.epoch);
                Some(halfway)
            }
            Err(why) => {
                let path = self.path.display();
                eprintln!("{path}: not used, and removed ({why:#}); the round starts from its beginning");
                // A file that stays does no harm: it is refused each time.
                let _ = std::fs::remove_file(&self.path);
                None
            }
        }
    }

    fn read(&self, network: &Network) -> Result<Halfway> {
        let (mut progress, mut tensors): (Progress, _) = checkpoint::read(&self.path, &self.identity)?;
        let mut snapshot = |name: &str| tensors.remove(name).and_then(|numbers| network.snapshot_of(&numbers));
        let weights = snapshot(WEIGHTS).context("its weights are missing, or are of another network")?;
        if let Some(best) = &mut progress.best {
            best.weights = snapshot(BEST);
        }
        progress.queries = snapshot(QUERIES);
        let past = tensors.into_iter().filter_map(|(name, tensor)| Some((name.strip_prefix(PAST)?.to_owned(), tensor)));
        let begun = Begun { epochs: progress.epoch, past: past.collect() };
        Ok(Halfway { progress, weights, begun })
    }

    /// Whether a checkpoint is due.
    pub fn are_due(&self, report: &Reporter) -> bool {
        self.every.is_some_and(|seconds| report.now() - self.last >= seconds)
    }

    /// Writes a checkpoint. If that fails, the log says so and the round goes on: it needs no checkpoint unless it is killed.
    pub fn write(&mut self, progress: &Progress, network: &Network, optimizer: &Optimizer, report: &Reporter) {
        let weights = network.snapshot();
        let mut tensors: Vec<(String, &Tensor)> = vec![(WEIGHTS.into(), weights.numbers())];
        tensors.extend(optimizer.past().into_iter().map(|(name, tensor)| (format!("{PAST}{name}"), tensor)));
        let best = progress.best.as_ref().and_then(|best| best.weights.as_ref());
        tensors.extend(best.map(|best| (BEST.into(), best.numbers())));
        tensors.extend(progress.queries.as_ref().map(|kept| (QUERIES.into(), kept.numbers())));
        if let Err(error) = checkpoint::write(&self.path, &self.identity, progress, &tensors) {
            eprintln!("warning: no checkpoint was written: {error:#}");
        }
        self.last = report.now();
    }
}

/// The tensor with the weights after the epoch.
const WEIGHTS: &str = "weights";
/// The beginning of the names of what past steps left in the optimizer.
const PAST: &str = "optimizer.";
/// The tensor with the weights of the best epoch.
const BEST: &str = "best";
/// The tensor with the weights that query, of a training before the one in progress.
const QUERIES: &str = "queries";
