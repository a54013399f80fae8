use super::*;
use crate::report::testing::{accuracy, full, spec, write_folder};
use crate::store::{Record, RunningTask};

fn progress() -> Progress {
    Progress {
        command: "pt4al run experiments/small.toml".into(),
        only: None,
        started: "2026-01-02T03:04:05Z".into(),
        updated: crate::machine::now(),
        seconds_left: Some(720.0),
        running: vec![RunningTask { name: "random-seed1".into(), at: "round 2, epoch <3>/4".into(), done: 0.5 }],
    }
}

/// `report.html` of `results/small` with these records, and the names of all files of the folder.
fn page_of(rows: Vec<Record>, now: &Now) -> (String, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, &spec(), rows);
    live(&folder, now).unwrap();
    let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    (std::fs::read_to_string(folder.join("report.html")).unwrap(), names)
}

const REFRESHES: &str = "<meta http-equiv=\"refresh\" content=\"10\">";

#[test]
fn a_run_has_its_page_with_the_curve_so_far_and_no_other_file() {
    let rows = full().into_iter().filter(|row| row.round < 2).collect();
    let (page, names) = page_of(rows, &Now::Running(&progress()));
    assert_eq!(names, ["manifest.json", "records.csv", "report.html", "spec.toml"]);
    for part in [
        REFRESHES,
        "Running: 12 of 18 rounds finished, about 12 min left",
        "<progress max=\"1\" value=\"0.6667\"",
        "<li>random-seed1: round 2, epoch &lt;3&gt;/4</li>",
        "id=\"chart\"",
        "id=\"chart-data\"",
    ] {
        assert!(page.contains(part), "{part:?} is not in the page");
    }
    assert!(!page.contains("has stopped"), "{page}");
}

#[test]
fn a_run_without_a_finished_round_has_a_page_that_says_so() {
    let (page, _) = page_of(Vec::new(), &Now::Running(&progress()));
    for part in
        [REFRESHES, "Running: 0 of 18 rounds finished", "No round has finished yet", "<td data-value=\"3\">3</td>"]
    {
        assert!(page.contains(part), "{part:?} is not in the page");
    }
    assert!(!page.contains("id=\"chart-data\""));
}

#[test]
fn a_stopped_run_has_a_page_that_stays_and_says_how_to_continue() {
    let failed = Record {
        error: "out of memory".into(),
        value: None,
        metric: String::new(),
        select: String::new(),
        ..accuracy("core-set", 1, 0, 0.0)
    };
    let now = Now::Stopped { why: "it was told to stop", again: "pt4al run 'a <spec>.toml'" };
    for (rows, finished) in [(vec![accuracy("random", 0, 0, 0.5), failed.clone()], 1), (vec![failed], 0)] {
        let (page, _) = page_of(rows, &now);
        for part in [
            &format!("because it was told to stop; {finished} of 18 rounds finished. The same command continues it:"),
            "<code>pt4al run 'a &lt;spec&gt;.toml'</code>",
            "core-set-seed1 failed in round 0: out of memory",
        ] {
            assert!(page.contains(part), "{part:?} is not in the page");
        }
        assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("location.reload"), "{page}");
    }
}

/// The page of a whole report has neither banner nor refresh.
#[test]
fn a_report_takes_the_banner_away() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("small");
    write_folder(&folder, &spec(), full());
    live(&folder, &Now::Running(&progress())).unwrap();
    crate::report::report(&folder, None).unwrap();
    let page = std::fs::read_to_string(folder.join("report.html")).unwrap();
    assert!(!page.contains("http-equiv=\"refresh\"") && !page.contains("id=\"run\"") && !page.contains("pt4al-live"));
}
