//! What a check found, as Markdown that also reads well on a terminal.

use super::Check;
use super::cells::{Cell, Place, Tested, Verdict};
use crate::report::{aligned, capitalised, signed, thousands};
use crate::stats::rotation::LEVEL;

/// Moved cells that the summary has room for.
const NAMED: usize = 6;

/// One line, without an end.
pub(super) fn summary(check: &Check) -> String {
    let tested = match &check.outcome {
        Ok(tested) => tested,
        Err(why) => return format!("could not compare: {why}"),
    };
    let mut moved: Vec<&Cell> = tested.moved().collect();
    let left_out = match tested.left_out {
        0 => String::new(),
        1 => "; 1 seed was left out".into(),
        n => format!("; {n} seeds were left out"),
    };
    if moved.is_empty() {
        let what = format!(
            "{} x {}, {}",
            counted(tested.arms.len(), "sampler"),
            counted(tested.labels.len(), "round"),
            seeds_in_words(tested)
        );
        let how = if tested.identical { "all values are the same" } else { "no curve moved by more than chance" };
        return format!("held: {how} ({what}{left_out})");
    }
    // The surest first; of those that are equally sure, the largest.
    moved.sort_by(|a, b| a.p.total_cmp(&b.p).then(b.difference.abs().total_cmp(&a.difference.abs())));
    let shown: Vec<String> = moved.iter().take(NAMED).map(|cell| cell_in_words(tested, cell)).collect();
    let more = moved.len().saturating_sub(NAMED);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    format!("moved: {}{more}{left_out}", shown.join("; "))
}

/// `random at 300 labels: -4.2 points (p = 0.003)`.
pub(super) fn cell_in_words(tested: &Tested, cell: &Cell) -> String {
    let points = signed(cell.difference * tested.metric.factor);
    format!("{}: {points} points ({})", name_of(tested, cell), p_in_words(cell.p))
}

/// `random at 300 labels`, `area of random`, `mean area over samplers`.
fn name_of(tested: &Tested, cell: &Cell) -> String {
    let arm = cell.arm.as_deref();
    match (arm, cell.place) {
        (Some(arm), Place::Round(round)) => format!("{arm} at {} labels", thousands(tested.labels[round])),
        (Some(arm), Place::Area) => format!("{arm}, area under the curve"),
        (None, _) => "mean area over samplers".into(),
    }
}

/// `300 labels`, or `area`.
pub(super) fn place_in_words(tested: &Tested, place: Place) -> String {
    match place {
        Place::Round(round) => format!("{} labels", thousands(tested.labels[round])),
        Place::Area => "area".into(),
    }
}

fn p_in_words(p: f64) -> String {
    if p < 0.001 { "p < 0.001".into() } else { format!("p = {p:.3}") }
}

fn counted(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// `3 seeds against 5`, the baseline's last.
fn seeds_in_words(tested: &Tested) -> String {
    let [baseline, current] = tested.seeds.each_ref().map(Vec::len);
    let paired = if tested.paired { ", seed by seed" } else { "" };
    format!("{current} seeds against {baseline}{paired}")
}

/// What differs and may, the matrix of differences, the cells that moved, and the summary. What could not be compared has
/// its summary on the page alone: the terminal gets it as an error.
pub(super) fn text(check: &Check) -> String {
    let mut parts = Vec::new();
    parts.extend(differences(check));
    if let Ok(tested) = &check.outcome {
        parts.push(matrix(tested));
        if tested.moved().next().is_some() {
            parts.push(format!("**What moved**\n\n{}", details(tested, &mut tested.moved())));
        }
        parts.push(summary(check) + "\n");
    }
    parts.join("\n")
}

/// The page.
pub(super) fn markdown(check: &Check) -> String {
    let mut text = format!("# Check of {} against {}\n", check.current.display(), check.baseline.display());
    text += &format!("\n**{}**\n", summary(check));
    for warning in &check.warnings {
        text += &format!("\n> **Warning:** {warning}\n");
    }
    text += &differences(check).map(|part| format!("\n{part}")).unwrap_or_default();
    if let Ok(tested) = &check.outcome {
        text += &format!("\n{}", matrix(tested));
        text += &format!("\n**Every cell**\n\n{}", details(tested, &mut tested.cells.iter()));
    }
    text
}

/// What is not the same on both sides; none where all is.
fn differences(check: &Check) -> Option<String> {
    let refused = |allowed| if allowed { "allowed" } else { "not allowed" };
    let keys = check.differences.iter().map(|d| format!("- {d} ({})\n", refused(d.allowed)));
    let notes = check.notes.iter().map(|note| format!("- {note}\n"));
    let lines: String = keys.chain(notes).collect();
    (!lines.is_empty()).then(|| format!("**What differs, from the baseline to these results**\n\n{lines}"))
}

/// A row for each sampler, a column for each number of labels and for the area.
fn matrix(tested: &Tested) -> String {
    let rounds = tested.labels.len();
    let places: Vec<Place> = (0..rounds).map(Place::Round).chain((rounds > 1).then_some(Place::Area)).collect();
    let head = |place: &Place| match place {
        Place::Round(round) => thousands(tested.labels[*round]),
        Place::Area => "area".into(),
    };
    let mut grid = vec![std::iter::once("labels".to_owned()).chain(places.iter().map(head)).collect::<Vec<_>>()];
    let factor = tested.metric.factor;
    let shown = |cell: &Cell| match cell.verdict {
        Verdict::Held => signed(cell.difference * factor),
        moved => format!("{} {}", signed(cell.difference * factor), moved.in_words()),
    };
    for arm in &tested.arms {
        let value = |&place: &Place| tested.cell(Some(arm), place).map_or_else(|| "-".into(), shown);
        grid.push(std::iter::once(arm.clone()).chain(places.iter().map(value)).collect());
    }
    let label = capitalised(tested.metric.label.trim_end_matches(" (%)"));
    let mut text = format!("**{label}: change from the baseline, in points**\n\n{}", aligned(&grid));
    if let Some(mean) = tested.cell(None, Place::Area) {
        let word = if rounds > 1 { "area" } else { "value" };
        text += &format!("\nMean {word} over samplers: {} ({}).\n", shown(mean), p_in_words(mean.p));
    }
    text + &notes(tested)
}

/// How it was tested, and what could not have been seen.
fn notes(tested: &Tested) -> String {
    let factor = tested.metric.factor;
    let smallest = tested.smallest.map_or_else(
        || "any change that is more than chance counts (the baseline's spec has no `check.smallest-difference`)".into(),
        |smallest| format!("changes from {:.1} points on count, as the baseline's spec says", smallest * factor),
    );
    let mut text = format!(
        "\n{}; a level of {} % for all {} cells together; {smallest}.\n",
        capitalised(&seeds_in_words(tested)),
        LEVEL * 100.0,
        tested.cells.len()
    );
    let of = |is: &dyn Fn(&&Cell) -> bool| {
        // 0 where no value differs from another.
        let visible: Vec<f64> =
            tested.cells.iter().filter(is).map(|c| c.visible * factor).filter(|v| *v > 0.0).collect();
        let least = visible.iter().copied().reduce(f64::min)?;
        let most = visible.into_iter().reduce(f64::max)?;
        let [least, most] = [least, most].map(|v| format!("{v:.1}"));
        Some(if least == most { least } else { format!("{least} to {most}") })
    };
    let parts: Vec<String> = [
        ("in a round", of(&|cell: &&Cell| matches!(cell.place, Place::Round(_)))),
        ("in an area", of(&|cell: &&Cell| cell.place == Place::Area && cell.arm.is_some())),
        ("in the mean over samplers", of(&|cell: &&Cell| cell.arm.is_none())),
    ]
    .into_iter()
    .filter_map(|(place, range)| Some(format!("{} points {place}", range?)))
    .collect();
    if !parts.is_empty() {
        text += &format!("Changes smaller than these could not have been seen: {}.\n", parts.join(", "));
    }
    let small = tested.cells.iter().filter(|cell| cell.verdict == Verdict::Held && cell.p < LEVEL).count();
    if small > 0 {
        text += &format!("{} changed by more than chance, but by less than what counts.\n", counted(small, "cell"));
    }
    text
}

/// A row for each of `cells`, in the unit of readers.
fn details(tested: &Tested, cells: &mut dyn Iterator<Item = &Cell>) -> String {
    let head = ["sampler", "at", "baseline", "now", "change", "seen from", "p", "verdict"];
    let mut grid = vec![head.map(str::to_owned).to_vec()];
    let factor = tested.metric.factor;
    for cell in cells {
        grid.push(vec![
            cell.arm.clone().unwrap_or_else(|| "mean over samplers".into()),
            place_in_words(tested, cell.place),
            format!("{:.1}", cell.baseline * factor),
            format!("{:.1}", cell.current * factor),
            signed(cell.difference * factor),
            format!("{:.1}", cell.visible * factor),
            if cell.p < 0.001 { "< 0.001".into() } else { format!("{:.3}", cell.p) },
            cell.verdict.in_words().into(),
        ]);
    }
    aligned(&grid)
}
