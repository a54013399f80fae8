//! What a check found, as Markdown that also reads well on a terminal.

use super::Gate;
use super::cells::{Cell, CellState, Place, Tested};
use crate::findings::{p_in_words, p_value};
use crate::report::{aligned, capitalised, signed};
use crate::stats::rotation::LEVEL;
use crate::words::{counted, thousands};

/// Moved cells that the summary has room for.
const NAMED: usize = 6;

/// One line, without an end.
pub(super) fn summary(check: &Gate) -> String {
    let tested = match &check.outcome {
        Ok(tested) => tested,
        Err(why) => return format!("could not compare: {why}"),
    };
    let mut moved: Vec<&Cell> = tested.moved().collect();
    let left_out = left_out_in_words(tested.left_out);
    let metric = metric_in_words(tested);
    if moved.is_empty() {
        let what = format!(
            "{metric}: {} x {}, {}",
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
    format!(
        "moved: {}{more} ({metric}; each p is corrected for all {}{left_out})",
        shown.join("; "),
        cells_in_words(tested)
    )
}

/// `17 cells together: 4 samplers x (3 rounds + area), and the mean`, which adds up.
fn cells_in_words(tested: &Tested) -> String {
    let (arms, rounds) = (tested.arms.len(), tested.labels.len());
    let samplers = counted(arms, "sampler");
    let of_arms = if rounds > 1 { format!("{samplers} x ({rounds} rounds + area)") } else { samplers };
    let mean = if arms > 1 { " + the mean over samplers" } else { "" };
    format!("{} together ({of_arms}{mean})", counted(tested.cells.len(), "cell"))
}

/// `; 1 seed of the baseline and 2 seeds of these results left out`, or nothing.
fn left_out_in_words(left_out: [usize; 2]) -> String {
    let of = |(n, whose): (usize, &str)| (n > 0).then(|| format!("{} of {whose}", counted(n, "seed")));
    let parts: Vec<String> = left_out.into_iter().zip(["the baseline", "these results"]).filter_map(of).collect();
    if parts.is_empty() { String::new() } else { format!("; {} left out", parts.join(" and ")) }
}

/// What the task is judged by: `test accuracy`.
pub(super) fn metric_in_words(tested: &Tested) -> &str {
    tested.metric.label.trim_end_matches(" (%)")
}

/// Of measured changes that are smaller than what counts.
pub(super) fn below_in_words(tested: &Tested) -> &'static str {
    match tested.smallest {
        Some(smallest) if smallest > 0.0 => "cannot be told from chance, or do not count",
        _ => "cannot be told from chance",
    }
}

/// `random at 300 labels: -4.2 points (p = 0.003)`. Whoever shows it says for how many cells p is corrected.
pub(super) fn cell_in_words(tested: &Tested, cell: &Cell) -> String {
    let points = signed(cell.difference * tested.metric.factor);
    format!("{}: {points} points ({})", name_of(tested, cell), p_in_words(cell.p))
}

/// `random at 300 labels`, `random, area under the curve`, `mean area over samplers`.
fn name_of(tested: &Tested, cell: &Cell) -> String {
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

/// What differs and may, the matrix of differences, the cells that moved, and the summary. What could not be compared has
/// its summary on the page alone: the terminal gets it as an error.
pub(super) fn text(check: &Gate) -> String {
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
pub(super) fn markdown(check: &Gate) -> String {
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
fn differences(check: &Gate) -> Option<String> {
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
    let shown = |cell: &Cell| match cell.state {
        CellState::Held => signed(cell.difference * factor),
        moved => format!("{} {}", signed(cell.difference * factor), moved.in_words()),
    };
    for arm in &tested.arms {
        let value = |&place: &Place| tested.cell(Some(arm), place).map_or_else(|| "-".into(), shown);
        grid.push(std::iter::once(arm.clone()).chain(places.iter().map(value)).collect());
    }
    let label = capitalised(metric_in_words(tested));
    let mut text = format!("**{label}: change from the baseline, in points**\n\n{}", aligned(&grid));
    if let Some(mean) = tested.cells.iter().find(|cell| cell.arm.is_none()) {
        let word = if mean.place == Place::Area { "area" } else { "value" };
        let points = signed(mean.difference * factor);
        let moved = match mean.state {
            CellState::Held => String::new(),
            moved => format!(", {}", moved.in_words()),
        };
        text += &format!("\nMean {word} over samplers: {points} points ({}{moved}).\n", p_in_words(mean.p));
    }
    text + &notes(tested)
}

/// What was tested and how, and from where on changes count.
fn notes(tested: &Tested) -> String {
    let factor = tested.metric.factor;
    let smallest = tested.smallest.map_or_else(
        || "any change that is more than chance counts (the baseline's spec has no `check.smallest-difference`)".into(),
        |smallest| format!("changes from {:.1} points on count, as the baseline's spec says", smallest * factor),
    );
    let mut text = format!(
        "\nTested is {} alone: other metrics that are recorded are not. {}; a level of {} % for all {}, for which each p is \
         corrected; {smallest}.\n",
        metric_in_words(tested),
        capitalised(&seeds_in_words(tested)),
        LEVEL * 100.0,
        cells_in_words(tested)
    );
    let of = |is: &dyn Fn(&&Cell) -> bool| {
        // 0 where no value differs from another.
        let from: Vec<f64> =
            tested.cells.iter().filter(is).map(|c| c.counts_from * factor).filter(|v| *v > 0.0).collect();
        let least = from.iter().copied().reduce(f64::min)?;
        let most = from.into_iter().reduce(f64::max)?;
        let [least, most] = [least, most].map(|v| format!("{v:.1}"));
        Some(if least == most { least } else { format!("{least} to {most}") })
    };
    let parts: Vec<String> = [
        ("in a round", of(&|cell: &&Cell| cell.place != Place::Area && cell.arm.is_some())),
        ("in an area", of(&|cell: &&Cell| cell.place == Place::Area && cell.arm.is_some())),
        ("in the mean over samplers", of(&|cell: &&Cell| cell.arm.is_none())),
    ]
    .into_iter()
    .filter_map(|(place, range)| Some(format!("{} points {place}", range?)))
    .collect();
    if !parts.is_empty() {
        let below = below_in_words(tested);
        text += &format!("Measured changes smaller than these {below}: {}.\n", parts.join(", "));
    }
    let small = tested.cells.iter().filter(|cell| cell.state == CellState::Held && cell.p < LEVEL).count();
    if small > 0 {
        text += &format!("{} changed by more than chance, but by less than what counts.\n", counted(small, "cell"));
    }
    text
}

/// A row for each of `cells`, in the unit of readers.
fn details(tested: &Tested, cells: &mut dyn Iterator<Item = &Cell>) -> String {
    let head = [
        "sampler",
        "at",
        "baseline (%)",
        "now (%)",
        "change (points)",
        "counts from (points)",
        "p (corrected)",
        "verdict",
    ];
    let mut grid = vec![head.map(str::to_owned).to_vec()];
    let factor = tested.metric.factor;
    for cell in cells {
        grid.push(vec![
            cell.arm.clone().unwrap_or_else(|| "mean over samplers".into()),
            place_in_words(tested, cell.place),
            format!("{:.1}", cell.baseline * factor),
            format!("{:.1}", cell.current * factor),
            signed(cell.difference * factor),
            format!("{:.1}", cell.counts_from * factor),
            p_value(cell.p),
            cell.state.in_words().into(),
        ]);
    }
    aligned(&grid)
}
