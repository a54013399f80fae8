//! The part of the page that is of one claim.

use std::collections::BTreeSet;

use super::folders::{experiment, link, precision, where_and_when};
use super::group::{Claim, Part, Row};
use super::published::PublishedClaim;
use super::scale::{Against, in_words};
use crate::report::arm::{Images, protocol_of};
use crate::report::claim::{amount, count, criterion, measured, of_these, remarks, rules_in_words, what};
use crate::report::metric::select_in_words;
use crate::report::page::Section;
use crate::report::table::aligned;
use crate::report::{Metric, Reference, ReferencePoint};
use crate::spec::{At, Select};
use crate::stats::Summary;
use crate::words::{counted, thousands};

/// Everything of a claim. `others` are the published curves of a data set, by its name; `shown` has the tables of them that stand
/// above already.
pub(super) fn section(claim: &Claim, others: &[(String, Vec<Reference>)], shown: &mut BTreeSet<String>) -> Section {
    let mut text = format!("- Source: {}. Published number: {}.\n", claim.source, claim.numbers());
    let scales: BTreeSet<String> = claim.published.iter().filter_map(|line| line.scale_in_words()).collect();
    let scales: Vec<String> = scales.into_iter().collect();
    match scales.is_empty() {
        true => text += "- Scale of the source: not known here.\n",
        false => {
            let standing = claim.standing(Against::Same).unwrap_or_else(|| "not measured".into());
            text += &format!("- Scale of the source: {}. At that scale: **{standing}**.\n", scales.join("; or "));
        }
    }
    if claim.parts.is_empty() {
        text += "\nNo results folder here judges this claim.\n";
    }
    for part in &claim.parts {
        text += &self::part(part);
    }
    for table in claim.parts.iter().flat_map(|part| published(part, &claim.published, others)) {
        text += &match shown.insert(table.clone()) {
            true => format!("\n{table}"),
            false => "\nWhat others published of that number stands under the claim above.\n".into(),
        };
    }
    Section::of(&claim.claim, text)
}

/// What is asked, a row for each folder, and what a reader must know of them.
fn part(part: &Part) -> String {
    let expected = &part.expectation;
    let metrics: BTreeSet<String> = part.rows.iter().map(|row| what(row.judgement.metric, Images::Test)).collect();
    let metrics: Vec<String> = metrics.into_iter().collect();
    let asked = criterion(expected, &metrics.join(" or "), None, Metric::ACCURACY.factor);
    let rules: Vec<Select> = part.rows.iter().filter_map(|row| row.judgement.expectation.select).collect();
    let under = match rules.first() {
        Some(rule) => format!("; the source reports the {}", select_in_words(rule.name(), Images::Test)),
        None => String::new(),
    };
    let mut grid = vec![
        [
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
        ]
        .map(str::to_owned)
        .to_vec(),
    ];
    let mut notes = String::new();
    for row in &part.rows {
        grid.push(cells(row));
        let Row { run, judgement, .. } = row;
        let remarks = remarks(judgement, row.images()) + &so_far(row).unwrap_or_default();
        if !remarks.is_empty() {
            notes += &format!("- {}:{remarks}\n", link(&run.name));
        }
    }
    let notes = if notes.is_empty() { notes } else { format!("\n{notes}") };
    format!("\nCriterion: {asked}{under}.\n\n{}{notes}", aligned(&grid))
}

/// Of a number that was not measured, the nearest thing to it: the value with the most labels that the arm has.
fn so_far(row: &Row) -> Option<String> {
    let Row { run, judgement, .. } = row;
    let expected = &judgement.expectation;
    if judgement.measured.is_some() || expected.band.is_none() {
        return None;
    }
    let (results, rule) = (&run.results, *judgement.rules.first()?);
    let rounds = &results.spec.rounds;
    let of = |round: usize| results.at_round(&expected.sampler, judgement.metric.name, rule, round);
    let (round, values) =
        (0..rounds.count).rev().map(|round| (round, of(round))).find(|(_, values)| !values.is_empty())?;
    let summary = Summary::of(&values.into_values().collect::<Vec<_>>())?;
    Some(format!(
        " The most labels that it has are {}, with {} ({}; {}).",
        thousands(rounds.labeled(round)),
        amount(judgement, summary.mean, summary.half_width()),
        of_these(judgement, summary.n),
        self::rule(row, &[rule])
    ))
}

/// The rules that a row's values are under, and how many epochs were looked at for the best one.
fn rule(row: &Row, rules: &[&str]) -> String {
    let train = &protocol_of(&row.run.results.spec, &row.judgement.expectation.sampler).train;
    let every = train.select.every.filter(|every| *every > 1 && rules != [Select::Last.name()]);
    let every = every.map(|every| format!("; it looked at one epoch in {every}")).unwrap_or_default();
    rules_in_words(rules, row.images()) + &every
}

fn cells(row: &Row) -> Vec<String> {
    let Row { run, judgement, against } = row;
    let (spec, manifest) = (&run.results.spec, run.results.manifest.as_ref());
    let arm = &judgement.expectation.sampler;
    let protocol = protocol_of(spec, arm);
    let rules = judgement.measured.map_or_else(|| "-".into(), |_| rule(row, &judgement.rules));
    vec![
        link(&run.name),
        experiment(spec),
        measured(judgement),
        count(judgement),
        rules,
        precision(protocol),
        where_and_when(manifest),
        in_words(spec, arm, manifest),
        against.in_words().into(),
        format!("**{}**", row.verdict()),
    ]
}

/// What anyone published of the number that a claim is of, on the data sets of the claim; a table for each.
fn published(part: &Part, lines: &[&PublishedClaim], others: &[(String, Vec<Reference>)]) -> Vec<String> {
    let expected = &part.expectation;
    let (At::Labeled(labeled), Some(_)) = (expected.at, expected.band) else { return Vec::new() };
    let sampler = expected.sampler.split('@').next().unwrap_or_default();
    let mut tables = Vec::new();
    for (dataset, references) in others {
        let Some(line) = lines.iter().find(|line| line.dataset == *dataset) else { continue };
        let mut grid = vec![["published by", "value", "mean of", "note"].map(str::to_owned).to_vec()];
        let of_it = references.iter().filter(|r| r.sampler == sampler && r.metric == line.metric);
        let at = |r: &Reference| r.points.iter().find(|point| point.labeled == labeled).copied();
        for (reference, ReferencePoint { value, trials, .. }) in of_it.filter_map(|r| Some((r, at(r)?))) {
            let trials = trials.map_or_else(|| "not said".into(), |n| counted(n, "trial"));
            grid.push(vec![reference.source.clone(), format!("{value} %"), trials, reference.note.clone()]);
        }
        if grid.len() > 1 {
            let labels = thousands(labeled);
            tables.push(format!(
                "All that is published of {sampler} with {labels} labels on {dataset}:\n\n{}",
                aligned(&grid)
            ));
        }
    }
    tables
}
