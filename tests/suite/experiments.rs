//! Every spec in experiments/ parses and expands, with each of its profiles.

use std::path::{Path, PathBuf};

use pt4al_data as data;
use pt4al_results::spec::{self, Source, Spec};

/// Returns the numbers of images of pool and test split with the official data. A fifth of Caltech-101 is the test split.
fn official_size(spec: &Spec) -> (usize, usize) {
    let (train, test) = match spec.dataset.name() {
        "caltech101" => (6_941, 1_736),
        "imagenet" => (1_281_167, 50_000),
        "cityscapes" => (2_975, 500),
        _ => {
            let whole = Spec { imbalance: None, ..spec.clone() };
            let (size, _) = data::size(&whole, Path::new("/nowhere")).unwrap();
            (size.train, size.test)
        }
    };
    let kept = spec.imbalance.as_ref().map_or(train, |imbalance| {
        assert_eq!(spec.dataset.name(), "cifar10", "how many images has each class?");
        let labels: Vec<u16> = (0..train).map(|i| (i % 10) as u16).collect();
        let classes: Vec<String> = (0..10).map(|class| format!("class {class}")).collect();
        data::imbalance::keep(&labels, &classes, imbalance).unwrap().len()
    });
    let pool = spec.dataset.pool().unwrap_or(kept);
    assert!(pool <= kept, "a pool of {pool} from {kept} images");
    (pool, test)
}

#[test]
fn all_experiments_and_profiles_expand() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("experiments");
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let profiles = spec::profiles(&path).unwrap();
        for profile in std::iter::once(None).chain(profiles.into_iter().map(Some)) {
            let spec = spec::load(&Source { path: path.clone(), profile, sets: Vec::new() }).unwrap();
            assert_eq!(spec.trials().len(), spec.seeds.len() * spec.arms().len());
            let (pool, test) = official_size(&spec);
            spec.check_pool(pool, test).unwrap();
        }
        files += 1;
    }
    assert!(files >= 2);
}

/// The comment on the line of each imbalance says the size of the pool.
#[test]
fn imbalanced_pools_have_the_sizes_that_comments_say() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("experiments/cifar10-imbalanced.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let load = |profile: &str| {
        let profile = (!profile.is_empty()).then(|| profile.to_owned());
        spec::load(&Source { path: path.clone(), profile, sets: Vec::new() }).unwrap()
    };
    for (profile, line, images, written) in [
        ("", "long-tail = { ratio = 100.0, seed = 0 }", 12_406, "12,406 in all"),
        ("ratio50", "imbalance = { long-tail = { ratio = 50.0,", 13_996, "13,996 images"),
        ("ratio10", "imbalance = { long-tail = { ratio = 10.0,", 20_431, "20,431 images"),
        ("step", "imbalance = { step = {", 27_500, "27,500 images"),
        ("linear", "imbalance = { linear = {", 27_500, "27,500 images"),
    ] {
        let spec = load(profile);
        assert_eq!(official_size(&spec), (images, 10_000), "{profile}");
        spec.check_pool(images, 10_000).unwrap();
        let line = text.lines().find(|l| l.starts_with(line)).unwrap();
        assert!(line.contains(written), "{line}");
        let small = load(format!("{profile}+cpu").trim_start_matches('+'));
        assert_eq!((official_size(&small), &small.imbalance), ((5_000, 10_000), &spec.imbalance), "{profile}");
    }
}

/// Each number of the paper's protocol.
#[test]
fn cifar10_is_the_papers_protocol() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("experiments/cifar10.toml");
    let spec = spec::load(&Source { path, ..Source::default() }).unwrap();
    assert_eq!(official_size(&spec), (50_000, 10_000));
    assert_eq!((spec.rounds.count, spec.rounds.initial, spec.rounds.query), (10, 1000, 1000));
    assert_eq!((spec.train.epochs, spec.train.minibatch, spec.model.network().unwrap().width), (200, 128, 64));
    let spec::Optimizer::Sgd(sgd) = spec.train.optimizer else { panic!("{:?}", spec.train.optimizer) };
    assert_eq!((sgd.lr, sgd.momentum, sgd.weight_decay, sgd.nesterov), (0.1, 0.9, 5e-4, false));
    let rate = |epoch| spec.train.schedule.rate([epoch, 200], [0, 8]).factor * sgd.lr;
    assert!((rate(159) - 0.1).abs() < 1e-12 && (rate(160) - 0.01).abs() < 1e-12);
    let pretext = spec.pretext.as_ref().unwrap();
    let learner = pretext.learner().unwrap();
    assert_eq!((learner.epochs, learner.minibatch), (15, 256));
    assert_eq!(spec.pretext_batches(), 10);
    // The paper's protocol takes 11 million image passes of the task model in a trial, if it trains on all labels.
    let passes: u64 = (0..10).map(|round| spec.rounds.labeled(round) as u64 * 200).sum();
    assert_eq!(passes, 11_000_000);
}
