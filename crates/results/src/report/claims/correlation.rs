//! The part of the page that is of rank correlations: published numbers that no `[[expect]]` is of.

use super::folders::{Correlation, CorrelationRow, experiment, link, precision, where_and_when};
use super::scale::{data_in_words, network_in_words};
use crate::report::correlation::published::Published;
use crate::report::page::Section;
use crate::report::table::aligned;
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
    let mut text = "The paper says that images which are hard for the pretext task are hard for the task, too. This is Spearman's rank \
                    correlation of an image's pretext loss and its task loss, with the 95 % bootstrap interval over images: one \
                    learner, one seed. No `[[expect]]` claims it, so there is no verdict.\n"
        .to_owned();
    for (dataset, imbalanced) in sets {
        let pool = if imbalanced { ", imbalanced pool" } else { "" };
        let of_it: Vec<String> = published
            .iter()
            .filter(|one| one.dataset == dataset && one.imbalanced == imbalanced)
            .map(|one| {
                let note = if one.note.is_empty() { String::new() } else { format!("; {}", one.note) };
                format!("{} ({}{note})", one.spearman, one.source)
            })
            .collect();
        let of_it = if of_it.is_empty() { "nothing".into() } else { of_it.join(", ") };
        text += &format!("\n**{dataset}{pool}.** Published: {of_it}.\n");
        let is_of_it = |folder: &&Correlation| {
            (folder.spec.dataset.name(), folder.spec.imbalance.is_some()) == (dataset, imbalanced)
        };
        let ours: Vec<&Correlation> = folders.iter().filter(is_of_it).collect();
        text += &if ours.is_empty() { "Ours: not measured.\n".into() } else { format!("\n{}", table(&ours)) };
    }
    Section::of("Pretext loss and task loss go together", text)
}

fn table(folders: &[&Correlation]) -> String {
    let heading =
        ["folder", "experiment", "trained on the image", "held out", "n", "precision", "hardware and day", "scale"];
    let mut grid = vec![heading.map(str::to_owned).to_vec()];
    for folder in folders {
        let (spec, manifest) = (&folder.spec, folder.manifest.as_ref());
        let row = |which: &str| folder.rows.iter().find(|row| row.which == which);
        let images = folder.rows.iter().map(|row| row.n).max().unwrap_or(0);
        let mut scale = data_in_words(spec, manifest);
        scale.push(network_in_words(spec));
        scale.push(counted(spec.train.epochs, "epoch"));
        grid.push(vec![
            link(&folder.name),
            experiment(spec),
            row("task").map_or_else(|| "-".into(), cell),
            row("held-out").map_or_else(|| "-".into(), cell),
            format!("{} images", thousands(images)),
            precision(spec),
            where_and_when(manifest),
            scale.join("; "),
        ]);
    }
    aligned(&grid)
}

/// `0.44 [0.43, 0.46]`.
fn cell(row: &CorrelationRow) -> String {
    let interval = row.low.zip(row.high).map(|(low, high)| format!(" [{low:.2}, {high:.2}]")).unwrap_or_default();
    row.spearman.map_or_else(|| "-".into(), |rho| format!("{rho:.2}{interval}"))
}
