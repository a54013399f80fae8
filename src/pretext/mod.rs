//! Pretext tasks: a learner trained without labels, the loss of each pool image, and the batches that follow.

mod colorization;
mod features;
mod jigsaw;
mod learner;
mod permutations;
mod rotation;
mod simsiam;
mod square;
mod task;

pub use features::{read_features, write_features};
pub use learner::{Learned, losses};

pub use task::{Pretext, Scores};

use sha2::{Digest, Sha256};

use pt4al_results::spec::Spec;

/// Raise it when a change of the program changes losses, so that cached ones are not taken for new ones; the golden
/// test of the losses then fails and reminds of it.
const LEARNER: &str = "pretext/6";

/// The name of the losses of a data set, a protocol's learner and a seed: 16 hexadecimal digits that change with
/// anything the losses depend on (and not with how they are ordered or split). `machine` is the kind of device and,
/// on the CPU, the number of threads, which the last bits depend on.
pub fn cache_key(protocol: &Spec, fingerprint: &str, machine: &str, seed: u64) -> String {
    let mut hash = Sha256::new();
    for part in [LEARNER, &protocol.learner_hash(), fingerprint, machine] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(seed.to_le_bytes());
    pt4al_results::spec::hex(&hash.finalize())[..16].to_owned()
}
