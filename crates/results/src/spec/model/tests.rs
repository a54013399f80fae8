use std::path::Path;

use crate::feature_file;
use crate::spec::{Source, Spec, load, load_resolved};

const SPEC: &str = r#"
title = "t"
seeds = [0]
samplers = ["random", "core-set"]
DATASET
rounds = { count = 2, initial = 10, query = 10 }
[model]
MODEL
[train]
start = "fresh"
epochs = 1
minibatch = 32
AUGMENT
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
select = { query = "last", record = ["last"] }
EXTRA
"#;
const SHAPES: &str = "dataset.shapes = { pool = 3, test = 2, side = 16, seed = 0 }";
const LEARNER: &str = r#"[pretext]
task = "rotation"
epochs = 1
minibatch = 32
optimizer.sgd = { lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }
schedule = "constant"
checkpoint = "last"
forward = "separate"
order = "loss""#;

/// Features of `dimension` zeros of 3 images and 2 images. `tag` makes files that differ.
fn features(dimension: usize, tag: &str) -> Vec<u8> {
    let zeros = vec![0; 4 * 3 * dimension];
    let view = |rows: usize| {
        let bytes = &zeros[..4 * rows * dimension];
        safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![rows, dimension], bytes).unwrap()
    };
    let note = Some([("made by".to_owned(), tag.to_owned())].into_iter().collect());
    safetensors::serialize([("train", view(3)), ("test", view(2))], &note).unwrap()
}

/// A folder with the files `a.npz` and `same.npz` (4 features), and `b.npz` (5 features).
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, dimension, tag) in [("a", 4, "x"), ("same", 4, "x"), ("b", 5, "y")] {
        std::fs::write(folder.path().join(format!("{name}.npz")), features(dimension, tag)).unwrap();
    }
    folder
}

fn text(dataset: &str, model: &str, augment: &str, extra: &str) -> String {
    let parts = [("DATASET", dataset), ("MODEL", model), ("AUGMENT", augment), ("EXTRA", extra)];
    parts.iter().fold(SPEC.to_owned(), |text, (name, part)| text.replace(name, part))
}

fn loaded(folder: &Path, text: &str, sets: &[&str]) -> anyhow::Result<Spec> {
    let path = folder.join("x.toml");
    std::fs::write(&path, text)?;
    load(&Source { path, sets: sets.iter().map(|set| (*set).to_owned()).collect(), ..Source::default() })
}

fn with_model(folder: &Path, model: &str, extra: &str) -> anyhow::Result<Spec> {
    loaded(folder, &text(SHAPES, model, "augment = []", extra), &[])
}

fn message(result: anyhow::Result<Spec>) -> String {
    let message = format!("{:#}", result.unwrap_err());
    assert!(!message.contains('\n'), "{message}");
    message
}

#[test]
fn contents_of_features_are_hashed_and_their_path_is_not() {
    let folder = folder();
    let hash = |model: &str| with_model(folder.path(), model, "").unwrap().hash();
    let first = hash("features = 'a.npz'");
    assert_eq!(first, hash("features = 'same.npz'"));
    assert_ne!(first, hash("features = 'b.npz'"));
    assert_ne!(first, hash("features = 'a.npz'\nhidden = 8"));
    let spec = with_model(folder.path(), "features = 'a.npz'", "").unwrap();
    let found = spec.model.features().unwrap();
    assert_eq!((found.dimension, found.outputs(), found.sha256.len()), (4, 4, 64));
    assert!(found.file.is_absolute() && !spec.needs_pretext() && !spec.trains_on_images());
    // A resolved spec reads back equal, also without the file.
    let resolved = folder.path().join("spec.toml");
    std::fs::write(&resolved, toml::to_string(&spec).unwrap()).unwrap();
    std::fs::remove_file(folder.path().join("a.npz")).unwrap();
    assert_eq!(load_resolved(&resolved).unwrap(), spec);
    assert!(message(with_model(folder.path(), "features = 'a.npz'", "")).contains("x.toml:8: `model.features`: "));
    // With its hash and dimension stated, it can be listed without the file.
    let stated = format!("features = 'gone.npz'\nsha256 = '{}'\ndimension = 4", found.sha256);
    assert_eq!(with_model(folder.path(), &stated, "").unwrap().hash(), first);
}

#[test]
fn a_network_and_features_exclude_each_other() {
    let folder = folder();
    for (model, parts) in [
        (
            "features = 'a.npz'\narch = 'resnet18'",
            ["x.toml:7: `model`", "`features` takes the place of a network, but `arch`"],
        ),
        ("features = 'a.npz'\nwidth = 8", ["x.toml:7: `model`", "but `width` is one's; remove one of them"]),
        (
            "arch = 'resnet18'\nwidth = 8\nhidden = 8",
            ["x.toml:7: `model`", "`hidden` is for `features`, which is missing"],
        ),
        ("width = 8", ["x.toml:7: `model.arch`", "is missing; add it"]),
        ("arch = 'resnet18'", ["x.toml:7: `model.width`", "is missing; add it"]),
        ("featuers = 'a.npz'", ["x.toml:8: unknown key `model.featuers`", "did you mean `features`?"]),
        ("features = 'a.npz'\nhidden = 0", ["x.toml:9: `model.hidden`", "is 0; it must be at least 1"]),
        ("features = 'a.npz'\ndimension = 7", ["x.toml:9: `model.dimension`", "is 7, but"]),
        ("features = 'a.npz'\nsha256 = '12ab'", ["x.toml:9: `model.sha256`", "is 12ab, but"]),
        ("features = 'x.toml'", ["x.toml:8: `model.features`", "neither an NPZ nor a safetensors file"]),
    ] {
        let message = message(with_model(folder.path(), model, ""));
        assert!(parts.iter().all(|part| message.contains(part)), "{message:?} lacks one of {parts:?}");
    }
}

#[test]
fn what_changes_or_needs_images_is_refused_with_features() {
    let folder = folder();
    let model = "features = 'a.npz'";
    let cityscapes = "dataset.cityscapes = { size = [360, 480], resize = [180, 240], labels = 'label-ids' }";
    for (text, parts) in [
        (text(cityscapes, model, "augment = []", ""), ["x.toml:8: `model.features`", "one for each pixel"]),
        (text(cityscapes, model, "augment = []", ""), ["x.toml:8: `model.features`", "drn-d-22"]),
        (text(SHAPES, model, "augment = ['flip']", ""), ["x.toml:13: `train.augment`", "write augment = []"]),
        (text(SHAPES, model, "augment = []\nprecision = 'bf16'", ""), ["x.toml:14: `train.precision`", "use \"tf32\""]),
        (
            text(&format!("{SHAPES}\nchannels = 'bgr'"), model, "augment = []", ""),
            ["x.toml:6: `channels`", "remove it"],
        ),
        (
            text(SHAPES, model, "augment = []", LEARNER),
            ["`pretext.task` trains a network on images", "`pretext.losses`"],
        ),
    ] {
        let message = message(loaded(folder.path(), &text, &[]));
        assert!(parts.iter().all(|part| message.contains(part)), "{message:?} lacks one of {parts:?}");
    }
    // A single image is a minibatch, since a head on features has no batch norm.
    assert_eq!(with_model(folder.path(), model, "").unwrap().minibatches().least, 1);
}

#[test]
fn initial_sets_of_features_need_no_pretext_learner() {
    let folder = folder();
    let with_initial = |model: &str, set: &str| {
        let dataset = format!("{SHAPES}\ninitial-set{set}");
        loaded(folder.path(), &text(&dataset, model, "augment = []", ""), &[])
    };
    for set in [" = 'core-set'", ".typical = { clusters = 2, neighbours = 2 }"] {
        let spec = with_initial("features = 'a.npz'", set).unwrap();
        assert!(!spec.needs_pretext() && !spec.needs_features());
        assert!(message(with_initial("arch = 'resnet18'\nwidth = 8", set)).contains("needs a [pretext] table"));
    }
    assert!(message(with_initial("features = 'a.npz'", ".pretext-stride = {}")).contains("needs a [pretext] table"));
}

/// A variant, a profile or `--set` that names one form leaves out the keys of the other, and what was known of another file.
#[test]
fn changes_replace_a_network_by_features_and_features_by_a_network() {
    let folder = folder();
    let network = "arch = 'resnet18'\nwidth = 8\nstem = '7x7'";
    let variants =
        "[variant.own]\nmodel.features = 'a.npz'\n[variant.deep]\nmodel = { features = 'b.npz', hidden = 6 }";
    let spec = with_model(folder.path(), network, variants).unwrap();
    let dimension = |spec: &Spec| spec.model.features().map(|features| (features.dimension, features.hidden));
    assert_eq!(dimension(&spec), None);
    assert_eq!(dimension(spec.protocol(Some("own"))), Some((4, None)));
    assert_eq!(dimension(spec.protocol(Some("deep"))), Some((5, Some(6))));
    assert!(spec.trains_on_images());
    let resolved = folder.path().join("spec.toml");
    std::fs::write(&resolved, toml::to_string(&spec).unwrap()).unwrap();
    assert_eq!(load_resolved(&resolved).unwrap(), spec);

    let own = "features = 'a.npz'\ndimension = 4\nhidden = 3";
    let text = text(SHAPES, own, "augment = []", "[variant.net]\nmodel = { arch = 'wide-resnet-28', width = 16 }");
    let spec = loaded(folder.path(), &text, &["model.features=b.npz"]).unwrap();
    assert_eq!(dimension(&spec), Some((5, Some(3))));
    assert_eq!(dimension(spec.protocol(Some("net"))), None);
}

#[test]
fn the_dimension_is_found_in_the_file() {
    assert_eq!(feature_file::dimension(&features(7, "")).unwrap(), 7);
}

#[test]
fn a_torchscript_file_takes_the_place_of_a_network() {
    let folder = folder();
    std::fs::write(folder.path().join("net.pt"), "a").unwrap();
    std::fs::write(folder.path().join("moved.pt"), "a").unwrap();
    std::fs::write(folder.path().join("other.pt"), "b").unwrap();
    let spec = |model: &str, extra: &str| loaded(folder.path(), &text(SHAPES, model, "augment = ['flip']", extra), &[]);
    let first = spec("torchscript = 'net.pt'", LEARNER).unwrap();
    let script = first.model.script().unwrap();
    assert!(script.file.is_absolute() && script.sha256.len() == 64 && !script.frozen);
    assert!(first.trains_on_images() && first.model.network().is_none());
    for (other, is_same) in [
        ("torchscript = 'moved.pt'", true),
        ("torchscript = 'other.pt'", false),
        ("torchscript = 'net.pt'\nfrozen = true", false),
    ] {
        let other = spec(other, LEARNER).unwrap();
        assert_eq!((first.hash() == other.hash(), first.learner_hash() == other.learner_hash()), (is_same, is_same));
    }
    let resolved = folder.path().join("spec.toml");
    std::fs::write(&resolved, toml::to_string(&first).unwrap()).unwrap();
    std::fs::remove_file(folder.path().join("net.pt")).unwrap();
    assert_eq!(load_resolved(&resolved).unwrap(), first);

    let both = "torchscript = 'other.pt'\n";
    for (model, parts) in [
        (format!("{both}arch = 'resnet18'"), ["x.toml:7: `model`", "`torchscript` is a whole network, so `arch`"]),
        (format!("{both}hidden = 8"), ["x.toml:7: `model`", "so `hidden` has no meaning"]),
        ("frozen = true\narch = 'resnet18'\nwidth = 8".into(), ["x.toml:7: `model`", "`frozen` is for `torchscript`"]),
        ("sha256 = 'ab'\narch = 'resnet18'\nwidth = 8".into(), ["x.toml:7: `model`", "`sha256` is for a file"]),
        (format!("{both}sha256 = '12ab'"), ["x.toml:9: `model.sha256`", "is 12ab, but"]),
        ("torchscript = 'gone.pt'".into(), ["x.toml:8: `model.torchscript`", "gone.pt cannot be read"]),
    ] {
        let message = message(spec(&model, ""));
        assert!(parts.iter().all(|part| message.contains(part)), "{message:?} lacks one of {parts:?}");
    }
    let bf16 = text(SHAPES, both, "augment = []\nprecision = 'bf16'", "");
    assert!(message(loaded(folder.path(), &bf16, &[])).contains("`train.precision` is \"bf16\""));
}

/// Whatever a table had before, naming one of the three forms leaves the keys of the others out.
#[test]
fn changes_replace_a_torchscript_file_too() {
    let folder = folder();
    std::fs::write(folder.path().join("net.pt"), "a").unwrap();
    let variants = "[variant.own]\nmodel.features = 'a.npz'\n[variant.net]\nmodel = { arch = 'resnet18', width = 8 }\n\
        [variant.fixed]\nmodel.frozen = true";
    let spec = with_model(folder.path(), "torchscript = 'net.pt'\nsha256 = 'SUM'", variants);
    assert!(message(spec).contains("is SUM, but"));
    let spec = with_model(folder.path(), "torchscript = 'net.pt'", variants).unwrap();
    let frozen = |variant| spec.protocol(variant).model.script().map(|script| script.frozen);
    assert_eq!((frozen(None), frozen(Some("fixed"))), (Some(false), Some(true)));
    assert!(
        spec.protocol(Some("own")).model.features().is_some() && spec.protocol(Some("net")).model.network().is_some()
    );
    let resolved = folder.path().join("spec.toml");
    std::fs::write(&resolved, toml::to_string(&spec).unwrap()).unwrap();
    assert_eq!(load_resolved(&resolved).unwrap(), spec);
    let own = text(SHAPES, "features = 'a.npz'\nhidden = 3", "augment = []", "");
    let spec = loaded(folder.path(), &own, &["model.torchscript=net.pt"]).unwrap();
    assert!(spec.model.script().is_some());
}
