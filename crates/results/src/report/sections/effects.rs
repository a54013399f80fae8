//! Differences at a glance: a forest plot of what variants change, and of how samplers compare.

use anyhow::Result;
use serde::Serialize;

use super::paired::{Measure, note_beside, number};
use crate::findings::{Comparison, p_in_words};
use crate::report::capitalised;
use crate::report::figures::forest::{self, Effect, Effects, Group};
use crate::report::figures::{Drawing, figure, json, rounded};
use crate::report::findings::Findings;
use crate::report::page::{Forest, Number};
use crate::report::words::arm::{Images, TRAIN_MARK};
use crate::report::words::metric::{metric_in_words, rule_in_words, seeds_in_words};
use crate::report::words::uncapitalised;
use crate::results::{Arm, Rule};
use crate::spec::arm_label;
use crate::stats::LEAST_PAIRS;
use crate::words::{counted, thousands};

/// More arms than this cannot be told apart as curves.
const MANY: usize = 6;

/// The forest plot: the figure shows the first measure (the area, or the only round), the browser lets the reader choose.
/// `None` if it is not wanted.
///
/// # Errors
/// If the figure cannot be drawn.
pub(super) fn forest(findings: &Findings) -> Result<Option<Forest>> {
    #[derive(Serialize)]
    struct Data {
        measures: Vec<Effects>,
    }
    let data = Data { measures: measures(findings) };
    let Some(first) = data.measures.first().cloned() else { return Ok(None) };
    let alt = format!("Forest plot. {}: {}", first.title, first.subtitle);
    // The picture stands alone; on the page the title stands above.
    let alone = Effects { title: format!("{}: {}", findings.title(), uncapitalised(&first.title)), ..first };
    let figure = figure(Drawing::Forest, &alt, &forest::Forest::of(alone)?, &findings.badge())?;
    Ok(Some(Forest { figure, data: json(&data) }))
}

/// The differences in each measure. A page has a forest plot if the spec has variants, or more than six arms, and two of
/// its arms can be compared; else this is empty. With fewer arms the learning curves show the differences.
fn measures(findings: &Findings) -> Vec<Effects> {
    if findings.spec().variants.is_empty() && findings.results.arms().len() <= MANY {
        return Vec::new();
    }
    Measure::of(findings.spec()).iter().rev().filter_map(|&measure| effects(findings, measure)).collect()
}

/// The differences in one measure of the primary metric; `None` if nothing can be compared.
fn effects(findings: &Findings, measure: Measure) -> Option<Effects> {
    let (spec, metric) = (findings.spec(), findings.primary_metric());
    let groups = [variants(findings, measure), samplers(findings, measure)];
    let groups: Vec<Differences> = groups.into_iter().flatten().collect();
    let all: Vec<&Comparison> = groups.iter().flat_map(|group| &group.rows).map(|row| &row.comparison).collect();
    let most = all.iter().map(|c| c.n).max()?;
    let group = |group: &Differences| Group {
        heading: group.heading.clone(),
        rows: group.rows.iter().map(|row| effect(findings, row, most)).collect(),
    };
    let shown: Vec<Group> = groups.iter().map(group).collect();
    let rows: Vec<&Effect> = shown.iter().flat_map(|group| &group.rows).collect();
    let axis = forest::axis(&rows);
    let is_cut = rows.iter().filter_map(|row| row.interval).any(|(low, high)| low < axis.low || high > axis.high);
    let images = findings.images(&[]);
    let words = metric_in_words(metric.label, images);
    let trained = if images == Images::Test { "" } else { "; labels among TRAIN images were trained on" };
    let subtitle = format!(
        "{}, {}; {}{trained}",
        words.replace(" (%)", ""),
        rule_in_words(findings.rule(), images),
        seeds_in_words(all.iter().map(|c| c.n))
    );
    let labels = |round| format!("{} labels", thousands(spec.rounds.labeled(round)));
    let (name, title) = match measure {
        Measure::Area => ("area", ": area under the budget curve".to_owned()),
        Measure::LastRound if spec.rounds.count == 1 => ("last-round", format!(" with {}", labels(0))),
        Measure::LastRound => ("last-round", format!(" after the last round ({})", labels(spec.rounds.count - 1))),
        Measure::FirstRound => ("first-round", format!(" after round 0 ({})", labels(0))),
    };
    Some(Effects {
        measure: name,
        label: measure.heading(spec),
        title: format!("Paired differences{title}"),
        subtitle: capitalised(&subtitle),
        badge: findings.badge().line(),
        x_label: format!("difference in {}", words.replace(" (%)", " (points)")),
        axis: (rounded(axis.low), rounded(axis.high)),
        ticks: axis.ticks.iter().map(|&tick| (rounded(tick), axis.label(tick))).collect(),
        caption: caption(findings, &all, most, is_cut),
        groups: shown,
    })
}

/// Differences under a heading.
struct Differences {
    heading: String,
    rows: Vec<Difference>,
}

/// A comparison with the name that its row has.
struct Difference {
    name: String,
    comparison: Comparison,
}

/// Each arm of a variant with the same sampler under the experiment's protocol.
fn variants(findings: &Findings, measure: Measure) -> Option<Differences> {
    let arms = findings.results.arms();
    let pair = |arm: &Arm| {
        let variant = arm.variant?.to_owned();
        let base = arm_label(arm.sampler, None);
        Some((variant, difference(findings, measure, &arm.label, &base)?))
    };
    let found: Vec<(String, Comparison)> = arms.iter().filter_map(pair).collect();
    let first = found.first()?.1.versus.clone();
    let is_one = found.iter().all(|(_, comparison)| comparison.versus == first);
    let heading = match is_one {
        true => format!("{}: difference to the experiment's protocol", findings.marked(&first)),
        false => {
            let mark = mark(findings, &first);
            format!("Difference to the same sampler under the experiment's protocol {mark}").trim_end().to_owned()
        }
    };
    let row = |(variant, comparison): (String, Comparison)| {
        let name = if is_one { variant } else { comparison.arm.clone() };
        Difference { name, comparison }
    };
    Some(Differences { heading, rows: found.into_iter().map(row).collect() })
}

/// Each sampler with the reference sampler under the same protocol: random sampling, or else the experiment's first sampler.
fn samplers(findings: &Findings, measure: Measure) -> Option<Differences> {
    let arms = findings.results.arms();
    let reference = arms.iter().find(|arm| arm.label == findings.reference_arm())?.sampler;
    let pair = |arm: &Arm| {
        let versus = arm_label(reference, arm.variant);
        let sampler = arm_label(arm.sampler, None);
        let protocol = arm.variant.unwrap_or("the experiment's protocol").to_owned();
        Some((sampler, protocol, difference(findings, measure, &arm.label, &versus)?))
    };
    let found: Vec<(String, String, Comparison)> = arms.iter().filter_map(pair).collect();
    let (sampler, protocol, _) = found.first()?;
    let is_one_sampler = found.iter().all(|(other, ..)| other == sampler);
    let is_one_protocol = found.iter().all(|(_, other, _)| other == protocol);
    let reference = arm_label(reference, None);
    let heading = match (is_one_sampler, is_one_protocol) {
        (_, true) if findings.spec().variants.is_empty() => format!("Difference to {reference}"),
        (_, true) => format!("Difference to {reference}, under {protocol}"),
        (true, false) => format!("{sampler}: difference to {reference} under the same protocol"),
        (false, false) => format!("Difference to {reference} under the same protocol"),
    };
    let row = |(sampler, protocol, comparison): (String, String, Comparison)| {
        let name = match (is_one_sampler, is_one_protocol) {
            (_, true) => sampler,
            (true, false) => protocol,
            (false, false) => comparison.arm.clone(),
        };
        Difference { name, comparison }
    };
    Some(Differences { heading, rows: found.into_iter().map(row).collect() })
}

/// The comparison `arm - versus`, whichever of them comes first in the file.
fn difference(findings: &Findings, measure: Measure, arm: &str, versus: &str) -> Option<Comparison> {
    let (metric, rule) = (findings.primary_metric(), findings.rule());
    let is_shown = |c: &&Comparison| c.metric == metric.name && c.select == rule.name() && measure.holds(c);
    findings.comparisons.iter().filter(is_shown).find_map(|c| c.between(arm, versus))
}

fn effect(findings: &Findings, row: &Difference, most: usize) -> Effect {
    let (metric, comparison) = (findings.primary_metric(), &row.comparison);
    let points = |value: f64| rounded(value * metric.factor);
    let interval = comparison.low.zip(comparison.high).map(|(low, high)| (points(low), points(high)));
    let signed = |value: f64| Number::difference(value, None).to_string();
    let mut words = vec![
        format!("{} - {}", findings.marked(&comparison.arm), findings.marked(&comparison.versus)),
        format!("{} points", signed(points(comparison.mean))),
    ];
    words.extend(interval.map(|(low, high)| format!("95 % interval {} to {}", signed(low), signed(high))));
    words.push(format!("n = {}", counted(comparison.n, "pair")));
    words.push(match comparison.p_holm {
        None if comparison.n < LEAST_PAIRS => "not tested: fewer than three pairs".into(),
        None => "not tested: the differences do not vary".into(),
        Some(p) => {
            let not = if comparison.is_significant() { "" } else { "not " };
            format!("{}: {not}significant", p_in_words(p).replacen('p', "p (Holm)", 1))
        }
    });
    Effect {
        name: row.name.clone(),
        mark: mark(findings, &comparison.arm),
        arm: comparison.arm.clone(),
        versus: comparison.versus.clone(),
        mean: points(comparison.mean),
        interval,
        n: comparison.n,
        p: comparison.p_holm,
        significant: comparison.is_significant(),
        shown: number(comparison, metric, most).to_string(),
        words,
    }
}

/// What the marks, the numbers and the intervals mean, and which arms are missing.
fn caption(findings: &Findings, shown: &[&Comparison], most: usize, is_cut: bool) -> String {
    let mut text = note_beside("row", shown, most, findings.spec().seeds.len()).replace('`', "");
    if is_cut {
        text += " An interval with an arrow goes on beyond the axis.";
    }
    if findings.rule() == Rule::Own {
        text += " The best epoch on the evaluated images is optimistic.";
    }
    let is_shown = |label: &str| shown.iter().any(|c| c.arm == label || c.versus == label);
    let missing: Vec<String> =
        findings.results.arms().into_iter().map(|arm| arm.label).filter(|label| !is_shown(label)).collect();
    if !missing.is_empty() {
        text += &format!(" Compared with no other arm: {}.", missing.join(", "));
    }
    text
}

/// The mark that [`Findings::marked`] gives an arm; empty for none.
fn mark(findings: &Findings, arm: &str) -> &'static str {
    if findings.marked(arm) == arm { "" } else { TRAIN_MARK }
}

#[cfg(test)]
mod tests;
