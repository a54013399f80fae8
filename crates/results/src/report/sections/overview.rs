//! What a page opens on: the claims and their outcomes, the circumstances, and which differences are significant.

use std::collections::BTreeSet;

use super::claims::claims;
use crate::findings::{Comparison, Visible, What, visible};
use crate::report::findings::Findings;
use crate::report::page::{Block, Fold, Section};
use crate::report::words::protocol::network;
use crate::report::words::{PLUS_MINUS, data_note, signed};
use crate::results::Rule;
use crate::spec::Metric;
use crate::stats::LEAST_PAIRS;
use crate::words::{code, thousands};

/// The claims, the circumstances under which their outcomes hold, and what a reader must know before trusting them.
pub(super) fn section(findings: &Findings) -> Section {
    let mut blocks = claims(findings.spec(), &findings.judgements);
    blocks.push(Block::paragraph(circumstances(findings)));
    blocks.extend(findings.results.warnings().into_iter().map(Block::warning));
    blocks.extend(findings.warning().map(Block::warning));
    blocks.extend(significance(findings));
    if has_intervals(findings) {
        blocks.push(Block::paragraph(PLUS_MINUS));
    }
    Section::new("Verdict", blocks).with_fold(Fold::Never)
}

/// n, data, hardware and protocol in a few lines.
fn circumstances(findings: &Findings) -> String {
    let spec = findings.spec();
    let seeds = findings.rows.iter().map(|row| row.n).max().unwrap_or(0);
    let mut parts = vec![format!("n = {seeds} of {} seeds", spec.seeds.len())];
    let (experiment, profile) = spec.identity();
    let profile = if profile.is_empty() { String::new() } else { format!(", profile {}", code(profile)) };
    parts.push(format!("experiment {}{profile}, protocol `{}`", code(experiment), spec.hash()));
    parts.push(network(spec));
    if let Some(manifest) = findings.manifest() {
        parts.push(format!("{}, pool of {} images", manifest.data.name, thousands(manifest.data.pool)));
        let cpus: BTreeSet<&str> = manifest.sessions.iter().map(|s| s.cpu.as_str()).collect();
        parts.extend(cpus.into_iter().map(str::to_owned));
    }
    if !findings.results.devices.is_empty() {
        parts.push(format!("device {}", findings.results.devices.join(", ")));
    }
    let mut text = format!("{}.", parts.join("; "));
    if !spec.identity().1.is_empty() {
        text += " A profile is a protocol of its own, of another scale as a rule: what is said here is said of it.";
    }
    if let Some(note) = data_note(findings.manifest()) {
        text += &format!(" {note}");
    }
    text
}

/// The comparisons of one kind that the page is about: of the primary metric, under the rule that is reported first.
fn family(findings: &Findings, what: What) -> Vec<&Comparison> {
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

/// Whether a claim or a significant difference is shown with its interval.
fn has_intervals(findings: &Findings) -> bool {
    let is_shown = |c: &&Comparison| c.is_told_apart() && c.half_width().is_some();
    findings.judgements.iter().any(|judgement| {
        let own = judgement.own.as_ref().and_then(|own| own.half_width);
        judgement.measured.and(judgement.half_width).or(own).is_some()
    }) || kinds(findings).into_iter().any(|(what, _)| family(findings, what).iter().any(is_shown))
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
            "Arms query by different selection rules, and each is compared under its own: the best epoch on the evaluated images \
             is optimistic.",
        ));
    }
    blocks
}

/// `Of 6 comparisons of ..., 1 is told apart ...`, and what could not have been.
fn family_in_words(findings: &Findings, family: &[&Comparison], words: &str, metric: Metric) -> String {
    if family.is_empty() {
        let why = match findings.results.arms().len() {
            1 => "there is one arm alone",
            _ if findings.rows.is_empty() => "no round has finished",
            _ => "no two arms have a whole trial of one seed",
        };
        return format!("Nothing can be compared in {words} yet: {why}.");
    }
    let tested = family.iter().filter(|c| c.p.is_some()).count();
    let few = family.iter().filter(|c| c.n < LEAST_PAIRS).count();
    let same = family.len() - tested - few;
    let mut untested = Vec::new();
    if few > 0 {
        untested.push(format!("{few} with fewer than {LEAST_PAIRS} pairs, which cannot tell chance from a difference"));
    }
    if same > 0 {
        untested.push(format!("{same} whose differences do not vary over seeds"));
    }
    let untested = untested.join(", and ");
    if tested == 0 {
        return format!("{} in {words}: none is tested: {untested}.", comparisons(family.len()));
    }
    let found: Vec<&&Comparison> = family.iter().filter(|c| c.is_told_apart()).collect();
    let mut text = format!("Of {} in {words}, ", comparisons(tested));
    text += &match found.len() {
        0 => "none is told apart from chance at the level of 5 % (paired by seed, Holm's correction).".to_owned(),
        n => {
            let one = |c: &&&Comparison| {
                let half = c.half_width().map_or(String::new(), |half| format!(" ± {:.1}", half * metric.factor));
                let (arm, versus) = (findings.marked(&c.arm), findings.marked(&c.versus));
                format!("{arm} against {versus}: {}{half} points", signed(c.mean * metric.factor))
            };
            let all: Vec<String> = found.iter().map(one).collect();
            let verb = if n == 1 { "is" } else { "are" };
            format!(
                "{n} {verb} told apart at the level of 5 % (paired by seed, Holm's correction): {}.",
                all.join("; ")
            )
        }
    };
    if let Some(Visible { n, alone, among }) = visible(family) {
        let most = family.iter().map(|c| c.n).max().unwrap_or(n);
        let fewest = if most > n { " or more" } else { "" };
        let spread = if tested > 1 { "their median spread" } else { "this spread" };
        text += &format!(
            " With {n}{fewest} pairs of {spread}, a true difference under {:.1} points cannot be relied on to be seen (found 9 times \
             in 10 by a single test",
            alone * metric.factor
        );
        text += &if tested > 1 { format!("; {:.1} among all of these).", among * metric.factor) } else { ").".into() };
    }
    if !untested.is_empty() {
        text += &format!(" Not tested: {untested}.");
    }
    text
}

fn comparisons(n: usize) -> String {
    if n == 1 { "1 comparison".into() } else { format!("{n} comparisons") }
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
    fn what_cannot_be_seen_is_of_the_median_spread() {
        let text = text(OTHER, three_arms());
        let alone = crate::stats::detectable(1.5, 3, 0.05, 0.9).unwrap();
        let among = crate::stats::detectable(1.5, 3, 0.025, 0.9).unwrap();
        let expected = format!(
            "Of 2 comparisons in values after the last round, none is told apart from chance at the level of 5 % (paired by \
             seed, Holm's correction). With 3 pairs of their median spread, a true difference under {alone:.1} points cannot be \
             relied on to be seen (found 9 times in 10 by a single test; {among:.1} among all of these).\n"
        );
        assert!(text.contains(&expected), "{text}");
    }

    #[test]
    fn what_is_not_tested_is_counted_with_its_reason() {
        let rows = three_arms().into_iter().filter(|r| r.sampler != "random@other" || r.seed < 2).collect();
        let found = text(OTHER, rows);
        assert!(found.contains("Of 1 comparison in values after the last round, none"), "{found}");
        assert!(
            found.contains("Not tested: 1 with fewer than 3 pairs, which cannot tell chance from a difference."),
            "{found}"
        );
        let found = text("", full());
        let same =
            "1 comparison in areas under the budget curve: none is tested: 1 whose differences do not vary over seeds.";
        assert!(found.contains(same), "{found}");
        let one = text("", vec![accuracy("random", 0, 0, 0.5), accuracy("core-set", 0, 0, 0.5)]);
        assert!(one.contains("areas under the budget curve yet: no two arms have a whole trial of one seed."), "{one}");
        assert!(text("", Vec::new()).contains("yet: no round has finished."));
        let mut alone = spec();
        alone.samplers.truncate(1);
        let rows = full().into_iter().filter(|row| row.sampler == "random").collect();
        assert!(section(&findings(&alone, rows)).markdown().contains("yet: there is one arm alone."));
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
            text.contains("\nArms query by different selection rules, and each is compared under its own"),
            "{text}"
        );
    }
}
