//! Words for what is recorded.

use super::arm::Images;
use crate::results::Rule;

/// The rule under which values are shown, in words; `images` are the images that the values are of.
pub(crate) fn rule_in_words(rule: Rule, images: Images) -> String {
    match rule {
        Rule::Own => "each under the rule that it queries with".into(),
        Rule::One(select) => select_in_words(select, images),
    }
}

/// A selection rule in words.
pub(crate) fn select_in_words(select: &str, images: Images) -> String {
    match select {
        "last" => "last epoch".into(),
        "best-on-test" => match images {
            Images::Test => "best epoch on the test images (optimistic)".into(),
            Images::Train => "best epoch on the TRAIN images (optimistic)".into(),
            Images::Mixed => "best epoch on the images that it is evaluated on (optimistic)".into(),
        },
        "best-on-held-out" => "best epoch on held-out labels".into(),
        other => other.to_owned(),
    }
}

/// The label of a metric for values of these images: "test accuracy" is only for test images.
pub(crate) fn metric_in_words(label: &str, images: Images) -> String {
    let plain = label.replace("test accuracy", "accuracy");
    match images {
        Images::Test => label.into(),
        Images::Train => plain.replace(" (%)", " on TRAIN images (%)"),
        Images::Mixed => plain.replace(" (%)", " on test images, TRAIN where marked (%)"),
    }
}

/// `3 seeds`; `2 to 3 seeds` if counts differ; `1 seed` in the singular.
pub(crate) fn seeds_in_words(counts: impl Iterator<Item = usize> + Clone) -> String {
    let (low, high) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    match (low, high) {
        (1, 1) => "1 seed".into(),
        (low, high) if low == high => format!("{low} seeds"),
        (low, high) => format!("{low} to {high} seeds"),
    }
}

/// The fewest seeds for a 95 % interval in a picture: with two, it is 12.7 standard errors to each side of the mean, and
/// would be all that is seen.
pub(crate) const LEAST_FOR_INTERVAL: usize = 3;

/// What a picture shows of how the seeds differ, by the numbers of seeds of its means.
pub(crate) fn spread_in_words(counts: impl Iterator<Item = usize> + Clone) -> &'static str {
    let has_intervals = counts.clone().any(|n| n >= LEAST_FOR_INTERVAL);
    let has_trials = counts.clone().any(|n| (2..LEAST_FOR_INTERVAL).contains(&n));
    match (has_intervals, has_trials) {
        (true, true) => "95 % intervals (two seeds: dots are single trials)",
        (true, false) => "95 % intervals",
        (false, true) => "dots are single trials",
        (false, false) => "no intervals",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_of_train_images_is_never_called_a_test_accuracy() {
        use crate::spec::{Metric, TaskKind};
        for task in [TaskKind::Classification, TaskKind::Segmentation] {
            for metric in task.metrics().iter().copied().chain([task.metric_of_classes()]) {
                assert_eq!(metric_in_words(metric.label, Images::Test), metric.label);
                let train = metric_in_words(metric.label, Images::Train);
                assert!(train.ends_with(" on TRAIN images (%)") && !train.contains("test"), "{train}");
                let mixed = metric_in_words(metric.label, Images::Mixed);
                assert!(mixed.contains("TRAIN where marked") && !mixed.contains("test accuracy"), "{mixed}");
            }
        }
        assert_eq!(metric_in_words(Metric::TOP_5_ACCURACY.label, Images::Train), "top-5 accuracy on TRAIN images (%)");
        assert_eq!(select_in_words("best-on-test", Images::Train), "best epoch on the TRAIN images (optimistic)");
        assert_eq!(rule_in_words(Rule::One("last"), Images::Mixed), "last epoch");
    }

    #[test]
    fn numbers_in_words() {
        assert_eq!(seeds_in_words([3, 3].into_iter()), "3 seeds");
        assert_eq!(seeds_in_words([1].into_iter()), "1 seed");
        assert_eq!(seeds_in_words([3, 1].into_iter()), "1 to 3 seeds");
        let spreads = [&[5, 3][..], &[1, 1], &[2, 1], &[2, 5]].map(|counts| spread_in_words(counts.iter().copied()));
        let with_both = "95 % intervals (two seeds: dots are single trials)";
        assert_eq!(spreads, ["95 % intervals", "no intervals", "dots are single trials", with_both]);
    }
}
