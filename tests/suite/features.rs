//! Features from a file in place of a network.

use std::path::Path;

use tch::{Kind, Tensor};

use crate::support::{TINY, Workplace, fails, in_double_precision, queries, stderr, stdout, values};
use pt4al_data::shapes;
use pt4al_results::spec::{Normalize, ShapesSpec};

const POOL: usize = 200;
const TEST: usize = 60;

/// The tiny spec with features in place of its network and its learner. `extra` keys stand at the top.
fn spec(model: &str, extra: &str) -> String {
    let (base, _) = TINY.split_once("[pretext]").unwrap();
    let base = base.replace("arch = \"resnet18\"\nwidth = 2", model).replace("epochs = 2", "epochs = 40");
    let base = base.replace("\"crop-4\", \"flip\"", "").replace(", \"pretext-batch\"]", "]");
    let base = in_double_precision(&base.replace("lr = 0.05", "lr = 0.5"));
    base.replacen("title", &format!("{extra}\ntitle"), 1)
}

/// The classes of the tiny data set.
fn classes() -> (Vec<u8>, Vec<u8>) {
    let normalize = Normalize { mean: [0.5; 3], std: [0.25; 3] };
    let splits = shapes::generate(&ShapesSpec { pool: POOL, test: TEST, side: 12, seed: 0, normalize });
    (splits.train.labels, splits.test.labels)
}

/// Features of an image of a class: 1 at the number of the class, and small differences between images.
fn rows(classes: &[u8]) -> Tensor {
    let row = |(image, &class): (usize, &u8)| {
        (0..12).map(move |k| f32::from(u8::from(k == usize::from(class))) + (image * 7 + k * 3) as f32 % 5.0 / 50.0)
    };
    let values: Vec<f32> = classes.iter().enumerate().flat_map(row).collect();
    Tensor::from_slice(&values).view([classes.len() as i64, 12])
}

fn write(path: &Path, train: &Tensor, test: &Tensor) {
    Tensor::write_npz(&[("train", train), ("test", test)], path).unwrap();
}

/// A folder with a spec and `own.npz`, which tells the classes.
fn place(model: &str, extra: &str) -> Workplace {
    let place = Workplace::with(&spec(model, extra));
    let (train, test) = classes();
    write(&place.path("own.npz"), &rows(&train), &rows(&test));
    place
}

const OWN: &str = "features = \"own.npz\"";
const RUN: &str = "run tiny.toml --device cpu";

/// Returns the accuracy of each trial in the last round.
fn last_accuracies(folder: &Path) -> Vec<f64> {
    let rows = values(folder);
    let last = rows.iter().filter(|row| row.contains(",2,60,accuracy,"));
    last.map(|row| row.split(',').nth(8).unwrap().trim().parse().unwrap()).collect()
}

#[test]
fn heads_on_features_learn_what_the_features_tell() {
    for model in [OWN.to_owned(), format!("{OWN}\nhidden = 16")] {
        let place = place(&model, "");
        place.succeeds(RUN);
        let accuracies = last_accuracies(&place.path("results/tiny"));
        assert_eq!(accuracies.len(), 3 * 2, "three samplers, two seeds");
        assert!(accuracies.iter().all(|&accuracy| accuracy > 0.9), "{accuracies:?}");
        // Types and places of files do not matter.
        let (train, test) = classes();
        std::fs::create_dir(place.path("elsewhere")).unwrap();
        std::fs::copy(place.path("own.npz"), place.path("elsewhere/moved.npz")).unwrap();
        write(&place.path("own.npz"), &rows(&test), &rows(&train));
        let moved = std::fs::read_to_string(place.path("tiny.toml")).unwrap().replace("own.npz", "elsewhere/moved.npz");
        std::fs::write(place.path("tiny.toml"), moved).unwrap();
        let said = stderr(&place.succeeds(RUN));
        assert!(said.contains("all trials are finished"), "{said}");
    }
}

#[test]
fn features_that_are_not_those_of_the_images_are_refused_before_anything_is_trained() {
    let place = place(OWN, "");
    let (train, test) = classes();
    let (train, test) = (rows(&train), rows(&test));
    write(&place.path("own.npz"), &test, &train);
    fails(&place, RUN, "`train` has 60 rows, but the train split of shapes has 200 images");
    write(&place.path("own.npz"), &train, &train);
    fails(&place, RUN, "`test` has 200 rows, but the test split of shapes has 60 images");
    let broken = train.copy();
    let _ = broken.get(7).get(3).fill_(f64::NAN);
    write(&place.path("own.npz"), &broken, &test);
    fails(&place, RUN, "feature 3 of row 7 of `train` is NaN");
    write(&place.path("own.npz"), &train.to_kind(Kind::Int64), &test);
    fails(&place, RUN, "tiny.toml:16: `model.features`");
    std::fs::remove_file(place.path("own.npz")).unwrap();
    fails(&place, RUN, "tiny.toml:16: `model.features`");
    assert!(!place.path("results").exists());
    // The same folder goes on with the same features only.
    write(&place.path("own.npz"), &train, &test);
    place.succeeds(&format!("{RUN} --only ^random-seed0$"));
    write(&place.path("own.npz"), &(train + 1.0), &test);
    fails(&place, RUN, "differs in model.sha256");
}

/// The tiny set's first query has 20 images. 19 images have features far from all others, so k-center chooses all of them.
#[test]
fn initial_sets_are_chosen_by_the_given_features_without_a_pretext_learner() {
    let place = place(&format!("{OWN}\nhidden = 4"), "initial-set = \"core-set\"");
    let far = Tensor::zeros([POOL as i64, 24], (Kind::Float, tch::Device::Cpu));
    for image in 0..19 {
        let _ = far.get(100 + image).get(image).fill_(1.0);
    }
    write(&place.path("own.npz"), &far, &far.narrow(0, 0, TEST as i64));
    place.succeeds(&format!("{RUN} --only seed0$"));
    let folder = place.path("results/tiny");
    for arm in ["random", "entropy", "core-set"] {
        let text = queries(&folder, &format!("{arm}-seed0"));
        let first = text.lines().filter_map(|line| line.strip_prefix("0,"));
        let chosen: Vec<usize> = first.filter_map(|row| row.split(',').nth(1)?.parse().ok()).collect();
        assert_eq!(chosen.iter().filter(|index| (100..119).contains(*index)).count(), 19, "{arm}: {chosen:?}");
    }
    assert!(!folder.join("pretext").exists(), "no learner ran");
    let typical = std::fs::read_to_string(place.path("tiny.toml")).unwrap();
    let typical = typical.replace("\"core-set\"\ntitle", "{ typical = { clusters = 5, neighbours = 3 } }\ntitle");
    std::fs::write(place.path("tiny.toml"), typical).unwrap();
    place.succeeds(&format!("{RUN} --only ^random-seed0$ --results typical"));
}

/// Losses are a file's; the plan and the correlation work as with a network.
#[test]
fn pretext_batches_plans_and_correlations_work_with_features() {
    let losses: String = (0..POOL).map(|i| format!("{i},{}\n", i * 37 % POOL)).collect();
    let pretext = "[pretext]\nlosses = { file = \"mine.csv\" }\norder = \"loss\"\n";
    let extra = "correlation = { folds = 2, points = 100, resamples = 50 }";
    let place = place(OWN, extra);
    let text = std::fs::read_to_string(place.path("tiny.toml")).unwrap() + pretext;
    let text = text.replace("\"entropy\"", "\"pretext-batch\"");
    std::fs::write(place.path("tiny.toml"), text).unwrap();
    std::fs::write(place.path("mine.csv"), format!("index,loss\n{losses}")).unwrap();
    place.succeeds(&format!("{RUN} --only seed0$"));
    assert!(place.path("results/tiny/pretext/seed-0.csv").exists());
    let correlated = stdout(&place.succeeds("correlate tiny.toml --device cpu"));
    assert!(!correlated.is_empty());
    // The file of features is only needed to train.
    let plan = stdout(&place.succeeds("plan tiny.toml --device cpu"));
    assert!(plan.contains("images/s trained"), "{plan}");
}
