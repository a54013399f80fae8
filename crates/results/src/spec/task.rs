//! Tasks, and what their results are called.

use serde::{Deserialize, Serialize};

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
}

/// What is learned on a data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskKind {
    /// A class for each image.
    Classification,
    /// A class for each pixel.
    Segmentation,
}

/// What carries a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labeled {
    Images,
    Pixels,
}

impl TaskKind {
    /// What carries a label. Where pixels do, whole images are scored and evaluated, and never resized in training.
    pub fn labels(self) -> Labeled {
        match self {
            Self::Classification => Labeled::Images,
            Self::Segmentation => Labeled::Pixels,
        }
    }

    /// The metric that curves, comparisons, claims and the gate are about.
    pub fn primary_metric(self) -> Metric {
        self.metrics()[0]
    }

    /// The primary metric, then the secondary ones that may be recorded beside it.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Classification => &[Metric::ACCURACY, Metric::BALANCED_ACCURACY, Metric::TOP_5_ACCURACY],
            Self::Segmentation => &[Metric::MIOU, Metric::PIXEL_ACCURACY],
        }
    }

    /// What is recorded only where it is asked for.
    pub fn extra_metrics(self) -> &'static [ExtraMetric] {
        match self {
            Self::Classification => &[ExtraMetric::Top5Accuracy, ExtraMetric::BalancedAccuracy, ExtraMetric::PerClass],
            Self::Segmentation => &[],
        }
    }

    /// The metric of one class; `/<class>` is added to its name in the records.
    pub fn metric_of_classes(self) -> Metric {
        match self {
            Self::Classification => Metric { label: "test accuracy on each class (%)", ..Metric::ACCURACY },
            Self::Segmentation => Metric { name: "iou", label: "IoU of each class (%)", factor: 100.0 },
        }
    }
}

/// A metric that is recorded only where it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraMetric {
    /// Classification: whether the label is among the 5 most probable classes.
    #[serde(rename = "top-5-accuracy")]
    Top5Accuracy,
    /// Classification: the mean over classes of the accuracy on each.
    BalancedAccuracy,
    /// The accuracy on each class, as rows `accuracy/<class>` (segmentation always has `iou/<class>`).
    PerClass,
}

impl ExtraMetric {
    /// The name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Top5Accuracy => "top-5-accuracy",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::PerClass => "per-class",
        }
    }
}
