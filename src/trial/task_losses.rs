//! The task losses of pool images, under a model that was trained on the whole pool or under one that never saw the images.
//! They are compared with pretext losses (paper, section 4: the correlation of the two).

use std::path::Path;

use anyhow::{Result, ensure};
use tch::{Device, Kind};

use super::Reporter;
use super::checkpoint::{self, Halfway, Kept};
use super::round::Progress;
use crate::dataset;
use crate::task;
use crate::train::{Fit, Learner, Step, infer};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::Spec;
use pt4al_results::store::{Losses, Manifest, PartMetric};

/// One training for task losses.
#[derive(Debug)]
pub struct LossJob<'a> {
    /// The results folder.
    pub folder: &'a Path,
    pub spec: &'a Spec,
    pub seed: u64,
    /// The fold of the pool that is held out and measured, counted from 0; `None`: the whole pool is trained on and measured.
    pub fold: Option<usize>,
    /// Number of folds.
    pub folds: usize,
    /// The folder of the data sets.
    pub data: &'a Path,
    pub device: Device,
}

/// Trains the task model on the pool, or on all folds except one; `checkpoint` is the file of the training's checkpoint. Returns
/// the losses of the pool, or of that fold, after the last epoch, and the primary metric on the same images.
///
/// # Errors
/// If data cannot be read, or training diverges; [`super::OutOfTime`] if it cannot be finished in time.
pub fn run(job: &LossJob, checkpoint: &Path, report: &mut Reporter) -> Result<(Losses, PartMetric)> {
    let spec = job.spec;
    let data = dataset::open(spec, job.data, job.device, &Manifest::data_of(job.folder)?)?;
    let (trained_on, measured) = split(&data.pool, job.fold, job.folds, job.seed);
    let task = task::task(spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, spec.minibatches());
    let mut network = learner.network(&spec.model)?;
    network.initialise(job.seed, Purpose::Weights, 0);
    let part = job.fold.map_or(0, |fold| fold as u64 + 1);
    let fit = Fit { labeled: &trained_on, seed: job.seed, round: 0, part };
    let training = format!("seed {}, part {part}, images {}", job.seed, checkpoint::hash_of(&trained_on));
    let kept = Kept { path: checkpoint, training: &training };
    let mut checkpoints = kept.checkpoints(spec, &network, job.device, report.units());
    let units = spec.correlation_work(data.pool.len(), job.fold.map(|_| job.folds)).units();
    let halfway = Halfway::begin((|| "the training".into(), units), &checkpoints, &network, report)?;
    let (mut progress, mut begun) = (Progress::default(), None);
    if let Some(halfway) = halfway {
        network.restore(&halfway.weights);
        (progress, begun) = (halfway.progress, Some(halfway.begun));
    }
    let epochs = spec.train.epochs;
    // The forward passes of earlier processes. This one does nothing but the training.
    let earlier = progress.units;
    learner.fit_from(begun.as_ref(), &mut network, fit, &mut |step| {
        let (epoch, network, optimizer) = match step {
            Step::Minibatch { epoch, images } => {
                return report.at(3 * images as u64, || format!("epoch {epoch}/{epochs}"));
            }
            Step::Epoch(epoch, network, optimizer) => (epoch.number, network, optimizer),
        };
        // On a GPU, only now is it known how long the minibatches took.
        report.at(0, || format!("epoch {epoch}/{epochs}"))?;
        let done = report.units();
        if epoch < epochs && checkpoints.are_due(done) {
            (progress.epoch, progress.units) = (epoch, earlier + done);
            checkpoint::write(&mut checkpoints, &progress, network, optimizer, done);
            report.keep();
        }
        Ok(())
    })?;
    let mut losses = Vec::with_capacity(measured.len());
    let mut meter = task.meter();
    infer(&network, data.train.as_ref(), &measured, &data.input, &mut |_, outputs, targets| {
        let image_losses = task.losses(&outputs, targets).to_kind(Kind::Double);
        losses.extend(Vec::<f64>::try_from(image_losses).expect("a loss for each image"));
        meter.add(&outputs, targets);
    })?;
    let diverged = losses.iter().filter(|loss| !loss.is_finite()).count();
    ensure!(
        diverged == 0,
        "training diverged: {diverged} of the {} losses are not finite after the last of {} epochs; lower `{}`",
        losses.len(),
        spec.train.epochs,
        spec.train.optimizer.lr_key("train")
    );
    report.done(measured.len() as u64);
    let rows = measured.into_iter().zip(losses).collect();
    let (metric, value) = meter.metrics().swap_remove(0);
    Ok((Losses { rows }, PartMetric { metric, value }))
}

/// The indices of the images to train on and of the images to measure.
fn split(pool: &[usize], fold: Option<usize>, folds: usize, seed: u64) -> (Vec<usize>, Vec<usize>) {
    let Some(fold) = fold else { return (pool.to_vec(), pool.to_vec()) };
    let order = seed::permutation(pool.len(), &mut seed::stream(seed, Purpose::Folds, &[folds as u64]));
    let mut held_out = vec![false; pool.len()];
    order.into_iter().skip(fold).step_by(folds).for_each(|row| held_out[row] = true);
    let (measured, trained_on): (Vec<_>, Vec<_>) = pool.iter().zip(held_out).partition(|image| image.1);
    (trained_on.into_iter().map(|image| *image.0).collect(), measured.into_iter().map(|image| *image.0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_image_is_held_out_of_exactly_one_model() {
        let pool: Vec<usize> = (0..23).map(|i| 10 * i).collect();
        let mut measured = Vec::new();
        for fold in 0..4 {
            let (trained_on, held_out) = split(&pool, Some(fold), 4, 7);
            assert!((5..=6).contains(&held_out.len()) && trained_on.len() + held_out.len() == 23);
            assert!(held_out.iter().all(|i| !trained_on.contains(i)));
            measured.extend(held_out);
        }
        measured.sort_unstable();
        assert_eq!(measured, pool);
        assert_eq!(split(&pool, None, 4, 7), (pool.clone(), pool));
    }
}
