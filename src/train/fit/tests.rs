use std::path::Path;

use tch::Device;

use super::super::speed::made_up;
use super::*;
use crate::data::Size;
use crate::spec::{Source, Spec, load};

const SIZE: Size = Size { train: 40, pool: 40, test: 40, height: 12, width: 12, classes: 10, bytes: 0 };

fn spec(sets: &[&str]) -> Spec {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
    let small = ["model.width=2", "train.minibatch=8"];
    let sets = small.iter().chain(sets).map(|&set| set.to_owned()).collect();
    load(&Source { path, sets, ..Source::default() }).unwrap()
}

/// The weights and the losses after some epochs of three trainings of different lengths.
fn trained(spec: &Spec, data: &Data, in_place: bool) -> (Tensor, Vec<f64>) {
    let task = crate::task::task(spec, &data.classes);
    let learner = Learner::new(data, task.as_ref(), &spec.train, spec.minibatches());
    let mut network = Network::new(&spec.model, task.head(), Device::Cpu).in_precision(spec.train.precision);
    network.initialise(0, Purpose::Weights, 0);
    let mut training = Training::new(&learner, &network, data.train.len());
    if in_place {
        training.steps = Steps::in_place(&spec.train.optimizer, &network);
    }
    let mut losses = Vec::new();
    for (labels, factor) in [(19, 1.0), (40, 0.5), (12, 1.0)] {
        training.steps.begin_training();
        for epoch in 0..2 {
            let mut stream = seed::stream(labels, Purpose::Augmentation, &[epoch]);
            let order = seed::permutation(40, &mut stream);
            let order = &order[..labels as usize];
            let draws = learner.draws(order.len(), &mut stream);
            losses.push(training.epoch(&learner, &network, (order, draws), factor, &mut |_| Ok(())).unwrap());
        }
    }
    let mut weights = Tensor::new();
    network.train(|trained| weights = trained.copy());
    (weights, losses)
}

/// What is recorded on a GPU does, on any device, what is launched step by step.
#[test]
fn steps_at_places_of_the_device_are_those_at_places_of_the_host() {
    let augments = [
        "train.augment=['crop-4', 'flip']",
        "train.augment=[{random-resized-crop={side=10, area=[0.2, 1.0]}}, 'flip', \
         {colour-jitter={brightness=0.4, contrast=0.4, saturation=0.4, probability=0.8}}, {grayscale=0.2}]",
        "train.augment=[]",
    ];
    for augment in augments {
        let spec = spec(&[augment]);
        let data = made_up(&spec, &SIZE, 40, Device::Cpu);
        let (weights, losses) = trained(&spec, &data, false);
        assert_eq!(trained(&spec, &data, true), (weights, losses), "{augment}");
    }
}
