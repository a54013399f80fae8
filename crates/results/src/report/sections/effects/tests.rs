use super::*;
use crate::report::figures::picture;
use crate::report::testing::pictures::assert_looks_like;
use crate::report::testing::{accuracy, assert_well_formed, findings, full, spec, spec_with};
use crate::spec::{PretextBatchSpec, SamplerSpec, Spec, Within};
use crate::store::Record;

/// Whether a page has a forest plot.
fn is_wanted(findings: &Findings) -> bool {
    !measures(findings).is_empty()
}

const OTHER: &str = "[variant.other]\ntrain.start = 'continue'";

/// Records of an arm in all three rounds, from the differences in points to an arm of 0.3, by seed.
fn above(arm: &str, points: [f64; 3]) -> Vec<Record> {
    let rows = (0..9).map(|i| (i / 3, i as usize % 3));
    rows.map(|(seed, round)| accuracy(arm, seed, round, 0.3 + points[seed as usize] / 100.0)).collect()
}

fn findings_of(spec: &Spec, arms: &[(&str, [f64; 3])]) -> Findings {
    findings(spec, arms.iter().flat_map(|(arm, points)| above(arm, *points)).collect())
}

/// Name, mean and mark of significance.
type Row<'a> = (&'a str, f64, bool);

/// The heading and the rows of each group.
fn shown(effects: &Effects) -> Vec<(&str, Vec<Row<'_>>)> {
    effects
        .groups
        .iter()
        .map(|group| {
            let rows = group.rows.iter().map(|row| (row.name.as_str(), row.mean, row.significant));
            (group.heading.as_str(), rows.collect())
        })
        .collect()
}

#[test]
fn variants_are_compared_with_their_own_protocol_and_samplers_with_random_sampling() {
    let found = findings_of(
        &spec_with(OTHER),
        &[
            ("random", [0.0, 0.0, 0.0]),
            ("core-set", [1.0, 2.0, 3.0]),
            ("random@other", [4.0, 4.1, 4.2]),
            ("core-set@other", [-1.0, 0.0, 1.0]),
        ],
    );
    let effects = effects(&found, Measure::Area).unwrap();
    assert_eq!(
        shown(&effects),
        [
            (
                "Difference to the same sampler under the experiment's protocol",
                vec![("random@other", 4.1, true), ("core-set@other", -2.0, false)]
            ),
            (
                "core-set: difference to random under the same protocol",
                vec![("the experiment's protocol", 2.0, false), ("other", -4.1, true)]
            ),
        ]
    );
    // sd 1, half an interval 4.302652729911275 / sqrt(3).
    let first = &effects.groups[1].rows[0];
    assert_eq!((first.interval, first.n, first.shown.as_str()), (Some((-0.4841, 4.4841)), 3, "+2.0 ± 2.5"));
    assert_eq!((effects.title.as_str(), effects.measure), ("Paired differences: area under the budget curve", "area"));
    assert_eq!(effects.subtitle, "Test accuracy, last epoch; 3 seeds");
    assert_eq!(effects.x_label, "difference in test accuracy (points)");
    assert!(effects.caption.starts_with("n = 3 pairs, one for each seed") && !effects.caption.contains('`'));
    assert!(effects.caption.contains("not corrected for multiple comparisons"), "{}", effects.caption);
}

#[test]
fn all_that_is_known_of_a_difference_is_told_in_words() {
    let found = findings_of(
        &spec_with(OTHER),
        &[("random", [0.0; 3]), ("random@other", [1.0, 2.0, 3.0]), ("core-set", [1.0; 3])],
    );
    let effects = effects(&found, Measure::LastRound).unwrap();
    let row = &effects.groups[0].rows[0];
    assert_eq!(effects.groups[0].heading, "random: difference to the experiment's protocol");
    assert_eq!((row.name.as_str(), row.arm.as_str(), row.versus.as_str()), ("other", "random@other", "random"));
    // t = 3.46 with 2 degrees of freedom.
    let words = ["random@other - random", "+2.0 points", "95 % interval -0.5 to +4.5", "n = 3 pairs"];
    assert_eq!(row.words[..4], words);
    assert_eq!(row.words[4], "p (Holm) = 0.074: not significant");
    assert_eq!(effects.title, "Paired differences after the last round (600 labels)");
    let constant = &effects.groups[1].rows[0];
    assert_eq!(constant.words[4], "not tested: the differences do not vary");
    assert_eq!(effects.groups[1].heading, "Difference to random, under the experiment's protocol");
}

#[test]
fn the_sign_is_right_where_random_sampling_is_not_the_first_sampler() {
    let mut spec = spec_with(OTHER);
    spec.samplers.reverse();
    let found =
        findings_of(&spec, &[("random", [0.0; 3]), ("core-set", [1.0, 2.0, 3.0]), ("core-set@other", [2.0; 3])]);
    let stored = found.comparisons.iter().find(|c| c.arm == "random" && c.what == crate::findings::What::Area).unwrap();
    assert!((stored.mean + 0.02).abs() < 1e-9 && stored.high.unwrap() > stored.low.unwrap());
    let effects = effects(&found, Measure::Area).unwrap();
    let row = &effects.groups[1].rows[0];
    assert_eq!((row.name.as_str(), row.mean, row.interval), ("core-set", 2.0, Some((-0.4841, 4.4841))));
    assert_eq!(row.words[0], "core-set - random");
}

#[test]
fn arms_on_train_images_are_marked_and_arms_without_a_counterpart_are_named() {
    let spec = spec_with(
        "[variant.other]\nsamplers = ['core-set', 'margin']\ntrain.select = { query = 'last', images = 'train' }",
    );
    let found = findings_of(
        &spec,
        &[
            ("core-set", [0.0; 3]),
            ("core-set@other", [1.0, 2.0, 3.0]),
            ("margin@other", [0.0; 3]),
            ("random", [0.0; 3]),
        ],
    );
    let effects = effects(&found, Measure::Area).unwrap();
    let row = &effects.groups[0].rows[0];
    assert_eq!((row.name.as_str(), row.mark), ("other", "[TRAIN images]"));
    assert_eq!(row.words[0], "core-set@other [TRAIN images] - core-set");
    assert!(effects.caption.ends_with(" Compared with no other arm: margin@other."), "{}", effects.caption);
    assert!(effects.subtitle.ends_with("labels among TRAIN images were trained on"), "{}", effects.subtitle);
}

#[test]
fn it_is_wanted_with_variants_or_many_arms_once_two_can_be_compared() {
    assert!(!is_wanted(&findings(&spec(), full())));
    assert!(is_wanted(&findings(&spec_with(OTHER), full())));
    let one: Vec<Record> = full().into_iter().filter(|row| row.sampler == "random").collect();
    assert!(!is_wanted(&findings(&spec_with(OTHER), one.clone())));
    assert_eq!(forest(&findings(&spec_with(OTHER), one)).unwrap(), None);

    let mut spec = spec();
    let within = |within| SamplerSpec::PretextBatch(PretextBatchSpec { within });
    spec.samplers.extend([SamplerSpec::Margin, SamplerSpec::Entropy, SamplerSpec::LeastConfidence]);
    spec.samplers.push(within(Within::Entropy));
    assert!(!is_wanted(&findings(&spec, full())), "six arms");
    spec.samplers.push(within(Within::Margin));
    assert!(is_wanted(&findings(&spec, full())), "seven arms");
    let effects = effects(&findings(&spec, full()), Measure::Area).unwrap();
    assert_eq!(shown(&effects), [("Difference to random", vec![("core-set", 10.0, false)])]);
}

#[test]
fn the_browser_gets_every_measure_and_the_figure_shows_the_first() {
    let mut rows = full();
    rows.extend(above("random@other", [1.0, 2.0, 3.0]));
    let made = forest(&findings(&spec_with(OTHER), rows)).unwrap().unwrap();
    assert_eq!(made.figure.file, "forest.svg");
    assert_well_formed(&made.figure.svg);
    let data: serde_json::Value = serde_json::from_str(&made.data).unwrap();
    let measures: Vec<&str> =
        data["measures"].as_array().unwrap().iter().map(|m| m["label"].as_str().unwrap()).collect();
    assert_eq!(measures, ["area", "last round (600 labels)", "round 0 (200 labels)"]);
    assert!(made.figure.svg.contains("area under the budget curve"));
    assert_eq!(data["measures"][0]["groups"][1]["rows"][0]["mean"], 10.0);
    assert!(!made.data.contains('<'));
}

#[test]
fn one_round_is_compared_once_and_missing_pairs_are_told() {
    let mut spec = spec_with(OTHER);
    spec.rounds.count = 1;
    let mut rows: Vec<Record> = above("random", [0.0; 3]);
    rows.extend(above("random@other", [1.0, 2.0, 4.0]));
    rows.extend(above("core-set", [3.0; 3]));
    rows.retain(|row| row.round == 0 && (row.seed == 0 || row.sampler != "core-set"));
    let found = findings(&spec, rows);
    assert!(effects(&found, Measure::Area).is_some());
    let made = forest(&found).unwrap().unwrap();
    let data: serde_json::Value = serde_json::from_str(&made.data).unwrap();
    assert_eq!(data["measures"].as_array().unwrap().len(), 1);
    assert_eq!(data["measures"][0]["title"], "Paired differences with 200 labels");
    let row = &data["measures"][0]["groups"][1]["rows"][0];
    assert_eq!((&row["shown"], &row["interval"]), (&"+3.0 (n=1)".into(), &serde_json::Value::Null));
    assert!(row["words"][3].as_str().unwrap().starts_with("not tested"), "{row}");
    let caption = data["measures"][0]["caption"].as_str().unwrap();
    assert!(caption.contains("n = 3 pairs unless the row says otherwise"), "{caption}");
}

#[test]
fn the_forest_plot_looks_as_it_did() {
    let variants = "[variant.other]\ntrain.start = 'continue'\n[variant.third]\ntrain.start = 'continue'";
    let mut rows = full();
    rows.extend(above("random@other", [1.0, 2.0, 3.0]));
    rows.extend(above("random@third", [-4.0, 1.0, 0.5]));
    let found = findings(&spec_with(variants), rows);
    let drawn = forest::Forest::of(effects(&found, Measure::Area).unwrap()).unwrap();
    assert_looks_like("forest", &picture::png(&drawn).unwrap());
}
