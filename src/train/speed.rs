//! Measures how fast this machine trains and scores the network of a spec.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tch::Device;

use super::fit::Training;
use super::{Learner, minibatches};
use crate::dataset::{Data, Input, on_device, rows_on_device};
use crate::task;
use pt4al_data::Size;
use pt4al_data::images::{Labels, Records, Split};
use pt4al_results::seed::{self, Purpose};
use pt4al_results::spec::{Cut, Labeled, Rate, Spec};

/// A measured speed, in images per second.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// Images trained on per second (forward and backward pass).
    pub train: f64,
    /// Images scored per second (forward pass).
    pub score: f64,
}

/// Returns the minibatches of a measured epoch. The host reads the loss after each epoch, and on a GPU that waits for the device.
fn minibatches_of_epoch(device: Device) -> usize {
    if device.is_cuda() { 32 } else { 1 }
}

/// Measures the speed of training and scoring on made-up images of the data set's size. After a first epoch and a first pass
/// as warm-up, it calls `next` with the last measurement (`None` at first). `next` returns how long to train for the next
/// measurement (scoring takes half as long again), or `None` to end.
///
/// # Errors
/// If a step fails.
pub fn measure(
    spec: &Spec,
    size: &Size,
    device: Device,
    mut next: impl FnMut(Option<Speed>) -> Option<Duration>,
) -> Result<()> {
    let minibatch = spec.largest_minibatch();
    let data = made_up(spec, size, minibatch, device);
    let task = task::task(spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, Cut::of(minibatch));
    let mut network = learner.network(&spec.model)?;
    network.initialise(0, Purpose::Weights, 0);
    let order = data.pool.repeat(minibatches_of_epoch(device));
    let mut training = Training::new(&learner, &network, order.len());
    let mut stream = seed::stream(0, Purpose::Augmentation, &[]);
    let mut epoch = || {
        let draws = learner.draws(order.len(), &mut stream);
        training.epoch(&learner, &network, (&order, draws), &|_| Rate::FULL, &mut |_| Ok(())).map(drop)
    };
    // As many images as a minibatch of inference has, several times.
    let scored = data.pool.repeat(minibatches(data.test.as_ref()).size.div_ceil(minibatch));
    let score = || learner.evaluate(&network, data.test.as_ref(), &scored).map(drop);
    epoch()?;
    score()?;
    let mut measured = None;
    while let Some(budget) = next(measured) {
        let (train, score) = (rate(budget, order.len(), &mut epoch)?, rate(budget / 2, scored.len(), score)?);
        measured = Some(Speed { train, score });
    }
    Ok(())
}

/// The losses of the first epochs of trainings on made-up images.
#[derive(Clone, Debug)]
pub struct First {
    /// The loss of the first step, then the mean loss of each epoch.
    pub losses: Vec<f64>,
    /// The number of minibatch sizes whose steps were recorded as CUDA graphs.
    pub recorded: usize,
}

/// Trains on made-up images, with the same draws on every device: one step, then two trainings of `epochs` epochs each. Each
/// epoch has its own order and augmentation, three full minibatches and a smaller one.
///
/// # Errors
/// If a step fails or a loss is not finite.
pub fn first_losses(spec: &Spec, size: &Size, device: Device, epochs: usize) -> Result<First> {
    let minibatch = spec.largest_minibatch();
    let data = made_up(spec, size, 3 * minibatch + minibatch / 2 + 1, device);
    let task = task::task(spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, Cut::of(minibatch));
    let mut network = learner.network(&spec.model)?;
    network.initialise(0, Purpose::Weights, 0);
    let mut training = Training::new(&learner, &network, data.pool.len());
    let mut losses = Vec::new();
    for (epoch, images) in std::iter::once(minibatch).chain(vec![data.pool.len(); 2 * epochs]).enumerate() {
        if epoch == 0 || epoch == epochs + 1 {
            training.steps.begin_training();
        }
        let mut stream = seed::stream(0, Purpose::Augmentation, &[epoch as u64]);
        let order = &seed::permutation(data.pool.len(), &mut stream)[..images];
        let draws = learner.draws(images, &mut stream);
        let loss = training.epoch(&learner, &network, (order, draws), &|_| Rate::FULL, &mut |_| Ok(()))?;
        ensure!(
            loss.is_finite(),
            "the loss is {loss} in epoch {epoch}; lower `{}`",
            spec.train.optimizer.lr_key("train")
        );
        losses.push(loss);
    }
    Ok(First { losses, recorded: training.steps.recorded() })
}

/// Returns a data set of `n` made-up images. They are the train split, the test split and the pool.
pub(crate) fn made_up(spec: &Spec, size: &Size, n: usize, device: Device) -> Data {
    let split = made_up_split(spec, size, n);
    let on_device = || match spec.model.features() {
        None => on_device(split.clone(), device),
        Some(features) => {
            let values: Vec<f32> = (0..n * features.dimension).map(|i| (i * 31 % 251) as f32 / 250.0).collect();
            rows_on_device(&values, features.dimension, &split, device).expect("rules of specs: images have the labels")
        }
    };
    Data {
        train: on_device(),
        test: on_device(),
        classes: (0..size.classes).map(|class| class.to_string()).collect(),
        pool: (0..n).collect(),
        input: Input::of(spec, device),
        ids: None,
    }
}

/// Returns `n` made-up images in memory.
pub(super) fn made_up_split(spec: &Spec, size: &Size, n: usize) -> Split {
    let labels = match spec.dataset.task().labels() {
        Labeled::Images => Labels::Classes((0..n).map(|i| (i % size.classes) as u16).collect()),
        Labeled::Pixels => Labels::Maps,
    };
    let (height, width) = (size.height, size.width);
    let mut split = Split { height, width, len: n, labels, records: Records::Memory(Vec::new()), ids: None };
    // Values less than the number of classes, so that they are valid label maps too.
    let bytes = (0..n * split.record()).map(|i| (i * 31 % 251 % size.classes.min(251)) as u8).collect();
    split.records = Records::Memory(bytes);
    split
}

/// Repeats `work` on `images` images, at least once, until `budget` is over. Returns images per second.
fn rate(budget: Duration, images: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    let mut steps = 0;
    while steps == 0 || start.elapsed() < budget {
        work()?;
        steps += 1;
    }
    Ok((steps * images) as f64 / start.elapsed().as_secs_f64())
}
