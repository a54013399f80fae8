//! Tasks and the names of their metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A metric of the records, with the label and the unit that readers see.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// The name in the records.
    pub name: &'static str,
    /// The label of headings and axes, with the unit.
    pub label: &'static str,
    /// The factor from the recorded value to that unit.
    pub factor: f64,
}

impl Metric {
    /// The fraction of test images whose class is predicted; recorded as 0 to 1, shown in percent.
    pub const ACCURACY: Self = Self { name: "accuracy", label: "test accuracy (%)", factor: 100.0 };
    /// The accuracy on each class, averaged over the classes.
    pub const BALANCED_ACCURACY: Self =
        Self { name: "balanced-accuracy", label: "balanced test accuracy (%)", factor: 100.0 };
    /// The fraction of test images whose class is among the 5 most probable ones.
    pub const TOP_5_ACCURACY: Self = Self { name: "top-5-accuracy", label: "top-5 test accuracy (%)", factor: 100.0 };
    /// Intersection over union, averaged over the classes that occur.
    pub const MIOU: Self = Self { name: "miou", label: "mean IoU (%)", factor: 100.0 };
    /// The fraction of labeled pixels whose class is predicted.
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
    /// Returns what carries a label. If pixels do, whole images are scored and evaluated, and training never resizes them.
    pub fn labels(self) -> Labeled {
        match self {
            Self::Classification => Labeled::Images,
            Self::Segmentation => Labeled::Pixels,
        }
    }

    /// Returns the metric that curves, comparisons, claims and the gate use.
    pub fn primary_metric(self) -> Metric {
        self.metrics()[0]
    }

    /// Returns the primary metric, then the secondary ones that may be recorded in addition.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::Classification => &[Metric::ACCURACY, Metric::BALANCED_ACCURACY, Metric::TOP_5_ACCURACY],
            Self::Segmentation => &[Metric::MIOU, Metric::PIXEL_ACCURACY],
        }
    }

    /// Returns the metrics that are recorded only if the spec names them.
    pub fn extra_metrics(self) -> &'static [ExtraMetric] {
        match self {
            Self::Classification => &[ExtraMetric::Top5Accuracy, ExtraMetric::BalancedAccuracy, ExtraMetric::PerClass],
            Self::Segmentation => &[],
        }
    }

    /// Returns the metric of a single class; the records add `/<class>` to its name.
    pub fn metric_of_classes(self) -> Metric {
        match self {
            Self::Classification => Metric { label: "test accuracy on each class (%)", ..Metric::ACCURACY },
            Self::Segmentation => Metric { name: "iou", label: "IoU of each class (%)", factor: 100.0 },
        }
    }
}

/// A metric that is recorded only if the spec names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExtraMetric {
    /// Classification: the fraction of test images whose class is among the 5 most probable ones.
    #[serde(rename = "top-5-accuracy")]
    Top5Accuracy,
    /// Classification: the accuracy on each class, averaged over the classes.
    BalancedAccuracy,
    /// Classification: the accuracy on each class, as rows `accuracy/<class>`. (Segmentation always has `iou/<class>`.)
    PerClass,
}

impl ExtraMetric {
    /// Returns the name in the spec.
    pub fn name(self) -> &'static str {
        match self {
            Self::Top5Accuracy => "top-5-accuracy",
            Self::BalancedAccuracy => "balanced-accuracy",
            Self::PerClass => "per-class",
        }
    }
}
