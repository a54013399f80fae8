//! Training on some labels.

use std::cell::RefCell;

use anyhow::{Result, ensure};
use tch::Tensor;

use super::Steps;
use crate::dataset::augment::Draws;
use crate::dataset::{Data, Dataset, Held, Minibatch, Place};
use crate::model::Network;
use crate::task::{Metrics, Task};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{Cut, ModelSpec, TrainSpec};

/// A network in training for a task.
pub struct Learner<'a> {
    pub data: &'a Data,
    pub task: &'a dyn Task,
    pub train: &'a TrainSpec,
    /// Those of an epoch.
    pub minibatches: Cut,
    /// What the last training leaves for the next one of the same network: its steps may have been recorded.
    training: RefCell<Option<Training>>,
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
#[derive(Debug)]
pub enum Step<'n> {
    /// Trained on a minibatch of so many images, in an epoch counted from 1.
    Minibatch { epoch: usize, images: usize },
    /// Finished an epoch, counted from 1, with this network.
    Epoch(usize, &'n mut Network),
}

impl<'a> Learner<'a> {
    /// Trainings on `data` as a spec says.
    pub fn new(data: &'a Data, task: &'a dyn Task, train: &'a TrainSpec, minibatches: Cut) -> Self {
        Self { data, task, train, minibatches, training: RefCell::new(None) }
    }

    /// A network of `model` for the learner's task, on the device of its data and in the precision of its training. The
    /// weights are zero until [`Network::initialise`].
    pub fn network(&self, model: &ModelSpec) -> Network {
        Network::new(model, self.task.head(), self.data.train.device()).in_precision(self.train.precision)
    }

    /// Trains `network` from its present weights, and calls `after` with each step.
    ///
    /// Each epoch visits the labels once, in a new order.
    ///
    /// # Errors
    /// If the loss is no longer finite, if images cannot be read any more, or if `after` fails.
    pub fn fit(&self, network: &mut Network, fit: Fit, after: &mut dyn FnMut(Step) -> Result<()>) -> Result<()> {
        let Self { data, train, .. } = self;
        let kept = self.training.take().filter(|training| training.network == network.id());
        let mut training = kept.unwrap_or_else(|| Training::new(self, network, data.train.len()));
        training.steps.begin_training();
        for epoch in 0..train.epochs {
            let stream = |purpose| seed::stream(fit.seed, purpose, &[fit.round, fit.part, epoch as u64]);
            let order = seed::permutation(fit.labeled.len(), &mut stream(Purpose::Order));
            let order: Vec<usize> = order.into_iter().map(|i| fit.labeled[i]).collect();
            let draws = self.draws(order.len(), &mut stream(Purpose::Augmentation));
            let factor = train.schedule.factor(epoch, train.epochs);
            let mut stepped = |images| after(Step::Minibatch { epoch: epoch + 1, images });
            let loss = training.epoch(self, network, (&order, draws), factor, &mut stepped)?;
            ensure!(
                loss.is_finite(),
                "training diverged in round {}: the loss is {loss} in epoch {} of {}; lower `train.optimizer.sgd.lr`",
                fit.round,
                epoch + 1,
                train.epochs
            );
            after(Step::Epoch(epoch + 1, network))?;
        }
        self.training.replace(Some(training));
        Ok(())
    }

    /// The augmentation of an epoch of `n` images.
    pub(super) fn draws(&self, n: usize, stream: &mut seed::Stream) -> Draws {
        Draws::new(&self.train.augment, n, self.data.train.size(), stream, self.data.train.device())
    }

    /// The metrics of `network` on positions of a split.
    ///
    /// # Errors
    /// If images cannot be read any more.
    pub fn evaluate(&self, network: &Network, split: &dyn Dataset, positions: &[usize]) -> Result<Metrics> {
        super::evaluate(network, self.task, split, positions, &self.data.input)
    }
}

/// The steps of a network's trainings, and what they read.
pub(super) struct Training {
    /// The network's.
    network: usize,
    pub steps: Steps,
    /// Rows of an epoch at most.
    room: i64,
    draws: Held<Draws>,
    /// int64 `[epoch]`: positions in the split, where that is in the device's memory.
    order: Held<Tensor>,
    /// The minibatch otherwise.
    fed: (Held<Tensor>, Held<Tensor>),
}

impl Training {
    /// For epochs of at most `room` images.
    pub fn new(learner: &Learner, network: &Network, room: usize) -> Self {
        Self {
            network: network.id(),
            steps: Steps::new(&learner.train.optimizer, network),
            room: room as i64,
            draws: Held::default(),
            order: Held::default(),
            fed: (Held::default(), Held::default()),
        }
    }

    /// Trains for an epoch on the images at positions `order`, augmented by `draws`, and gives the mean loss. `stepped` is told the
    /// number of images of each minibatch.
    pub fn epoch(
        &mut self,
        learner: &Learner,
        network: &Network,
        (order, draws): (&[usize], Draws),
        factor: f64,
        stepped: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<f64> {
        let Learner { data, task, minibatches, .. } = learner;
        let room = |rows| self.steps.stay_in_place().then_some(rows);
        let (of_epoch, of_minibatch) = (room(self.room), room((minibatches.size + minibatches.least) as i64));
        let draws = self.draws.hold(draws, of_epoch);
        let loss = |minibatch: Minibatch, place: &Place| {
            let Minibatch { images, targets } = draws.apply(minibatch, place);
            task.loss(&network.forward(&data.input.prepare(&images), true), &targets)
        };
        self.steps.begin_epoch(factor);
        if let Some(split) = data.train.resident() {
            let positions: Vec<i64> = order.iter().map(|&position| position as i64).collect();
            let order = self.order.hold(Tensor::from_slice(&positions).to_device(network.device()), of_epoch);
            for n in minibatches.lengths(positions.len()) {
                let n = n as i64;
                self.steps.step(network, n, &|place| loss(split.at(&place.take(order, n)), place))?;
                stepped(n as usize)?;
            }
        } else {
            let (images, targets) = &mut self.fed;
            for minibatch in data.train.minibatches(order, *minibatches) {
                let minibatch = minibatch?;
                let n = minibatch.images.size()[0];
                let images = images.hold(minibatch.images, of_minibatch);
                let targets = targets.hold(minibatch.targets, of_minibatch);
                let fed = || Minibatch { images: images.narrow(0, 0, n), targets: targets.narrow(0, 0, n) };
                self.steps.step(network, n, &|place| loss(fed(), place))?;
                stepped(n as usize)?;
            }
        }
        // One look an epoch: each look waits for the device.
        Ok(self.steps.mean_loss())
    }
}

#[cfg(test)]
mod tests;
