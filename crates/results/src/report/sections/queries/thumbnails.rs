//! Thumbnails of the first images that each arm queried.

use std::collections::HashMap;

use anyhow::Result;

use super::ArmQueries;
use crate::report::figures::Drawing;
use crate::report::figures::thumbnails::{Block, svg};
use crate::report::findings::Findings;
use crate::report::page::Figure;
use crate::store::{Sheet, Thumbnail};

/// The figure; none if no image that was queried first is on the sheet.
///
/// # Errors
/// If the font, by which text is measured, cannot be read.
pub(super) fn figure(findings: &Findings, queried: &ArmQueries, sheet: &Sheet) -> Result<Option<Figure>> {
    let tiles: HashMap<usize, &Thumbnail> = sheet.tiles.iter().map(|tile| (tile.index, tile)).collect();
    let seeds = &findings.spec().seeds;
    let Some(seed) = seeds.iter().find(|seed| queried.arms.iter().any(|(_, q)| q.contains_key(seed))) else {
        return Ok(None);
    };
    let of_seed = queried.arms.iter().filter_map(|(label, by_seed)| Some((label, by_seed.get(seed)?)));
    let mut blocks: Vec<Block> = Vec::new();
    // The sheet has as many images of each round. Some rows would be longer, because another arm queried their next
    // images among its first.
    let mut each = usize::MAX;
    for (label, queries) in of_seed {
        let first =
            |images: &Vec<usize>| images.iter().map_while(|index| tiles.get(index).copied()).collect::<Vec<_>>();
        let rounds: Vec<Vec<&Thumbnail>> = queries.rounds.iter().map(first).collect();
        let ends = rounds.iter().zip(&queries.rounds).filter(|(shown, images)| shown.len() < images.len());
        each = ends.map(|(shown, _)| shown.len()).filter(|&n| n > 0).fold(each, usize::min);
        blocks.push(Block { label, rounds });
    }
    blocks.iter_mut().flat_map(|block| &mut block.rounds).for_each(|tiles| tiles.truncate(each));
    if blocks.iter().all(|block| block.rounds.iter().all(Vec::is_empty)) {
        return Ok(None);
    }
    let title = format!("{}: the first images that each sampler queried", findings.title());
    let subtitle = format!("Seed {seed}: a row per round, the image that was queried first on the left");
    let svg = svg(&blocks, sheet, (&title, &subtitle), &findings.badge())?;
    let alt = "The first images that each sampler queried, round by round";
    Ok(Some(Figure::new(Drawing::Thumbnails.file(), alt, svg)))
}
