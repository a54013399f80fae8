//! How far samplers query the same images.

use std::collections::BTreeMap;

use anyhow::Result;

use super::ArmQueries;
use crate::report::figures::heat::{Heat, Square, percent};
use crate::report::figures::{Drawing, figure};
use crate::report::findings::Findings;
use crate::report::page::Block;
use crate::stats::mean;
use crate::store::Queries;

/// The queried images that two arms have in common, over the seeds that both have.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shared {
    /// The share of either arm's labels, 0 to 1.
    part: f64,
    /// The share that two independent samplers would have in common; none if the pool's size is not known.
    chance: Option<f64>,
    /// Whether both started from the same labels, which are left out.
    alike: bool,
}

/// The figure and what chance would give; empty below two arms, or if nothing can be compared.
///
/// # Errors
/// If the figure cannot be drawn.
pub(super) fn blocks(findings: &Findings, queried: &ArmQueries) -> Result<Vec<Block>> {
    let pool = findings.manifest().map(|m| m.data.pool);
    let n = queried.arms.len();
    let mut found: Vec<Vec<Option<Shared>>> = vec![vec![None; n]; n];
    for (i, j) in (0..n).flat_map(|i| (0..i).map(move |j| (i, j))) {
        let pair = shared(&queried.arms[i].1, &queried.arms[j].1, pool);
        (found[i][j], found[j][i]) = (pair, pair);
    }
    let pairs: Vec<&Shared> = found.iter().flatten().flatten().collect();
    let Some(most) = pairs.iter().map(|s| s.part).reduce(f64::max) else { return Ok(Vec::new()) };
    let heat = Heat::of(Square {
        title: format!("{}: images that samplers query in common, in %", findings.title()),
        subtitle:
            "Share of one sampler's labels that the other has, too, after the rounds that both have; mean over seeds"
                .into(),
        arms: queried.arms.iter().map(|(label, _)| label.clone()).collect(),
        cells: found.iter().map(|row| row.iter().map(|s| s.map(|s| s.part)).collect()).collect(),
        foot: None,
        // A round number that is not less.
        most: ((most * 10.0 - 1e-9).ceil() / 10.0).clamp(0.1, 1.0),
        scale: "share in common".into(),
    })?;
    let alt = "Overlap of the images that samplers query";
    let figure = figure(Drawing::Overlap, alt, &heat, &findings.badge())?.with_numbers(heat.numbers("overlap"));
    let chances: Vec<f64> = pairs.iter().filter_map(|s| s.chance).collect();
    let least = chances.iter().copied().reduce(f64::min);
    let greatest = chances.iter().copied().reduce(f64::max);
    let chance = match least.zip(greatest) {
        Some((low, high)) if percent(low) == percent(high) => format!("{} %", percent(low)),
        Some((low, high)) => format!("{} to {} %", percent(low), percent(high)),
        None => "their share of the pool".into(),
    };
    let start = match (pairs.iter().any(|s| s.alike), pairs.iter().any(|s| !s.alike)) {
        (true, false) => " They started from the same labels, which are left out.",
        (true, true) => " Labels of round 0 are left out for pairs that started from the same labels.",
        (false, _) => "",
    };
    let note = format!("Independent samplers would have {chance} in common by chance (labels / pool).{start}");
    Ok(vec![Block::Figure(figure), Block::paragraph(note)])
}

/// Returns `None` if no seed has both, or if nothing was queried except the labels that both started from.
fn shared(a: &BTreeMap<u64, Queries>, b: &BTreeMap<u64, Queries>, pool: Option<usize>) -> Option<Shared> {
    let (mut parts, mut chances, mut alike) = (Vec::new(), Vec::new(), true);
    for (seed, a) in a {
        let Some(b) = b.get(seed) else { continue };
        let rounds = a.rounds.len().min(b.rounds.len());
        let same = sorted(a.rounds.iter().take(1)) == sorted(b.rounds.iter().take(1));
        let images_of = |queries: &Queries| sorted(queries.rounds[..rounds].iter().skip(usize::from(same)));
        let (ours, theirs) = (images_of(a), images_of(b));
        let labels = ours.len().min(theirs.len());
        if labels == 0 {
            continue;
        }
        alike &= same;
        let common = ours.iter().filter(|index| theirs.binary_search(index).is_ok()).count();
        parts.push(common as f64 / labels as f64);
        let left_out = if same { a.rounds.first().map_or(0, Vec::len) } else { 0 };
        chances.extend(pool.filter(|&pool| pool > left_out).map(|pool| {
            // Two random sets of n images in a pool of N share n / N of their images.
            ours.len().max(theirs.len()) as f64 / (pool - left_out) as f64
        }));
    }
    Some(Shared { part: mean(&parts)?, chance: mean(&chances), alike })
}

/// The labels of some rounds, ascending.
fn sorted<'a>(rounds: impl Iterator<Item = &'a Vec<usize>>) -> Vec<usize> {
    let mut all: Vec<usize> = rounds.flatten().copied().collect();
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(rounds: &[&[&[usize]]]) -> BTreeMap<u64, Queries> {
        let queries = |rounds: &[&[usize]]| Queries::of_rounds(rounds.iter().map(|round| round.to_vec()).collect());
        rounds.iter().enumerate().map(|(seed, rounds)| (seed as u64, queries(rounds))).collect()
    }

    /// After the same two labels, 1 of 2 and 2 of 2 are common: 3 / 4; by chance 2 of the 18 that are left.
    #[test]
    fn common_starts_are_left_out_and_their_order_is_of_no_matter() {
        let a = seeds(&[&[&[1, 2], &[3, 4]], &[&[5, 6], &[7, 8]]]);
        let b = seeds(&[&[&[2, 1], &[4, 9]], &[&[5, 6], &[8, 7]]]);
        assert_eq!(shared(&a, &b, Some(20)), Some(Shared { part: 0.75, chance: Some(2.0 / 18.0), alike: true }));
        assert_eq!(shared(&a, &b, None).unwrap().chance, None);
    }

    /// Other starts count: {1, 2, 3, 4} and {1, 9, 3, 8} share two of four. A round that one lacks does not.
    #[test]
    fn other_starts_count_and_rounds_are_those_of_both() {
        let a = seeds(&[&[&[1, 2], &[3, 4], &[5, 6]]]);
        let b = seeds(&[&[&[1, 9], &[3, 8]]]);
        assert_eq!(shared(&a, &b, Some(40)), Some(Shared { part: 0.5, chance: Some(0.1), alike: false }));
        assert_eq!(shared(&b, &a, Some(40)), shared(&a, &b, Some(40)));
    }

    #[test]
    fn nothing_but_a_common_start_and_no_common_seed_cannot_be_compared() {
        let a = seeds(&[&[&[1, 2]]]);
        assert_eq!(shared(&a, &a, Some(20)), None);
        assert_eq!(shared(&a, &BTreeMap::new(), Some(20)), None);
    }
}
