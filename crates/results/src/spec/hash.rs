//! The hashes that identify a protocol.

use sha2::{Digest, Sha256};

use super::{LossSource, PretextSpec, Spec};

impl Spec {
    /// Returns 16 hexadecimal digits of the SHA-256 of everything that a trial's values depend on, except which trial it is. It
    /// leaves out the title, the seeds and the samplers, so that trials can be added to a finished experiment but nothing else can
    /// change. It also leaves out variants, whose protocols have hashes of their own, and whatever cannot change a value: where
    /// decoded images are held, how often checkpoints are written, the paths of files and of own images (their contents are hashed),
    /// `correlation`, `expect` and `check`.
    pub fn hash(&self) -> String {
        short_hash(&self.hashed())
    }

    /// Returns the spec that is hashed: this one without what the hash leaves out.
    pub fn hashed(&self) -> Self {
        let mut protocol = self.clone();
        protocol.title.clear();
        protocol.seeds.clear();
        protocol.samplers.clear();
        protocol.resolved = None;
        protocol.variants.clear();
        protocol.correlation = None;
        protocol.expect.clear();
        protocol.check = None;
        protocol.checkpoint_minutes = Self::CHECKPOINT_MINUTES;
        if let Some(replay) = &mut protocol.replay {
            replay.queries.clear();
        }
        if let Some(PretextSpec { losses: LossSource::File(losses), .. }) = &mut protocol.pretext {
            losses.file.clear();
        }
        protocol.model = protocol.model.without_path();
        protocol.dataset = protocol.dataset.hashed();
        protocol
    }
}

impl Spec {
    /// Returns a hash of everything in this protocol that a pretext learner's losses depend on. How losses are ordered and split is
    /// not part of it.
    pub fn learner_hash(&self) -> String {
        // `trained_size`: the crop decides how much of an image the learner sees.
        let data = (self.dataset.hashed(), &self.imbalance, self.channels, self.trained_size());
        short_hash(&(data, self.model.without_path(), self.learner()))
    }
}

/// Returns 16 hexadecimal digits of the SHA-256 of a value's JSON.
pub fn short_hash(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_vec(value).expect("plain data serialises");
    hex(&Sha256::digest(json))[..16].to_owned()
}

/// Writes bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
