//! The claims of a spec, each with its criterion and what was measured.

use crate::findings::{JudgedClaim, Verdict};
use crate::report::page::{Block, Cell, ClaimLine, Claims, Column, Table};
use crate::report::words::arm::images_of;
use crate::report::words::capitalised;
use crate::report::words::claim::{
    amount, criterion, measured, metric_name, remarks, rules_in_words, sample_size, seeds_or_pairs,
};
use crate::spec::Spec;

/// A sentence for each claim, the measured ones first, in which its criterion folds out; a sentence if the spec makes no
/// claim.
pub(crate) fn claims(spec: &Spec, judged_claims: &[JudgedClaim]) -> Vec<Block> {
    if judged_claims.is_empty() {
        let nothing = "The spec makes no claim (`[[expect]]`).";
        return vec![Block::paragraph(nothing)];
    }
    let (unmeasured, measured): (Vec<&JudgedClaim>, Vec<&JudgedClaim>) =
        judged_claims.iter().partition(|judged| judged.verdict == Verdict::NotMeasured);
    let mut claims: Vec<ClaimLine> = measured.into_iter().map(|judged| line(spec, judged)).collect();
    match unmeasured.as_slice() {
        [] => {}
        [only] => claims.push(line(spec, only)),
        several => claims.push(together(spec, several)),
    }
    vec![Block::Claims(Claims { claims, table: table(judged_claims) })]
}

/// `PT4AL beats random sampling (the paper): -3.6 ± 2.3 points (5 pairs)`, with the criterion.
fn line(spec: &Spec, judged: &JudgedClaim) -> ClaimLine {
    let mut sentence = name(judged);
    if let Some(value) = judged.measured {
        let value = amount(judged, value, judged.half_width);
        sentence += &format!(": {value} ({})", seeds_or_pairs(judged, judged.n));
    }
    ClaimLine {
        verdict: judged.verdict,
        words: judged.verdict.in_words().into(),
        sentence: sentence.into(),
        details: vec![capitalised(&full_criterion(spec, judged)).into()],
    }
}

/// Claims without a value, on one line.
fn together(spec: &Spec, judged_claims: &[&JudgedClaim]) -> ClaimLine {
    let names: Vec<String> = judged_claims.iter().map(|judged| name(judged)).collect();
    let detail =
        |judged: &&JudgedClaim| format!("{}: {}", judged.expectation.claim, full_criterion(spec, judged)).into();
    ClaimLine {
        verdict: Verdict::NotMeasured,
        words: Verdict::NotMeasured.in_words().into(),
        sentence: names.join("; ").into(),
        details: judged_claims.iter().map(detail).collect(),
    }
}

/// A claim with its source.
fn name(judged: &JudgedClaim) -> String {
    format!("{} ({})", judged.expectation.claim, judged.expectation.source)
}

/// When the claim holds, and what a reader may want to know beside the verdict.
fn full_criterion(spec: &Spec, judged: &JudgedClaim) -> String {
    let expected = &judged.expectation;
    let images = images_of(spec, &[&expected.sampler]);
    let metric = metric_name(judged.metric, images);
    let mut criterion = criterion(expected, &metric, Some(spec.rounds.initial), judged.metric.factor);
    // Without a rule of the source, each arm is under its own, which the page names elsewhere.
    if expected.select.is_some() && judged.measured.is_some() {
        criterion += &format!("; {}", rules_in_words(&judged.rules, images));
    }
    format!("{criterion}.{}", remarks(judged, images))
}

/// A row for each claim, in the order of the spec.
fn table(judged_claims: &[JudgedClaim]) -> Table {
    let mut table = Table::new("claims", Column::all(["claim", "measured", "n", "verdict"]));
    for judged in judged_claims {
        let verdict = Cell::Verdict(judged.verdict, judged.verdict.in_words().into());
        table.push(name(judged), [measured(judged), sample_size(judged), verdict]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::judged_claims;
    use crate::report::page::markdown;
    use crate::report::testing::{full, loaded, results_of, spec_text};
    use crate::store::Record;

    fn text(more: &str, rows: Vec<Record>) -> String {
        let spec = loaded(&format!("{}\n{more}\n", spec_text()), None);
        markdown(&claims(&spec, &judged_claims(&results_of(&spec, rows))))
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
        assert!(found.contains("- **held**: c (s): 54.0 ± 2.5 % (3 seeds)\n"), "{found}");
        let note = "  - Test accuracy of random after the last round, within 51.0 to 57.0 %; best epoch on the test images \
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
        // Only the last epochs of core-set.
        rows.iter_mut().filter(|r| r.sampler == "core-set" && r.select == "last").for_each(|r| {
            r.value = r.value.map(|v| v + 0.1);
        });
        let found = text(&better, rows);
        assert!(found.contains(": -15.0 ± 0.0 points (3 pairs)\n"), "{found}");
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
        assert!(found.contains("- **held**: c (s): 50.0 ± 2.5 % (3 seeds)\n"), "{found}");
        let note = "within 40.0 to 60.0 %; last epoch. The source uses the selection rule `best-on-held-out`, which \
                    these results do not record; the claim is judged under the arm's own rule, `last`.\n";
        assert!(found.ends_with(note), "{found}");
    }

    #[test]
    fn claims_without_a_value_stand_together_behind_the_others() {
        let at =
            |labels: usize| claim("band = [0.4, 0.6]").replace("'last-round'", &format!("{{ labeled = {labels} }}"));
        let found = text(&format!("{}{}{}", at(7000), at(8000), claim("band = [0.4, 0.6]")), full());
        assert!(found.starts_with("- **held**: c (s): 50.0"), "{found}");
        assert!(found.contains("\n- **not measured**: c (s); c (s)\n  - c: test accuracy of random with 7,000 labels"));
        let spec = loaded(&format!("{}\n{}{}\n", spec_text(), at(7000), claim("band = [0.4, 0.6]")), None);
        let blocks = claims(&spec, &judged_claims(&results_of(&spec, full())));
        let [Block::Claims(shown)] = blocks.as_slice() else { panic!("{blocks:?}") };
        assert_eq!(
            shown.claims.iter().map(|line| line.verdict).collect::<Vec<_>>(),
            [Verdict::Held, Verdict::NotMeasured]
        );
        assert_eq!(shown.table.rows[0].last(), Some(&Cell::Verdict(Verdict::NotMeasured, "not measured".into())));
    }
}
