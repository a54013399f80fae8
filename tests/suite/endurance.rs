//! Long tests of what docs/reliability.md promises, behind `make endurance`: every kind of damage to every kind of file, and kills
//! at random moments. They print their figures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::damage::{Damage, contents, copy};
use crate::pictures::{cityscapes, tiny_cityscapes};
use crate::support::{TINY, Workplace, signal, stderr, stdout};

const RUN: &str = "run tiny.toml --device cpu --jobs 2";

/// What a command did with a damaged file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Refused, and the file or its list named.
    Named,
    /// Done, with a line about the repair, and the values are right.
    Repaired,
    /// Done without a line, and all values are right: nothing that matters was lost.
    Harmless,
    /// Done without a line, and a value is another one.
    Silent,
    /// Refused, and the message names another file.
    Misnamed,
}

/// A state of a results folder before the damage.
struct State {
    name: &'static str,
    place: Workplace,
}

/// The folder of a run that was killed when some trials had finished rounds and others had not.
fn halfway() -> Workplace {
    for delay in 0.. {
        let place = Workplace::new();
        let folder = place.path("results/tiny");
        let mut child = place.command(RUN).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        while !folder.join("trials/entropy-seed1/records.csv").exists() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(3));
        }
        std::thread::sleep(Duration::from_millis(5 * (delay % 10)));
        child.kill().unwrap();
        child.wait().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        // The weights that choose a query are there for a moment only.
        let has_weights = walkdir::WalkDir::new(&folder)
            .into_iter()
            .flatten()
            .any(|entry| entry.file_name().to_string_lossy().starts_with("weights-"));
        if has_weights || delay > 30 {
            return place;
        }
    }
    unreachable!("the loop returns")
}

/// The files that are damaged: one of each kind.
fn files(results: &Path) -> Vec<String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for entry in walkdir::WalkDir::new(results).sort_by_file_name().into_iter().flatten() {
        let path = entry.path().strip_prefix(results).unwrap().to_string_lossy().into_owned();
        let name = entry.file_name().to_string_lossy();
        let is_made_by_report = path.starts_with("tiny/")
            && path.matches('/').count() == 1
            && !["spec.toml", "manifest.json", "records.csv", "epochs.csv", "checksums.sha256"].contains(&&*name);
        let is_other = [".lock", "log.txt", "progress.json"].contains(&&*name) || is_made_by_report;
        if !entry.file_type().is_file() || is_other {
            continue;
        }
        // One file of each folder and ending, and one trial.
        let kind = path.replace("random-seed0", "TRIAL").replace("entropy-seed1", "LATER");
        if kind.contains("-seed") && !kind.contains("pretext") {
            continue;
        }
        let kind = if path.starts_with(".cache") {
            format!("cache {}", path.split_once('.').unwrap().1.split('.').skip(1).collect::<Vec<_>>().join("."))
        } else {
            kind
        };
        found.entry(kind).or_insert(path);
    }
    found.into_values().collect()
}

/// Whether a message names the file or the list that has its checksum.
fn names(output: &Output, file: &str) -> bool {
    let text = format!("{}{}", stdout(output), stderr(output));
    let name = file.strip_prefix("tiny/").unwrap_or(file);
    let stem = Path::new(name).file_stem().unwrap().to_string_lossy().into_owned();
    text.contains(name) || text.contains("checksums.sha256") || text.contains(&format!("{stem}.sha256"))
}

/// The verbs that read a results folder, their arguments, and the files with the numbers that they write. They are tried before `run`,
/// which repairs the folder.
const READERS: [(&str, &str, &[&str]); 3] = [
    ("report", "report results/tiny", &["results/tiny/summary.csv", "results/tiny/comparisons.csv"]),
    ("check", "check results/tiny --against results/whole", &[]),
    (
        "compare",
        "compare results/whole results/tiny --out compared",
        &["compared/curves.csv", "compared/comparisons.csv"],
    ),
];

/// What a reading verb gives: its exit code, its error, and the numbers that it writes.
#[derive(Debug, PartialEq, Eq)]
struct Given {
    code: Option<i32>,
    error: String,
    numbers: Vec<String>,
}

/// Runs each of [`READERS`] on a copy of `results/tiny`, beside a whole folder.
fn given(place: &Workplace, whole: &Workplace) -> Vec<(Given, Output)> {
    let reader = Workplace::new();
    copy(&place.path("results"), &reader.path("results"));
    copy(&whole.path("results/tiny"), &reader.path("results/whole"));
    let read = |name: &str| std::fs::read_to_string(reader.path(name)).unwrap_or_default();
    let verbs = READERS.iter().map(|(_, arguments, files)| {
        let output = reader.pt4al(arguments);
        let error = stderr(&output).lines().filter(|line| line.starts_with("error: ")).collect::<Vec<_>>().join("\n");
        let numbers = files.iter().map(|name| read(name)).collect();
        (Given { code: output.status.code(), error, numbers }, output)
    });
    verbs.collect()
}

#[test]
#[ignore = "takes half an hour: make endurance"]
fn no_damage_changes_a_value_without_a_word() {
    let whole = Workplace::new();
    whole.succeeds(RUN);
    let expected = contents(&whole.path("results/tiny"));
    let finished = Workplace::new();
    copy(&whole.path("results"), &finished.path("results"));
    let states = [State { name: "finished", place: finished }, State { name: "halfway", place: halfway() }];
    let mut table: BTreeMap<(&str, &str, Outcome), usize> = BTreeMap::new();
    let mut bad = Vec::new();
    let mut cases = 0;
    for State { name, place } in &states {
        let undamaged = given(place, &whole);
        for file in files(&place.path("results")) {
            for damage in Damage::ALL {
                let case = Workplace::new();
                copy(&place.path("results"), &case.path("results"));
                if !damage.apply(&case.path("results").join(&file)) {
                    continue;
                }
                cases += 1;
                let mut note = |verb: &'static str, outcome: Outcome, output: &Output| {
                    *table.entry((name, verb, outcome)).or_default() += 1;
                    if matches!(outcome, Outcome::Silent | Outcome::Misnamed) {
                        bad.push(format!("{name}, {file}, {damage:?}, {verb}: {outcome:?}: {}", stderr(output).trim()));
                    }
                };
                for (((verb, ..), (expected, _)), (got, output)) in
                    READERS.iter().zip(&undamaged).zip(given(&case, &whole))
                {
                    // `check` refuses the undamaged folders too, because two seeds cannot be compared, but with another error.
                    let is_same = (got.code, &got.error) == (expected.code, &expected.error);
                    let outcome = match is_same {
                        true if got.numbers == expected.numbers => Outcome::Harmless,
                        true => Outcome::Silent,
                        false if names(&output, &file) => Outcome::Named,
                        false => Outcome::Misnamed,
                    };
                    note(verb, outcome, &output);
                }
                let output = case.pt4al(RUN);
                let outcome = if output.status.success() {
                    let is_right = contents(&case.path("results/tiny")) == expected
                        && case.pt4al("verify results/tiny").status.success();
                    match (is_right, stderr(&output).contains("repaired: ")) {
                        (true, true) => Outcome::Repaired,
                        (true, false) => Outcome::Harmless,
                        (false, _) => Outcome::Silent,
                    }
                } else if names(&output, &file) {
                    Outcome::Named
                } else {
                    Outcome::Misnamed
                };
                note("run", outcome, &output);
            }
        }
    }
    println!("{cases} damaged files");
    for ((state, verb, outcome), count) in &table {
        println!("{state:10} {verb:8} {outcome:?}: {count}");
    }
    assert!(bad.is_empty(), "{} of {cases}:\n{}", bad.len(), bad.join("\n"));
}

/// Who is killed.
#[derive(Clone, Copy, Debug)]
enum Victim {
    Driver,
    Worker,
    All,
}

/// The processes below a driver.
fn workers(driver: u32) -> Vec<u32> {
    let parent = |entry: &std::fs::DirEntry| -> Option<(u32, u32)> {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
        Some((pid, parent))
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| parent(&entry));
    all.filter(|(_, parent)| *parent == driver).map(|(pid, _)| pid).collect()
}

/// Kills runs of one spec `kills` times at random moments, and compares the end with an uninterrupted run.
fn kill_matrix(what: &str, spec: &str, data: Option<&Path>, kills: usize, rng: &mut StdRng) {
    let command = |place: &Workplace| {
        let mut command = place.command(RUN);
        if let Some(data) = data {
            command.env("PT4AL_DATA", data).env("PT4AL_CACHE", place.path("cache"));
        }
        command
    };
    let whole = Workplace::with(spec);
    let start = Instant::now();
    let output = command(&whole).output().unwrap();
    assert!(output.status.success(), "{what}: {}", stderr(&output));
    let took = start.elapsed();
    let expected = contents(&whole.path("results/tiny"));
    let (mut hits, mut missed, mut folders) = (0, 0, 0);
    let mut by_victim = [0; 3];
    while hits < kills {
        let place = Workplace::with(spec);
        folders += 1;
        let mut seconds: BTreeMap<(String, String, String), String> = BTreeMap::new();
        // At most some kills of one folder, so that each run comes to an end.
        for _ in 0..4 {
            let mut driver = command(&place).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let moment = took.mul_f64(rng.random_range(0.02..0.9));
            let until = Instant::now() + moment;
            while Instant::now() < until && driver.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            let victim = [Victim::Driver, Victim::Worker, Victim::All][rng.random_range(0..3)];
            let below = workers(driver.id());
            if driver.try_wait().unwrap().is_some() {
                missed += 1;
                break;
            }
            let (victim, processes) = match victim {
                Victim::Worker if !below.is_empty() => (victim, vec![below[rng.random_range(0..below.len())]]),
                Victim::Driver | Victim::Worker => (Victim::Driver, vec![driver.id()]),
                Victim::All => (victim, [below, vec![driver.id()]].concat()),
            };
            // A process that has just ended by itself gives an error, which does not matter.
            signal("KILL", &processes);
            hits += 1;
            by_victim[victim as usize] += 1;
            driver.wait().unwrap();
            for (round, value) in finished_rounds(&place.path("results/tiny")) {
                let before = seconds.insert(round.clone(), value.clone());
                assert!(before.is_none_or(|before| before == value), "{what}: {round:?} ran twice");
            }
        }
        let output = command(&place).output().unwrap();
        assert!(output.status.success(), "{what}: {}", stderr(&output));
        assert!(!stderr(&output).contains("repaired: "), "{what}: a kill damages nothing: {}", stderr(&output));
        assert_eq!(contents(&place.path("results/tiny")), expected, "{what}");
        let after = finished_rounds(&place.path("results/tiny"));
        for (round, value) in seconds {
            assert_eq!(after.get(&round), Some(&value), "{what}: {round:?} was lost or ran twice");
        }
        place.succeeds("verify results/tiny");
    }
    println!("{what}: {hits} kills hit {by_victim:?} (driver, worker, all), {missed} came too late, {folders} folders");
}

/// The seconds of training of each finished round in the trials' own files: equal seconds mean that it did not run again.
fn finished_rounds(folder: &Path) -> BTreeMap<(String, String, String), String> {
    let mut found = BTreeMap::new();
    let trials = std::fs::read_dir(folder.join("trials")).into_iter().flatten().flatten();
    let files: Vec<PathBuf> =
        trials.map(|trial| trial.path().join("records.csv")).filter(|file| file.exists()).collect();
    for file in files {
        let mut reader = csv::Reader::from_path(file).unwrap();
        for row in reader.records().map(Result::unwrap) {
            found.insert((row[2].to_owned(), row[3].to_owned(), row[4].to_owned()), row[9].to_owned());
        }
    }
    found
}

#[test]
#[ignore = "takes half an hour: make endurance"]
fn kills_at_random_moments_lose_no_finished_round_and_change_no_value() {
    let seed = std::env::var("PT4AL_ENDURANCE_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let kills: usize = std::env::var("PT4AL_ENDURANCE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(200);
    let mut rng = StdRng::seed_from_u64(seed);
    let data = tempfile::tempdir().unwrap();
    cityscapes(data.path(), 20, 6);
    let longer = TINY.replace("epochs = 2\nminibatch = 16", "epochs = 6\nminibatch = 16");
    let continued = longer.replace("start = \"fresh\"", "start = \"continue\"");
    let held_out = longer.replace(
        "select = { query = \"last\", record = [\"last\"] }",
        "select = { query = \"best-on-held-out\", record = [\"last\", \"best-on-test\", \"best-on-held-out\"], \
         every = 1, held-out = 0.2 }",
    );
    let masks = tiny_cityscapes("stream");
    let kinds: [(&str, &str, Option<&Path>); 4] = [
        ("fresh start", &longer, None),
        ("continued weights", &continued, None),
        ("held-out labels", &held_out, None),
        ("label maps, streamed", &masks, Some(data.path())),
    ];
    for (what, spec, data) in kinds {
        kill_matrix(what, spec, data, kills.div_ceil(kinds.len()), &mut rng);
    }
}
