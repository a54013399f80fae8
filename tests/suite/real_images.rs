//! The experiments on the real files of their data sets, in the folder that `PT4AL_TEST_DATA` names: one training of one epoch
//! each. Tests of data sets that are not there are skipped.

use std::path::{Path, PathBuf};

use crate::support::{Workplace, skip, stderr, stdout, values};

fn data(folder: &str) -> Option<PathBuf> {
    let data = std::env::var_os("PT4AL_TEST_DATA").map(PathBuf::from).filter(|data| data.join(folder).is_dir());
    if data.is_none() {
        skip(&format!("PT4AL_TEST_DATA has no {folder}, so a test on it has not run"));
    }
    data
}

/// Runs round 0 of an experiment's cpu profile. Returns its values and the output on standard error.
fn first_round(experiment: &str, data: &Path, sets: &str) -> (Workplace, Vec<String>, String) {
    let place = Workplace::new();
    let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments").join(format!("{experiment}.toml"));
    let run = format!(
        "run {} --profile cpu --device cpu --only random-seed0 --set rounds.count=1 --set train.epochs=1 \
         --set train.schedule='constant' {sets}",
        spec.display()
    );
    let output = place.command(&run).env("PT4AL_DATA", data).env("PT4AL_CACHE", place.path("cache")).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let rows = values(&place.path(&format!("results/{experiment}-cpu")));
    (place, rows, stderr(&output))
}

fn value(rows: &[String], metric: &str) -> f64 {
    let row = rows.iter().find(|row| row.contains(&format!(",{metric},"))).unwrap_or_else(|| panic!("no {metric}"));
    row.split(',').next_back().unwrap().trim().parse().unwrap()
}

#[test]
fn caltech101() {
    let Some(data) = data("101_ObjectCategories") else { return };
    let (place, rows, said) = first_round("caltech101", &data, "");
    assert!(said.contains("6941 pool + 1736 test images"), "{said}");
    // A class without test images would have no row; here all 101 have some.
    assert_eq!(rows.iter().filter(|row| row.contains(",accuracy/")).count(), 101);
    assert!(
        value(&rows, "accuracy") > value(&rows, "balanced-accuracy"),
        "classes have 31 to 800 images, and large ones are easier"
    );
    let mut verify = place.command("data verify caltech101");
    let verified = verify.env("PT4AL_DATA", &data).env("PT4AL_CACHE", place.path("cache")).output().unwrap();
    let verified = stdout(&verified);
    assert!(verified.contains("8,677 images"), "{verified}");
}

#[test]
fn imagenet() {
    let Some(data) = data("imagenet10") else { return };
    let (_, in_map, said) = first_round("imagenet", &data, "");
    assert!(said.contains("2000 pool + 500 test images"), "{said}");
    assert!(value(&in_map, "top-5-accuracy") > value(&in_map, "accuracy"), "{in_map:?}");
    let (_, streamed, _) = first_round("imagenet", &data, "--set dataset.imagenet.storage='stream'");
    assert_eq!(streamed, in_map);
}

#[test]
fn camvid_as_cityscapes() {
    let Some(data) = data("camvid") else { return };
    let (place, rows, said) = first_round("cityscapes", &data, "--set rounds.initial=8");
    assert!(said.contains("367 pool + 101 test images"), "{said}");
    assert_eq!(rows.iter().filter(|row| row.contains(",iou/")).count(), 11);
    let page = std::fs::read_to_string(place.path("results/cityscapes-cpu/README.md")).unwrap();
    assert!(page.contains("wall, traffic light, terrain, truck, bus, train, motorcycle, bicycle"), "{page}");
}
