//! How fast this machine trains and scores, measured on the network itself.

use std::time::{Duration, Instant};

use anyhow::Result;
use tch::Device;

use super::fit::Training;
use super::{Learner, minibatches};
use crate::data::images::{Labels, Records, Split};
use crate::data::{Data, Input, Size, on_device};
use crate::model::Network;
use crate::seed::{self, Purpose};
use crate::spec::{Cut, Labeled, Spec};
use crate::task;

/// Images a second.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    pub train: f64,
    pub score: f64,
}

/// Minibatches of an epoch, after which the host looks at the loss: on a GPU each look waits for it.
fn minibatches_of_epoch(device: Device) -> usize {
    if device.is_cuda() { 32 } else { 1 }
}

/// Trains and scores made-up images of the data set's size: a first epoch and a first pass, then for about the time that
/// `next` gives, half of it for scoring, as often as it gives one. It is told what was measured.
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
    let mut network = Network::new(&spec.model, task.head(), device).in_precision(spec.train.precision);
    network.initialise(0, Purpose::Weights, 0);
    let order = data.pool.repeat(minibatches_of_epoch(device));
    let mut training = Training::new(&learner, &network, order.len());
    let mut stream = seed::stream(0, Purpose::Augmentation, &[]);
    let mut epoch = || {
        let draws = learner.draws(order.len(), &mut stream);
        training.epoch(&learner, &network, (&order, draws), 1.0, &mut |_| Ok(())).map(drop)
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

/// The losses of the first `steps` steps on made-up images, for which every device draws the same.
///
/// # Errors
/// If a step fails.
pub fn first_losses(spec: &Spec, size: &Size, device: Device, steps: usize) -> Result<Vec<f64>> {
    let minibatch = spec.largest_minibatch();
    let data = made_up(spec, size, minibatch, device);
    let task = task::task(spec, &data.classes);
    let learner = Learner::new(&data, task.as_ref(), &spec.train, Cut::of(minibatch));
    let mut network = Network::new(&spec.model, task.head(), device).in_precision(spec.train.precision);
    network.initialise(0, Purpose::Weights, 0);
    let mut training = Training::new(&learner, &network, minibatch);
    let epoch = |step| {
        let draws = learner.draws(minibatch, &mut seed::stream(0, Purpose::Augmentation, &[step]));
        training.epoch(&learner, &network, (&data.pool, draws), 1.0, &mut |_| Ok(()))
    };
    (0..steps as u64).map(epoch).collect()
}

/// A data set of `n` made-up images, which are the train split, the test split and the pool.
pub(super) fn made_up(spec: &Spec, size: &Size, n: usize, device: Device) -> Data {
    let labels = match spec.dataset.task().labels() {
        Labeled::Images => Labels::Classes((0..n).map(|i| (i % size.classes) as u16).collect()),
        Labeled::Pixels => Labels::Maps,
    };
    let (height, width) = (size.height, size.width);
    let mut split = Split { height, width, len: n, labels, records: Records::Memory(Vec::new()) };
    // Below every number of classes, so that a label map may consist of them too.
    let bytes = (0..n * split.record()).map(|i| (i * 31 % 251 % size.classes.min(251)) as u8).collect();
    split.records = Records::Memory(bytes);
    Data {
        train: on_device(split.clone(), device),
        test: on_device(split, device),
        classes: (0..size.classes).map(|class| class.to_string()).collect(),
        pool: (0..n).collect(),
        input: Input::of(spec, device),
    }
}

/// Images a second of `work`, repeated at least once and until `budget` is over.
fn rate(budget: Duration, images: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    let mut steps = 0;
    while steps == 0 || start.elapsed() < budget {
        work()?;
        steps += 1;
    }
    Ok((steps * images) as f64 / start.elapsed().as_secs_f64())
}
