//! Writes `queried/`: the classes and small pictures of queried images, which reports show. Reports have no data set at hand.

mod choice;
mod sheet;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, ensure};
use rayon::prelude::*;

use pt4al_data::images::{Split, Splits};
use pt4al_results::machine;
use pt4al_results::spec::{Spec, Trial};
use pt4al_results::store::{ClassShare, Folder, QueriedImages, Queries, Sheet};

/// Brings `queried/` up to date with the queries; writes nothing if it is. The folder is display-only, so failing to build it
/// is only a warning, and the outdated version is removed.
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
    let with_queries = |trial: Trial| folder.trial(&trial).all_queries().map(|queries| (trial, queries));
    let queries = spec.trials().into_iter().map(with_queries).collect::<Result<Vec<_>>>()?;
    let indices = indices(&queries, splits.train.len)?;
    if indices.is_empty() {
        return QueriedImages::remove(root);
    }
    let old = QueriedImages::read(root).unwrap_or_else(|error| {
        // The rest of the message says what to do, which is being done.
        let what = format!("{error:#}");
        machine::say(&format!("repaired: {}; made again", what.split("; ").next().unwrap_or_default()));
        None
    });
    let classes = classes(&indices, splits, old.as_ref())?;
    let sheet =
        pictures(&queries, &splits.train, old.as_ref()).map_err(|e| warn("no pictures of the queried images", &e));
    let new = QueriedImages { classes, sheet: sheet.ok() };
    // Without a new sheet, part of an outdated one may be on disk.
    if new.sheet.is_some() && old.as_ref() == Some(&new) {
        return Ok(());
    }
    new.write(root)
}

/// The indices of all queried images, ascending. The train split has `train` images.
fn indices(trials: &[(Trial, Queries)], train: usize) -> Result<Vec<usize>> {
    for (trial, queries) in trials {
        let stranger = queries.rounds.iter().flatten().find(|&&index| index >= train);
        ensure!(
            stranger.is_none(),
            "queries/{}.csv: has a query for image {}, but the train split has {train} images, counted from 0; restore the file",
            trial.key(),
            stranger.unwrap_or(&0)
        );
    }
    let all: BTreeSet<usize> =
        trials.iter().flat_map(|(_, queries)| queries.rounds.iter().flatten().copied()).collect();
    Ok(all.into_iter().collect())
}

/// The classes of the images at `indices`, in their order. Reading label maps is slow, so classes in `known` are not read
/// again; they are of the same data.
fn classes(indices: &[usize], splits: &Splits, known: Option<&QueriedImages>) -> Result<Vec<ClassShare>> {
    let Splits { train, classes: names, .. } = splits;
    let mut known_of_image: BTreeMap<usize, &[ClassShare]> = BTreeMap::new();
    if train.classes().is_none() {
        let known = known.map_or(&[][..], |known| &known.classes);
        known_of_image = known.chunk_by(|a, b| a.index == b.index).map(|rows| (rows[0].index, rows)).collect();
        known_of_image.retain(|_, rows| rows.iter().all(|row| names.contains(&row.class)));
    }
    let rows_of_image = |&index: &usize| match known_of_image.get(&index) {
        Some(rows) => Ok(rows.to_vec()),
        None => {
            let row = |(class, share): (usize, f64)| ClassShare { index, class: names[class].clone(), share };
            Ok(train.shares(index)?.into_iter().map(row).collect())
        }
    };
    Ok(indices.par_iter().map(rows_of_image).collect::<Result<Vec<_>>>()?.concat())
}

/// Pictures of the first images of each query of the first seed that has queries.
fn pictures(trials: &[(Trial, Queries)], train: &Split, known: Option<&QueriedImages>) -> Result<Sheet> {
    let seed = trials.iter().find(|(_, queries)| !queries.rounds.is_empty()).map(|(trial, _)| trial.seed);
    let arms = trials.iter().filter(|(trial, _)| Some(trial.seed) == seed).map(|(_, queries)| queries);
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
