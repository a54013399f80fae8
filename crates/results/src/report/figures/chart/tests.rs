use super::*;
use crate::report::testing::{accuracy, findings, full, spec, spec_with};

#[test]
fn differences_are_paired_by_seed_and_have_the_sign_of_the_reference_arm() {
    // Random is named last, so the comparison is stored the other way round.
    let mut spec = spec();
    spec.samplers.reverse();
    for spec in [spec, crate::report::testing::spec()] {
        let mut rows = full();
        // The difference of seed 2 is larger by 0.03.
        rows.iter_mut().filter(|row| row.sampler == "core-set" && row.seed == 2).for_each(|row| {
            row.value = row.value.map(|value| value + 0.03);
        });
        let chart = chart(&findings(&spec, rows)).unwrap();
        let view = &chart.views[0];
        let reference = view.reference.as_ref().unwrap();
        assert_eq!(chart.arms[reference.arm].name, "random");
        assert_eq!(reference.label, "difference to random, test accuracy (points)");
        let differences =
            |name: &str| &view.arms.iter().find(|arm| chart.arms[arm.arm].name == name).unwrap().differences;
        assert!(differences("random").is_empty());
        // Differences of 5, 5 and 8 points: the mean is 6, half the interval is 1.7321 * 4.3027 / sqrt(3).
        assert_eq!(differences("core-set")[0], (200, 6.0, Some(1.6973), Some(10.3027), 3));
        let means: Vec<(usize, f64)> = differences("core-set").iter().map(|p| (p.0, p.1)).collect();
        assert_eq!(means, [(200, 6.0), (400, 11.0), (600, 16.0)]);
    }
}

#[test]
fn without_random_the_first_arm_is_the_reference_and_one_arm_has_none() {
    let mut first = spec_with("[variant.other]\ntrain.start = 'continue'");
    first.samplers.remove(0);
    let rows: Vec<_> = full().into_iter().filter(|row| row.sampler == "core-set").collect();
    let mut both = rows.clone();
    both.extend(rows.iter().cloned().map(|mut row| {
        row.sampler = "random@other".into();
        row
    }));
    let chart = chart(&findings(&first, both)).unwrap();
    // The variant's random is another sampler under another protocol: nothing compares it with core-set.
    assert_eq!(chart.views[0].reference, None);
    assert_eq!(findings(&first, rows).reference_arm(), "core-set");

    let alone: Vec<_> = full().into_iter().filter(|row| row.sampler == "random").collect();
    assert_eq!(super::chart(&findings(&spec(), alone)).unwrap().views[0].reference, None);
}

#[test]
fn trials_have_a_value_for_each_point_or_a_gap() {
    let mut rows = full();
    rows.retain(|row| (row.sampler.as_str(), row.seed, row.round) != ("random", 1, 2));
    let chart = chart(&findings(&spec(), rows)).unwrap();
    let random = &chart.views[0].arms[0];
    assert_eq!(random.seeds, [0, 1, 2]);
    let expected =
        [[Some(29.0), Some(39.0), Some(49.0)], [Some(30.0), Some(40.0), None], [Some(31.0), Some(41.0), Some(51.0)]];
    assert_eq!(random.trials, expected);
}

#[test]
fn one_seed_has_no_trials_beside_its_points() {
    let rows: Vec<_> = full().into_iter().filter(|row| row.seed == 0).collect();
    let chart = chart(&findings(&spec(), rows)).unwrap();
    let random = &chart.views[0].arms[0];
    assert_eq!((random.points.len(), random.seeds.len(), random.trials.len()), (3, 0, 0));
}

#[test]
fn few_arms_are_all_chosen_and_of_many_the_first_the_claimed_and_the_most_different() {
    assert_eq!(chosen_arms(&findings(&spec(), full()), &["random", "core-set"]), [true, true]);

    let variants: Vec<String> = (0..10).map(|i| format!("v{i}")).collect();
    let mut tables: String = variants
        .iter()
        .enumerate()
        .map(|(i, v)| format!("[variant.{v}]\nsamplers = ['random']\ntrain.epochs = {}\n", i + 2))
        .collect();
    tables += "[[expect]]\nclaim = 'a'\nsource = 'b'\nsampler = 'random@v9'\nat = 'area'\nbetter-than = 'random'\n";
    let mut rows = full();
    // Equal differences of all seeds cannot be tested.
    rows.iter_mut().filter(|row| row.sampler == "core-set" && row.seed == 2).for_each(|row| {
        row.value = row.value.map(|value| value + 1e-4);
    });
    // v0 differs by 0, v1 by 1 point, and so on; the seeds agree nearly.
    for (i, variant) in variants.iter().enumerate() {
        for (seed, round) in (0..3).flat_map(|seed| (0..3).map(move |round| (seed, round))) {
            let off = 0.01 * (seed as f64 - 1.0) + 1e-4 * ((seed * 7 + i as u64) % 3) as f64;
            rows.push(accuracy(
                &format!("random@{variant}"),
                seed,
                round,
                0.3 + 0.1 * round as f64 + 0.01 * i as f64 + off,
            ));
        }
    }
    let findings = findings(&spec_with(&tables), rows);
    let chart = chart(&findings).unwrap();
    let chosen: Vec<&str> = chart.arms.iter().filter(|arm| arm.chosen).map(|arm| arm.name.as_str()).collect();
    assert_eq!(chosen, ["random", "core-set", "random@v6", "random@v7", "random@v8", "random@v9"]);
    assert_eq!(chart.arms.len(), 12);
    // Chosen arms have the first colours; none has that of another.
    let colors: std::collections::HashSet<&str> =
        chart.arms.iter().filter(|arm| arm.chosen).map(|arm| arm.look.color.as_str()).collect();
    assert_eq!(colors.len(), 6);
    assert_eq!(chart.arms[0].look, Look::of(&Style::ours(0)));
    assert_eq!(chart.arms[2].look, Look::of(&Style::ours(6)));
}

#[test]
fn many_trials_make_a_small_chart() {
    let mut spec = spec_with("[variant.other]\ntrain.start = 'continue'");
    spec.seeds = (0..20).collect();
    spec.rounds.count = 10;
    spec.rounds.initial = 50;
    spec.rounds.query = 50;
    let arms = ["random", "core-set", "random@other", "core-set@other"];
    let mut rows = Vec::new();
    for (i, arm) in arms.into_iter().enumerate() {
        for (seed, round) in (0..20).flat_map(|seed| (0..10).map(move |round| (seed, round))) {
            let value = 0.3 + 0.031 * round as f64 + 0.01 * i as f64 + 0.001_234_567 * seed as f64;
            let mut row = accuracy(arm, seed, round, value);
            row.labeled = 50 * (round + 1);
            rows.push(row);
        }
    }
    let json = data(&findings(&spec, rows)).unwrap();
    assert!(json.len() < 16_000, "{}", json.len());
    assert_eq!(json.matches("\"trials\"").count(), 4);
}
