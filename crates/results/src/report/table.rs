//! Tables that read well both as Markdown and on a terminal.

use super::arm::Images;
use super::metric::{metric_in_words, rule_in_words, seeds_in_words, select_in_words};
use super::summary::samplers;
use super::{Findings, Metric, Reference, Row, Rule};
use crate::results::Failure;
use crate::spec::Labeled;
use crate::store::{ClassCount, Manifest};
use crate::words::thousands;

/// The tables of every metric under every recorded rule, the one that queried first (where arms queried by several, each
/// arm under its own), then the variants and what they change, then what a reader must know of all that, then the failed
/// trials.
pub(super) fn tables(findings: &Findings) -> String {
    let metrics = findings.metrics();
    let mut parts = Vec::new();
    for &metric in &metrics {
        let first = findings.rule();
        parts.push(table(findings, metric, first));
        let others = findings.results.rules_of(metric.name).into_iter().filter(|&rule| rule != first);
        let recorded = others.filter(|&rule| !findings.rows(metric, rule).is_empty());
        parts.extend(recorded.map(|rule| table(findings, metric, rule)));
    }
    parts.extend(super::variants::variants(findings));
    parts.extend(super::difference::table(findings));
    parts.extend(sources(findings, metrics[0]));
    parts.extend(failures(findings));
    parts.join("\n")
}

/// The table of one rule: a row per arm, a column per number of labels; the published numbers beneath, where they
/// stand at one of our numbers of labels; a line on n. Says so where there is no value yet.
pub(super) fn table(findings: &Findings, metric: Metric, rule: Rule) -> String {
    let rows = findings.rows(metric, rule);
    let arms = samplers(rows.iter().copied());
    let images = findings.images(&arms);
    let label = metric_in_words(metric.label, images);
    let heading = format!("**{}, {}**\n\n", capitalised(&label), rule_in_words(rule, images));
    let columns = labels(rows.iter().copied());
    if columns.is_empty() {
        return format!("{heading}No round has finished yet.\n");
    }
    let most = rows.iter().map(|r| r.n).max().unwrap_or(0);
    let mut grid = vec![header(&columns)];
    for &arm in &arms {
        let cell = |&labeled: &usize| {
            let row = rows.iter().find(|r| r.sampler == arm && r.labeled == labeled);
            row.map_or_else(|| "-".to_owned(), |r| cell(r, metric, most))
        };
        grid.push(std::iter::once(findings.marked(arm)).chain(columns.iter().map(cell)).collect());
    }
    grid.extend(published(findings, metric, &columns));
    let mut note = format!("n = {}", seeds_in_words(std::iter::once(most)));
    let planned = findings.spec().seeds.len();
    if most < planned {
        note += &format!(" of {planned} so far");
    }
    if rows.iter().any(|r| r.n < most) {
        note += " unless the cell says otherwise";
    }
    note +=
        if most > 1 { "; ± is half the 95 % t interval of the mean over seeds" } else { "; one seed has no interval" };
    let own = if rule == Rule::Own { own_rules(findings, &arms) } else { String::new() };
    format!("{heading}{}\n{note}.\n{own}", aligned(&grid))
}

/// Which arms query with which rule: `Last epoch: random, core-set.`, a line each.
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
    rules.iter().map(|(rule, arms)| format!("{}: {}.\n", capitalised(rule), arms.join(", "))).collect()
}

/// Classes that a page has room for; with more, the records have them.
const CLASSES_SHOWN: usize = 30;

/// The metric of each class at the last number of labels that all arms reached, under the rule that queried: a row
/// per class in the data set's order, a column per arm. None where there are no such records, or too many classes.
pub(super) fn classes(findings: &Findings) -> Option<String> {
    let task = findings.spec().dataset.task();
    let metric = task.metric_of_classes();
    let prefix = format!("{}/", metric.name);
    let rows: Vec<(&str, &Row)> = findings
        .rows_of(findings.rule(), &|name| name.starts_with(&prefix))
        .into_iter()
        .filter_map(|r| r.metric.strip_prefix(&prefix).map(|class| (class, r)))
        .collect();
    let samplers = samplers(rows.iter().map(|r| r.1));
    let reached = |sampler: &str| rows.iter().filter(|r| r.1.sampler == sampler).map(|r| r.1.labeled).max();
    let labeled = samplers.iter().filter_map(|sampler| reached(sampler)).min()?;
    let known = findings.manifest().map(|m| m.data.classes.as_slice()).unwrap_or_default();
    let place = |class: &str| known.iter().position(|k| k.name == class).unwrap_or(known.len());
    let mut names: Vec<&str> = rows.iter().map(|r| r.0).collect();
    names.sort_unstable();
    names.dedup();
    names.sort_by_key(|class| place(class));
    if names.is_empty() {
        return None;
    }
    let images = findings.images(&samplers);
    let label = metric_in_words(metric.label, images);
    if names.len() > CLASSES_SHOWN {
        return Some(format!(
            "{} of all {} classes: in [summary.csv](summary.csv).\n",
            capitalised(&label),
            names.len()
        ));
    }
    let counted = match task.labels() {
        Labeled::Images => "pool",
        Labeled::Pixels => "images with it in the pool",
    };
    let most = rows.iter().map(|(_, r)| r.n).max().unwrap_or(0);
    let marked = samplers.iter().map(|arm| findings.marked(arm));
    let mut grid = vec![["class", counted].map(str::to_owned).into_iter().chain(marked).collect::<Vec<_>>()];
    for class in names {
        let value = |sampler: &&str| {
            let row = rows.iter().find(|(c, r)| *c == class && r.sampler == **sampler && r.labeled == labeled);
            let cell = |r: &Row| {
                let n = if r.n < most { format!(" (n={})", r.n) } else { String::new() };
                format!("{:.1}{n}", r.mean * metric.factor)
            };
            row.map_or_else(|| "-".to_owned(), |(_, r)| cell(r))
        };
        let count = known.iter().find(|k| k.name == class).map_or("?".to_owned(), |k| thousands(k.pool));
        grid.push([class.to_owned(), count].into_iter().chain(samplers.iter().map(value)).collect());
    }
    let rule = if findings.rule() == Rule::Own { ", each under the rule that it queries with" } else { "" };
    let heading = format!("**{} with {} labels{rule}**\n\n", capitalised(&label), thousands(labeled));
    let (split, is_absent): (_, fn(&ClassCount) -> bool) = match images {
        Images::Test | Images::Mixed => ("test split", |class| class.test == 0),
        Images::Train => ("pool", |class| class.pool == 0),
    };
    let absent: Vec<&str> = known.iter().filter(|k| is_absent(k)).map(|k| k.name.as_str()).collect();
    let absent = match absent.is_empty() {
        true => String::new(),
        false => format!(" Left out of the mean over classes, because the {split} has none: {}.", absent.join(", ")),
    };
    Some(format!(
        "{heading}{}\nMean over {} unless the cell says otherwise.{absent}\n",
        aligned(&grid),
        seeds_in_words(std::iter::once(most))
    ))
}

fn header(columns: &[usize]) -> Vec<String> {
    std::iter::once("labels".to_owned()).chain(columns.iter().map(|&c| thousands(c))).collect()
}

/// `61.3 ± 1.2`, and the number of seeds where some are missing.
fn cell(row: &Row, metric: Metric, most: usize) -> String {
    let mut text = format!("{:.1}", row.mean * metric.factor);
    if let (Some(low), Some(high)) = (row.low, row.high) {
        text += &format!(" ± {:.1}", (high - low) / 2.0 * metric.factor);
    }
    if row.n < most {
        text += &format!(" (n={})", row.n);
    }
    text
}

/// The published numbers of `metric` that stand at one of `columns`, and the number by which the list of sources has
/// them: their names are too long for a table.
fn meeting<'a>(findings: &'a Findings, metric: Metric, columns: &[usize]) -> Vec<(usize, &'a Reference)> {
    let references = findings.references_of(metric).into_iter().enumerate();
    references.filter(|(_, r)| columns.iter().any(|&c| r.at(c).is_some())).map(|(i, r)| (i + 1, r)).collect()
}

fn published(findings: &Findings, metric: Metric, columns: &[usize]) -> Vec<Vec<String>> {
    let row = |(i, r): (usize, &Reference)| {
        let cell = |&c: &usize| r.at(c).map_or_else(|| "-".to_owned(), |v| v.to_string());
        std::iter::once(format!("{} [published {i}]", r.sampler)).chain(columns.iter().map(cell)).collect()
    };
    meeting(findings, metric, columns).into_iter().map(row).collect()
}

/// Where the published numbers in the tables come from.
fn sources(findings: &Findings, metric: Metric) -> Option<String> {
    let columns = labels(findings.rows.iter().filter(|r| r.metric == metric.name));
    let lines: Vec<String> = meeting(findings, metric, &columns)
        .into_iter()
        .map(|(i, r)| format!("- [published {i}] {}\n", r.name().replace('\n', " ")))
        .collect();
    (!lines.is_empty()).then(|| format!("{}:\n\n{}", findings.published_heading(), lines.concat()))
}

/// The numbers of labels of `rows`, each once, in order.
fn labels<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<usize> {
    rows.map(|r| r.labeled).collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

/// A Markdown table whose columns also line up as plain text; the first column to the left, the others to the right.
pub(crate) fn aligned(grid: &[Vec<String>]) -> String {
    let escaped: Vec<Vec<String>> = grid.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()).collect();
    let width = |column: usize| escaped.iter().filter_map(|row| row.get(column)).map(|c| c.chars().count()).max();
    let widths: Vec<usize> = (0..grid.first().map_or(0, Vec::len)).map(|c| width(c).unwrap_or(0).max(3)).collect();
    let mut out = String::new();
    for (i, row) in escaped.iter().enumerate() {
        for (column, (cell, &width)) in row.iter().zip(&widths).enumerate() {
            out += &if column == 0 { format!("| {cell:<width$} ") } else { format!("| {cell:>width$} ") };
        }
        out += "|\n";
        if i == 0 {
            for (column, &width) in widths.iter().enumerate() {
                let dashes = "-".repeat(width - 1);
                out += &if column == 0 { format!("| :{dashes} ") } else { format!("| {dashes}: ") };
            }
            out += "|\n";
        }
    }
    out
}

/// Text that cannot end a cell or a line.
fn escape(cell: &str) -> String {
    cell.replace('|', "\\|").replace(['\n', '\r'], " ")
}

/// What a reader must know of the data before comparing numbers.
pub(super) fn data_note(manifest: Option<&Manifest>) -> Option<String> {
    let note = manifest.map(|m| m.data.note.trim().replace(char::is_control, " ")).filter(|n| !n.is_empty())?;
    Some(format!("Data: {}.", note.trim_end_matches('.')))
}

fn failures(findings: &Findings) -> Option<String> {
    let failures = &findings.results.failures;
    if failures.is_empty() {
        return None;
    }
    let line = |f: &Failure| format!("- {}, seed {}, round {}: {}\n", f.sampler, f.seed, f.round, f.error);
    Some(format!("Failed trials ({}):\n\n{}", failures.len(), failures.iter().map(line).collect::<String>()))
}

pub(crate) fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::ReferencePoint;
    use super::super::testing::{accuracy, findings as findings_of, full, spec, spec_of, spec_with};
    use super::*;
    use crate::store::Record;

    fn findings(rows: Vec<Record>) -> Findings {
        findings_of(&spec(), rows)
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
        let text = tables(&findings(full()));
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
        let text = table(&findings(rows), Metric::ACCURACY, Rule::One("last"));
        assert!(text.contains("| 49.0 (n=1) |") && text.contains("|          - |"), "{text}");
        assert!(text.contains("n = 3 seeds unless the cell says otherwise"), "{text}");
    }

    #[test]
    fn one_seed_of_three_has_no_interval_and_says_so() {
        let text = table(&findings(vec![accuracy("random", 0, 0, 0.25)]), Metric::ACCURACY, Rule::One("last"));
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
        let text = tables(&findings_of(&spec_with(variant), rows));
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
        let text = tables(&findings_of(&spec_with("[variant.other]\ntrain.start = 'continue'"), with_other("last")));
        assert!(text.starts_with("**Test accuracy (%), last epoch**\n") && !text.contains("queries with"), "{text}");
        assert!(text.contains("| core-set@other | 55.0 ± 2.5 |") && !text.contains("TRAIN"), "{text}");
    }

    #[test]
    fn accuracies_on_train_images_cannot_be_taken_for_others() {
        let mixed =
            tables(&findings_of(&spec_with("[variant.other]\ntrain.select.images = 'train'"), with_other("last")));
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
        let text = tables(&all);
        assert!(text.starts_with("**Accuracy on TRAIN images (%), last epoch**\n"), "{text}");
        assert!(text.contains("| random                 | 30.0 ± 2.5 |"), "{text}");
        assert!(text.contains("Published numbers (of test images unless they say otherwise):\n"), "{text}");
        assert!(!text.to_lowercase().contains("test accuracy"), "{text}");
    }

    #[test]
    fn classes_are_of_each_arm_under_its_own_rule() {
        let class = |sampler: &str, select: &str, value| Record {
            metric: "accuracy/car".into(),
            select: select.into(),
            ..accuracy(sampler, 0, 0, value)
        };
        let rows = vec![
            class("random", "last", 0.25),
            class("random", "best-on-test", 0.5),
            class("random@other", "last", 0.125),
            class("random@other", "best-on-test", 0.75),
        ];
        let variant = "[variant.other]\ntrain.select = { query = 'best-on-test', images = 'train' }";
        let text = classes(&findings_of(&spec_with(variant), rows)).unwrap();
        assert!(text.starts_with("**Accuracy on each class on test images, TRAIN where marked (%) with 200 labels"));
        assert!(text.contains("| class | pool | random | random@other [TRAIN images] |"), "{text}");
        assert!(text.contains("| car   |    ? |   25.0 |                        75.0 |"), "{text}");
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
        let text = tables(&findings(rows));
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
        let text = tables(&findings);
        assert!(text.contains("| core-set [published 2] |          - |      47.25 |          - |"), "{text}");
        assert!(text.contains("Published numbers:\n\n- [published 2] a paper: core-set\n"), "{text}");
        assert!(!text.contains("published 1"), "{text}");
        findings.results.spec = spec_of(Some("tiny"));
        assert!(tables(&findings).contains("Published numbers (full protocol):\n"));
    }

    #[test]
    fn nothing_finished_is_said_and_text_cannot_break_the_table() {
        assert!(tables(&findings(Vec::new())).contains("No round has finished yet."));
        let row = |cells: [&str; 2]| cells.map(str::to_owned).to_vec();
        let text = aligned(&[row(["arm", "value"]), row(["a|b\nc", "50.0"])]);
        assert!(text.ends_with("| a\\|b c |  50.0 |\n"), "{text}");
    }
}
