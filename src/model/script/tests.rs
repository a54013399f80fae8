use std::path::PathBuf;

use tch::{Device, Kind, Tensor};

use crate::model::{Head, Network};
use pt4al_results::seed::Purpose;
use pt4al_results::spec::{ModelSpec, Precision, ScriptSpec};

/// What make.py prints: the features of two images, from PyTorch in double precision.
const EXPECTED: [f64; 12] = [
    0.1070338277901182,
    -0.032521234371928186,
    0.1272965657714585,
    0.011693332818090442,
    -0.02567488625815373,
    -0.15306378296012693,
    0.14494254067459608,
    -0.015755637348652325,
    0.13645864519027978,
    0.043392918402658305,
    -0.0404603659853661,
    -0.10066603946278227,
];

/// A model from a file that `tests/fixtures/torchscript/make.py` writes.
fn model(name: &str, frozen: bool) -> ModelSpec {
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/torchscript").join(name);
    ModelSpec::Script(ScriptSpec { file, sha256: String::new(), frozen })
}

/// A network for images of 12 x 12 pixels with 4 outputs, in double precision.
fn network(name: &str, frozen: bool, seed: u64) -> Network {
    let network = Network::new(&model(name, frozen), Head::Image(4), [12, 12], Device::Cpu).unwrap();
    let mut network = network.in_precision(Precision::F64);
    network.initialise(seed, Purpose::Weights, 0);
    network
}

fn images(n: i64) -> Tensor {
    let values = Tensor::arange(n * 3 * 12 * 12, (Kind::Double, Device::Cpu)) * 0.1;
    // Channels last in memory, as minibatches are.
    values.sin().reshape([n, 3, 12, 12]).permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
}

fn differ(a: &Tensor, b: &Tensor) -> f64 {
    (a - b).abs().max().double_value(&[])
}

#[test]
fn features_are_those_that_pytorch_computes_in_evaluation_mode() {
    let network = network("map.pt", false, 0);
    // make.py prints them. The file was saved in training mode.
    let expected = Tensor::from_slice(&EXPECTED).reshape([2, 6]);
    let (features, outputs) = network.infer(&images(2));
    assert!(differ(&features, &expected) < 1e-9, "{features:?}");
    assert_eq!(outputs.size(), [2, 4]);
    assert!(differ(&network.features(&images(2), true), &expected) < 1e-9, "training changes nothing but weights");
    // Other sizes work where the file leaves them open.
    let wide = Network::new(&model("map.pt", false), Head::Image(4), [20, 8], Device::Cpu).unwrap();
    let zeros = Tensor::zeros([3, 3, 20, 8], (Kind::Float, Device::Cpu));
    assert_eq!(wide.infer(&zeros).1.size(), [3, 4]);
}

#[test]
fn each_start_has_the_weights_of_the_file_and_a_head_of_its_seed() {
    let (mut first, second) = (network("map.pt", false, 0), network("map.pt", false, 1));
    let features = |network: &Network| network.features(&images(2), false);
    assert!(differ(&features(&first), &features(&second)) == 0.0);
    assert!(differ(&first.infer(&images(2)).1, &second.infer(&images(2)).1) > 1e-3);
    let before = features(&first);
    let trained = |network: &Network| {
        let loss = network.forward(&images(3), true).square().mean(None);
        let gradient = network.gradient(&loss).shallow_clone();
        network.train(|weights| _ = weights.g_sub_(&(gradient * 0.5)));
    };
    trained(&first);
    assert!(differ(&features(&first), &before) > 1e-4, "the body is trained");
    let copy = first.snapshot();
    first.initialise(0, Purpose::Weights, 1);
    assert!(differ(&features(&first), &before) == 0.0);
    first.restore(&copy);
    assert!(differ(&features(&first), &before) > 1e-4);
    // Stored and read again.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("weights.safetensors");
    first.save(&path).unwrap();
    let mut again = network("map.pt", false, 5);
    again.load(&path).unwrap();
    assert!(differ(&again.infer(&images(2)).1, &first.infer(&images(2)).1) < 1e-12);
}

#[test]
fn only_the_head_of_a_frozen_network_is_trained() {
    let (whole, frozen) = (network("map.pt", false, 0), network("map.pt", true, 0));
    assert_eq!((whole.parameters(), frozen.parameters()), (4 * 27 + 8 + 6 * 36 + 6 + 28, 28));
    let before = frozen.features(&images(2), true);
    let loss = frozen.forward(&images(3), true).square().mean(None);
    let gradient = frozen.gradient(&loss).shallow_clone();
    frozen.train(|weights| _ = weights.g_sub_(&(gradient * 0.5)));
    assert!(differ(&frozen.features(&images(2), true), &before) == 0.0);
    assert!(differ(&frozen.infer(&images(2)).1, &whole.infer(&images(2)).1) > 1e-4);
    // Frozen by its author.
    assert_eq!(network("constant.pt", true, 0).parameters(), 28);
}

#[test]
fn files_that_do_not_fit_are_refused_in_one_line() {
    let fault = |name: &str, size: [usize; 2]| {
        let error = Network::new(&model(name, false), Head::Image(4), size, Device::Cpu).unwrap_err().to_string();
        assert!(!error.contains('\n'), "{error}");
        error
    };
    assert!(Network::new(&model("fixed.pt", false), Head::Image(4), [12, 12], Device::Cpu).is_ok());
    let error = fault("fixed.pt", [16, 16]);
    assert!(
        error.contains("fixed.pt: does not take 1 image of 16 x 16 pixels (") && error.contains("`input`"),
        "{error}"
    );
    assert!(fault("constant.pt", [12, 12]).contains("has no parameters to train"), "constants");
    assert!(fault("make.py", [12, 12]).contains("make.py: not a TorchScript file ("), "no module");
    assert!(fault("missing.pt", [12, 12]).contains("missing.pt: not there"), "no file");
}
