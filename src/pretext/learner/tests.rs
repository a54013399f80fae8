use tch::Device;

use super::*;
use crate::dataset::{Input, on_device};
use pt4al_data::images::{Labels, Records, Split};
use pt4al_results::spec::{
    AdamW, Arch, Augment, Cut, Jigsaw, Normalize, Optimizer, Precision, PretextForward, PretextTask, Schedule, Sgd,
    SimSiam, Stem,
};

const POOL: usize = 10;
const JIGSAW: PretextTask = PretextTask::Jigsaw(Jigsaw { grid: 2, permutations: 6 });
const SIMSIAM: PretextTask =
    PretextTask::Simsiam(SimSiam { views: 3, dimension: 8, hidden: None, bottleneck: None, zero_residual: false });

/// All pretext tasks. A new task goes into this list and into the match below it, which does not compile without it.
fn tasks() -> [PretextTask; 4] {
    let tasks = [PretextTask::Rotation, PretextTask::Colorization, JIGSAW, SIMSIAM];
    for task in &tasks {
        match task {
            PretextTask::Rotation | PretextTask::Colorization | PretextTask::Jigsaw(_) | PretextTask::Simsiam(_) => {}
        }
    }
    tasks
}

/// A data set of 12 pictures of 8x10 pixels. All but the first and the last form the pool.
fn data(labels: Labels) -> Data {
    let split = || {
        let (height, width) = (8, 10);
        let mut split =
            Split { height, width, len: 12, labels: labels.clone(), records: Records::Memory(Vec::new()), ids: None };
        let bytes = (0..split.len * split.record()).map(|i| (f64::from(i as u32 * 7).sin() * 120.0 + 128.0) as u8);
        split.records = Records::Memory(bytes.collect());
        on_device(split, Device::Cpu)
    };
    let input = Input::new(&Normalize { mean: [0.5; 3], std: [0.25; 3] }, None, Device::Cpu);
    Data { train: split(), test: split(), classes: vec!["a".into()], pool: (1..=POOL).collect(), input, ids: None }
}

fn spec(task: PretextTask, epochs: usize, lr: f64) -> LearnerSpec {
    LearnerSpec {
        task,
        epochs,
        minibatch: 4,
        precision: Precision::F32,
        optimizer: Optimizer::Sgd(Sgd { lr, momentum: 0.9, weight_decay: 0.0, nesterov: false }),
        schedule: Schedule::Constant,
        checkpoint: PretextCheckpoint::Last,
        forward: PretextForward::Separate,
        augment: vec![Augment::Crop([8, 6]), Augment::Flip, Augment::Grayscale(0.5)],
    }
}

/// Trains a learner; returns its outputs and the number of forward passes that it reported.
fn learn(data: &Data, spec: &LearnerSpec, features: bool) -> (Learned, u64) {
    let model = ModelSpec::new(Arch::ResNet18, Stem::Small, 2);
    let mut passes = 0;
    let mut count = |n| {
        passes += n;
        Ok(())
    };
    let cut = Cut { size: spec.minibatch, least: 2 };
    let job = Job { data, model: &model, spec, minibatches: cut, seed: 0, features };
    let learned = losses(job, &mut count, &mut |_, _| Ok(())).unwrap();
    (learned, passes)
}

fn values(learned: &Learned) -> Vec<f64> {
    learned.losses.rows.iter().map(|row| row.1).collect()
}

/// With classes and with label maps, with augmentation and without.
#[test]
fn every_task_scores_every_pool_image_and_reports_its_passes() {
    for labels in [Labels::Classes(vec![0; 12]), Labels::Maps] {
        let data = data(labels);
        let one_rotation = LearnerSpec { forward: PretextForward::OneRotation, ..spec(PretextTask::Rotation, 2, 0.01) };
        for spec in tasks().map(|task| spec(task, 2, 0.01)).into_iter().chain([one_rotation]) {
            let task = spec.task;
            let (learned, reported) = learn(&data, &spec, true);
            let rows: Vec<usize> = learned.losses.rows.iter().map(|row| row.0).collect();
            assert_eq!(rows, data.pool, "{task:?}");
            assert!(values(&learned).iter().all(|loss| loss.is_finite()), "{task:?}");
            assert!(learned.quality <= 1.0, "{task:?}");
            let passes = spec.passes();
            assert_eq!(reported, (POOL * (3 * 2 * passes.training + passes.scoring + 1)) as u64, "{task:?}");
            let features = learned.features.as_ref().unwrap();
            assert_eq!((features.size(), features.kind()), (vec![POOL as i64, 16], Kind::Float), "{task:?}");
            // Again, and without features.
            let again = learn(&data, &spec, false).0;
            assert!(again.features.is_none());
            assert_eq!(values(&again), values(&learned), "{task:?}");
            // Augmentation changes what is learned.
            if task != SIMSIAM {
                let plain = learn(&data, &LearnerSpec { augment: Vec::new(), ..spec }, false).0;
                assert_ne!(values(&plain), values(&learned), "{task:?}");
            }
        }
    }
}

#[test]
fn simsiam_has_the_layer_widths_and_the_initialisation_of_its_options() {
    let model = ModelSpec::new(Arch::ResNet18, Stem::Small, 2);
    for zero_residual in [false, true] {
        let options = SimSiam { views: 1, dimension: 8, hidden: Some(12), bottleneck: Some(3), zero_residual };
        let task = task(&spec(PretextTask::Simsiam(options), 1, 0.01), tch::Device::Cpu);
        assert_eq!(task.zero_residuals(), zero_residual);
        let network = Network::new(&model, task.head(), [32, 32], tch::Device::Cpu).unwrap();
        let variables = network.store().variables();
        assert_eq!(variables["projector.0.weight"].size(), [12, 16]);
        assert_eq!(variables["projector.3.weight"].size(), [8, 12]);
        assert_eq!(variables["predictor.0.weight"].size(), [3, 8]);
    }
}

/// Views are drawn for the whole pool, and each minibatch uses its own rows.
#[test]
fn views_do_not_depend_on_the_minibatch() {
    let data = data(Labels::Classes(vec![0; 12]));
    let spec = spec(SIMSIAM, 1, 0.01);
    let task = task(&spec, tch::Device::Cpu);
    let learner = Learner { data: &data, spec: &spec, minibatches: Cut::of(4), task: task.as_ref(), seed: 0 };
    let images = data.train.minibatches(&data.pool, Cut::of(POOL)).next().unwrap().unwrap().images;
    let draw = |scoring| learner.views(2, Purpose::PretextViews, scoring);
    let whole = draw(0).of(&images, &Place::First(0));
    assert_eq!(whole.len(), 2);
    for (view, part) in draw(0).of(&images.narrow(0, 3, 4), &Place::First(3)).iter().enumerate() {
        assert_eq!(*part, whole[view].narrow(0, 3, 4));
    }
    assert_ne!(whole[0], whole[1]);
    assert_ne!(whole[0], draw(1).of(&images, &Place::First(0))[0]);
}

/// The learning rate is so high that the best epoch is not the last.
#[test]
fn features_are_of_the_network_that_gave_the_losses() {
    let data = data(Labels::Classes(vec![0; 12]));
    let epochs = 5;
    // In double precision, so that the best epoch is the same on every processor.
    let base =
        LearnerSpec { augment: Vec::new(), precision: Precision::F64, ..spec(PretextTask::Rotation, epochs, 0.3) };
    let best = learn(&data, &LearnerSpec { checkpoint: PretextCheckpoint::BestOnPool, ..base.clone() }, true).0;
    let ends: Vec<Learned> =
        (1..=epochs).map(|epochs| learn(&data, &LearnerSpec { epochs, ..base.clone() }, true).0).collect();
    let epoch = ends.iter().position(|end| values(end) == values(&best)).unwrap();
    assert!(epoch + 1 < epochs, "{:?}", ends.iter().map(|end| end.quality).collect::<Vec<_>>());
    assert!(ends.iter().all(|end| end.quality <= best.quality));
    assert_eq!(ends[epoch].features, best.features);
    assert_ne!(ends[epochs - 1].features, best.features);
}

/// Returns the error of a learner, if it fails.
fn failure(spec: &LearnerSpec, cut: Cut) -> Option<String> {
    let model = ModelSpec::new(Arch::ResNet18, Stem::Small, 2);
    let data = data(Labels::Classes(vec![0; 12]));
    let job = Job { data: &data, model: &model, spec, minibatches: cut, seed: 0, features: false };
    let learned = losses(job, &mut |_| Ok(()), &mut |_, _| Ok(()));
    learned.err().map(|error| error.to_string())
}

/// 10 images are 3 minibatches of 3, or one of 9, and one image that is left over. Batch norm would have a single number for
/// it: SimSiam's head has no map, and the map of a crop of 8x6 has one place.
#[test]
fn a_single_image_that_is_left_over_trains_with_the_minibatch_before_it() {
    for task in tasks() {
        for size in [3, 9] {
            let spec = LearnerSpec { augment: vec![Augment::Crop([8, 6])], minibatch: size, ..spec(task, 2, 0.01) };
            assert_eq!(failure(&spec, Cut { size, least: 2 }), None, "{task:?}");
            // On its own it has no variance.
            let alone = failure(&spec, Cut { size, least: 1 });
            assert!(alone.is_some_and(|error| error.contains("diverged")), "{task:?}");
        }
    }
}

/// The only step diverges, and the loss in training is computed before it.
#[test]
fn a_learner_that_diverges_in_its_last_step_is_an_error_that_names_the_key() {
    let error = failure(&spec(PretextTask::Rotation, 1, 1e30), Cut::of(POOL)).unwrap();
    assert!(
        error.contains(
            "10 of the 10 losses of the pool are not finite after epoch 1 of 1; lower `pretext.optimizer.sgd.lr`"
        ),
        "{error}"
    );
}

/// Recorded steps read their place from the device, other steps from the host. This compares both ways on the CPU.
#[test]
fn steps_at_places_on_the_device_equal_steps_at_places_on_the_host() {
    let data = data(Labels::Classes(vec![0; 12]));
    let model = ModelSpec::new(Arch::ResNet18, Stem::Small, 2);
    for kind in tasks() {
        let spec = spec(kind, 2, 0.05);
        let trained = |in_place: bool| {
            let task = task(&spec, Device::Cpu);
            let learner = Learner { data: &data, spec: &spec, minibatches: Cut::of(4), task: task.as_ref(), seed: 0 };
            let mut network = Network::new(&model, task.head(), [32, 32], Device::Cpu).unwrap();
            network.initialise(0, Purpose::PretextWeights, 0);
            let mut training = Training::new(&spec, &network);
            if in_place {
                training.steps = Steps::in_place(&spec.optimizer, &network);
            }
            let epoch = |epoch| learner.train(&network, &mut training, epoch, &mut |_| Ok(())).unwrap();
            let losses: Vec<f64> = (0..3).map(epoch).collect();
            let mut weights = Tensor::new();
            network.train(|trained| weights = trained.copy());
            (weights, losses)
        };
        assert_eq!(trained(true), trained(false), "{kind:?}");
    }
}

#[test]
fn a_learner_that_goes_on_after_any_epoch_equals_an_uninterrupted_one_bit_for_bit() {
    let data = data(Labels::Classes(vec![0; 12]));
    let model = ModelSpec::new(Arch::ResNet18, Stem::Small, 2);
    let adamw = Optimizer::AdamW(AdamW { lr: 0.01, betas: [0.9, 0.99], eps: 1e-8, weight_decay: 0.01 });
    let learners = [
        spec(PretextTask::Rotation, 4, 0.05),
        LearnerSpec { optimizer: adamw, ..spec(SIMSIAM, 4, 0.05) },
        LearnerSpec { checkpoint: PretextCheckpoint::BestOnPool, ..spec(JIGSAW, 4, 0.05) },
    ];
    for spec in &learners {
        let minibatches = Cut { size: spec.minibatch, least: 2 };
        let job = Job { data: &data, model: &model, spec, minibatches, seed: 0, features: true };
        let folder = tempfile::tempdir().unwrap();
        let losses = folder.path().join("key.csv");
        let path = crate::train::checkpoint::beside(&losses);
        // Returns the outputs of a process that ends when it has done `most` forward passes, and what it has done.
        let learn = |most: u64| {
            let mut checkpoints = checkpoint::checkpoints(path.clone(), "key".into(), true, 1).after_each_epoch();
            let saved = Saved::find(&checkpoints, |_| ());
            let skipped = saved.as_ref().map_or(0, Saved::units);
            let mut passes = 0;
            let mut count = |n| {
                passes += n;
                ensure!(passes <= most, "stopped");
                Ok(())
            };
            let follow = Follow { done: &mut count, scored: &mut |_, _| Ok(()), kept: &mut || {} };
            let learned = losses_from(saved, Some(&mut checkpoints), job, follow);
            (learned, passes, skipped)
        };
        let (whole, all, skipped) = learn(u64::MAX);
        let whole = whole.unwrap();
        assert_eq!(skipped, 0);
        std::fs::remove_file(&path).expect("a checkpoint was written");
        let mut saved_passes = Vec::new();
        for most in (all / 8..all).step_by(all as usize / 6) {
            assert!(learn(most).0.is_err());
            let by_head = [true, false].map(|features| checkpoint::saved_passes(&losses, features));
            let (learned, passes, skipped) = learn(u64::MAX);
            let learned = learned.unwrap();
            assert_eq!(values(&learned), values(&whole), "{spec:?} after {most} of {all}");
            assert_eq!((learned.quality, &learned.features), (whole.quality, &whole.features), "{spec:?} after {most}");
            assert_eq!(passes + skipped, all, "the epochs before are not trained again");
            assert_eq!(by_head, [skipped, 0], "the estimate of the time left reads the same number");
            saved_passes.push(skipped);
            let _ = std::fs::remove_file(&path);
        }
        saved_passes.dedup();
        assert_eq!(saved_passes.len(), 4, "none, and after three epochs: {saved_passes:?}");
    }
}
