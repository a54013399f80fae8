//! Samplers that are commands: `samplers = [{ command = { ... } }]`.

use std::path::Path;
use std::process::Command;

use crate::support::{TINY, Workplace, fails, in_double_precision, queries, skip, stderr, values};

const RUN: &str = "run tiny.toml --device cpu";
const SCRIPT: &str = include_str!("../fixtures/samplers/first-by-rank.sh");
const MINE: &str = "{ command = { name = 'mine', run = ['sh', 'mine.sh'], format = 'safetensors', reads = [] } }";

/// The tiny spec with one seed and these samplers.
fn spec(samplers: &str) -> String {
    let all = r#"samplers = ["random", "entropy", "core-set", "pretext-batch"]"#;
    assert!(TINY.contains(all));
    TINY.replace(all, &format!("samplers = [{samplers}]")).replace("seeds = [0, 1]", "seeds = [0]")
}

fn place(samplers: &str) -> Workplace {
    let place = Workplace::with(&spec(samplers));
    std::fs::write(place.path("mine.sh"), SCRIPT).unwrap();
    place
}

fn write(place: &Workplace, samplers: &str) {
    std::fs::write(place.path("tiny.toml"), spec(samplers)).unwrap();
}

/// The query of a round from the text of `queries/<trial>.csv`.
fn of_round(text: &str, round: usize) -> Vec<String> {
    let start = format!("{round},");
    text.lines().filter(|line| line.starts_with(&start)).map(|line| line[start.len()..].to_owned()).collect()
}

#[test]
fn a_command_is_added_to_a_finished_experiment_and_another_of_its_name_is_refused() {
    let place = place("'random'");
    place.succeeds(RUN);
    let folder = place.path("results/tiny");
    let before = values(&folder);
    write(&place, &format!("'random', {MINE}"));
    let planned = place.succeeds("plan tiny.toml --device cpu");
    assert!(String::from_utf8_lossy(&planned.stdout).contains("2 samplers x 1 seed"));
    place.succeeds(RUN);
    assert!(before.iter().all(|value| values(&folder).contains(value)));
    let [random, mine] = ["random-seed0", "mine-seed0"].map(|trial| queries(&folder, trial));
    assert_eq!(of_round(&mine, 0), of_round(&random, 0), "the initial labels are those of all samplers");
    assert_eq!([1, 2].map(|round| of_round(&mine, round).len()), [20, 20]);
    assert!(!folder.join("trials/mine-seed0/query").exists());
    let page = std::fs::read_to_string(folder.join("README.md")).unwrap();
    assert!(page.contains("Sampler `mine`: an external command, `sh mine.sh` (SHA-256 of its files: "), "{page}");

    // What has been computed is there without the script.
    std::fs::write(place.path("mine.sh"), format!("{SCRIPT}# changed\n")).unwrap();
    fails(&place, RUN, "the images of mine were chosen by another command (its `sha256` was ");
    write(&place, &format!("'random', {}", MINE.replace("reads = []", "reads = ['logits']")));
    std::fs::write(place.path("mine.sh"), SCRIPT).unwrap();
    fails(&place, RUN, "(its `reads` was []");
    std::fs::remove_file(place.path("mine.sh")).unwrap();
    for verb in ["report results/tiny", "status results/tiny"] {
        place.succeeds(verb);
    }
    fails(&place, RUN, "needs the file");
    fails(&place, "plan tiny.toml --device cpu", "needs the file");

    // Beside the old one, under another name.
    std::fs::write(place.path("mine.sh"), SCRIPT).unwrap();
    std::fs::write(place.path("new.sh"), format!("{SCRIPT}# changed\n")).unwrap();
    let new = MINE.replace("mine.sh", "new.sh").replace("'mine'", "'new'");
    write(&place, &format!("'random', {MINE}, {new}"));
    place.succeeds(RUN);
    assert_eq!(queries(&folder, "new-seed0"), mine);
}

#[test]
fn a_command_of_a_variant_is_its_own() {
    let variant = format!("[variant.longer]\ntrain.epochs = 1\nsamplers = [{MINE}]\n");
    let place = place("'random'");
    std::fs::write(place.path("tiny.toml"), format!("{}{variant}", spec("'random'"))).unwrap();
    place.succeeds(RUN);
    let mine = queries(&place.path("results/tiny"), "mine@longer-seed0");
    assert_eq!(of_round(&mine, 2).len(), 20);
    std::fs::write(place.path("mine.sh"), format!("{SCRIPT}# changed\n")).unwrap();
    fails(&place, RUN, "the images of mine@longer were chosen by another command");
}

/// The labels of round 0 do not depend on the command, so it can be corrected.
#[test]
fn a_query_that_fails_keeps_the_round_and_is_repeated_by_the_corrected_command() {
    let place = place(MINE);
    std::fs::write(place.path("mine.sh"), "echo chatter >&2\necho 'TypeError: no' >&2\nexit 1\n").unwrap();
    let output = place.pt4al(RUN);
    let text = stderr(&output);
    assert!(!output.status.success(), "{text}");
    let part = "the sampler mine, query of round 1: its command ended with exit code 1; its last line on standard error: TypeError: no";
    assert!(text.contains(part), "{text}");
    let folder = place.path("results/tiny");
    let log = std::fs::read_to_string(folder.join("trials/mine-seed0/log.txt")).unwrap();
    assert!(log.contains("chatter"), "{log}");
    for name in ["request.json", "arrays.safetensors"] {
        assert!(folder.join("trials/mine-seed0/query").join(name).exists(), "{name}");
    }
    let weights = folder.join("trials/mine-seed0/weights-0.safetensors");
    let trained = std::fs::metadata(&weights).unwrap().modified().unwrap();
    let rows = |text: &str| {
        text.lines().filter(|line| line.contains(",0,20,accuracy,")).map(str::to_owned).collect::<Vec<_>>()
    };
    let records = || rows(&std::fs::read_to_string(folder.join("records.csv")).unwrap());
    let value = |row: &str| row.split(',').nth(8).unwrap().to_owned();
    let first = records();
    assert_eq!(first.len(), 1);
    // Still wrong: the query is repeated, and nothing is trained.
    std::fs::write(place.path("mine.sh"), "echo '{\"indices\": [1]}'\n").unwrap();
    let text = stderr(&place.pt4al(RUN));
    assert!(text.contains("it chose 1 images, not 20; choose as many as `n` of the request says"), "{text}");
    assert_eq!(std::fs::metadata(&weights).unwrap().modified().unwrap(), trained);
    std::fs::write(place.path("mine.sh"), SCRIPT).unwrap();
    place.succeeds(RUN);
    assert_eq!(value(&records()[0]), value(&first[0]));
    assert_eq!(of_round(&queries(&folder, "mine-seed0"), 2).len(), 20);
}

#[test]
fn what_a_command_lacks_is_told_before_anything_is_trained() {
    for (samplers, part) in [
        (MINE.replace("'sh'", "'no-such-program'"), "no-such-program is not in `PATH`; install it"),
        (MINE.replace("mine.sh", "gone.sh"), "gone.sh, but it is not there; put it there"),
        (MINE.replace("reads = []", "reads = ['pretext-loss']"), "pretext-losses"),
        (MINE.replace("'mine'", "'random'"), "which a sampler of the program has"),
    ] {
        let place = place(&samplers);
        for verb in [RUN, "plan tiny.toml --device cpu"] {
            fails(&place, verb, part);
        }
        assert!(!place.path("results").exists());
    }
}

/// The pretext learner's losses and features are there in every query, also when the trial is continued.
#[test]
fn a_command_reads_pretext_losses_and_features() {
    let reads = "reads = ['pretext-losses', 'pretext-features', 'logits', 'features']";
    let place = place(&MINE.replace("reads = []", reads));
    // It fails in round 2, after it has kept the names of its arrays.
    let script = format!("{SCRIPT}\nprintf '%s' \"$header\" > arrays-$(text \"$request\" round).json\n");
    let failing = format!("{script}case $(text \"$request\" round) in 2) exit 1;; esac\n");
    std::fs::write(place.path("mine.sh"), &failing).unwrap();
    assert!(!place.pt4al(RUN).status.success());
    let header = std::fs::read_to_string(place.path("arrays-1.json")).unwrap();
    for part in [
        "\"pretext_losses\":{\"dtype\":\"F64\",\"shape\":[180]",
        "\"pretext_features_unlabeled\":{\"dtype\":\"F32\",\"shape\":[180,",
        "\"pretext_features_labeled\":{\"dtype\":\"F32\",\"shape\":[20,",
        "\"features_labeled\":{\"dtype\":\"F32\",\"shape\":[20,",
        "\"logits\":{\"dtype\":\"F32\",\"shape\":[180,10]",
        "\"labels\":{\"dtype\":\"I64\",\"shape\":[20]",
    ] {
        assert!(header.contains(part), "{part} is not in {header}");
    }
    // The new process has to find the features again. (The command has chosen images, so it cannot be corrected.)
    std::fs::remove_file(place.path("arrays-2.json")).unwrap();
    assert!(!place.pt4al(RUN).status.success());
    let header = std::fs::read_to_string(place.path("arrays-2.json")).unwrap();
    assert!(header.contains("\"pretext_features_labeled\":{\"dtype\":\"F32\",\"shape\":[40,"), "{header}");
}

/// Returns a Python that has some packages: the one that `PT4AL_PYTHON` names, else `python3`.
fn python_with(packages: &str) -> Option<String> {
    let python = std::env::var("PT4AL_PYTHON").unwrap_or_else(|_| "python3".into());
    let has_packages = Command::new(&python)
        .args(["-c", &format!("import {packages}")])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_packages {
        skip(&format!("{python} lacks one of {packages}; PT4AL_PYTHON can name another Python"));
    }
    has_packages.then_some(python)
}

fn example(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).display().to_string()
}

/// The example is margin sampling, so it chooses what the program's own margin sampling chooses.
#[test]
fn the_example_in_python_chooses_what_margin_sampling_chooses() {
    let Some(python) = python_with("numpy") else { return };
    let command =
        format!("{{ command = {{ name = 'mine', run = ['{python}', '{}'] }} }}", example("external_sampler.py"));
    let place = Workplace::with(&in_double_precision(&spec(&format!("'margin', {command}"))));
    place.succeeds(RUN);
    let folder = place.path("results/tiny");
    assert_eq!(queries(&folder, "mine-seed0"), queries(&folder, "margin-seed0"));
}

#[test]
fn strategies_of_scikit_activeml_run_as_samplers() {
    let Some(python) = python_with("skactiveml") else { return };
    let command = |name: &str| {
        let (file, arm) = (example("skactiveml_sampler.py"), name.to_lowercase());
        format!("{{ command = {{ name = 'ska-{arm}', run = ['{python}', '{file}', '{name}'] }} }}")
    };
    let all = ["CoreSet", "TypiClust", "Badge", "Uncertainty"];
    let place = Workplace::with(&spec(&format!("'core-set', {}", all.map(command).join(", "))));
    place.succeeds(RUN);
    for name in all {
        let chosen = queries(&place.path("results/tiny"), &format!("ska-{}-seed0", name.to_lowercase()));
        assert_eq!([0, 1, 2].map(|round| of_round(&chosen, round).len()), [20; 3], "{name}");
    }
}

/// `PT4AL_TYPICLUST` names the authors' file deep-al/pycls/al/typiclust.py.
#[test]
fn the_typiclust_of_its_authors_runs_as_a_sampler() {
    let Ok(file) = std::env::var("PT4AL_TYPICLUST") else {
        return skip("PT4AL_TYPICLUST does not name the authors' typiclust.py");
    };
    let Some(python) = python_with("faiss, pandas, sklearn") else { return };
    let run = format!("['{python}', '{}', '{file}']", example("typiclust_sampler.py"));
    let place = Workplace::with(&spec(&format!(
        "{{ command = {{ name = 'typiclust', run = {run}, reads = ['pretext-features'] }} }}"
    )));
    place.succeeds(RUN);
    let chosen = queries(&place.path("results/tiny"), "typiclust-seed0");
    assert_eq!([0, 1, 2].map(|round| of_round(&chosen, round).len()), [20; 3]);
}
