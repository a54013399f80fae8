//! What a page opens on: the verdicts of the claims, or what was found where the spec makes none, and the warnings.

use super::claims::claims;
use super::significance::family;
use crate::findings::{Comparison, What};
use crate::report::findings::Findings;
use crate::report::page::{Block, Number};
use crate::report::summary::Row;
use crate::report::words::arm::Images;
use crate::report::words::claim::metric_name;
use crate::report::words::metric::seeds_in_words;
use crate::spec::Metric;
use crate::words::{counted, thousands};

/// The claims and their verdicts, or what was found; then what a reader must know before trusting the numbers.
pub(super) fn lead(findings: &Findings) -> Vec<Block> {
    let mut blocks = match findings.judged_claims.as_slice() {
        [] => found(findings).into_iter().map(Block::paragraph).collect(),
        judged_claims => claims(findings.spec(), judged_claims),
    };
    let warnings = findings.results.warnings().into_iter().chain(findings.warning());
    blocks.extend(warnings.chain(findings.other_data_note()).map(Block::warning));
    blocks
}

/// What was found, in sentences: which arm has the highest value with the most labels, and whether arms differ.
fn found(findings: &Findings) -> Vec<String> {
    let metric = findings.primary_metric();
    let rows = findings.rows(metric, findings.rule());
    let Some(labeled) = rows.iter().map(|row| row.labeled).max() else {
        return vec!["No round has finished yet.".into()];
    };
    // A value of train images is no rival to one of test images.
    let is_alike =
        |row: &&&Row| findings.images(&[]) != Images::Mixed || findings.images(&[&row.sampler]) == Images::Test;
    let last: Vec<&Row> = rows.iter().filter(|row| row.labeled == labeled).filter(is_alike).copied().collect();
    let mut sentences: Vec<String> = values(findings, &last, metric, labeled).into_iter().collect();
    sentences.extend(differences(findings, metric));
    sentences
}

/// `With 600 labels, core-set has the highest test accuracy, 65.0 ± 2.5 %; random has 50.0 ± 2.5 % (3 seeds).` `None`
/// without rows.
fn values(findings: &Findings, last: &[&Row], metric: Metric, labeled: usize) -> Option<String> {
    let arms: Vec<&str> = last.iter().map(|row| row.sampler.as_str()).collect();
    let name = metric_name(metric, findings.images(&arms));
    let labels = thousands(labeled);
    let value = |row: &Row| {
        let half = row.half_width().map(|half| half * metric.factor);
        Number { unit: Some("%"), ..Number::mean(row.mean * metric.factor, half) }.to_string()
    };
    let seeds = seeds_in_words(last.iter().map(|row| row.n));
    let best = last.iter().max_by(|a, b| a.mean.total_cmp(&b.mean))?;
    let arm = findings.marked(&best.sampler);
    if last.len() == 1 {
        return Some(format!("With {labels} labels, {arm} has a {name} of {} ({seeds}).", value(best)));
    }
    // Beside the best arm stands the arm that others are compared with, or the next best one.
    let reference = last.iter().find(|row| row.sampler == findings.reference_arm());
    let others = last.iter().filter(|row| row.sampler != best.sampler);
    let next = others.max_by(|a, b| a.mean.total_cmp(&b.mean))?;
    let other = reference.filter(|row| row.sampler != best.sampler).unwrap_or(next);
    if next.mean == best.mean {
        // With three equal ones, the one that others are compared with is named.
        let equal = findings.marked(&if other.mean == best.mean { other } else { next }.sampler);
        let value = value(best);
        return Some(format!(
            "With {labels} labels, {arm} and {equal} have the same highest {name}, {value} ({seeds})."
        ));
    }
    Some(format!(
        "With {labels} labels, {arm} has the highest {name}, {}; {} has {} ({seeds}).",
        value(best),
        findings.marked(&other.sampler),
        value(other)
    ))
}

/// How many differences are significant, and the largest of them; `None` with one arm.
fn differences(findings: &Findings, metric: Metric) -> Option<String> {
    let has_rounds = findings.spec().rounds.count > 1;
    let what = if has_rounds { What::Area } else { What::LastRound };
    let place = if has_rounds { "Over the whole curve" } else { "With so many labels" };
    let all = family(findings, what);
    let of_variants: Vec<&Comparison> = all.iter().filter(|c| is_of_variant(findings, c)).copied().collect();
    let (shown, object) = match of_variants.is_empty() {
        true => (all, ""),
        false => (of_variants, " to the experiment's protocol"),
    };
    let most = shown.iter().map(|c| c.n).max()?;
    let tested = shown.iter().filter(|c| c.p.is_some()).count();
    if tested == 0 {
        return Some(format!("{place}, no difference{object} could be tested ({}).", counted(most, "pair")));
    }
    let significant: Vec<&Comparison> = shown.iter().filter(|c| c.is_significant()).copied().collect();
    let Some(largest) = significant.iter().max_by(|a, b| a.mean.abs().total_cmp(&b.mean.abs())) else {
        return Some(format!(
            "{place}, no difference{object} is significant ({}).",
            comparisons_in_words(tested, most)
        ));
    };
    let half = largest.half_width().map(|half| half * metric.factor);
    let difference = Number { unit: Some("points"), ..Number::difference(largest.mean * metric.factor, half) };
    let number = significant.len();
    let verb = if number == 1 { "is" } else { "are" };
    let [arm, versus] = [&largest.arm, &largest.versus].map(|arm| findings.marked(arm));
    Some(format!(
        "{place}, {number} of {}{object} {verb} significant; the largest is {arm} against {versus}: {difference} ({}).",
        counted(tested, "difference"),
        counted(largest.n, "pair")
    ))
}

/// `4 comparisons, 3 pairs each at most`
pub(crate) fn comparisons_in_words(n: usize, most: usize) -> String {
    let each = if n == 1 { "" } else { " each at most" };
    format!("{}, {}{each}", counted(n, "comparison"), counted(most, "pair"))
}

/// Whether a comparison is of a variant with the same sampler under the experiment's protocol.
fn is_of_variant(findings: &Findings, comparison: &Comparison) -> bool {
    let arms = findings.results.arms();
    let has_variant = |label: &str| arms.iter().any(|arm| arm.label == label && arm.variant.is_some());
    has_variant(&comparison.arm) && !has_variant(&comparison.versus)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::markdown;
    use crate::report::testing::{accuracy, findings as findings_of, full, manifest, spec, spec_with};
    use crate::store::Record;

    fn text(findings: &Findings) -> String {
        let text = markdown(&lead(findings));
        text.replace("\n> **Warning:** The program was built with local changes that no revision names.\n", "")
    }

    /// Other differences in each seed, so that they can be tested.
    fn uneven(rows: Vec<Record>) -> Vec<Record> {
        let lift = |row: Record| {
            let more = if row.sampler == "random" { 0.0 } else { 0.01 * row.seed as f64 };
            Record { value: row.value.map(|value| value + more), ..row }
        };
        rows.into_iter().map(lift).collect()
    }

    #[test]
    fn without_a_claim_the_page_opens_on_what_was_found() {
        let expected = "With 600 labels, core-set has the highest test accuracy, 66.0 ± 5.0 %; random has 50.0 ± 2.5 % \
                        (3 seeds).\n\nOver the whole curve, 1 of 1 difference is significant; the largest is core-set \
                        against random: +11.0 ± 2.5 points (3 pairs).\n";
        assert_eq!(text(&findings_of(&spec(), uneven(full()))), expected);
        let alike = text(&findings_of(&spec(), full()));
        assert!(alike.ends_with("Over the whole curve, no difference could be tested (3 pairs).\n"), "{alike}");
        let tied = full().into_iter().map(|row| Record { value: Some(0.5 + 0.01 * row.seed as f64), ..row }).collect();
        let tied = text(&findings_of(&spec(), tied));
        assert!(
            tied.starts_with("With 600 labels, core-set and random have the same highest test accuracy, "),
            "{tied}"
        );
        let one = full().into_iter().filter(|row| row.sampler == "random" && row.round == 0).collect();
        let mut alone = spec();
        alone.samplers.truncate(1);
        assert!(
            text(&findings_of(&alone, one))
                .starts_with("With 200 labels, random has a test accuracy of 30.0 ± 2.5 % (3 seeds).")
        );
        assert!(text(&findings_of(&spec(), Vec::new())).starts_with("No round has finished yet."));
    }

    #[test]
    fn variants_are_counted_against_the_experiments_protocol() {
        let others = uneven(full()).into_iter().filter(|row| row.sampler == "core-set").map(|row| Record {
            sampler: "core-set@other".into(),
            value: row.value.map(|value| value + 0.02 + 0.01 * row.seed as f64),
            ..row
        });
        let rows = uneven(full()).into_iter().chain(others.collect::<Vec<_>>()).collect();
        let spec = spec_with("[variant.other]\nsamplers = ['core-set']\ntrain.start = 'continue'");
        let found = text(&findings_of(&spec, rows));
        assert!(found.contains("1 of 1 difference to the experiment's protocol"), "{found}");
    }

    #[test]
    fn claims_take_the_place_of_findings_and_other_images_are_a_warning() {
        let claim = "[[expect]]\nclaim = 'c'\nsource = 's'\nsampler = 'random'\nat = 'last-round'\nband = [0.4, 0.6]";
        let mut findings = findings_of(&spec_with(claim), full());
        assert!(text(&findings).starts_with("- **held**: c (s): 50.0 ± 2.5 % (3 seeds)\n"), "{}", text(&findings));
        let mut origin = manifest(&spec());
        origin.data.note = "These are other images".into();
        findings.results.manifest = Some(origin);
        assert!(!text(&findings).contains("other images"), "generated images need no such warning");
        assert!(findings_of(&spec(), vec![accuracy("random", 0, 0, 0.5)]).title().starts_with("A small"));
    }
}
