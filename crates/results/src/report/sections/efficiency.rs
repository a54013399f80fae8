//! Label efficiency: how many randomly drawn labels an arm's labels are worth.

use std::collections::BTreeMap;

use crate::findings::{Efficiency, efficiencies};
use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, End, Number, Section, Spread, Table};
use crate::report::words::metric::{metric_in_words, seeds_in_words};
use crate::results::Rule;
use crate::stats::{LEAST_PAIRS, LabelsToReach, Reach};
use crate::words::thousands;

/// Empty if no arm samples at random, and with one round, which gives no curve to read labels from.
pub(super) fn section(findings: &Findings) -> Section {
    let spec = findings.spec();
    let metric = findings.primary_metric();
    let found = efficiencies(&findings.results, metric, findings.rule());
    let most = found.iter().map(|e| e.needed.n).max().unwrap_or(0);
    if most == 0 || spec.rounds.count == 1 {
        return Section::new("Label efficiency", Vec::new());
    }
    let what = metric_in_words(metric.label, findings.images(&[])).replace(" (%)", "");
    let intro = format!(
        "How many labels random sampling needs to reach the mean {what} that an arm (row) has with the labels of a \
         column. More labels than the column's are a saving; the ratio says by which factor."
    );
    let mut note = format!("n = {}. ", seeds_in_words(found.iter().map(|e| e.needed.n)));
    note += &if most < LEAST_PAIRS {
        format!("Fewer than {LEAST_PAIRS} seeds have no interval: any of these numbers may be chance.")
    } else {
        "The 95 % interval, paired by seed, is in brackets. `<` and `>` mark numbers of labels below the first or \
         above the last that random sampling has."
            .to_owned()
    };
    let arms = findings.results.arms();
    let variant = |label: &str| arms.iter().find(|arm| arm.label == label).and_then(|arm| arm.variant);
    if found.iter().any(|e| variant(&e.arm) != variant(&e.reference)) {
        note += " Arms of variants that do not sample at random are compared with random sampling under the \
                 experiment's own protocol.";
    }
    if findings.rule() == Rule::Own {
        note += " Each arm is under the rule that it queries with.";
    }
    let table = Block::Table(table(findings, &found));
    Section::new("Label efficiency", vec![Block::paragraph(intro), table, Block::paragraph(note)])
}

/// A row per arm, a column per number of labels, and the ratio at the last number.
fn table(findings: &Findings, found: &[Efficiency]) -> Table {
    let rounds = &findings.spec().rounds;
    let labels: Vec<usize> = (0..rounds.count).map(|round| rounds.labeled(round)).collect();
    let last = labels[rounds.count - 1];
    let mut arms: Vec<&str> = found.iter().map(|e| e.arm.as_str()).collect();
    arms.dedup();
    let needed: BTreeMap<(&str, usize), &LabelsToReach> =
        found.iter().map(|e| ((e.arm.as_str(), e.labeled), &e.needed)).collect();
    let mut columns = Column::labels("labels", labels.iter().copied());
    columns.push(Column::new(format!("ratio at {}", thousands(last))));
    let mut table = Table::new("label-efficiency", columns);
    for arm in arms {
        let needed = |labeled: usize| needed.get(&(arm, labeled));
        let whole = labels.iter().map(|&labeled| Cell::or_missing(needed(labeled).map(|needed| cell(needed, 1.0, 0))));
        let ratio = Cell::or_missing(needed(last).map(|needed| cell(needed, last as f64, 2)));
        table.push(findings.marked(arm), whole.chain([ratio]));
    }
    table
}

/// The labels in units of `unit`: `1,240 [1,020, > 2,000]`.
fn cell(needed: &LabelsToReach, unit: f64, decimals: usize) -> Cell {
    let end = |reach: Reach| match reach {
        Reach::Below(labels) => End::Below(labels / unit),
        Reach::At(labels) => End::At(labels / unit),
        Reach::Beyond(labels) => End::Beyond(labels / unit),
    };
    let interval = needed.low.zip(needed.high);
    let spread = interval.map_or(Spread::Unknown, |(low, high)| Spread::Ends(end(low), end(high)));
    Number { value: end(needed.labels), decimals, spread, ..Number::default() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::testing::{findings, full, spec};

    /// Random has 30, 40 and 50 with 200, 400 and 600 labels; core-set 35, 50 and 65: 35 is half way to 400, 50 is at
    /// 600, 65 is beyond. Seeds lie apart, but their differences do not vary.
    #[test]
    fn labels_are_read_from_the_curve_of_random_sampling() {
        let text = section(&findings(&spec(), full())).markdown();
        let text = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(
            text.starts_with("How many labels random sampling needs to reach the mean test accuracy that an arm"),
            "{text}"
        );
        assert!(text.contains("| labels | 200 | 400 | 600 | ratio at 600 |"), "{text}");
        assert!(text.contains("| core-set | 300 [300, 300] | 600 [600, > 600] | > 600 ["), "{text}");
        assert!(
            text.contains("| > 1.00 [> 1.00, > 1.00] |") && text.contains("n = 3 seeds. The 95 % interval"),
            "{text}"
        );
    }

    #[test]
    fn one_seed_has_no_interval_and_says_so() {
        let text = section(&findings(&spec(), full().into_iter().filter(|r| r.seed == 1).collect())).markdown();
        assert!(text.contains("| core-set | 300 | 600 | > 600 |       > 1.00 |"), "{text}");
        assert!(text.contains("n = 1 seed. Fewer than 3 seeds have no interval"), "{text}");
    }

    #[test]
    fn nothing_without_random_sampling_or_with_one_round() {
        let without: Vec<_> = full().into_iter().filter(|row| row.sampler == "core-set").collect();
        assert_eq!(section(&findings(&spec(), without)).markdown(), "");
        let mut one = spec();
        one.rounds.count = 1;
        let rows = full().into_iter().filter(|row| row.round == 0).collect();
        assert_eq!(section(&findings(&one, rows)).markdown(), "");
    }

    #[test]
    fn what_the_curve_does_not_show_is_open() {
        let reach = |labels, low, high| LabelsToReach { n: 3, labels, low: Some(low), high: Some(high) };
        let shown = |needed: &LabelsToReach| match cell(needed, 1.0, 0) {
            Cell::Number(number) => number.to_string(),
            other => panic!("{other:?}"),
        };
        let needed = reach(Reach::At(1240.0), Reach::At(1020.0), Reach::Beyond(2000.0));
        assert_eq!(shown(&needed), "1,240 [1,020, > 2,000]");
        let needed = reach(Reach::Below(200.0), Reach::Below(200.0), Reach::At(310.0));
        assert_eq!(shown(&needed), "< 200 [< 200, 310]");
    }
}
