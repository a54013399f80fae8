use std::path::Path;

use tch::Device;

use super::*;
use crate::dataset::Data;
use crate::limit::{Clock, Ends};
use crate::train::{Learner, speed};
use crate::trial::round::{Round, Trained, train};
use crate::trial::{OutOfTime, Reporter};
use pt4al_data::Size;
use pt4al_results::spec::{self, EvaluationImages, Trial, load};

const SIZE: Size = Size { train: 40, pool: 40, test: 40, height: 12, width: 12, classes: 10, bytes: 0 };

fn spec(sets: &[&str]) -> Spec {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
    let small = ["model.width=2", "train.minibatch=16", "train.epochs=5", "train.augment=['crop-4', 'flip']"];
    let sets = small.iter().chain(sets).map(|&set| set.to_owned()).collect();
    load(&spec::Source { path, sets, ..spec::Source::default() }).unwrap()
}

/// A trial on made-up images, and its labels.
struct Place<'a> {
    folder: &'a Path,
    spec: &'a Spec,
    trial: Trial,
    data: &'a Data,
    labeled: Vec<usize>,
}

/// What a round gives.
#[derive(Debug)]
struct Outcome {
    trained: Trained,
    weights: Tensor,
    /// Forward passes of the process.
    units: u64,
}

impl Outcome {
    /// Returns all that must be equal: all of it but times. Debug shows every digit of a number.
    fn values(&self) -> String {
        let Trained { values, epochs, held_out, .. } = &self.trained;
        format!("{values:?} {epochs:?} {held_out:?}")
    }
}

impl<'a> Place<'a> {
    fn new(folder: &'a Path, spec: &'a Spec, data: &'a Data) -> Self {
        let labeled = (0..40).rev().filter(|index| index % 7 != 0).collect();
        let trial = spec.trials().remove(0);
        let path = TrialFiles::below(folder, &trial).checkpoint_path();
        // A trial makes its folder when it begins. One test has a file in its place.
        let _ = std::fs::create_dir_all(path.parent().unwrap());
        Self { folder, spec, trial, data, labeled }
    }

    fn learner(&self, task: &'a dyn crate::task::Task) -> Learner<'a> {
        Learner::new(self.data, task, &self.spec.train, self.spec.minibatches())
    }

    /// The checkpoints of a round. One is due after each epoch.
    fn checkpoints(&self, network: &Network, round: usize) -> Checkpoints {
        let data = Path::new("");
        let Self { folder, spec, trial, .. } = self;
        let job = Job { folder, spec, trial, data, device: Device::Cpu, features: None };
        checkpoints(&job, spec, network, (round, &self.labeled), 0).after_each_epoch()
    }

    /// Trains round 1 in a process that ends when it has done `until` forward passes. It goes on from a checkpoint if there is one.
    /// Returns the outcome, and the epochs of the checkpoint.
    fn run(&self, learner: &Learner, network: &mut Network, until: f64) -> (Result<Outcome>, Option<Progress>) {
        let clock = Clock::Work { begun: 0.0, per_second: 1.0 };
        let mut report = Reporter::new(Box::new(std::io::sink())).until(Ends { clock, until, at_the_latest: until });
        // A piece without planned work is given up only when the time is over.
        report.begin(|| "round 1".into(), 0, None).unwrap();
        let mut checkpoints = self.checkpoints(network, 1);
        let halfway = Halfway::find(&checkpoints, network, |_| ());
        let (seed, round, evaluated) = (3, 1, Some(EvaluationImages::Test));
        let inputs = Round { spec: self.spec, seed, round, labeled: &self.labeled, before: None, evaluated };
        let from = halfway.is_some().then(|| Halfway::find(&checkpoints, network, |_| ()).unwrap().progress);
        let trained = train(learner, &inputs, network, &mut report, &mut checkpoints, halfway);
        let weights = network.snapshot().numbers().copy();
        (trained.map(|trained| Outcome { trained, weights, units: report.units() }), from)
    }
}

const PROTOCOLS: [&[&str]; 8] = [
    &["train.schedule='cosine'"],
    &["train.optimizer={sgd={lr=0.02, momentum=0.9, weight-decay=1e-3, nesterov=true}}"],
    &["train.optimizer={adamw={lr=0.01}}", "train.schedule={steps={at=[2], factor=0.1}}"],
    &["train.optimizer={adamw={lr=0.01}}", "train.schedule={one-cycle={}}"],
    &["train.schedule={one-cycle={}}", "train.precision='f64'"],
    &["train.select={query='best-on-test', record=['last', 'best-on-test'], every=1}"],
    &["train.select={query='best-on-held-out', record=['best-on-held-out'], every=2, held-out=0.2}"],
    // The last one has two trainings.
    &[
        "train.select={query='last', record=['best-on-held-out', 'last'], every=1, held-out=0.2}",
        "train.precision='bf16'",
    ],
];

#[test]
fn a_round_that_goes_on_after_any_epoch_equals_an_uninterrupted_one_bit_for_bit() {
    for sets in PROTOCOLS {
        let spec = spec(sets);
        let data = speed::made_up(&spec, &SIZE, 40, Device::Cpu);
        let task = crate::task::task(&spec, &data.classes);
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path(), &spec, &data);
        let path = place.checkpoints(&place.learner(task.as_ref()).network(&spec.model).unwrap(), 1).path().to_owned();
        let new = || {
            let learner = place.learner(task.as_ref());
            let network = learner.network(&spec.model).unwrap();
            (learner, network)
        };
        let (learner, mut network) = new();
        let whole = place.run(&learner, &mut network, f64::INFINITY).0.unwrap();
        std::fs::remove_file(&path).expect("a checkpoint was written");

        let mut continued = Vec::new();
        for until in (0..).map(|step| 60.0 + 80.0 * f64::from(step)).take_while(|&until| until < whole.units as f64) {
            let (learner, mut network) = new();
            let Err(stopped) = place.run(&learner, &mut network, until).0 else {
                // Only the last evaluation was left, which checks no time.
                std::fs::remove_file(&path).unwrap();
                continue;
            };
            assert!(stopped.is::<OutOfTime>(), "{stopped:#}");
            if !path.exists() {
                continue;
            }
            // In another process, or with the same network, whose steps may have been recorded.
            let other = new();
            let (learner, mut network) = if continued.len() % 2 == 0 { other } else { (learner, network) };
            let saved = saved_units(place.folder, &spec, &place.trial, 1);
            let (outcome, from) = place.run(&learner, &mut network, f64::INFINITY);
            let (outcome, from) = (outcome.unwrap(), from.expect("the checkpoint is used"));
            assert_eq!(saved, from.units, "the estimate of the time left reads the same number");
            assert_eq!(outcome.values(), whole.values(), "{sets:?} after {from:?}");
            assert_eq!(outcome.weights, whole.weights, "{sets:?} after {from:?}");
            assert_eq!(outcome.units, whole.units - from.units, "the epochs before are not trained again");
            assert!(from.units > 0 && outcome.trained.timing.train > from.results.timing.train);
            continued.push((from.part, from.epoch));
            std::fs::remove_file(&path).unwrap();
        }
        continued.dedup();
        let trainings = if sets[0].contains("['best-on-held-out', 'last']") { 2 } else { 1 };
        assert_eq!(continued.len(), 4 * trainings, "{sets:?}: {continued:?}");
    }
}

#[test]
fn a_checkpoint_of_another_state_or_with_a_changed_bit_is_not_used() {
    let spec = spec(&[]);
    let data = speed::made_up(&spec, &SIZE, 40, Device::Cpu);
    let task = crate::task::task(&spec, &data.classes);
    let folder = tempfile::tempdir().unwrap();
    let mut place = Place::new(folder.path(), &spec, &data);
    let learner = place.learner(task.as_ref());
    let mut network = learner.network(&spec.model).unwrap();
    let whole = place.run(&learner, &mut network, f64::INFINITY).0.unwrap();
    let checkpoints = place.checkpoints(&network, 1);
    let kept = std::fs::read(checkpoints.path()).unwrap();
    assert!(Halfway::find(&checkpoints, &network, |_| ()).is_some());

    let refused = |checkpoints: &Checkpoints, network: &Network, why: &str| {
        std::fs::write(checkpoints.path(), &kept).unwrap();
        let read = checkpoints.read(|progress, tensors| Halfway::resume(progress, tensors, network));
        let error = format!("{:#}", read.unwrap_err());
        assert!(error.starts_with(why), "{error}");
        assert!(Halfway::find(checkpoints, network, |_| ()).is_none() && !checkpoints.path().exists(), "{why}");
    };
    refused(&place.checkpoints(&network, 2), &network, "its round is 1, not 2");
    place.labeled.swap(0, 1);
    refused(&place.checkpoints(&network, 1), &network, "its labels is ");
    place.labeled.swap(0, 1);
    let longer = self::spec(&["train.epochs=6"]);
    let other = Place { spec: &longer, labeled: place.labeled.clone(), trial: place.trial.clone(), ..place };
    refused(&other.checkpoints(&network, 1), &network, "its spec is ");
    let wide = self::spec(&["model.width=3"]);
    refused(&place.checkpoints(&learner.network(&wide.model).unwrap(), 1), &network, "its network is ");

    let mut damaged = kept.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    std::fs::write(checkpoints.path(), &damaged).unwrap();
    let (outcome, from) = place.run(&learner, &mut network, f64::INFINITY);
    assert!(from.is_none());
    assert_eq!(outcome.unwrap().values(), whole.values());
}

#[test]
fn a_checkpoint_that_cannot_be_written_stops_nothing() {
    let spec = spec(&[]);
    let data = speed::made_up(&spec, &SIZE, 40, Device::Cpu);
    let task = crate::task::task(&spec, &data.classes);
    let file = tempfile::NamedTempFile::new().unwrap();
    let place = Place::new(file.path(), &spec, &data);
    let learner = place.learner(task.as_ref());
    let mut network = learner.network(&spec.model).unwrap();
    assert!(place.run(&learner, &mut network, f64::INFINITY).0.is_ok());
}
