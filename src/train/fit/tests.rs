use std::path::Path;
use std::sync::Arc;

use tch::Device;

use super::super::speed::{made_up, made_up_split};
use super::*;
use crate::dataset::on_device;
use pt4al_data::Size;
use pt4al_data::images::{Records, Source};
use pt4al_results::spec::{self, Spec, load};

const SIZE: Size = Size { train: 40, pool: 40, test: 40, height: 12, width: 12, classes: 10, bytes: 0 };

fn spec(sets: &[&str]) -> Spec {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
    let small = ["model.width=2", "train.minibatch=8"];
    let sets = small.iter().chain(sets).map(|&set| set.to_owned()).collect();
    load(&spec::Source { path, sets, ..spec::Source::default() }).unwrap()
}

/// Serves records in memory as if they were read from files.
#[derive(Debug)]
struct Copied {
    bytes: Vec<u8>,
    record: usize,
}

impl Source for Copied {
    fn fill(&self, index: usize, record: &mut [u8]) -> Result<()> {
        record.copy_from_slice(&self.bytes[index * self.record..][..self.record]);
        Ok(())
    }
}

/// Returns the weights after three trainings of different lengths, and the loss of each epoch.
fn trained(spec: &Spec, data: &Data, in_place: bool) -> (Tensor, Vec<f64>) {
    let task = crate::task::task(spec, &data.classes);
    let learner = Learner::new(data, task.as_ref(), &spec.train, spec.minibatches());
    let mut network = learner.network(&spec.model).unwrap();
    network.initialise(0, Purpose::Weights, 0);
    let mut training = Training::new(&learner, &network, data.train.len());
    if in_place {
        training.steps = Steps::in_place(&spec.train.optimizer, &network);
    }
    let mut losses = Vec::new();
    for (labels, factor) in [(19, 1.0), (40, 0.5), (12, 1.0)] {
        training.steps.begin_training();
        let rate = Rate { factor, momentum: None };
        for epoch in 0..2 {
            let mut stream = seed::stream(labels, Purpose::Augmentation, &[epoch]);
            let order = seed::permutation(40, &mut stream);
            let order = &order[..labels as usize];
            let draws = learner.draws(order.len(), &mut stream);
            losses.push(training.epoch(&learner, &network, (order, draws), &|_| rate, &mut |_| Ok(())).unwrap());
        }
    }
    let mut weights = Tensor::new();
    network.train(|trained| weights = trained.copy());
    (weights, losses)
}

/// Recorded steps read their place from the device, other steps from the host. This compares both ways on the CPU.
#[test]
fn steps_at_places_on_the_device_equal_steps_at_places_on_the_host() {
    let augments = [
        "train.augment=['crop-4', 'flip']",
        "train.augment=[{random-resized-crop={side=10, area=[0.2, 1.0]}}, 'flip', \
         {colour-jitter={brightness=0.4, contrast=0.4, saturation=0.4, probability=0.8}}, {grayscale=0.2}]",
        "train.augment=['crop-4', {rand-augment={operations=2, magnitude=20}}, \
         {colour-jitter={brightness=0.4, contrast=0.4, saturation=0.4, probability=0.8}}]",
        "train.augment=[]",
    ];
    for augment in augments {
        let spec = spec(&[augment]);
        let resident = made_up(&spec, &SIZE, 40, Device::Cpu);
        let expected = trained(&spec, &resident, false);
        assert_eq!(trained(&spec, &resident, true), expected, "{augment}");
        // The same with images that are fetched from a source.
        let mut fetched = made_up(&spec, &SIZE, 40, Device::Cpu);
        let mut split = made_up_split(&spec, &SIZE, 40);
        let Records::Memory(bytes) = std::mem::replace(&mut split.records, Records::Memory(Vec::new())) else {
            panic!("made in memory")
        };
        split.records = Records::Source(Arc::new(Copied { record: split.record(), bytes }));
        fetched.train = on_device(split, Device::Cpu);
        assert!(fetched.train.resident().is_none());
        assert_eq!(trained(&spec, &fetched, true), expected, "{augment}");
        assert_eq!(trained(&spec, &fetched, false), expected, "{augment}");
    }
}
