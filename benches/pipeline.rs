//! The throughput of the stages that take most of an experiment's time. They run on one thread, so that machines can be
//! compared. `benches/pytorch.py` times the same network in Python's PyTorch.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use pt4al::dataset::augment::Draws;
use pt4al::dataset::{Input, Minibatch, Place, on_device};
use pt4al::model::{Head, Network};
use pt4al::sampler::k_center_greedy;
use pt4al::task::{Classification, Task};
use pt4al::train;
use pt4al_data::{cifar10, images::Images, shapes};
use pt4al_results::batches::split_into_batches;
use pt4al_results::seed::{Purpose, stream};
use pt4al_results::spec::{
    Arch, Augment, Confidence, LossOrder, ModelSpec, Normalize, Optimizer, Precision, RandAugment, Sgd, ShapesSpec,
    Stem, Uncertainty,
};
use pt4al_results::stats::bootstrap_95;
use pt4al_results::store::Losses;
use tch::{Device, Kind, Tensor};

const MINIBATCH: usize = 128;

fn pictures(n: usize) -> Images {
    let pixels = (0..n * 32 * 32 * 3).map(|i| (i * 31 % 251) as u8).collect();
    Images { height: 32, width: 32, pixels, labels: (0..n).map(|i| (i % 10) as u8).collect() }
}

fn network(width: usize, precision: Precision) -> Network {
    let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, width);
    let mut network = Network::new(&spec, Head::Image(10), [32, 32], Device::Cpu).unwrap().in_precision(precision);
    network.initialise(0, Purpose::Weights, 0);
    network
}

fn classification() -> Classification {
    Classification {
        classes: (0..10).map(|class| class.to_string()).collect(),
        metrics: Vec::new(),
        confidence: Confidence::Logits,
        label_smoothing: 0.0,
    }
}

/// A training step and an inference pass on 128 images of 32x32, for several widths, in single precision and in bf16 (which is
/// slow on processors without AMX).
fn network_throughput(c: &mut Criterion) {
    tch::set_num_threads(1);
    let images = pictures(MINIBATCH);
    let task = classification();
    let split = on_device(images.clone().into(), Device::Cpu);
    let input = Input::new(&Normalize::cifar10(), None, Device::Cpu);
    let indices: Vec<usize> = (0..MINIBATCH).collect();
    let pixels = Tensor::from_slice(&images.pixels).reshape([MINIBATCH as i64, 32, 32, 3]);
    let targets = Tensor::from_slice(&images.labels).to_kind(Kind::Int64);
    for stage in ["train", "infer"] {
        let mut group = c.benchmark_group(stage);
        group
            .throughput(Throughput::Elements(MINIBATCH as u64))
            .sample_size(10)
            .measurement_time(Duration::from_secs(10));
        for (width, precision) in [8, 16, 64].into_iter().flat_map(|w| [(w, Precision::F32), (w, Precision::Bf16)]) {
            let network = network(width, precision);
            let sgd = Optimizer::Sgd(Sgd { lr: 0.01, momentum: 0.9, weight_decay: 5e-4, nesterov: false });
            let mut sgd = train::Optimizer::new(&sgd, &network);
            group.bench_function(BenchmarkId::new(format!("resnet18, {}", precision.name()), width), |b| {
                if stage == "train" {
                    b.iter(|| {
                        let loss = task.loss(&network.forward(&input.prepare(&pixels), true), &targets);
                        sgd.step(&network, &loss);
                    });
                } else {
                    b.iter(|| train::evaluate(&network, &task, split.as_ref(), &indices, &input));
                }
            });
        }
        group.finish();
    }
}

fn augmentation(c: &mut Criterion) {
    tch::set_num_threads(1);
    let images = pictures(MINIBATCH);
    let pixels = Tensor::from_slice(&images.pixels).reshape([MINIBATCH as i64, 32, 32, 3]);
    let targets = Tensor::from_slice(&images.labels).to_kind(Kind::Int64);
    let input = Input::new(&Normalize::cifar10(), None, Device::Cpu);
    let mut group = c.benchmark_group("augment");
    group.throughput(Throughput::Elements(20 * MINIBATCH as u64));
    let operations = Augment::RandAugment(RandAugment { operations: 2, magnitude: 9 });
    for (name, augment) in [
        ("draw, crop, flip, normalise", vec![Augment::Crop4, Augment::Flip]),
        ("draw, crop, flip, RandAugment, normalise", vec![Augment::Crop4, Augment::Flip, operations]),
    ] {
        group.bench_function(name, |b| {
            let mut draws = stream(0, Purpose::Augmentation, &[]);
            // An epoch of some minibatches, because its tables are made once.
            let epoch = 20 * MINIBATCH;
            b.iter(|| {
                let draws = Draws::new(&augment, epoch, [32, 32], &mut draws, Device::Cpu);
                for first in (0..epoch).step_by(MINIBATCH) {
                    let minibatch = Minibatch { images: pixels.shallow_clone(), targets: targets.shallow_clone() };
                    let place = Place::First(first as i64);
                    let _ = black_box(input.prepare(&draws.apply(minibatch, &place).images));
                }
            });
        });
    }
    group.finish();
}

/// 100 picks of core-set among n images with 512 features, given 1,000 labels: the first distances and the greedy passes.
fn core_set(c: &mut Criterion) {
    tch::set_num_threads(1);
    let mut group = c.benchmark_group("core-set, 100 picks, 1,000 centers, 512 features");
    group.sample_size(10).measurement_time(Duration::from_secs(15));
    for n in [10_000i64, 50_000] {
        let features = Tensor::arange(n * 512, (Kind::Float, Device::Cpu)).sin().reshape([n, 512]);
        let centers = features.narrow(0, 0, 1_000);
        group.bench_function(BenchmarkId::from_parameter(n), |b| b.iter(|| k_center_greedy(&features, &centers, 100)));
    }
    group.finish();
}

fn entropy(c: &mut Criterion) {
    tch::set_num_threads(1);
    let outputs = Tensor::arange(50_000 * 10, (Kind::Float, Device::Cpu)).sin().reshape([50_000, 10]);
    let task = classification();
    let mut group = c.benchmark_group("entropy");
    group.throughput(Throughput::Elements(50_000));
    group.bench_function("50,000 x 10", |b| {
        b.iter(|| task.uncertainty(&outputs, Uncertainty::Entropy).sum(Kind::Float))
    });
    group.finish();
}

fn data_sets(c: &mut Criterion) {
    let mut group = c.benchmark_group("data");
    group.sample_size(10);
    let spec = ShapesSpec { pool: 2000, test: 1000, side: 16, seed: 0, normalize: Normalize::cifar10() };
    group.bench_function("shapes, 3,000 of 16x16", |b| b.iter(|| shapes::generate(&spec)));
    match std::env::var_os("PT4AL_TEST_DATA").map(PathBuf::from) {
        Some(folder) => {
            group.bench_function("cifar10, read and hash 60,000", |b| b.iter(|| cifar10::read(&folder).unwrap()));
        }
        None => eprintln!("SKIPPED: reading CIFAR-10, because PT4AL_TEST_DATA is not set"),
    }
    group.finish();
}

/// The work on the losses of CIFAR-10's pool: pretext batches (sorted as numbers, and as strings that Python prints), and the
/// interval of a rank correlation from 100 resamples.
fn losses(c: &mut Criterion) {
    let loss = |i: usize| f64::from(((i * 7919 % 50_021) as f32 / 50_021.0).powi(9));
    let losses = Losses { rows: (0..50_000).map(|i| (i, loss(i))).collect() };
    let mut group = c.benchmark_group("50,000 losses");
    group.sample_size(10);
    for (name, order) in [("by number", LossOrder::Loss), ("as strings", LossOrder::PublishedStringSort)] {
        group.bench_function(BenchmarkId::new("split", name), |b| b.iter(|| split_into_batches(&losses, order, 10)));
    }
    let x: Vec<f64> = losses.rows.iter().map(|row| row.1).collect();
    let y: Vec<f64> = (0..50_000).map(|i| loss(i * 31)).collect();
    group.bench_function("bootstrap, 100 resamples", |b| b.iter(|| bootstrap_95(&x, &y, 100, 0)));
    group.finish();
}

criterion_group!(benches, network_throughput, augmentation, core_set, entropy, losses, data_sets);
criterion_main!(benches);
