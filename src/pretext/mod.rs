//! Pretext tasks: a learner trained without labels, the loss of each pool image, and the batches that follow.

mod batches;
#[cfg(feature = "torch")]
mod colorization;
#[cfg(feature = "torch")]
mod learner;
#[cfg(feature = "torch")]
mod rotation;
#[cfg(feature = "torch")]
mod task;

pub use batches::split_into_batches;
#[cfg(feature = "torch")]
pub use learner::{Learned, losses};

#[cfg(feature = "torch")]
pub use task::{Pretext, Scores};

use sha2::{Digest, Sha256};

use crate::spec::Spec;

/// Raise it when a change of the program changes losses, so that cached ones are not taken for new ones; the golden
/// test of the losses then fails and reminds of it.
const LEARNER: &str = "pretext/3";

/// The name of the losses of a data set, the pretext settings and a seed: 16 hexadecimal digits that change with
/// anything the losses depend on (and not with how they are ordered or split). `machine` is the kind of device and,
/// on the CPU, the number of threads, which the last bits depend on.
pub fn cache_key(spec: &Spec, fingerprint: &str, machine: &str, seed: u64) -> String {
    let pretext = spec
        .pretext
        .as_ref()
        .map(|p| (p.task, p.epochs, p.minibatch, p.optimizer, &p.schedule, p.checkpoint, p.forward));
    // The crop decides how much of an image the learner sees.
    let seen = spec.train.augment.iter().find_map(crate::spec::Augment::size);
    let data = (spec.dataset.without_storage(), &spec.imbalance, seen);
    let pool_and_pixels = serde_json::to_string(&(data, &spec.model, pretext)).expect("plain data serialises");
    let mut hash = Sha256::new();
    for part in [LEARNER, &pool_and_pixels, fingerprint, machine] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(seed.to_le_bytes());
    crate::spec::hex(&hash.finalize())[..16].to_owned()
}
