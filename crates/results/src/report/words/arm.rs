//! Which images the values of an arm are of.

use crate::spec::{EvaluationImages, Spec};

/// Marks arms whose values are of train images, beside others whose values are of test images.
pub(crate) const TRAIN_MARK: &str = "[TRAIN images]";

/// The images that the values of several arms are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Images {
    Test,
    /// The whole pool: images whose labels were trained on are among them.
    Train,
    /// The values of some arms are of test images, those of others of train images.
    Mixed,
}

/// The protocol of an arm; the experiment's own for a label that the spec does not name.
pub(crate) fn protocol_of<'a>(spec: &'a Spec, arm: &str) -> &'a Spec {
    spec.arms().into_iter().find(|(label, _)| label == arm).map_or(spec, |(_, protocol)| protocol)
}

/// The images that the values of `arms` are of; of all arms of the spec if `arms` is empty.
pub(crate) fn images_of(spec: &Spec, arms: &[&str]) -> Images {
    let is_on_train = |protocol: &Spec| protocol.train.select.images == EvaluationImages::Train;
    let on_train: Vec<bool> = match arms {
        [] => spec.arms().iter().map(|(_, protocol)| is_on_train(protocol)).collect(),
        arms => arms.iter().map(|arm| is_on_train(protocol_of(spec, arm))).collect(),
    };
    match (on_train.contains(&true), on_train.contains(&false)) {
        (true, true) => Images::Mixed,
        (true, false) => Images::Train,
        (false, _) => Images::Test,
    }
}
