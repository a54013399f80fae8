//! What a trial takes of this machine's memory, estimated before anything runs.

use anyhow::{Result, bail};

use pt4al_data::Size;
use pt4al_results::machine;
use pt4al_results::spec::{Labeled, Spec, Storage};

/// How many times more than what is free a training step may be estimated to take: the estimate is rough, and what really
/// does not fit is told when it is tried. Beyond this, it was a slip of the pen.
const ROUGHLY: f64 = 4.0;

/// What a trial's data and its largest training step are estimated to take, in MiB, under the protocol that takes most.
pub(super) fn trial_mb(spec: &Spec, size: &Size) -> f64 {
    let steps = spec.protocols().map(|(_, protocol)| protocol.step_mb().max(protocol.pretext_step_mb(size.pool)));
    data_mb(spec, size) + steps.fold(0.0, f64::max)
}

/// What the largest step of a pretext learner is estimated to take beyond the task model's, in MiB: what is measured has the
/// latter alone.
pub(super) fn more_mb(spec: &Spec, size: &Size) -> f64 {
    let more =
        super::plan::learners(spec).into_iter().map(|protocol| protocol.pretext_step_mb(size.pool) - spec.step_mb());
    more.fold(0.0, f64::max)
}

/// What the images of a process are estimated to take at most, in MiB.
pub(super) fn data_mb(spec: &Spec, size: &Size) -> f64 {
    let times = match (spec.dataset.storage(), spec.dataset.task().labels()) {
        // The decoded bytes and the tensors made of them exist together for a moment.
        (Storage::Memory, Labeled::Images) => 2.0,
        // And so do the pixels taken out of the records, which have the labels too.
        (Storage::Memory, Labeled::Pixels) => 3.0,
        (Storage::Mapped | Storage::Stream, _) => 0.0,
    };
    times * size.bytes as f64 / 1024.0 / 1024.0
}

/// Refuses networks that do not fit into the memory that is free, and minibatches far beyond it, on the CPU; what a GPU holds is not asked
/// for. Whether the images fit is asked for where they are read ([`pt4al_data::validate`]).
///
/// # Errors
/// One line with the key, what would be needed, and what there is. Where the system does not tell, there is none.
pub(super) fn check(spec: &Spec, size: &Size, device: &str) -> Result<()> {
    match machine::available_mb().filter(|_| device == "cpu") {
        Some(free) => check_training(spec, size, free),
        None => Ok(()),
    }
}

/// [`check`] where so many MiB are free.
fn check_training(spec: &Spec, size: &Size, free: f64) -> Result<()> {
    for (variant, protocol) in spec.protocols() {
        let table = variant.map_or(String::new(), |name| format!("variant.{name}."));
        let minibatch = protocol.learner().map_or(0, |learner| learner.minibatch);
        for (key, value, what, needed, most) in [
            ("model.width", protocol.model.width, "the network", protocol.weights_mb(), free),
            ("train.minibatch", protocol.train.minibatch, "a training step", protocol.step_mb(), ROUGHLY * free),
            ("pretext.minibatch", minibatch, "a training step", protocol.pretext_step_mb(size.pool), ROUGHLY * free),
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
    fn what_is_far_beyond_the_free_memory_is_refused_with_both_numbers() {
        assert_eq!(checked(&[], 1000.0), Ok(()));
        let wide = checked(&["model.width=1024"], 20000.0).unwrap_err();
        assert!(wide.starts_with("`model.width` is 1024: the network is estimated to take 4375"), "{wide}");
        assert!(wide.ends_with("but 20000 MiB are free; lower it"), "{wide}");
        // No step has more images than there are labels, or images in the pool.
        assert_eq!(checked(&["train.minibatch=65536"], 1000.0), Ok(()));
        let step = checked(&["train.minibatch=500"], 10.0).unwrap_err();
        assert!(step.starts_with("`train.minibatch` is 500: a training step is estimated to take 68 MiB"), "{step}");
        let step = checked(&["pretext.minibatch=65536"], 100.0).unwrap_err();
        assert!(step.starts_with("`pretext.minibatch` is 65536: a training step"), "{step}");
        let of_variant = checked(&["variant.wide.model.width=1024"], 20000.0).unwrap_err();
        assert!(of_variant.starts_with("`variant.wide.model.width` is 1024"), "{of_variant}");
        // A roughly estimated step that takes somewhat more than what is free is tried.
        assert_eq!(checked(&["train.minibatch=500"], 20.0), Ok(()));
    }
}
