//! One round of active learning with people who label: `pt4al select`.

use std::collections::BTreeMap;
use std::path::Path;

use pt4al_data::shapes;
use pt4al_results::spec::{Normalize, ShapesSpec};

use crate::support::{TINY, Workplace, fails, in_double_precision, queries, stderr, stdout};

/// The name of the class of each image of the tiny spec's train split.
fn classes() -> Vec<String> {
    let normalize = Normalize { mean: [0.5; 3], std: [0.25; 3] };
    let splits = shapes::generate(&ShapesSpec { pool: 200, test: 60, side: 12, seed: 0, normalize });
    splits.train.labels.iter().map(|&class| splits.classes[usize::from(class)].clone()).collect()
}

/// The rows of a CSV file, each by the names of its columns.
fn rows(path: &Path) -> Vec<BTreeMap<String, String>> {
    csv::Reader::from_path(path).unwrap().deserialize().map(Result::unwrap).collect()
}

/// The indices in a file of picks.
fn picked(path: &Path) -> Vec<usize> {
    rows(path).iter().map(|row| row["index"].parse().unwrap()).collect()
}

/// The indices that a trial queried in each round.
fn queried(folder: &Path, trial: &str) -> Vec<Vec<usize>> {
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for row in queries(folder, trial).lines().skip(1) {
        let numbers: Vec<usize> = row.split(',').map(|number| number.parse().unwrap()).collect();
        rounds.resize(rounds.len().max(numbers[0] + 1), Vec::new());
        rounds[numbers[0]].push(numbers[2]);
    }
    rounds
}

/// A file of labels of these images.
fn labels(images: &[usize], classes: &[String]) -> String {
    let rows = images.iter().map(|&index| format!("{index},{}\n", classes[index]));
    std::iter::once("index,label\n".to_owned()).chain(rows).collect()
}

/// With the labels that a trial had, the choice is the trial's own: the same weights, minibatches, pretext batch and ties.
#[test]
fn with_the_labels_of_a_run_the_picks_are_the_queries_of_its_next_round() {
    let place = Workplace::with(&in_double_precision(TINY));
    place.succeeds("run tiny.toml --device cpu --only (random|entropy|pretext-batch)-seed1");
    let (folder, classes) = (place.path("results/tiny"), classes());
    for (arm, rounds) in [("random", 0..2), ("entropy", 1..3), ("pretext-batch", 0..3)] {
        let run = queried(&folder, &format!("{arm}-seed1"));
        for round in rounds {
            std::fs::write(place.path("labels.csv"), labels(&run[..round].concat(), &classes)).unwrap();
            let out = format!("{arm}-{round}.csv");
            place.succeeds(&format!(
                "select tiny.toml --device cpu --arm {arm} --seed 1 --labeled labels.csv --n 20 --out {out}"
            ));
            assert_eq!(picked(&place.path(&out)), run[round], "{arm}, round {round}");
        }
    }
    // The model that chose is the trial's too.
    let origin: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("entropy-2.json")).unwrap()).unwrap();
    let accuracy = origin["metrics"].as_array().unwrap().iter().find(|metric| metric["metric"] == "accuracy").unwrap();
    let of_run = rows(&folder.join("records.csv"));
    let of_run =
        of_run.iter().find(|row| row["sampler"] == "entropy" && row["round"] == "1" && row["metric"] == "accuracy");
    assert_eq!(accuracy["value"].as_f64().unwrap(), of_run.unwrap()["value"].parse::<f64>().unwrap());
    // A round names the pretext batch and the random numbers.
    let run = queried(&folder, "pretext-batch-seed1");
    std::fs::write(place.path("labels.csv"), labels(&run[..1].concat(), &classes)).unwrap();
    let select = "select tiny.toml --device cpu --arm pretext-batch --seed 1 --labeled labels.csv --n 20";
    place.succeeds(&format!("{select} --round 2 --out later.csv"));
    assert!(picked(&place.path("later.csv")).iter().all(|index| !run[1].contains(index)));
}

/// On this clock the training takes 480 seconds.
#[test]
fn a_training_that_is_longer_than_the_time_limit_goes_on_in_the_next_command() {
    let place = Workplace::new();
    let classes = classes();
    std::fs::write(place.path("labels.csv"), labels(&(0..40).collect::<Vec<_>>(), &classes)).unwrap();
    let sets = "--set train.epochs=40 --set checkpoint-minutes=1";
    let select = format!("select tiny.toml --device cpu --arm entropy --labeled labels.csv --n 20 {sets}");
    let mut stopped = 0;
    loop {
        let limited = format!("{select} --out halves.csv --time-limit 200s");
        let output = place.command(&limited).env("PT4AL_TEST_CLOCK", "10").output().unwrap();
        let goes_on = stderr(&output).contains("entropy-seed0: the training goes on after epoch ");
        assert_eq!(goes_on, stopped > 0, "{}", stderr(&output));
        match output.status.code() {
            Some(0) => break,
            code => assert_eq!(code, Some(75), "{}", stderr(&output)),
        }
        assert!(place.path("halves.checkpoint.safetensors").exists());
        stopped += 1;
        assert!(stopped < 10, "it never ends");
    }
    assert!(stopped >= 2, "{stopped}");
    assert!(!place.path("halves.checkpoint.safetensors").exists());
    place.succeeds(&format!("{select} --out whole.csv"));
    assert_eq!(picked(&place.path("halves.csv")), picked(&place.path("whole.csv")));
    let metrics = |name: &str| {
        let origin: serde_json::Value = serde_json::from_slice(&std::fs::read(place.path(name)).unwrap()).unwrap();
        origin["metrics"].clone()
    };
    assert_eq!(metrics("halves.json"), metrics("whole.json"));
}

/// A picture of noise, the same for the same number.
fn picture(number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 12, 12);
    encoder.set_color(png::ColorType::Rgb);
    let mut state = 2 * number as u32 + 1;
    let pixels: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(12 * 12 * 3)
    .collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}

fn put(path: &Path, bytes: &[u8]) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

/// The tiny spec on own images in the folder `farm`.
fn on_own_images() -> String {
    let (before, after) = TINY.split_once("[dataset.shapes]").unwrap();
    let (_, after) = after.split_once("[rounds]").unwrap();
    format!("{before}[dataset.folder]\npath = \"farm\"\ninput = {{ resize = 12, crop = 12 }}\n[rounds]{after}")
}

/// Forty train images in folders, of which those from `first_pig` are in `pig`, and ten test images of each class.
fn farm(place: &Workplace, first_pig: usize) {
    let farm = place.path("farm");
    let _ = std::fs::remove_dir_all(&farm);
    for number in 0..40 {
        let class = if number < first_pig { "cow" } else { "pig" };
        put(&farm.join(format!("train/{class}/{number:02}.png")), &picture(number));
    }
    for number in 0..20 {
        let class = if number < 10 { "cow" } else { "pig" };
        put(&farm.join(format!("test/{class}/{number:02}.png")), &picture(1000 + number));
    }
}

/// The folders of unlabeled images say something else the second time. Their order by path stays.
#[test]
fn folders_of_classes_of_the_pool_change_nothing() {
    let place = Workplace::with(&in_double_precision(&on_own_images()));
    let rows_of_labels = |numbers: [usize; 6]| {
        let label = |number: usize| if number < 20 { "cow" } else { "pig" };
        let row = |number: usize| format!("train/{0}/{number:02}.png,{0}\n", label(number));
        format!("path,label\n{}", numbers.map(row).concat())
    };
    // One of the paths is absolute.
    let absolute = place.path("farm/train/cow/03.png").display().to_string();
    let text = rows_of_labels([3, 30, 7, 39, 0, 35]).replace("train/cow/03.png", &absolute);
    std::fs::write(place.path("labels.csv"), text).unwrap();
    let mut chosen = Vec::new();
    for (first_pig, out) in [(20, "a.csv"), (10, "b.csv"), (28, "c.csv")] {
        farm(&place, first_pig);
        place.succeeds(&format!(
            "select tiny.toml --data . --device cpu --arm entropy --labeled labels.csv --n 12 --out {out}"
        ));
        let rows = rows(&place.path(out));
        assert_eq!(rows.len(), 12);
        let name = |row: &BTreeMap<String, String>| row["path"].rsplit('/').next().unwrap().to_owned();
        chosen.push(rows.iter().map(name).collect::<Vec<_>>());
        assert!(rows.iter().all(|row| place.path("farm").join(&row["path"]).exists() && row["label"].is_empty()));
    }
    assert_eq!((&chosen[0], &chosen[0]), (&chosen[1], &chosen[2]));
}

/// The loop of docs/labeling.md: choose, label, add the labels, choose again.
#[test]
fn picks_that_people_filled_in_are_labels() {
    let place = Workplace::with(&on_own_images());
    farm(&place, 20);
    std::fs::remove_dir_all(place.path("farm/test")).unwrap();
    let fill_in = |name: &str| {
        let text = std::fs::read_to_string(place.path(name)).unwrap();
        // The person who labels sees the picture; here the folder says what it shows.
        let label = |row: &str| if row.contains("/cow/") { "cow" } else { "pig" };
        let rows = text.lines().skip(1).map(|row| format!("{row}{}\n", label(row)));
        format!("{}\n{}", text.lines().next().unwrap(), rows.collect::<String>())
    };
    let first = place.succeeds("select tiny.toml --data . --device cpu --arm entropy --n 10 --out picks-0.csv");
    assert!(stdout(&first).contains("picks-0.csv: 10 images to label") && !stdout(&first).contains("accuracy"));
    std::fs::write(place.path("labels.csv"), fill_in("picks-0.csv")).unwrap();
    let again = "select tiny.toml --data . --device cpu --arm entropy --labeled labels.csv --n 10";
    let second = place.succeeds(&format!("{again} --out picks-1.csv"));
    assert!(stderr(&second).contains("classes, as they occur in the labels: cow ("), "{}", stderr(&second));
    assert!(stdout(&second).contains("picks-1.csv: 10 images to label") && !stdout(&second).contains("accuracy"));
    let [old, new] = ["picks-0.csv", "picks-1.csv"].map(|name| picked(&place.path(name)));
    assert!(new.iter().all(|index| !old.contains(index)), "what is labeled is never chosen");
    // The same command again trains nothing and changes nothing, not even labels that were filled in meanwhile.
    std::fs::write(place.path("picks-1.csv"), fill_in("picks-1.csv")).unwrap();
    let third = place.succeeds(&format!("{again} --out picks-1.csv"));
    assert!(stdout(&third).contains("has these picks already"), "{}", stdout(&third));
    // Both files together, and held-out labels to measure on.
    let rule = "--set train.select.every=1 --set train.select.held-out=0.2 --set train.select.record=['last','best-on-held-out']";
    let both = place.succeeds(&format!("{again} --labeled picks-1.csv {rule} --out picks-2.csv"));
    assert!(stdout(&both).contains("accuracy of the model (best-on-held-out): "), "{}", stdout(&both));
    assert!(stdout(&both).contains("% on held-out labels"), "{}", stdout(&both));
    let origin: serde_json::Value =
        serde_json::from_slice(&std::fs::read(place.path("picks-2.json")).unwrap()).unwrap();
    assert_eq!((&origin["inputs"]["labels"], &origin["inputs"]["arm"]), (&20.into(), &"entropy".into()));
    assert_eq!(origin["inputs"]["labeled"].as_array().unwrap().len(), 2);
    fails(&place, &format!("{again} --out picks-2.csv"), "picks of other labels or another command are there");
    let best = "--set train.select.every=1 --set train.select.record=['last','best-on-test']";
    fails(&place, &format!("{again} {best} --out x.csv"), "the data set has no test images with labels; use --set");
}

#[test]
fn what_cannot_be_done_is_said_before_anything_is_trained() {
    let place = Workplace::new();
    let classes = classes();
    let other = (1..).find(|&index| classes[index] != classes[0]).unwrap();
    let same: Vec<usize> = (0..200).filter(|&index| classes[index] == classes[0]).take(3).collect();
    std::fs::write(place.path("two.csv"), labels(&[0, other], &classes)).unwrap();
    std::fs::write(place.path("same.csv"), labels(&same, &classes)).unwrap();
    std::fs::write(place.path("none.csv"), "index,label\n").unwrap();
    std::fs::write(place.path("bad.csv"), format!("index,label\n0,{0}\n1,{0}x\n", classes[0])).unwrap();
    let long = labels(&(0..200).collect::<Vec<_>>(), &classes);
    std::fs::write(place.path("all.csv"), long).unwrap();
    let most = labels(&(0..195).collect::<Vec<_>>(), &classes);
    std::fs::write(place.path("most.csv"), most).unwrap();
    let best = "--set train.select.every=1 --set train.select.record=['last','best-on-test'] --set train.select.images='train'";
    let cityscapes = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/cityscapes.toml");
    for (arguments, part) in [
        ("", "the spec has several arms; name one with --arm: random, entropy, core-set, pretext-batch"),
        ("--arm entrpy", "--arm entrpy: the spec has no such arm; did you mean entropy? (known: random, entropy"),
        ("--arm entropy --labeled nowhere.csv", "nowhere.csv: cannot read the labels ("),
        ("--arm entropy --labeled bad.csv", "bad.csv:3: `"),
        ("--arm entropy --labeled bad.csv", "x` is no class of shapes; did you mean `"),
        ("--arm entropy --labeled two.csv --labeled two.csv", "two.csv:2: image 0 is labeled in two.csv:2 already"),
        ("--arm entropy --labeled same.csv", "; label images of at least two classes"),
        ("--arm entropy --labeled all.csv", "every image of the pool has a label; there is nothing to choose"),
        (
            "--arm entropy --labeled most.csv --n 6",
            "6 images are to be chosen, but only 5 of the pool have no label; lower --n",
        ),
        ("--arm entropy --labeled two.csv --n 0", "--n is 0; choose at least 1 image"),
        (
            "--arm entropy --labeled two.csv --round 0",
            "--round 0 is before anything is labeled, but there are 2 labels",
        ),
        ("--arm entropy --labeled none.csv --round 2", "--round 2 needs labels, but nothing is labeled"),
        (
            "--arm pretext-batch --labeled two.csv --round 3",
            "round 3 has no pretext batch: the last of 3 was that of round 2",
        ),
        (
            "--arm pretext-batch --labeled two.csv --n 68",
            "from pretext batch 1, which has 67 of the 200 images; lower --n",
        ),
        ("--arm pretext-batch --n 68", "the first 68 images are to be chosen from pretext batch 0, which has 67"),
        (
            "--arm entropy --set initial-set='class-balanced'",
            "which needs the classes of images that nobody has labeled",
        ),
        (
            "--arm entropy --labeled most.csv --round 2 --n 2 --set train.start='continue'",
            "`train.start` is \"continue\", but a single round has no weights of a round before",
        ),
        (&format!("--arm entropy --labeled two.csv {best}"), "names the train images, most of which have no label"),
        ("--arm entropy --set imbalance.long-tail={ratio=5.0,seed=0}", "`imbalance` leaves out images by their class"),
        ("--arm entropy --out two.csv", "--out two.csv: two.csv is there already, and no file is replaced"),
        ("--arm entropy --out none.csv/picks.csv", "--out none.csv/picks.csv: cannot be written ("),
        ("--arm entropy --out .", "--out .: is a folder; name a file"),
    ] {
        fails(&place, &format!("select tiny.toml --device cpu {arguments}"), part);
    }
    let pixels = format!("select {} --device cpu --arm random", cityscapes.display());
    fails(&place, &pixels, "cityscapes has a class for each pixel");
    assert!(!place.path("picks.csv").exists() && !place.path("picks.json").exists());
    assert!(!place.path("results").exists(), "nothing was trained");
}

#[test]
fn a_time_limit_that_is_too_short_leaves_no_picks() {
    let place = Workplace::new();
    std::fs::write(place.path("labels.csv"), labels(&(0..40).collect::<Vec<_>>(), &classes())).unwrap();
    let select = "select tiny.toml --device cpu --arm pretext-batch --labeled labels.csv --n 5";
    let output = place.command(&format!("{select} --time-limit 1s")).env("PT4AL_TEST_CLOCK", "100").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("nothing was finished within --time-limit 1s"), "{}", stderr(&output));
    assert!(!place.path("picks.csv").exists() && !place.path("picks.json").exists());
    place.succeeds(select);
    assert_eq!(picked(&place.path("picks.csv")).len(), 5);
}

/// Own features and own samplers choose as they do in an experiment, and are checked before anything is trained.
#[test]
fn picks_of_own_features_and_commands_are_those_of_a_run() {
    let samplers = "['core-set', { command = { name = 'mine', run = ['sh', 'mine.sh'], format = 'safetensors', reads = \
        ['pretext-features'] } }]";
    let spec = TINY.replace(r#"["random", "entropy", "core-set", "pretext-batch"]"#, samplers);
    let place = Workplace::with(&in_double_precision(&spec));
    let script = include_str!("../fixtures/samplers/first-by-rank.sh");
    std::fs::write(place.path("mine.sh"), script).unwrap();
    place.succeeds("run tiny.toml --device cpu --only mine-seed0");
    let (run, classes) = (queried(&place.path("results/tiny"), "mine-seed0"), classes());
    std::fs::write(place.path("labels.csv"), labels(&run[0], &classes)).unwrap();
    let select = "select tiny.toml --device cpu --labeled labels.csv --n 20";
    place.succeeds(&format!("{select} --arm mine --out mine.csv"));
    assert_eq!(picked(&place.path("mine.csv")), run[1]);
    std::fs::remove_file(place.path("mine.sh")).unwrap();
    fails(&place, &format!("{select} --arm mine --out none.csv"), "mine.sh");

    let write = |name: &str, rows: i64| {
        let features = |rows: i64| (tch::Tensor::arange(rows * 3, (tch::Kind::Float, tch::Device::Cpu)) * 0.7).sin();
        let [train, test] = [rows, 60].map(|rows| features(rows).reshape([rows, 3]));
        tch::Tensor::write_npz(&[("train", train), ("test", test)], place.path(name)).unwrap();
    };
    write("own.npz", 200);
    write("short.npz", 199);
    let (before, _) = spec.split_once("[pretext]").unwrap();
    let on_features = before
        .replace(samplers, "['core-set']")
        .replace("arch = \"resnet18\"\nwidth = 2", "features = 'own.npz'")
        .replace("\"crop-4\", \"flip\"", "")
        .replacen("title", "initial-set = 'core-set'\ntitle", 1);
    std::fs::write(place.path("own.toml"), in_double_precision(&on_features)).unwrap();
    place.succeeds("run own.toml --device cpu --only core-set-seed0");
    let run = queried(&place.path("results/own"), "core-set-seed0");
    place.succeeds("select own.toml --device cpu --n 20 --out first.csv");
    assert_eq!(picked(&place.path("first.csv")), run[0], "the initial set is chosen by the given features");
    std::fs::write(place.path("labels.csv"), labels(&run[0], &classes)).unwrap();
    let select = "select own.toml --device cpu --labeled labels.csv --n 20";
    place.succeeds(&format!("{select} --out second.csv"));
    assert_eq!(picked(&place.path("second.csv")), run[1]);
    fails(
        &place,
        &format!("{select} --set model.features=short.npz --out none.csv"),
        "has 199 rows, but the train split",
    );
}
