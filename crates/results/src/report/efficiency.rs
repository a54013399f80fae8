//! Label efficiency: what an arm's labels are worth in labels drawn at random.

use std::collections::BTreeMap;

use super::metric::{metric_in_words, seeds_in_words};
use super::page::Section;
use super::table::aligned;
use super::{Findings, Rule};
use crate::findings::{Efficiency, efficiencies};
use crate::stats::{LEAST_PAIRS, LabelsToReach, Reach};
use crate::words::thousands;

/// Empty where no arm samples at random, and where one round gives no curve to read labels from.
pub(super) fn section(findings: &Findings) -> Section {
    let spec = findings.spec();
    let metric = spec.dataset.task().primary_metric();
    let found = efficiencies(&findings.results, metric, findings.rule());
    let most = found.iter().map(|e| e.needed.n).max().unwrap_or(0);
    if most == 0 || spec.rounds.count == 1 {
        return Section::of("Label efficiency", String::new());
    }
    let what = metric_in_words(metric.label, findings.images(&[])).replace(" (%)", "");
    let mut text = format!(
        "How many labels random sampling needs for the {what} that an arm (row) has on average with its labels (column); more than \
         the column's is a saving, and the ratio says by which factor.\n"
    );
    text += &format!("\n{}\n", table(findings, &found));
    text += &format!("n = {}. ", seeds_in_words(found.iter().map(|e| e.needed.n)));
    text += &if most < LEAST_PAIRS {
        format!("Fewer than {LEAST_PAIRS} seeds have no interval: any of these may be luck.")
    } else {
        "In brackets the 95 % interval, paired by seed. `<` and `>`: beyond the first or the last number of labels of random \
         sampling, which shows no more."
            .to_owned()
    };
    let arms = findings.results.arms();
    let variant = |label: &str| arms.iter().find(|arm| arm.label == label).and_then(|arm| arm.variant);
    if found.iter().any(|e| variant(&e.arm) != variant(&e.reference)) {
        text += " Arms of variants that do not sample at random are held against random sampling under the experiment's own \
                 protocol.";
    }
    if findings.rule() == Rule::Own {
        text += " Each arm is under the rule that it queries with.";
    }
    Section::of("Label efficiency", text + "\n")
}

/// A row per arm, a column per number of labels, and the ratio at the last.
fn table(findings: &Findings, found: &[Efficiency]) -> String {
    let rounds = &findings.spec().rounds;
    let labels: Vec<usize> = (0..rounds.count).map(|round| rounds.labeled(round)).collect();
    let last = labels[rounds.count - 1];
    let mut arms: Vec<&str> = found.iter().map(|e| e.arm.as_str()).collect();
    arms.dedup();
    let by: BTreeMap<(&str, usize), &LabelsToReach> =
        found.iter().map(|e| ((e.arm.as_str(), e.labeled), &e.needed)).collect();
    let header = std::iter::once("labels".to_owned()).chain(labels.iter().map(|&n| thousands(n)));
    let mut grid = vec![header.chain(std::iter::once(format!("ratio at {}", thousands(last)))).collect::<Vec<_>>()];
    for arm in arms {
        let of = |labeled: usize, number: &dyn Fn(f64) -> String| {
            by.get(&(arm, labeled)).map_or("-".to_owned(), |needed| cell(needed, number))
        };
        let whole = |labels: f64| thousands(labels.round() as usize);
        let ratio = |labels: f64| format!("{:.2}", labels / last as f64);
        let cells = labels.iter().map(|&labeled| of(labeled, &whole));
        let row = std::iter::once(findings.marked(arm)).chain(cells).chain(std::iter::once(of(last, &ratio)));
        grid.push(row.collect());
    }
    aligned(&grid)
}

/// `1,240 [1,020, > 2,000]`.
fn cell(needed: &LabelsToReach, number: &dyn Fn(f64) -> String) -> String {
    let shown = |reach: Reach| match reach {
        Reach::Below(labels) => format!("< {}", number(labels)),
        Reach::At(labels) => number(labels),
        Reach::Beyond(labels) => format!("> {}", number(labels)),
    };
    let interval = needed.low.zip(needed.high);
    let interval = interval.map_or(String::new(), |(low, high)| format!(" [{}, {}]", shown(low), shown(high)));
    format!("{}{interval}", shown(needed.labels))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{findings, full, spec};
    use super::*;

    /// Random has 30, 40 and 50 with 200, 400 and 600 labels; core-set 35, 50 and 65: 35 is half way to 400, 50 is at 600,
    /// 65 is beyond. Seeds lie apart, but their differences do not vary.
    #[test]
    fn labels_are_read_from_the_curve_of_random_sampling() {
        let text = section(&findings(&spec(), full())).text;
        let text = text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        assert!(text.starts_with("How many labels random sampling needs for the test accuracy that an arm"), "{text}");
        assert!(text.contains("| labels | 200 | 400 | 600 | ratio at 600 |"), "{text}");
        assert!(text.contains("| core-set | 300 [300, 300] | 600 [600, > 600] | > 600 ["), "{text}");
        assert!(text.contains("| > 1.00 [> 1.00, > 1.00] |") && text.contains("n = 3 seeds. In brackets"), "{text}");
    }

    #[test]
    fn one_seed_has_no_interval_and_says_so() {
        let text = section(&findings(&spec(), full().into_iter().filter(|r| r.seed == 1).collect())).text;
        assert!(text.contains("| core-set | 300 | 600 | > 600 |       > 1.00 |"), "{text}");
        assert!(text.contains("n = 1 seed. Fewer than 3 seeds have no interval"), "{text}");
    }

    #[test]
    fn nothing_without_random_sampling_or_with_one_round() {
        let without: Vec<_> = full().into_iter().filter(|row| row.sampler == "core-set").collect();
        assert_eq!(section(&findings(&spec(), without)).text, "");
        let mut one = spec();
        one.rounds.count = 1;
        let rows = full().into_iter().filter(|row| row.round == 0).collect();
        assert_eq!(section(&findings(&one, rows)).text, "");
    }

    #[test]
    fn what_the_curve_does_not_show_is_open() {
        let reach = |labels, low, high| LabelsToReach { n: 3, labels, low: Some(low), high: Some(high) };
        let number = |labels: f64| thousands(labels as usize);
        let needed = reach(Reach::At(1240.0), Reach::At(1020.0), Reach::Beyond(2000.0));
        assert_eq!(cell(&needed, &number), "1,240 [1,020, > 2,000]");
        let needed = reach(Reach::Below(200.0), Reach::Below(200.0), Reach::At(310.0));
        assert_eq!(cell(&needed, &number), "< 200 [< 200, 310]");
    }
}
