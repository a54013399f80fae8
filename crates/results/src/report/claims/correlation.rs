//! The section of rank correlations: published numbers that no `[[expect]]` claims.

use super::folders::{Correlation, CorrelationRow, experiment, folder_link, where_and_when};
use super::scale::{data_in_words, network_in_words};
use crate::report::correlation::published::Published;
use crate::report::page::{Block, Cell, Column, Number, Section, Table};
use crate::report::words::protocol::precision;
use crate::words::{counted, thousands};

/// A table for each data set that anyone has a number of, in the order of the published ones.
pub(super) fn section(folders: &[Correlation], published: &[Published]) -> Section {
    let theirs = published.iter().map(|one| (one.dataset.as_str(), one.imbalanced));
    let ours = folders.iter().map(|folder| (folder.spec.dataset.name(), folder.spec.imbalance.is_some()));
    let mut sets: Vec<(&str, bool)> = Vec::new();
    for set in theirs.chain(ours) {
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    if sets.is_empty() {
        return Section::default();
    }
    let mut blocks = vec![Block::paragraph(
        "The paper says that images which are hard for the pretext task are hard for the task, too. The tables show \
         Spearman's rank correlation of an image's pretext loss and its task loss, with the 95 % bootstrap interval \
         over images, for one learner and one seed. No `[[expect]]` claims it, so there is no verdict.",
    )];
    for (dataset, imbalanced) in sets {
        let pool = if imbalanced { ", imbalanced pool" } else { "" };
        let published: Vec<String> = published
            .iter()
            .filter(|one| one.dataset == dataset && one.imbalanced == imbalanced)
            .map(|one| {
                let note = if one.note.is_empty() { String::new() } else { format!("; {}", one.note) };
                format!("{} ({}{note})", one.spearman, one.source)
            })
            .collect();
        let published = if published.is_empty() { "nothing".into() } else { published.join(", ") };
        let intro = format!("**{dataset}{pool}.** Published: {published}.");
        let is_of_it = |folder: &&Correlation| {
            (folder.spec.dataset.name(), folder.spec.imbalance.is_some()) == (dataset, imbalanced)
        };
        let ours: Vec<&Correlation> = folders.iter().filter(is_of_it).collect();
        if ours.is_empty() {
            blocks.push(Block::paragraph(format!("{intro}\nOurs: not measured.")));
        } else {
            blocks.push(Block::paragraph(intro));
            let kind = if imbalanced { "-imbalanced" } else { "" };
            blocks.push(Block::Table(table(&format!("correlation-{dataset}{kind}"), &ours)));
        }
    }
    Section::new("Rank correlation of pretext loss and task loss", blocks)
}

fn table(name: &str, folders: &[&Correlation]) -> Table {
    let columns =
        ["folder", "experiment", "trained on the image", "held out", "n", "precision", "hardware and day", "scale"];
    let mut table = Table::new(name, Column::all(columns));
    for folder in folders {
        let (spec, manifest) = (&folder.spec, folder.manifest.as_ref());
        let row = |which: &str| folder.rows.iter().find(|row| row.which == which);
        let images = folder.rows.iter().map(|row| row.n).max().unwrap_or(0);
        let mut scale = data_in_words(spec, manifest);
        scale.push(network_in_words(spec));
        scale.push(counted(spec.train.epochs, "epoch"));
        let cells = [
            Cell::text(experiment(spec)),
            Cell::or_missing(row("task").and_then(cell)),
            Cell::or_missing(row("held-out").and_then(cell)),
            Cell::text(format!("{} images", thousands(images))),
            Cell::text(precision(spec)),
            Cell::text(where_and_when(manifest)),
            Cell::text(scale.join("; ")),
        ];
        table.push(folder_link(&folder.name), cells);
    }
    table
}

/// `0.44 [0.43, 0.46]`; none without a correlation.
fn cell(row: &CorrelationRow) -> Option<Cell> {
    Some(Number::estimate(row.spearman?, row.low.zip(row.high), 2).into())
}
