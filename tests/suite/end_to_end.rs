//! The main use: a spec goes in, records and curves come out.

use std::collections::{BTreeMap, HashSet};

use crate::support::{TINY, Workplace, fails, in_double_precision, queries, stderr, stdout, values};

#[test]
fn a_spec_becomes_records_queries_and_curves_and_repeats_bit_for_bit() {
    let place = Workplace::new();
    let output = place.succeeds("run tiny.toml --device cpu --jobs 2");
    let table = stdout(&output);
    for sampler in ["random", "entropy", "core-set", "pretext-batch"] {
        assert!(table.contains(sampler), "{table}");
    }
    assert_eq!(table.lines().last(), Some("open results/tiny/report.html"));
    let folder = place.path("results/tiny");
    for file in ["spec.toml", "manifest.json", "records.csv", "summary.csv", "curve.svg", "README.md"] {
        assert!(folder.join(file).metadata().unwrap().len() > 0, "{file}");
    }
    // 4 samplers x 2 seeds x 3 rounds x (accuracy, loss, epoch).
    let first = values(&folder);
    assert_eq!(first.len(), 72);
    assert!(first[0].starts_with("tiny,,random,0,0,20,accuracy,last,0."), "{}", first[0]);

    // Every trial queries 20 different images per round.
    for seed in 0..2 {
        for sampler in ["random", "entropy", "core-set", "pretext-batch"] {
            let text = queries(&folder, &format!("{sampler}-seed{seed}"));
            let mut rounds: BTreeMap<usize, usize> = BTreeMap::new();
            let mut seen = HashSet::new();
            for row in text.lines().skip(1) {
                let numbers: Vec<usize> = row.split(',').map(|n| n.parse().unwrap()).collect();
                *rounds.entry(numbers[0]).or_default() += 1;
                assert!(numbers[2] < 200 && seen.insert(numbers[2]), "{row}");
            }
            assert_eq!(rounds, BTreeMap::from([(0, 20), (1, 20), (2, 20)]));
        }
    }
    // Samplers that start at random share the initial labels of a seed, and therefore all values of round 0.
    let initial = |trial: &str| queries(&folder, trial).lines().take(21).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(initial("random-seed0"), initial("entropy-seed0"));
    assert_eq!(initial("random-seed0"), initial("core-set-seed0"));
    assert_ne!(initial("random-seed0"), initial("random-seed1"));
    assert_ne!(initial("random-seed0"), initial("pretext-batch-seed0"));
    let round_0 = |sampler: &str| {
        let prefix = format!("tiny,,{sampler},0,0,");
        first.iter().filter_map(|v| v.strip_prefix(&prefix)).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(round_0("random"), round_0("entropy"));
    assert_ne!(round_0("random"), round_0("pretext-batch"));

    // In round i, pretext-batch queries images of the i-th third of the losses.
    let losses = std::fs::read_to_string(folder.join("pretext/seed-0.csv")).unwrap();
    let mut losses: Vec<(usize, f64)> = losses
        .lines()
        .skip(1)
        .map(|l| l.split_once(',').map(|(i, x)| (i.parse().unwrap(), x.parse().unwrap())).unwrap())
        .collect();
    assert_eq!(losses.len(), 200);
    losses.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let sizes = [67, 67, 66];
    for row in queries(&folder, "pretext-batch-seed0").lines().skip(1) {
        let numbers: Vec<usize> = row.split(',').map(|n| n.parse().unwrap()).collect();
        let start: usize = sizes[..numbers[0]].iter().sum();
        let batch = &losses[start..start + sizes[numbers[0]]];
        assert!(batch.iter().any(|l| l.0 == numbers[2]), "{row}");
    }

    // A second run in another folder gives the same bits. In the same folder nothing runs.
    place.succeeds("run tiny.toml --device cpu --jobs 2 --results again");
    assert_eq!(first, values(&place.path("again/tiny")));
    let records = std::fs::read(folder.join("records.csv")).unwrap();
    let output = place.succeeds("run tiny.toml --device cpu --jobs 2");
    assert!(stderr(&output).contains("nothing to run"), "{}", stderr(&output));
    assert_eq!(records, std::fs::read(folder.join("records.csv")).unwrap());

    // The merged records alone are enough to continue, as after a clone.
    std::fs::remove_dir_all(folder.join("trials")).unwrap();
    place.succeeds("run tiny.toml --device cpu --jobs 2");
    assert_eq!(records, std::fs::read(folder.join("records.csv")).unwrap());

    // `report` needs neither data nor caches.
    std::fs::remove_file(folder.join("curve.svg")).unwrap();
    assert_eq!(stdout(&place.succeeds("report results/tiny")).trim(), table.trim());
    assert!(folder.join("curve.svg").exists());
}

#[test]
fn only_some_trials_then_more_seeds_then_the_rest() {
    let place = Workplace::new();
    place.succeeds("run tiny.toml --device cpu --only ^random-seed0$");
    let folder = place.path("results/tiny");
    let first = values(&folder);
    assert_eq!(first.len(), 9);
    place.succeeds("run tiny.toml --device cpu --set seeds=[0,1,2] --only random|entropy-seed0");
    let second = values(&folder);
    assert_eq!(second.len(), 36);
    assert!(first.iter().all(|v| second.contains(v)));
    let none = place.pt4al("run tiny.toml --device cpu --set seeds=[0,1,2] --only nothing");
    assert!(!none.status.success() && stderr(&none).contains("named like random-seed0"), "{}", stderr(&none));
}

#[test]
fn three_selection_rules_are_recorded_in_each_round() {
    let place = Workplace::new();
    let select = "train.select={query='best-on-held-out',record=['last','best-on-test','best-on-held-out'],every=1,held-out=0.2}";
    place.succeeds(&format!("run tiny.toml --device cpu --only random-seed0 --set {select} --set train.epochs=4"));
    let folder = place.path("results/tiny");
    let values = values(&folder);
    assert_eq!(values.len(), 3 * 3 * 3);
    let value = |round: usize, metric: &str, select: &str| -> f64 {
        let prefix = format!("tiny,,random,0,{round},{},{metric},{select},", 20 * (round + 1));
        values.iter().find_map(|v| v.strip_prefix(&prefix)).unwrap().trim().parse().unwrap()
    };
    for round in 0..3 {
        assert_eq!(value(round, "epoch", "last"), 4.0);
        assert!(value(round, "accuracy", "best-on-test") >= value(round, "accuracy", "last"));
        assert!((1.0..=4.0).contains(&value(round, "epoch", "best-on-held-out")));
    }
    // Held-out labels do not change the values of the other rules.
    place.succeeds("run tiny.toml --device cpu --only random-seed0 --results alone --set train.epochs=4");
    let alone = crate::support::values(&place.path("alone/tiny"));
    let by_last = |values: &[String]| values.iter().filter(|v| v.contains(",last,")).cloned().collect::<Vec<_>>();
    assert_eq!(by_last(&values), by_last(&alone));
}

#[test]
fn plan_counts_and_measures() {
    let place = Workplace::new();
    let plan = stdout(&place.succeeds("plan tiny.toml --device cpu --jobs 1"));
    assert!(plan.contains("8 = 4 samplers x 2 seeds, and 2 pretext learners"), "{plan}");
    assert!(plan.contains("60 of a pool of 200 images; test split of 60 images"), "{plan}");
    // 8 trials x (20 + 40 + 60 labels) x 2 epochs, and 2 learners x 200 images x 4 rotations x 1 epoch.
    assert!(plan.contains("train on  0.00 M image passes"), "{plan}");
    for part in
        ["images/s trained", "time      about", "MiB a process", "disk", "MB of checkpoints while it runs, 1 process"]
    {
        assert!(plan.contains(part), "{plan}");
    }
}

#[test]
fn plans_of_long_experiments_compare_other_threads_and_precisions() {
    let place = Workplace::with(&in_double_precision(TINY));
    // Long on any machine.
    let plan = "plan tiny.toml --device cpu --set threads=2 --set train.epochs=1000000";
    let output = place.succeeds(plan);
    let text = stdout(&output);
    let line = |label: &str| text.lines().find(|line| line.starts_with(label));
    if stderr(&output).contains("other threads and precisions are not measured") {
        assert!(line("threads  ").is_none() && line("precision").is_none(), "{text}");
    } else {
        let threads = line("threads  ").unwrap_or_else(|| panic!("{text}"));
        assert!(threads.contains("2 threads x ") && threads.contains("; 1 thread x "), "{text}");
        assert!(line("precision f64: ").is_some_and(|line| line.contains("; f32 ")), "{text}");
    }
    // With --jobs, other numbers of threads are not measured.
    let text = stdout(&place.succeeds(&format!("{plan} --jobs 1")));
    assert!(text.contains("scored: 1 process on cpu, 2 threads each") && !text.contains("threads   "), "{text}");
    // For short experiments nothing else is measured.
    let text = stdout(&place.succeeds("plan tiny.toml --device cpu --jobs 2 --set train.epochs=1"));
    assert!(text.contains("scored: 2 side by side on cpu") && !text.contains("precision"), "{text}");
}

#[test]
fn data_sets_are_listed() {
    let place = Workplace::new();
    let list = stdout(&place.succeeds("data list --data nowhere"));
    assert!(list.contains("cifar10       missing") && list.contains("shapes        there"), "{list}");
}

#[test]
fn a_machine_without_a_gpu_is_checked_as_far_as_it_goes() {
    let place = Workplace::new();
    let output = place.pt4al("gpu-check tiny.toml --device cpu --python /no/such/python --out table.md");
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    for part in ["There is no GPU here", "| cpu, bf16 | ", "| f32 |  | 1 | ", "PyTorch is left out"] {
        assert!(text.contains(part), "{text:?} lacks {part:?}");
    }
    assert_eq!(text.trim_end(), std::fs::read_to_string(place.path("table.md")).unwrap().trim_end());
    fails(&place, "gpu-check tiny.toml --device cpu --out no/such/folder/table.md", "choose another --out");
}
