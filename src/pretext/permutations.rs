//! The permutations of a jigsaw.

/// The number of tiles of the largest jigsaw.
const MOST: usize = 9;

/// Chooses `count` permutations of `tiles` (at most 9) tiles, or all of them if there are fewer. The first one leaves all tiles
/// in place. Entry p of a permutation is the tile at place p.
///
/// Each next permutation is the farthest from those already chosen: it has the largest minimum Hamming distance to them; of
/// these permutations, the largest mean distance; of these, it is the first in lexicographic order. Nothing is random. Noroozi
/// and Favaro (algorithm 1) start with a random permutation and use only the mean, so that some permutations differ in only
/// two tiles.
pub(super) fn farthest(tiles: usize, count: usize) -> Vec<Vec<u8>> {
    let all = all(tiles);
    let mut nearest = vec![usize::MAX; all.len()];
    let mut total = vec![0; all.len()];
    let mut chosen = vec![0];
    while chosen.len() < count.min(all.len()) {
        let last = all[chosen[chosen.len() - 1]];
        let mut farthest = ((0, 0), 0);
        for (at, permutation) in all.iter().enumerate() {
            let distance = distance(permutation, &last);
            nearest[at] = distance.min(nearest[at]);
            total[at] += distance;
            // Permutations that are already chosen have the distance 0.
            let key = (nearest[at], total[at]);
            if nearest[at] > 0 && key > farthest.0 {
                farthest = (key, at);
            }
        }
        chosen.push(farthest.1);
    }
    chosen.into_iter().map(|at| all[at][..tiles].to_vec()).collect()
}

/// The Hamming distance: the number of places whose tiles differ.
fn distance(a: &[u8; MOST], b: &[u8; MOST]) -> usize {
    a.iter().zip(b).filter(|(a, b)| a != b).count()
}

/// Returns all permutations in lexicographic order. Places beyond `tiles` are the same in all of them.
fn all(tiles: usize) -> Vec<[u8; MOST]> {
    let mut permutation = [0; MOST];
    (0..).zip(&mut permutation).for_each(|(tile, place)| *place = tile);
    let mut all = vec![permutation];
    // The next permutation: the last tile that is smaller than its successor is exchanged with the smallest larger tile
    // behind it, and the tiles behind it are sorted.
    while let Some(at) = permutation[..tiles].windows(2).rposition(|pair| pair[0] < pair[1]) {
        let behind = &permutation[at + 1..tiles];
        let larger = behind.iter().rposition(|&tile| tile > permutation[at]).expect("the successor is larger");
        permutation.swap(at, at + 1 + larger);
        permutation[at + 1..tiles].reverse();
        all.push(permutation);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn least_distance(permutations: &[Vec<u8>]) -> usize {
        let differ = |a: &[u8], b: &[u8]| a.iter().zip(b).filter(|(a, b)| a != b).count();
        let pairs = permutations.iter().enumerate().flat_map(|(i, a)| permutations[..i].iter().map(move |b| (a, b)));
        pairs.map(|(a, b)| differ(a, b)).min().unwrap()
    }

    #[test]
    fn all_permutations_are_in_order() {
        for (tiles, count) in [(2, 2), (3, 6), (4, 24), (9, 362_880)] {
            let all = all(tiles);
            assert_eq!(all.len(), count);
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]));
        }
    }

    /// Worked by hand: after the identity comes the first permutation that moves all four tiles, then the first that differs
    /// from both in all places.
    #[test]
    fn the_farthest_permutations_come_first() {
        let four = farthest(4, 4);
        assert_eq!(four[..3], [[0, 1, 2, 3], [1, 0, 3, 2], [2, 3, 0, 1]]);
        assert_eq!(least_distance(&four), 4);
    }

    #[test]
    fn four_tiles_have_twenty_four_permutations() {
        let mut chosen = farthest(4, 24);
        assert_eq!(chosen[0], [0, 1, 2, 3]);
        chosen.sort_unstable();
        assert_eq!(chosen, all(4).iter().map(|p| p[..4].to_vec()).collect::<Vec<_>>());
        assert_eq!(farthest(4, 99).len(), 24);
    }

    #[test]
    fn permutations_of_nine_tiles_are_far_apart_and_always_the_same() {
        let start = std::time::Instant::now();
        let chosen = farthest(9, 100);
        assert!(start.elapsed().as_secs_f64() < 5.0, "{:?}", start.elapsed());
        assert_eq!(chosen.len(), 100);
        assert!(chosen.iter().all(|p| (0..9).all(|tile| p.contains(&tile))));
        // At most nine permutations can differ in all tiles, and 72 in eight.
        assert_eq!(least_distance(&chosen[..9]), 9);
        assert!(least_distance(&chosen) >= 6, "{}", least_distance(&chosen));
        assert_eq!(farthest(9, 10), chosen[..10]);
    }
}
