//! How a recorded metric is shown.

use crate::spec::TaskKind;

/// A metric of the records, in the words and the unit of readers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// As in the records.
    pub name: &'static str,
    /// For headings and axes, with its unit.
    pub label: &'static str,
    /// What a recorded value is multiplied by to be in that unit.
    pub factor: f64,
}

impl Metric {
    /// Part of the test images whose class is predicted; recorded from 0 to 1, shown in percent.
    pub const ACCURACY: Self = Self { name: "accuracy", label: "test accuracy (%)", factor: 100.0 };
    /// The mean over classes of the accuracy on each.
    pub const BALANCED_ACCURACY: Self =
        Self { name: "balanced-accuracy", label: "balanced test accuracy (%)", factor: 100.0 };
    /// Part of the test images whose class is among the 5 most probable.
    pub const TOP_5_ACCURACY: Self = Self { name: "top-5-accuracy", label: "top-5 test accuracy (%)", factor: 100.0 };
    /// Intersection over union, the mean over the classes that occur.
    pub const MIOU: Self = Self { name: "miou", label: "mean IoU (%)", factor: 100.0 };
    /// Part of the labeled pixels whose class is predicted.
    pub const PIXEL_ACCURACY: Self = Self { name: "pixel-accuracy", label: "pixel accuracy (%)", factor: 100.0 };

    /// What a task is judged by, and then what may be recorded beside it.
    pub fn of(task: TaskKind) -> &'static [Self] {
        match task {
            TaskKind::Classification => &[Self::ACCURACY, Self::BALANCED_ACCURACY, Self::TOP_5_ACCURACY],
            TaskKind::Segmentation => &[Self::MIOU, Self::PIXEL_ACCURACY],
        }
    }

    /// What the metric of one class is called in the records, before `/<class>`.
    pub fn of_classes(task: TaskKind) -> Self {
        match task {
            TaskKind::Classification => Self { label: "test accuracy on each class (%)", ..Self::ACCURACY },
            TaskKind::Segmentation => Self { name: "iou", label: "IoU of each class (%)", factor: 100.0 },
        }
    }
}

/// A selection rule in words.
pub(super) fn select_in_words(select: &str) -> String {
    match select {
        "last" => "last epoch".into(),
        "best-on-test" => "best epoch on the test images (optimistic)".into(),
        "best-on-held-out" => "best epoch on held-out labels".into(),
        other => other.to_owned(),
    }
}

/// `12345` as `12,345`.
pub(super) fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `3 seeds`, or `2 to 3 seeds` where counts differ, `1 seed` in the singular.
pub(super) fn seeds_in_words(counts: impl Iterator<Item = usize> + Clone) -> String {
    let (low, high) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    match (low, high) {
        (1, 1) => "1 seed".into(),
        (low, high) if low == high => format!("{low} seeds"),
        (low, high) => format!("{low} to {high} seeds"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words() {
        let shown: Vec<String> = [0, 999, 1000, 50_000, 1_234_567].map(thousands).to_vec();
        assert_eq!(shown, ["0", "999", "1,000", "50,000", "1,234,567"]);
        assert_eq!(seeds_in_words([3, 3].into_iter()), "3 seeds");
        assert_eq!(seeds_in_words([1].into_iter()), "1 seed");
        assert_eq!(seeds_in_words([3, 1].into_iter()), "1 to 3 seeds");
    }
}
