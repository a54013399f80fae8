//! Training of the task model on labeled images.

use std::cell::RefCell;
use std::collections::HashMap;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use tch::Tensor;

use super::{Optimizer, Steps};
use crate::dataset::augment::Draws;
use crate::dataset::{Data, Dataset, Held, Minibatch, Place};
use crate::model::Network;
use crate::task::{Metrics, Task};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{Cut, ModelSpec, Rate, TrainSpec};

/// Trains networks for a task on a data set, and evaluates them.
pub struct Learner<'a> {
    pub data: &'a Data,
    pub task: &'a dyn Task,
    pub train: &'a TrainSpec,
    /// How an epoch is cut into minibatches.
    pub minibatches: Cut,
    /// The state of the last training, for the next training of the same network: its steps may have been recorded.
    training: RefCell<Option<Training>>,
}

/// One training: its images, and the numbers that name its random streams.
#[derive(Clone, Copy, Debug)]
pub struct Fit<'a> {
    /// The indices (in the train split) of the labeled images to train on.
    pub labeled: &'a [usize],
    /// The seed of the trial.
    pub seed: u64,
    /// The active-learning round.
    pub round: u64,
    /// The number of the training in the round, from 0. Trainings of a round on different labels have different streams.
    pub part: u64,
}

/// The step that a training has just finished.
#[derive(Debug)]
pub enum Step<'n> {
    /// A minibatch of `images` images, in an epoch counted from 1.
    Minibatch { epoch: usize, images: usize },
    /// An epoch, and network and optimizer after it.
    Epoch(Epoch, &'n mut Network, &'n Optimizer),
}

/// The epochs of a training that another process, or an earlier call, has done. The network has the weights after them.
#[derive(Debug)]
pub struct Begun {
    /// The number of epochs.
    pub epochs: usize,
    /// What they left in the optimizer ([`Optimizer::past`]), by name.
    pub past: HashMap<String, Tensor>,
}

/// An epoch that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epoch {
    /// Counted from 1.
    pub number: usize,
    /// The learning rate of its last step.
    pub lr: f64,
    /// The mean loss of its images, each in the step that it was trained on.
    pub loss: f64,
}

impl<'a> Learner<'a> {
    /// A learner for `task` on `data`, with the settings `train` of a spec. [`Spec::minibatches`] gives `minibatches`.
    ///
    /// [`Spec::minibatches`]: pt4al_results::spec::Spec::minibatches
    pub fn new(data: &'a Data, task: &'a dyn Task, train: &'a TrainSpec, minibatches: Cut) -> Self {
        Self { data, task, train, minibatches, training: RefCell::new(None) }
    }

    /// A network of `model` for the learner's task, on the device of its data and in the precision of its training. The
    /// weights are zero until [`Network::initialise`].
    ///
    /// # Errors
    /// As for [`Network::new`].
    pub fn network(&self, model: &ModelSpec) -> Result<Network> {
        let network = Network::new(model, self.task.head(), self.data.size(), self.data.train.device())?;
        Ok(network.in_precision(self.train.precision))
    }

    /// Trains `network` from its present weights for the spec's epochs, and calls `after` after each step. Each epoch visits
    /// every labeled image once, in a new order.
    ///
    /// # Errors
    /// If the loss is not finite, images cannot be read any more, or `after` fails. An error of `after` ends the training.
    pub fn fit(&self, network: &mut Network, fit: Fit, after: &mut dyn FnMut(Step) -> Result<()>) -> Result<()> {
        self.fit_from(None, network, fit, after)
    }

    /// Does what [`Learner::fit`] does, but goes on after the epochs of `begun`. The weights at the end are those of a training without
    /// a break: on the CPU, bit for bit.
    ///
    /// # Errors
    /// As for [`Learner::fit`], and if `begun` is of another network or optimizer.
    pub fn fit_from(
        &self,
        begun: Option<&Begun>,
        network: &mut Network,
        fit: Fit,
        after: &mut dyn FnMut(Step) -> Result<()>,
    ) -> Result<()> {
        let Self { data, train, .. } = self;
        let kept = self.training.take().filter(|training| training.network == network.id());
        let mut training = kept.unwrap_or_else(|| Training::new(self, network, data.train.len()));
        training.steps.begin_training();
        if let Some(begun) = begun {
            training.steps.resume_training(&begun.past)?;
        }
        for epoch in begun.map_or(0, |begun| begun.epochs)..train.epochs {
            let stream = |purpose| seed::stream(fit.seed, purpose, &[fit.round, fit.part, epoch as u64]);
            let order = seed::permutation(fit.labeled.len(), &mut stream(Purpose::Order));
            let order: Vec<usize> = order.into_iter().map(|i| fit.labeled[i]).collect();
            let draws = self.draws(order.len(), &mut stream(Purpose::Augmentation));
            let steps = self.minibatches.lengths(order.len()).len();
            let rate = |step| train.schedule.rate([epoch, train.epochs], [step, steps]);
            let mut stepped = |images| after(Step::Minibatch { epoch: epoch + 1, images });
            let loss = training.epoch(self, network, (&order, draws), &rate, &mut stepped)?;
            ensure!(
                loss.is_finite(),
                "training diverged in round {}: the loss is {loss} in epoch {} of {}; lower `{}`",
                fit.round,
                epoch + 1,
                train.epochs,
                train.optimizer.lr_key("train")
            );
            let lr = train.optimizer.lr() * rate(steps.saturating_sub(1)).factor;
            after(Step::Epoch(Epoch { number: epoch + 1, lr, loss }, network, training.steps.optimizer()))?;
        }
        self.training.replace(Some(training));
        Ok(())
    }

    /// Draws the augmentation of an epoch of `n` images.
    pub(super) fn draws(&self, n: usize, stream: &mut seed::Stream) -> Draws {
        Draws::new(&self.train.augment, n, self.data.train.size(), stream, self.data.train.device())
    }

    /// Returns the task's metrics of `network` on images of a split, named by their indices in it. The first metric is the
    /// primary one.
    ///
    /// # Errors
    /// If images cannot be read any more.
    pub fn evaluate(&self, network: &Network, split: &dyn Dataset, indices: &[usize]) -> Result<Metrics> {
        super::evaluate(network, self.task, split, indices, &self.data.input)
    }
}

/// The steps of a network's trainings, and the tensors that they read.
pub(super) struct Training {
    /// The number of the network ([`Network::id`]).
    network: usize,
    pub steps: Steps,
    /// The largest number of images of an epoch.
    room: i64,
    draws: Held<Draws>,
    /// The indices of an epoch's images in their order, int64 `[epoch]`. Used if the split is in the device's memory.
    order: Held<Tensor>,
    /// The images and targets of a minibatch. Used if the split is not in the device's memory.
    fed: (Held<Tensor>, Held<Tensor>),
}

impl Training {
    /// Prepares trainings of `network` with epochs of at most `room` images.
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

    /// Trains for an epoch on the images with the indices `order`, augmented by `draws`. `rate` returns what the schedule sets for
    /// each step of the epoch, counted from 0. Returns the mean loss. `stepped` gets the number of images of each minibatch.
    pub fn epoch(
        &mut self,
        learner: &Learner,
        network: &Network,
        (order, draws): (&[usize], Draws),
        rate: &dyn Fn(usize) -> Rate,
        stepped: &mut dyn FnMut(usize) -> Result<()>,
    ) -> Result<f64> {
        let Learner { data, task, minibatches, .. } = learner;
        // Recorded steps need their tensors at fixed places, with room for the largest epoch and minibatch.
        let fixed_room = |rows| self.steps.stay_in_place().then_some(rows);
        let epoch_room = fixed_room(self.room);
        let minibatch_room = fixed_room((minibatches.size + minibatches.least) as i64);
        let draws = self.draws.hold(draws, epoch_room);
        let loss = |minibatch: Minibatch, place: &Place| {
            let Minibatch { images, targets } = draws.apply(minibatch, place);
            task.loss(&network.forward(&data.input.prepare(&images), true), &targets)
        };
        self.steps.begin_epoch();
        if let Some(split) = data.train.resident() {
            let indices: Vec<i64> = order.iter().map(|&index| index as i64).collect();
            let order = self.order.hold(Tensor::from_slice(&indices).to_device(network.device()), epoch_room);
            for (step, n) in minibatches.lengths(indices.len()).into_iter().enumerate() {
                let n = n as i64;
                self.steps.step(network, n, rate(step), &|place| loss(split.at(&place.take(order, n)), place))?;
                stepped(n as usize)?;
            }
        } else {
            let (images, targets) = &mut self.fed;
            for (step, minibatch) in data.train.minibatches(order, *minibatches).enumerate() {
                let minibatch = minibatch?;
                let n = minibatch.images.size()[0];
                let images = images.hold(minibatch.images, minibatch_room);
                let targets = targets.hold(minibatch.targets, minibatch_room);
                let fed = || Minibatch { images: images.narrow(0, 0, n), targets: targets.narrow(0, 0, n) };
                self.steps.step(network, n, rate(step), &|place| loss(fed(), place))?;
                stepped(n as usize)?;
            }
        }
        // Once an epoch, because reading the loss waits for the device.
        Ok(self.steps.mean_loss())
    }
}

#[cfg(test)]
mod tests;
