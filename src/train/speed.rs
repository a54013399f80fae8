//! How fast this machine trains and scores, measured on the network itself.

use std::time::{Duration, Instant};

use tch::{Device, Kind, Tensor};

use crate::data::images::Images;
use crate::data::{Data, Resident};
use crate::model::Network;
use crate::seed::Purpose;
use crate::spec::{Normalize, Spec};
use crate::task::{Classification, Task};

/// Images a second.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    pub train: f64,
    pub score: f64,
}

/// Trains and scores made-up images of `side` x `side` pixels for about `budget` each, after one step to warm up.
pub fn measure(spec: &Spec, side: usize, classes: usize, device: Device, budget: Duration) -> Speed {
    let minibatch = spec.train.minibatch;
    let pixels = (0..minibatch * side * side * 3).map(|i| (i * 31 % 251) as u8).collect();
    let labels = (0..minibatch).map(|i| (i % classes) as u8).collect();
    let images = Images { height: side, width: side, pixels, labels };
    let data = Data {
        train: Box::new(Resident::new(&images, device)),
        test: Box::new(Resident::new(&images, device)),
        classes: vec![String::new(); classes],
        pool: (0..minibatch).collect(),
        normalize: Normalize { mean: [0.5; 3], std: [0.25; 3] },
    };
    let task = Classification { classes };
    let mut network = Network::new(&spec.model, classes, device);
    network.initialise(0, Purpose::Weights, 0);
    let mut optimizer = super::optimizer(&spec.train.optimizer, &network);
    let indices = Tensor::arange(minibatch as i64, (Kind::Int64, device));
    let step = |network: &Network, optimizer: &mut tch::nn::Optimizer| {
        let input = crate::data::augment::normalized(&data.train.images(&indices), &data.normalize);
        let loss = task.loss(&network.forward(&input, true), &data.train.targets(&indices));
        optimizer.backward_step(&loss);
        loss.detach().double_value(&[])
    };
    step(&network, &mut optimizer);
    let train = rate(budget, minibatch, || {
        step(&network, &mut optimizer);
    });
    let score = || drop(super::evaluate(&network, &task, data.test.as_ref(), &data.pool, &data.normalize));
    score();
    Speed { train, score: rate(budget, minibatch, score) }
}

/// Images a second of `work`, repeated at least once and until `budget` is over.
fn rate(budget: Duration, images: usize, mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut steps = 0;
    while steps == 0 || start.elapsed() < budget {
        work();
        steps += 1;
    }
    (steps * images) as f64 / start.elapsed().as_secs_f64()
}
