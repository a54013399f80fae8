//! Compares the networks with the reference definitions in PyTorch: the same weights and images give the same outputs.
//! `tests/fixtures/models/make.py` made the fixtures; it states the rule by which both sides fill weights and images.

use serde_json::Value;
use tch::{Device, Kind, Tensor};

use super::{Head, Network};
use pt4al_results::spec::{Arch, ModelSpec, Precision, Stem};

/// The largest allowed difference of an output. Outputs are of order 1.
const TOLERANCE: f64 = 1e-4;

/// Returns the `count` numbers in [-1, 1) that the rule gives to `name`.
fn values(name: &str, count: usize) -> Vec<f64> {
    let key = name.bytes().fold(0x811c_9dc5_u32, |key, byte| (key ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let value = |i: u32| {
        let mut h = key.wrapping_add(i);
        h = (h ^ (h >> 16)).wrapping_mul(0x85eb_ca6b);
        h = (h ^ (h >> 13)).wrapping_mul(0xc2b2_ae35);
        f64::from((h ^ (h >> 16)) >> 8) / f64::from(1 << 23) - 1.0
    };
    (0..count as u32).map(value).collect()
}

/// Returns images in double precision, `[n, 3, height, width]`, with channels interleaved in memory as data sets have them.
fn images(n: i64, height: i64, width: i64) -> Tensor {
    let (rows, columns) = ((height + 7) / 8, (width + 7) / 8);
    let tiles = Tensor::from_slice(&values("tiles", (n * 3 * rows * columns) as usize)).view([n, 3, rows, columns]);
    let tiles = tiles.repeat_interleave_self_int(8, 2, None).repeat_interleave_self_int(8, 3, None);
    let pixels = Tensor::from_slice(&values("images", (n * 3 * height * width) as usize)).view([n, 3, height, width]);
    let images = tiles.narrow(2, 0, height).narrow(3, 0, width) + pixels / 2.0;
    images.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

/// Fills all variables. `reference` maps the name of a variable to its name in the reference definition.
fn fill(network: &Network, reference: &dyn Fn(&str) -> String) {
    for (name, variable) in network.store().variables() {
        let size = variable.size();
        let fan_in: i64 = size[1..].iter().product();
        let weight = |v: f64| match name.rsplit('.').next() {
            _ if size.len() > 1 => v * (3.0 / fan_in as f64).sqrt(),
            Some("weight") => 1.0 + v / 4.0,
            Some("running_var") => 1.0 + v / 2.0,
            _ => v / 10.0,
        };
        let weights: Vec<f64> = values(&reference(&name), variable.numel()).into_iter().map(weight).collect();
        tch::no_grad(|| variable.shallow_clone().copy_(&Tensor::from_slice(&weights).view(size.as_slice())));
    }
}

fn numbers(fixture: &Value, key: &str) -> Vec<f64> {
    let list = fixture[key].as_array().unwrap_or_else(|| panic!("the fixture has no list {key:?}"));
    list.iter().map(|v| v.as_f64().expect("a number")).collect()
}

/// Returns the largest difference between `outputs` and the fixture's numbers under `key`. Those must not be all alike.
fn difference(outputs: &Tensor, fixture: &Value, key: &str) -> f64 {
    let expected = numbers(fixture, key);
    let expected = Tensor::from_slice(&expected);
    assert!(expected.std(true).double_value(&[]) > 0.05, "{key} of the fixture hardly differ");
    let outputs = outputs.to_kind(Kind::Double).reshape(-1);
    assert_eq!(outputs.numel(), expected.numel(), "{key}");
    (outputs - expected).abs().max().double_value(&[])
}

/// Compares the number of parameters, the outputs in evaluation, and the outputs in training (with the statistics of the
/// minibatch). Training is compared in double precision: statistics of few numbers enlarge the rounding, so that float32
/// outputs differ by more than the tolerance between two memory layouts, in PyTorch too.
fn compare(fixture: &str, spec: &ModelSpec, head: Head, reference: &dyn Fn(&str) -> String) {
    let fixture: Value = serde_json::from_str(fixture).expect("a fixture");
    let mut network = Network::new(spec, head, [32, 32], Device::Cpu).unwrap();
    assert_eq!(network.parameters() as f64, fixture["parameters"].as_f64().expect("parameters"));
    let size = numbers(&fixture, "images");
    let images = images(size[0] as i64, size[2] as i64, size[3] as i64);
    for (mode, train, precision) in [("evaluation", false, Precision::F32), ("training", true, Precision::F64)] {
        network = network.in_precision(precision);
        let kind = network.kind();
        fill(&network, reference);
        let outputs = tch::no_grad(|| network.forward(&images.to_kind(kind), train));
        let size: Vec<f64> = outputs.size().into_iter().map(|s| s as f64).collect();
        assert_eq!(size, numbers(&fixture, "outputs"));
        let found = match fixture["step"].as_i64() {
            None => difference(&outputs, &fixture, mode),
            Some(step) => {
                let some = outputs.slice(2, None, None, step).slice(3, None, None, step);
                let means = outputs.mean_dim([2i64, 3].as_slice(), false, None);
                difference(&some, &fixture, mode).max(difference(&means, &fixture, &format!("{mode}_means")))
            }
        };
        println!("{spec:?}, {mode}: largest difference {found:.1e}");
        assert!(found < TOLERANCE, "{spec:?}, {mode}: an output differs by {found} from the reference definition");
    }
}

/// The name of a variable in torchvision's networks and in DRN's.
fn torchvision(name: &str) -> String {
    name.replace("shortcut.", "downsample.").replace("linear.", "fc.")
}

/// The name of a variable in DRN's segmentation network, whose body is a sequence.
fn drn_seg(name: &str) -> String {
    torchvision(name).replace("layer", "base.").replace("pixel.", "seg.")
}

fn resnet(arch: Arch, stem: Stem) -> ModelSpec {
    ModelSpec::new(arch, stem, 64)
}

fn drn() -> ModelSpec {
    ModelSpec::new(Arch::DrnD22, Stem::Small, 16)
}

#[test]
fn resnet18_equals_that_of_pytorch_cifar() {
    let fixture = include_str!("../../tests/fixtures/models/resnet18-3x3.json");
    compare(fixture, &resnet(Arch::ResNet18, Stem::Small), Head::Image(10), &str::to_owned);
}

#[test]
fn resnet18_with_the_large_stem_equals_that_of_torchvision() {
    let fixture = include_str!("../../tests/fixtures/models/resnet18-7x7.json");
    compare(fixture, &resnet(Arch::ResNet18, Stem::Large), Head::Image(1_000), &torchvision);
}

#[test]
fn resnet50_with_the_small_stem_equals_that_of_pytorch_cifar() {
    let fixture = include_str!("../../tests/fixtures/models/resnet50-3x3.json");
    compare(fixture, &resnet(Arch::ResNet50, Stem::Small), Head::Image(10), &str::to_owned);
}

#[test]
fn resnet50_with_the_large_stem_equals_that_of_torchvision() {
    let fixture = include_str!("../../tests/fixtures/models/resnet50-7x7.json");
    compare(fixture, &resnet(Arch::ResNet50, Stem::Large), Head::Image(1_000), &torchvision);
}

/// `tests/fixtures/models/wide_resnet.py` computes it without PyTorch.
#[test]
fn wide_resnet_28_equals_a_definition_in_numpy() {
    let fixture = include_str!("../../tests/fixtures/models/wide-resnet-28.json");
    let spec = ModelSpec::new(Arch::WideResNet28, Stem::Small, 24);
    compare(fixture, &spec, Head::Image(10), &str::to_owned);
}

#[test]
fn drn_d_22_equals_that_of_its_authors() {
    let fixture = include_str!("../../tests/fixtures/models/drn-d-22-image.json");
    compare(fixture, &drn(), Head::Image(1_000), &torchvision);
}

#[test]
fn drn_d_22_for_segmentation_equals_that_of_its_authors() {
    let fixture = include_str!("../../tests/fixtures/models/drn-d-22-pixel.json");
    compare(fixture, &drn(), Head::Pixel(19), &drn_seg);
}

#[test]
fn drn_d_22_for_segmentation_crops_its_outputs_to_the_image() {
    let fixture = include_str!("../../tests/fixtures/models/drn-d-22-pixel-cut.json");
    compare(fixture, &drn(), Head::Pixel(19), &drn_seg);
}
