//! Variants against the experiment, paired by seed.

use super::arm::TRAIN_MARK;
use super::metric::metric_in_words;
use super::table::aligned;
use super::{Findings, Metric, Rule};
use crate::findings::{Comparison, What};
use crate::results::Arm;
use crate::spec::Spec;
use crate::stats::LEAST_PAIRS;
use crate::words::thousands;

/// The columns: the first round, the last one and the area.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Round0,
    LastRound,
    Area,
}

impl Column {
    /// One round is compared once.
    fn of(spec: &Spec) -> &'static [Self] {
        if spec.rounds.count == 1 { &[Self::LastRound] } else { &[Self::Round0, Self::LastRound, Self::Area] }
    }

    fn holds(self, comparison: &Comparison) -> bool {
        match self {
            Self::Round0 => comparison.what == What::Round && comparison.round == Some(0),
            Self::LastRound => comparison.what == What::LastRound,
            Self::Area => comparison.what == What::Area,
        }
    }

    fn heading(self, spec: &Spec) -> String {
        let labels = |round| thousands(spec.rounds.labeled(round));
        match self {
            Self::Round0 => format!("round 0 ({} labels)", labels(0)),
            Self::LastRound => format!("last round ({} labels)", labels(spec.rounds.count - 1)),
            Self::Area => "area".into(),
        }
    }
}

/// The differences in what the task is judged by: a row per arm of a variant, in points, then what a reader must know
/// of them. None where nothing can be compared.
pub(super) fn table(findings: &Findings) -> Option<String> {
    let spec = findings.spec();
    let metric = spec.dataset.task().primary_metric();
    let arms = findings.results.arms();
    let base =
        |arm: &Arm| arms.iter().find(|a| a.variant.is_none() && a.sampler == arm.sampler).map(|a| a.label.clone());
    let rows: Vec<(&Arm, String)> =
        arms.iter().filter(|arm| arm.variant.is_some()).filter_map(|arm| Some((arm, base(arm)?))).collect();
    let of = |(arm, base): &(&Arm, String), column: Column| {
        let all = findings.comparisons.iter();
        all.filter(|c| c.metric == metric.name && c.select == findings.rule().name())
            .find(|c| c.arm == arm.label && c.versus == *base && column.holds(c))
    };
    let columns = Column::of(spec);
    let shown: Vec<&Comparison> = rows.iter().flat_map(|row| columns.iter().filter_map(|&c| of(row, c))).collect();
    let most = shown.iter().map(|c| c.n).max()?;
    let header = columns.iter().map(|column| column.heading(spec));
    let mut grid = vec![std::iter::once("variant - experiment".to_owned()).chain(header).collect::<Vec<_>>()];
    for row in &rows {
        let value = |&column: &Column| of(row, column).map_or_else(|| "-".to_owned(), |c| cell(c, metric, most));
        let name = flagged(&row.0.label, row.0.protocol, spec);
        grid.push(std::iter::once(name).chain(columns.iter().map(value)).collect());
    }
    let words = metric_in_words(metric.label, findings.images(&[]));
    let rule = if findings.rule() == Rule::Own { ", each under the rule that it queries with" } else { "" };
    let heading = format!("**Differences of variants: {}{rule}**", words.replace(" (%)", " (points)"));
    Some(format!("{heading}\n\n{}\n{}\n", aligned(&grid), note(&shown, most, spec.seeds.len())))
}

/// `+1.2 ± 0.5*`, and the number of pairs where some are missing.
pub(super) fn cell(difference: &Comparison, metric: Metric, most: usize) -> String {
    let mut text = signed(difference.mean * metric.factor);
    if let Some(half) = difference.half_width() {
        text += &format!(" ± {:.1}", half * metric.factor);
    }
    if difference.is_significant() {
        text.push('*');
    }
    if difference.n < most {
        text += &format!(" (n={})", difference.n);
    }
    text
}

/// `+1.2`; no sign where nothing is left after rounding.
pub(crate) fn signed(value: f64) -> String {
    let text = format!("{value:+.1}");
    if text.ends_with("0.0") && text.len() == 4 { "0.0".into() } else { text }
}

/// An arm that is evaluated on other images than the one it is compared with says so.
fn flagged(arm: &str, protocol: &Spec, base: &Spec) -> String {
    use crate::spec::EvaluationImages::{Test, Train};
    match (protocol.train.select.images, base.train.select.images) {
        (Train, Test) => format!("{arm} {TRAIN_MARK}"),
        (Test, Train) => format!("{arm} [test images; experiment: TRAIN images]"),
        (Train, Train) | (Test, Test) => arm.to_owned(),
    }
}

/// What the numbers of a table of differences mean.
pub(super) fn note(shown: &[&Comparison], most: usize, planned: usize) -> String {
    let mut note = format!("n = {most} {}", if most == 1 { "pair" } else { "pairs" });
    if most < planned {
        note += &format!(" of {planned} so far");
    }
    if shown.iter().any(|d| d.n < most) {
        note += " unless the cell says otherwise";
    }
    note += ", one of each seed that both have";
    if most > 1 {
        note += "; ± is half the 95 % t interval of the mean paired difference; each interval is of its number alone";
    }
    if shown.iter().any(|d| d.n == 1) {
        note += "; one pair has no interval";
    }
    let tested = shown.iter().any(|d| d.p.is_some());
    if !tested && shown.iter().any(|d| d.n < LEAST_PAIRS) {
        note += "; fewer than three pairs cannot be tested";
    }
    if !tested && shown.iter().any(|d| d.n >= LEAST_PAIRS) {
        note += "; what does not vary over seeds is not tested";
    }
    if tested {
        note += ". * marks what is told apart at the level of 5 %, by Holm's correction over all comparisons of its kind (areas, last \
                 rounds, or all rounds: `comparisons.csv`)";
    }
    note + "."
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accuracy, findings, full, spec_with};
    use super::*;
    use crate::store::Record;

    const OTHER: &str = "[variant.other]\ntrain.start = 'continue'";

    /// [`full`], and random@other above random: seed s in round r by 1 + s + r points.
    fn rows() -> Vec<Record> {
        let others = full().into_iter().filter(|row| row.sampler == "random").map(|mut row| {
            row.sampler += "@other";
            row.value = row.value.map(|v| v + 0.01 * (1 + row.seed as usize + row.round) as f64);
            row
        });
        full().into_iter().chain(others.collect::<Vec<_>>()).collect()
    }

    /// Differences of 1, 2 and 3 points in round 0, of 3, 4 and 5 in the last one, of 2, 3 and 4 in the area: sd 1, half
    /// the interval 4.302652729911275 / sqrt(3) = 2.48. The area's t = 5.2 has p = 0.035 at 2 degrees of freedom, the last
    /// round's t = 6.9 has 0.020; core-set lies above random by the same in all seeds, which is not tested.
    #[test]
    fn the_table_marks_what_is_told_apart_after_correction() {
        let mut rows = rows();
        // One seed, one round: 35 - 1 points; half a point lower.
        rows.push(accuracy("core-set@other", 0, 0, 0.335));
        let text = table(&findings(&spec_with(OTHER), rows)).unwrap();
        let expected = "\
**Differences of variants: test accuracy (points)**

| variant - experiment | round 0 (200 labels) | last round (600 labels) |        area |
| :------------------- | -------------------: | ----------------------: | ----------: |
| random@other         |           +2.0 ± 2.5 |             +4.0 ± 2.5* | +3.0 ± 2.5* |
| core-set@other       |           -0.5 (n=1) |                       - |           - |

n = 3 pairs unless the cell says otherwise, one of each seed that both have; ± is half the 95 % t interval";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("one pair has no interval. * marks what is told apart"), "{text}");
    }

    #[test]
    fn one_pair_has_no_interval_and_one_round_one_column() {
        let spec = spec_with(&format!("{OTHER}\n"));
        let one_round = findings(&spec, vec![accuracy("random", 0, 0, 0.5), accuracy("random@other", 0, 0, 0.5)]);
        let text = table(&one_round).unwrap();
        assert!(text.contains("| random@other         |                  0.0 |                       - |"), "{text}");
        let note = "n = 1 pair of 3 so far, one of each seed that both have; one pair has no interval; fewer than three pairs \
                    cannot be tested.\n";
        assert!(text.ends_with(note), "{text}");
        let spec = spec_with(&format!("{OTHER}\n[profile.one]\nrounds.count = 1\n"));
        let mut one = spec.clone();
        one.rounds.count = 1;
        let text = table(&findings(&one, vec![accuracy("random", 0, 0, 0.5), accuracy("random@other", 0, 0, 0.5)]));
        assert!(text.unwrap().contains("| variant - experiment | last round (200 labels) |\n"));
    }

    #[test]
    fn each_arm_is_compared_under_its_own_rule_and_only_with_its_sampler() {
        let spec = spec_with("[variant.other]\nsamplers = ['random', 'margin']\ntrain.select.query = 'best-on-test'");
        let best = |value| Record { select: "best-on-test".into(), ..accuracy("random@other", 0, 0, value) };
        let unpaired = accuracy("margin@other", 0, 0, 0.9);
        let rows =
            vec![accuracy("random", 0, 0, 0.25), accuracy("random@other", 0, 0, 0.375), best(0.75), unpaired.clone()];
        let text = table(&findings(&spec, rows)).unwrap();
        assert!(text.starts_with("**Differences of variants: test accuracy (points), each under the rule"), "{text}");
        assert!(text.contains("| random@other         |          +50.0 (n=1) |") || text.contains("+50.0"), "{text}");
        assert!(!text.contains("margin"), "{text}");
        assert_eq!(table(&findings(&spec, vec![unpaired])), None);
    }

    #[test]
    fn failed_trials_and_missing_rounds_have_no_pairs() {
        let mut rows = rows();
        rows.retain(|r| !(r.sampler == "random@other" && r.seed == 2 && r.round == 1));
        let failed = Record { error: "killed".into(), value: None, ..accuracy("random@other", 2, 1, 0.0) };
        rows.push(failed);
        let text = table(&findings(&spec_with(OTHER), rows)).unwrap();
        // The area is of seeds 0 and 1 alone: 2 and 3 points.
        assert!(text.contains("+2.5 ± 6.4 (n=2) |"), "{text}");
    }
}
