//! Data sets of image files and imbalanced pools, from files to results.

use std::path::Path;

use pt4al_data::caltech101::CLASSES;
use pt4al_results::spec::{self, Source};
use pt4al_results::store::Records;

use crate::pictures::{caltech101, png, tiny_caltech101};
use crate::support::{TINY, Workplace, stderr, values};

/// Runs a spec on the pictures in `data`. Returns its values.
fn run(spec: &str, data: &Path) -> (Workplace, Vec<String>) {
    let place = Workplace::with(spec);
    let output = place
        .command("run tiny.toml --device cpu --only seed0")
        .env("PT4AL_DATA", data)
        .env("PT4AL_CACHE", data.join("cache"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = values(&place.path("results/tiny"));
    (place, rows)
}

/// Returns the seconds of each record that were spent waiting for images. They are part of its other times.
fn waited(place: &Workplace) -> Vec<f64> {
    let rows = Records::read(&place.path("results/tiny/records.csv")).unwrap().rows;
    for row in &rows {
        let all = row.train_seconds + row.evaluate_seconds + row.score_seconds + row.query_seconds;
        assert!(row.wait_seconds <= all, "waited for {} of {all} seconds", row.wait_seconds);
    }
    rows.iter().map(|row| row.wait_seconds).collect()
}

#[test]
fn caltech101_runs_and_its_storage_changes_nothing() {
    let data = tempfile::tempdir().unwrap();
    caltech101(data.path(), 4);
    let (place, in_memory) = run(&tiny_caltech101("memory"), data.path());
    assert!(waited(&place).iter().all(|&seconds| seconds == 0.0), "{:?}", waited(&place));
    for storage in ["mapped", "stream"] {
        let (place, rows) = run(&tiny_caltech101(storage), data.path());
        assert_eq!(rows, in_memory, "{storage}");
        assert!(waited(&place).iter().all(|&seconds| seconds > 0.0), "{storage}: {:?}", waited(&place));
    }
    // 4 samplers x 3 rounds x (accuracy, loss, two more, epoch).
    assert_eq!(in_memory.len(), 4 * 3 * 5);
    let manifest = std::fs::read_to_string(place.path("results/tiny/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    assert_eq!((&manifest["data"]["pool"], &manifest["data"]["test"]), (&303.into(), &101.into()));
    assert_eq!(manifest["data"]["classes"].as_array().unwrap().len(), 101);
    assert_eq!(manifest["data"]["classes"][5]["pool"], 3);
    let page = std::fs::read_to_string(place.path("results/tiny/README.md")).unwrap();
    assert!(page.contains("Top-5 test accuracy") && page.contains("curve-top-5-accuracy.svg"), "{page}");
    // Every class has one test image, so the balanced accuracy equals the accuracy. It is recorded and not drawn.
    assert!(in_memory.iter().any(|row| row.contains(",balanced-accuracy,")));
    assert!(!place.path("results/tiny/curve-balanced-accuracy.svg").exists() && !page.contains("Balanced"), "{page}");
    // The storage may change between runs, because it is not part of the protocol.
    std::fs::write(place.path("tiny.toml"), tiny_caltech101("stream")).unwrap();
    let again = place
        .command("run tiny.toml --device cpu --only seed0")
        .env("PT4AL_DATA", data.path())
        .env("PT4AL_CACHE", data.path().join("cache"))
        .output()
        .unwrap();
    assert!(stderr(&again).contains("nothing to run"), "{}", stderr(&again));
}

#[test]
fn all_bad_files_are_listed_before_anything_runs() {
    let data = tempfile::tempdir().unwrap();
    caltech101(data.path(), 2);
    let folder = data.path().join("101_ObjectCategories");
    let bad = [(7, 1), (7, 2), (8, 1)].map(|(class, image)| format!("{}/image_000{image}.jpg", CLASSES[class]));
    std::fs::write(folder.join(&bad[0]), "").unwrap();
    std::fs::write(folder.join(&bad[1]), "not a picture").unwrap();
    let whole = std::fs::read(folder.join(&bad[2])).unwrap();
    std::fs::write(folder.join(&bad[2]), &whole[..whole.len() / 2]).unwrap();
    let place = Workplace::with(&tiny_caltech101("memory"));
    let output = place
        .command("run tiny.toml --device cpu")
        .env("PT4AL_DATA", data.path())
        .env("PT4AL_CACHE", data.path().join("cache"))
        .output()
        .unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("error: 3 problems with the files of"), "{text}");
    for file in &bad {
        assert_eq!(text.lines().filter(|line| line.contains(file.as_str())).count(), 1, "{file}: {text}");
    }
    assert!(!text.contains("panicked") && !place.path("results").exists(), "{text}");

    // Once the files are repaired the spec runs: the index cache does not keep the problems.
    for file in &bad {
        png(&folder.join(file), [14, 14], 3, &[9; 14 * 14 * 3]);
    }
    run(
        &tiny_caltech101("memory").replace("test = 0.25", "test = 0.5").replace("query = 20", "query = 5"),
        data.path(),
    );
}

#[test]
fn an_imbalanced_pool_is_counted_and_measured_by_class() {
    let spec = TINY
        .replace("[rounds]", "[imbalance]\nlong-tail = { ratio = 10.0, seed = 0 }\n[rounds]")
        .replace("pool = 200", "pool = 600")
        .replace("title = \"Tiny\"", "title = \"Tiny\"\nmetrics = [\"balanced-accuracy\", \"per-class\"]");
    let (place, rows) = run(&spec, Path::new("/nowhere"));
    let manifest = std::fs::read_to_string(place.path("results/tiny/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let classes = manifest["data"]["classes"].as_array().unwrap();
    let pool: Vec<u64> = classes.iter().map(|class| class["pool"].as_u64().unwrap()).collect();
    assert_eq!(pool.iter().sum::<u64>(), manifest["data"]["pool"].as_u64().unwrap());
    assert!(pool[0] >= 5 * pool[9] && pool[9] > 0, "{pool:?}");
    assert_eq!(classes.iter().map(|class| class["test"].as_u64().unwrap()).sum::<u64>(), 60);
    // A class without test images has no row.
    let occurring = classes.iter().filter(|class| class["test"] != 0).count();
    let spec = spec::load(&Source { path: place.path("tiny.toml"), ..Source::default() }).unwrap();
    assert_eq!(rows.len(), 4 * 3 * spec.rows_of_a_round(occurring));
    for name in ["balanced-accuracy", &format!("accuracy/{}", classes[3]["name"].as_str().unwrap())] {
        assert_eq!(rows.iter().filter(|row| row.contains(&format!(",{name},"))).count(), 4 * 3, "{name}");
    }
    let page = std::fs::read_to_string(place.path("results/tiny/README.md")).unwrap();
    assert!(page.contains("on each class"), "{page}");
}

/// A worker that starts after a file changed must not go on.
#[test]
fn data_that_changes_between_the_driver_and_a_trial_is_an_error() {
    let data = tempfile::tempdir().unwrap();
    caltech101(data.path(), 4);
    let (place, before) = run(&tiny_caltech101("memory"), data.path());
    let folder = place.path("results/tiny");
    png(
        &data.path().join("101_ObjectCategories").join(CLASSES[9]).join("image_0002.jpg"),
        [14, 14],
        3,
        &[200; 14 * 14 * 3],
    );
    std::fs::remove_file(folder.join("queries/random-seed0.csv")).unwrap();
    std::fs::remove_dir_all(folder.join("trials/random-seed0")).unwrap();
    let worker = place
        .command("worker --device cpu --threads 1 trial --folder results/tiny --trial random-seed0")
        .env("PT4AL_DATA", data.path())
        .env("PT4AL_CACHE", data.path().join("cache"))
        .output()
        .unwrap();
    assert!(!worker.status.success() && stderr(&worker).contains("the data changed"), "{}", stderr(&worker));
    assert_eq!(values(&folder), before);
}
