//! The gate's findings in words and tables, and as text for a terminal.

use super::Gate;
use super::cells::{self, CellState, Place, Tested};
use crate::findings::p_in_words;
use crate::report::{Block, Cell, Column, Number, Table, capitalised, markdown};
use crate::stats::rotation::LEVEL;
use crate::words::{counted, thousands};

/// The most moved cells that the summary names.
const NAMED: usize = 6;

/// The summary on one line, without a line break.
pub(super) fn summary(check: &Gate) -> String {
    let tested = match &check.outcome {
        Ok(tested) => tested,
        Err(why) => return format!("could not compare: {why}"),
    };
    let moved = by_clarity(tested);
    let left_out = left_out_in_words(tested.left_out);
    let metric = metric_in_words(tested);
    if moved.is_empty() {
        let what = tested_in_words(tested);
        let how = if tested.identical { "all values are the same" } else { "no curve moved significantly" };
        return format!("held: {how} ({what})");
    }
    let shown: Vec<String> = moved.iter().take(NAMED).map(|cell| cell_in_words(tested, cell)).collect();
    let more = moved.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!(
        "moved: {}{more} ({metric}; each p is corrected for all {}{left_out})",
        shown.join("; "),
        cells_in_words(tested)
    )
}

/// The cells that moved: the smallest p first; among equal ones, the largest change.
pub(super) fn by_clarity(tested: &Tested) -> Vec<&cells::Cell> {
    let mut moved: Vec<&cells::Cell> = tested.moved().collect();
    moved.sort_by(|a, b| a.p.total_cmp(&b.p).then(b.difference.abs().total_cmp(&a.difference.abs())));
    moved
}

/// `test accuracy: 4 samplers x 3 rounds, 5 seeds against 5`, and how many seeds were left out.
pub(super) fn tested_in_words(tested: &Tested) -> String {
    format!(
        "{}: {} x {}, {}{}",
        metric_in_words(tested),
        counted(tested.arms.len(), "sampler"),
        counted(tested.labels.len(), "round"),
        seeds_in_words(tested),
        left_out_in_words(tested.left_out)
    )
}

/// How many cells are tested, with a sum that adds up: `17 cells together (4 samplers x (3 rounds + area) + the mean
/// over samplers)`.
fn cells_in_words(tested: &Tested) -> String {
    let (arms, rounds) = (tested.arms.len(), tested.labels.len());
    let samplers = counted(arms, "sampler");
    let of_arms = if rounds > 1 { format!("{samplers} x ({rounds} rounds + area)") } else { samplers };
    let mean = if arms > 1 { " + the mean over samplers" } else { "" };
    format!("{} together ({of_arms}{mean})", counted(tested.cells.len(), "cell"))
}

/// `; 1 seed of the baseline and 2 seeds of these results left out`, or nothing.
pub(super) fn left_out_in_words(left_out: [usize; 2]) -> String {
    let counted_of = |(n, whose): (usize, &str)| (n > 0).then(|| format!("{} of {whose}", counted(n, "seed")));
    let parts: Vec<String> =
        left_out.into_iter().zip(["the baseline", "these results"]).filter_map(counted_of).collect();
    if parts.is_empty() { String::new() } else { format!("; {} left out", parts.join(" and ")) }
}

/// The primary metric: `test accuracy`.
pub(super) fn metric_in_words(tested: &Tested) -> &str {
    tested.metric.label.trim_end_matches(" (%)")
}

/// What measured changes are that are smaller than what counts.
pub(super) fn below_in_words(tested: &Tested) -> &'static str {
    match tested.smallest {
        Some(smallest) if smallest > 0.0 => "are not significant, or do not count",
        _ => "are not significant",
    }
}

/// `random at 300 labels: -4.2 points (p = 0.003)`. The caller says for how many cells p is corrected.
pub(super) fn cell_in_words(tested: &Tested, cell: &cells::Cell) -> String {
    let points = points(tested, cell);
    format!("{}: {points} points ({})", name_of(tested, cell), p_in_words(cell.p))
}

/// `random at 300 labels`, `random, area under the curve`, `mean area over samplers`.
fn name_of(tested: &Tested, cell: &cells::Cell) -> String {
    let arm = cell.arm.as_deref();
    match (arm, cell.place) {
        (Some(arm), Place::Round(round)) => format!("{arm} at {} labels", thousands(tested.labels[round])),
        (Some(arm), Place::Area) => format!("{arm}, area under the curve"),
        (None, Place::Round(round)) => format!("mean over samplers at {} labels", thousands(tested.labels[round])),
        (None, Place::Area) => "mean area over samplers".into(),
    }
}

/// `300 labels`, or `area`.
pub(super) fn place_in_words(tested: &Tested, place: Place) -> String {
    match place {
        Place::Round(round) => format!("{} labels", thousands(tested.labels[round])),
        Place::Area => "area".into(),
    }
}

/// `3 seeds against 5`, the baseline's last.
fn seeds_in_words(tested: &Tested) -> String {
    let [baseline, current] = tested.seeds.each_ref().map(Vec::len);
    let paired = if tested.paired { ", seed by seed" } else { "" };
    format!("{} against {baseline}{paired}", counted(current, "seed"))
}

/// What differs and may, the matrix of differences, the cells that moved, and the summary, for a terminal. If nothing
/// could be compared, the summary is left out: the terminal shows it as an error.
pub(super) fn text(check: &Gate) -> String {
    let mut blocks = differences(check);
    if let Ok(tested) = &check.outcome {
        blocks.extend(matrix(tested));
        blocks.push(Block::paragraph(notes(tested).join("\n")));
        if tested.moved().next().is_some() {
            blocks.extend([Block::heading("What moved"), Block::Table(details("moved", tested, &mut tested.moved()))]);
        }
        blocks.push(Block::paragraph(summary(check)));
    }
    markdown(&blocks)
}

/// What is not the same on both sides, under a heading; empty if all is.
fn differences(check: &Gate) -> Vec<Block> {
    match differing(check) {
        lines if lines.is_empty() => Vec::new(),
        lines => vec![Block::heading("What differs, from the baseline to these results"), Block::list(lines)],
    }
}

/// What is not the same on both sides, a line each.
pub(super) fn differing(check: &Gate) -> Vec<String> {
    let allowed = |allowed| if allowed { "allowed" } else { "not allowed" };
    let keys = check.differences.iter().map(|d| format!("{d} ({})", allowed(d.allowed)));
    keys.chain(check.notes.iter().cloned()).collect()
}

/// A row for each sampler, a column for each number of labels and for the area; then the mean over samplers.
pub(super) fn matrix(tested: &Tested) -> Vec<Block> {
    let rounds = tested.labels.len();
    let places: Vec<Place> = (0..rounds).map(Place::Round).chain((rounds > 1).then_some(Place::Area)).collect();
    let mut columns = Column::labels("labels", tested.labels.iter().copied());
    columns.extend((rounds > 1).then(|| Column::new("area")));
    let mut table = Table::new("matrix", columns);
    for arm in &tested.arms {
        let cell = |&place: &Place| Cell::or_missing(tested.cell(Some(arm), place).map(|cell| change(tested, cell)));
        table.push(arm, places.iter().map(cell));
    }
    let label = capitalised(metric_in_words(tested));
    let heading = Block::heading(format!("{label}: change from the baseline, in points"));
    let mut blocks = vec![heading, Block::Table(table)];
    if let Some(mean) = tested.cells.iter().find(|cell| cell.arm.is_none()) {
        let word = if mean.place == Place::Area { "area" } else { "value" };
        let points = points(tested, mean);
        let moved = match mean.state {
            CellState::Held => String::new(),
            moved => format!(", {}", moved.in_words()),
        };
        let p = p_in_words(mean.p);
        blocks.push(Block::paragraph(format!("Mean {word} over samplers: {points} points ({p}{moved}).")));
    }
    blocks
}

/// The change of a cell, with a word if it moved.
fn change(tested: &Tested, cell: &cells::Cell) -> Cell {
    let word = match cell.state {
        CellState::Held => None,
        moved => Some(moved.in_words()),
    };
    Number { word, ..points(tested, cell) }.into()
}

/// The change of a cell in points: `+1.2`.
fn points(tested: &Tested, cell: &cells::Cell) -> Number {
    Number::difference(cell.difference * tested.metric.factor, None)
}

/// What was tested and how, and from where on changes count; a line each.
pub(super) fn notes(tested: &Tested) -> Vec<String> {
    let factor = tested.metric.factor;
    let smallest = tested.smallest.map_or_else(
        || "every significant change counts (the baseline's spec has no `check.smallest-difference`)".into(),
        |smallest| format!("changes from {:.1} points on count, as the baseline's spec says", smallest * factor),
    );
    let mut lines = vec![format!(
        "Only {} is tested; other recorded metrics are not. {}; a level of {} % for all {}, for which each p is \
         corrected; {smallest}.",
        metric_in_words(tested),
        capitalised(&seeds_in_words(tested)),
        LEVEL * 100.0,
        cells_in_words(tested)
    )];
    let parts: Vec<String> = [
        ("in a round", counts_from(tested, &|cell| cell.place != Place::Area && cell.arm.is_some())),
        ("in an area", counts_from(tested, &|cell| cell.place == Place::Area && cell.arm.is_some())),
        ("in the mean over samplers", counts_from(tested, &|cell| cell.arm.is_none())),
    ]
    .into_iter()
    .filter_map(|(place, range)| Some(format!("{} points {place}", range?)))
    .collect();
    if !parts.is_empty() {
        let below = below_in_words(tested);
        lines.push(format!("Measured changes smaller than these {below}: {}.", parts.join(", ")));
    }
    let small = tested.cells.iter().filter(|cell| cell.state == CellState::Held && cell.p < LEVEL).count();
    if small > 0 {
        lines.push(format!("{} changed significantly, but by less than what counts.", counted(small, "cell")));
    }
    lines
}

/// From how many points on a change counts in some of the cells: `1.2`, or `1.2 to 3.4`. None if no value differs from
/// another.
fn counts_from(tested: &Tested, is_wanted: &dyn Fn(&cells::Cell) -> bool) -> Option<String> {
    let points = tested.cells.iter().filter(|cell| is_wanted(cell)).map(|c| c.counts_from * tested.metric.factor);
    let points: Vec<f64> = points.filter(|points| *points > 0.0).collect();
    let least = points.iter().copied().reduce(f64::min)?;
    let most = points.into_iter().reduce(f64::max)?;
    let [least, most] = [least, most].map(|points| format!("{points:.1}"));
    Some(if least == most { least } else { format!("{least} to {most}") })
}

/// A row for each of `cells`, in percent and points.
pub(super) fn details(name: &str, tested: &Tested, cells: &mut dyn Iterator<Item = &cells::Cell>) -> Table {
    let columns = vec![
        Column::new("sampler"),
        Column::new("at"),
        Column::with_unit("baseline", "%"),
        Column::with_unit("now", "%"),
        Column::with_unit("change", "points"),
        Column::with_unit("counts from", "points"),
        Column::with_unit("p", "corrected"),
        Column::new("result"),
    ];
    let mut table = Table::new(name, columns);
    let factor = tested.metric.factor;
    for cell in cells {
        let values = [
            Cell::text(place_in_words(tested, cell.place)),
            Cell::number(cell.baseline * factor, 1),
            Cell::number(cell.current * factor, 1),
            points(tested, cell).into(),
            Cell::number(cell.counts_from * factor, 1),
            Cell::P(cell.p),
            Cell::text(cell.state.in_words()),
        ];
        table.push(cell.arm.as_deref().unwrap_or("mean over samplers"), values);
    }
    table
}
