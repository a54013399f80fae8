use super::*;
use crate::spec::{Source, load};

/// A spec with `dataset` on line 4, and what follows it in the place of `EXTRA` on line 5.
fn spec(dataset: &str, arch: &str, augment: &str, extra: &str) -> String {
    format!(
        r#"title = "t"
seeds = [0]
samplers = ["random"]
{dataset}
{extra}
rounds = {{ count = 2, initial = 10, query = 10 }}
model = {{ {arch}, width = 4 }}
[train]
start = "fresh"
epochs = 1
minibatch = 32
augment = [{augment}]
optimizer.sgd = {{ lr = 0.1, momentum = 0.9, weight-decay = 5e-4 }}
schedule = "constant"
select = {{ query = "last", record = ["last"] }}
"#
    )
}

const CIFAR10: &str = "dataset.cifar10 = {}";
const SHAPES: &str = "dataset.shapes = { pool = 100, test = 20, side = 16, seed = 0 }";
const CALTECH101: &str =
    "dataset.caltech101 = { input = { resize = 128, crop = 112 }, test = 0.2, split-seed = 0, pool = 50 }";
const IMAGENET: &str = "dataset.imagenet = { input = { resize = 256, crop = 224 } }";
const FOLDER: &str =
    "dataset.folder = { path = 'birds', input = { resize = 128, crop = 112 }, test = 0.2, split-seed = 0 }";
const CITYSCAPES: &str = "dataset.cityscapes = { size = [360, 480], resize = [180, 240], labels = 'label-ids' }";

fn try_load(text: &str) -> Result<Spec> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.toml");
    std::fs::write(&path, text).unwrap();
    load(&Source { path, ..Source::default() })
}

fn accepts(dataset: &str, augment: &str, extra: &str) {
    let arch = if dataset == CITYSCAPES { "arch = 'drn-d-22'" } else { "arch = 'resnet18', stem = '7x7'" };
    if let Err(e) = try_load(&spec(dataset, arch, augment, extra)) {
        panic!("{e}");
    }
}

/// Asserts that the message is one line which places the key on `line`, opens with it and has all `parts`.
fn refuses(text: &str, line: usize, key: &str, parts: &[&str]) {
    let message = try_load(text).expect_err(text).to_string();
    assert!(!message.contains('\n'), "{message}");
    assert!(message.contains(&format!("x.toml:{line}: `{key}`")), "{message} does not place `{key}` on line {line}");
    for part in parts {
        assert!(message.contains(part), "{message:?} lacks {part:?}");
    }
}

/// [`refuses`] `dataset` with `find` replaced.
fn refuses_set(dataset: &str, find: &str, replace: &str, key: &str, parts: &[&str]) {
    assert!(dataset.contains(find), "{find}");
    let arch = if dataset == CITYSCAPES { "arch = 'drn-d-22'" } else { "arch = 'resnet18'" };
    refuses(&spec(&dataset.replacen(find, replace, 1), arch, "", ""), 4, key, parts);
}

fn refuses_augment(dataset: &str, augment: &str, parts: &[&str]) {
    let arch = if dataset == CITYSCAPES { "arch = 'drn-d-22'" } else { "arch = 'resnet18'" };
    refuses(&spec(dataset, arch, augment, ""), 12, "train.augment", parts);
}

fn refuses_imbalance(dataset: &str, imbalance: &str, key: &str, parts: &[&str]) {
    let arch = if dataset == CITYSCAPES { "arch = 'drn-d-22'" } else { "arch = 'resnet18'" };
    refuses(&spec(dataset, arch, "", imbalance), 5, key, parts);
}

#[test]
fn sound_specs_of_every_data_set_are_accepted() {
    let metrics = "metrics = ['top-5-accuracy', 'balanced-accuracy', 'per-class']";
    accepts(CIFAR10, "'crop-4', 'flip'", "imbalance.long-tail = { ratio = 1.0, seed = 0 }");
    accepts(SHAPES, "'flip', { crop = [16, 16] }", "imbalance.step = { classes = 1.0, ratio = 2.0, seed = 0 }");
    accepts(CALTECH101, "{ crop = [112, 1] }", "imbalance.linear = { step = 1, seed = 0 }");
    accepts(IMAGENET, "{ random-resized-crop = { side = 224, area = [0.08, 1.0] } }, 'flip'", metrics);
    accepts(CITYSCAPES, "{ crop = [180, 240] }, 'flip'", "");
    for classes in ["{}", "{ labels = 'fine', pool = 50000 }", "{ labels = 'coarse' }"] {
        accepts(&format!("dataset.cifar100 = {classes}"), "'crop-4'", "");
    }
    accepts("dataset.svhn = { pool = 73257, pool-seed = 1 }", "'crop-4'", "");
    accepts("dataset.svhn = { extra = true, pool = 604388 }", "", metrics);
    accepts("dataset.tiny-imagenet = {}", "{ crop = [64, 64] }", "");
    if let Err(e) = try_load(&spec(IMAGENET, "arch = 'drn-d-22'", "", "")) {
        panic!("{e}");
    }
}

#[test]
fn data_sets_have_sizes_and_parts_that_can_be() {
    refuses_set(CALTECH101, "test = 0.2", "test = 0.0", "dataset.caltech101.test", &["is 0;", "between 0 and 1"]);
    refuses_set(CALTECH101, "test = 0.2", "test = 1.0", "dataset.caltech101.test", &["is 1;"]);
    refuses_set(CALTECH101, "test = 0.2", "test = nan", "dataset.caltech101.test", &["is NaN;"]);
    let cifar100 = "dataset.cifar100 = { pool = 1 }";
    refuses_set(cifar100, "pool = 1", "pool = 50001", "dataset.cifar100.pool", &["must be 1 to 50000"]);
    refuses_set("dataset.svhn = { pool = 1 }", "1", "73258", "dataset.svhn.pool", &["must be 1 to 73257"]);
    refuses_set("dataset.svhn = { pool = 1 }", "1", "0", "dataset.svhn.pool", &["at least 1"]);
    let tiny = "dataset.tiny-imagenet = { input = { resize = 64, crop = 64 }, pool = 9 }";
    refuses_set(tiny, "crop = 64", "crop = 65", "dataset.tiny-imagenet.input.crop", &["1 to 64"]);
    refuses_set(tiny, "pool = 9", "pool = 0", "dataset.tiny-imagenet.pool", &["at least 1"]);
    refuses_set(CALTECH101, "crop = 112", "crop = 129", "dataset.caltech101.input.crop", &["1 to 128"]);
    refuses_set(CALTECH101, "pool = 50", "pool = 0", "dataset.caltech101.pool", &["at least 1", "leave it out"]);
    refuses_set(IMAGENET, "crop = 224", "crop = 0", "dataset.imagenet.input.crop", &["is 0;", "1 to 256"]);
    refuses_set(IMAGENET, "resize = 256", "resize = 1025", "dataset.imagenet.input.resize", &["8 to 1024"]);
    refuses_set(IMAGENET, "resize = 256", "resize = 7", "dataset.imagenet.input.resize", &["8 to 1024"]);
    refuses_set(IMAGENET, "} }", "}, pool = 0 }", "dataset.imagenet.pool", &["at least 1"]);
    refuses_set(CITYSCAPES, "size = [360", "size = [7", "dataset.cityscapes.size", &["[7, 480]", "8 to 8192"]);
    refuses_set(CITYSCAPES, "480]", "8193]", "dataset.cityscapes.size", &["[360, 8193]"]);
    refuses_set(CITYSCAPES, "240]", "4]", "dataset.cityscapes.resize", &["[180, 4]", "8 to 8192"]);
    refuses_set(CITYSCAPES, "[180", "[361", "dataset.cityscapes.resize", &["[361, 240]", "never enlarged"]);
    refuses_set(CITYSCAPES, "240]", "481]", "dataset.cityscapes.resize", &["[180, 481]", "never enlarged"]);
    refuses_set(
        CITYSCAPES,
        "labels",
        "normalize = { mean = [0.0, 0.0, 0.0], std = [1.0, 1.0, inf] }, labels",
        "dataset.cityscapes.normalize",
        &["positive deviations"],
    );
}

#[test]
fn own_images_have_one_layout() {
    accepts(FOLDER, "'flip'", "");
    accepts("dataset.folder = { input = { resize = 128, crop = 112 } }", "'flip'", "");
    let refused = |find: &str, replace: &str, key: &str, parts: &[&str]| {
        refuses_set(FOLDER, find, replace, &format!("dataset.folder.{key}"), parts);
    };
    refused("test = 0.2", "test = 1.0", "test", &["is 1;", "between 0 and 1"]);
    refused("test = 0.2", "test = nan", "test", &["is NaN;"]);
    refused(", split-seed = 0", "", "test", &["needs `split-seed`"]);
    refused("test = 0.2, ", "", "split-seed", &["draws nothing without `dataset.folder.test`", "remove the seed"]);
    refused("'birds'", "'/data/birds'", "path", &["relative to the data folder", "--data"]);
    refused("'birds'", "''", "path", &["relative to the data folder"]);
    refused(
        "test =",
        "labels = '/labels.csv', test =",
        "labels",
        &["name a CSV, relative to the folder of the images"],
    );
    refused("test =", "classes = ['cat'], test =", "classes", &["has 1 names", "at least two"]);
    refused("test =", "classes = ['cat', 'dog', 'cat'], test =", "classes", &["has \"cat\" twice"]);
    refused("test =", "classes = ['cat', ' '], test =", "classes", &["has an empty name"]);
    refused("crop = 112", "crop = 129", "input.crop", &["1 to 128"]);
    refused("test =", "pool = 0, test =", "pool", &["at least 1"]);
}

#[test]
fn keys_of_own_images_that_are_left_out_are_in_no_hash() {
    let set = |text: &str| try_load(&spec(text, "arch = 'resnet18'", "", "")).unwrap().dataset;
    let short = set("dataset.folder = { input = { resize = 128, crop = 112 } }");
    let written = serde_json::to_string(&short).unwrap();
    for key in ["path", "orientation", "labels", "classes", "test", "split-seed", "pool"] {
        assert!(!written.contains(&format!("\"{key}\"")), "{key}: {written}");
    }
    let long = "dataset.folder = { path = '.', orientation = 'as-stored', input = { resize = 128, crop = 112 } }";
    assert_eq!(short, set(long));
}

#[test]
fn a_bare_name_without_its_options_is_refused_with_the_options_that_it_needs() {
    let check = |text: &str, place: &str, name: &str, options: &str| {
        let message = try_load(text).unwrap_err().to_string();
        let wanted = format!("{place} is \"{name}\", which needs options; write {{ {name} = {{ {options} }} }}");
        assert!(message.ends_with(&wanted), "{message}");
    };
    for (name, options) in [
        ("caltech101", "input = ..., test = ..., split-seed = ..."),
        ("imagenet", "input = ..."),
        ("folder", "input = ..."),
        ("cityscapes", "size = ..., labels = ..."),
    ] {
        let text = spec(&format!("dataset = '{name}'"), "arch = 'resnet18'", "", "");
        check(&text, "x.toml:4: `dataset`", name, options);
    }
    for (name, options) in [
        ("long-tail", "ratio = ..., seed = ..."),
        ("step", "classes = ..., ratio = ..., seed = ..."),
        ("linear", "step = ..., seed = ..."),
    ] {
        let text = spec(CIFAR10, "arch = 'resnet18'", "", &format!("imbalance = '{name}'"));
        check(&text, "x.toml:5: `imbalance`", name, options);
    }
}

#[test]
fn imbalances_keep_to_their_ranges_and_to_classification() {
    let tail = |ratio: &str| format!("imbalance.long-tail = {{ ratio = {ratio}, seed = 0 }}");
    let step =
        |classes: &str, ratio: &str| format!("imbalance.step = {{ classes = {classes}, ratio = {ratio}, seed = 0 }}");
    refuses_imbalance(CIFAR10, &tail("0.99"), "imbalance.long-tail.ratio", &["is 0.99;", "at least 1"]);
    refuses_imbalance(CIFAR10, &tail("inf"), "imbalance.long-tail.ratio", &["is inf;"]);
    refuses_imbalance(SHAPES, &step("0.5", "nan"), "imbalance.step.ratio", &["is NaN;"]);
    refuses_imbalance(SHAPES, &step("0.0", "2.0"), "imbalance.step.classes", &["is 0;", "at most 1"]);
    refuses_imbalance(SHAPES, &step("1.1", "2.0"), "imbalance.step.classes", &["is 1.1;"]);
    let linear = "imbalance.linear = { step = 0, seed = 0 }";
    refuses_imbalance(IMAGENET, linear, "imbalance.linear.step", &["is 0;"]);
    refuses_imbalance(CITYSCAPES, &tail("10.0"), "imbalance", &["cityscapes has one for each pixel", "leave"]);
}

#[test]
fn augmentation_crops_once_and_inside_the_image() {
    let resized = |side: usize, area: &str| format!("{{ random-resized-crop = {{ side = {side}, area = {area} }} }}");
    refuses_augment(CIFAR10, "'flip', 'crop-4', 'flip'", &["flip twice"]);
    refuses_augment(CIFAR10, "{ crop = [8, 8] }, { crop = [9, 9] }", &["crop twice"]);
    refuses_augment(CIFAR10, "'crop-4', 'flip', { crop = [8, 8] }", &["both crop-4 and crop", "keep one"]);
    let both = format!("{{ crop = [8, 8] }}, {}", resized(8, "[0.5, 1.0]"));
    refuses_augment(CIFAR10, &both, &["both crop and random-resized-crop"]);
    refuses_augment(CIFAR10, &format!("{}, 'crop-4'", resized(8, "[0.5, 1.0]")), &["random-resized-crop and crop-4"]);

    refuses_augment(CIFAR10, "{ crop = [0, 8] }", &["crop to 0 x 8", "at least 1"]);
    refuses_augment(CIFAR10, &resized(0, "[0.5, 1.0]"), &["to 0 x 0"]);
    refuses_augment(CIFAR10, "{ crop = [33, 8] }", &["crop to 33 x 8, but images are 32 x 32 (cifar10)"]);
    refuses_augment(SHAPES, "{ crop = [16, 17] }", &["images are 16 x 16 (`dataset.shapes.side`)"]);
    refuses_augment(CALTECH101, "{ crop = [113, 113] }", &["112 x 112 (`dataset.caltech101.input.crop`)"]);
    refuses_augment(IMAGENET, &resized(225, "[0.08, 1.0]"), &["224 x 224 (`dataset.imagenet.input.crop`)"]);
    refuses_augment(CITYSCAPES, "{ crop = [181, 240] }", &["180 x 240 (`dataset.cityscapes.resize`)"]);
    let whole = CITYSCAPES.replace("resize = [180, 240], ", "");
    let text = spec(&whole, "arch = 'drn-d-22'", "{ crop = [360, 481] }", "");
    refuses(&text, 12, "train.augment", &["360 x 480 (`dataset.cityscapes.size`)"]);

    for area in ["[0.0, 1.0]", "[0.6, 0.5]", "[0.5, 1.1]", "[nan, 1.0]"] {
        refuses_augment(IMAGENET, &resized(224, area), &["random-resized-crop with the area", "[0.08, 1.0]"]);
    }
    refuses_augment(CITYSCAPES, &resized(100, "[0.5, 1.0]"), &["does not work on label maps"]);
}

#[test]
fn colours_change_within_their_ranges_and_beside_any_crop() {
    let jitter = |strengths: [&str; 3], probability: &str| {
        let [brightness, contrast, saturation] = strengths;
        format!(
            "{{ colour-jitter = {{ brightness = {brightness}, contrast = {contrast}, saturation = {saturation}, \
             probability = {probability} }} }}"
        )
    };
    let simsiam = jitter(["0.4", "0.4", "0.4"], "0.8");
    accepts(CIFAR10, &format!("'crop-4', {simsiam}, {{ grayscale = 0.2 }}"), "");
    accepts(CITYSCAPES, &format!("{}, {{ crop = [180, 240] }}, 'flip'", jitter(["0.0", "1.0", "0.0"], "1.0")), "");
    refuses_augment(CIFAR10, &format!("{simsiam}, {simsiam}"), &["colour-jitter twice"]);
    refuses_augment(CIFAR10, &jitter(["-0.1", "0.4", "0.4"], "0.8"), &["colour-jitter with the brightness -0.1;"]);
    refuses_augment(CIFAR10, &jitter(["0.4", "1.1", "0.4"], "0.8"), &["contrast 1.1;", "from 0"]);
    refuses_augment(CIFAR10, &jitter(["0.4", "0.4", "nan"], "0.8"), &["saturation NaN;"]);
    refuses_augment(CIFAR10, &jitter(["0.4", "0.4", "0.4"], "0.0"), &["colour-jitter with the probability 0;"]);
    refuses_augment(CIFAR10, "'flip', { grayscale = 1.5 }", &["grayscale with the probability 1.5;", "at most 1"]);
}

#[test]
fn networks_and_metrics_fit_the_task() {
    refuses(&spec(CIFAR10, "arch = 'drn-d-22', stem = '7x7'", "", ""), 7, "model.stem", &["for ResNets", "remove it"]);
    for arch in ["arch = 'resnet18'", "arch = 'resnet50', stem = '7x7'"] {
        refuses(&spec(CITYSCAPES, arch, "", ""), 7, "model.arch", &["a ResNet", "cityscapes", "use drn-d-22"]);
    }
    let metrics = |dataset, metrics: &str, parts: &[&str]| {
        let text = spec(dataset, "arch = 'drn-d-22'", "", &format!("metrics = [{metrics}]"));
        refuses(&text, 5, "metrics", parts);
    };
    metrics(CIFAR10, "'per-class', 'per-class'", &["per-class twice"]);
    for name in ["top-5-accuracy", "balanced-accuracy", "per-class"] {
        metrics(CITYSCAPES, &format!("'{name}'"), &[name, "one for each pixel", "leave it out"]);
    }
}

/// Sets keys of the demo, and expects the message of the first rule that refuses them.
fn refuses_sets(sets: &[&str], message: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/demo.toml");
    let sets = sets.iter().map(|&set| set.to_owned()).collect();
    let error = load(&Source { path, sets, ..Source::default() }).expect_err(message).to_string();
    assert!(error.contains(message) && !error.contains('\n'), "{error}");
}

#[test]
fn optimizers_keep_to_their_ranges() {
    for table in ["train", "pretext"] {
        for (set, message) in [
            ("sgd.lr=0", "sgd.lr` is 0; it must be above 0"),
            ("sgd.momentum=1", "sgd.momentum` is 1; it must be at least 0 and below 1"),
            ("sgd={ lr = 0.1, momentum = 0, weight-decay = 0, nesterov = true }", "sgd.nesterov` is true, but"),
            ("adamw={ lr = -0.1 }", "adamw.lr` is -0.1; it must be above 0"),
            ("adamw={ lr = 0.1, betas = [0.9, 1.0] }", "adamw.betas` is [0.9, 1]; both must be at least 0 and below 1"),
            ("adamw={ lr = 0.1, betas = [-0.1, 0.9] }", "adamw.betas` is [-0.1, 0.9]"),
            ("adamw={ lr = 0.1, eps = 0.0 }", "adamw.eps` is 0; it must be at least 1e-30"),
            ("adamw={ lr = 0.1, weight-decay = -1.0 }", "adamw.weight-decay` is -1; it must be 0 or above"),
            ("adamw={}", "adamw.lr` is missing"),
        ] {
            refuses_sets(&[&format!("{table}.optimizer.{set}")], message);
        }
    }
}

#[test]
fn schedules_keep_to_their_ranges_and_to_the_epochs() {
    for table in ["train", "pretext"] {
        let epochs = format!("{table}.epochs=4");
        for (set, message) in [
            ("{ steps = { at = [4], factor = 0.1 } }", "schedule.steps.at` has 4, but"),
            ("{ steps = { at = [3], factor = 0.0 } }", "schedule.steps.factor` is 0; it must be above 0"),
            ("{ cosine = { warmup = 4 } }", "schedule.cosine.warmup` is 4, but"),
            ("{ cosine = { floor = 1.5 } }", "schedule.cosine.floor` is 1.5; it is a fraction"),
            ("{ cosine = [] }", "schedule.cosine` is an empty list; it must be a table with the keys floor, warmup"),
            ("{ one-cycle = { warmup = 30.0 } }", "schedule.one-cycle.warmup` is 30; it is the fraction"),
            ("{ one-cycle = { start = 0.5 } }", "schedule.one-cycle.start` is 0.5;"),
            ("{ one-cycle = { end = 0.0 } }", "schedule.one-cycle.end` is 0;"),
            ("{ one-cycle = { momentum = [0.95, 0.85] } }", "schedule.one-cycle.momentum` is [0.95, 0.85];"),
            ("{ one-cycle = { momentum = [0.5, 1.0] } }", "schedule.one-cycle.momentum` is [0.5, 1];"),
        ] {
            refuses_sets(&[&epochs, &format!("{table}.schedule={set}")], message);
        }
    }
}

#[test]
fn what_trains_a_network_beside_plain_sgd_is_accepted() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/demo.toml");
    for table in ["train", "pretext"] {
        for set in [
            "optimizer.adamw={ lr = 0.001 }",
            "optimizer.sgd.nesterov=true",
            "schedule=one-cycle",
            "schedule={ one-cycle = { warmup = 0, momentum = [0.9, 0.9] } }",
            "schedule={ cosine = { warmup = 1, floor = 0.1 } }",
            "augment=['crop-4', { rand-augment = { operations = 2, magnitude = 9 } }]",
        ] {
            let sets = vec![format!("{table}.epochs=2"), format!("{table}.{set}")];
            let spec = load(&Source { path: path.clone(), sets, ..Source::default() }).unwrap();
            // The resolved spec says the same.
            let dir = tempfile::tempdir().unwrap();
            let resolved = dir.path().join("spec.toml");
            std::fs::write(&resolved, toml::to_string(&spec).unwrap()).unwrap();
            assert_eq!(crate::spec::load_resolved(&resolved).unwrap(), spec, "{set}");
        }
    }
}

#[test]
fn label_smoothing_and_operations_keep_to_their_ranges() {
    refuses_sets(&["train.label-smoothing=1"], "`train.label-smoothing` is 1; it must be at least 0 and below 1");
    refuses_sets(&["train.label-smoothing=-0.1"], "`train.label-smoothing` is -0.1;");
    let operations = |operations, magnitude| {
        format!("{{ rand-augment = {{ operations = {operations}, magnitude = {magnitude} }} }}")
    };
    refuses_augment(CIFAR10, &operations(0, 9), &["rand-augment with 0 operations;", "1 to 14"]);
    refuses_augment(CIFAR10, &operations(15, 9), &["rand-augment with 15 operations;"]);
    refuses_augment(CITYSCAPES, &operations(2, 31), &["rand-augment with the magnitude 31;", "0 to 30"]);
    accepts(CITYSCAPES, &operations(14, 30), "");
}

/// Every number of a spec that decides how much is trained or held, as `--set` writes it: the key that is named, and what to
/// set, with `@` in the place of the number. Those that a pool of 100 images decides are refused by it.
const NUMBERS: [(&str, &[&str]); 31] = [
    ("dataset.shapes.pool", &["dataset.shapes.pool=@"]),
    ("dataset.shapes.test", &["dataset.shapes.test=@"]),
    ("dataset.shapes.side", &["dataset.shapes.side=@"]),
    ("rounds.count", &["rounds.count=@"]),
    ("rounds.initial", &["rounds.initial=@"]),
    ("rounds.query", &["rounds.query=@"]),
    ("model.width", &["model.width=@"]),
    ("train.epochs", &["train.epochs=@"]),
    (
        "train.epochs",
        &["train.select={ query = 'last', record = ['last', 'best-on-test'], every = 1 }", "train.epochs=@"],
    ),
    ("train.select.every", &["train.select={ query = 'last', record = ['last'], every = @ }"]),
    ("train.minibatch", &["train.minibatch=@"]),
    ("train.augment", &["train.augment=[{ crop = [@, @] }]"]),
    ("train.augment", &["train.augment=[{ random-resized-crop = { side = @, area = [0.1, 1.0] } }]"]),
    ("train.augment", &["train.augment=[{ rand-augment = { operations = @, magnitude = 9 } }]"]),
    ("train.augment", &["train.augment=[{ rand-augment = { operations = 2, magnitude = @ } }]"]),
    ("pretext.epochs", &["pretext.epochs=@"]),
    ("pretext.minibatch", &["pretext.minibatch=@"]),
    ("pretext.batches", &["pretext.batches=@"]),
    ("pretext.task.jigsaw.grid", &["pretext.task.jigsaw={ grid = @, permutations = 4 }"]),
    ("pretext.task.jigsaw.permutations", &["pretext.task.jigsaw={ grid = 3, permutations = @ }"]),
    ("pretext.task.simsiam.views", &["pretext.task.simsiam={ views = @, dimension = 64 }"]),
    ("pretext.task.simsiam.dimension", &["pretext.task.simsiam={ views = 1, dimension = @ }"]),
    ("pretext.task.simsiam.hidden", &["pretext.task.simsiam={ views = 1, dimension = 64, hidden = @ }"]),
    ("pretext.task.simsiam.bottleneck", &["pretext.task.simsiam={ views = 1, dimension = 64, bottleneck = @ }"]),
    ("initial-set.pretext-stride.batch", &["initial-set.pretext-stride={ batch = @ }"]),
    ("initial-set.pretext-stride.stride", &["initial-set.pretext-stride={ stride = @ }"]),
    ("initial-set.typical.clusters", &["initial-set.typical={ clusters = @, neighbours = 20 }"]),
    ("initial-set.typical.neighbours", &["initial-set.typical={ clusters = 20, neighbours = @ }"]),
    ("correlation.folds", &["correlation={ folds = @, points = 10, resamples = 10 }"]),
    ("correlation.points", &["correlation={ folds = 2, points = @, resamples = 10 }"]),
    ("correlation.resamples", &["correlation={ folds = 2, points = 10, resamples = @ }"]),
];

#[test]
fn a_number_that_no_machine_holds_is_refused_at_once_by_its_key() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/demo.toml");
    for (key, sets) in NUMBERS {
        for number in ["100000000000", "1000000000000000", "4611686018427387904", "9223372036854775807"] {
            let small = ["rounds={ count = 2, initial = 5, query = 5 }", "train.epochs=1"];
            let sets: Vec<String> = small.iter().chain(sets).map(|set| set.replace('@', number)).collect();
            let source = Source { path: path.clone(), sets, ..Source::default() };
            let start = std::time::Instant::now();
            let checked = load(&source).and_then(|spec| spec.check_pool(100, 20).map(|_| ()));
            let message = checked.expect_err(&format!("{key} = {number} was accepted")).to_string();
            assert!(start.elapsed().as_secs_f64() < 5.0, "{key} = {number} took {:?}", start.elapsed());
            assert!(message.contains(&format!("`{key}`")) && !message.contains('\n'), "{key} = {number}: {message}");
        }
    }
}

#[test]
fn the_largest_counts_are_accepted() {
    accepts(&SHAPES.replace("pool = 100", "pool = 10000000"), "", "");
    for (key, most, one_more) in [("epochs", 1_000_000, "at most 1,000,000"), ("minibatch", 65_536, "at most 65,536")] {
        let now = if key == "epochs" { "epochs = 1" } else { "minibatch = 32" };
        let text = spec(SHAPES, "arch = 'resnet18'", "", "");
        try_load(&text.replacen(now, &format!("{key} = {most}"), 1)).unwrap();
        let over = text.replacen(now, &format!("{key} = {}", most + 1), 1);
        let line = if key == "epochs" { 10 } else { 11 };
        refuses(&over, line, &format!("train.{key}"), &[one_more, "lower it"]);
    }
}

#[test]
fn a_seed_that_draws_nothing_is_refused() {
    refuses_set(CIFAR10, "{}", "{ pool-seed = 3 }", "dataset.cifar10.pool-seed", &["without `dataset.cifar10.pool`"]);
    accepts(&CIFAR10.replace("{}", "{ pool = 100, pool-seed = 3 }"), "", "");
}

/// Which batch a round asks, by the batch that the first query asks.
#[test]
fn the_first_query_decides_which_batches_are_asked() {
    let asked = |sets: &[&str]| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/cifar10.toml");
        let sets = sets.iter().map(|&set| set.to_owned()).collect();
        let spec = load(&Source { path, sets, ..Source::default() }).unwrap();
        (1..spec.rounds.count).map(|round| spec.pretext_batch_of(round)).collect::<Vec<_>>()
    };
    assert_eq!(asked(&[]), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(asked(&["pretext.first-query='batch-0'"]), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(asked(&["pretext.batches=5"]), [0, 1, 1, 2, 2, 3, 3, 4, 4]);
    assert_eq!(asked(&["pretext.batches=3", "pretext.first-query='batch-0'"]), [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    assert_eq!(asked(&["pretext.batches=9", "pretext.first-query='batch-0'"]), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
    assert_eq!(asked(&["rounds.count=1", "pretext.batches=2"]), [0usize; 0]);
}

const MASKS: &str =
    "dataset.folder-masks = { size = [360, 480], classes = ['road', 'sky', 'car'], values = [7, 23, 26] }";

/// [`refuses_set`] for [`MASKS`], which needs a network for segmentation.
fn refuses_masks(find: &str, replace: &str, key: &str, parts: &[&str]) {
    assert!(MASKS.contains(find), "{find}");
    let key = if key.is_empty() { "dataset.folder-masks".into() } else { format!("dataset.folder-masks.{key}") };
    refuses(&spec(&MASKS.replacen(find, replace, 1), "arch = 'drn-d-22'", "", ""), 4, &key, parts);
}

#[test]
fn own_masks_need_one_size_and_one_value_for_each_class() {
    for sound in [
        MASKS.to_owned(),
        MASKS.replace("size = [360, 480]", "resize = [100, 200]"),
        MASKS.replace("480]", "480], resize = [180, 240]"),
        MASKS.replace(
            "values = [7, 23, 26]",
            "ignore = [3, 4, 255], test = 'val', path = 'a/b', pool = 9, pool-seed = 1",
        ),
        MASKS.replace("26]", "26], ignore = []"),
    ] {
        if let Err(e) = try_load(&spec(&sound, "arch = 'drn-d-22'", "", "")) {
            panic!("{sound}: {e}");
        }
    }
    refuses_masks("size = [360, 480], ", "", "", &["neither `size` nor `resize`", "size = [height, width]"]);
    refuses_masks("360, ", "7, ", "size", &["is [7, 480]", "8 to 8192"]);
    refuses_masks("480]", "480], resize = [361, 480]", "resize", &["larger than the [360, 480]"]);
    refuses_masks("['road', 'sky', 'car']", "['road']", "classes", &["has 1 names", "2 to 255"]);
    refuses_masks("'sky'", "'road'", "classes", &["has `road` twice"]);
    refuses_masks("'sky'", "' '", "classes[1]", &["name the class"]);
    refuses_masks(", 26]", "]", "values", &["has 2 values", "3 names"]);
    refuses_masks("26]", "7]", "values", &["has 7 twice", "`road` and `car`"]);
    refuses_masks("26]", "26], ignore = [23]", "ignore", &["has 23", "class `sky`"]);
    refuses_masks("26]", "255]", "ignore", &["has 255", "class `car`"]);
    refuses_masks("26]", "26], test = 'train'", "test", &["a folder beside `train`"]);
    refuses_masks("26]", "26], test = 'a/b'", "test", &["a folder beside `train`"]);
    refuses_masks("26]", "26], path = ''", "path", &["name a folder"]);
    refuses_masks("26]", "26], pool = 0", "pool", &["at least 1"]);
}
