//! Files that the user provides: pretext losses from elsewhere, and recorded queries.

use std::path::Path;

use crate::support::{TINY, Workplace, fails, queries, stderr, stdout, values};

const FIRST: &str = "run tiny.toml --device cpu --only ^pretext-batch-seed0$";

/// The tiny spec with losses from a file instead of its learner.
fn with_losses(file: &str) -> String {
    let (base, _) = TINY.split_once("[pretext]").unwrap();
    format!("{base}[pretext]\nlosses = {{ file = \"{file}\" }}\norder = \"loss\"\n")
}

#[test]
fn losses_of_a_learner_in_a_file_give_the_same_results_as_the_learner() {
    let place = Workplace::new();
    place.succeeds(FIRST);
    let own = place.path("results/tiny");
    // The losses come from the run's cache.
    place.succeeds("pretext losses tiny.toml --device cpu --seed 0 --out mine.csv");
    let mine = std::fs::read(place.path("mine.csv")).unwrap();
    assert_eq!(mine, std::fs::read(own.join("pretext/seed-0.csv")).unwrap());
    // Without the cache the learner is trained again.
    std::fs::remove_dir_all(place.path("results/.cache")).unwrap();
    place.succeeds("pretext losses tiny.toml --device cpu --out again.csv");
    assert_eq!(mine, std::fs::read(place.path("again.csv")).unwrap());

    std::fs::write(place.path("tiny.toml"), with_losses("mine.csv")).unwrap();
    place.succeeds(&format!("{FIRST} --results given"));
    let given = place.path("given/tiny");
    assert_eq!(values(&own), values(&given));
    assert_eq!(queries(&own, "pretext-batch-seed0"), queries(&given, "pretext-batch-seed0"));
    assert!(!given.join("trials/pretext-seed0").exists(), "no learner ran");

    // Other losses make it another experiment, wherever the file is.
    std::fs::write(place.path("mine.csv"), String::from_utf8(mine).unwrap().replace("\n0,", "\n0,1")).unwrap();
    fails(&place, &format!("{FIRST} --results given"), "differs in pretext.losses");
}

/// `rotation_loss.txt` as the official code writes it, in any order, means the same as the CSV file of the same losses.
#[test]
fn losses_may_have_the_format_of_the_official_code() {
    let place = Workplace::with(&with_losses("mine.csv"));
    let loss = |i: usize| (i * 37 % 200) as f64 / 1000.0 + 1e-5;
    let csv: String = (0..200).map(|i| format!("{i},{}\n", loss(i))).collect();
    let official: String = (0..200).rev().map(|i| format!("{}_./DATA/train/{}/{i}.png\n", loss(i), i % 10)).collect();
    let queries_with = |losses: &str, results: &str| {
        std::fs::write(place.path("mine.csv"), losses).unwrap();
        place.succeeds(&format!("{FIRST} --results {results}"));
        queries(&place.path(results).join("tiny"), "pretext-batch-seed0")
    };
    let of_csv = queries_with(&format!("index,loss\n{csv}"), "a");
    assert_eq!(of_csv, queries_with(&official, "b"));
    assert_ne!(of_csv, queries_with(&official.replace("0.0_", "0.3_").replacen("0.1", "0.7", 90), "c"));
}

/// A spec with the hash of a loss file can be listed without the file. A run says that the file is missing, and refuses other
/// losses.
#[test]
fn losses_with_a_hash_in_the_spec_are_needed_only_by_runs() {
    let hash = "0".repeat(64);
    let pinned = with_losses("gone.csv").replace("gone.csv\"", &format!("gone.csv\", sha256 = \"{hash}\""));
    let place = Workplace::with(&pinned);
    std::fs::create_dir(place.path("experiments")).unwrap();
    std::fs::copy(place.path("tiny.toml"), place.path("experiments/tiny.toml")).unwrap();
    let listed = place.succeeds("list");
    assert!(stdout(&listed).contains("8 trials"), "{}", stdout(&listed));
    fails(&place, "run tiny.toml --device cpu", "gone.csv: not there; put the losses there");
    std::fs::write(place.path("gone.csv"), "index,loss\n0,1\n").unwrap();
    fails(&place, "run tiny.toml --device cpu", "`pretext.losses.sha256` is 0000");
}

#[test]
fn losses_by_epoch_are_compared_with_others() {
    let place = Workplace::new();
    let learner = "--device cpu --set pretext.epochs=3 --set pretext.checkpoint='best-on-pool'";
    fails(
        &place,
        "pretext losses tiny.toml --device cpu --by-epoch e --out l.csv",
        "--by-epoch needs a learner that scores",
    );
    // The second time the losses are cached, and --by-epoch still trains the learner.
    place.succeeds(&format!("pretext losses tiny.toml {learner} --out l.csv"));
    place.succeeds(&format!("pretext losses tiny.toml {learner} --by-epoch e --out l.csv"));
    fails(&place, &format!("pretext losses tiny.toml {learner} --by-epoch e --out l.csv"), "is not empty");
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap();
    let epochs = [1, 2, 3].map(|epoch| read(&format!("e/epoch-00{epoch}.csv")));
    assert_eq!(epochs.iter().filter(|losses| **losses == read("l.csv")).count(), 1);
    assert_ne!(epochs[0], epochs[1]);
    place.succeeds("pretext agree tiny.toml --losses e/epoch-001.csv l.csv --with l.csv --resamples 20 --out agree");
    let mut reader = csv::Reader::from_path(place.path("agree/agreement.csv")).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let row_of = |losses: &str| rows.iter().find(|row| row[0] == *losses && row[1].is_empty()).unwrap();
    assert_eq!((&row_of("l")[2], &row_of("l")[3], &row_of("l")[6]), ("200", "1.0", "1.0"));
    assert!(row_of("e/epoch-001")[3].parse::<f64>().unwrap() <= 1.0);
    assert_eq!(rows.iter().filter(|row| &row[0] == "l" && !row[1].is_empty()).count(), 10, "a row for each class");
    assert!(read("agree/README.md").contains("## By class"));
}

#[test]
fn losses_that_do_not_fit_are_explained() {
    let place = Workplace::with(&with_losses("mine.csv"));
    let run = "run tiny.toml --device cpu";
    fails(&place, run, "`pretext.losses.file`");
    let rows = |n: usize| (0..n).map(|i| format!("{i},0.{i}\n")).collect::<String>();
    for (text, part) in [
        (format!("index,loss\n{}", rows(199)), "has no loss for image 199, which is in the pool"),
        (format!("index,loss\n{}", rows(201)), "has a loss for image 200, but the train split has 200"),
        (format!("index,loss\n{}7,0.5\n", rows(200)), "image 7 has two losses"),
        (format!("index,loss\n{}", rows(200).replace("0.17\n", "NaN\n")), "mine.csv:19: the loss of image 17 is NaN"),
        (format!("index,lost\n{}", rows(200)), "not pretext losses"),
        (String::new(), "mine.csv: has no losses"),
    ] {
        std::fs::write(place.path("mine.csv"), text).unwrap();
        fails(&place, run, part);
    }
    let both = with_losses("mine.csv").replace("order =", "epochs = 3\norder =");
    std::fs::write(place.path("tiny.toml"), both).unwrap();
    fails(&place, run, "`epochs` is one's; remove one of them");
    let features = format!("initial-set = \"core-set\"\n{}", with_losses("mine.csv"));
    std::fs::write(place.path("tiny.toml"), features).unwrap();
    fails(&place, run, "needs the features of a pretext learner");
}

#[test]
fn losses_are_split_into_files_of_pretext_batches() {
    let place = Workplace::new();
    std::fs::write(place.path("l.csv"), "index,loss\n0,0.5\n4,9.99e-5\n2,2\n3,10.5\n9,0.5\n").unwrap();
    let split = |order: &str| {
        place.succeeds(&format!("pretext split --losses l.csv --batches 2 --order {order} --out batches"));
        [0, 1].map(|i| std::fs::read_to_string(place.path(&format!("batches/batch_{i}.csv"))).unwrap())
    };
    assert_eq!(split("loss"), ["index,loss\n3,10.5\n2,2.0\n0,0.5\n", "index,loss\n9,0.5\n4,0.0000999\n"]);
    assert_eq!(
        split("published-string-sort"),
        ["index,loss\n4,0.0000999\n2,2.0\n3,10.5\n", "index,loss\n9,0.5\n0,0.5\n"]
    );
    assert_eq!(split("published-string-sort-low-first")[0], "index,loss\n0,0.5\n9,0.5\n3,10.5\n");
    assert_eq!(split("loss-low-first")[0].lines().nth(1), Some("4,0.0000999"));
    // Pretext batches of an earlier split are removed.
    place.succeeds("pretext split --losses l.csv --batches 5 --order loss --out batches");
    split("loss");
    assert!(!place.path("batches/batch_2.csv").exists());
    fails(&place, "pretext split --losses l.csv --batches 6 --order loss --out b", "has only 5 losses");
    fails(&place, "pretext split --losses l.csv --batches 0 --order loss --out b", "--batches is 0");
    fails(&place, "pretext split --losses batches --batches 2 --order loss --out b", "batches: is no file");
    for batches in [1, 2] {
        let split =
            format!("pretext split --losses batches/batch_1.csv --batches {batches} --order loss --out batches");
        fails(&place, &split, "would be replaced");
    }
    fails(&place, "pretext losses tiny.toml --device cpu --out tiny.toml", "would be replaced");
    fails(
        &place,
        "pretext split --losses none.csv --batches 2 --order loss --out b",
        "none.csv: cannot read the losses",
    );
    assert_eq!(place.pt4al("pretext split --losses l.csv --batches 2 --order size --out b").status.code(), Some(2));
}

#[test]
fn recorded_queries_can_be_replayed() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --set seeds=[0]";
    place.succeeds(run);
    let own = place.path("results/tiny");
    place.succeeds(&format!("{run} --replay results/tiny/queries --results same"));
    // The same model on the same labels, without a pretext learner.
    let same = place.path("same/tiny");
    assert_eq!(values(&own), values(&same));
    assert!(!same.join("pretext").exists());
    // Another model on the same labels.
    place.succeeds(&format!("{run} --replay results/tiny/queries --results wide --set model.width=4"));
    let wide = place.path("wide/tiny");
    assert_ne!(values(&own), values(&wide));
    for trial in ["entropy-seed0", "core-set-seed0", "pretext-batch-seed0"] {
        assert_eq!(queries(&own, trial), queries(&wide, trial));
    }
    let page = std::fs::read_to_string(wide.join("spec.toml")).unwrap();
    assert!(page.contains("[replay]"), "{page}");
    // Replayed results and others never mix.
    fails(&place, &format!("{run} --replay results/tiny/queries"), "differs in replay");
    for (arguments, part) in [
        ("--replay nowhere --results x", "`replay.queries`"),
        ("--replay results --results x", "has no .csv files"),
        ("--replay results/tiny/queries --results x --set seeds=[5]", "random-seed5 is to replay it"),
        ("--replay results/tiny/queries --results x --set rounds.query=10", "has 20 queried images in round 1"),
        ("--replay results/tiny/queries --results x --set dataset.shapes.pool=61", "which is not in the pool"),
    ] {
        fails(&place, &format!("{run} {arguments}"), part);
        assert!(!place.path("x").exists(), "nothing may be written");
    }
}

/// The pretext losses and the task losses of 200 images.
#[test]
fn correlate_trains_measures_and_reports() {
    let spec = format!("{TINY}[correlation]\nfolds = 3\npoints = 50\nresamples = 100\n");
    let place = Workplace::with(&spec);
    let output = place.succeeds("correlate tiny.toml --device cpu");
    assert!(stdout(&output).contains("Spearman"), "{}", stdout(&output));
    assert_eq!(stdout(&output).lines().last(), Some("open results/tiny-correlation/report.html"));
    let folder = place.path("results/tiny-correlation");
    let rows = std::fs::read_to_string(folder.join("losses.csv")).unwrap();
    assert_eq!(rows.lines().count(), 201);
    let part = |name: &str| std::fs::read_to_string(folder.join("parts").join(name)).unwrap().lines().count() - 1;
    assert_eq!(["seed-0-fold-0-of-3.csv", "seed-0-fold-1-of-3.csv", "seed-0-fold-2-of-3.csv"].map(part), [67, 67, 66]);
    for file in ["README.md", "report.html", "summary.csv", "scatter-task.svg", "scatter-held-out.png"] {
        assert!(folder.join(file).exists(), "{file}");
    }
    // The second time nothing is trained, and the output is the same.
    let again = place.succeeds("correlate tiny.toml --device cpu");
    assert!(!stderr(&again).contains("training on"), "{}", stderr(&again));
    assert_eq!(stdout(&output), stdout(&again));
    // The folder of another seed is beside it.
    place.succeeds("correlate tiny.toml --device cpu --seed 1");
    assert!(Path::new(&place.path("results/tiny-correlation-seed1/README.md")).exists());
    fails(&Workplace::new(), "correlate tiny.toml --device cpu", "[correlation] table");
}
