//! What can be seen of a run while it goes on: its status, its page, its epochs, and event files.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{TINY, Workplace, epochs, in_double_precision, signal, stderr, stdout, values};

const REFRESHES: &str = "http-equiv=\"refresh\"";

fn page(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("report.html")).unwrap_or_default()
}

fn status(place: &Workplace) -> Value {
    serde_json::from_str(&stdout(&place.succeeds("status results/tiny --json"))).unwrap()
}

fn start(place: &Workplace, run: &str) -> Child {
    place.command(run).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Waits until `seen` returns something; fails after two minutes.
fn wait<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = seen() {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(120), "waited two minutes for {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn epochs_have_rates_losses_and_the_values_of_evaluated_epochs() {
    let select = r#"select = { query = "last", record = ["last"] }"#;
    let every = r#"select = { query = "last", record = ["last", "best-on-test"], every = 2 }"#;
    let spec = TINY.replace(select, every).replace("epochs = 2\nminibatch = 16", "epochs = 3\nminibatch = 16");
    let place = Workplace::with(&in_double_precision(&spec));
    place.succeeds("run tiny.toml --device cpu --only ^random-seed");
    let folder = place.path("results/tiny");
    let mut reader = csv::Reader::from_path(folder.join("epochs.csv")).unwrap();
    let header = "experiment,profile,sampler,seed,round,training,epoch,lr,loss,metric,value";
    assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>().join(","), header);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2 * 3 * 3, "two seeds, three rounds, three epochs");
    let mut places: Vec<String> = rows.iter().map(|row| [&row[2], &row[3], &row[4], &row[6]].join(" ")).collect();
    places.dedup();
    assert_eq!((places.len(), places[4].as_str()), (18, "random 0 1 2"));
    for row in &rows {
        let number = |column: usize| row[column].parse::<f64>().unwrap();
        // The cosine schedule over three epochs.
        let factor = (1.0 + (std::f64::consts::PI * (number(6) - 1.0) / 3.0).cos()) / 2.0;
        assert!((number(7) - 0.05 * factor).abs() < 1e-12, "{row:?}");
        assert!(number(8) > 0.0 && number(8) < 20.0, "{row:?}");
        // Every second epoch and the last one are evaluated.
        assert_eq!((&row[5], &row[9], row[10].is_empty()), ("all-labels", "accuracy", &row[6] == "1"), "{row:?}");
    }
    let records = std::fs::read_to_string(folder.join("records.csv")).unwrap();
    for row in rows.iter().filter(|row| &row[6] == "3") {
        let accuracy = format!(
            "tiny,,random,{},{},{},accuracy,last,{},",
            &row[3],
            &row[4],
            20 * (1 + row[4].parse::<i32>().unwrap()),
            &row[10]
        );
        assert!(records.contains(&accuracy), "{accuracy}");
    }
    // Training helps.
    let loss =
        |epoch: &str| rows.iter().filter(|row| &row[6] == epoch).map(|row| row[8].parse::<f64>().unwrap()).sum::<f64>();
    assert!(loss("3") < loss("1"));
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(readme.contains("## Training\n\n![Training loss") && folder.join("training.svg").exists(), "{readme}");
}

/// A folder that was copied without `trials/` keeps its epochs, and one of an earlier version stays without.
#[test]
fn epochs_survive_a_copy_without_trials_and_are_not_missed_in_old_results() {
    let place = Workplace::new();
    place.succeeds("run tiny.toml --device cpu --only ^random-seed0");
    let folder = place.path("results/tiny");
    let first = epochs(&folder);
    assert_eq!(first.lines().count(), 1 + 3 * 2);
    std::fs::remove_dir_all(folder.join("trials")).unwrap();
    place.succeeds("run tiny.toml --device cpu --only ^random");
    let both = epochs(&folder);
    assert!(both.starts_with(&first) && both.lines().count() == 1 + 2 * 3 * 2, "{both}");

    let before = values(&folder);
    std::fs::remove_file(folder.join("epochs.csv")).unwrap();
    std::fs::remove_dir_all(folder.join("trials")).unwrap();
    place.succeeds("run tiny.toml --device cpu --only ^random");
    assert!(!folder.join("epochs.csv").exists() && values(&folder) == before);
}

#[test]
fn a_run_with_a_page_shows_its_progress_and_ends_with_the_usual_page() {
    let place = Workplace::new();
    let folder = place.path("results/tiny");
    let mut driver = start(&place, "run tiny.toml --device cpu --jobs 2 --only ^random --page --set train.epochs=60");
    let shown = wait("a page of a run with a finished round", || {
        let page = page(&folder);
        let is_begun = page.contains("id=\"chart-data\"") && page.contains("<li>random-seed");
        assert!(is_begun || driver.try_wait().unwrap().is_none(), "the run ended without such a page");
        is_begun.then_some(page)
    });
    assert!(shown.contains(REFRESHES) && shown.contains("Running: "), "{shown}");
    assert!(shown.contains(" of 24 rounds finished") && shown.contains(", epoch "), "{shown}");
    assert!(!folder.join("summary.csv").exists(), "the tables are written at the end");
    assert!(driver.wait().unwrap().success());
    let last = page(&folder);
    assert!(!last.contains(REFRESHES) && !last.contains("id=\"run\""), "{last}");
    assert!(folder.join("summary.csv").exists() && !folder.join("progress.json").exists());

    let other = Workplace::new();
    other.succeeds("run tiny.toml --device cpu --only ^random --set train.epochs=60");
    assert_eq!(values(&other.path("results/tiny")), values(&folder), "the page changes no value");
    assert_eq!(epochs(&other.path("results/tiny")), epochs(&folder));
}

#[test]
fn a_run_that_is_stopped_leaves_a_page_and_a_status_that_say_how_to_continue() {
    let place = Workplace::new();
    let folder = place.path("results/tiny");
    let run = "run tiny.toml --device cpu --jobs 1 --only ^random --page --set train.epochs=300";
    let mut driver = start(&place, run);
    let running = wait("a status with an epoch", || {
        if !folder.join("spec.toml").exists() {
            return None;
        }
        let status = status(&place);
        let at = status["run"]["running"][0]["at"].as_str().unwrap_or_default();
        at.contains("epoch").then(|| status.clone())
    });
    assert_eq!((&running["state"], &running["rounds_planned"]), (&"running".into(), &24.into()));
    assert_eq!(running["run"]["only"], "^random");
    assert_eq!(running["arms"][0]["trials"][0]["state"], "running");
    assert!(page(&folder).contains(REFRESHES));
    assert!(signal("INT", &[driver.id()]));
    assert_eq!(driver.wait().unwrap().code(), Some(130));
    let last = page(&folder);
    assert!(!last.contains(REFRESHES) && last.contains("because it was told to stop"), "{last}");
    let typed = format!("pt4al {run}");
    let again = pt4al_results::shell::command(typed.split(' '));
    assert!(last.contains(&format!("<code>{again}</code>")), "{last}");
    assert!(!folder.join("progress.json").exists());
    let stopped = status(&place);
    assert_eq!((&stopped["state"], &stopped["run"]), (&"unfinished".into(), &Value::Null));
    assert_eq!(stopped["arms"][0]["trials"][0]["state"], "waiting");
    let text = stdout(&place.succeeds("status results/tiny"));
    assert!(text.contains("no run works here") && text.contains("last command: pt4al run tiny.toml"), "{text}");
}

#[test]
fn a_run_that_a_limit_or_a_failure_ends_leaves_a_page_that_says_so() {
    let place = Workplace::new();
    let folder = place.path("results/tiny");
    let run = "run tiny.toml --device cpu --jobs 1 --only ^random-seed0 --page";
    let mut limited = place.command(&format!("{run} --time-limit 52s"));
    let output = limited.env("PT4AL_TEST_CLOCK", "10").output().unwrap();
    assert_eq!(output.status.code(), Some(75), "{}", stderr(&output));
    let last = page(&folder);
    assert!(last.contains("because its time limit is over; "), "{last}");
    assert!(!last.contains(REFRESHES) && last.contains("id=\"chart-data\""));
    place.succeeds(run);
    assert!(!page(&folder).contains("id=\"run\""));

    // A rate so high that the training diverges before any round is finished.
    let broken = Workplace::with(&TINY.replace("lr = 0.05, momentum", "lr = 1e30, momentum"));
    let output = broken.pt4al(run);
    assert_eq!(output.status.code(), Some(1));
    let last = page(&broken.path("results/tiny"));
    assert!(last.contains("The run has stopped, because a trial failed; 0 of 24 rounds finished."), "{last}");
    assert!(last.contains("<li>random-seed0 failed in round 0: ") && !last.contains(REFRESHES), "{last}");
    let failed = status(&broken);
    assert_eq!(failed["arms"][0]["trials"][0]["state"], "failed");
}

#[test]
fn event_files_are_written_once_a_round_also_for_rounds_of_earlier_runs() {
    let place = Workplace::new();
    let run = "run tiny.toml --device cpu --only ^random-seed0";
    place.succeeds(run);
    let events = place.path("results/tiny/tensorboard/random-seed0");
    assert!(!events.exists());
    place.succeeds(&format!("{run} --tensorboard"));
    let files = || {
        let mut files: Vec<_> = std::fs::read_dir(&events).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files.iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect::<Vec<_>>()
    };
    let first = files();
    assert_eq!(first.len(), 3);
    for (path, bytes) in &first {
        assert!(path.to_str().unwrap().contains("events.out.tfevents."), "{}", path.display());
        let text = String::from_utf8_lossy(bytes);
        for part in ["brain.Event:2", "train/loss", "train/lr", "train/accuracy", "rounds/accuracy (last)"] {
            assert!(text.contains(part), "{part} is not in {}", path.display());
        }
    }
    place.succeeds(&format!("{run} --tensorboard"));
    assert_eq!(files(), first);
}
