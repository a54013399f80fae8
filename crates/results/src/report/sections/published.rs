//! Every published number beside ours.

use crate::report::findings::Findings;
use crate::report::page::{Block, Cell, Column, Section, Table};
use crate::results::Arm;
use crate::spec::Metric;

/// The published numbers of the primary metric: a row for each of our arms and each source, a column for each number of
/// labels that a source has. Empty without published numbers.
pub(super) fn section(findings: &Findings) -> Section {
    let metric = findings.primary_metric();
    let published = findings.references_of(metric);
    let mut columns: Vec<usize> = published.iter().flat_map(|r| r.points.iter().map(|p| p.labeled)).collect();
    columns.sort_unstable();
    columns.dedup();
    if columns.is_empty() {
        return Section::default();
    }
    let mut table = Table::new("published", Column::labels("labels", columns.iter().copied()));
    let has_one = |arm: &&Arm| columns.iter().any(|&labeled| ours(findings, metric, &arm.label, labeled).is_some());
    for arm in findings.results.arms().iter().filter(has_one) {
        let cell = |&labeled: &usize| Cell::or_missing(ours(findings, metric, &arm.label, labeled));
        table.push(format!("{} (ours)", findings.marked(&arm.label)), columns.iter().map(cell));
    }
    for reference in published {
        let cell = |&labeled: &usize| Cell::or_missing(reference.at(labeled).map(|v| Cell::text(v.to_string())));
        table.push(reference.name(), columns.iter().map(cell));
    }
    let heading = format!("{}, in %, as published.", findings.published_heading());
    Section::new("Published numbers", vec![Block::paragraph(heading), Block::Table(table)])
}

/// Our mean at so many labels, under the rule that is reported first.
fn ours(findings: &Findings, metric: Metric, arm: &str, labeled: usize) -> Option<Cell> {
    let rows = findings.rows(metric, findings.rule());
    let row = rows.into_iter().find(|row| row.sampler == arm && row.labeled == labeled)?;
    Some(Cell::number(row.mean * metric.factor, 1))
}
