//! The identity of a protocol.

use sha2::{Digest, Sha256};

use super::{LossSource, PretextSpec, Spec};

impl Spec {
    /// 16 hexadecimal digits of the SHA-256 of everything that a trial's values depend on, apart from which trial it
    /// is: the title, the list of seeds and the list of samplers stay out, so that trials can be added to a finished
    /// experiment, and no other change can. So do variants, whose protocols have hashes of their own, and what cannot
    /// change a value: where decoded images are held, where files lie whose contents are hashed, what `correlate` does,
    /// what is expected and what `check` goes by.
    pub fn hash(&self) -> String {
        short_hash(&self.hashed())
    }

    /// What the hash is of.
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
        if let Some(replay) = &mut protocol.replay {
            replay.queries.clear();
        }
        if let Some(PretextSpec { losses: LossSource::File(losses), .. }) = &mut protocol.pretext {
            losses.file.clear();
        }
        protocol.dataset = protocol.dataset.without_storage();
        protocol
    }
}

impl Spec {
    /// Changes with anything in this protocol that a pretext learner's losses depend on, and with nothing else: not with
    /// how they are ordered or split.
    pub fn learner_hash(&self) -> String {
        // The crop decides how much of an image the learner sees.
        let data = (self.dataset.without_storage(), &self.imbalance, self.channels, self.trained_size());
        short_hash(&(data, &self.model, self.learner()))
    }
}

/// 16 hexadecimal digits of the SHA-256 of a value's JSON.
pub fn short_hash(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_vec(value).expect("plain data serialises");
    hex(&Sha256::digest(json))[..16].to_owned()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
