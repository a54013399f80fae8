//! The tables of results: means by arm and number of labels, what variants change, and failed trials.

use std::collections::BTreeSet;

use super::{classes, variants};
use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Number, Section, Table, link};
use crate::report::reference::Reference;
use crate::report::summary::{Row, samplers};
use crate::report::words::capitalised;
use crate::report::words::metric::{metric_in_words, rule_in_words, seeds_in_words, select_in_words};
use crate::results::{Failure, Rule};
use crate::spec::Metric;

/// The tables, the metric of each class, and where every number is.
pub(super) fn section(findings: &Findings, tables: Vec<Block>) -> Section {
    let mut blocks = tables;
    blocks.extend(classes::classes(findings));
    let mut files = format!("All numbers in full precision: {}.", link("summary.csv", "summary.csv"));
    if !findings.comparisons.is_empty() {
        files += &format!(" Differences between arms: {}.", link("comparisons.csv", "comparisons.csv"));
    }
    let records = link("records.csv", &format!("{}records.csv", findings.files));
    blocks.push(Block::paragraph(format!("{files} Values of each trial: {records}.")));
    Section::new("Results", blocks)
}

/// A table for every metric under every recorded rule, the rule that is reported first before the others; then the
/// variants and what they change, the sources of published numbers, and the failed trials.
pub(super) fn tables(findings: &Findings) -> Vec<Block> {
    let metrics = findings.metrics();
    let mut blocks = Vec::new();
    for &metric in &metrics {
        let first = findings.rule();
        blocks.extend(table(findings, metric, first));
        for rule in findings.results.rules_of(metric.name) {
            if rule != first && !findings.rows(metric, rule).is_empty() {
                blocks.extend(table(findings, metric, rule));
            }
        }
    }
    blocks.extend(variants::changes(findings));
    blocks.extend(variants::differences(findings));
    blocks.extend(sources(findings, metrics[0]));
    blocks.extend(failures(findings));
    blocks
}

/// The table of one rule: a row per arm, a column per number of labels; beneath, the published numbers that stand at
/// one of our numbers of labels; then a line on n.
fn table(findings: &Findings, metric: Metric, rule: Rule) -> Vec<Block> {
    let rows = findings.rows(metric, rule);
    let arms = samplers(rows.iter().copied());
    let images = findings.images(&arms);
    let label = metric_in_words(metric.label, images);
    let heading = Block::heading(format!("{}, {}", capitalised(&label), rule_in_words(rule, images)));
    let columns = labels(rows.iter().copied());
    if columns.is_empty() {
        return vec![heading, Block::paragraph("No round has finished yet.")];
    }
    let most = rows.iter().map(|r| r.n).max().unwrap_or(0);
    let mut table =
        Table::new(format!("{}-{}", metric.name, rule.name()), Column::labels("labels", columns.iter().copied()));
    for &arm in &arms {
        let cell = |&labeled: &usize| {
            let row = rows.iter().find(|r| r.sampler == arm && r.labeled == labeled);
            Cell::or_missing(row.map(|row| mean(row, metric, most)))
        };
        table.push(findings.marked(arm), columns.iter().map(cell));
    }
    for (i, reference) in meeting(findings, metric, &columns) {
        let cell = |&labeled: &usize| Cell::or_missing(reference.at(labeled).map(|v| Cell::text(v.to_string())));
        table.push(format!("{} [published {i}]", reference.sampler), columns.iter().map(cell));
    }
    let mut note = format!("n = {}", seeds_in_words(std::iter::once(most)));
    let planned = findings.spec().seeds.len();
    if most < planned {
        note += &format!(" of {planned} so far");
    }
    if rows.iter().any(|r| r.n < most) {
        note += " unless the cell says otherwise";
    }
    note += if most > 1 {
        "; ± is half the 95 % t interval of the mean over seeds."
    } else {
        "; one seed has no interval."
    };
    if rule == Rule::Own {
        note += &own_rules(findings, &arms);
    }
    vec![heading, Block::Table(table), Block::paragraph(note)]
}

/// Which arms query with which rule, each on a new line: `Last epoch: random, core-set.`
fn own_rules(findings: &Findings, arms: &[&str]) -> String {
    let mut rules: Vec<(String, Vec<&str>)> = Vec::new();
    for &arm in arms {
        let select = findings.protocol_of(arm).train.select.query.name();
        let rule = select_in_words(select, findings.images(&[arm]));
        match rules.iter_mut().find(|(known, _)| *known == rule) {
            Some((_, arms)) => arms.push(arm),
            None => rules.push((rule, vec![arm])),
        }
    }
    rules.iter().map(|(rule, arms)| format!("\n{}: {}.", capitalised(rule), arms.join(", "))).collect()
}

/// A mean with half its interval, and the number of seeds if some are missing.
fn mean(row: &Row, metric: Metric, most: usize) -> Cell {
    let half = row.half_width().map(|half| half * metric.factor);
    Number { n: Some(row.n).filter(|&n| n < most), ..Number::mean(row.mean * metric.factor, half) }.into()
}

/// The published numbers of `metric` that stand at one of `columns`, each with its number in the list of sources: the
/// names of the sources are too long for a table.
fn meeting<'a>(findings: &'a Findings, metric: Metric, columns: &[usize]) -> Vec<(usize, &'a Reference)> {
    let references = findings.references_of(metric).into_iter().enumerate();
    references.filter(|(_, r)| columns.iter().any(|&c| r.at(c).is_some())).map(|(i, r)| (i + 1, r)).collect()
}

/// Where the published numbers in the tables come from.
fn sources(findings: &Findings, metric: Metric) -> Vec<Block> {
    let columns = labels(findings.rows.iter().filter(|r| r.metric == metric.name));
    let sources: Vec<String> = meeting(findings, metric, &columns)
        .into_iter()
        .map(|(i, r)| format!("[published {i}] {}", r.name().replace('\n', " ")))
        .collect();
    match sources.is_empty() {
        true => Vec::new(),
        false => vec![Block::paragraph(format!("{}:", findings.published_heading())), Block::list(sources)],
    }
}

/// The numbers of labels of `rows`, each once, in order.
fn labels<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<usize> {
    rows.map(|r| r.labeled).collect::<BTreeSet<_>>().into_iter().collect()
}

fn failures(findings: &Findings) -> Vec<Block> {
    let failures = &findings.results.failures;
    if failures.is_empty() {
        return Vec::new();
    }
    let line = |f: &Failure| format!("{}, seed {}, round {}: {}", f.sampler, f.seed, f.round, f.error);
    vec![Block::paragraph(format!("Failed trials ({}):", failures.len())), Block::list(failures.iter().map(line))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::markdown;
    use crate::report::reference::ReferencePoint;
    use crate::report::testing::{accuracy, findings as findings_of, full, spec, spec_of, spec_with};
    use crate::store::Record;

    fn findings(rows: Vec<Record>) -> Findings {
        findings_of(&spec(), rows)
    }

    fn text_of(findings: &Findings) -> String {
        markdown(&tables(findings))
    }

    fn reference(points: &[(usize, f64)]) -> Reference {
        let point = |&(labeled, value)| ReferencePoint { labeled, value, trials: None };
        Reference {
            source: "a paper".into(),
            sampler: "core-set".into(),
            metric: "accuracy".into(),
            note: String::new(),
            points: points.iter().map(point).collect(),
        }
    }

    #[test]
    fn a_row_per_sampler_and_a_column_per_number_of_labels() {
        let text = text_of(&findings(full()));
        let expected = "\
**Test accuracy (%), last epoch**

| labels   |        200 |        400 |        600 |
| :------- | ---------: | ---------: | ---------: |
| random   | 30.0 ± 2.5 | 40.0 ± 2.5 | 50.0 ± 2.5 |
| core-set | 35.0 ± 2.5 | 50.0 ± 2.5 | 65.0 ± 2.5 |

n = 3 seeds; ± is half the 95 % t interval of the mean over seeds.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_missing_seed_shows_in_its_cell() {
        let mut rows = full();
        rows.retain(|r| !(r.sampler == "random" && r.round == 2 && r.seed > 0));
        rows.retain(|r| !(r.sampler == "core-set" && r.round == 1));
        let text = markdown(&table(&findings(rows), Metric::ACCURACY, Rule::One("last")));
        assert!(text.contains("| 49.0 (n=1) |") && text.contains("|          - |"), "{text}");
        assert!(text.contains("n = 3 seeds unless the cell says otherwise"), "{text}");
    }

    #[test]
    fn one_seed_of_three_has_no_interval_and_says_so() {
        let text =
            markdown(&table(&findings(vec![accuracy("random", 0, 0, 0.25)]), Metric::ACCURACY, Rule::One("last")));
        assert!(text.contains("| random | 25.0 |"), "{text}");
        assert!(text.contains("n = 1 seed of 3 so far; one seed has no interval."), "{text}");
    }

    /// [`full`] and as much again of the variant `other` under a rule, 0.2 higher.
    fn with_other(select: &str) -> Vec<Record> {
        let other = full().into_iter().map(|mut row| {
            row.sampler += "@other";
            row.select = select.into();
            row.value = row.value.map(|v| v + 0.2);
            row
        });
        full().into_iter().chain(other).collect()
    }

    #[test]
    fn arms_that_query_by_different_rules_are_first_shown_each_under_its_own() {
        let mut rows = with_other("best-on-test");
        // Recorded beside: it is no arm's own.
        rows.push(Record { select: "best-on-test".into(), ..accuracy("random", 0, 0, 0.875) });
        let variant = "[variant.other]\ntrain.select.query = 'best-on-test'";
        let text = text_of(&findings_of(&spec_with(variant), rows));
        let expected = "\
**Test accuracy (%), each under the rule that it queries with**

| labels         |        200 |        400 |        600 |
| :------------- | ---------: | ---------: | ---------: |
| random         | 30.0 ± 2.5 | 40.0 ± 2.5 | 50.0 ± 2.5 |
| core-set       | 35.0 ± 2.5 | 50.0 ± 2.5 | 65.0 ± 2.5 |
| random@other   | 50.0 ± 2.5 | 60.0 ± 2.5 | 70.0 ± 2.5 |
| core-set@other | 55.0 ± 2.5 | 70.0 ± 2.5 | 85.0 ± 2.5 |

n = 3 seeds; ± is half the 95 % t interval of the mean over seeds.
Last epoch: random, core-set.
Best epoch on the test images (optimistic): random@other, core-set@other.

**Test accuracy (%), last epoch**
";
        assert!(text.starts_with(expected), "{text}");
        let places =
            ["(%), last epoch", "(%), best epoch on the test", "| 87.5 (n=1) |", "**Variants**", "**Differences"];
        let found: Vec<Option<usize>> = places.iter().map(|part| text.find(part)).collect();
        assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?} {text}");
    }

    #[test]
    fn variants_that_query_alike_change_no_heading() {
        let text = text_of(&findings_of(&spec_with("[variant.other]\ntrain.start = 'continue'"), with_other("last")));
        assert!(text.starts_with("**Test accuracy (%), last epoch**\n") && !text.contains("queries with"), "{text}");
        assert!(text.contains("| core-set@other | 55.0 ± 2.5 |") && !text.contains("TRAIN"), "{text}");
    }

    #[test]
    fn accuracies_on_train_images_cannot_be_taken_for_others() {
        let mixed =
            text_of(&findings_of(&spec_with("[variant.other]\ntrain.select.images = 'train'"), with_other("last")));
        assert!(mixed.starts_with("**Accuracy on test images, TRAIN where marked (%), last epoch**\n"), "{mixed}");
        for part in [
            "| core-set                      | 35.0 ± 2.5 |",
            "| core-set@other [TRAIN images] | 55.0 ± 2.5 |",
            "| random@other [TRAIN images]   |          +20.0 ± 0.0 |",
        ] {
            assert!(mixed.contains(part), "{part:?} is not in {mixed}");
        }

        let mut all = findings(full());
        all.results.spec.train.select.images = crate::spec::EvaluationImages::Train;
        all.references = vec![reference(&[(400, 47.25)])];
        let text = text_of(&all);
        assert!(text.starts_with("**Accuracy on TRAIN images (%), last epoch**\n"), "{text}");
        assert!(text.contains("| random                 | 30.0 ± 2.5 |"), "{text}");
        assert!(text.contains("Published numbers (of test images unless they say otherwise):\n"), "{text}");
        assert!(!text.to_lowercase().contains("test accuracy"), "{text}");
    }

    #[test]
    fn the_other_rules_and_the_failures_follow() {
        let mut rows = full();
        for mut row in full() {
            row.select = "best-on-test".into();
            row.value = row.value.map(|v| v + 0.1);
            rows.push(row);
        }
        let mut failed = accuracy("random", 2, 1, 0.0);
        (failed.value, failed.error, failed.select) = (None, "killed | by a signal".into(), String::new());
        rows.push(failed);
        let text = text_of(&findings(rows));
        let last = text.find("last epoch").unwrap();
        let best = text.find("**Test accuracy (%), best epoch on the test images (optimistic)**").unwrap();
        let failed = text.find("Failed trials (1):\n\n- random, seed 2, round 1: killed | by a signal\n").unwrap();
        assert!(last < best && best < failed);
        assert!(text.contains("| random   | 40.0 ± 2.5 | 50.0 ± 2.5 | 60.0 ± 2.5 |"), "{text}");
    }

    #[test]
    fn published_numbers_stand_beneath_with_their_source() {
        let mut findings = findings(full());
        // One between our numbers of labels does not enter the table.
        findings.references = vec![reference(&[(300, 44.0)]), reference(&[(400, 47.25), (500, 50.0)])];
        let text = text_of(&findings);
        assert!(text.contains("| core-set [published 2] |          - |      47.25 |          - |"), "{text}");
        assert!(text.contains("Published numbers:\n\n- [published 2] a paper: core-set\n"), "{text}");
        assert!(!text.contains("published 1"), "{text}");
        findings.results.spec = spec_of(Some("tiny"));
        assert!(text_of(&findings).contains("Published numbers (full protocol):\n"));
    }

    #[test]
    fn nothing_finished_is_said() {
        assert!(text_of(&findings(Vec::new())).contains("No round has finished yet."));
    }
}
