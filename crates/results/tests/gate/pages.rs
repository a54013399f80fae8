//! Tests `pt4al report` and `compare`: their last line, and results without a finished round.

use crate::support::{Workplace, usual};

fn two() -> Workplace {
    let place = Workplace::new();
    place.results("base", &[], &usual);
    place.results("now", &["train.epochs=20"], &usual);
    place
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or_default()
}

#[test]
fn the_last_line_names_the_page_to_open() {
    let place = two();
    let reported = place.pt4al("report base");
    assert_eq!(last_line(&reported.says(0, &["| labels "]).out), "open base/report.html");
    let elsewhere = place.pt4al_with(&["report", "base", "--out", "my pages"]);
    assert_eq!(last_line(&elsewhere.says(0, &["| labels "]).out), "open 'my pages/report.html'");
    assert!(place.path("my pages/report.html").is_file());
    let compared = place.pt4al("compare base now");
    assert_eq!(last_line(&compared.says(0, &["`train.epochs`: 30 -> 20"]).out), "open comparison-base-now/report.html");
    let page = place.read("comparison-base-now/report.html");
    for part in ["<h1>base against now</h1>", "id=\"chart-data\"", "\"base: random\"", "<h2>Differences</h2>"] {
        assert!(page.contains(part), "{part:?} is not in the page");
    }
    place.pt4al("report base --out base/pages").fails(1, &["--out base/pages: is in the results folder base"]);
    place.pt4al("report base --out now").fails(1, &["now: holds other files, which a report would overwrite"]);
}

#[test]
fn every_verb_refuses_results_without_a_finished_round() {
    let place = two();
    place.pt4al("baseline accept base --reason first").says(0, &[]);
    let header = place.read("now/records.csv").lines().next().unwrap().to_owned() + "\n";
    for records in ["", &header] {
        std::fs::write(place.path("now/records.csv"), records).unwrap();
        let none = "now/records.csv: no round has finished yet";
        place.pt4al("report now").fails(1, &[none]);
        place.pt4al("compare base now").fails(1, &[none]);
        place.pt4al("check now").fails(2, &[none]);
        place.pt4al("check now --against base").fails(2, &["could not compare: ", none]);
        place.pt4al("check base --against now").fails(2, &["could not compare: ", none]);
        for partial in [&[][..], &["--partial"][..]] {
            let accept = ["baseline", "accept", "now", "--reason", "x", "--as", "baseline/base"];
            place.pt4al_with(&[&accept, partial].concat()).fails(1, &[none]);
        }
        assert!(!place.path("now/summary.csv").exists() && !place.path("comparison-base-now").exists());
        assert!(!place.read("baseline/base/baseline.json").contains("\"x\""));
    }
}
