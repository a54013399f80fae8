//! Thumbnails of the first images that each arm queried.

use std::collections::HashMap;

use anyhow::Result;

use super::ArmQueries;
use crate::report::figures::Drawing;
use crate::report::figures::thumbnails::{Block, svg};
use crate::report::findings::Findings;
use crate::report::page::{Figure, Shown, Thumbnails};
use crate::store::{ClassShare, QueriedImages, Sheet, Thumbnail};

/// The most classes that are named for an image that has several.
const CLASSES_NAMED: usize = 4;

/// The thumbnails on the `sheet` of the queried images; none if no image that was queried first is on it.
///
/// # Errors
/// If the font, by which text is measured, cannot be read.
pub(super) fn thumbnails(
    findings: &Findings,
    queried: &ArmQueries,
    images: &QueriedImages,
    sheet: &Sheet,
) -> Result<Option<Thumbnails>> {
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
    let alt = format!(
        "The first images that each sampler queried with seed {seed}: a row per round, the image that was queried first \
         on the left"
    );
    let figure = Figure { has_photos: true, ..Figure::new(Drawing::Thumbnails.file(), alt, svg) };
    let shown = |tile: &&Thumbnail| Shown {
        index: tile.index,
        class: classes(&images.classes, tile.index),
        place: [tile.x, tile.y, tile.width, tile.height],
    };
    let arm = |Block { label, rounds }: &Block| {
        ((*label).to_owned(), rounds.iter().map(|tiles| tiles.iter().map(shown).collect()).collect())
    };
    let arms = blocks.iter().map(arm).collect();
    Ok(Some(Thumbnails { figure, jpeg: sheet.jpeg.clone(), size: (sheet.width, sheet.height), arms }))
}

/// `cat`; `road 45 %, sky 30 %` for an image of several classes, the most frequent ones first.
fn classes(all: &[ClassShare], index: usize) -> String {
    let from = all.partition_point(|row| row.index < index);
    let mut rows: Vec<&ClassShare> = all[from..].iter().take_while(|row| row.index == index).collect();
    rows.sort_by(|a, b| b.share.total_cmp(&a.share));
    match rows.as_slice() {
        [only] => only.class.clone(),
        rows => {
            let named = |row: &&ClassShare| format!("{} {:.0} %", row.class, row.share * 100.0);
            rows.iter().take(CLASSES_NAMED).map(named).collect::<Vec<_>>().join(", ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_classes_of_an_image_come_first() {
        let share = |index, class: &str, share| ClassShare { index, class: class.into(), share };
        let many = ["a", "b", "c", "d", "e"].into_iter().zip([0.05, 0.5, 0.2, 0.15, 0.1]);
        let mut all = vec![share(2, "cat", 1.0)];
        all.extend(many.map(|(class, part)| share(7, class, part)));
        assert_eq!(classes(&all, 2), "cat");
        assert_eq!(classes(&all, 7), "b 50 %, c 20 %, d 15 %, e 10 %");
        assert_eq!(classes(&all, 3), "");
    }
}
