//! What a page opens on: what was claimed, what was measured, and whether each claim held.

use super::difference::signed;
use super::metric::{metric_in_words, thousands};
use super::page::Section;
use super::table::aligned;
use super::{Findings, Metric};
use crate::spec::At;
use crate::verdict::{Comparison, Judgement, What, least_difference};

/// The verdict, the circumstances under which it holds, and what a reader must know before trusting it.
pub(super) fn section(findings: &Findings) -> Section {
    let mut text = claims(findings);
    text += &format!("\n{}\n", circumstances(findings));
    for warning in findings.results.warnings() {
        text += &format!("\n> **Warning:** {warning}\n");
    }
    if let Some(warning) = findings.warning() {
        text += &format!("\n> **{}**\n", warning.trim_end());
    }
    text += &format!("\n{}", told_apart(findings));
    Section::of("Verdict", text)
}

/// A row for each claim of the spec.
pub(super) fn claims(findings: &Findings) -> String {
    if findings.judgements.is_empty() {
        return "The spec makes no claim (`[[expect]]`) that these results could be held against.\n".into();
    }
    let mut grid = vec![["claim", "measured", "n", "verdict"].map(str::to_owned).to_vec()];
    let mut notes = String::new();
    for judgement in &findings.judgements {
        let expected = &judgement.expectation;
        grid.push(vec![
            format!("{} ({})", expected.claim, expected.source),
            measured(judgement),
            if judgement.n == 0 { "-".into() } else { judgement.n.to_string() },
            format!("**{}**", judgement.outcome.in_words()),
        ]);
        let note = if judgement.note.is_empty() { String::new() } else { format!(" {}", judgement.note) };
        notes += &format!("- {}: {}.{note}\n", expected.claim, criterion(findings, judgement));
    }
    format!("{}\n{notes}", aligned(&grid))
}

/// `44.6 ± 2.5`, or `+1.3 ± 2.0` for a difference.
fn measured(judgement: &Judgement) -> String {
    let Some(value) = judgement.measured else { return "-".into() };
    let factor = judgement.metric.factor;
    let value =
        if judgement.expectation.band.is_some() { format!("{:.1}", value * factor) } else { signed(value * factor) };
    judgement.half_width.map_or(value.clone(), |half| format!("{value} ± {:.1}", half * factor))
}

/// What would have to be so: `test accuracy of pretext-batch with 10,000 labels within 92.6 to 93.6`.
fn criterion(findings: &Findings, judgement: &Judgement) -> String {
    let expected = &judgement.expectation;
    let metric = metric_in_words(judgement.metric.label, findings.images(&[&expected.sampler]));
    let metric = metric.trim_end_matches(" (%)");
    let at = match expected.at {
        At::Labeled(labeled) => format!("with {} labels", thousands(labeled)),
        At::FirstRound => format!("with the initial {} labels", thousands(findings.spec().rounds.initial)),
        At::LastRound => "after the last round".into(),
        At::Area => "on the mean of the budget curve (its area)".into(),
    };
    let factor = judgement.metric.factor;
    match (&expected.band, &expected.better_than) {
        (Some([low, high]), _) => {
            format!("{metric} of {} {at}, within {:.1} to {:.1}", expected.sampler, low * factor, high * factor)
        }
        (None, other) => {
            format!("{metric} of {} {at}, above that of {}", expected.sampler, other.as_deref().unwrap_or_default())
        }
    }
}

/// n, data, hardware and protocol in a few lines.
fn circumstances(findings: &Findings) -> String {
    let spec = findings.spec();
    let seeds = findings.rows.iter().map(|row| row.n).max().unwrap_or(0);
    let mut parts = vec![format!("n = {seeds} of {} seeds", spec.seeds.len())];
    let (experiment, profile) = spec.identity();
    let profile = if profile.is_empty() { String::new() } else { format!(", profile `{profile}`") };
    parts.push(format!("experiment `{experiment}`{profile}, protocol `{}`", spec.hash()));
    parts.push(super::readme::network(spec));
    if let Some(manifest) = findings.manifest() {
        parts.push(format!("{}, pool of {}", manifest.data.name, thousands(manifest.data.pool)));
        let cpus: std::collections::BTreeSet<&str> = manifest.sessions.iter().map(|s| s.cpu.as_str()).collect();
        parts.extend(cpus.into_iter().map(str::to_owned));
    }
    if !findings.results.devices.is_empty() {
        parts.push(format!("device {}", findings.results.devices.join(", ")));
    }
    let mut text = format!("{}.", parts.join("; "));
    if !spec.identity().1.is_empty() {
        text += " A profile is a protocol of its own, of another scale as a rule: what is said here is said of it.";
    }
    if let Some(note) = super::table::data_note(findings.manifest()) {
        text += &format!(" {note}");
    }
    text
}

/// Which arms differ by more than chance, over the whole curve and after the last round, and what so many seeds cannot
/// tell.
fn told_apart(findings: &Findings) -> String {
    let metric = findings.spec().dataset.task().metrics()[0];
    let family = |what| -> Vec<&Comparison> {
        let of = |c: &&Comparison| c.metric == metric.name && c.select == findings.rule().name() && c.what == what;
        findings.comparisons.iter().filter(of).collect()
    };
    let mut text = String::new();
    let one_round = findings.spec().rounds.count == 1;
    for (what, words) in
        [(What::Area, "areas under the budget curve"), (What::LastRound, "values after the last round")]
    {
        // The area of one round is its value.
        if !(one_round && what == What::Area) {
            text += &format!("- {}\n", family_in_words(&family(what), words, metric));
        }
    }
    text
}

/// `Of 6 comparisons of ..., 1 is told apart ...`, and what could not have been.
fn family_in_words(family: &[&Comparison], words: &str, metric: Metric) -> String {
    let tested = family.iter().filter(|c| c.p.is_some()).count();
    let most = family.iter().map(|c| c.n).max().unwrap_or(0);
    if family.is_empty() {
        return format!("Nothing can be compared in {words} yet: no two arms share a seed.");
    }
    if tested == 0 {
        return match most {
            0..=2 => format!(
                "{} in {words}: not tested. {most} shared {} cannot tell chance from a difference; at least 3 are needed, and 5 \
                 for intervals of probabilities.",
                comparisons(family.len()),
                if most == 1 { "seed" } else { "seeds" }
            ),
            _ => format!(
                "{} in {words}: the differences do not vary over seeds, so that there is nothing to test.",
                comparisons(family.len())
            ),
        };
    }
    let found: Vec<&&Comparison> = family.iter().filter(|c| c.is_told_apart()).collect();
    let mut text = format!("Of {} in {words}, ", comparisons(tested));
    text += &match found.len() {
        0 => "none is told apart from chance at the level of 5 % (paired by seed, Holm's correction).".to_owned(),
        n => {
            let one = |c: &&&Comparison| {
                let half = c.half_width().map_or(String::new(), |half| format!(" ± {:.1}", half * metric.factor));
                format!("{} against {}: {}{half} points", c.arm, c.versus, signed(c.mean * metric.factor))
            };
            let all: Vec<String> = found.iter().map(one).collect();
            let verb = if n == 1 { "is" } else { "are" };
            format!(
                "{n} {verb} told apart at the level of 5 % (paired by seed, Holm's correction): {}.",
                all.join("; ")
            )
        }
    };
    if let Some((alone, among)) = least_difference(family) {
        text += &format!(
            " With {most} pairs of this spread, a true difference under {:.1} points cannot be relied on to be seen (found 9 times \
             in 10 by a single test",
            alone * metric.factor
        );
        text += &if tested > 1 { format!("; {:.1} among all of these).", among * metric.factor) } else { ").".into() };
    }
    text
}

fn comparisons(n: usize) -> String {
    if n == 1 { "1 comparison".into() } else { format!("{n} comparisons") }
}
