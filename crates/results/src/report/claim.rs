//! Claims in words: what was asked for, what was measured, and under which selection rule.

use super::Metric;
use super::arm::{Images, images_of};
use super::difference::signed;
use super::metric::{metric_in_words, select_in_words};
use super::table::aligned;
use crate::findings::JudgedClaim;
use crate::spec::{At, Expectation, Spec};
use crate::words::{counted, thousands};

/// A row for each claim of the spec, and what each of them asks for.
pub(crate) fn claims_in_words(spec: &Spec, judgements: &[JudgedClaim]) -> String {
    if judgements.is_empty() {
        return "The spec makes no claim (`[[expect]]`) that these results could be held against.\n".into();
    }
    let mut grid = vec![["claim", "measured", "n", "verdict"].map(str::to_owned).to_vec()];
    let mut notes = String::new();
    for judgement in judgements {
        let expected = &judgement.expectation;
        grid.push(vec![
            format!("{} ({})", expected.claim, expected.source),
            measured(judgement),
            count(judgement),
            format!("**{}**", judgement.verdict.in_words()),
        ]);
        let images = images_of(spec, &[&expected.sampler]);
        let what = what(judgement.metric, images);
        let mut criterion = criterion(expected, &what, Some(spec.rounds.initial), judgement.metric.factor);
        // Without a rule of the source's, all arms are under their own.
        if expected.select.is_some() && judgement.measured.is_some() {
            criterion += &format!("; {}", rules_in_words(&judgement.rules, images));
        }
        notes += &format!("- {}: {criterion}.{}\n", expected.claim, remarks(judgement, images));
    }
    format!("{}\n{notes}", aligned(&grid))
}

/// `44.6 ± 2.5 %`, or `+1.3 ± 2.0 points` for a difference.
pub(super) fn measured(judgement: &JudgedClaim) -> String {
    judgement.measured.map_or_else(|| "-".into(), |value| amount(judgement, value, judgement.half_width))
}

/// A value in the claim's unit, with half its interval.
pub(super) fn amount(judgement: &JudgedClaim, value: f64, half_width: Option<f64>) -> String {
    let factor = judgement.metric.factor;
    let (value, unit) = match judgement.expectation.band {
        Some(_) => (format!("{:.1}", value * factor), "%"),
        None => (signed(value * factor), "points"),
    };
    let half = half_width.map_or(String::new(), |half| format!(" ± {:.1}", half * factor));
    format!("{value}{half} {unit}")
}

/// `3 seeds`, or `3 pairs` of a difference.
pub(super) fn count(judgement: &JudgedClaim) -> String {
    match judgement.n {
        0 => "-".into(),
        n => of_these(judgement, n),
    }
}

/// `3 seeds`, or `3 pairs`.
pub(super) fn of_these(judgement: &JudgedClaim, n: usize) -> String {
    counted(n, if judgement.expectation.band.is_some() { "seed" } else { "pair" })
}

/// `test accuracy`
pub(super) fn what(metric: Metric, images: Images) -> String {
    metric_in_words(metric.label, images).trim_end_matches(" (%)").to_owned()
}

/// What would have to be so of `what`: `test accuracy of pretext-batch with 10,000 labels, within 92.6 to 93.6 %`.
pub(super) fn criterion(expected: &Expectation, what: &str, initial: Option<usize>, factor: f64) -> String {
    let at = match (expected.at, initial) {
        (At::Labeled(labeled), _) => format!("with {} labels", thousands(labeled)),
        (At::FirstRound, Some(initial)) => format!("with the initial {} labels", thousands(initial)),
        (At::FirstRound, None) => "with the initial labels".into(),
        (At::LastRound, _) => "after the last round".into(),
        (At::Area, _) => "on the mean of the budget curve (its area)".into(),
    };
    let arm = &expected.sampler;
    match (&expected.band, &expected.better_than) {
        (Some([low, high]), _) => {
            format!("{what} of {arm} {at}, within {:.1} to {:.1} %", low * factor, high * factor)
        }
        (None, other) => format!("{what} of {arm} {at}, above that of {}", other.as_deref().unwrap_or_default()),
    }
}

/// The rules that values are under: `last epoch`.
pub(super) fn rules_in_words(rules: &[&str], images: Images) -> String {
    rules.iter().map(|rule| select_in_words(rule, images)).collect::<Vec<_>>().join(" and ")
}

/// What a reader must know of a judgement, in sentences that begin with a space: its note, and its value under the arms' own rule.
pub(super) fn remarks(judgement: &JudgedClaim, images: Images) -> String {
    let mut text = if judgement.note.is_empty() { String::new() } else { format!(" {}", judgement.note) };
    if let Some(own) = &judgement.own {
        let whose = if judgement.expectation.better_than.is_some() { "the arms'" } else { "the arm's" };
        text += &format!(
            " Under {whose} own rule ({}), which does not decide: {} ({}).",
            rules_in_words(&own.rules, images),
            amount(judgement, own.measured, own.half_width),
            of_these(judgement, own.n)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::testing::{full, loaded, results_of, spec_text};
    use super::*;
    use crate::findings::judged_claims;
    use crate::store::Record;

    fn text(more: &str, rows: Vec<Record>) -> String {
        let spec = loaded(&format!("{}\n{more}\n", spec_text()), None);
        claims_in_words(&spec, &judged_claims(&results_of(&spec, rows)))
    }

    fn claim(rest: &str) -> String {
        format!("[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random'\nat = 'last-round'\n{rest}\n")
    }

    /// [`full`], and under best-on-test as much again, four points higher.
    fn both_rules() -> Vec<Record> {
        let best = full().into_iter().map(|row| Record {
            select: "best-on-test".into(),
            value: row.value.map(|v| v + 0.04),
            ..row
        });
        full().into_iter().chain(best).collect()
    }

    #[test]
    fn the_rule_of_the_source_decides_and_the_arms_own_stands_beside_it() {
        let band = claim("band = [0.51, 0.57]\nselect = 'best-on-test'");
        let found = text(&band, both_rules());
        assert!(found.contains("| c (s) | 54.0 ± 2.5 % | 3 seeds | **held** |"), "{found}");
        let note = "- c: test accuracy of random after the last round, within 51.0 to 57.0 %; best epoch on the test images \
                    (optimistic). Under the arm's own rule (last epoch), which does not decide: 50.0 ± 2.5 % (3 seeds).\n";
        assert!(found.ends_with(note), "{found}");
        let without = text(&claim("band = [0.51, 0.57]"), both_rules());
        assert!(without.contains("50.0 ± 2.5 %") && !without.contains("own rule"), "{without}");
        let same = text(&claim("band = [0.51, 0.57]\nselect = 'last'"), both_rules());
        assert!(same.contains("within 51.0 to 57.0 %; last epoch.") && !same.contains("own rule"), "{same}");
    }

    #[test]
    fn a_difference_is_of_both_arms_under_the_rule_of_the_source() {
        let better = claim("better-than = 'core-set'\nselect = 'best-on-test'");
        let mut rows = both_rules();
        // Of core-set's last epochs alone.
        rows.iter_mut().filter(|r| r.sampler == "core-set" && r.select == "last").for_each(|r| {
            r.value = r.value.map(|v| v + 0.1);
        });
        let found = text(&better, rows);
        assert!(found.contains("| -15.0 ± 0.0 points | 3 pairs |"), "{found}");
        assert!(
            found.contains(
                " Under the arms' own rule (last epoch), which does not decide: -25.0 ± 0.0 points (3 pairs)."
            ),
            "{found}"
        );
    }

    #[test]
    fn a_rule_that_is_not_recorded_gives_way_to_the_arms_own_and_the_note_says_so() {
        let band = claim("band = [0.4, 0.6]\nselect = 'best-on-held-out'");
        let found = text(&band, both_rules());
        assert!(found.contains("| 50.0 ± 2.5 % | 3 seeds | **held** |"), "{found}");
        let note = "within 40.0 to 60.0 %; last epoch. The source uses the selection rule `best-on-held-out`, which \
                    these results do not record; the claim is judged under the arm's own rule, `last`.\n";
        assert!(found.ends_with(note), "{found}");
    }
}
