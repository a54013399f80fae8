//! The claims of a spec, each with its criterion and what was measured.

use crate::findings::JudgedClaim;
use crate::report::page::{Block, Cell, Column, Table};
use crate::report::words::arm::images_of;
use crate::report::words::claim::{criterion, measured, metric_name, remarks, rules_in_words, sample_size};
use crate::spec::Spec;

/// A row for each claim, then a list of their criteria; a sentence if the spec makes no claim.
pub(crate) fn claims(spec: &Spec, judged_claims: &[JudgedClaim]) -> Vec<Block> {
    if judged_claims.is_empty() {
        let nothing = "The spec makes no claim (`[[expect]]`).";
        return vec![Block::paragraph(nothing)];
    }
    let mut table = Table::new("claims", Column::all(["claim", "measured", "n", "verdict"]));
    let mut criteria = Vec::new();
    for judged in judged_claims {
        let expected = &judged.expectation;
        let verdict = Cell::Verdict(judged.verdict, judged.verdict.in_words().into());
        let name = format!("{} ({})", expected.claim, expected.source);
        table.push(name, [measured(judged), sample_size(judged), verdict]);
        let images = images_of(spec, &[&expected.sampler]);
        let metric = metric_name(judged.metric, images);
        let mut criterion = criterion(expected, &metric, Some(spec.rounds.initial), judged.metric.factor);
        // Without a rule of the source, each arm is under its own, which the page names elsewhere.
        if expected.select.is_some() && judged.measured.is_some() {
            criterion += &format!("; {}", rules_in_words(&judged.rules, images));
        }
        criteria.push(format!("{}: {criterion}.{}", expected.claim, remarks(judged, images)));
    }
    vec![Block::Table(table), Block::list(criteria)]
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
        // Only the last epochs of core-set.
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
