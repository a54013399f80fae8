//! Which differences are significant, and which ones the seeds could not detect.

use crate::findings::{Comparison, DetectableDifference, What, detectable_difference};
use crate::report::findings::Findings;
use crate::report::page::{Block, Number, Section};
use crate::report::words::{PLUS_MINUS, capitalised};
use crate::results::Rule;
use crate::spec::Metric;
use crate::stats::LEAST_PAIRS;
use crate::words::counted;

/// Which arms differ significantly, and which differences so many seeds could not detect; empty with one arm.
pub(super) fn section(findings: &Findings) -> Section {
    if findings.results.arms().len() < 2 {
        return Section::default();
    }
    let mut blocks = significance(findings);
    if has_intervals(findings) {
        blocks.push(Block::paragraph(PLUS_MINUS));
    }
    Section::new("Significance", blocks)
}

/// The comparisons of one kind that the page is about: of the primary metric, under the rule that is reported first.
pub(super) fn family(findings: &Findings, what: What) -> Vec<&Comparison> {
    let metric = findings.primary_metric();
    let is_shown = |c: &&Comparison| c.metric == metric.name && c.select == findings.rule().name() && c.what == what;
    findings.comparisons.iter().filter(is_shown).collect()
}

/// The kinds of comparisons that are summed up, in words. The area of one round is its value.
fn kinds(findings: &Findings) -> Vec<(What, &'static str)> {
    let area = (What::Area, "areas under the budget curve");
    let last = (What::LastRound, "values after the last round");
    if findings.spec().rounds.count > 1 { vec![area, last] } else { vec![last] }
}

/// Whether a significant difference is shown with its interval.
fn has_intervals(findings: &Findings) -> bool {
    let is_shown = |c: &&Comparison| c.is_significant() && c.half_width().is_some();
    kinds(findings).into_iter().any(|(what, _)| family(findings, what).iter().any(is_shown))
}

/// Which arms differ significantly, over the whole curve and after the last round, and which differences so many seeds
/// could not detect.
fn significance(findings: &Findings) -> Vec<Block> {
    let metric = findings.primary_metric();
    let sentences = kinds(findings)
        .into_iter()
        .map(|(what, words)| family_in_words(findings, &family(findings, what), words, metric));
    let mut blocks = vec![Block::list(sentences)];
    if findings.rule() == Rule::Own {
        blocks.push(Block::paragraph(
            "Arms query with different selection rules, and each is compared under its own; the best epoch on the \
             evaluated images is optimistic.",
        ));
    }
    blocks
}

/// Which comparisons of a family are significant, and which differences they could not have detected: `Areas under the
/// budget curve: 1 of 6 comparisons is significant ...`.
fn family_in_words(findings: &Findings, family: &[&Comparison], words: &str, metric: Metric) -> String {
    let place = capitalised(words);
    if family.is_empty() {
        let why = match findings.rows.is_empty() {
            true => "no round has finished",
            false => "no two arms have a complete trial of the same seed",
        };
        return format!("{place}: nothing can be compared yet, because {why}.");
    }
    let tested = family.iter().filter(|c| c.p.is_some()).count();
    let untested = untested_in_words(family, tested);
    if tested == 0 {
        return format!("{place}: no comparison could be tested ({untested}).");
    }
    let significant: Vec<&&Comparison> = family.iter().filter(|c| c.is_significant()).collect();
    let mut text = match significant.len() {
        0 => format!(
            "{place}: no difference is significant at the 5 % level ({}, paired by seed, Holm-corrected).",
            counted(tested, "comparison")
        ),
        n => {
            let verb = if n == 1 { "is" } else { "are" };
            let all: Vec<String> = significant.iter().map(|c| difference_in_words(findings, c, metric)).collect();
            format!(
                "{place}: {n} of {} {verb} significant at the 5 % level (paired by seed, Holm-corrected): {}.",
                counted(tested, "comparison"),
                all.join("; ")
            )
        }
    };
    if let Some(DetectableDifference { n, single, corrected }) = detectable_difference(family) {
        let most = family.iter().map(|c| c.n).max().unwrap_or(n);
        let pairs = if most > n { format!("{n} or more pairs") } else { format!("{n} pairs") };
        let (single, corrected) = (single * metric.factor, corrected * metric.factor);
        text += &if tested > 1 {
            format!(
                " With {pairs} and the median spread of these comparisons, a single test detects a difference of \
                 {single:.1} points 90 % of the time ({corrected:.1} points after correction for all of them); smaller ones may go unseen."
            )
        } else {
            format!(
                " With {pairs} and this spread, a test detects a difference of {single:.1} points 90 % of the time; \
                 smaller ones may go unseen."
            )
        };
    }
    if !untested.is_empty() {
        text += &format!(" Not tested: {untested}.");
    }
    text
}

/// How many comparisons of a family were not tested, by reason; empty if all were.
fn untested_in_words(family: &[&Comparison], tested: usize) -> String {
    let few = family.iter().filter(|c| c.n < LEAST_PAIRS).count();
    let constant = family.len() - tested - few;
    let mut reasons = Vec::new();
    if few > 0 {
        reasons.push(format!("{few} with fewer than {LEAST_PAIRS} pairs, which are too few for a test"));
    }
    if constant > 0 {
        reasons.push(format!("{constant} whose differences do not vary over seeds"));
    }
    reasons.join(", and ")
}

/// `core-set against random: +2.0 ± 0.5 points`.
fn difference_in_words(findings: &Findings, comparison: &Comparison, metric: Metric) -> String {
    let half = comparison.half_width().map(|half| half * metric.factor);
    let difference = Number { unit: Some("points"), ..Number::difference(comparison.mean * metric.factor, half) };
    format!("{} against {}: {difference}", findings.marked(&comparison.arm), findings.marked(&comparison.versus))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{accuracy, findings, full, spec, spec_with};
    use crate::store::Record;

    fn text(variants: &str, rows: Vec<Record>) -> String {
        section(&findings(&spec_with(variants), rows)).markdown()
    }

    /// core-set above random by 1, 2 and 3 points; random@other by 1, 3 and 5.
    fn three_arms() -> Vec<Record> {
        let random: Vec<Record> = full().into_iter().filter(|row| row.sampler == "random").collect();
        let arm = |label: &str, step: u64| {
            let label = label.to_owned();
            let better = move |row: &Record| Record {
                sampler: label.clone(),
                value: row.value.map(|v| v + 0.01 * (1 + step * row.seed) as f64),
                ..row.clone()
            };
            random.iter().map(better).collect::<Vec<_>>()
        };
        [random.clone(), arm("core-set", 1), arm("random@other", 2)].concat()
    }

    const OTHER: &str = "[variant.other]\nsamplers = ['random']\ntrain.start = 'continue'";

    /// Spreads of 1 and 2 points have the median 1.5. With three pairs a t-test at 5 % finds 4.19 spreads 9 times in 10
    /// (`scipy.stats.nct`, as `stats::detectable` is checked), and at 2.5 % more.
    #[test]
    fn the_detectable_difference_is_that_of_the_median_spread() {
        let text = text(OTHER, three_arms());
        let alone = crate::stats::detectable(1.5, 3, 0.05, 0.9).unwrap();
        let among = crate::stats::detectable(1.5, 3, 0.025, 0.9).unwrap();
        let expected = format!(
            "Values after the last round: no difference is significant at the 5 % level (2 comparisons, paired by seed, \
             Holm-corrected). With 3 pairs and the median spread of these comparisons, a single test detects a difference of \
             {alone:.1} points 90 % of the time ({among:.1} points after correction for all of them); smaller ones may \
             go unseen.\n"
        );
        assert!(text.contains(&expected), "{text}");
    }

    #[test]
    fn comparisons_that_are_not_tested_are_counted_with_their_reason() {
        let rows = three_arms().into_iter().filter(|r| r.sampler != "random@other" || r.seed < 2).collect();
        let found = text(OTHER, rows);
        assert!(
            found.contains("Values after the last round: no difference is significant at the 5 % level (1 comparison,")
        );
        assert!(found.contains("Not tested: 1 with fewer than 3 pairs, which are too few for a test."), "{found}");
        let found = text("", full());
        let same =
            "Areas under the budget curve: no comparison could be tested (1 whose differences do not vary over seeds).";
        assert!(found.contains(same), "{found}");
        let one = text("", vec![accuracy("random", 0, 0, 0.5), accuracy("core-set", 0, 0, 0.5)]);
        let why = "Areas under the budget curve: nothing can be compared yet, because no two arms have a complete \
                   trial of the same seed.";
        assert!(one.contains(why), "{one}");
        assert!(text("", Vec::new()).contains("yet, because no round has finished."));
        let mut alone = spec();
        alone.samplers.truncate(1);
        let rows = full().into_iter().filter(|row| row.sampler == "random").collect();
        assert_eq!(section(&findings(&alone, rows)), Section::default());
    }

    #[test]
    fn arms_of_train_images_and_of_other_rules_are_told() {
        let rows = three_arms().into_iter().map(|mut row| {
            if row.sampler == "random@other" {
                row.value = row.value.map(|v| v + 0.1 - 0.019 * row.seed as f64);
                row.select = "best-on-test".into();
            }
            row
        });
        let variant =
            "[variant.other]\nsamplers = ['random']\ntrain.select = { query = 'best-on-test', images = 'train' }";
        let text = text(variant, rows.collect());
        assert!(text.contains(": random@other [TRAIN images] against random: +11."), "{text}");
        assert!(
            text.contains("\nArms query with different selection rules, and each is compared under its own"),
            "{text}"
        );
    }
}
