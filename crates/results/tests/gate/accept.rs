//! `pt4al baseline accept`.

use crate::support::{Workplace, usual};

/// `results/now`, with the files that a run leaves.
fn finished(drop: f64) -> Workplace {
    let place = Workplace::new();
    place.results("results/now", &[], &move |cell| usual(cell) - drop);
    let of_runs =
        ["trials/random-seed0/log.txt", "tensorboard/random-seed0/events", "progress.json", ".lock", ".x.tmp"];
    for file in of_runs.into_iter().chain(["queries/random-seed0.csv", "README.md"]) {
        let path = place.path("results/now").join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "round,rank,index\n").unwrap();
    }
    place
}

fn accept(place: &Workplace, more: &[&str]) -> crate::support::Outcome {
    place.pt4al_with(&[&["baseline", "accept", "results/now"], more].concat())
}

fn names(place: &Workplace, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(place.path(folder)).unwrap();
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_baseline_is_made_and_replaced_and_keeps_its_history() {
    let place = finished(0.0);
    accept(&place, &["--reason", "the first"]).says(0, &["results/baseline/now: accepted as the baseline"]);
    let kept =
        ["README.md", "baseline.json", "checksums.sha256", "manifest.json", "queries", "records.csv", "spec.toml"];
    assert_eq!(names(&place, "results/baseline/now"), kept);
    place.pt4al("check results/now --against results/baseline/now").says(0, &["held: all values are the same"]);

    place.results("results/now", &[], &|cell| usual(cell) - 0.2);
    place.pt4al("check results/now --against results/baseline/now").says(1, &["moved: "]);
    let second = accept(&place, &["--reason", "a drop\nthat we want"]);
    second.says(0, &["compared with the previous baseline: moved: "]);
    place.pt4al("check results/now --against results/baseline/now").says(0, &["held"]);
    assert_eq!(names(&place, "results/baseline"), ["now"], "nothing is left beside it");

    let history: serde_json::Value = serde_json::from_str(&place.read("results/baseline/now/baseline.json")).unwrap();
    let entries = history.as_array().unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!((&entries[0]["reason"], &entries[1]["reason"]), (&"the first".into(), &"a drop that we want".into()));
    assert_eq!((&entries[0]["summary"], &entries[0]["revision"]), (&"".into(), &"abc1234".into()));
    let moved = entries[1]["moved"].as_array().unwrap();
    assert!(
        moved.len() == 17 && moved[0].as_str().unwrap().contains("random at 100 labels: -20.0 points"),
        "{moved:?}"
    );
    assert!(entries[1]["accepted"].as_str().unwrap().starts_with("20"));

    // Results of another protocol are accepted, and the history says so.
    place.results("results/now", &["rounds.count=2"], &usual);
    accept(&place, &["--reason", "fewer rounds"]).says(0, &["could not compare: they have no cells in common"]);
    accept(&place, &["--reason", "elsewhere", "--as", "kept"]).says(0, &["kept: accepted"]);
    assert!(!place.read("kept/baseline.json").contains("fewer rounds"));
}

#[test]
fn results_that_cannot_be_a_baseline_are_refused_and_the_old_one_stays() {
    let place = finished(0.0);
    accept(&place, &["--reason", "the first"]).says(0, &[]);
    let before = place.read("results/baseline/now/baseline.json");
    accept(&place, &["--reason", " "]).fails(1, &["--reason: is empty"]);
    assert_eq!(accept(&place, &[]).code, 2);
    let itself = ["--as", "results/now", "--reason", "x"];
    accept(&place, &itself)
        .fails(1, &["results/now: the baseline results/now and its results would be inside each other"]);
    accept(&place, &["--as", "results/now/a/b", "--reason", "x"]).fails(1, &["would be inside each other"]);
    accept(&place, &["--as", "results", "--reason", "x"]).fails(1, &["would be inside each other"]);
    place.pt4al("baseline accept results/baseline/now --reason x").fails(1, &["is a baseline already"]);
    std::fs::create_dir(place.path("home")).unwrap();
    std::fs::write(place.path("home/letter"), "dear").unwrap();
    accept(&place, &["--as", "home", "--reason", "x"]).fails(1, &["home: exists and is no results folder"]);
    assert_eq!(place.read("home/letter"), "dear");

    let records = place.read("results/now/records.csv");
    let short: Vec<&str> = records.lines().filter(|line| !line.starts_with("made-up,,margin,4,2,")).collect();
    std::fs::write(place.path("results/now/records.csv"), short.join("\n") + "\n").unwrap();
    let missing = "results/now: 1 of 20 trials are not complete (margin-seed4); finish them with `pt4al run`";
    accept(&place, &["--reason", "x"]).fails(1, &[missing, "--partial"]);
    std::fs::write(place.path("results/now/records.csv"), "name,age\nAda,36\n").unwrap();
    accept(&place, &["--reason", "x"]).fails(1, &["results/now/records.csv:1: not the records"]);
    std::fs::write(place.path("results/now/records.csv"), &records).unwrap();

    let lock = std::fs::File::options().write(true).open(place.path("results/now/.lock")).unwrap();
    lock.lock().unwrap();
    accept(&place, &["--reason", "x"]).fails(1, &["results/now: a pt4al run works on these results"]);
    drop(lock);
    assert_eq!(before, place.read("results/baseline/now/baseline.json"));

    place.edit("results/baseline/now/baseline.json", "[", "{");
    accept(&place, &["--reason", "x"]).fails(1, &["baseline.json: not the history of a baseline"]);
    std::fs::write(place.path("results/baseline/now/baseline.json"), &before).unwrap();
    std::fs::write(place.path("results/now/records.csv"), short.join("\n") + "\n").unwrap();
    accept(&place, &["--reason", "x", "--partial"]).says(0, &["accepted"]);
}

#[test]
fn only_a_baseline_or_a_copy_of_such_results_is_replaced() {
    let place = finished(0.0);
    place.results("other", &[], &usual);
    let to_other = || accept(&place, &["--as", "other", "--reason", "x"]);
    let records = place.read("other/records.csv");
    for part in ["trials", "parts"] {
        std::fs::create_dir(place.path("other").join(part)).unwrap();
        let line =
            format!("other: has {part}/, from which a run can continue, so it is not replaced; name another folder");
        to_other().fails(1, &[&line]);
        std::fs::remove_dir(place.path("other").join(part)).unwrap();
    }
    let lock = std::fs::File::create(place.path("other/.lock")).unwrap();
    lock.lock().unwrap();
    to_other().fails(1, &["other: a pt4al run works on these results"]);
    drop(lock);

    place.edit("other/spec.toml", "experiment = \"made-up\"", "experiment = \"another\"");
    to_other().fails(1, &["other: is no baseline and has other results than made-up, so it is not replaced; name"]);
    place.edit("other/spec.toml", "profile = \"\"", "profile = \"cpu\"");
    place.edit("other/spec.toml", "experiment = \"another\"", "experiment = \"made-up\"");
    to_other().fails(1, &["other: is no baseline and has other results than made-up"]);
    assert!(place.read("other/records.csv") == records && !place.path("other/baseline.json").exists());
    // An accepted baseline may have results of another experiment.
    std::fs::write(place.path("other/baseline.json"), "[]").unwrap();
    to_other().says(0, &["other: accepted as the baseline"]);
    // A copy of results of the same experiment has no history yet.
    std::fs::remove_file(place.path("other/baseline.json")).unwrap();
    to_other().says(0, &["other: accepted as the baseline"]);
}

#[test]
fn a_kill_between_the_two_renames_loses_nothing() {
    let place = finished(0.0);
    accept(&place, &["--reason", "the first"]).says(0, &[]);
    let (there, aside) = (place.path("results/baseline/now"), place.path("results/baseline/.now.replaced"));
    std::fs::rename(&there, &aside).unwrap();
    accept(&place, &["--reason", "again"])
        .says(0, &["compared with the previous baseline: held: all values are the same"]);
    assert!(place.read("results/baseline/now/baseline.json").contains("the first") && !aside.exists());
    // A kill after both renames leaves the old baseline aside.
    std::fs::create_dir(&aside).unwrap();
    accept(&place, &["--reason", "and again"]).says(0, &[]);
    assert!(place.read("results/baseline/now/baseline.json").contains("again") && !aside.exists());
}
