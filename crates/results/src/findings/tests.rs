use super::*;
use crate::report::testing::{accuracy, full, loaded, results_of, spec, spec_text, spec_with};
use crate::results::Rule;
use crate::spec::{Metric, Spec};
use crate::stats::Reach;
use crate::store::Record;

fn near(got: Option<f64>, expected: f64, error: f64) {
    assert!((got.unwrap() - expected).abs() < error, "{got:?} is not {expected}");
}

/// [`full`] with core-set better than random by 1, 2 and 3 points in the seeds 0, 1 and 2, in all rounds.
fn shifted() -> Vec<Record> {
    full()
        .into_iter()
        .filter(|row| row.sampler == "random")
        .flat_map(|row| {
            let better = Record {
                sampler: "core-set".into(),
                value: row.value.map(|v| v + 0.01 * (1 + row.seed) as f64),
                ..row.clone()
            };
            [row, better]
        })
        .collect()
}

/// Paired differences of 1, 2 and 3 points: t = 2 / (1 / sqrt(3)) = 3.4641, so p = 1 - t / sqrt(t^2 + 2) = 0.07418 with
/// two degrees of freedom. An unpaired test would be far from significant.
#[test]
fn arms_are_paired_by_seed_and_not_by_the_order_of_rows() {
    let mut rows = shifted();
    rows.reverse();
    let found = comparisons(&results_of(&spec(), rows));
    let shape: Vec<_> = found.iter().map(|c| (c.what, c.round, c.labeled, c.n)).collect();
    let rounds = [0, 1, 2].map(|round| (What::Round, Some(round), Some(200 * (round + 1)), 3));
    assert_eq!(shape[..2], [(What::Area, None, None, 3), (What::LastRound, Some(2), Some(600), 3)]);
    assert_eq!(shape[2..], rounds);
    for comparison in &found {
        assert_eq!((&*comparison.arm, &*comparison.versus, &*comparison.select), ("core-set", "random", "last"));
        near(Some(comparison.mean), 0.02, 1e-12);
        near(comparison.sd, 0.01, 1e-12);
        near(comparison.half_width(), 0.02484137711843754, 1e-10);
        near(comparison.t, 3.4641016151377544, 1e-6);
        near(comparison.p, 0.07417990022744848, 1e-9);
        assert!(!comparison.is_significant());
    }
    // One comparison in each of the first two families, three in the last: Holm's factor.
    near(found[0].p_holm, 0.07417990022744848, 1e-9);
    near(found[2].p_holm, 3.0 * 0.07417990022744848, 1e-9);
    // Core-set wins seven of the nine pairs of trials and ties one: (7 + 1/2) / 9. The interval needs five trials.
    near(found[1].improvement, 7.5 / 9.0, 1e-12);
    assert_eq!((found[1].improvement_low, found[2].improvement), (None, None));
}

#[test]
fn two_seeds_are_compared_but_not_tested() {
    let rows = shifted().into_iter().filter(|row| row.seed < 2).collect();
    for comparison in comparisons(&results_of(&spec(), rows)) {
        assert_eq!(
            (comparison.n, comparison.t, comparison.p, comparison.p_holm, comparison.improvement),
            (2, None, None, None, None)
        );
        assert!(comparison.low.is_some());
    }
    assert_eq!(
        comparisons(&results_of(&spec(), vec![accuracy("random", 0, 0, 0.5), accuracy("core-set", 1, 0, 0.5)])),
        []
    );
}

#[test]
fn pairs_share_a_protocol_or_a_sampler() {
    let spec = spec_with(
        "[variant.a]\ntrain.start = 'continue'\n[variant.b]\nsamplers = ['random', 'margin']\nchannels = 'bgr'",
    );
    let arms = ["random", "core-set", "random@a", "core-set@a", "random@b", "margin@b"];
    let results = results_of(&spec, arms.map(|arm| accuracy(arm, 0, 2, 0.5)).to_vec());
    let pairs: Vec<(String, String)> =
        comparisons(&results).into_iter().filter(|c| c.what == What::LastRound).map(|c| (c.arm, c.versus)).collect();
    let expected = [
        ("core-set", "random"),
        ("random@a", "random"),
        ("core-set@a", "core-set"),
        ("core-set@a", "random@a"),
        ("random@b", "random"),
        ("margin@b", "random@b"),
    ];
    assert_eq!(pairs, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
}

#[test]
fn arms_that_query_with_different_rules_are_each_compared_under_their_own() {
    let spec = spec_with("[variant.other]\nsamplers = ['random']\ntrain.select.query = 'best-on-test'");
    let best = |value| Record { select: "best-on-test".into(), ..accuracy("random@other", 0, 2, value) };
    let results =
        results_of(&spec, vec![accuracy("random", 0, 2, 0.25), accuracy("random@other", 0, 2, 0.375), best(0.75)]);
    let found: Vec<(String, f64)> =
        comparisons(&results).into_iter().filter(|c| c.what == What::LastRound).map(|c| (c.select, c.mean)).collect();
    assert_eq!(found, [("own".to_owned(), 0.5), ("last".to_owned(), 0.125)]);
}

#[test]
fn random_sampling_needs_more_labels_where_an_arm_is_better() {
    let found = efficiencies(&results_of(&spec(), full()), Metric::ACCURACY, Rule::One("last"));
    // Core-set has 35, 50 and 65 %, random sampling 30, 40 and 50 %, with 200, 400 and 600 labels.
    let shown: Vec<_> = found.iter().map(|e| (e.arm.as_str(), e.reference.as_str(), e.labeled)).collect();
    assert_eq!(shown, [("core-set", "random", 200), ("core-set", "random", 400), ("core-set", "random", 600)]);
    let Reach::At(labels) = found[0].needed.labels else { panic!("{found:?}") };
    near(Some(labels), 300.0, 1e-6);
    assert_eq!(found[2].needed.labels, Reach::Beyond(600.0));
    let alone = spec_with("[profile.none]");
    let without: Vec<Record> = full().into_iter().filter(|row| row.sampler == "core-set").collect();
    assert_eq!(efficiencies(&results_of(&alone, without), Metric::ACCURACY, Rule::One("last")), []);
}

#[test]
fn penalties_count_the_rounds_in_which_an_arm_is_better() {
    let mut rows = full();
    // Better by 15, 16 and 17 points in the last round; by the same number in all seeds before.
    rows.iter_mut().filter(|r| r.sampler == "core-set" && r.round == 2).for_each(|r| {
        r.value = r.value.map(|v| v + 0.01 * r.seed as f64);
    });
    let (arms, penalties) = penalties_of(&results_of(&spec(), rows), Metric::ACCURACY, Rule::One("last")).unwrap();
    assert_eq!(arms, ["random", "core-set"]);
    near(penalties.matrix[1][0], 1.0 / 3.0, 1e-12);
    near(penalties.matrix[0][1], 0.0, 1e-12);
}

fn spec_expecting(tables: &str) -> Spec {
    loaded(&format!("{}\n{tables}\n", spec_text()), None)
}

fn judged(tables: &str, rows: Vec<Record>) -> Vec<(Verdict, usize, Option<f64>, String)> {
    let found = judged_claims(&results_of(&spec_expecting(tables), rows));
    found.into_iter().map(|j| (j.verdict, j.n, j.measured.map(|v| (v * 1e4).round() / 1e4), j.note)).collect()
}

/// Random sampling ends at 50 ± 2.5 %.
#[test]
fn a_band_contains_the_whole_interval_none_of_it_or_a_part() {
    let band = |band: &str| {
        format!("[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random'\nat = 'last-round'\nband = {band}\n")
    };
    let all = [band("[0.47, 0.53]"), band("[0.6, 0.7]"), band("[0.51, 0.6]")].concat();
    let found = judged(&all, full());
    let verdicts: Vec<Verdict> = found.iter().map(|f| f.0).collect();
    assert_eq!(verdicts, [Verdict::Held, Verdict::DidNotHold, Verdict::Undecided]);
    assert!(found.iter().all(|f| (f.1, f.2) == (3, Some(0.5))), "{found:?}");
    assert_eq!(found[2].3, "The interval is only partly inside the band; more seeds would narrow it.");
    let two = full().into_iter().filter(|row| row.seed < 2).collect();
    let found = judged(&band("[0.0, 1.0]"), two);
    assert_eq!((found[0].0, &*found[0].3), (Verdict::Undecided, "2 seeds are too few; at least 3 are needed."));
}

#[test]
fn a_claim_that_was_not_measured_says_why() {
    let claim = |rest: &str| format!("[[expect]]\nclaim = 'c'\nsource = 's'\n{rest}\n");
    let all = [
        claim("sampler = 'random'\nat = { labeled = 10000 }\nband = [0.9, 1.0]"),
        claim("sampler = 'entropy'\nat = 'area'\nband = [0.9, 1.0]"),
        claim("sampler = 'random'\nbetter-than = 'core-set'\nat = 'area'"),
    ]
    .concat();
    let rows = full().into_iter().filter(|row| row.sampler == "random").collect();
    let found = judged(&all, rows);
    assert!(found.iter().all(|f| (f.0, f.1, f.2) == (Verdict::NotMeasured, 0, None)), "{found:?}");
    let notes: Vec<&str> = found.iter().map(|f| f.3.as_str()).collect();
    let expected = [
        "No round has 10,000 labels: the rounds here have 200, 400 and 600.",
        "entropy is not among the arms (random, core-set).",
        "No trial of core-set has finished all rounds yet.",
    ];
    assert_eq!(notes, expected);
}

#[test]
fn a_sampler_is_better_if_the_paired_difference_is_significant() {
    let better = |arm: &str, than: &str| {
        format!(
            "[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = '{arm}'\nbetter-than = '{than}'\nat = 'first-round'\n"
        )
    };
    let found = judged(&better("core-set", "random"), shifted());
    assert_eq!((found[0].0, found[0].1, found[0].2), (Verdict::Undecided, 3, Some(0.02)));
    assert!(found[0].3.starts_with("3 pairs with this spread detect a difference of "), "{found:?}");

    // Ten points better, and almost no spread.
    let clear: Vec<Record> = shifted()
        .into_iter()
        .map(|mut row| {
            if row.sampler == "core-set" {
                row.value = row.value.map(|v| v + 0.1 - 0.0099 * (1 + row.seed) as f64);
            }
            row
        })
        .collect();
    let both = [better("core-set", "random"), better("random", "core-set")].concat();
    let found = judged(&both, clear);
    assert_eq!([found[0].0, found[1].0], [Verdict::Held, Verdict::DidNotHold]);
    assert_eq!(found[0].3, "p < 0.001 (paired t-test, Holm-corrected over the 2 claims that are tested).");
}

/// Differences of 1, 2 and 3 points minus 8: t = -6 / (1 / sqrt(3)), so p = 0.0091 with two degrees of freedom.
#[test]
fn a_claim_names_the_family_over_which_its_p_is_corrected() {
    let worse = shifted().into_iter().map(|mut row| {
        if row.sampler == "core-set" {
            row.value = row.value.map(|v| v - 0.08);
        }
        row
    });
    let claim =
        "[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'core-set'\nbetter-than = 'random'\nat = 'last-round'\n";
    let found = judged(claim, worse.collect());
    assert_eq!(
        (found[0].0, &*found[0].3),
        (Verdict::DidNotHold, "p = 0.009 (paired t-test; no other claim is tested).")
    );
}

#[test]
fn a_note_on_many_rounds_names_the_first_and_the_last() {
    let spec = loaded(
        &format!(
            "{}[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random'\nat = {{ labeled = 50000 }}\nband = [0.9, 1.0]\n",
            spec_text().replace("count = 3", "count = 10").replace("= 200", "= 100")
        ),
        None,
    );
    let rows = vec![Record { labeled: 100, ..accuracy("random", 0, 0, 0.5) }];
    let found = judged_claims(&results_of(&spec, rows));
    assert_eq!(found[0].note, "No round has 50,000 labels: the 10 rounds here have 100 to 1,000, 100 more each.");
}

#[test]
fn a_claim_that_was_measured_on_train_images_says_so() {
    let tables = "[variant.other]\ntrain.select.images = 'train'\n[[expect]]\nclaim = 'c'\nsource = 's'\n\
                  sampler = 'random@other'\nat = 'last-round'\nband = [0.0, 1.0]\n";
    let rows = full().into_iter().map(|mut row| {
        row.sampler += "@other";
        row
    });
    let found = judged(tables, rows.collect());
    assert_eq!((found[0].0, &*found[0].3), (Verdict::Held, "random@other was evaluated on TRAIN images."));
}

#[test]
fn claims_are_validated_when_a_spec_is_loaded_and_are_in_no_hash() {
    let claim = "[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random'\nat = 'area'\n";
    let with = |rest: &str| spec_expecting(&format!("{claim}{rest}"));
    assert_eq!(
        with("band = [0.1, 0.2]\nselect = 'best-on-test'\n[check]\nsmallest-difference = 0.01").hash(),
        spec().hash()
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("small.toml");
    for (rest, part) in [
        ("", "`expect[0].claim` needs either `band` or `better-than`"),
        ("band = [0.1, 0.2]\nbetter-than = 'core-set'", "needs either"),
        ("band = [0.2, 0.1]", "`expect[0].band` is [0.2, 0.1]"),
        ("band = [92.6, 93.6]", "from 0 to 1"),
        ("better-than = 'random'", "is the arm itself"),
        ("band = [0.1, 0.2]\nmetric = 'miou'", "`expect[0].metric` is \"miou\"; it is one of accuracy"),
        ("band = [0.1, 0.2]\nselect = 'best'", "`expect[0].select` cannot be \"best\"; did you mean `best-on-test`?"),
        ("bnad = [0.1, 0.2]", "unknown key"),
        ("band = [0.1, 0.2]\n[check]\nsmallest-difference = 5", "`check.smallest-difference` is 5"),
    ] {
        std::fs::write(&path, format!("{}\n{claim}{rest}\n", spec_text())).unwrap();
        let source = crate::spec::Source { path: path.clone(), ..Default::default() };
        let message = format!("{:#}", crate::spec::load(&source).unwrap_err());
        assert!(message.contains(part) && !message.contains('\n'), "{message} lacks {part}");
    }
}
