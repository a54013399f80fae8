//! The spec sets the number of threads, so that values depend neither on `--jobs` nor on the number of trials.

use crate::support::{Workplace, queries, stdout, values};

#[test]
fn jobs_and_the_number_of_trials_change_no_value() {
    let place = Workplace::new();
    let run = |results: &str, more: &str| {
        place.succeeds(&format!("run tiny.toml --device cpu --results {results} {more}"));
        place.path(results).join("tiny")
    };
    let two = run("two", "--jobs 2");
    let five = run("five", "--jobs 5");
    assert_eq!(values(&two), values(&five));
    // One trial alone, on a machine with room for more.
    let alone = run("alone", "--jobs 1 --set seeds=[1] --set samplers=['entropy']");
    let of_one_trial = |values: Vec<String>| -> Vec<String> {
        values.into_iter().filter(|value| value.starts_with("tiny,,entropy,1,")).collect()
    };
    assert_eq!(values(&alone), of_one_trial(values(&two)));
    assert_eq!(queries(&alone, "entropy-seed1"), queries(&two, "entropy-seed1"));
    for folder in [two, five, alone] {
        let manifest = std::fs::read_to_string(folder.join("manifest.json")).unwrap();
        assert!(manifest.contains("\"threads\": 1"), "{manifest}");
    }
}

#[test]
fn another_number_of_threads_is_another_protocol() {
    let place = Workplace::new();
    place.succeeds("run tiny.toml --device cpu --only ^random-seed0$");
    let output = place.pt4al("run tiny.toml --device cpu --only ^random-seed0$ --set threads=2");
    let text = crate::support::stderr(&output);
    assert!(!output.status.success() && text.contains("differs in threads"), "{text}");
    let plan = stdout(&place.succeeds("plan tiny.toml --device cpu --set threads=2"));
    assert!(plan.contains("2 threads each"), "{plan}");
}
