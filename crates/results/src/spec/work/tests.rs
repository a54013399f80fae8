use std::path::Path;

use super::*;
use crate::spec::{Source, load};

/// An experiment, with the keys of `sets` changed.
fn spec(experiment: &str, profile: Option<&str>, sets: &[&str]) -> Spec {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../experiments/{experiment}.toml"));
    let (profile, sets) = (profile.map(str::to_owned), sets.iter().map(|&set| set.to_owned()).collect());
    load(&Source { path, profile, sets }).unwrap()
}

/// Classification on squares of 16; 3 epochs of rotation in minibatches of 64.
fn demo(sets: &[&str]) -> Spec {
    spec("demo", None, sets)
}

/// Segmentation on crops of 72 x 96 from 96 x 128; 20 epochs of colorization.
fn cityscapes(sets: &[&str]) -> Spec {
    spec("cityscapes", Some("cpu"), sets)
}

fn near(a: f64, b: f64) -> bool {
    (a / b - 1.0).abs() < 1e-12
}

#[test]
fn crops_decide_the_trained_size_and_otherwise_the_stored_one_is_trained_on() {
    assert_eq!(demo(&[]).trained_size(), [16, 16]);
    assert_eq!(demo(&["train.augment=[]"]).trained_size(), [16, 16]);
    assert_eq!(demo(&["train.augment=['crop-4', 'flip']"]).trained_size(), [16, 16]);
    assert_eq!(demo(&["train.augment=['flip', { crop = [12, 10] }]"]).trained_size(), [12, 10]);
    let resized = "train.augment=[{ random-resized-crop = { side = 9, area = [0.5, 1.0] } }, 'flip']";
    assert_eq!(demo(&[resized]).trained_size(), [9, 9]);
    assert_eq!(cityscapes(&[]).trained_size(), [72, 96]);
    assert_eq!(cityscapes(&["train.augment=['flip']"]).trained_size(), [96, 128]);
    assert_eq!(spec("cityscapes", None, &["train.augment=['flip']"]).trained_size(), [1024, 2048]);
}

#[test]
fn a_pretext_learner_sees_whole_images_of_segmentation() {
    for set in ["pretext.task=rotation", "pretext.task=colorization", "train.augment=[{ crop = [8, 8] }]"] {
        assert_eq!(demo(&[set]).pretext_pixels(), 1.0, "{set}");
    }
    let crop = 72.0 * 96.0;
    assert!(near(cityscapes(&[]).pretext_pixels(), 96.0 * 128.0 / crop));
    assert!(near(cityscapes(&["pretext.task=rotation"]).pretext_pixels(), 96.0 * 96.0 / crop));
    assert!(near(cityscapes(&["train.augment=['flip']"]).pretext_pixels(), 1.0));
    assert_eq!(Spec { pretext: None, ..cityscapes(&[]) }.pretext_pixels(), 1.0);
}

#[test]
fn a_pretext_learner_trains_each_epoch_and_scores_for_each_checkpoint() {
    let work = |train, score| Work { train, evaluate: 0, score };
    assert_eq!(demo(&[]).pretext_work(2_000), work(2_000 * 4 * 3, 2_000 * 4));
    assert_eq!(demo(&["pretext.checkpoint=best-on-pool"]).pretext_work(2_000), work(2_000 * 4 * 3, 2_000 * 4 * 3));
    assert_eq!(demo(&["pretext.task=colorization"]).pretext_work(2_000), work(2_000 * 3, 2_000));
    // 90 whole images have the pixels of 160 crops, their squares those of 120.
    assert_eq!(cityscapes(&[]).pretext_work(90), work(160 * 20, 160));
    assert_eq!(cityscapes(&["pretext.task=rotation"]).pretext_work(90), work(120 * 4 * 20, 120 * 4));
    assert_eq!(Spec { pretext: None, ..demo(&[]) }.pretext_work(2_000), Work::default());
}

/// What is measured is compared with the count in `src/task/mod.rs`.
#[test]
fn every_rule_has_rows_of_its_own() {
    let rules = "train.select={ query = 'last', record = ['last', 'best-on-test', 'best-on-held-out'], every = 1, \
                 held-out = 0.1 }";
    // Accuracy, loss and epoch.
    assert_eq!(demo(&[]).rows_of_a_round(10), 3);
    assert_eq!(demo(&[rules]).rows_of_a_round(10), 3 * 3);
    assert_eq!(demo(&[rules, "metrics=['per-class', 'top-5-accuracy']"]).rows_of_a_round(10), 3 * (3 + 10 + 1));
    // Mean IoU, accuracy of pixels, loss and epoch.
    assert_eq!(cityscapes(&[rules]).rows_of_a_round(11), 3 * (4 + 11));
}

#[test]
fn operations_are_those_of_the_published_networks() {
    let billions = |experiment: &str, sets: &[&str]| spec(experiment, None, sets).operations() / 1e9;
    // Two operations for a multiplication and an addition.
    assert!((1.0..1.2).contains(&billions("cifar10", &[])));
    assert!((3.4..3.9).contains(&billions("imagenet", &[])));
    assert!((7.8..8.6).contains(&billions("imagenet", &["model.arch=resnet50"])));
    // A quarter for half the width; a variant that takes more counts.
    assert!(near(billions("cifar10", &["model.width=32"]), billions("cifar10", &[]) / 4.0));
    assert!(near(billions("cifar10", &["variant.wide.model.width=128"]), billions("cifar10", &[]) * 4.0));
}

#[test]
fn a_fold_is_not_trained_on_and_measured_instead() {
    let spec = demo(&["train.epochs=7"]);
    assert_eq!(spec.correlation_work(100, None), Work { train: 700, evaluate: 0, score: 100 });
    assert_eq!(spec.correlation_work(100, Some(4)), Work { train: 525, evaluate: 0, score: 25 });
}

#[test]
fn a_step_takes_memory_for_its_minibatch_and_the_width() {
    for base in [demo(&[]), cityscapes(&[])] {
        let twice = |change: &dyn Fn(&mut Spec)| {
            let mut spec = base.clone();
            change(&mut spec);
            [spec.step_mb() / base.step_mb(), spec.pretext_step_mb(10_000) / base.pretext_step_mb(10_000)]
        };
        let near = |got: [f64; 2], want: [f64; 2]| near(got[0], want[0]) && near(got[1], want[1]);
        assert!(base.step_mb() > 0.0 && base.pretext_step_mb(10_000) > 0.0);
        assert!(near(twice(&|spec| spec.train.minibatch *= 2), [2.0, 1.0]));
        let widen = |spec: &mut Spec| match &mut spec.model {
            ModelSpec::Network(network) => network.width *= 2,
            ModelSpec::Features(_) | ModelSpec::Script(_) => unreachable!("the experiment has a network"),
        };
        assert!(near(twice(&widen), [2.0, 2.0]));
        assert!(near(twice(&|spec| learner(spec).minibatch *= 2), [1.0, 2.0]));
    }
    // Adam keeps one more number for each weight.
    assert!(near(demo(&["train.optimizer.adamw={lr=0.001}"]).weights_mb() / demo(&[]).weights_mb(), 5.0 / 4.0));
    // Weights and momentum; Adam's second mean; the best epoch; the best epoch of the second training, and the weights of the first.
    let mb = |sets: &[&str]| demo(sets).checkpoint_mb() / demo(&[]).checkpoint_mb();
    assert!(near(demo(&["model.width=64"]).checkpoint_mb(), 2.0 * 4.0 * 11.2));
    assert!(near(mb(&["train.optimizer.adamw={lr=0.001}"]), 3.0 / 2.0));
    let select = "train.select={query='last', record=['last', 'best-on-held-out'], every=1, held-out=0.1}";
    assert!(near(mb(&[select]), 4.0 / 2.0) && near(mb(&[&select.replacen("last", "best-on-held-out", 1)]), 3.0 / 2.0));
    assert!(near(mb(&["train.select={query='best-on-test', record=['best-on-test'], every=1}"]), 3.0 / 2.0));
    assert_eq!(demo(&["checkpoint-minutes=0"]).checkpoint_mb(), 0.0);
    // Four copies of an image wait for one backward pass, and whole images are larger than crops.
    let pretext = |spec: Spec| spec.pretext_step_mb(10_000) / spec.step_mb();
    assert!(near(pretext(demo(&["train.minibatch=64"])), 4.0));
    assert!(near(pretext(cityscapes(&["train.minibatch=8"])), 96.0 * 128.0 / (72.0 * 96.0)));
    let uncropped = cityscapes(&["train.augment=['flip']"]);
    assert!(near(uncropped.pretext_step_mb(10_000), cityscapes(&[]).pretext_step_mb(10_000)));
    assert!(uncropped.step_mb() > cityscapes(&[]).step_mb());
    assert_eq!(Spec { pretext: None, ..demo(&[]) }.pretext_step_mb(10_000), 0.0);
    // As the experiment's comment says: some 13 GB.
    assert!((12_000.0..14_000.0).contains(&spec("cityscapes", None, &[]).pretext_step_mb(10_000)));
}

#[test]
fn evaluations_are_counted_as_they_are_made() {
    for (epochs, every) in (1..=12).flat_map(|epochs| (1..=epochs).map(move |every| (epochs, Some(every)))) {
        let mut spec = demo(&[]);
        (spec.train.epochs, spec.train.select.every) = (epochs, every);
        assert_eq!(spec.evaluations(), spec.evaluated_epochs().len(), "{epochs} epochs, every {every:?}");
    }
    assert_eq!(demo(&[]).evaluations(), 1);
}

fn learner(spec: &mut Spec) -> &mut crate::spec::LearnerSpec {
    match &mut spec.pretext.as_mut().unwrap().losses {
        crate::spec::LossSource::Learner(learner) => learner,
        crate::spec::LossSource::File(_) => panic!("no learner"),
    }
}

#[test]
fn what_is_left_has_the_proportions_of_the_whole() {
    let work = Work { train: 1000, evaluate: 600, score: 400 };
    assert_eq!(work.after(0), work);
    assert_eq!(work.after(1000), Work { train: 750, evaluate: 450, score: 300 });
    assert_eq!(work.after(5000), Work::default());
    assert_eq!(Work::default().after(1), Work::default());
    assert_eq!(work.after_training(1800), Work { train: 500, evaluate: 300, score: 400 });
    assert_eq!(work.after_training(u64::MAX), Work { score: 400, ..Work::default() });
}
