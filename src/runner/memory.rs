//! How much memory a trial takes, estimated before anything runs.

use anyhow::{Result, bail};

use super::learners::protocols_with_learner;
use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::{FeaturesSpec, Labeled, ModelSpec, Spec, Storage};

/// A training step is refused if its estimate is more than this many times the free memory. The estimate is rough, so a
/// step slightly beyond the free memory is tried; far beyond it, the number is a typing error.
const ROUGHLY: f64 = 4.0;

/// Estimated memory of a trial's data and largest training step, in MiB, under the protocol that takes most.
pub(super) fn trial_mb(spec: &Spec, size: &Size) -> f64 {
    let steps = spec.protocols().map(|(_, protocol)| protocol.step_mb().max(protocol.pretext_step_mb(size.pool)));
    data_mb(spec, size) + steps.fold(0.0, f64::max)
}

/// Estimated memory, in MiB, that the largest step of a pretext learner takes beyond a step of the task model.
/// Measurements train only the task model.
pub(super) fn learner_extra_mb(spec: &Spec, size: &Size) -> f64 {
    let learners = protocols_with_learner(spec).into_iter();
    learners.map(|protocol| protocol.pretext_step_mb(size.pool) - spec.step_mb()).fold(0.0, f64::max)
}

/// Estimated peak memory of the images or given features of one process, in MiB.
pub(super) fn data_mb(spec: &Spec, size: &Size) -> f64 {
    let features = spec.protocols().map(|(_, protocol)| features_mb(protocol, size)).fold(0.0, f64::max);
    let times = match (spec.dataset.storage(), spec.dataset.task().labels()) {
        _ if !spec.trains_on_images() => 0.0,
        // The decoded bytes and the tensors made from them exist at the same time for a moment.
        (Storage::Memory, Labeled::Images) => 2.0,
        // So do the pixels taken out of the records, which hold the labels too.
        (Storage::Memory, Labeled::Pixels) => 3.0,
        (Storage::Mapped | Storage::Stream, _) => 0.0,
    };
    (times * size.bytes as f64 / 1024.0 / 1024.0).max(features)
}

/// Estimated peak memory of the given features of a protocol, in MiB; 0 if a network computes them. The values that were read and
/// the tensors made from them exist at the same time for a moment, beside the bytes of the file.
fn features_mb(protocol: &Spec, size: &Size) -> f64 {
    let dimension = protocol.model.features().map_or(0, |features| features.dimension);
    3.0 * 4.0 * (size.train + size.test) as f64 * dimension as f64 / 1024.0 / 1024.0
}

/// On the CPU, refuses networks that do not fit into the free memory, and minibatches far beyond it. The memory of a GPU is
/// not checked. [`pt4al_data::validate`] checks that the images fit.
///
/// # Errors
/// One line with the key, the memory it needs and the free memory. If the system does not report free memory, nothing is
/// refused.
pub(super) fn check(spec: &Spec, size: &Size, device: &str) -> Result<()> {
    match machine::available_mb().filter(|_| device == "cpu") {
        Some(free) => check_training(spec, size, free),
        None => Ok(()),
    }
}

/// [`check`] for `free` MiB of free memory.
fn check_training(spec: &Spec, size: &Size, free: f64) -> Result<()> {
    for (variant, protocol) in spec.protocols() {
        let table = variant.map_or(String::new(), |name| format!("variant.{name}."));
        let features = features_mb(protocol, size);
        if features > free {
            bail!(
                "`{table}model.features`: reading {} images' features takes about {features:.0} MiB of memory, but {free:.0} MiB are \
                 free; use features of fewer dimensions, or free some memory",
                size.train + size.test
            );
        }
        let minibatch = protocol.learner().map_or(0, |learner| learner.minibatch);
        let (key, value) = match &protocol.model {
            ModelSpec::Network(network) => ("model.width", network.width.to_string()),
            ModelSpec::Features(FeaturesSpec { hidden: Some(units), .. }) => ("model.hidden", units.to_string()),
            ModelSpec::Features(FeaturesSpec { dimension, .. }) => ("model.dimension", dimension.to_string()),
            ModelSpec::Script(script) => ("model.torchscript", script.file.display().to_string()),
        };
        for (key, value, what, needed, most) in [
            (key, value, "the network", protocol.weights_mb(), free),
            (
                "train.minibatch",
                protocol.train.minibatch.to_string(),
                "a training step",
                protocol.step_mb(),
                ROUGHLY * free,
            ),
            (
                "pretext.minibatch",
                minibatch.to_string(),
                "a training step",
                protocol.pretext_step_mb(size.pool),
                ROUGHLY * free,
            ),
        ] {
            if needed > most {
                bail!(
                    "`{table}{key}` is {value}: {what} is estimated to take {needed:.0} MiB of memory, but {free:.0} MiB are \
                     free; lower it"
                );
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use pt4al_results::spec::{Source, load};

    fn checked(sets: &[&str], free: f64) -> Result<(), String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("experiments/demo.toml");
        let sets = sets.iter().map(|&set| set.to_owned()).collect();
        let spec = load(&Source { path, sets, ..Source::default() }).unwrap();
        let size =
            Size { train: 2000, pool: 2000, test: 1000, height: 16, width: 16, classes: 10, bytes: 3000 * 16 * 16 * 3 };
        check_training(&spec, &size, free).map_err(|e| e.to_string())
    }

    #[test]
    fn needs_far_beyond_the_free_memory_are_refused_with_both_numbers() {
        assert_eq!(checked(&[], 1000.0), Ok(()));
        let wide = checked(&["model.width=1024"], 20000.0).unwrap_err();
        assert!(wide.starts_with("`model.width` is 1024: the network is estimated to take 4375"), "{wide}");
        assert!(wide.ends_with("but 20000 MiB are free; lower it"), "{wide}");
        // A step never has more images than there are labels, or images in the pool.
        assert_eq!(checked(&["train.minibatch=65536"], 1000.0), Ok(()));
        let step = checked(&["train.minibatch=500"], 10.0).unwrap_err();
        assert!(step.starts_with("`train.minibatch` is 500: a training step is estimated to take 68 MiB"), "{step}");
        let step = checked(&["pretext.minibatch=65536"], 100.0).unwrap_err();
        assert!(step.starts_with("`pretext.minibatch` is 65536: a training step"), "{step}");
        let variant = checked(&["variant.wide.model.width=1024"], 20000.0).unwrap_err();
        assert!(variant.starts_with("`variant.wide.model.width` is 1024"), "{variant}");
        // A step that is estimated to take slightly more than the free memory is tried.
        assert_eq!(checked(&["train.minibatch=500"], 20.0), Ok(()));
    }
}
