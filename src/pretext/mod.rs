//! Pretext tasks: a learner trained without labels, the loss of each pool image, and the batches that follow.

mod batches;
#[cfg(feature = "torch")]
mod learner;
#[cfg(feature = "torch")]
mod rotation;

pub use batches::split_into_batches;
#[cfg(feature = "torch")]
pub use learner::{Pretext, losses};

use sha2::{Digest, Sha256};

use crate::spec::Spec;

/// The name of the losses of a data set, the pretext settings and a seed: 16 hexadecimal digits that change with
/// anything the losses depend on (and not with how they are ordered or split).
pub fn cache_key(spec: &Spec, fingerprint: &str, seed: u64) -> String {
    let pretext =
        spec.pretext.as_ref().map(|p| (p.task, p.epochs, p.minibatch, p.optimizer, &p.schedule, p.checkpoint));
    let pool_and_pixels = serde_json::to_string(&(&spec.dataset, &spec.model, pretext)).expect("plain data serialises");
    let mut hash = Sha256::new();
    hash.update(b"pretext/1/");
    hash.update(pool_and_pixels);
    hash.update(fingerprint);
    hash.update(seed.to_le_bytes());
    crate::spec::hex(&hash.finalize())[..16].to_owned()
}
