//! The pretext batches and features of a trial.

use anyhow::{Result, ensure};
use tch::Tensor;

use super::Job;
use crate::dataset::Data;
use pt4al_results::batches::split_into_batches;
use pt4al_results::spec::{Cut, Spec};
use pt4al_results::store::{Losses, losses_path};

/// The outputs of the pretext learner, or given features, that samplers and initial sets may see. The default has none.
#[derive(Debug, Default)]
pub struct Pretext {
    /// The pool in pretext batches, as [`split_into_batches`] cuts it: indices in the train split.
    pub batches: Vec<Vec<usize>>,
    /// The loss of each image of the pool, in ascending order of indices.
    pub losses: Vec<f64>,
    /// Float `[pool, d]`, a row for each image of the pool in ascending order of indices.
    pub features: Option<Tensor>,
}

impl Pretext {
    /// Reads what the trial needs; empty if its sampler needs no pretext losses, and neither does its initial set or the initial
    /// labels are chosen already.
    ///
    /// # Errors
    /// If losses or features cannot be read, or are not those of the pool.
    pub(super) fn read(job: &Job, spec: &Spec, data: &Data, initial: bool) -> Result<Self> {
        let sampler = &job.trial.sampler;
        let needed = spec.uses_pretext(sampler) && (initial || sampler.needs_pretext());
        let given = initial && spec.replay.is_none() && spec.model.features().is_some();
        let given = given && spec.initial_set(sampler).needs_features();
        let given = given.then(|| given_features(data)).transpose()?;
        let Some(pretext) = spec.pretext.as_ref().filter(|_| needed) else {
            return Ok(Self { features: given, ..Self::default() });
        };
        let variant = job.spec.losses_of(job.trial.variant.as_deref());
        let path = losses_path(job.folder, variant, job.trial.seed);
        let losses = Losses::read(&path)?;
        let is_pool = losses.rows.iter().map(|r| r.0).eq(data.pool.iter().copied());
        ensure!(is_pool, "{}: its images are not those of the pool; remove the file and run again", path.display());
        let batches = split_into_batches(&losses, pretext.order, spec.pretext_batches());
        let losses = losses.rows.iter().map(|row| row.1).collect();
        let features = match job.features {
            Some(path) if spec.reads_learned_features(sampler) => {
                let features = crate::pretext::read_features(path)?.to_device(job.device);
                ensure!(
                    features.size()[0] as usize == data.pool.len(),
                    "{}: features of {} images, but the pool has {}; remove the file and run again",
                    path.display(),
                    features.size()[0],
                    data.pool.len()
                );
                Some(features)
            }
            _ => given,
        };
        Ok(Self { batches, losses, features })
    }
}

/// Returns the given features of the pool, float `[pool, d]`.
fn given_features(data: &Data) -> Result<Tensor> {
    let rows = data.train.minibatches(&data.pool, Cut::of(10_000)).map(|minibatch| Ok(minibatch?.images));
    Ok(Tensor::cat(&rows.collect::<Result<Vec<_>>>()?, 0))
}
