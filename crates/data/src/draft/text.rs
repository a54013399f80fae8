//! The text of a spec.

use std::fmt::Write;

use super::find::{Found, shrunk};
use pt4al_results::spec::{DatasetSpec, Input, Labeled};
use pt4al_results::words::thousands;

/// The most rounds.
const ROUNDS: usize = 10;
/// The fewest labels of a round for each class.
const OF_A_CLASS: usize = 2;
/// The pool of the smaller profile.
const SMALL_POOL: usize = 5_000;
/// The longest side of images of the smaller profile.
const SMALL: usize = 64;

/// The numbers of an experiment's rounds.
struct Rounds {
    count: usize,
    query: usize,
}

impl Rounds {
    /// At most `most` rounds of 2 % of the pool, but at least two labels for each class.
    fn of(pool: usize, classes: usize, most: usize) -> Self {
        let wanted = (pool / 50).max(OF_A_CLASS * classes);
        // A small pool has fewer rounds; each pretext batch must have the images that its round queries.
        let query = if wanted * 2 > pool { (pool / 4).max(1) } else { wanted };
        Self { count: (pool / query).clamp(1, most), query }
    }

    fn table(&self) -> String {
        let Self { count, query } = self;
        format!("{{ count = {count}, initial = {query}, query = {query} }}")
    }

    /// The minibatch: a round with few labels needs steps, too.
    fn minibatch(&self) -> usize {
        match self.query {
            1000.. => 128,
            400.. => 64,
            100.. => 32,
            _ => 16,
        }
    }
}

/// How the networks are trained at one scale.
struct Scale {
    rounds: Rounds,
    width: usize,
    epochs: usize,
    minibatch: usize,
    lr: f64,
    augment: String,
    pretext_epochs: usize,
    pretext_minibatch: usize,
    pretext_lr: f64,
}

impl Scale {
    fn new(found: &Found, is_small: bool) -> Self {
        let pool = if is_small { found.pool.min(SMALL_POOL) } else { found.pool };
        let is_demo = matches!(found.dataset, DatasetSpec::Shapes(_));
        let is_masked = found.dataset.task().labels() == Labeled::Pixels;
        let classes = if is_masked { 1 } else { found.classes };
        let rounds = match is_demo {
            true => Rounds { count: 5, query: 50 },
            false => Rounds::of(pool, classes, if is_small { 5 } else { ROUNDS }),
        };
        let minibatch = match (is_masked, is_small) {
            (true, false) => 8,
            (true, true) => 4,
            (false, true) => rounds.minibatch().min(32),
            (false, false) => rounds.minibatch(),
        };
        let pretext_minibatch = match (is_masked, pool) {
            (true, _) => 4,
            (false, 10_000..) => 256,
            _ => 64,
        };
        Self {
            width: match (is_masked, is_small || is_demo) {
                (true, true) => 4,
                (true, false) => 16,
                (false, true) => 8,
                (false, false) => 64,
            },
            epochs: match (is_demo, is_small) {
                (true, _) => 10,
                (_, true) => 30,
                _ => 100,
            },
            lr: if is_masked { 0.01 } else { 0.1 * minibatch as f64 / 128.0 },
            augment: augment(found, is_small),
            pretext_epochs: match (is_demo, is_small) {
                (true, _) => 2,
                (_, true) => 10,
                _ => 15,
            },
            pretext_minibatch,
            pretext_lr: if is_masked { 0.005 } else { 0.1 * pretext_minibatch as f64 / 256.0 },
            rounds,
            minibatch,
        }
    }
}

/// The side of images with a class each.
fn side(found: &Found, is_small: bool) -> usize {
    let side = match &found.dataset {
        DatasetSpec::Shapes(set) => set.side,
        set => input(set).map_or(32, |input| input.crop),
    };
    if is_small { side.min(SMALL) } else { side }
}

/// The size to which images are resized and cropped; `None` if they keep theirs, or have label maps.
fn input(set: &DatasetSpec) -> Option<Input> {
    match set {
        DatasetSpec::Caltech101(set) => Some(set.input),
        DatasetSpec::Imagenet(set) => Some(set.input),
        DatasetSpec::TinyImagenet(set) => Some(set.input),
        DatasetSpec::Folder(set) => Some(set.input),
        _ => None,
    }
}

/// The random changes of training images.
fn augment(found: &Found, is_small: bool) -> String {
    match (&found.dataset, side(found, is_small)) {
        (DatasetSpec::FolderMasks(_) | DatasetSpec::Shapes(_), _) => "[\"flip\"]".into(),
        // A digit in a mirror is none.
        (DatasetSpec::Svhn(_), _) => "[\"crop-4\"]".into(),
        (_, 32) => "[\"crop-4\", \"flip\"]".into(),
        (_, side) => format!("[{{ random-resized-crop = {{ side = {side}, area = [0.35, 1.0] }} }}, \"flip\"]"),
    }
}

/// Writes the spec.
pub(super) fn write(name: &str, found: &Found, schema: Option<&str>) -> String {
    let scale = Scale::new(found, false);
    let is_masked = found.dataset.task().labels() == Labeled::Pixels;
    let mut text = String::new();
    if let Some(schema) = schema {
        let _ = writeln!(text, "#:schema {schema}\n");
    }
    let [pool, test] = [found.pool, found.test].map(thousands);
    let Rounds { count, query } = scale.rounds;
    let budget = thousands(count * query);
    let title = toml::Value::String(name.to_owned());
    let _ = write!(
        text,
        "# {pool} images to choose from, {test} to test on, {classes} classes. `pt4al new` wrote this file; change what you like:\n\
         # `pt4al explain KEY` explains a key, and docs/writing-specs.md the file.\n\n\
         title    = {title}\n\
         seeds    = [0, 1, 2]             # each sampler runs once for each seed; differences need at least 3\n\
         samplers = [\"random\", \"entropy\", \"pretext-batch\"]   # random is what the others are compared with\n\n",
        classes = found.classes,
    );
    dataset(&mut text, found);
    let _ = write!(
        text,
        "\n[rounds]                         # {budget} of {pool} labels in the end{why}\n\
         count   = {count}\n\
         initial = {query}\n\
         query   = {query}\n\n[model]\n",
        why = if is_masked { "" } else { "; at least two for each class in a round, if the images are enough" },
    );
    let stem = if !is_masked && side(found, false) > SMALL { "7x7" } else { "3x3" };
    if is_masked {
        let _ = writeln!(text, "arch  = \"drn-d-22\"               # gives a class for each pixel");
    } else {
        let _ = writeln!(text, "arch  = \"resnet18\"");
    }
    if stem == "7x7" {
        let _ = writeln!(text, "stem  = \"7x7\"                    # for large images, as on ImageNet");
    }
    let Scale { width, epochs, minibatch, lr, augment, pretext_epochs, pretext_minibatch, pretext_lr, .. } = &scale;
    let task = if is_masked { "colorization" } else { "rotation" };
    let _ = write!(
        text,
        "width = {width:<24} # channels of the first layer; half of it takes a quarter of the time\n\n\
         [train]\n\
         start     = \"fresh\"              # each round trains from new weights\n\
         epochs    = {epochs}\n\
         minibatch = {minibatch}\n\
         # precision = \"bf16\"             # twice as fast on a GPU of 2020 or later\n\
         augment   = {augment}{flip}\n\
         optimizer = {{ sgd = {{ lr = {lr}, momentum = 0.9, weight-decay = 5e-4 }} }}\n\
         schedule  = \"cosine\"\n\
         select    = {{ query = \"last\", record = [\"last\"] }}\n\n\
         [pretext]                        # what pretext-batch sorts the images by; needs no labels\n\
         task       = \"{task}\"\n\
         epochs     = {pretext_epochs}\n\
         minibatch  = {pretext_minibatch}\n\
         optimizer  = {{ sgd = {{ lr = {pretext_lr}, momentum = 0.9, weight-decay = 5e-4 }} }}\n\
         schedule   = \"cosine\"\n\
         checkpoint = \"last\"\n\
         forward    = \"together\"\n\
         order      = \"loss\"               # hard images first\n",
        flip =
            if augment.contains("flip") { "   # without \"flip\" if a mirrored image is of another class" } else { "" },
    );
    if found.has_smaller() {
        smaller(&mut text, found);
    }
    text
}

/// Writes the table of the data set.
fn dataset(text: &mut String, found: &Found) {
    let mut lines: Vec<String> = Vec::new();
    if let Some(Input { resize, crop }) = input(&found.dataset) {
        lines.push(format!(
            "input = {{ resize = {resize}, crop = {crop} }}   # the shorter side becomes {resize}; the square of {crop} in the center is kept"
        ));
    }
    let drawn = |test: f64, seed: u64| {
        [
            format!("test = {test}                       # this part of each class is tested on"),
            format!("split-seed = {seed}"),
        ]
    };
    match &found.dataset {
        DatasetSpec::Shapes(set) => {
            lines.push(format!("pool = {}\ntest = {}\nside = {}\nseed = {}", set.pool, set.test, set.side, set.seed));
        }
        DatasetSpec::Caltech101(set) => lines.extend(drawn(set.test, set.split_seed)),
        DatasetSpec::Imagenet(_) => {
            lines.push("storage = \"mapped\"              # decoded images in a file, not in memory".into());
        }
        DatasetSpec::Folder(set) => {
            if set.path != "." {
                lines.push(format!("path = {}", toml::Value::from(set.path.as_str())));
            }
            if let Some(labels) = &set.labels {
                lines.push(format!("labels = {}", toml::Value::from(labels.as_str())));
            }
            if let (Some(test), Some(seed)) = (set.test, set.split_seed) {
                lines.extend(drawn(test, seed));
            }
        }
        DatasetSpec::FolderMasks(set) => {
            let names: Vec<String> = set.classes.iter().map(|name| format!("{name:?}")).collect();
            lines.push(format!("classes = [{}]   # put their names here", names.join(", ")));
            if !set.values.is_empty() {
                lines.push(format!("values = {:?}   # in the masks, in the order of the classes", set.values));
            }
            if let Some([height, width]) = set.resize {
                lines.push(format!("resize = [{height}, {width}]   # height and width that all images get"));
            }
        }
        _ => {}
    }
    let _ = writeln!(text, "[dataset.{}]", found.dataset.name());
    lines.iter().for_each(|line| _ = writeln!(text, "{line}"));
}

/// Writes the profile for a few cores.
fn smaller(text: &mut String, found: &Found) {
    let name = found.dataset.name();
    let scale = Scale::new(found, true);
    let is_masked = found.dataset.task().labels() == Labeled::Pixels;
    let _ = write!(
        text,
        "\n# The same for a few cores without a GPU: fewer images, a small network. `--profile auto` takes it if there is no GPU.\n\
         [profile.cpu]\nseeds = [0, 1]\n"
    );
    if found.pool > SMALL_POOL {
        let _ = writeln!(text, "dataset.{name}.pool = {SMALL_POOL}");
    }
    if input(&found.dataset).is_some_and(|input| input.crop > SMALL) {
        let _ = writeln!(text, "dataset.{name}.input = {{ resize = {SMALL}, crop = {SMALL} }}");
    }
    if let DatasetSpec::FolderMasks(set) = &found.dataset
        && let Some(size) = set.resize
    {
        let [height, width] = shrunk(size, 2 * SMALL);
        let _ = writeln!(text, "dataset.{name}.resize = [{height}, {width}]");
    }
    let _ = write!(
        text,
        "rounds = {}\nmodel.width = {}\ntrain.epochs = {}\ntrain.minibatch = {}\n",
        scale.rounds.table(),
        scale.width,
        scale.epochs,
        scale.minibatch
    );
    if !is_masked {
        let _ = writeln!(text, "train.augment = {}", scale.augment);
        let _ = writeln!(text, "train.optimizer.sgd.lr = {}         # in proportion to the minibatch", scale.lr);
    }
    let _ = writeln!(text, "pretext.epochs = {}", scale.pretext_epochs);
    if !is_masked {
        let _ = writeln!(text, "pretext.minibatch = {}", scale.pretext_minibatch);
        let _ = writeln!(text, "pretext.optimizer.sgd.lr = {}", scale.pretext_lr);
    }
}
