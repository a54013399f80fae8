//! What reports show of the images that were asked for, taken from the data while it is at hand.

mod choice;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use rayon::prelude::*;

use pt4al_data::images::{Split, Splits};
use pt4al_results::machine;
use pt4al_results::spec::{Spec, Trial};
use pt4al_results::store::{ClassShare, Folder, QueriedImages, Queries, Sheet};

/// Makes `queried/` what the queries ask for; nothing is written where it is that already. It is for looking at alone, so
/// what cannot be made is a warning and no error, and is missing then: nothing outdated stays.
pub(super) fn update(spec: &Spec, folder: &Folder, splits: &Splits) {
    if let Err(error) = try_update(spec, folder, splits) {
        warn("no classes of the queried images", &error);
        if let Err(error) = QueriedImages::remove(folder.root()) {
            warn("outdated classes of the queried images", &error);
        }
    }
}

fn warn(what: &str, why: &anyhow::Error) {
    machine::say(&format!("warning: {what}: {why:#}"));
}

fn try_update(spec: &Spec, folder: &Folder, splits: &Splits) -> Result<()> {
    let root = folder.root();
    let asked = |trial: Trial| folder.trial(&trial).all_queries().map(|queries| (trial, queries));
    let asked = spec.trials().into_iter().map(asked).collect::<Result<Vec<_>>>()?;
    let indices = indices(&asked, splits.train.len)?;
    if indices.is_empty() {
        return QueriedImages::remove(root);
    }
    // A damaged one is made anew.
    let old = QueriedImages::read(root).ok().flatten();
    let classes = classes(&indices, splits, old.as_ref())?;
    let sheet =
        pictures(&asked, &splits.train, old.as_ref()).map_err(|e| warn("no pictures of the queried images", &e));
    let new = QueriedImages { classes, sheet: sheet.ok() };
    // Without a sheet, part of an outdated one may be left.
    if new.sheet.is_some() && old.as_ref() == Some(&new) {
        return Ok(());
    }
    new.write(root)
}

/// All positions in a train split of `train` images that were asked for, ascending.
fn indices(asked: &[(Trial, Queries)], train: usize) -> Result<Vec<usize>> {
    for (trial, queries) in asked {
        let stranger = queries.rounds.iter().flatten().find(|&&index| index >= train);
        ensure!(
            stranger.is_none(),
            "queries/{}.csv: asks for image {}, but the train split has {train} images, counted from 0; restore the file",
            trial.key(),
            stranger.unwrap_or(&0)
        );
    }
    let all: BTreeSet<usize> = asked.iter().flat_map(|(_, queries)| queries.rounds.iter().flatten().copied()).collect();
    Ok(all.into_iter().collect())
}

/// The classes of the images at `indices`, in their order. To read a label map takes a while, so those that are known
/// already are not read again: the folder is of the same data.
fn classes(indices: &[usize], splits: &Splits, known: Option<&QueriedImages>) -> Result<Vec<ClassShare>> {
    let Splits { train, classes: names, .. } = splits;
    let mut of_image: BTreeMap<usize, &[ClassShare]> = BTreeMap::new();
    if train.classes().is_none() {
        let known = known.map_or(&[][..], |known| &known.classes);
        of_image = known.chunk_by(|a, b| a.index == b.index).map(|rows| (rows[0].index, rows)).collect();
        of_image.retain(|_, rows| rows.iter().all(|row| names.contains(&row.class)));
    }
    let rows = |&index: &usize| match of_image.get(&index) {
        Some(rows) => Ok(rows.to_vec()),
        None => {
            let row = |(class, share): (usize, f64)| ClassShare { index, class: names[class].clone(), share };
            Ok(train.shares(index)?.into_iter().map(row).collect())
        }
    };
    Ok(indices.par_iter().map(rows).collect::<Result<Vec<_>>>()?.concat())
}

/// Pictures of the images that the first seed with queries asked for first.
fn pictures(asked: &[(Trial, Queries)], train: &Split, known: Option<&QueriedImages>) -> Result<Sheet> {
    let seed = asked.iter().find(|(_, queries)| !queries.rounds.is_empty()).map(|(trial, _)| trial.seed);
    let arms = asked.iter().filter(|(trial, _)| Some(trial.seed) == seed).map(|(_, queries)| queries);
    let chosen = choice::first_of_each(&arms.collect::<Vec<_>>());
    let layout = sheet::Layout::new(chosen.len(), [train.height, train.width]);
    let tiles = layout.tiles(&chosen);
    match known.and_then(|known| known.sheet.as_ref()).filter(|sheet| sheet.tiles == tiles) {
        Some(sheet) => Ok(sheet.clone()),
        None => layout.draw(tiles, train),
    }
}

#[cfg(test)]
mod tests;
