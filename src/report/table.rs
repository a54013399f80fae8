//! Tables that read well both as Markdown and on a terminal.

use super::metric::{seeds_in_words, select_in_words, thousands};
use super::summary::samplers;
use super::{Failure, Findings, Metric, Reference, Row};
use crate::spec::Labeled;
use crate::store::Manifest;

/// The tables of every metric under every recorded rule, the one that queried first, then what a reader must know of
/// them, then the failed trials.
pub(super) fn tables(findings: &Findings) -> String {
    let query = findings.spec.train.select.query.name();
    let metrics = findings.metrics();
    let mut parts = Vec::new();
    for &metric in &metrics {
        let rules = findings.outcome.rules(metric, query);
        parts.extend(rules.iter().map(|rule| table(findings, metric, rule)));
    }
    parts.extend(sources(findings, metrics[0]));
    parts.extend(context(findings));
    parts.extend(failures(findings));
    parts.join("\n")
}

/// The table of one rule: a row per sampler, a column per number of labels; the published numbers beneath, where they
/// stand at one of our numbers of labels; a line on n. Says so where there is no value yet.
pub(super) fn table(findings: &Findings, metric: Metric, select: &str) -> String {
    let rows = findings.outcome.of_rule(metric, select);
    let heading = format!("**{}, {}**\n\n", capitalised(metric.label), select_in_words(select));
    let columns = labels(rows.clone());
    if columns.is_empty() {
        return format!("{heading}No round has finished yet.\n");
    }
    let most = rows.clone().map(|r| r.n).max().unwrap_or(0);
    let mut grid = vec![header(&columns)];
    for sampler in samplers(rows.clone()) {
        let cell = |&labeled: &usize| {
            let row = rows.clone().find(|r| r.sampler == sampler && r.labeled == labeled);
            row.map_or_else(|| "-".to_owned(), |r| cell(r, metric, most))
        };
        grid.push(std::iter::once(sampler.to_owned()).chain(columns.iter().map(cell)).collect());
    }
    grid.extend(published(findings, metric, &columns));
    let mut note = format!("n = {}", seeds_in_words(std::iter::once(most)));
    let planned = findings.spec.seeds.len();
    if most < planned {
        note += &format!(" of {planned} so far");
    }
    if rows.clone().any(|r| r.n < most) {
        note += " unless the cell says otherwise";
    }
    note +=
        if most > 1 { "; ± is half the 95 % t interval of the mean over seeds" } else { "; one seed has no interval" };
    format!("{heading}{}\n{note}.\n", aligned(&grid))
}

/// Classes that a page has room for; with more, the records have them.
const CLASSES_SHOWN: usize = 30;

/// The metric of each class at the last number of labels that all samplers reached, under the rule that queried: a row
/// per class in the data set's order, a column per sampler. None where there are no such records, or too many classes.
pub(super) fn classes(findings: &Findings) -> Option<String> {
    let task = findings.spec.dataset.task();
    let metric = task.metric_of_classes();
    let select = findings.spec.train.select.query.name();
    let prefix = format!("{}/", metric.name);
    let rows: Vec<(&str, &Row)> = findings
        .outcome
        .rows
        .iter()
        .filter(|r| r.select == select)
        .filter_map(|r| r.metric.strip_prefix(&prefix).map(|class| (class, r)))
        .collect();
    let samplers = samplers(rows.iter().map(|r| r.1));
    let reached = |sampler: &str| rows.iter().filter(|r| r.1.sampler == sampler).map(|r| r.1.labeled).max();
    let labeled = samplers.iter().filter_map(|sampler| reached(sampler)).min()?;
    let known = findings.manifest.as_ref().map(|m| m.data.classes.as_slice()).unwrap_or_default();
    let place = |class: &str| known.iter().position(|k| k.name == class).unwrap_or(known.len());
    let mut names: Vec<&str> = rows.iter().map(|r| r.0).collect();
    names.sort_unstable();
    names.dedup();
    names.sort_by_key(|class| place(class));
    if names.is_empty() {
        return None;
    }
    if names.len() > CLASSES_SHOWN {
        return Some(format!(
            "{} of all {} classes: in [summary.csv](summary.csv).\n",
            capitalised(metric.label),
            names.len()
        ));
    }
    let counted = match task.labels() {
        Labeled::Images => "pool",
        Labeled::Pixels => "images with it in the pool",
    };
    let header = ["class", counted].into_iter().chain(samplers.iter().copied());
    let mut grid = vec![header.map(str::to_owned).collect::<Vec<_>>()];
    for class in names {
        let value = |sampler: &&str| {
            let row = rows.iter().find(|(c, r)| *c == class && r.sampler == **sampler && r.labeled == labeled);
            row.map_or_else(|| "-".to_owned(), |(_, r)| format!("{:.1}", r.mean * metric.factor))
        };
        let count = known.iter().find(|k| k.name == class).map_or("?".to_owned(), |k| thousands(k.pool));
        grid.push([class.to_owned(), count].into_iter().chain(samplers.iter().map(value)).collect());
    }
    let heading = format!("**{} with {} labels**\n\n", capitalised(metric.label), thousands(labeled));
    let absent: Vec<&str> = known.iter().filter(|k| k.test == 0).map(|k| k.name.as_str()).collect();
    let absent = match absent.is_empty() {
        true => String::new(),
        false => format!(" Left out of the mean over classes, because the test split has none: {}.", absent.join(", ")),
    };
    Some(format!("{heading}{}\nMean over seeds.{absent}\n", aligned(&grid)))
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
    let references = findings.references_of(metric).iter().enumerate();
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
    let columns = labels(findings.outcome.rows.iter().filter(|r| r.metric == metric.name));
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
pub(super) fn aligned(grid: &[Vec<String>]) -> String {
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

/// Devices and data.
fn context(findings: &Findings) -> Option<String> {
    let mut lines = Vec::new();
    match findings.outcome.devices.as_slice() {
        [] => {}
        [one] => lines.push(format!("Device: {one}.")),
        several => lines.push(format!("Devices: {}.", several.join(", "))),
    }
    lines.extend(data_note(findings.manifest.as_ref()));
    (!lines.is_empty()).then(|| lines.join("\n") + "\n")
}

/// What a reader must know of the data before comparing numbers.
pub(super) fn data_note(manifest: Option<&Manifest>) -> Option<String> {
    let note = manifest.map(|m| m.data.note.trim()).filter(|n| !n.is_empty())?;
    Some(format!("Data: {}.", note.trim_end_matches('.')))
}

fn failures(findings: &Findings) -> Option<String> {
    let failures = &findings.outcome.failures;
    if failures.is_empty() {
        return None;
    }
    let line = |f: &Failure| format!("- {}, seed {}, round {}: {}\n", f.sampler, f.seed, f.round, f.error);
    Some(format!("Failed trials ({}):\n\n{}", failures.len(), failures.iter().map(line).collect::<String>()))
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{accuracy, full, manifest, records, spec, spec_of};
    use super::super::{Cost, Outcome, ReferencePoint};
    use super::*;
    use crate::store::Record;

    fn findings(rows: Vec<Record>) -> Findings {
        let spec = spec();
        let outcome = Outcome::of(&spec, &records(rows), std::path::Path::new("records.csv")).unwrap();
        Findings { manifest: Some(manifest(&spec)), spec, outcome, cost: Cost::default(), references: Vec::new() }
    }

    fn reference(points: &[(usize, f64)]) -> Reference {
        let point = |&(labeled, accuracy)| ReferencePoint { labeled, accuracy, trials: None };
        Reference {
            source: "a paper".into(),
            sampler: "core-set".into(),
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

Device: cpu.
Data: generated pictures, not photographs.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_missing_seed_shows_in_its_cell() {
        let mut rows = full();
        rows.retain(|r| !(r.sampler == "random" && r.round == 2 && r.seed > 0));
        rows.retain(|r| !(r.sampler == "core-set" && r.round == 1));
        let text = table(&findings(rows), Metric::ACCURACY, "last");
        assert!(text.contains("| 49.0 (n=1) |") && text.contains("|          - |"), "{text}");
        assert!(text.contains("n = 3 seeds unless the cell says otherwise"), "{text}");
    }

    #[test]
    fn one_seed_of_three_has_no_interval_and_says_so() {
        let text = table(&findings(vec![accuracy("random", 0, 0, 0.25)]), Metric::ACCURACY, "last");
        assert!(text.contains("| random | 25.0 |"), "{text}");
        assert!(text.contains("n = 1 seed of 3 so far; one seed has no interval."), "{text}");
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
        findings.spec = spec_of(Some("tiny"));
        assert!(tables(&findings).contains("Published numbers (full protocol):\n"));
    }

    #[test]
    fn nothing_finished_is_said_and_text_cannot_break_the_table() {
        assert!(tables(&findings(Vec::new())).contains("No round has finished yet."));
        let text = table(&findings(vec![accuracy("a|b\nc", 0, 0, 0.5)]), Metric::ACCURACY, "last");
        assert!(text.contains("| a\\|b c | 50.0 |"), "{text}");
    }
}
