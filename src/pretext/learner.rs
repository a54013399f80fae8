//! Trains a pretext learner on the pool and scores the pool with it.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use super::rotation::Rotation;
use super::task::Pretext;
use crate::data::Data;
use crate::model::Network;
use crate::seed::{self, Purpose};
use crate::spec::{ModelSpec, PretextCheckpoint, PretextSpec, PretextTask};
use crate::store::Losses;
use crate::train;

/// Trains the learner of `spec` on the pool, without labels, and gives the loss of every pool image and the pretext
/// accuracy of the learner that gave them. `done` is told of every image trained on or scored, in forward passes.
///
/// # Errors
/// If the loss is no longer finite.
pub fn losses(
    data: &Data,
    model: &ModelSpec,
    spec: &PretextSpec,
    seed: u64,
    device: tch::Device,
    done: &mut dyn FnMut(u64),
) -> Result<(Losses, f64)> {
    let task: Box<dyn Pretext> = match spec.task {
        PretextTask::Rotation => Box::new(Rotation { forward: spec.forward }),
    };
    let mut network = Network::new(model, task.outputs(), device);
    network.initialise(seed, Purpose::PretextWeights, 0);
    let mut optimizer = train::optimizer(&spec.optimizer, &network);
    let pool: Vec<i64> = data.pool.iter().map(|&i| i as i64).collect();
    let passes = task.transformations() as u64;
    let mut best: Option<(Losses, f64)> = None;
    for epoch in 0..spec.epochs {
        optimizer.set_lr(train::base_rate(&spec.optimizer) * spec.schedule.factor(epoch, spec.epochs));
        let order = seed::permutation(pool.len(), &mut seed::stream(seed, Purpose::PretextOrder, &[epoch as u64]));
        let order: Vec<i64> = order.into_iter().map(|i| pool[i]).collect();
        let order = Tensor::from_slice(&order).to_device(device);
        let mut total = Tensor::zeros([], (Kind::Float, device));
        for indices in order.split(spec.minibatch as i64, 0) {
            let loss = task.loss(&network, &data.train.images(&indices), &data.normalize);
            optimizer.backward_step(&loss);
            total += loss.detach() * indices.size()[0];
            done(3 * passes * indices.size()[0] as u64);
        }
        let loss = total.double_value(&[]) / pool.len() as f64;
        ensure!(
            loss.is_finite(),
            "pretext training diverged: the loss is {loss} in epoch {} of {}; lower `pretext.optimizer.sgd.lr`",
            epoch + 1,
            spec.epochs
        );
        if spec.checkpoint == PretextCheckpoint::BestOnPool || epoch + 1 == spec.epochs {
            let scored = score(task.as_ref(), &network, data, done);
            // For the worker's log.
            eprintln!(
                "epoch {}/{}: loss {loss:.4} in training, accuracy {:.4} on the pool",
                epoch + 1,
                spec.epochs,
                scored.1
            );
            if best.as_ref().is_none_or(|(_, accuracy)| scored.1 > *accuracy) {
                best = Some(scored);
            }
        }
    }
    Ok(best.expect("at least one epoch"))
}

/// The loss of every pool image and the accuracy over the pool.
fn score(task: &dyn Pretext, network: &Network, data: &Data, done: &mut dyn FnMut(u64)) -> (Losses, f64) {
    let mut rows = Vec::with_capacity(data.pool.len());
    let mut right = 0.0;
    for positions in data.pool.chunks(train::minibatch(data.train.device())) {
        let indices: Vec<i64> = positions.iter().map(|&i| i as i64).collect();
        let images = data.train.images(&Tensor::from_slice(&indices).to_device(data.train.device()));
        let scores = tch::no_grad(|| task.score(network, &images, &data.normalize));
        let losses: Vec<f64> = Vec::try_from(scores.losses.to_kind(Kind::Double)).expect("one loss an image");
        rows.extend(positions.iter().copied().zip(losses));
        right += scores.accuracy * positions.len() as f64;
        done(task.transformations() as u64 * positions.len() as u64);
    }
    (Losses { rows }, right / data.pool.len() as f64)
}
