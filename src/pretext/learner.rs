//! Trains a pretext learner on the pool and scores the pool with it.

pub(super) mod checkpoint;
mod views;

use std::cell::Cell;

use anyhow::{Result, ensure};
use tch::{Device, Kind, Tensor};

use super::from_spec::task;
use super::task::Pretext;
use crate::dataset::{Data, Held, Place};
use crate::model::{Network, Snapshot};
use crate::train::checkpoint::Checkpoints;
use crate::train::{self, Steps};
use checkpoint::Saved;
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{Cut, LearnerSpec, ModelSpec, PretextCheckpoint};
use pt4al_results::store::Losses;
use views::Views;

/// The outputs of a pretext learner.
pub struct Learned {
    /// The loss of every image of the pool.
    pub losses: Losses,
    /// How well the learner does its task on the pool, at best 1.
    pub quality: f64,
    /// The name of `quality`, as [`Pretext::quality`] gives it.
    pub measure: &'static str,
    /// If requested, the features of every image of the pool, `[pool, d]` on the CPU (doubles if the learner's precision is f64,
    /// else floats). They are those before the head of the network that gave the losses, without augmentation; for a head for
    /// pixels they are the mean of the map.
    pub features: Option<Tensor>,
}

/// What a learner is trained on, and how.
#[derive(Clone, Copy)]
pub struct Job<'a> {
    pub data: &'a Data,
    pub model: &'a ModelSpec,
    pub spec: &'a LearnerSpec,
    /// How an epoch is cut in training.
    pub minibatches: Cut,
    pub seed: u64,
    /// Whether features are wanted too.
    pub features: bool,
}

/// Who follows a learner in training.
pub(crate) struct Follow<'a> {
    /// Gets the forward passes of each step of training and scoring (a training pass counts as 3). Its error ends the training.
    pub done: &'a mut dyn FnMut(u64) -> Result<()>,
    /// Gets each epoch, counted from 1, after which the pool was scored, and the scores.
    pub scored: &'a mut dyn FnMut(usize, &Learned) -> Result<()>,
    /// Is called when a checkpoint was written.
    pub kept: &'a mut dyn FnMut(),
}

/// Trains a learner on the pool, without labels, and returns the loss of every image of the pool.
///
/// `done` and `scored` are as in [`Follow`].
///
/// # Errors
/// If a loss is not finite, images cannot be read any more, or `done` or `scored` fails.
pub fn losses(
    job: Job,
    done: &mut dyn FnMut(u64) -> Result<()>,
    scored: &mut dyn FnMut(usize, &Learned) -> Result<()>,
) -> Result<Learned> {
    losses_from(None, None, job, Follow { done, scored, kept: &mut || {} })
}

/// Does what [`losses`] does, but goes on after the epochs of `saved`, and writes `checkpoints` when they are due. On the CPU the losses
/// are those of a training without a break, bit for bit.
///
/// # Errors
/// As for [`losses`], and if `saved` is of another learner.
pub(crate) fn losses_from(
    saved: Option<Saved>,
    mut checkpoints: Option<&mut Checkpoints>,
    job: Job,
    follow: Follow,
) -> Result<Learned> {
    let Follow { done, scored, kept } = follow;
    let Job { data, model, spec, minibatches, seed, features } = job;
    let device = data.train.device();
    let task = task(spec, device);
    let mut network =
        Network::new(model, task.head(), spec.seen_size(data.size()), device)?.in_precision(spec.precision);
    network = network.with_zero_residuals(task.zero_residuals());
    network.initialise(seed, Purpose::PretextWeights, 0);
    let learner = Learner { data, spec, minibatches, task: task.as_ref(), seed };
    let mut training = Training::new(spec, &network);
    let mut best: Option<Learned> = None;
    let mut best_weights: Option<Snapshot> = None;
    let (mut first, mut units_before) = (0, 0);
    if let Some(saved) = saved {
        (first, units_before) = (saved.epochs(), saved.units());
        (best, best_weights) = saved.take_up(&learner, &mut network, &mut training.steps)?;
    }
    let units = Cell::new(0);
    let mut done = |n| {
        units.set(units.get() + n);
        done(n)
    };
    let done: &mut dyn FnMut(u64) -> Result<()> = &mut done;
    for epoch in first..spec.epochs {
        let loss = learner.train(&network, &mut training, epoch, done)?;
        ensure!(
            loss.is_finite(),
            "pretext training diverged: the loss is {loss} in epoch {} of {}; lower `{}`",
            epoch + 1,
            spec.epochs,
            spec.optimizer.lr_key("pretext")
        );
        if spec.checkpoint == PretextCheckpoint::BestOnPool || epoch + 1 == spec.epochs {
            let found = learner.score_epoch(&network, (epoch, loss), done)?;
            scored(epoch + 1, &found)?;
            if best.as_ref().is_none_or(|best| found.quality > best.quality) {
                best = Some(found);
                best_weights = (features && epoch + 1 < spec.epochs).then(|| network.snapshot());
            }
        }
        let passed = units.get();
        if epoch + 1 < spec.epochs
            && let Some(checkpoints) = checkpoints.as_mut().filter(|checkpoints| checkpoints.are_due(passed))
        {
            let best = best.as_ref().map(|best| (best, best_weights.as_ref()));
            let so_far = checkpoint::State::new(epoch + 1, units_before + passed, best);
            so_far.write(checkpoints, &network, training.steps.optimizer(), best, passed);
            kept();
        }
    }
    let mut learned = best.expect("at least one epoch");
    if features {
        if let Some(weights) = &best_weights {
            network.restore(weights);
        }
        learned.features = Some(learner.features(&network, done)?);
    }
    Ok(learned)
}

/// A learner in training.
struct Learner<'a> {
    data: &'a Data,
    spec: &'a LearnerSpec,
    minibatches: Cut,
    task: &'a dyn Pretext,
    seed: u64,
}

/// The training steps, and the tensors that they read.
struct Training {
    steps: Steps,
    views: Held<Views>,
    /// The numbers that the task drew for an epoch, int64 `[pool, d]`.
    drawn: Held<Tensor>,
    /// The images of a minibatch, uint8 `[n, h, w, 3]`.
    fed: Held<Tensor>,
}

impl Training {
    fn new(spec: &LearnerSpec, network: &Network) -> Self {
        let steps = Steps::new(&spec.optimizer, network);
        Self { steps, views: Held::default(), drawn: Held::default(), fed: Held::default() }
    }
}

impl Learner<'_> {
    /// Trains for an epoch, counted from 0, and returns its mean loss.
    fn train(
        &self,
        network: &Network,
        training: &mut Training,
        epoch: usize,
        done: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<f64> {
        let Self { data, spec, minibatches, task, seed } = *self;
        let steps_of_epoch = minibatches.lengths(data.pool.len()).len();
        let rate = |step| spec.schedule.rate([epoch, spec.epochs], [step, steps_of_epoch]);
        let epoch = epoch as u64;
        let pool = &data.pool;
        let order = seed::permutation(pool.len(), &mut seed::stream(seed, Purpose::PretextOrder, &[epoch]));
        let order: Vec<usize> = order.into_iter().map(|i| pool[i]).collect();
        let Training { steps, views, drawn, fed } = training;
        // Recorded steps need their tensors at fixed places, with room for the largest minibatch.
        let fixed_room = |rows: usize| steps.stay_in_place().then_some(rows as i64);
        let (epoch_room, minibatch_room) = (fixed_room(pool.len()), fixed_room(minibatches.size + minibatches.least));
        let views = views.hold(self.views(task.views(), Purpose::PretextAugmentation, epoch), epoch_room);
        let drawn = drawn.hold(self.drawn(epoch), epoch_room);
        let passes = spec.passes().training as u64;
        steps.begin_epoch();
        for (step, minibatch) in data.train.minibatches(&order, minibatches).enumerate() {
            let images = minibatch?.images;
            let n = images.size()[0];
            let images = fed.hold(images, minibatch_room);
            steps.step(network, n, rate(step), &|place| {
                let seen = views.of(&images.narrow(0, 0, n), place);
                task.loss(network, &seen, &data.input, &place.take(drawn, n))
            })?;
            done(3 * passes * n as u64)?;
        }
        let loss = steps.mean_loss();
        // On a GPU the steps are only now finished, so only now is their time known.
        done(0)?;
        Ok(loss)
    }

    /// Draws the task's random numbers for an epoch, int64 `[pool, d]` on the device.
    fn drawn(&self, epoch: u64) -> Tensor {
        let Self { data, minibatches, task, seed, .. } = *self;
        let lengths = (0..).zip(minibatches.lengths(data.pool.len()));
        let draws_of_step = |(step, n): (u64, usize)| {
            task.draws(n, &mut seed::stream(seed, Purpose::PretextTransformations, &[epoch, step]))
        };
        let drawn: Vec<i64> = lengths.flat_map(draws_of_step).collect();
        let rows = data.pool.len() as i64;
        Tensor::from_slice(&drawn).reshape([rows, drawn.len() as i64 / rows.max(1)]).to_device(data.train.device())
    }

    /// Scores the pool after an epoch, counted from 0, with its loss in training.
    fn score_epoch(
        &self,
        network: &Network,
        (epoch, loss): (usize, f64),
        done: &mut dyn FnMut(u64) -> Result<()>,
    ) -> Result<Learned> {
        let spec = self.spec;
        let (found, spread) = self.score(network, done)?;
        // The loss in training is computed before each step, so it does not show that the last step diverged.
        let lost = found.losses.rows.iter().filter(|row| !row.1.is_finite()).count();
        ensure!(
            lost == 0,
            "pretext training diverged: {lost} of the {} losses of the pool are not finite after epoch {} of {}; lower `{}`",
            found.losses.rows.len(),
            epoch + 1,
            spec.epochs,
            spec.optimizer.lr_key("pretext")
        );
        // The driver keeps this in the worker's log.
        eprintln!(
            "epoch {}/{}: loss {loss:.4} in training; {:.2} % {} on the pool{}",
            epoch + 1,
            spec.epochs,
            100.0 * found.quality,
            found.measure,
            spread.map_or(String::new(), |spread| format!("; spread of projections {spread:.3} (collapsed: 0)"))
        );
        Ok(found)
    }

    /// Scores the pool. For a task with projections it also returns their spread: the root mean squared distance of the
    /// projections (scaled to the length 1) from their mean. The spread is 0 if all projections are equal, and at most 1.
    /// SimSiam's authors report the standard deviation of an output, which is the spread divided by the square root of the
    /// number of outputs.
    fn score(&self, network: &Network, done: &mut dyn FnMut(u64) -> Result<()>) -> Result<(Learned, Option<f64>)> {
        let Self { data, spec, task, .. } = *self;
        let (pool, scorings) = (&data.pool, task.scorings());
        let passes = (spec.passes().scoring / scorings) as u64;
        let mut losses = vec![0.0; pool.len()];
        let (mut right, mut total) = (0.0, 0.0);
        let mut projected: Option<Tensor> = None;
        for scoring in 0..scorings {
            let views = match task.views() {
                1 => Views::plain(),
                // The same views after every epoch, so that epochs can be compared.
                several => self.views(several, Purpose::PretextViews, scoring as u64),
            };
            let mut start = 0;
            for minibatch in data.train.minibatches(pool, train::minibatches(data.train.as_ref())) {
                let images = minibatch?.images;
                let n = images.size()[0] as usize;
                let seen = views.of(&images, &Place::First(start as i64));
                let scores = tch::no_grad(|| task.score(network, &seen, &data.input));
                let image_losses = Vec::<f64>::try_from(scores.losses.to_kind(Kind::Double))?;
                losses[start..start + n].iter_mut().zip(image_losses).for_each(|(sum, loss)| *sum += loss);
                right += scores.right;
                total += scores.total;
                projected = match (projected, scores.projected) {
                    (Some(sum), Some(more)) => Some(sum + more),
                    (sum, more) => sum.or(more),
                };
                start += n;
                done(passes * n as u64)?;
            }
        }
        let rows = pool.iter().copied().zip(losses.into_iter().map(|loss| loss / scorings as f64)).collect();
        // In a pool of grey pictures there is no colour to predict.
        let quality = if total > 0.0 { right / total } else { 0.0 };
        let mean = projected.map(|sum| sum.norm().double_value(&[]) / (pool.len() * scorings) as f64);
        let spread = mean.map(|mean| (1.0 - mean * mean).max(0.0).sqrt());
        Ok((Learned { losses: Losses { rows }, quality, measure: task.quality(), features: None }, spread))
    }

    /// Returns the features of every image of the pool, `[pool, d]` on the CPU.
    fn features(&self, network: &Network, done: &mut dyn FnMut(u64) -> Result<()>) -> Result<Tensor> {
        let data = self.data;
        let mut parts = Vec::new();
        train::infer(network, data.train.as_ref(), &data.pool, &data.input, &mut |features, _, _| {
            parts.push(features.to_device(Device::Cpu));
        })?;
        done(data.pool.len() as u64)?;
        Ok(Tensor::cat(&parts, 0))
    }

    /// Draws `count` views of the whole pool, a row for each image in the order in which the pool is visited.
    fn views(&self, count: usize, purpose: Purpose, at: u64) -> Views {
        let train = self.data.train.as_ref();
        let stream = |view| seed::stream(self.seed, purpose, &[at, view]);
        Views::draw(&self.spec.augment, count, self.data.pool.len(), train.size(), &stream, train.device())
    }
}

#[cfg(test)]
mod tests;
