//! The identity of a protocol.

use sha2::{Digest, Sha256};

use super::Spec;

impl Spec {
    /// 16 hexadecimal digits of the SHA-256 of everything that a trial's values depend on, apart from which trial it
    /// is: the title, the list of seeds and the list of samplers stay out, so that trials can be added to a finished
    /// experiment, and no other change can. Where decoded images are held stays out too.
    pub fn hash(&self) -> String {
        let mut protocol = self.clone();
        protocol.title.clear();
        protocol.seeds.clear();
        protocol.samplers.clear();
        protocol.resolved = None;
        protocol.dataset = protocol.dataset.without_storage();
        short_hash(&protocol)
    }
}

/// 16 hexadecimal digits of the SHA-256 of a value's JSON.
pub(crate) fn short_hash(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_vec(value).expect("plain data serialises");
    hex(&Sha256::digest(json))[..16].to_owned()
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
