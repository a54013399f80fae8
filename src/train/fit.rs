//! Training on some labels.

use anyhow::{Result, ensure};
use tch::{Kind, Tensor};

use crate::data::augment::{Draws, normalized};
use crate::data::{Data, Dataset};
use crate::model::Network;
use crate::seed::{self, Purpose};
use crate::spec::TrainSpec;
use crate::task::Task;

/// A network in training for a task.
pub struct Learner<'a> {
    pub data: &'a Data,
    pub task: &'a dyn Task,
    pub train: &'a TrainSpec,
}

/// Which training this is; it names the random streams.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    /// Positions in the train split that are labeled and trained on.
    pub labeled: &'a [usize],
    pub seed: u64,
    /// The active-learning round.
    pub round: u64,
    /// The training within the round: trainings on different labels draw from different streams.
    pub part: u64,
}

impl Learner<'_> {
    /// Trains `network` from its present weights, and calls `after_epoch` with the number of epochs done.
    ///
    /// Each epoch visits the labels once, in a new order, in minibatches of which the last may be smaller.
    ///
    /// # Errors
    /// If the loss is no longer finite, or `after_epoch` fails.
    pub fn fit(
        &self,
        network: &mut Network,
        fit: Fit,
        after_epoch: &mut dyn FnMut(usize, &mut Network) -> Result<()>,
    ) -> Result<()> {
        let Self { data, task, train } = self;
        let device = network.device();
        let mut optimizer = super::optimizer(&train.optimizer, network);
        let labeled: Vec<i64> = fit.labeled.iter().map(|&i| i as i64).collect();
        for epoch in 0..train.epochs {
            optimizer.set_lr(super::base_rate(&train.optimizer) * train.schedule.factor(epoch, train.epochs));
            let stream = |purpose| seed::stream(fit.seed, purpose, &[fit.round, fit.part, epoch as u64]);
            let order: Vec<i64> =
                seed::permutation(labeled.len(), &mut stream(Purpose::Order)).into_iter().map(|i| labeled[i]).collect();
            let order = Tensor::from_slice(&order).to_device(device);
            let draws = Draws::new(&train.augment, labeled.len(), &mut stream(Purpose::Augmentation), device);
            let mut total = Tensor::zeros([], (Kind::Float, device));
            let mut start = 0;
            for indices in order.split(train.minibatch as i64, 0) {
                let images = normalized(&draws.apply(&data.train.images(&indices), start), &data.normalize);
                let loss = task.loss(&network.forward(&images, true), &data.train.targets(&indices));
                optimizer.backward_step(&loss);
                total += loss.detach() * indices.size()[0];
                start += indices.size()[0];
            }
            // One look an epoch: each look waits for the device.
            let loss = total.double_value(&[]) / labeled.len() as f64;
            ensure!(
                loss.is_finite(),
                "training diverged in round {}: the loss is {loss} in epoch {} of {}; lower `train.optimizer.sgd.lr`",
                fit.round,
                epoch + 1,
                train.epochs
            );
            after_epoch(epoch + 1, network)?;
        }
        Ok(())
    }

    /// The metrics of `network` on positions of a split.
    pub fn evaluate(&self, network: &Network, split: &dyn Dataset, positions: &[usize]) -> Vec<(&'static str, f64)> {
        super::evaluate(network, self.task, split, positions, &self.data.normalize)
    }
}
