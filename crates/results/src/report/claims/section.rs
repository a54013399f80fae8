//! The section of one claim.

use std::collections::BTreeSet;

use super::folders::{experiment, folder_link, where_and_when};
use super::group::{Claim, Part, Row};
use super::published::PublishedClaim;
use super::scale::{Against, in_words};
use crate::report::page::{Block, Cell, Column, Section, Table};
use crate::report::reference::{Reference, ReferencePoint};
use crate::report::words::arm::{Images, protocol_of};
use crate::report::words::claim::{
    amount, criterion, measured, metric_name, remarks, rules_in_words, sample_size, seeds_or_pairs,
};
use crate::report::words::metric::select_in_words;
use crate::report::words::protocol::precision;
use crate::spec::{At, Metric, Select};
use crate::stats::Summary;
use crate::words::{counted, thousands};

/// Everything about a claim. `others` are the published curves of a data set, by its name; `shown` holds the tables of
/// them that stand above already.
pub(super) fn section(claim: &Claim, others: &[(String, Vec<Reference>)], shown: &mut Vec<Table>) -> Section {
    let scales: BTreeSet<String> = claim.published.iter().filter_map(|line| line.scale_in_words()).collect();
    let scales: Vec<String> = scales.into_iter().collect();
    let source = format!("Published by {}: {}.", claim.source, claim.numbers());
    let scale = match scales.is_empty() {
        true => "Scale of the source: not known here.".to_owned(),
        false => {
            let standing = claim.standing(Against::Same).unwrap_or_else(|| "not measured".into());
            format!("Scale of the source: {}. At that scale: **{standing}**.", scales.join("; or "))
        }
    };
    let mut blocks = vec![Block::paragraph(format!("{source} {scale}"))];
    if claim.parts.is_empty() {
        blocks.push(Block::paragraph("No results folder here has this claim."));
    }
    for part in &claim.parts {
        blocks.extend(self::part(part));
    }
    for (intro, table) in claim.parts.iter().flat_map(|part| published(part, &claim.published, others)) {
        if shown.contains(&table) {
            let above = "Other published values of this number are listed under the claim above.";
            blocks.push(Block::paragraph(above));
        } else {
            blocks.extend([Block::paragraph(intro), Block::Table(table.clone())]);
            shown.push(table);
        }
    }
    Section::new(&claim.claim, blocks)
}

/// The criterion, a row for each folder, and what a reader must know of them.
fn part(part: &Part) -> Vec<Block> {
    let expected = &part.expectation;
    let metrics: BTreeSet<String> = part.rows.iter().map(|row| metric_name(row.judged.metric, Images::Test)).collect();
    let metrics: Vec<String> = metrics.into_iter().collect();
    let criterion = criterion(expected, &metrics.join(" or "), None, Metric::ACCURACY.factor);
    let rules: Vec<Select> = part.rows.iter().filter_map(|row| row.judged.expectation.select).collect();
    let under = match rules.first() {
        Some(rule) => format!("; the source reports the {}", select_in_words(rule.name(), Images::Test)),
        None => String::new(),
    };
    let columns = [
        "folder",
        "experiment",
        "measured",
        "n",
        "rule",
        "precision",
        "hardware and day",
        "scale",
        "at the source's scale",
        "verdict",
    ];
    let mut table = Table::new("measured", Column::all(columns));
    let mut notes = Vec::new();
    for row in &part.rows {
        let Row { run, judged, .. } = row;
        table.push(folder_link(&run.name), cells(row));
        let remarks = remarks(judged, row.images()) + &so_far(row).unwrap_or_default();
        if !remarks.is_empty() {
            notes.push(format!("{}:{remarks}", folder_link(&run.name)));
        }
    }
    let mut blocks = vec![Block::paragraph(format!("Criterion: {criterion}{under}.")), Block::Table(table)];
    if !notes.is_empty() {
        blocks.push(Block::list(notes));
    }
    blocks
}

/// For a number that was not measured, the nearest one: the value with the most labels that the arm has.
fn so_far(row: &Row) -> Option<String> {
    let Row { run, judged, .. } = row;
    let expected = &judged.expectation;
    if judged.measured.is_some() || expected.band.is_none() {
        return None;
    }
    let (results, rule) = (&run.results, *judged.rules.first()?);
    let rounds = &results.spec.rounds;
    let values_at = |round: usize| results.at_round(&expected.sampler, judged.metric.name, rule, round);
    let (round, values) =
        (0..rounds.count).rev().map(|round| (round, values_at(round))).find(|(_, values)| !values.is_empty())?;
    let summary = Summary::of(&values.into_values().collect::<Vec<_>>())?;
    Some(format!(
        " Its largest number of labels is {}, with {} ({}; {}).",
        thousands(rounds.labeled(round)),
        amount(judged, summary.mean, summary.half_width()),
        seeds_or_pairs(judged, summary.n),
        self::rule(row, &[rule])
    ))
}

/// The rules that a row's values are under, and how many epochs were looked at for the best one.
fn rule(row: &Row, rules: &[&str]) -> String {
    let train = &protocol_of(&row.run.results.spec, &row.judged.expectation.sampler).train;
    let every = train.select.every.filter(|every| *every > 1 && rules != [Select::Last.name()]);
    let every = every.map(|every| format!("; it evaluated one epoch in {every}")).unwrap_or_default();
    rules_in_words(rules, row.images()) + &every
}

/// The cells of a folder's row after its name.
fn cells(row: &Row) -> Vec<Cell> {
    let Row { run, judged, against } = row;
    let (spec, manifest) = (&run.results.spec, run.results.manifest.as_ref());
    let arm = &judged.expectation.sampler;
    let protocol = protocol_of(spec, arm);
    vec![
        Cell::text(experiment(spec)),
        measured(judged),
        sample_size(judged),
        Cell::or_missing(judged.measured.map(|_| Cell::text(rule(row, &judged.rules)))),
        Cell::text(precision(protocol)),
        Cell::text(where_and_when(manifest)),
        Cell::text(in_words(spec, arm, manifest)),
        Cell::text(against.in_words()),
        Cell::Verdict(judged.verdict, row.verdict()),
    ]
}

/// All published values of the number that a claim is about, on the data sets of the claim; a table for each, with its
/// introduction.
fn published(part: &Part, lines: &[&PublishedClaim], others: &[(String, Vec<Reference>)]) -> Vec<(String, Table)> {
    let expected = &part.expectation;
    let (At::Labeled(labeled), Some(_)) = (expected.at, expected.band) else { return Vec::new() };
    let sampler = expected.sampler.split('@').next().unwrap_or_default();
    let mut tables = Vec::new();
    for (dataset, references) in others {
        let Some(line) = lines.iter().find(|line| line.dataset == *dataset) else { continue };
        let name = format!("published-{dataset}-{sampler}-{labeled}");
        let mut table = Table::new(name, Column::all(["published by", "value", "mean of", "note"]));
        let of_it = references.iter().filter(|r| r.sampler == sampler && r.metric == line.metric);
        let at = |r: &Reference| r.points.iter().find(|point| point.labeled == labeled).copied();
        for (reference, ReferencePoint { value, trials, .. }) in of_it.filter_map(|r| Some((r, at(r)?))) {
            let trials = trials.map_or_else(|| "not said".into(), |n| counted(n, "trial"));
            let cells = [Cell::text(format!("{value} %")), Cell::text(trials), Cell::text(&reference.note)];
            table.push(&reference.source, cells);
        }
        if !table.rows.is_empty() {
            let labels = thousands(labeled);
            tables.push((format!("All published values of {sampler} with {labels} labels on {dataset}:"), table));
        }
    }
    tables
}
