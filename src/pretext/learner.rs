//! Trains a pretext learner on the pool and scores the pool with it.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::colorization::Colorization;
use super::rotation::Rotation;
use super::task::Pretext;
use crate::data::Data;
use crate::model::Network;
use crate::seed::{self, Purpose};
use crate::spec::{LearnerSpec, ModelSpec, PretextCheckpoint, PretextTask};
use crate::store::Losses;
use crate::train;

/// What a pretext learner gives.
pub struct Learned {
    /// The loss of every pool image.
    pub losses: Losses,
    /// How well it does on the pool; at best 1.
    pub quality: f64,
    /// What `quality` is.
    pub measure: &'static str,
}

/// Trains the learner of `spec` on the pool, without labels, and gives the loss of every pool image and how well the
/// learner that gave them does. `done` is told of every image trained on or scored, in forward passes.
///
/// # Errors
/// If the loss is no longer finite, or images cannot be read any more.
pub fn losses(
    data: &Data,
    model: &ModelSpec,
    spec: &LearnerSpec,
    seed: u64,
    device: tch::Device,
    done: &mut dyn FnMut(u64),
) -> Result<Learned> {
    let task: Box<dyn Pretext> = match spec.task {
        PretextTask::Rotation => Box::new(Rotation { forward: spec.forward }),
        PretextTask::Colorization => Box::new(Colorization),
        PretextTask::Jigsaw(_) => todo!(),
        PretextTask::Simsiam(_) => todo!(),
    };
    let mut network = Network::new(model, task.head(), device);
    network.initialise(seed, Purpose::PretextWeights, 0);
    let mut optimizer = train::optimizer(&spec.optimizer, &network);
    let pool = &data.pool;
    let passes = task.transformations() as u64;
    let mut best: Option<Learned> = None;
    for epoch in 0..spec.epochs {
        optimizer.set_lr(train::base_rate(&spec.optimizer) * spec.schedule.factor(epoch, spec.epochs));
        let order = seed::permutation(pool.len(), &mut seed::stream(seed, Purpose::PretextOrder, &[epoch as u64]));
        let order: Vec<usize> = order.into_iter().map(|i| pool[i]).collect();
        let mut total = Tensor::zeros([], (Kind::Float, device));
        for minibatch in data.train.minibatches(&order, spec.minibatch) {
            let images = minibatch?.images;
            let loss = task.loss(&network, &images, &data.input);
            optimizer.backward_step(&loss);
            total += loss.detach() * images.size()[0];
            done(3 * passes * images.size()[0] as u64);
        }
        let loss = total.double_value(&[]) / pool.len() as f64;
        ensure!(
            loss.is_finite(),
            "pretext training diverged: the loss is {loss} in epoch {} of {}; lower `pretext.optimizer.sgd.lr`",
            epoch + 1,
            spec.epochs
        );
        if spec.checkpoint == PretextCheckpoint::BestOnPool || epoch + 1 == spec.epochs {
            let scored = score(task.as_ref(), &network, data, done)?;
            // For the worker's log.
            eprintln!(
                "epoch {}/{}: loss {loss:.4} in training; {:.2} % {} on the pool",
                epoch + 1,
                spec.epochs,
                100.0 * scored.quality,
                scored.measure
            );
            if best.as_ref().is_none_or(|best| scored.quality > best.quality) {
                best = Some(scored);
            }
        }
    }
    Ok(best.expect("at least one epoch"))
}

/// Scores the pool.
fn score(task: &dyn Pretext, network: &Network, data: &Data, done: &mut dyn FnMut(u64)) -> Result<Learned> {
    let mut losses: Vec<f64> = Vec::with_capacity(data.pool.len());
    let (mut right, mut of) = (0.0, 0.0);
    for minibatch in data.train.minibatches(&data.pool, train::minibatch(data.train.as_ref())) {
        let images = minibatch?.images;
        let n = images.size()[0];
        let scores = tch::no_grad(|| task.score(network, &images, &data.input));
        losses.extend(Vec::<f64>::try_from(scores.losses.to_kind(Kind::Double))?);
        right += scores.right;
        of += scores.of;
        done(task.transformations() as u64 * n as u64);
    }
    let rows = data.pool.iter().copied().zip(losses).collect();
    // A pool of grey pictures has no colour to tell.
    let quality = if of > 0.0 { right / of } else { 0.0 };
    Ok(Learned { losses: Losses { rows }, quality, measure: task.quality() })
}
