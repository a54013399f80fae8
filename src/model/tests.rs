use tch::{Device, Kind, Tensor};

use super::{Head, Network};
use pt4al_results::seed::Purpose;
use pt4al_results::spec::{Arch, FeaturesSpec, Filters, ModelSpec, NetworkSpec, Precision, Stem};

const FLOAT: (Kind, Device) = (Kind::Float, Device::Cpu);

fn network(arch: Arch, stem: Stem, width: usize, head: Head) -> Network {
    Network::new(&ModelSpec::new(arch, stem, width), head, [32, 32], Device::Cpu).unwrap()
}

fn small(width: usize, outputs: usize) -> Network {
    network(Arch::ResNet18, Stem::Small, width, Head::Image(outputs))
}

/// The numbers are published, or counted in the reference definitions (`tests/fixtures/models/make.py` counts them too).
#[test]
fn networks_have_the_known_numbers_of_parameters() {
    for (arch, stem, width, head, parameters) in [
        (Arch::ResNet18, Stem::Small, 64, Head::Image(10), 11_173_962),
        (Arch::ResNet18, Stem::Large, 64, Head::Image(1_000), 11_689_512),
        (Arch::ResNet50, Stem::Small, 64, Head::Image(10), 23_520_842),
        (Arch::ResNet50, Stem::Large, 64, Head::Image(1_000), 25_557_032),
        (Arch::DrnD22, Stem::Small, 16, Head::Image(1_000), 16_393_752),
        (Arch::DrnD22, Stem::Small, 16, Head::Pixel(19), 15_890_499),
        // The authors count 36.5 million for WRN-28-10 and 1.5 million for WRN-28-2.
        (Arch::WideResNet28, Stem::Small, 160, Head::Image(10), 36_479_194),
        (Arch::WideResNet28, Stem::Small, 32, Head::Image(10), 1_467_610),
        // Instead of a linear layer of 512 x 10 + 10: 512 x 2048, 2048 x 2048, a norm; 2048 x 512, a norm, 512 x 2048.
        (Arch::ResNet18, Stem::Small, 64, Head::siamese(2_048), 11_168_832 + 5_246_976 + 2_100_224),
    ] {
        assert_eq!(network(arch, stem, width, head).parameters(), parameters, "{arch:?}, {stem:?}, {head:?}");
    }
}

#[test]
fn weights_follow_the_seed_and_have_pytorchs_default_spread() {
    let mut a = small(8, 10);
    let mut b = small(8, 10);
    let images = Tensor::ones([2, 3, 16, 16], FLOAT);
    a.initialise(1, Purpose::Weights, 0);
    b.initialise(1, Purpose::Weights, 0);
    assert_eq!(a.infer(&images).1, b.infer(&images).1);
    b.initialise(1, Purpose::Weights, 1);
    assert_ne!(a.infer(&images).1, b.infer(&images).1);
    // U(-1/sqrt(fan in), 1/sqrt(fan in)): fan in of the second stage's first convolution is 8 x 9.
    let weights = &a.store().variables()["layer2.0.conv1.weight"];
    let bound = 1.0 / (72f64).sqrt();
    let spread = weights.std(false).double_value(&[]);
    assert!(weights.abs().max().double_value(&[]) <= bound);
    assert!((spread / (bound / 3f64.sqrt()) - 1.0).abs() < 0.1, "{spread}");
    let norm = &a.store().variables()["layer2.0.bn1.weight"];
    assert_eq!(norm.min().double_value(&[]), 1.0);
}

/// DRN's authors and torchvision draw filters this way, and SimSiam's authors initialise residual blocks this way.
#[test]
fn filters_and_residual_blocks_are_initialised_as_the_spec_says() {
    for (arch, filter, last) in [
        (Arch::ResNet18, "layer3.0.conv2.weight", "bn2"),
        (Arch::ResNet50, "layer3.0.conv2.weight", "bn3"),
        (Arch::DrnD22, "layer5.0.conv2.weight", "bn2"),
    ] {
        let filters = Filters::NormalFanOut;
        let spec = ModelSpec::Network(NetworkSpec { arch, stem: Stem::Small, width: 8, filters });
        let mut network = Network::new(&spec, Head::Pixel(3), [32, 32], Device::Cpu).unwrap().with_zero_residuals(true);
        network.initialise(0, Purpose::Weights, 0);
        let variables = network.store().variables();
        let weights = &variables[filter];
        let size = weights.size();
        let deviation = (2.0 / (size[0] * size[2] * size[3]) as f64).sqrt();
        let [mean, spread] = [weights.mean(Kind::Float), weights.std(false)].map(|t| t.double_value(&[]) / deviation);
        assert!(mean.abs() < 0.05 && (spread - 1.0).abs() < 0.05, "{arch:?}: {mean} {spread}");
        // A uniform distribution of this deviation has no values this large.
        assert!(weights.abs().max().double_value(&[]) > 2.0 * deviation);
        assert_eq!(variables["pixel.bias"].abs().max().double_value(&[]), 0.0);
        let constant = |name: &str| {
            let scale = &variables[name];
            assert_eq!(scale.min(), scale.max(), "{name}");
            scale.double_value(&[0])
        };
        assert_eq!(constant(&format!("layer3.0.{last}.weight")), 0.0, "{arch:?}");
        assert_eq!(constant("layer3.0.bn1.weight"), 1.0);
        if last == "bn3" {
            assert_eq!(constant("layer3.0.bn2.weight"), 1.0);
        }
        let last_norms = variables.keys().filter(|name| name.ends_with(&format!(".{last}.weight")));
        assert!(last_norms.into_iter().all(|name| constant(name) == 0.0), "{arch:?}");
    }
}

/// With a scale of 0 before its activation, a pre-activation block would never be trained.
#[test]
fn a_pre_activation_block_that_starts_as_its_shortcut_is_trained() {
    let mut network = network(Arch::WideResNet28, Stem::Small, 16, Head::Image(3)).with_zero_residuals(true);
    network.initialise(0, Purpose::Weights, 0);
    let images = Tensor::arange(2 * 3 * 16 * 16, FLOAT).sin().view([2, 3, 16, 16]);
    network.forward(&images, true).square().sum(Kind::Float).backward();
    let variables = network.store().variables();
    for group in 0..3 {
        let last = &variables[&format!("group{group}.block1.conv1.weight")];
        assert_eq!(last.abs().max().double_value(&[]), 0.0);
        assert!(last.grad().abs().max().double_value(&[]) > 0.0);
    }
    assert!(variables["group0.block0.conv0.weight"].abs().max().double_value(&[]) > 0.0);
    // Channels and stride stay in the first stage of width 16, so that its shortcuts are the inputs themselves.
    assert!(
        !variables.contains_key("group0.block0.convdim.weight")
            && variables.contains_key("group1.block0.convdim.weight")
    );
}

fn on_features(hidden: Option<usize>) -> ModelSpec {
    ModelSpec::Features(FeaturesSpec { file: "x.npz".into(), sha256: String::new(), dimension: 6, hidden })
}

#[test]
fn a_head_on_features_passes_them_on_or_has_a_hidden_layer() {
    let rows = Tensor::arange(4 * 6, FLOAT).sin().view([4, 6]);
    for (hidden, parameters) in [(None, 6 * 3 + 3), (Some(5), 6 * 5 + 5 + 5 * 3 + 3)] {
        let network = |seed| {
            let mut network = Network::new(&on_features(hidden), Head::Image(3), [32, 32], Device::Cpu)
                .unwrap()
                .in_precision(Precision::F64);
            network.initialise(seed, Purpose::Weights, 0);
            network
        };
        let mut first = network(0);
        assert_eq!(first.parameters(), parameters);
        let (features, outputs) = first.infer(&rows);
        let rows = rows.to_kind(Kind::Double);
        let variables = first.store().variables();
        let layer = |x: &Tensor, name: &str| {
            x.matmul(&variables[&format!("{name}.weight")].tr()) + &variables[&format!("{name}.bias")]
        };
        let expected = if hidden.is_some() { layer(&rows, "hidden").relu() } else { rows.shallow_clone() };
        assert!(features.allclose(&expected, 1e-12, 0.0, false));
        assert!(outputs.allclose(&layer(&expected, "linear"), 1e-12, 1e-12, false));
        assert!(first.gradient(&first.forward(&rows, true).square().mean(None)).abs().max().double_value(&[]) > 0.0);
        let folder = tempfile::tempdir().unwrap();
        first.save(&folder.path().join("weights")).unwrap();
        let mut other = network(1);
        assert_ne!(other.infer(&rows).1, outputs);
        other.load(&folder.path().join("weights")).unwrap();
        assert_eq!(other.infer(&rows).1, outputs);
        let before = first.snapshot();
        first.initialise(2, Purpose::Weights, 0);
        assert_ne!(first.infer(&rows).1, outputs);
        first.restore(&before);
        assert_eq!(first.infer(&rows).1, outputs);
    }
}

#[test]
fn restoring_a_snapshot_restores_the_weights() {
    let mut network = small(4, 3);
    network.initialise(0, Purpose::Weights, 0);
    let images = Tensor::ones([2, 3, 16, 16], FLOAT);
    let before = network.infer(&images).1;
    let snapshot = network.snapshot();
    network.initialise(1, Purpose::Weights, 0);
    assert_ne!(before, network.infer(&images).1);
    network.restore(&snapshot);
    assert_eq!(before, network.infer(&images).1);
}

/// The stream of a variable is named by the rank of its name, so renaming variables changes seeded weights.
#[test]
fn variable_names_of_the_small_resnet_have_not_changed() {
    let network = small(4, 3);
    let mut names: Vec<String> = network.store().variables().into_keys().collect();
    names.sort();
    let blocks = (1..=4).flat_map(|stage| (0..2).map(move |block| (stage, block)));
    let norm = |path: String| ["bias", "running_mean", "running_var", "weight"].map(|v| format!("{path}.{v}"));
    let mut expected: Vec<String> = norm("bn1".to_owned()).into();
    expected.extend(["conv1.weight", "linear.bias", "linear.weight"].map(str::to_owned));
    for (stage, block) in blocks {
        let at = format!("layer{stage}.{block}");
        expected.extend(["conv1", "conv2"].map(|conv| format!("{at}.{conv}.weight")));
        expected.extend(["bn1", "bn2"].into_iter().flat_map(|bn| norm(format!("{at}.{bn}"))));
        if stage > 1 && block == 0 {
            expected.push(format!("{at}.shortcut.0.weight"));
            expected.extend(norm(format!("{at}.shortcut.1")));
        }
    }
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn a_head_for_pixels_has_outputs_of_the_size_of_the_images_and_mean_features() {
    for (arch, stem, cells) in [
        (Arch::ResNet18, Stem::Small, [6, 9]),
        (Arch::ResNet18, Stem::Large, [2, 3]),
        (Arch::ResNet50, Stem::Large, [2, 3]),
        (Arch::DrnD22, Stem::Small, [6, 9]),
    ] {
        let mut network = network(arch, stem, 2, Head::Pixel(3));
        network.initialise(0, Purpose::Weights, 0);
        for [height, width] in [[48, 72], [45, 65]] {
            // Interleaved channels, as data sets give them.
            let images = Tensor::arange(2 * height * width * 3, FLOAT).sin().view([2, height, width, 3]);
            let images = images.permute([0, 3, 1, 2]);
            let map = tch::no_grad(|| network.features(&images, false));
            let (features, outputs) = network.infer(&images);
            assert_eq!(map.size()[2..], cells, "{arch:?}, {stem:?}");
            assert_eq!(features.size(), map.size()[..2]);
            assert!(features.allclose(&map.flatten(2, 3).mean_dim(2, false, None), 1e-5, 1e-7, false));
            assert_eq!(outputs.size(), [2, 3, height, width]);
            assert_eq!(outputs, tch::no_grad(|| network.forward(&images, false)));
        }
    }
}

/// Both ways of enlarging a map keep a constant; DRN's does so only away from the border.
#[test]
fn enlarging_a_constant_map_keeps_the_constant() {
    for (arch, border) in [(Arch::ResNet18, 0), (Arch::DrnD22, 4)] {
        let mut network = network(arch, Stem::Small, 2, Head::Pixel(2));
        network.initialise(0, Purpose::Weights, 0);
        tch::no_grad(|| {
            let variables = network.store().variables();
            let _ = variables["pixel.weight"].shallow_clone().zero_();
            variables["pixel.bias"].shallow_clone().copy_(&Tensor::from_slice(&[0.5f32, -2.0]));
        });
        let outputs = network.infer(&Tensor::ones([1, 3, 40, 56], FLOAT)).1;
        let inside = outputs.narrow(2, border, 40 - 2 * border).narrow(3, border, 56 - 2 * border);
        let expected = Tensor::from_slice(&[0.5f32, -2.0]).view([1, 2, 1, 1]).expand_as(&inside);
        assert!(inside.allclose(&expected, 1e-6, 0.0, false), "{arch:?}");
        let corner = outputs.double_value(&[0, 0, 0, 0]);
        assert!((corner - if border == 0 { 0.5 } else { 0.5 * (9.0f64 / 16.0).powi(2) }).abs() < 1e-6, "{corner}");
    }
}

/// The features are those before the projector, and `train` also concerns the batch norm of the head.
#[test]
fn a_siamese_head_projects_and_predicts_from_the_features_of_the_body() {
    for arch in [Arch::ResNet18, Arch::DrnD22] {
        let mut network = network(arch, Stem::Small, 2, Head::siamese(8));
        network.initialise(0, Purpose::Weights, 0);
        let images = Tensor::arange(6 * 3 * 16 * 16, FLOAT).sin().view([6, 3, 16, 16]);
        let (features, outputs) = network.infer(&images);
        assert_eq!((features.dim(), outputs.size()), (2, vec![6, 2, 8]), "{arch:?}");
        assert_eq!(features, tch::no_grad(|| network.features(&images, false)));
        // The batch norm behind the projector has no weights: over a minibatch every output has mean 0 and variance 1.
        let projection = tch::no_grad(|| network.forward(&images, true)).select(1, 0);
        assert!(projection.mean_dim(0, false, None).abs().max().double_value(&[]) < 1e-5, "{arch:?}");
        assert!((projection.var_dim(0, false, false) - 1.0).abs().max().double_value(&[]) < 0.05, "{arch:?}");
        assert_ne!(network.infer(&images).1, outputs, "running statistics");
        let variables = network.store().variables();
        assert!(!variables.contains_key("projector.4.weight") && !variables.contains_key("projector.3.bias"));
        assert!(variables.contains_key("projector.4.running_var") && variables.contains_key("predictor.3.bias"));
    }
}

/// All variables are trained. The fixed weights of DRN's upsampling are no variables.
#[test]
fn every_variable_of_a_head_for_pixels_gets_a_gradient() {
    for arch in [Arch::ResNet18, Arch::ResNet50, Arch::DrnD22] {
        let mut network = network(arch, Stem::Small, 2, Head::Pixel(3));
        network.initialise(0, Purpose::Weights, 0);
        let images = Tensor::arange(2 * 3 * 24 * 32, FLOAT).sin().view([2, 3, 24, 32]);
        let outputs = network.forward(&images, true);
        (&outputs * outputs.detach()).mean(Kind::Float).backward();
        let variables = network.store().variables();
        for (name, variable) in variables.iter().filter(|(_, v)| v.requires_grad()) {
            let gradient = variable.grad();
            assert!(gradient.defined() && gradient.abs().max().double_value(&[]) > 0.0, "{arch:?}: {name}");
        }
        assert!(!variables.keys().any(|name| name.contains("up")), "{arch:?}");
    }
}

/// Returns the gradients of all variables, sorted by name. Batch norm uses its running statistics and has biases of 1: then
/// hardly any map is all zeros, and no statistics of few numbers enlarge the rounding.
fn gradients(
    net: &ModelSpec,
    head: Head,
    [height, width]: [i64; 2],
    precision: Precision,
    cut: bool,
) -> Vec<(String, Tensor)> {
    let mut network = Network::new(net, head, [32, 32], Device::Cpu).unwrap();
    network.initialise(0, Purpose::Weights, 0);
    tch::no_grad(|| {
        let variables = network.store().variables().into_iter();
        variables.filter(|(name, _)| name.ends_with("bias")).for_each(|(_, mut bias)| _ = bias.fill_(1.0));
    });
    let network = network.in_precision(precision);
    let kind = network.kind();
    let images: Tensor = Tensor::arange(2 * 3 * height * width, FLOAT).sin() + 1.0;
    let images = images.to_kind(kind).reshape([2, height, width, 3]).permute([0, 3, 1, 2]);
    let images = if cut { images.contiguous() } else { images };
    network.forward(&images, false).square().sum(kind).backward();
    let trained = network.store().variables().into_iter().filter(|(_, variable)| variable.requires_grad());
    let mut gradients: Vec<_> = trained.map(|(name, v)| (name, v.grad().to_kind(Kind::Double))).collect();
    gradients.sort_by(|a, b| a.0.cmp(&b.0));
    gradients
}

/// The gradient of a strided shortcut with few channels in oneDNN wrote outside its memory. Double precision does not use
/// oneDNN.
#[test]
fn narrow_networks_have_the_gradients_of_double_precision() {
    let resnet = |width| ModelSpec::new(Arch::ResNet18, Stem::Small, width);
    // Double precision is slow on large maps.
    let sides = |width| {
        let large: &[i64] = if width == 2 || width == 8 { &[72] } else { &[] };
        [8, 12, 32].iter().chain(large).map(move |&side| (resnet(width), Head::Image(3), [side; 2]))
    };
    let drn = ModelSpec::new(Arch::DrnD22, Stem::Small, 2);
    let wide = ModelSpec::new(Arch::WideResNet28, Stem::Small, 2);
    let others = [(drn, Head::Pixel(3), [40, 48]), (wide, Head::Image(3), [12; 2])];
    for (net, head, size) in (1..=8).flat_map(sides).chain(others) {
        let reference = gradients(&net, head, size, Precision::F64, true);
        let is_shortcut = |name: &str| name.ends_with("shortcut.0.weight") || name.ends_with("convdim.weight");
        let shortcuts = reference.iter().filter(|(name, _)| is_shortcut(name));
        assert!(shortcuts.map(|(_, g)| g.abs().max().double_value(&[])).fold(0.0, f64::max) > 0.0, "{net:?}");
        for cut in [false, true] {
            let ours = gradients(&net, head, size, Precision::F32, cut);
            assert_eq!(ours.len(), reference.len());
            for ((name, ours), (_, reference)) in ours.iter().zip(&reference) {
                let largest = reference.abs().max().double_value(&[]);
                let difference = (ours - reference).abs().max().double_value(&[]);
                assert!(difference <= 1e-3 * largest, "{net:?}, {size:?}: {name} is off by {difference} of {largest}");
            }
        }
    }
}

/// A network in bf16 computes about the same as one in single precision, and its weights stay in single precision.
#[test]
fn bf16_is_near_single_precision_and_keeps_its_weights_in_single_precision() {
    let resnet = Arch::ResNet18;
    for (arch, head) in [
        (resnet, Head::Image(3)),
        (resnet, Head::Pixel(3)),
        (resnet, Head::siamese(8)),
        (Arch::WideResNet28, Head::Image(3)),
    ] {
        let net = ModelSpec::new(arch, Stem::Small, 4);
        let network = |precision| {
            let mut network = Network::new(&net, head, [32, 32], Device::Cpu).unwrap().in_precision(precision);
            network.initialise(0, Purpose::Weights, 0);
            network
        };
        let (single, mut half) = (network(Precision::F32), network(Precision::Bf16));
        let images: Tensor = Tensor::arange(8 * 3 * 16 * 16, FLOAT).sin();
        let images = images.reshape([8, 16, 16, 3]).permute([0, 3, 1, 2]);
        let loss = |network: &Network| network.forward(&images, true).square().mean(None);
        let (expected, found) = (loss(&single), loss(&half));
        let (wanted, got) = (expected.double_value(&[]), found.double_value(&[]));
        assert!(found.kind() == Kind::Float && got != wanted && (got - wanted).abs() < 0.25 * wanted, "{got} {wanted}");
        let cosine = |a: &Tensor, b: &Tensor| Tensor::cosine_similarity(a, b, 0, 1e-12).double_value(&[]);
        let (wanted, got) = (single.gradient(&expected).copy(), half.gradient(&found).copy());
        // SimSiam's head normalises over the minibatch alone, which enlarges rounding errors. An unrelated gradient would
        // have a cosine near 0.
        assert!(got.kind() == Kind::Float && cosine(&wanted, &got) > 0.5, "{head:?}: {}", cosine(&wanted, &got));
        // Writing to the weights changes the outputs.
        let before = half.snapshot();
        let outputs = || half.infer(&images).1;
        let first = outputs();
        half.train(|weights| _ = weights.g_mul_scalar_(0.5));
        assert_ne!(outputs(), first);
        half.restore(&before);
        assert_eq!(half.infer(&images).1, first);
        assert!(half.store().variables().values().all(|variable| variable.kind() == Kind::Float));
    }
}

#[test]
fn loading_saved_weights_restores_all_of_them() {
    let net = ModelSpec::new(Arch::ResNet50, Stem::Large, 3);
    let network = |seed| {
        let mut network =
            Network::new(&net, Head::Image(5), [32, 32], Device::Cpu).unwrap().in_precision(Precision::Bf16);
        network.initialise(seed, Purpose::Weights, 0);
        network
    };
    let images = Tensor::arange(2 * 3 * 40 * 40, FLOAT).cos().reshape([2, 40, 40, 3]).permute([0, 3, 1, 2]);
    let (saved, mut other) = (network(0), network(1));
    // Changes batch norm's running statistics, which must be saved too.
    let _ = saved.forward(&images, true);
    let outputs = saved.infer(&images).1;
    assert_ne!(other.infer(&images).1, outputs);
    let folder = tempfile::tempdir().unwrap();
    saved.save(&folder.path().join("weights")).unwrap();
    other.load(&folder.path().join("weights")).unwrap();
    assert_eq!(other.infer(&images).1, outputs);
}
