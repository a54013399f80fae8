//! Damaged files of a results folder: a command either repairs one and says so, or refuses it and names it. No damage changes a
//! value without a word. `make endurance` tries the whole table (endurance.rs); here are one case of each kind and the repairs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{TINY, Workplace, fails, stderr, stdout, values};

pub const RUN: &str = "run tiny.toml --device cpu --jobs 2";

/// Ways in which a file is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// One bit in the second half of the file.
    Bit,
    /// A digit in the second half of the file; that of a number, if the file is text.
    Digit,
    /// The last third is missing.
    Cut,
    /// The last two lines are missing.
    LastRows,
    /// A line in the middle is missing.
    MiddleRow,
    Empty,
    Removed,
}

impl Damage {
    pub const ALL: [Self; 7] =
        [Self::Bit, Self::Digit, Self::Cut, Self::LastRows, Self::MiddleRow, Self::Empty, Self::Removed];

    /// Damages a file; `false` if it cannot be damaged in this way.
    pub fn apply(self, path: &Path) -> bool {
        let Ok(mut bytes) = std::fs::read(path) else { return false };
        let half = bytes.len() / 2;
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        match self {
            Self::Bit if !bytes.is_empty() => bytes[half] ^= 1,
            Self::Digit => match (half..bytes.len()).find(|&i| bytes[i].is_ascii_digit()) {
                Some(at) => bytes[at] = if bytes[at] == b'7' { b'3' } else { b'7' },
                None => return false,
            },
            Self::Cut if bytes.len() > 3 => bytes.truncate(bytes.len() * 2 / 3),
            Self::LastRows if lines.len() > 3 => bytes = lines[..lines.len() - 2].concat(),
            Self::MiddleRow if lines.len() > 3 => {
                let middle = lines.len() / 2;
                bytes = [&lines[..middle], &lines[middle + 1..]].concat().concat();
            }
            Self::Empty => bytes.clear(),
            Self::Removed => return std::fs::remove_file(path).is_ok(),
            _ => return false,
        }
        std::fs::write(path, bytes).is_ok()
    }
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        let target = to.join(entry.path().strip_prefix(from).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).unwrap();
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Removes all lists of checksums of a results folder, as in folders of earlier versions.
pub fn remove_checksums(folder: &Path) {
    for entry in walkdir::WalkDir::new(folder).into_iter().flatten() {
        if entry.path().extension().is_some_and(|ending| ending == "sha256") {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
}

/// The values and the queries of a results folder: what no damage may change.
pub fn contents(folder: &Path) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::from([("values".into(), values(folder).join("\n"))]);
    for entry in std::fs::read_dir(folder.join("queries")).unwrap().flatten().map(|entry| entry.path()) {
        if entry.extension().is_some_and(|ending| ending == "csv") {
            found.insert(entry.file_name().unwrap().to_string_lossy().into(), std::fs::read_to_string(&entry).unwrap());
        }
    }
    found
}

/// A finished run of which each test damages a copy.
struct Finished {
    place: Workplace,
    contents: BTreeMap<String, String>,
}

impl Finished {
    fn new(arguments: &str) -> Self {
        let place = Workplace::new();
        place.succeeds(&format!("{RUN} {arguments}"));
        let contents = contents(&place.path("results/tiny"));
        Self { place, contents }
    }

    fn copy(&self) -> (Workplace, PathBuf) {
        let copied = Workplace::new();
        copy(&self.place.path("results"), &copied.path("results"));
        let folder = copied.path("results/tiny");
        (copied, folder)
    }
}

const ONE_SEED: &str = "--set seeds=[0]";

#[test]
fn what_is_certain_is_repaired_and_said() {
    let whole = Finished::new(ONE_SEED);
    for (file, damage) in [
        ("spec.toml", Damage::Bit),
        ("records.csv", Damage::Digit),
        ("records.csv", Damage::MiddleRow),
        ("records.csv", Damage::Empty),
        ("epochs.csv", Damage::Digit),
        ("trials/entropy-seed0/records.csv", Damage::Digit),
        ("trials/entropy-seed0/records.csv", Damage::LastRows),
        ("trials/entropy-seed0/records.csv", Damage::Empty),
        ("trials/entropy-seed0/records.csv", Damage::Removed),
        ("trials/entropy-seed0/epochs.csv", Damage::Cut),
        ("pretext/seed-0.csv", Damage::Digit),
        ("queried/classes.csv", Damage::MiddleRow),
        ("queried/thumbnails.jpg", Damage::Bit),
    ] {
        let (place, folder) = whole.copy();
        assert!(damage.apply(&folder.join(file)), "{file}, {damage:?}");
        let output = place.succeeds(&format!("{RUN} {ONE_SEED}"));
        let said = stderr(&output);
        let line = said.lines().find(|line| line.starts_with("repaired: "));
        assert!(line.is_some_and(|line| line.contains(file)), "{file}, {damage:?}: {said}");
        assert_eq!(contents(&folder), whole.contents, "{file}, {damage:?}");
        place.succeeds("verify results/tiny");
    }
    // A trial's folder that is gone comes back from records.csv, and nothing runs again.
    let (place, folder) = whole.copy();
    std::fs::remove_dir_all(folder.join("trials")).unwrap();
    let output = place.succeeds(&format!("{RUN} {ONE_SEED}"));
    assert!(stderr(&output).contains("nothing to run"), "{}", stderr(&output));
    assert_eq!(contents(&folder), whole.contents);
}

#[test]
fn what_is_not_certain_is_refused_and_named() {
    let whole = Finished::new(ONE_SEED);
    let run = format!("{RUN} {ONE_SEED}");
    for (file, damage) in [
        ("queries/entropy-seed0.csv", Damage::Digit),
        ("queries/entropy-seed0.csv", Damage::Removed),
        ("manifest.json", Damage::Digit),
        ("checksums.sha256", Damage::Digit),
        ("queries/entropy-seed0.sha256", Damage::Cut),
    ] {
        let (place, folder) = whole.copy();
        assert!(damage.apply(&folder.join(file)));
        fails(&place, &run, file);
        // The remedy is not to run again.
        assert!(!stderr(&place.pt4al(&run)).contains("type the command again"));
        let output = place.pt4al("verify results/tiny");
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).contains(file), "{}", stderr(&output));
    }
    // Records without trials/ beside them cannot be made again.
    let (place, folder) = whole.copy();
    std::fs::remove_dir_all(folder.join("trials")).unwrap();
    assert!(Damage::Digit.apply(&folder.join("records.csv")));
    fails(&place, &run, "records.csv");
    // Verbs that only read repair nothing.
    for (file, damage) in
        [("records.csv", Damage::Digit), ("spec.toml", Damage::Bit), ("pretext/seed-0.csv", Damage::Digit)]
    {
        let (place, folder) = whole.copy();
        assert!(damage.apply(&folder.join(file)));
        fails(&place, "report results/tiny", file);
    }
    let (place, folder) = whole.copy();
    copy(&folder, &place.path("results/other"));
    assert!(Damage::Digit.apply(&folder.join("records.csv")));
    fails(&place, "compare results/other results/tiny", "tiny/records.csv");
    let output = place.pt4al("check results/other --against results/tiny");
    assert_eq!(output.status.code(), Some(2), "{}{}", stdout(&output), stderr(&output));
    fails(&place, "baseline accept results/tiny --reason x", "records.csv");
}

#[test]
fn a_trial_runs_anew_on_request() {
    let whole = Finished::new(ONE_SEED);
    let (place, folder) = whole.copy();
    assert!(Damage::Digit.apply(&folder.join("queries/entropy-seed0.csv")));
    let run = format!("{RUN} {ONE_SEED}");
    fails(&place, &run, "queries/entropy-seed0.csv");
    fails(&place, &format!("{run} --anew entropy-seed1"), "they are named like random-seed0");
    let output = place.succeeds(&format!("{run} --anew entropy-seed0"));
    assert!(stderr(&output).contains("entropy-seed0: round 0"), "{}", stderr(&output));
    assert!(!stderr(&output).contains("random-seed0: round 0"), "{}", stderr(&output));
    assert_eq!(contents(&folder), whole.contents);
    place.succeeds("verify results/tiny");
}

#[test]
fn files_that_were_changed_on_purpose_are_accepted_with_a_reason_that_pages_show() {
    let whole = Finished::new(ONE_SEED);
    let (place, folder) = whole.copy();
    let path = folder.join("records.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("cpu", "cuda:0", 1)).unwrap();
    fails(&place, "report results/tiny", "pt4al verify RESULTS --accept REASON");
    fails(&place, "verify results/tiny --accept=", "--accept: is empty");
    let output = place.pt4al("verify results/tiny --accept a-typo-in-the-device");
    assert!(output.status.success() && stdout(&output).contains("records.csv"), "{}", stderr(&output));
    place.succeeds("verify results/tiny");
    place.succeeds("report results/tiny");
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("changed after the run") && page.contains("a-typo-in-the-device"), "{page}");
}

#[test]
fn damaged_losses_in_the_cache_are_made_again_and_never_copied() {
    let place = Workplace::new();
    let run = format!("{RUN} {ONE_SEED} --only pretext-batch");
    place.succeeds(&run);
    let expected = contents(&place.path("results/tiny"));
    let cache = place.path("results/.cache/pretext");
    let cached = || std::fs::read_dir(&cache).unwrap().flatten().map(|entry| entry.path());
    let losses = cached().find(|path| path.extension().is_some_and(|ending| ending == "csv")).unwrap();
    for damage in [Damage::LastRows, Damage::Digit, Damage::Empty] {
        std::fs::remove_dir_all(place.path("results/tiny")).unwrap();
        assert!(damage.apply(&losses));
        let output = place.succeeds(&run);
        assert!(stderr(&output).contains("the learner makes them again"), "{damage:?}: {}", stderr(&output));
        assert_eq!(contents(&place.path("results/tiny")), expected, "{damage:?}");
    }
}

#[test]
fn impossible_numbers_are_named_where_they_are_read() {
    let whole = Finished::new(ONE_SEED);
    // Without lists nothing but the numbers themselves can tell, as in folders of earlier versions.
    let without_lists = || {
        let (place, folder) = whole.copy();
        remove_checksums(&folder);
        (place, folder)
    };
    let edit = |path: &Path, change: &dyn Fn(&str) -> String| {
        let text = std::fs::read_to_string(path).unwrap();
        let new = change(&text);
        assert_ne!(text, new);
        std::fs::write(path, new).unwrap();
    };
    let (place, folder) = without_lists();
    let last_cell = |line: &str, value: &str| format!("{},{value}", line.rsplit_once(',').unwrap().0);
    edit(&folder.join("pretext/seed-0.csv"), &|text| {
        text.lines()
            .enumerate()
            .map(|(i, line)| if i == 1 { last_cell(line, "1e308") } else { line.into() } + "\n")
            .collect()
    });
    fails(&place, "report results/tiny", "pretext/seed-0.csv:2: the loss of image 0 is 1");
    let (place, folder) = without_lists();
    edit(&folder.join("records.csv"), &|text| {
        let is_loss = |line: &&str| line.contains(",loss,");
        let line = text.lines().find(is_loss).unwrap();
        let value = line.split(',').nth(8).unwrap();
        text.replacen(value, "1e308", 1)
    });
    fails(&place, "report results/tiny", "it is a number of single precision");
    // An index beyond the train split, in a query of a trial that goes on.
    let (place, folder) = without_lists();
    std::fs::remove_file(folder.join("records.csv")).unwrap();
    std::fs::remove_dir_all(folder.join("trials/entropy-seed0")).unwrap();
    edit(&folder.join("queries/entropy-seed0.csv"), &|text| {
        let line = text.lines().nth(3).unwrap();
        text.replacen(&format!("{line}\n"), &format!("{}\n", last_cell(line, "99999")), 1)
    });
    let output = place.pt4al(&format!("{RUN} {ONE_SEED}"));
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    assert!(text.contains("queries/entropy-seed0.csv") && text.contains("image 99999"), "{text}");
    assert!(!text.contains("report this"), "{text}");
}

#[test]
fn a_results_folder_that_is_removed_or_renamed_during_a_run_does_not_come_back() {
    let run = format!("{RUN} {ONE_SEED} --set train.epochs=40");
    check_a_folder_that_goes(TINY, &run, "tiny", "trials/entropy-seed0/records.csv");
}

#[test]
fn a_correlation_stops_when_its_results_folder_is_removed_or_renamed() {
    let spec = format!("{TINY}[correlation]\nfolds = 4\npoints = 50\nresamples = 20\n");
    let run = "correlate tiny.toml --device cpu --jobs 1 --set train.epochs=40";
    check_a_folder_that_goes(&spec, run, "tiny-correlation", "parts/seed-0-whole.csv");
}

/// Removes or renames a results folder as soon as it has the file `first`.
fn check_a_folder_that_goes(spec: &str, run: &str, name: &str, first: &str) {
    for renamed in [false, true] {
        let place = Workplace::with(spec);
        let folder = place.path(&format!("results/{name}"));
        let mut child = place.command(run).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let start = std::time::Instant::now();
        while !folder.join(first).exists() {
            assert!(
                start.elapsed().as_secs() < 60 && child.try_wait().unwrap().is_none(),
                "waited a minute for {first}"
            );
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let aside = place.path("results/aside");
        if renamed {
            std::fs::rename(&folder, &aside).unwrap();
        } else {
            // Workers may add files while the folder is being removed.
            while folder.exists() && std::fs::remove_dir_all(&folder).is_err() {}
        }
        let output = child.wait_with_output().unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("the results folder was removed or renamed"), "{text}");
        assert!(!folder.exists(), "{text}");
        // Nothing is half made: the same command starts again, or continues.
        if renamed {
            std::fs::rename(&aside, &folder).unwrap();
        }
        place.succeeds(run);
        place.succeeds(&format!("verify results/{name}"));
    }
}

/// A baseline has one list, which names its queries too. A run that continues a copy of it gives each trial its own list again.
#[test]
fn a_baseline_has_one_list_and_a_copy_of_it_can_go_on() {
    let whole = Finished::new(ONE_SEED);
    let (place, _) = whole.copy();
    place.succeeds("baseline accept results/tiny --reason first");
    let baseline = place.path("results/baseline/tiny");
    let lists = || {
        let files = walkdir::WalkDir::new(&baseline).into_iter().flatten().map(|entry| entry.path().to_owned());
        files.filter(|path| path.extension().is_some_and(|ending| ending == "sha256")).count()
    };
    assert_eq!(lists(), 1);
    let output = place.succeeds("verify results/baseline/tiny");
    assert!(!stdout(&output).contains("without a checksum"), "{}", stdout(&output));
    let queries = baseline.join("queries/core-set-seed0.csv");
    let good = std::fs::read(&queries).unwrap();
    assert!(Damage::Digit.apply(&queries));
    fails(&place, "report results/baseline/tiny", "queries/core-set-seed0.csv");
    std::fs::write(&queries, good).unwrap();
    // With another seed the copy has something to do.
    let copied = Workplace::new();
    copy(&baseline, &copied.path("results/tiny"));
    copied.succeeds(&format!("{RUN} --set seeds=[0,1] --only random"));
    copied.succeeds("verify results/tiny");
    assert!(copied.path("results/tiny/queries/core-set-seed0.sha256").exists());
}
