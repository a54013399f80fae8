//! How fast this machine trains and scores, measured on the network itself.

use std::time::{Duration, Instant};

use anyhow::Result;
use tch::Device;

use super::Learner;
use crate::data::augment::Draws;
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

/// Trains and scores made-up images of the data set's size: one step of each to warm up, then for about the time that `next`
/// gives, half of it for scoring, as often as it gives one. It is told what was measured.
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
    let learner = Learner { data: &data, task: task.as_ref(), train: &spec.train, minibatches: spec.minibatches() };
    let mut network = Network::new(&spec.model, task.head(), device).in_precision(spec.train.precision);
    network.initialise(0, Purpose::Weights, 0);
    let mut optimizer = super::optimizer(&spec.train.optimizer, &network);
    let mut stream = seed::stream(0, Purpose::Augmentation, &[]);
    let draws = Draws::new(&spec.train.augment, minibatch, data.train.size(), &mut stream, device);
    let mut step = || -> Result<()> {
        for part in data.train.minibatches(&data.pool, Cut::of(minibatch)) {
            let part = draws.apply(part?, 0);
            let loss = task.loss(&network.forward(&data.input.prepare(&part.images), true), &part.targets);
            optimizer.backward_step(&loss);
            loss.detach().double_value(&[]);
        }
        Ok(())
    };
    let score = || learner.evaluate(&network, data.test.as_ref(), &data.pool).map(drop);
    step()?;
    score()?;
    let mut measured = None;
    while let Some(budget) = next(measured) {
        let (train, score) = (rate(budget, minibatch, &mut step)?, rate(budget / 2, minibatch, score)?);
        measured = Some(Speed { train, score });
    }
    Ok(())
}

fn made_up(spec: &Spec, size: &Size, n: usize, device: Device) -> Data {
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
