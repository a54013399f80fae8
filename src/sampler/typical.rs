//! Typical images of clusters, as in TypiClust (Hacohen, Dekel and Weinshall, ICML 2022; code: avihu111/TypiClust). Features
//! are scaled to the length 1 and clustered by k-means. From each cluster the image is chosen whose nearest neighbours in the
//! cluster are the closest.

use rand::Rng;
use tch::{Kind, Tensor};

use pt4al_results::seed::Stream;
use pt4al_results::spec::Typical;

/// Clusters with at most this many images are left out, as in TypiClust's code.
const SMALL: usize = 5;
/// The mode of torch's `cdist` that subtracts rows. Its other mode multiplies matrices, whose rounding errors are as large as
/// small distances.
const WITHOUT_PRODUCTS: i64 = 2;
/// The largest number of k-means steps. The algorithm ends earlier if no image changes its cluster.
const STEPS: usize = 100;

/// Chooses `picks` rows of `features` (float `[n, d]`), starting with the largest cluster. There is one cluster for each pick, up
/// to `options.clusters`. For more picks the clusters take turns again, and each gives the most typical of its remaining rows.
pub(super) fn choose(features: &Tensor, picks: usize, options: Typical, stream: &mut Stream) -> Vec<usize> {
    tch::no_grad(|| {
        let norms = features.norm_scalaropt_dim(2.0, [1i64].as_slice(), true).clamp_min(1e-12);
        let points = features / norms;
        let n = points.size()[0] as usize;
        let mut clusters = k_means(&points, picks.min(options.clusters).min(n), stream);
        // A stable sort, so that equally large clusters stay in the order of k-means.
        clusters.sort_by_key(|members| std::cmp::Reverse(members.len()));
        if clusters.iter().any(|members| members.len() > SMALL) {
            let (large, small): (Vec<_>, Vec<_>) = clusters.into_iter().partition(|members| members.len() > SMALL);
            // Small clusters are used only after all rows of large ones.
            let mut picked = take_in_turn(&points, large, picks, options.neighbours);
            let missing = picks.min(n) - picked.len();
            picked.extend(take_in_turn(&points, small, missing, options.neighbours));
            return picked;
        }
        take_in_turn(&points, clusters, picks, options.neighbours)
    })
}

/// Takes the most typical row of each cluster in turn, until `picks` rows are taken or none is left.
fn take_in_turn(points: &Tensor, mut clusters: Vec<Vec<usize>>, picks: usize, neighbours: usize) -> Vec<usize> {
    let mut picked = Vec::with_capacity(picks);
    while picked.len() < picks && clusters.iter().any(|members| !members.is_empty()) {
        for members in &mut clusters {
            if picked.len() < picks && !members.is_empty() {
                picked.push(members.remove(most_typical(points, members, neighbours)));
            }
        }
    }
    picked
}

/// Returns the place in `members` of the row with the smallest mean squared distance to its nearest `neighbours` members; of
/// equal rows the first. At most half of the members count as neighbours, as in TypiClust's code. The paper says distance; the
/// authors' code (`tpc.py`) uses the output of faiss's `IndexFlatL2`, which is the squared distance.
fn most_typical(points: &Tensor, members: &[usize], neighbours: usize) -> usize {
    let nearest = neighbours.min(members.len() / 2);
    if nearest == 0 {
        return 0;
    }
    let indices: Vec<i64> = members.iter().map(|&row| row as i64).collect();
    let cluster = points.index_select(0, &Tensor::from_slice(&indices).to_device(points.device()));
    // Some rows at a time, so that the distances never take more than 64 MiB (128 in double precision).
    let rows = (16 << 20) / members.len() as i64;
    let parts = cluster.split(rows.max(1), 0).into_iter();
    let sums: Vec<Tensor> = parts.map(|part| distances_to_nearest(&part, &cluster, nearest)).collect();
    Tensor::cat(&sums, 0).argmin(0, false).int64_value(&[]) as usize
}

/// Returns the sum of squared distances of each row of `part` to its `nearest` other rows of `cluster`, which has the rows of
/// `part` too.
fn distances_to_nearest(part: &Tensor, cluster: &Tensor, nearest: usize) -> Tensor {
    let distances = Tensor::cdist(part, cluster, 2.0, WITHOUT_PRODUCTS);
    // One more, as the nearest row of each row is the row itself.
    let (least, _) = distances.square().topk(nearest as i64 + 1, 1, false, true);
    least.sum_dim_intlist([1i64].as_slice(), false, None)
}

/// Clusters the rows of `points` by Lloyd's k-means with the seeding of k-means++ (Arthur and Vassilvitskii, 2007). Returns the
/// rows of each of the `k` clusters, ascending. A cluster that loses all its rows keeps its center, and may stay empty.
fn k_means(points: &Tensor, k: usize, stream: &mut Stream) -> Vec<Vec<usize>> {
    let n = points.size()[0] as usize;
    let mut centers = seeds(points, k, stream);
    let mut assigned = nearest_centers(points, &centers);
    for _ in 0..STEPS {
        // A product of matrices sums in the same order each time; on a GPU, adding by index does not.
        let members = assigned.one_hot(k as i64).to_kind(points.kind());
        let counts = members.sum_dim_intlist([0i64].as_slice(), false, None).unsqueeze(1);
        let means = members.tr().matmul(points) / counts.clamp_min(1.0);
        centers = means.where_self(&counts.gt(0.0), &centers);
        let next = nearest_centers(points, &centers);
        let settled = next.eq_tensor(&assigned).all().int64_value(&[]) == 1;
        assigned = next;
        if settled {
            break;
        }
    }
    let assigned: Vec<i64> = assigned.try_into().expect("a cluster for each row");
    let mut clusters = vec![Vec::new(); k];
    (0..n).for_each(|row| clusters[assigned[row] as usize].push(row));
    clusters
}

/// Returns the nearest center of each row of `points`, int64 `[n]`.
fn nearest_centers(points: &Tensor, centers: &Tensor) -> Tensor {
    let squares = (centers * centers).sum_dim_intlist([1i64].as_slice(), false, None);
    // The squares of the points are left out: they are the same for all centers.
    (squares.unsqueeze(0) - points.matmul(&centers.tr()) * 2.0).argmin(1, false)
}

/// Draws `k` rows of `points` as the first centers, `[k, d]`: the first uniformly, each other one with a probability in proportion
/// to its squared distance to the nearest center so far.
fn seeds(points: &Tensor, k: usize, stream: &mut Stream) -> Tensor {
    let n = points.size()[0] as usize;
    let mut rows = vec![stream.random_range(0..n) as i64];
    let mut nearest = points.norm_scalaropt_dim(2.0, [1i64].as_slice(), false).full_like(f64::INFINITY);
    while rows.len() < k {
        let center = points.get(rows[rows.len() - 1]);
        let rest = points - center;
        let squares = (&rest * &rest).sum_dim_intlist([1i64].as_slice(), false, None);
        nearest = nearest.minimum(&squares);
        let weights: Vec<f64> = Vec::try_from(nearest.to_kind(Kind::Double)).expect("a number for each row");
        let total: f64 = weights.iter().sum();
        let mut left = stream.random::<f64>() * total;
        // No row is drawn if all rows are centers, or through rounding; the last row is taken then.
        let drawn = weights.iter().position(|weight| {
            left -= weight;
            left < 0.0
        });
        rows.push(drawn.unwrap_or(n - 1) as i64);
    }
    points.index_select(0, &Tensor::from_slice(&rows).to_device(points.device()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pt4al_results::seed::{self, Purpose};

    fn stream() -> Stream {
        seed::stream(0, Purpose::InitialLabels, &[])
    }

    /// Three clusters of directions with 12, 9 and 8 rows. The middle row of each is the most typical.
    #[test]
    fn each_cluster_gives_its_middle_row_and_the_largest_cluster_comes_first() {
        let mut angles: Vec<f32> = Vec::new();
        for (middle, rows) in [(0.0f32, 12i16), (2.0, 9), (4.0, 8)] {
            // Rows are farther apart at the ends, so that the middle is denser.
            angles.extend((0..rows).map(|i| {
                let aside = f32::from(i - rows / 2);
                middle + 0.01 * aside * aside.abs()
            }));
        }
        // Lengths differ, which makes no difference.
        let rows: Vec<f32> =
            angles.iter().enumerate().flat_map(|(i, a)| [a.cos(), a.sin()].map(|x| x * (1.0 + i as f32))).collect();
        let features = Tensor::from_slice(&rows).reshape([-1, 2]);
        let options = Typical { clusters: 500, neighbours: 4 };
        assert_eq!(choose(&features, 3, options, &mut stream()), [6, 12 + 4, 21 + 4]);
        // With at most two clusters, four picks are two of each.
        let four = choose(&features, 4, Typical { clusters: 2, neighbours: 4 }, &mut stream());
        assert_eq!(four.iter().collect::<std::collections::HashSet<_>>().len(), 4);
    }

    /// Six directions, one cluster, two neighbours. The second row is 0.01 and 0.13 away from its nearest rows, the fifth 0.08
    /// and 0.08: the second has the smaller sum of distances, the fifth the smaller sum of squared distances.
    #[test]
    fn distances_are_squared_as_in_the_authors_code() {
        let angles = [0.0f64, 0.01, 0.14, 1.0, 1.08, 1.16];
        let rows: Vec<f64> = angles.iter().flat_map(|a| [a.cos(), a.sin()]).collect();
        let features = Tensor::from_slice(&rows).reshape([-1, 2]);
        for kind in [Kind::Double, Kind::Float] {
            let options = Typical { clusters: 1, neighbours: 2 };
            assert_eq!(choose(&features.to_kind(kind), 1, options, &mut stream()), [4]);
        }
    }

    #[test]
    fn equal_rows_are_chosen_once_each() {
        let features = Tensor::ones([10, 3], (Kind::Float, tch::Device::Cpu));
        for picks in [1, 4, 10] {
            let mut rows = choose(&features, picks, Typical { clusters: 3, neighbours: 20 }, &mut stream());
            rows.sort_unstable();
            rows.dedup();
            assert_eq!(rows.len(), picks);
        }
    }
}
