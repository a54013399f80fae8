//! Pools whose classes differ in size.

use anyhow::{Result, ensure};

use pt4al_results::seed::{Purpose, sample, stream};
use pt4al_results::spec::{Imbalance, Linear, LongTail, StepImbalance};

/// The largest relative difference from a whole number that counts as a rounding error. Powers and quotients are off by
/// up to about 1e-15, differently on each platform; without this constant, 500 may become 499.
const NEAR: f64 = 1e-9;

/// The indices of the images that an imbalance keeps, ascending. `labels` has the class of each image, and `classes` the
/// names of the classes.
///
/// Each class draws its images from a random stream of its own, so the draw depends on no other class. If a class keeps
/// fewer images, they are a part of those that it keeps otherwise.
///
/// # Errors
/// One line with the key, the class and the remedy, if a class would keep no image; or if no class would be cut.
pub fn keep(labels: &[u16], classes: &[String], imbalance: &Imbalance) -> Result<Vec<usize>> {
    let mut indices = vec![Vec::new(); classes.len()];
    for (index, &label) in labels.iter().enumerate() {
        indices[usize::from(label)].push(index);
    }
    let counts: Vec<usize> = indices.iter().map(Vec::len).collect();
    if let Some(class) = counts.iter().position(|&count| count == 0) {
        anyhow::bail!(
            "`imbalance` cannot keep an image of class {class} ({}): the train split has none; add some, or remove \
             the class",
            classes[class]
        );
    }
    let (kept, key) = match imbalance {
        Imbalance::LongTail(tail) => (long_tail(&counts, tail), format!("long-tail.ratio` is {}", tail.ratio)),
        Imbalance::Step(step) => (self::step(&counts, step)?, format!("step.ratio` is {}", step.ratio)),
        Imbalance::Linear(linear) => (self::linear(&counts, linear), format!("linear.step` is {}", linear.step)),
    };
    let mut all = Vec::with_capacity(kept.iter().sum());
    for (class, (indices, &n)) in indices.iter().zip(&kept).enumerate() {
        ensure!(
            n > 0,
            "`imbalance.{key}, so class {class} ({}) would keep none of its {} images; lower it",
            classes[class],
            indices.len()
        );
        all.extend(sample(indices, n, &mut stream(imbalance.seed(), Purpose::Imbalance, &[class as u64])));
    }
    all.sort_unstable();
    Ok(all)
}

fn long_tail(counts: &[usize], tail: &LongTail) -> Vec<usize> {
    // With a single class, avoids a division by zero: the class is the first one, and keeps all.
    let last = counts.len().saturating_sub(1).max(1) as f64;
    let kept = |(class, &count): (usize, &usize)| floor(count as f64 * tail.ratio.powf(-(class as f64) / last));
    counts.iter().enumerate().map(kept).collect()
}

fn step(counts: &[usize], step: &StepImbalance) -> Result<Vec<usize>> {
    let cut = (step.classes * counts.len() as f64).round() as usize;
    ensure!(
        cut > 0,
        "`imbalance.step.classes` is {}, which is none of {} classes; raise it, or leave `imbalance` out",
        step.classes,
        counts.len()
    );
    let first = counts.len() - cut.min(counts.len());
    let kept = |(class, &count)| if class < first { count } else { floor(count as f64 / step.ratio) };
    Ok(counts.iter().enumerate().map(kept).collect())
}

fn linear(counts: &[usize], linear: &Linear) -> Vec<usize> {
    let kept = |(class, &count): (usize, &usize)| count.min(linear.step.saturating_mul(class + 1));
    counts.iter().enumerate().map(kept).collect()
}

/// Rounds `images` down, or to the nearest whole number if it differs from that only by rounding errors.
fn floor(images: f64) -> usize {
    let nearest = images.round();
    let whole = if (images - nearest).abs() <= NEAR * nearest { nearest } else { images.floor() };
    whole as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(classes: usize) -> Vec<String> {
        (0..classes).map(|class| format!("c{class}")).collect()
    }

    /// `each` images of each of `classes` classes, interleaved.
    fn even(classes: usize, each: usize) -> Vec<u16> {
        (0..classes * each).map(|i| (i % classes) as u16).collect()
    }

    /// The number of images that each class of `even(classes, each)` keeps.
    fn sizes(classes: usize, each: usize, imbalance: &Imbalance) -> Vec<usize> {
        let labels = even(classes, each);
        let kept = keep(&labels, &names(classes), imbalance).unwrap();
        assert!(kept.is_sorted_by(|a, b| a < b), "ascending, no repeats");
        (0..classes).map(|class| kept.iter().filter(|&&i| usize::from(labels[i]) == class).count()).collect()
    }

    fn tail(ratio: f64) -> Imbalance {
        Imbalance::LongTail(LongTail { ratio, seed: 0 })
    }

    fn step(classes: f64, ratio: f64) -> Imbalance {
        Imbalance::Step(StepImbalance { classes, ratio, seed: 0 })
    }

    fn linear(step: usize) -> Imbalance {
        Imbalance::Linear(Linear { step, seed: 0 })
    }

    fn error(labels: &[u16], classes: usize, imbalance: &Imbalance) -> String {
        keep(labels, &names(classes), imbalance).unwrap_err().to_string()
    }

    /// The class sizes of long-tailed CIFAR-10 in the code of Cao et al. (kaidic/LDAM-DRW).
    #[test]
    fn long_tails_of_cifar10_have_the_published_sizes() {
        assert_eq!(sizes(10, 5000, &tail(10.0)), [5000, 3871, 2997, 2320, 1796, 1391, 1077, 834, 645, 500]);
        assert_eq!(sizes(10, 5000, &tail(100.0)), [5000, 2997, 1796, 1077, 645, 387, 232, 139, 83, 50]);
        assert_eq!(sizes(10, 5000, &tail(1.0)), [5000; 10]);
        assert_eq!(sizes(1, 30, &tail(10.0)), [30]);
    }

    #[test]
    fn steps_cut_the_last_classes_and_lines_grow_by_class() {
        let mut half = [5000; 10];
        half[5..].fill(500);
        assert_eq!(sizes(10, 5000, &step(0.5, 10.0)), half);
        assert_eq!(sizes(4, 9, &step(1.0, 2.0)), [4; 4]);
        assert_eq!(sizes(10, 5000, &linear(500)), [500, 1000, 1500, 2000, 2500, 3000, 3500, 4000, 4500, 5000]);
        assert_eq!(sizes(3, 5, &linear(2)), [2, 4, 5]);
        assert_eq!(sizes(3, 5, &linear(usize::MAX)), [5; 3]);
    }

    /// Two of these ratios, 49 and 98, come out below 7 in floating point.
    #[test]
    fn rounding_errors_cost_no_image() {
        assert_eq!(floor(499.999_999_999_999_94), 500);
        assert_eq!(floor(500.000_000_000_000_06), 500);
        assert_eq!((floor(4.999), floor(0.999_999), floor(0.0)), (4, 0, 0));
        for ratio in 1..=100_usize {
            assert_eq!(sizes(3, ratio * 7, &tail(ratio as f64))[2], 7, "{ratio}");
            assert_eq!(sizes(2, ratio * 7, &step(0.5, ratio as f64))[1], 7, "{ratio}");
        }
    }

    #[test]
    fn the_seed_decides_which_images_and_each_class_draws_alone() {
        let labels = even(4, 50);
        let kept = |ratio, seed| {
            let imbalance = Imbalance::LongTail(LongTail { ratio, seed });
            keep(&labels, &names(4), &imbalance).unwrap()
        };
        assert_eq!(kept(10.0, 0), kept(10.0, 0));
        assert_ne!(kept(10.0, 0), kept(10.0, 1));
        let larger = kept(5.0, 0);
        assert!(kept(10.0, 0).iter().all(|i| larger.contains(i)), "a larger ratio keeps a part of the images");
        // If the first class has more images, the draw of another class does not change.
        let more: Vec<u16> = labels.iter().copied().chain([0; 9]).collect();
        let of_class_3 = |kept: Vec<usize>| kept.into_iter().filter(|&i| i < 200 && labels[i] == 3).collect::<Vec<_>>();
        assert_eq!(of_class_3(keep(&more, &names(4), &tail(10.0)).unwrap()), of_class_3(kept(10.0, 0)));
    }

    /// Another draw would silently change every result on an imbalanced pool.
    #[test]
    fn the_draw_is_that_of_the_stored_results() {
        let kept = keep(&even(3, 8), &names(3), &tail(8.0)).unwrap();
        assert_eq!(kept, [0, 2, 3, 6, 9, 10, 12, 15, 18, 21, 22]);
    }

    #[test]
    fn a_class_that_would_keep_nothing_is_named_with_the_remedy() {
        let labels = even(10, 50);
        let tail = error(&labels, 10, &tail(51.0));
        assert_eq!(
            tail,
            "`imbalance.long-tail.ratio` is 51, so class 9 (c9) would keep none of its 50 images; lower it"
        );
        let step_error = error(&labels, 10, &step(0.3, 60.0));
        assert!(step_error.starts_with("`imbalance.step.ratio` is 60, so class 7 (c7)"), "{step_error}");
        let none = error(&labels, 10, &step(0.04, 2.0));
        assert!(none.starts_with("`imbalance.step.classes` is 0.04, which is none of 10 classes; raise it"), "{none}");
        let missing = error(&labels, 11, &linear(3));
        assert!(missing.contains("class 10 (c10): the train split has none"), "{missing}");
    }
}
