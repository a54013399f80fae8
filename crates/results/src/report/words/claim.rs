//! Claims in words: the criterion, the measured value, and the selection rule.

use super::arm::Images;
use super::metric::{metric_in_words, select_in_words};
use crate::findings::JudgedClaim;
use crate::report::page::{Cell, Number};
use crate::spec::{At, Expectation, Metric};
use crate::words::{counted, thousands};

/// `44.6 ± 2.5 %`, or `+1.3 ± 2.0 points` for a difference.
pub(crate) fn measured(judged: &JudgedClaim) -> Cell {
    let number = judged.measured.map(|value| amount(judged, value, judged.half_width));
    Cell::or_missing(number.map(Cell::from))
}

/// A value in the claim's unit, with half its interval.
pub(crate) fn amount(judged: &JudgedClaim, value: f64, half_width: Option<f64>) -> Number {
    let factor = judged.metric.factor;
    let half_width = half_width.map(|half| half * factor);
    match judged.expectation.band {
        Some(_) => Number { unit: Some("%"), ..Number::mean(value * factor, half_width) },
        None => Number { unit: Some("points"), ..Number::difference(value * factor, half_width) },
    }
}

/// The number of seeds, or of pairs for a difference: `3 seeds`.
pub(crate) fn sample_size(judged: &JudgedClaim) -> Cell {
    match judged.n {
        0 => Cell::Missing,
        n => Cell::text(seeds_or_pairs(judged, n)),
    }
}

/// `3 seeds`, or `3 pairs` for a difference.
pub(crate) fn seeds_or_pairs(judged: &JudgedClaim, n: usize) -> String {
    counted(n, if judged.expectation.band.is_some() { "seed" } else { "pair" })
}

/// The metric without its unit: `test accuracy`.
pub(crate) fn metric_name(metric: Metric, images: Images) -> String {
    metric_in_words(metric.label, images).trim_end_matches(" (%)").to_owned()
}

/// When the claim holds: `test accuracy of pretext-batch with 10,000 labels, within 92.6 to 93.6 %`. `initial` is the
/// number of initial labels, if there is one such number.
pub(crate) fn criterion(expected: &Expectation, metric: &str, initial: Option<usize>, factor: f64) -> String {
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
            format!("{metric} of {arm} {at}, within {:.1} to {:.1} %", low * factor, high * factor)
        }
        (None, other) => format!("{metric} of {arm} {at}, above that of {}", other.as_deref().unwrap_or_default()),
    }
}

/// Selection rules in words: `last epoch`.
pub(crate) fn rules_in_words(rules: &[&str], images: Images) -> String {
    rules.iter().map(|rule| select_in_words(rule, images)).collect::<Vec<_>>().join(" and ")
}

/// Remarks on a judged, in sentences that begin with a space: its note, and its value under the arms' own rule.
pub(crate) fn remarks(judged: &JudgedClaim, images: Images) -> String {
    let mut text = if judged.note.is_empty() { String::new() } else { format!(" {}", judged.note) };
    if let Some(own) = &judged.own {
        let whose = if judged.expectation.better_than.is_some() { "the arms'" } else { "the arm's" };
        text += &format!(
            " Under {whose} own rule ({}), which does not decide: {} ({}).",
            rules_in_words(&own.rules, images),
            amount(judged, own.measured, own.half_width),
            seeds_or_pairs(judged, own.n)
        );
    }
    text
}
