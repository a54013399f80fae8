use tch::nn::OptimizerConfig;
use tch::{Device, Kind, nn};

use super::*;
use crate::model::Head;
use pt4al_results::seed::Purpose;
use pt4al_results::spec::{Arch, ModelSpec, Precision, Stem};

const LR: f64 = 0.05;

fn network(precision: Precision) -> Network {
    let spec = ModelSpec::new(Arch::ResNet18, Stem::Small, 3);
    let mut network = Network::new(&spec, Head::Image(5), [32, 32], Device::Cpu).unwrap().in_precision(precision);
    network.initialise(1, Purpose::Weights, 0);
    network
}

fn sgd(nesterov: bool) -> spec::Optimizer {
    spec::Optimizer::Sgd(spec::Sgd { lr: LR, momentum: 0.9, weight_decay: 0.01, nesterov })
}

fn adamw() -> spec::Optimizer {
    spec::Optimizer::AdamW(spec::AdamW { lr: LR, betas: [0.8, 0.99], eps: 1e-6, weight_decay: 0.1 })
}

/// A loss of `network` on six images.
fn loss(network: &Network) -> Tensor {
    let images = (Tensor::arange(6 * 3 * 8 * 8, (Kind::Double, Device::Cpu)) * 0.7).sin().reshape([6, 3, 8, 8]);
    network.forward(&images.to_kind(network.kind()), true).square().mean(None)
}

fn rate(factor: f64, momentum: Option<f64>) -> Rate {
    Rate { factor, momentum }
}

/// Takes five steps with each, the last two with a tenth of the learning rate; then compares our optimizer after a restart with a
/// new one.
fn equals_libtorchs(spec: &spec::Optimizer, mut torch: nn::Optimizer, theirs: &Network) {
    let ours = network(Precision::F64);
    let mut optimizer = Optimizer::new(spec, &ours);
    for step in 0..5 {
        let factor = if step < 3 { 1.0 } else { 0.1 };
        optimizer.set(rate(factor, None));
        torch.set_lr(LR * factor);
        optimizer.step(&ours, &loss(&ours));
        torch.backward_step(&loss(theirs));
        let theirs = theirs.store().variables();
        for (name, variable) in ours.store().variables() {
            let difference = (&variable - &theirs[&name]).abs().max().double_value(&[]);
            assert!(difference < 1e-12, "{name} differs by {difference} after step {step}");
        }
    }
    optimizer.restart();
    let before = ours.snapshot();
    optimizer.step(&ours, &loss(&ours));
    let mut again = network(Precision::F64);
    again.restore(&before);
    let mut fresh = Optimizer::new(spec, &again);
    fresh.set(rate(0.1, None));
    fresh.step(&again, &loss(&again));
    let again = again.store().variables();
    assert!(ours.store().variables().iter().all(|(name, variable)| variable == &again[name]));
}

#[test]
fn steps_of_sgd_equal_those_of_libtorchs_optimizer() {
    for nesterov in [false, true] {
        let theirs = network(Precision::F64);
        let torch = nn::Sgd { momentum: 0.9, dampening: 0.0, wd: 0.01, nesterov };
        equals_libtorchs(&sgd(nesterov), torch.build(theirs.store(), LR).unwrap(), &theirs);
    }
}

#[test]
fn steps_of_adamw_equal_those_of_libtorchs_optimizer() {
    let theirs = network(Precision::F64);
    let torch = nn::AdamW { beta1: 0.8, beta2: 0.99, wd: 0.1, eps: 1e-6, amsgrad: false };
    equals_libtorchs(&adamw(), torch.build(theirs.store(), LR).unwrap(), &theirs);
}

/// The weights, padding included.
fn weights(network: &Network) -> Tensor {
    let mut weights = Tensor::new();
    network.train(|trained| weights = trained.copy());
    weights
}

/// The momentum that a schedule sets takes the place of the spec's, and the spec's comes back.
#[test]
fn a_momentum_that_is_set_takes_the_place_of_the_specs() {
    let other = |momentum: f64| match (sgd(true), adamw()) {
        (spec::Optimizer::Sgd(sgd), spec::Optimizer::AdamW(adamw)) => [
            spec::Optimizer::Sgd(spec::Sgd { momentum, ..sgd }),
            spec::Optimizer::AdamW(spec::AdamW { betas: [momentum, adamw.betas[1]], ..adamw }),
        ],
        others => panic!("{others:?}"),
    };
    for (of_spec, of_schedule) in other(0.9).iter().zip(other(0.5)) {
        let trained = |spec: &spec::Optimizer, momentum: Option<f64>, then: Option<f64>| {
            let network = network(Precision::F64);
            let mut optimizer = Optimizer::new(spec, &network);
            for momentum in [momentum, momentum, then] {
                optimizer.set(rate(1.0, momentum));
                optimizer.step(&network, &loss(&network));
            }
            weights(&network)
        };
        assert_eq!(trained(of_spec, Some(0.5), Some(0.5)), trained(&of_schedule, None, None), "{of_spec:?}");
        assert_eq!(trained(of_spec, Some(0.5), None), trained(&of_schedule, None, Some(0.9)), "{of_spec:?}");
        assert_ne!(trained(of_spec, Some(0.5), None), trained(of_spec, None, None), "{of_spec:?}");
    }
}

/// Padding has no gradient, so Adam divides 0 by the root of 0 there.
#[test]
fn padding_between_weights_stays_zero() {
    for precision in [Precision::F32, Precision::F64, Precision::Bf16] {
        for spec in [sgd(true), adamw(), spec::Optimizer::AdamW(spec::AdamW { eps: 1e-30, ..adamw_options() })] {
            let network = network(precision);
            let zeros = weights(&network).eq(0.0);
            let mut optimizer = Optimizer::new(&spec, &network);
            for _ in 0..3 {
                optimizer.step(&network, &loss(&network));
            }
            let weights = weights(&network);
            assert_eq!(weights.isfinite().all().int64_value(&[]), 1, "{spec:?} in {precision:?}");
            // Biases begin at 0 and are trained; most numbers that are 0 at first are padding.
            let still = weights.eq(0.0).logical_and(&zeros).sum(Kind::Int64).int64_value(&[]);
            let padding = padding(&network);
            assert!(padding > 0 && still >= padding, "{spec:?} in {precision:?}: {still} of {padding}");
        }
    }
}

fn adamw_options() -> spec::AdamW {
    let spec::Optimizer::AdamW(options) = adamw() else { panic!("made above") };
    options
}

/// The number of numbers in the buffer that belong to no variable.
fn padding(network: &Network) -> i64 {
    let trained = network.store().trainable_variables().iter().map(Tensor::numel).sum::<usize>();
    weights(network).numel() as i64 - trained as i64
}

#[test]
fn single_precision_trains_as_double_precision_does() {
    for spec in [sgd(true), adamw()] {
        let trained = |precision| {
            let network = network(precision);
            let mut optimizer = Optimizer::new(&spec, &network);
            let before = weights(&network).to_kind(Kind::Double);
            optimizer.set(rate(0.01, Some(0.7)));
            optimizer.step(&network, &loss(&network));
            weights(&network).to_kind(Kind::Double) - before
        };
        let (single, double) = (trained(Precision::F32), trained(Precision::F64));
        let difference = (&single - &double).norm().double_value(&[]) / double.norm().double_value(&[]);
        assert!(difference < 0.05, "{spec:?}: {difference}");
    }
}
