//! The metric of each class.

use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Number, Table, link};
use crate::report::summary::{Row, samplers};
use crate::report::words::arm::Images;
use crate::report::words::capitalised;
use crate::report::words::metric::{metric_in_words, seeds_in_words};
use crate::results::Rule;
use crate::spec::Labeled;
use crate::store::ClassCount;
use crate::words::thousands;

/// The most classes that a page has room for; `summary.csv` has them all.
const CLASSES_SHOWN: usize = 30;

/// The metric of each class at the last number of labels that all arms reached, under the rule that is reported first:
/// a row per class in the data set's order, a column per arm. Empty without such records; a sentence for too many
/// classes.
pub(super) fn classes(findings: &Findings) -> Vec<Block> {
    let task = findings.spec().dataset.task();
    let metric = task.metric_of_classes();
    let prefix = format!("{}/", metric.name);
    let rows: Vec<(&str, &Row)> = findings
        .rows_of(findings.rule(), &|name| name.starts_with(&prefix))
        .into_iter()
        .filter_map(|r| r.metric.strip_prefix(&prefix).map(|class| (class, r)))
        .collect();
    let samplers = samplers(rows.iter().map(|r| r.1));
    let Some(labeled) = reached_by_all(&samplers, &rows) else { return Vec::new() };
    let known = findings.manifest().map(|m| m.data.classes.as_slice()).unwrap_or_default();
    let names = in_order(rows.iter().map(|r| r.0).collect(), known);
    let images = findings.images(&samplers);
    let label = capitalised(&metric_in_words(metric.label, images));
    if names.len() > CLASSES_SHOWN {
        let file = link("summary.csv", "summary.csv");
        return vec![Block::paragraph(format!("{label} of all {} classes: in {file}.", names.len()))];
    }
    let count = match task.labels() {
        Labeled::Images => "pool",
        Labeled::Pixels => "images with it in the pool",
    };
    let marked = samplers.iter().map(|arm| findings.marked(arm));
    let columns = ["class", count].map(str::to_owned).into_iter().chain(marked);
    let mut table = Table::new("classes", Column::all(columns));
    let most = rows.iter().map(|(_, r)| r.n).max().unwrap_or(0);
    for class in names {
        let mean = |sampler: &&str| {
            let row = rows.iter().find(|(c, r)| *c == class && r.sampler == **sampler && r.labeled == labeled);
            let number = row.map(|(_, r)| Number {
                n: Some(r.n).filter(|&n| n < most),
                ..Number::mean(r.mean * metric.factor, None)
            });
            Cell::or_missing(number.map(Cell::from))
        };
        let count = known.iter().find(|k| k.name == class).map_or(Cell::text("?"), |k| Cell::Count(k.pool));
        table.push(class, std::iter::once(count).chain(samplers.iter().map(mean)));
    }
    let rule = if findings.rule() == Rule::Own { ", each under the rule that it queries with" } else { "" };
    let seeds = seeds_in_words(std::iter::once(most));
    vec![
        Block::heading(format!("{label} with {} labels{rule}", thousands(labeled))),
        Block::Table(table),
        Block::paragraph(format!("Mean over {seeds} unless the cell says otherwise.{}", absent(known, images))),
    ]
}

/// The last number of labels that all samplers have; none without samplers.
fn reached_by_all(samplers: &[&str], rows: &[(&str, &Row)]) -> Option<usize> {
    let reached = |sampler: &str| rows.iter().filter(|r| r.1.sampler == sampler).map(|r| r.1.labeled).max();
    samplers.iter().filter_map(|sampler| reached(sampler)).min()
}

/// Names of classes, each once, in the order of the data set.
fn in_order<'a>(mut names: Vec<&'a str>, known: &[ClassCount]) -> Vec<&'a str> {
    names.sort_unstable();
    names.dedup();
    names.sort_by_key(|class| known.iter().position(|k| k.name == *class).unwrap_or(known.len()));
    names
}

/// Which classes are not among the images that values are of; a sentence that begins with a space.
fn absent(known: &[ClassCount], images: Images) -> String {
    let (split, is_absent): (_, fn(&ClassCount) -> bool) = match images {
        Images::Test | Images::Mixed => ("test split", |class| class.test == 0),
        Images::Train => ("pool", |class| class.pool == 0),
    };
    let absent: Vec<&str> = known.iter().filter(|k| is_absent(k)).map(|k| k.name.as_str()).collect();
    match absent.is_empty() {
        true => String::new(),
        false => format!(
            " Left out of the mean over classes, because the {split} has no image with them: {}.",
            absent.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::markdown;
    use crate::report::testing::{accuracy, findings, spec_with};
    use crate::store::Record;

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
        let text = markdown(&classes(&findings(&spec_with(variant), rows)));
        assert!(text.starts_with("**Accuracy on each class on test images, TRAIN where marked (%) with 200 labels"));
        assert!(text.contains("| class | pool | random | random@other [TRAIN images] |"), "{text}");
        assert!(text.contains("| car   |    ? |   25.0 |                        75.0 |"), "{text}");
    }
}
