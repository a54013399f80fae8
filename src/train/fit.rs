//! Training on some labels.

use anyhow::{Result, ensure};
use tch::Tensor;

use crate::data::augment::Draws;
use crate::data::{Data, Dataset, Minibatch};
use crate::model::Network;
use crate::seed::{self, Purpose};
use crate::spec::{Cut, TrainSpec};
use crate::task::{Metrics, Task};

/// A network in training for a task.
pub struct Learner<'a> {
    pub data: &'a Data,
    pub task: &'a dyn Task,
    pub train: &'a TrainSpec,
    /// Those of an epoch.
    pub minibatches: Cut,
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

/// What a training has just done.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Trained on a minibatch of so many images, in an epoch counted from 1.
    Minibatch { epoch: usize, images: usize },
    /// Finished an epoch, counted from 1.
    Epoch(usize),
}

impl Learner<'_> {
    /// Trains `network` from its present weights, and calls `after` with each step.
    ///
    /// Each epoch visits the labels once, in a new order.
    ///
    /// # Errors
    /// If the loss is no longer finite, if images cannot be read any more, or if `after` fails.
    pub fn fit(
        &self,
        network: &mut Network,
        fit: Fit,
        after: &mut dyn FnMut(Step, &mut Network) -> Result<()>,
    ) -> Result<()> {
        let Self { data, task, train, minibatches } = self;
        let device = network.device();
        let mut optimizer = super::optimizer(&train.optimizer, network);
        for epoch in 0..train.epochs {
            optimizer.set_lr(super::base_rate(&train.optimizer) * train.schedule.factor(epoch, train.epochs));
            let stream = |purpose| seed::stream(fit.seed, purpose, &[fit.round, fit.part, epoch as u64]);
            let order = seed::permutation(fit.labeled.len(), &mut stream(Purpose::Order));
            let order: Vec<usize> = order.into_iter().map(|i| fit.labeled[i]).collect();
            let size = data.train.size();
            let draws = Draws::new(&train.augment, order.len(), size, &mut stream(Purpose::Augmentation), device);
            let mut total = Tensor::zeros([], (network.kind(), device));
            let mut start = 0;
            for minibatch in data.train.minibatches(&order, *minibatches) {
                let Minibatch { images, targets } = draws.apply(minibatch?, start);
                let n = images.size()[0];
                let loss = task.loss(&network.forward(&data.input.prepare(&images), true), &targets);
                optimizer.backward_step(&loss);
                total += loss.detach() * n;
                start += n;
                after(Step::Minibatch { epoch: epoch + 1, images: n as usize }, network)?;
            }
            // One look an epoch: each look waits for the device.
            let loss = total.double_value(&[]) / order.len() as f64;
            ensure!(
                loss.is_finite(),
                "training diverged in round {}: the loss is {loss} in epoch {} of {}; lower `train.optimizer.sgd.lr`",
                fit.round,
                epoch + 1,
                train.epochs
            );
            after(Step::Epoch(epoch + 1), network)?;
        }
        Ok(())
    }

    /// The metrics of `network` on positions of a split.
    ///
    /// # Errors
    /// If images cannot be read any more.
    pub fn evaluate(&self, network: &Network, split: &dyn Dataset, positions: &[usize]) -> Result<Metrics> {
        super::evaluate(network, self.task, split, positions, &self.data.input)
    }
}
