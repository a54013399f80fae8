//! Pretext tasks: a learner is trained without labels, and gives each image of the pool a loss. [`pt4al_results::batches`] cuts
//! the pool into pretext batches by these losses.

mod colorization;
mod features;
mod from_spec;
mod jigsaw;
mod learner;
mod permutations;
mod rotation;
mod simsiam;
mod square;
mod task;

pub use features::{read_features, write_features};
pub(crate) use learner::checkpoint::{Saved, checkpoints, saved_passes};
pub(crate) use learner::{Follow, losses_from};
pub use learner::{Job, Learned, losses};
pub use task::{Pretext, Scores};

use sha2::{Digest, Sha256};

use pt4al_results::spec::Spec;

/// The version of the learner in cache keys. Raise it when a change of the program changes losses, so that old losses in the
/// cache are not used. The golden test of the losses fails after such a change.
const LEARNER: &str = "pretext/6";

/// Returns the name of losses in the cache: 16 hexadecimal digits that depend on everything that decides the losses, but not
/// on how they are ordered or cut into batches. `fingerprint` is that of the data. `machine` is the kind of device and, on the
/// CPU, the number of threads, on which the last bits depend.
pub fn cache_key(protocol: &Spec, fingerprint: &str, machine: &str, seed: u64) -> String {
    let mut hash = Sha256::new();
    for part in [LEARNER, &protocol.learner_hash(), fingerprint, machine] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update(seed.to_le_bytes());
    pt4al_results::spec::hex(&hash.finalize())[..16].to_owned()
}
